"""The finished pack against the ten points that a printer may rely on.

The ZIP is opened again and judged by its own bytes: nothing that built it is asked. What a file cannot know (whether
the order is paid, what the customer approved, which SKUs exist) is read afresh from the order and handed in.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from common.schemas import schema_errors
from designs.inks import lab_of, rgb_of
from orders.production.art_check import Finding, check_art
from orders.production.pack import SPEC_PDF, Pack, PackInvalid, open_pack
from orders.production.pack_schema import PACK_SCHEMA
from orders.production.placement_spec import CENTIMETRES_PER_INCH
from orders.production.sheet_text import SheetUnreadable, sheet_text

__all__ = ["POINTS", "Finding", "OrderFacts", "check_pack", "may_be_released", "summary"]

POINTS = {
    1: "Real resolution at print size",
    2: "Exact size and inside the area",
    3: "Placement stated from a physical datum",
    4: "Transparent, trimmed background",
    5: "No half-transparent ink where the method cannot print it",
    6: "Minimum feature size",
    7: "Colour and underbase are declared",
    8: "Fonts outlined, nothing external",
    9: "Garment and quantity unambiguous",
    10: "Complete, consistent, intact",
}

MINIMUM_DPI = 150.0
"""The floor of direct-to-garment printing; below it a print is visibly coarse."""

DPI_TOLERANCE_PERCENT = 1.0
"""The rounding of inches to thousandths shows most on the smallest prints."""

MINIMUM_MOCKUP_PX = 2000
LENGTH_TOLERANCE_IN = 0.004
"""A pixel at 300 DPI and the rounding of the JSON to thousandths."""

SEAM_IN = 1.0
"""Cloth that must stay free on either side of a print: side seams and sleeves lift the platen's edge."""

CLOTH_DELTA_E = 20.0
"""Folds and light move the cloth of a mock-up about this far from its own colour, in CIE L*a*b*."""

