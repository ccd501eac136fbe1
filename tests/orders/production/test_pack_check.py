"""The ten points on finished packs: one that passes, and one for each way to fail."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from orders.production.pack import build_pack
from orders.production.pack_check import Finding, check_pack, may_be_released
from orders.production.print_art import srgb_profile
from tests.orders.production.examples import RED, files, mockup, pixels, png, spec


def failed(findings: list[Finding]) -> set[tuple[int, str]]:
    return {(finding.rule, finding.name) for finding in findings if not finding.ok}


def art_png(rgba: np.ndarray, **options: object) -> bytes:
    return png(Image.fromarray(rgba), **{"dpi": (300, 300), "icc_profile": srgb_profile(), **options})


def checked(front_art: bytes | None = None, **changes: object) -> list[Finding]:
    content = files() if front_art is None else files() | {"art/front.png": front_art}
    return check_pack(build_pack(spec(**changes), content))


def front_pixels() -> np.ndarray:
    return pixels(files()["art/front.png"]).copy()


def test_a_good_pack_passes_every_blocking_point() -> None:
    findings = checked()
    assert may_be_released(findings)
    assert {finding.rule for finding in findings} == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
    assert failed(findings) <= {(5, "back: half-transparent ink")}
    assert [finding.rule for finding in findings] == sorted(finding.rule for finding in findings)
    size = next(finding for finding in findings if finding.name == "front: true size")
    assert size.numbers == {
        "width_px": 600,
        "height_px": 300,
        "expected_width_px": 600,
        "expected_height_px": 300,
        "pixels_per_metre": 11811,
    }


def test_a_blank_garment_passes() -> None:
    blank = {path: content for path, content in files().items() if not path.startswith("art/")}
    assert may_be_released(check_pack(build_pack(spec(placements=()), blank)))


def test_bytes_that_are_no_pack_have_one_finding() -> None:
    findings = check_pack(b"no zip")
    assert failed(findings) == {(10, "intact")}
    assert not may_be_released(findings)
    assert not may_be_released([])


def changed_front(**changes: object):
    front, back = spec().placements
    return (replace(front, **changes), back)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"effective_dpi": 149.0}, (1, "front: resolution")),
        ({"effective_dpi": 900.0}, (1, "front: resolution")),  # better than its source pixels
        ({"area_width_in": 4.9}, (2, "front: inside the print area")),
        ({"width_in": 2.01}, (2, "front: true size")),
        ({"width_px": 601}, (2, "front: true size")),
        ({"top_below_collar_in": 5.0}, (3, "front: datum")),
        ({"centre_offset_in": 0.0}, (3, "front: datum")),
        ({"colours": ()}, (7, "front: colour")),
    ],
)
def test_numbers_that_contradict_each_other(changes: dict[str, object], expected: tuple[int, str]) -> None:
    findings = checked(placements=changed_front(**changes))
    assert expected in failed(findings)
    assert not may_be_released(findings)


def test_the_floor_of_the_resolution_can_be_raised() -> None:
    data = build_pack(spec(), files())
    assert (1, "front: resolution") not in failed(check_pack(data, minimum_dpi=300))
    assert (1, "front: resolution") in failed(check_pack(data, minimum_dpi=301))


def test_a_file_of_another_size_is_not_the_print() -> None:
    assert (2, "front: true size") in failed(checked(art_png(front_pixels()[:, :-3])))


def test_a_file_without_its_scale_is_not_the_print() -> None:
    assert (2, "front: true size") in failed(checked(art_png(front_pixels(), dpi=(72, 72))))


def test_a_file_without_a_profile_is_refused() -> None:
    assert failed(checked(png(Image.fromarray(front_pixels()), dpi=(300, 300)))) >= {(7, "front: colour")}


def test_an_opaque_box_is_refused() -> None:
    assert (4, "front: transparency") in failed(checked(art_png(front_pixels()[:, :, :3])))


def test_art_that_is_trimmed_on_one_side_only_is_refused() -> None:
    rgba = front_pixels()
    rgba[:20] = 0
    assert (4, "front: transparent and trimmed") in failed(checked(art_png(rgba)))
    rgba[-20:] = 0
    rgba[:, :20] = 0
    rgba[:, -20:] = 0
    assert (4, "front: transparent and trimmed") not in failed(checked(art_png(rgba)))


@pytest.mark.parametrize(
    ("method", "colour_hex", "fails", "blocks"),
    [
        ("screen_print", "#ffffff", True, True),
        ("dtf", "#ffffff", True, True),
        ("dtg", "#1b1c20", True, False),
        ("dtg", "#ffffff", False, False),
    ],
)
def test_haze_blocks_where_it_cannot_be_printed(
    method: str, colour_hex: str, fails: bool, blocks: bool
) -> None:
    rgba = front_pixels()
    rgba[100:200, :, 3] = 128
    findings = checked(art_png(rgba), method=method, colour_hex=colour_hex)
    haze = next(finding for finding in findings if finding.name == "front: half-transparent ink")
    assert haze.numbers["percent"] == pytest.approx(100 / 3, abs=0.01)
    assert (not haze.ok, not haze.ok and haze.blocking) == (fails, blocks)


@pytest.mark.parametrize(("line_px", "thin"), [(3, True), (4, False), (9, False)])
def test_lines_thinner_than_a_point_are_found(line_px: int, thin: bool) -> None:
    rgba = np.zeros_like(front_pixels())
    rgba[0] = rgba[-1] = rgba[:, 0] = rgba[:, -1] = 0
    for top in range(20, 280, 20):
        rgba[top : top + line_px, 20:580] = RED
    finding = next(finding for finding in checked(art_png(rgba)) if finding.name == "front: thin features")
    assert finding.ok is not thin
    assert finding.numbers["percent"] == pytest.approx(100 if thin else 0)
    assert not finding.blocking


def test_small_mock_ups_are_refused() -> None:
    findings = check_pack(build_pack(spec(), files() | {"mockups/front.png": mockup(1999, 2000)}))
    assert failed(findings) >= {(10, "front: mock-up")}
    assert not may_be_released(findings)


def test_missing_and_damaged_files_are_named() -> None:
    content = files() | {"mockups/front.png": b"no picture", "art/front.png": b"no picture"}
    del content["mockups/back.png"]
    data = build_pack(spec(), content | {"spec.pdf": b"no sheet"})
    assert failed(check_pack(data)) >= {
        (10, "front: mock-up"),
        (10, "back: mock-up"),
        (10, "front: art"),
        (10, "sheet"),
    }


def test_a_sheet_of_another_order_is_noticed() -> None:
    from orders.production.sheet import spec_sheet

    other = spec_sheet(spec(order_number="ST-2026-000043", quantity=13), {})
    findings = check_pack(build_pack(spec(), files() | {"spec.pdf": other}))
    assert failed(findings) >= {(9, "garment and quantity"), (10, "sheet and JSON agree")}


@pytest.mark.parametrize(
    ("sheet", "active"),
    [
        (b"%PDF-1.7 1 0 obj << /Length 9 >>\nstream\n\x01/JS\xff/URI\nendstream endobj", 0),
        (b"%PDF-1.7 1 0 obj << /Length 2 >>\nstream\nx\nendstream endobj 2 0 obj << /JS (x) >>", 1),
    ],
)
def test_bytes_of_compressed_pictures_are_nothing_live(sheet: bytes, active: int) -> None:
    finding = next(f for f in check_pack(build_pack(spec(), files() | {"spec.pdf": sheet})) if f.rule == 8)
    assert (finding.ok, finding.numbers["active_pdf_keys"]) == (active == 0, active)


def test_links_in_the_sheet_and_other_art_are_noticed() -> None:
    content = files() | {"spec.pdf": b"%PDF-1.7 /URI (http://example.com)", "art/logo.svg": b"<svg/>"}
    finding = next(f for f in check_pack(build_pack(spec(), content)) if f.rule == 8)
    assert (finding.ok, finding.numbers) == (False, {"other_art_files": 1, "active_pdf_keys": 1})


def test_a_json_outside_its_schema_ends_the_check() -> None:
    findings = checked(placements=changed_front(effective_dpi=-1.0))
    assert failed(findings) == {(10, "schema")}


def test_a_picture_is_readable_by_others() -> None:
    with Image.open(io.BytesIO(files()["art/front.png"])) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
