"""The finished pack against the ten points that a printer may rely on.

The ZIP is opened again and judged by its own bytes alone: nothing that built it is asked.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from orders.production.pack import SPEC_PDF, Pack, PackInvalid, open_pack
from orders.production.pack_schema import PACK_SCHEMA
from orders.production.sheet_text import SheetUnreadable, sheet_text
from orders.production.spec import CENTIMETRES_PER_INCH

MINIMUM_DPI = 150.0
"""The floor of direct-to-garment printing; below it a print is visibly coarse."""

DPI_TOLERANCE_PERCENT = 1.0
"""The rounding of inches to thousandths shows most on the smallest prints."""

PRINT_DPI = 300
PIXELS_PER_METRE = 11811
MINIMUM_MOCKUP_PX = 2000
PIXEL_TOLERANCE = 1
LENGTH_TOLERANCE_IN = 0.004
"""A pixel at 300 DPI and the rounding of the JSON to thousandths."""

SOLID_ONLY_METHODS = frozenset({"dtf", "screen_print"})
"""Methods that print an ink or do not: a half-transparent pixel comes out as grey haze or a white rim."""

HAZE_PERCENT = 0.5
THIN_PX = 4
"""0.014 in at 300 DPI: the thinnest line that transfers and screens hold."""

THIN_PERCENT = 1.0
ACTIVE_PDF_KEYS = (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/EmbeddedFile", b"/SubmitForm")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer to one of the ten points. Only a blocking finding that is not ok keeps the pack back."""

    rule: int
    name: str
    ok: bool
    detail: str
    numbers: dict[str, float] = field(default_factory=dict)
    blocking: bool = True


def check_pack(data: bytes, minimum_dpi: float = MINIMUM_DPI) -> list[Finding]:
    """What the ten points say about a finished pack, in their order. A pack that cannot be opened has one
    finding.
    """
    try:
        pack = open_pack(data)
    except PackInvalid as error:
        return [Finding(10, "intact", False, error.reason)]
    errors = sorted(error.message for error in Draft202012Validator(PACK_SCHEMA).iter_errors(pack.spec))
    if errors:
        return [Finding(10, "schema", False, errors[0], {"errors": len(errors)})]
    findings = [
        finding
        for placement in pack.spec["placements"]
        for finding in _placement(pack, placement, minimum_dpi)
    ]
    findings += [_external(pack), *_sheet(pack), *_mockups(pack)]
    findings += [
        Finding(
            10, "intact", True, "Every file is the one that the manifest lists.", {"files": len(pack.files)}
        ),
        Finding(10, "schema", True, "spec.json obeys its schema.", {"errors": 0}),
    ]
    return sorted(findings, key=lambda finding: finding.rule)


def may_be_released(findings: list[Finding]) -> bool:
    """Whether no blocking point failed."""
    return bool(findings) and all(finding.ok or not finding.blocking for finding in findings)


def _placement(pack: Pack, placement: dict[str, Any], minimum_dpi: float) -> Iterator[Finding]:
    name = placement["placement"]
    yield _resolution(name, placement, minimum_dpi)
    yield _inside_area(name, placement)
    yield _datum(name, placement)
    try:
        with Image.open(io.BytesIO(pack.files[placement["art_file"]]), formats=["PNG"]) as art:
            art.load()
    except (KeyError, UnidentifiedImageError, OSError) as error:
        yield Finding(
            10, f"{name}: art", False, f"{placement['art_file']} is no readable PNG ({type(error).__name__})."
        )
        return
    yield _size(name, placement, art)
    yield _colour(name, placement, art)
    if art.mode != "RGBA":
        yield Finding(4, f"{name}: transparency", False, f"The art has no alpha channel ({art.mode}).")
        return
    alpha = np.asarray(art.getchannel("A"))
    yield _border(name, alpha)
    yield _haze(name, alpha, pack.spec["method"])
    yield _thin(name, alpha)


def _resolution(name: str, placement: dict[str, Any], minimum_dpi: float) -> Finding:
    """The stated resolution must be that of one of the artworks, counted from its source pixels and inches."""
    stated = float(placement["effective_dpi"])
    measured = [
        min(artwork["source_pixels"][side] / artwork["inches"][side] for side in ("width", "height"))
        for artwork in placement["artworks"]
    ]
    off_percent = min(abs(stated / dpi - 1) for dpi in measured) * 100
    ok = stated >= minimum_dpi and off_percent <= DPI_TOLERANCE_PERCENT
    numbers = {"effective_dpi": stated, "minimum_dpi": minimum_dpi, "off_percent": round(off_percent, 2)}
    return Finding(1, f"{name}: resolution", ok, f"{stated:g} source pixels per printed inch.", numbers)


def _inside_area(name: str, placement: dict[str, Any]) -> Finding:
    inches, area = placement["inches"], placement["print_area"]["inches"]
    beyond = max(
        -inches["left"],
        -inches["top"],
        inches["left"] + inches["width"] - area["width"],
        inches["top"] + inches["height"] - area["height"],
    )
    return Finding(2, f"{name}: inside the print area", beyond <= LENGTH_TOLERANCE_IN,
                   "How far the print reaches over the area, in inches; negative is inside.",
                   {"overshoot_in": round(beyond, 3)})  # fmt: skip