_CLOTH_ROWS, _CLOTH_COLUMNS = (0.70, 0.79), (0.40, 0.60)
ACTIVE_PDF_KEYS = (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/EmbeddedFile", b"/SubmitForm")
# Compressed pictures and fonts hold any three bytes sooner or later; what a PDF does stands between its streams.
_PDF_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the shop's own rows say at the moment of the check."""

    paid: bool
    hold_reason: str
    sku_exists: bool
    quantity: int
    colour_hex: str
    approved_design_hash: str
    chest_width_in: float | None = None


def check_pack(
    data: bytes,
    minimum_dpi: float = MINIMUM_DPI,
    order: OrderFacts | None = None,
    waived: Collection[int] = (),
) -> list[Finding]:
    """What the ten points say about a finished pack, in their order. A pack that cannot be opened has one
    finding. `waived` points are answered all the same, and no longer keep the pack back.
    """
    try:
        pack = open_pack(data)
    except PackInvalid as error:
        return [Finding(10, "intact", False, error.reason)]
    errors = schema_errors(pack.spec, PACK_SCHEMA)
    if errors:
        return [Finding(10, "schema", False, errors[0], {"errors": len(errors)})]
    findings = [
        finding
        for placement in pack.spec["placements"]
        for finding in _placement(pack, placement, minimum_dpi)
    ]
    findings += [_external(pack), _sizes(pack), *_sheet(pack), *_mockups(pack)]
    if order is not None:
        findings += _order(pack.spec, order)
    findings += [
        Finding(
            10, "intact", True, "Every file is the one that the manifest lists.", {"files": len(pack.files)}
        ),
        Finding(10, "schema", True, "spec.json obeys its schema.", {"errors": 0}),
    ]
    for finding in [finding for finding in findings if finding.rule in waived and not finding.ok]:
        findings[findings.index(finding)] = Finding(
            finding.rule, finding.name, False, f"{finding.detail} Waived by staff.", finding.numbers,
            blocking=False, spots=finding.spots,
        )  # fmt: skip
    return sorted(findings, key=lambda finding: finding.rule)


def may_be_released(findings: list[Finding]) -> bool:
    """Whether no blocking point failed."""
    return bool(findings) and all(finding.ok or not finding.blocking for finding in findings)


def summary(findings: list[Finding]) -> list[dict[str, Any]]:
    """The ten points in a row: `pass`, `warn`, `fail`, or `none` where nothing of the pack is asked."""
    rows = []
    for rule, title in POINTS.items():
        of_rule = [finding for finding in findings if finding.rule == rule]
        broken = [finding for finding in of_rule if not finding.ok]
        state = (
            "none" if not of_rule
            else "fail" if any(finding.blocking for finding in broken)
            else "warn" if broken else "pass"
        )  # fmt: skip
        rows.append({"rule": rule, "title": title, "state": state})
    return rows


def _placement(pack: Pack, placement: dict[str, Any], minimum_dpi: float) -> Iterator[Finding]:
    name = placement["placement"]
    yield _resolution(name, placement, minimum_dpi)
    yield from _inside_area(name, placement)
    yield _datum(name, placement)
    yield _inks(name, placement)
    yield from check_art(pack.files, placement, pack.spec["method"])


def _resolution(name: str, placement: dict[str, Any], floor_dpi: float) -> Finding:
    """The stated resolution must be that of one of the artworks, counted from its source pixels and inches."""
    stated = float(placement["effective_dpi"])
    minimum_dpi = max(floor_dpi, float(placement["minimum_dpi"]))
    measured = [
        min(artwork["source_pixels"][side] / artwork["inches"][side] for side in ("width", "height"))
        for artwork in placement["artworks"]
    ]
    off_percent = min(abs(stated / dpi - 1) for dpi in measured) * 100
    upscaled = stated < placement["dpi"] - 0.05
    ok = stated >= minimum_dpi and off_percent <= DPI_TOLERANCE_PERCENT and placement["upscaled"] is upscaled
    detail = f"{stated:g} source pixels per printed inch{', enlarged to 300' if upscaled else ''}."
    numbers = {"effective_dpi": stated, "minimum_dpi": minimum_dpi, "off_percent": round(off_percent, 2)}
    return Finding(1, f"{name}: resolution", ok, detail, numbers)


def _inside_area(name: str, placement: dict[str, Any]) -> Iterator[Finding]:
    inches, area = placement["inches"], placement["print_area"]["inches"]
    beyond = max(
        -inches["left"],
        -inches["top"],
        inches["left"] + inches["width"] - area["width"],
        inches["top"] + inches["height"] - area["height"],
    )
    yield Finding(2, f"{name}: inside the print area", beyond <= LENGTH_TOLERANCE_IN,
                  "How far the print reaches over the area, in inches; negative is inside.",
                  {"overshoot_in": round(beyond, 3)})  # fmt: skip
    into_margin = beyond + area["safe_margin"]
    yield Finding(2, f"{name}: safe margin", into_margin <= LENGTH_TOLERANCE_IN,
                  "How far the print reaches into the area's safe margin, in inches; negative is clear of it.",
                  {"overshoot_in": round(into_margin, 3), "margin_in": area["safe_margin"]},
                  blocking=False)  # fmt: skip


def _datum(name: str, placement: dict[str, Any]) -> Finding:
    inches, area = placement["inches"], placement["print_area"]["inches"]
    pairs = [
        (placement["inches"][key] * CENTIMETRES_PER_INCH, placement["centimetres"][key]) for key in inches
    ]
    units_cm = max(abs(from_inches - stated) for from_inches, stated in pairs)
    collar_in = abs(area["below_collar"] + inches["top"] - inches["top_below_collar"])
    centre_in = abs(inches["left"] + inches["width"] / 2 - area["left_of_centre"] - inches["centre_offset"])
    ok = units_cm <= 0.01 and max(collar_in, centre_in) <= LENGTH_TOLERANCE_IN
    return Finding(3, f"{name}: datum", ok, "Inches, centimetres, collar seam and centre line agree.",
                   {"units_off_cm": round(units_cm, 4), "collar_off_in": round(collar_in, 4),
                    "centre_off_in": round(centre_in, 4)})  # fmt: skip


def _inks(name: str, placement: dict[str, Any]) -> Finding:
    """Where a method counts inks: as many as were paid for, and no more than it has screens for."""
    numbers = {key: value for key, value in placement["inks"].items() if value is not None}
    counted = placement["inks"]["counted"]
    priced, most = placement["inks"]["priced"], placement["inks"]["most"]
    ok = counted is None or ((priced is None or counted == priced) and (most is None or counted <= most))
    detail = (
        "The method does not count inks."
        if counted is None
        else "Inks counted, paid for, and the most there may be."
    )
    return Finding(7, f"{name}: inks", ok, detail, numbers)


def _external(pack: Pack) -> Finding:
    layers = ("art/", "underbase/")
    vectors = [path for path in pack.files if path.startswith(layers) and not path.endswith(".png")]
    structure = _PDF_STREAM.sub(b"", pack.files.get(SPEC_PDF, b""))
    active = [key for key in ACTIVE_PDF_KEYS if key in structure]
    return Finding(8, "nothing live or external", not vectors and not active,
                   "Art is pixels, and the sheet has no links, scripts or attachments.",
                   {"other_art_files": len(vectors), "active_pdf_keys": len(active)})  # fmt: skip


def _sizes(pack: Pack) -> Finding:
    garment = pack.spec["garment"]
    split = sum(row["quantity"] for row in garment["size_split"])
    return Finding(9, "size split", split == garment["quantity"], "The sizes add up to the quantity.",
                   {"split": split, "quantity": garment["quantity"]})  # fmt: skip


def _order(spec: dict[str, Any], order: OrderFacts) -> Iterator[Finding]:
    garment = spec["garment"]
    yield Finding(9, "SKU exists", order.sku_exists, f"{garment['sku']} is a garment of the catalogue.")
    yield Finding(9, "quantity ordered", garment["quantity"] == order.quantity,
                  "The pack's quantity is the order's.",
                  {"pack": garment["quantity"], "order": order.quantity})  # fmt: skip
    due, to = spec["due"], spec["ship_to"]
    told = f"Due {due or 'never'}, to a {to['type']} in {to['country'] or 'no country'}."
    yield Finding(9, "due date and destination", bool(due and to["country"]), told)
    same = garment["colour"]["hex"] == order.colour_hex
    yield Finding(9, "colour ordered", same, "The pack's cloth is the order's.")
    if order.chest_width_in is not None:
        for placement in spec["placements"]:
            free_in = order.chest_width_in - placement["inches"]["width"]
            yield Finding(2, f"{placement['placement']}: fits the smallest size", free_in >= SEAM_IN,
                          "Cloth left beside the print on the smallest garment of the line, in inches.",
                          {"chest_width_in": order.chest_width_in, "free_in": round(free_in, 2)})  # fmt: skip
    approved = spec["design_hash"] == order.approved_design_hash
    yield Finding(10, "design approved", approved, "The design is the one that the customer ordered.")
    yield Finding(10, "order paid", order.paid, "The order is paid.")
    held = f"The order is on hold: {order.hold_reason}." if order.hold_reason else "The order is on no hold."
    # A hold keeps the pack from being handed over, which is checked at that moment and not here.
    yield Finding(10, "no open hold", not order.hold_reason, held, blocking=False)


def _sheet(pack: Pack) -> Iterator[Finding]:
    garment = pack.spec["garment"]
    try:
        lines = sheet_text(pack.files.get(SPEC_PDF, b"")).split("\n")
    except SheetUnreadable as error:
        yield Finding(10, "sheet", False, str(error))
        return
    garment_words = [garment["sku"], garment["size"], str(garment["quantity"]), garment["colour"]["hex"]]
    yield _words(9, "garment and quantity", lines, garment_words)
    order_words = [pack.spec["order_number"]]
    for placement in pack.spec["placements"]:
        inches = placement["inches"]
        order_words.append(f"{inches['width']:.2f} × {inches['height']:.2f} in")
        order_words.append(f"{inches['left']:.2f}, {inches['top']:.2f} in")
        order_words.append(f"{inches['top_below_collar']:.2f} in")
    yield _words(10, "sheet and JSON agree", lines, order_words)


def _words(rule: int, name: str, lines: list[str], words: list[str]) -> Finding:
    missing = [word for word in words if word not in lines]
    detail = f"The sheet lacks {', '.join(missing)}." if missing else "The sheet shows what the JSON says."
    return Finding(rule, name, not missing, detail, {"looked_for": len(words), "missing": len(missing)})


def _mockups(pack: Pack) -> Iterator[Finding]:
    for side in ("front", "back"):
        path = f"mockups/{side}.png"
        try:
            with Image.open(io.BytesIO(pack.files[path]), formats=["PNG"]) as mockup:
                mockup.load()
        except (KeyError, UnidentifiedImageError, OSError) as error:
            yield Finding(
                10, f"{side}: mock-up", False, f"{path} is no readable PNG ({type(error).__name__})."
            )
            continue
        width_px, height_px = mockup.size
        yield Finding(10, f"{side}: mock-up", min(width_px, height_px) >= MINIMUM_MOCKUP_PX, "Pixels of the mock-up.",
                      {"width_px": width_px, "height_px": height_px})  # fmt: skip
    yield from _cloth(pack)


def _cloth(pack: Pack) -> Iterator[Finding]:
    """The cloth of the picture against the cloth of the order, on whichever side has less ink in the way."""
    cloth = lab_of(np.array([rgb_of(pack.spec["garment"]["colour"]["hex"])], dtype=np.uint8))[0]
    distances = []
    for side in ("front", "back"):
        try:
            with Image.open(io.BytesIO(pack.files[f"mockups/{side}.png"]), formats=["PNG"]) as mockup:
                width, height = mockup.size
                (top, bottom), (left, right) = _CLOTH_ROWS, _CLOTH_COLUMNS
                part = mockup.convert("RGB").crop(
                    (round(left * width), round(top * height), round(right * width), round(bottom * height))
                )
        except (KeyError, UnidentifiedImageError, OSError):
            continue
        shown = np.median(np.asarray(part).reshape(-1, 3), axis=0).astype(np.uint8)
        distances.append(float(np.linalg.norm(lab_of(shown[None, :])[0] - cloth)))
    if distances:
        yield Finding(9, "mock-up colour", min(distances) <= CLOTH_DELTA_E,
                      "Distance of the mock-up's cloth from the garment's colour, in CIE L*a*b*.",
                      {"delta_e": round(min(distances), 1), "limit": CLOTH_DELTA_E})  # fmt: skip
