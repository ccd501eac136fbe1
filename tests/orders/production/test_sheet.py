"""The sheet, read back by another library than the one that wrote it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from orders.production.sheet import spec_sheet
from orders.production.sheet_text import SheetUnreadable, sheet_text
from orders.production.spec import PurchaseSpec
from tests.orders.production.examples import mockup, spec

MOCKUPS = {"front": mockup(), "back": mockup()}


def words(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return reader.pages[0].extract_text()


def test_the_sheet_says_what_the_printer_needs() -> None:
    text = words(spec_sheet(spec(), MOCKUPS))
    for expected in (
        "Stolen Tee",
        "ST-2026-000042",
        "Line 1   2026-03-14",
        "TEE-BLK-M",
        "Classic Cotton T-Shirt",
        "Direct to garment, white underbase (dark cloth)",
        "#1b1c20",
        "2.00 × 1.00 in",
        "5.1 × 2.5 cm",
        "3.00, 4.00 in",
        "6.00 in",
        "to wearer's right",
        "300 DPI",
        "#d62839",
        "75.0 %",
        "turned 20° in file",
        "Front: the customer accepted a low resolution.",
        "Bitte für Zoë einpacken.",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("consent", "words_of_it"),
    [
        ("", "At purchase: front 172 DPI (poor), back 310 DPI (good)."),
        ("customer", "(good); the customer agreed to print it as it is."),
        ("terms:2026-01", "(good); accepted by the shop's terms (2026-01)."),
    ],
)
def test_the_sheet_says_what_the_customer_knew_of_the_resolution(consent: str, words_of_it: str) -> None:
    told = PurchaseSpec("poor", consent, (("front", 172.99, "poor"), ("back", 310.0, "good")))
    assert words_of_it in words(spec_sheet(spec(purchase=told), MOCKUPS))
    assert "At purchase" not in words(spec_sheet(spec(), MOCKUPS))


def test_the_two_readers_agree() -> None:
    pdf = spec_sheet(spec(notes="Größe (M) \\ 日本語 한국어 Подарок"), MOCKUPS)
    theirs = words(pdf)
    ours = sheet_text(pdf).split("\n")
    assert {"ST-2026-000042", "TEE-BLK-M", "M", "12"} <= set(ours)
    squeezed = "".join(theirs.split())
    assert [line for line in ours if "".join(line.split()) not in squeezed] == []
    assert "日本語" in "".join(ours)


def test_equal_specs_have_equal_bytes() -> None:
    assert spec_sheet(spec(), MOCKUPS) == spec_sheet(spec(), MOCKUPS)


def test_the_date_of_the_file_is_the_date_of_the_pack() -> None:
    reader = PdfReader(io.BytesIO(spec_sheet(spec(created="2026-03-14"), MOCKUPS)))
    assert reader.metadata.creation_date.isoformat() == "2026-03-14T00:00:00+00:00"
    assert reader.metadata.title == "Stolen Tee ST-2026-000042 line 1"


def test_the_resolution_is_never_rounded_up() -> None:
    front = replace(spec().placements[0], effective_dpi=299.96)
    text = words(spec_sheet(spec(placements=(front,)), MOCKUPS))
    assert "299 DPI" in text
    assert "okay" in text


def test_everything_at_once_still_fits_one_page() -> None:
    front, back = spec().placements
    neck = replace(back, placement="neck", art_file="art/neck.png", clipped=True)
    full = spec(
        placements=(front, back, neck),
        notes="A note that goes on and on. " * 200,
        purchase=PurchaseSpec("poor", "customer", (("front", 172.99, "poor"), ("back", 310.0, "good"))),
        warnings=tuple(f"Warning {number}: " + "mind the seam " * 20 for number in range(12)),
        sku="HOODIE-HEATHER-MIDNIGHT-NAVY-2XL",
        product="Classic Hoodie with a very long title",
        quantity=12500,
        size="2XL",
    )
    pdf = spec_sheet(full, MOCKUPS)
    text = words(pdf)
    assert "The notes go on in spec.json." in text
    assert "More warnings: see spec.json." in text
    assert "cut at the edge" in text
    assert "Back of the neck" in text
    lowest_pt: list[float] = []
    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(
        visitor_text=lambda piece, _cm, tm, _font, _size: lowest_pt.append(tm[5]) if piece.strip() else None
    )
    assert min(lowest_pt) > 14


def test_a_blank_garment_says_so() -> None:
    text = words(spec_sheet(spec(placements=(), warnings=(), notes=""), {}))
    assert "Blank garment: nothing is printed." in text
    assert "no print on this side (no picture)" in text
    assert "None." in text


def test_characters_without_a_glyph_point_to_the_json() -> None:
    assert "2 characters marked" in words(spec_sheet(spec(notes="हि"), MOCKUPS))


def test_a_word_longer_than_the_page_is_broken() -> None:
    text = words(spec_sheet(spec(notes="W" * 300), MOCKUPS))
    assert text.count("W") >= 300


@pytest.mark.parametrize("data", [b"", b"no pdf", b"%PDF-1.3\n%%EOF"])
def test_other_bytes_are_no_sheet(data: bytes) -> None:
    with pytest.raises(SheetUnreadable):
        sheet_text(data)


def test_a_damaged_sheet_is_refused() -> None:
    pdf = bytearray(spec_sheet(spec(), MOCKUPS))
    at = pdf.index(b"stream\n", pdf.index(b"\n4 0 obj")) + 9
    pdf[at : at + 40] = bytes(40)
    with pytest.raises(SheetUnreadable):
        sheet_text(bytes(pdf))