def _size(name: str, placement: dict[str, Any], art: Image.Image) -> Finding:
    inches = placement["inches"]
    expected = (round(inches["width"] * PRINT_DPI), round(inches["height"] * PRINT_DPI))
    off_px = max(abs(art.width - expected[0]), abs(art.height - expected[1]))
    declared = tuple(round(float(value) / 0.0254) for value in art.info.get("dpi", (0, 0)))
    same = (art.width, art.height) == (placement["pixels"]["width"], placement["pixels"]["height"])
    ok = off_px <= PIXEL_TOLERANCE and declared == (PIXELS_PER_METRE, PIXELS_PER_METRE) and same
    numbers = {
        "width_px": art.width,
        "height_px": art.height,
        "expected_width_px": expected[0],
        "expected_height_px": expected[1],
        "pixels_per_metre": declared[0],
    }
    return Finding(
        2, f"{name}: true size", ok, "Pixels against inches at 300 DPI, and the file's own scale.", numbers
    )


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


def _border(name: str, alpha: npt.NDArray[np.uint8]) -> Finding:
    """Either a clear frame all round, or art that touches all four sides because it was trimmed to them."""
    edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    touched = sum(bool(edge.any()) for edge in edges)
    opaque_percent = float(np.mean(alpha > 0) * 100)
    return Finding(4, f"{name}: transparent and trimmed", touched in (0, 4),
                   "Sides that the art touches: none or all four.",
                   {"sides_touched": touched, "inked_percent": round(opaque_percent, 2)})  # fmt: skip


def _haze(name: str, alpha: npt.NDArray[np.uint8], method: dict[str, Any]) -> Finding:
    inked = int(np.count_nonzero(alpha))
    hazy_percent = 100.0 * int(np.count_nonzero((alpha > 0) & (alpha < 255))) / max(inked, 1)
    solid_only = method["code"] in SOLID_ONLY_METHODS
    limit = 0.0 if solid_only else HAZE_PERCENT if method["underbase"] == "white" else 100.0
    return Finding(5, f"{name}: half-transparent ink", hazy_percent <= limit,
                   "Half-transparent pixels in percent of the ink.",
                   {"percent": round(hazy_percent, 3), "limit_percent": limit}, blocking=solid_only)  # fmt: skip


def _thin(name: str, alpha: npt.NDArray[np.uint8]) -> Finding:
    """How much of the ink is thinner than the thinnest line that holds: what an opening at print scale
    removes.
    """
    solid = (alpha >= 128).astype(np.uint8)
    opened = solid
    for smallest in (True, False):
        one_way = ndimage.minimum_filter1d if smallest else ndimage.maximum_filter1d
        for axis in (0, 1):
            # An even window leans to one side; the second pass must lean back.
            opened = one_way(opened, THIN_PX, axis=axis, origin=0 if smallest else -1, mode="nearest")
    lost, inked = int(np.count_nonzero(solid & (1 - opened))), int(np.count_nonzero(solid))
    thin_percent = 100.0 * lost / max(inked, 1)
    return Finding(6, f"{name}: thin features", thin_percent <= THIN_PERCENT,
                   f"Ink thinner than {THIN_PX} px (0.014 in) in percent.",
                   {"percent": round(thin_percent, 3), "limit_percent": THIN_PERCENT}, blocking=False)  # fmt: skip


def _colour(name: str, placement: dict[str, Any], art: Image.Image) -> Finding:
    profile = art.info.get("icc_profile") or b""
    coverage = sum(colour["coverage_percent"] for colour in placement["colours"])
    ok = b"sRGB" in profile.replace(b"\0", b"") and bool(placement["colours"])
    return Finding(7, f"{name}: colour", ok, "The sRGB profile is embedded and the main colours are named.",
                   {"colours": len(placement["colours"]), "coverage_percent": round(coverage, 1)})  # fmt: skip


def _external(pack: Pack) -> Finding:
    vectors = [path for path in pack.files if path.startswith("art/") and not path.endswith(".png")]
    active = [key for key in ACTIVE_PDF_KEYS if key in pack.files.get(SPEC_PDF, b"")]
    return Finding(8, "nothing live or external", not vectors and not active,
                   "Art is pixels, and the sheet has no links, scripts or attachments.",
                   {"other_art_files": len(vectors), "active_pdf_keys": len(active)})  # fmt: skip


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
                width_px, height_px = mockup.size
        except (KeyError, UnidentifiedImageError, OSError) as error:
            yield Finding(
                10, f"{side}: mock-up", False, f"{path} is no readable PNG ({type(error).__name__})."
            )
            continue
        yield Finding(10, f"{side}: mock-up", min(width_px, height_px) >= MINIMUM_MOCKUP_PX, "Pixels of the mock-up.",
                      {"width_px": width_px, "height_px": height_px})  # fmt: skip
