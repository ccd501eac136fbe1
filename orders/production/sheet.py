"""The spec sheet: one A4 page that a printer reads at arm's length, next to the press.

Sizes on the page are millimetres. Every number on it is in the pack's JSON too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

from PIL import Image

from designs.rendering import PAGE_RGB
from orders.production import barcode, fonts
from orders.production.placement_spec import (
    CENTIMETRES_PER_INCH,
    FRONT_PLACEMENTS,
    POINTS_PER_INCH,
    PlacementSpec,
    in_both_units,
)
from orders.production.sheet_page import (
    INK,
    MARGIN_MM,
    MUTED,
    PAGE_WIDTH_MM,
    RULE,
    SHOP,
    Rgb,
    SheetPage,
)
from orders.production.spec import PackSpec

CONTENT_WIDTH_MM = PAGE_WIDTH_MM - 2 * MARGIN_MM
HEADER_HEIGHT_MM = 22.0
GARMENT_TOP_MM, GARMENT_HEIGHT_MM = 26.0, 28.0
ORDER_TOP_MM, ORDER_HEIGHT_MM = 56.0, 15.0
MOCKUP_TOP_MM = 74.0
MOCKUP_HEIGHTS_MM = (88.0, 88.0, 84.0, 64.0, 42.0)
"""By the number of prints: what is left of the page when each has its rows."""

FOOTER_TOP_MM = 287.0
BARCODE_WIDTH_MM = 84.0
"""For the longest order number a bar of 0.25 mm, which a laser printer draws and a hand scanner reads."""

MOCKUP_SIDE_PX = 1100
"""300 DPI at the size on the page; the full mock-up lies in the pack beside the sheet."""

MOCKUP_JPEG_QUALITY = 88

PAPER: Rgb = (245, 246, 247)
WHITE: Rgb = (255, 255, 255)
MOCKUP_PAGE: Rgb = PAGE_RGB
AMBER: Rgb = (255, 243, 214)
AMBER_INK: Rgb = (133, 77, 0)
GRADE_COLOURS: dict[str, Rgb] = {
    "good": (24, 115, 69),
    "okay": (33, 100, 168),
    "poor": (176, 105, 0),
    "bad": (178, 34, 34),
}
COLUMNS_MM = (35.0, 33.0, 37.0, 27.0, 30.0, 24.0)
COLUMN_NAMES = ("PRINT", "SIZE", "IN THE PRINT AREA", "BELOW COLLAR", "CENTRE LINE", "RESOLUTION")


def spec_sheet(spec: PackSpec, mockups: Mapping[str, bytes]) -> bytes:
    """The sheet as a PDF of one page; `mockups` maps front and back to pictures. Equal input gives equal
    bytes.
    """
    page = SheetPage(spec)
    _header(page, spec)
    _garment(page, spec, top=GARMENT_TOP_MM)
    _order(page, spec, top=ORDER_TOP_MM)
    height = MOCKUP_HEIGHTS_MM[min(len(spec.placements), len(MOCKUP_HEIGHTS_MM) - 1)]
    _mockups(page, spec, mockups, top=MOCKUP_TOP_MM, height=height)
    bottom = _placements(page, spec, top=MOCKUP_TOP_MM + height + 4)
    bottom = _datum(page, spec, top=bottom + 2)
    bottom = _purchase(page, spec, top=bottom + 1.4)
    bottom = _warnings(page, spec, top=bottom + 3)
    _notes(page, spec, top=bottom + 3)
    _footer(page, spec)
    return bytes(page.output())


def _header(page: SheetPage, spec: PackSpec) -> None:
    page.box(0, 0, PAGE_WIDTH_MM, HEADER_HEIGHT_MM, INK)
    page.write_line(SHOP, MARGIN_MM, 5.2, 70, 19, bold=True, colour=WHITE)
    page.write_line("Production spec sheet", MARGIN_MM, 14.2, 70, 8.5, colour=RULE)
    right = PAGE_WIDTH_MM - MARGIN_MM - 110
    page.write_line(spec.order_number, right, 5.2, 110, 19, bold=True, colour=WHITE, align="R")
    line = f"Line {spec.line_number}   {spec.created_at.date().isoformat()}"
    page.write_line(line, right, 14.2, 110, 8.5, colour=RULE, align="R")


def _garment(page: SheetPage, spec: PackSpec, top: float) -> None:
    columns = ((MARGIN_MM, 74.0), (89.0, 47.0), (139.0, 27.0), (169.0, 29.0))
    for x, width in columns:
        page.box(x, top, width, GARMENT_HEIGHT_MM, PAPER)
    inner = [(x + 3, width - 6) for x, width in columns]
    for (x, width), label in zip(inner, ("GARMENT", "COLOUR", "SIZE", "QUANTITY"), strict=True):
        page.write_line(label, x, top + 2.6, width, 6.5, colour=MUTED)
    x, width = inner[0]
    page.write_line(spec.sku, x, top + 7, width, 17, bold=True)
    page.write_line(spec.product, x, top + 15.6, width, 10)
    underbase = "white underbase (dark cloth)" if spec.underbase == "white" else "no underbase (light cloth)"
    page.write_line(f"{spec.method_name}, {underbase}", x, top + 22.4, width, 8.5, colour=MUTED)
    x, width = inner[1]
    page.swatch(x, top + 7.5, 14, 17, spec.colour_hex)
    names = page.lines_of(spec.colour_name, width - 17, 13, bold=True)
    size_pt = 13.0 if len(names) == 1 else 8.5
    for index, name in enumerate(page.lines_of(spec.colour_name, width - 17, size_pt, bold=True)[:3]):
        page.write_line(name, x + 17, top + 8.5 + 3.9 * index, width - 17, size_pt, bold=True)
    page.write_line(spec.colour_hex, x + 17, top + 21.5, width - 17, 8.5, colour=MUTED)
    for (x, width), value in zip(inner[2:], (spec.size, str(spec.quantity)), strict=True):
        page.write_line(value, x, top + 10, width, 34, bold=True, align="C", least_pt=12)


def _order(page: SheetPage, spec: PackSpec, top: float) -> None:
    """When it is due, how the quantity divides, where it goes, and the barcode that finds the line again."""
    left_width = CONTENT_WIDTH_MM - BARCODE_WIDTH_MM - 2
    page.box(MARGIN_MM, top, left_width, ORDER_HEIGHT_MM, PAPER)
    destination = " ".join(part for part in (spec.ship_to.country, spec.ship_to.region) if part)
    cells = (
        ("DUE", spec.due or "not set", 27.0),
        ("SIZES", ", ".join(f"{row.size} {row.quantity}" for row in spec.size_split), 34.0),
        ("SHIP TO", f"{spec.ship_to.type} {destination}".strip(), left_width - 70.0),
    )
    x = MARGIN_MM + 3
    for label, value, width in cells:
        page.write_line(label, x, top + 2.6, width, 6.5, colour=MUTED)
        page.write_line(value, x, top + 7, width, 11, bold=True)
        x += width + 2
    left = PAGE_WIDTH_MM - MARGIN_MM - BARCODE_WIDTH_MM
    module = BARCODE_WIDTH_MM / (barcode.modules(spec.pack_name) + 2 * barcode.QUIET_MODULES)
    page.set_fill_color(*INK)
    for start, width in barcode.bars(spec.pack_name):
        page.rect(left + (start + barcode.QUIET_MODULES) * module, top, width * module, 10.5, style="F")
    page.write_line(spec.pack_name, left, top + 11.6, BARCODE_WIDTH_MM, 7.5, align="C")


def _mockups(
    page: SheetPage, spec: PackSpec, mockups: Mapping[str, bytes], top: float, height: float
) -> None:
    width = (CONTENT_WIDTH_MM - 4) / 2
    for index, side in enumerate(("front", "back")):
        left = MARGIN_MM + index * (width + 4)
        picture_top, picture_height = top + 6, height - 6
        printed = [
            p.side_name.lower() + ("" if p.placement in mockups else " (inside: not in the picture)")
            for p in spec.placements
            if (p.placement in FRONT_PLACEMENTS or "sleeve" in p.placement) == (side == "front")
        ]
        state = "no print on this side" if not printed else "printed: " + ", ".join(printed)
        if side in mockups:
            page.image(
                _picture(mockups[side], width / picture_height), left, picture_top, width, picture_height
            )
        else:
            page.box(left, picture_top, width, picture_height, MOCKUP_PAGE)
            state += " (no picture)"
        page.write_line(side.upper(), left, top + 0.8, 25, 9, bold=True)
        page.write_line(state, left + 26, top + 1.2, width - 26, 7.5, colour=MUTED, align="R")


def _picture(png: bytes, aspect: float) -> io.BytesIO:
    """The mock-up on a page of this aspect at its size on paper, as the JPEG that the PDF embeds unchanged."""
    with Image.open(io.BytesIO(png)) as opened:
        mockup = opened.convert("RGBA")
    mockup.thumbnail((MOCKUP_SIDE_PX, MOCKUP_SIDE_PX), Image.Resampling.LANCZOS)
    size = (
        max(mockup.width, round(mockup.height * aspect)),
        max(mockup.height, round(mockup.width / aspect)),
    )
    page = Image.new("RGBA", size, (*MOCKUP_PAGE, 255))
    page.alpha_composite(mockup, ((size[0] - mockup.width) // 2, (size[1] - mockup.height) // 2))
    buffer = io.BytesIO()
    page.convert("RGB").save(buffer, "JPEG", quality=MOCKUP_JPEG_QUALITY, subsampling=0)
    buffer.seek(0)
    return buffer


def _placements(page: SheetPage, spec: PackSpec, top: float) -> float:
    if not spec.placements:
        page.write_line("Blank garment: nothing is printed.", MARGIN_MM, top, CONTENT_WIDTH_MM, 12, bold=True)
        return top + 7
    x = MARGIN_MM
    for name, width in zip(COLUMN_NAMES, COLUMNS_MM, strict=True):
        page.write_line(name, x, top, width - 2, 6.5, colour=MUTED)
        x += width
    top += 4
    for placement in spec.placements:
        page.rule(top)
        _placement(page, placement, top + 2)
        if placement.underbase:
            _underbase(page, placement, top + 15.8)
            top += 3.6
        _colours(page, placement, top + 16.2)
        top += 26
    page.rule(top)
    return top


def _placement(page: SheetPage, placement: PlacementSpec, top: float) -> None:
    side = placement.wearer_side
    centred = "centred" if side == "centre" else f"to wearer's {side}"
    turns = sorted({round((turn + 180) % 360 - 180, 1) for turn in placement.rotations_deg} - {0.0})
    turned = "turned " + ", ".join(f"{turn:g}°" for turn in turns) + " in file" if turns else "not turned"
    cells = (
        (placement.side_name, placement.art_file, f"{placement.width_px} × {placement.height_px} px"),
        (*_both_units(placement.width_in, placement.height_in, between=" × "), turned),
        (*_both_units(placement.left_in, placement.top_in, between=", "), "from left, from top"),
        (*_both_units(placement.top_below_collar_in), "seam to top of print"),
        (*_both_units(abs(placement.centre_offset_in)), centred),
    )
    x = MARGIN_MM
    for (main, second, third), width in zip(cells, COLUMNS_MM[:5], strict=True):
        page.write_line(main, x, top, width - 2, 11, bold=True)
        page.write_line(second, x, top + 5.4, width - 2, 8.5)
        page.write_line(third, x, top + 9.6, width - 2, 7.5, colour=MUTED)
        x += width
    page.box(x, top, COLUMNS_MM[5], 8.6, GRADE_COLOURS[placement.dpi_grade])
    # Rounded down: 299.6 shown as 300 would look like a print that passes.
    dpi = f"{math.floor(placement.effective_dpi + 1e-6)} DPI"
    page.write_line(dpi, x, top + 1.2, COLUMNS_MM[5], 9, bold=True, colour=WHITE, align="C")
    page.write_line(placement.dpi_grade, x, top + 5, COLUMNS_MM[5], 7.5, colour=WHITE, align="C")
    if placement.clipped:
        page.write_line("cut at the edge", x, top + 9.6, COLUMNS_MM[5], 7.5, colour=AMBER_INK, align="C")


def _underbase(page: SheetPage, placement: PlacementSpec, top: float) -> None:
    layer = placement.underbase
    if layer is None:
        return
    choke_pt = layer.choke_px * POINTS_PER_INCH / placement.dpi
    page.swatch(MARGIN_MM, top, 4.5, 2.6, "#ffffff")
    text = (
        f"White underbase: {layer.file}, choked {layer.choke_px} px ({choke_pt:.2f} pt), "
        f"under {layer.coverage_percent:.1f} % of the ink. Print it first, same corner, same size."
    )
    page.write_line(text, MARGIN_MM + 6, top + 0.2, CONTENT_WIDTH_MM - 6, 7.5)


def _both_units(*lengths_in: float, between: str = " × ") -> tuple[str, str]:
    # Rounded to the JSON's thousandths first, so that both round the same way.
    inches = between.join(f"{round(length, 3):.2f}" for length in lengths_in)
    centimetres = between.join(f"{length * CENTIMETRES_PER_INCH:.1f}" for length in lengths_in)
    return f"{inches} in", f"{centimetres} cm"


def _colours(page: SheetPage, placement: PlacementSpec, top: float) -> None:
    width = CONTENT_WIDTH_MM / 12
    for index, colour in enumerate(placement.colours):
        x = MARGIN_MM + index * width
        page.swatch(x, top, 4.5, 8, colour.hex)
        page.write_line(colour.hex, x + 5.3, top + 0.8, width - 5.6, 5.6, least_pt=5)
        page.write_line(
            f"{colour.coverage_percent:.1f} %", x + 5.3, top + 4.6, width - 5.6, 5.6, least_pt=5, colour=MUTED
        )


def _datum(page: SheetPage, spec: PackSpec, top: float) -> float:
    if not spec.placements:
        return top
    areas = "; ".join(
        f"{placement.side_name.lower()} {placement.area_width_in:.2f} × {placement.area_height_in:.2f} in, from "
        f"{in_both_units(placement.area_below_collar_in)} below the collar seam, left edge "
        f"{in_both_units(placement.area_left_of_centre_in)} left of the centre line as you look at it"
        for placement in spec.placements
    )
    text = (
        f"Print the files at 100 %, 300 DPI, as they are: they are turned, scaled and trimmed already. "
        f"Print areas: {areas}."
    )
    lines = page.lines_of(text, CONTENT_WIDTH_MM, 7)
    for index, line in enumerate(lines):
        page.write_line(line, MARGIN_MM, top + index * 3.5, CONTENT_WIDTH_MM, 7, colour=MUTED)
    return top + 3.5 * len(lines)


def _purchase(page: SheetPage, spec: PackSpec, top: float) -> float:
    """What the customer knew of the resolution: the printer need not ask once more."""
    if spec.purchase is None:
        return top - 1.4
    agreed = bool(spec.purchase.consent)
    colour = AMBER_INK if agreed else MUTED
    page.write_line(spec.purchase.words, MARGIN_MM, top, CONTENT_WIDTH_MM, 8, bold=agreed, colour=colour)
    return top + 3.8


def _warnings(page: SheetPage, spec: PackSpec, top: float) -> float:
    if not spec.warnings:
        return top - 3
    width = CONTENT_WIDTH_MM - 10
    lines = [line for warning in spec.warnings for line in page.lines_of(warning, width, 8.5, bold=True)]
    room = max(1, min(6, int((FOOTER_TOP_MM - top - 30) / 4.2)))
    if len(lines) > room:
        lines = [*lines[: room - 1], "More warnings: see spec.json."]
    height = 4.2 * len(lines) + 4
    page.box(MARGIN_MM, top, CONTENT_WIDTH_MM, height, AMBER)
    page.box(MARGIN_MM, top, 2, height, GRADE_COLOURS["poor"])
    for index, line in enumerate(lines):
        y = top + 2.4 + index * 4.2
        page.write_line(line, MARGIN_MM + 6, y, width, 8.5, bold=True, colour=AMBER_INK)
    return top + height


def _notes(page: SheetPage, spec: PackSpec, top: float) -> None:
    page.write_line("NOTES", MARGIN_MM, top, 40, 6.5, colour=MUTED)
    notes = spec.notes.strip() or "None."
    lines = page.lines_of(notes, CONTENT_WIDTH_MM, 9)
    room = max(1, int((FOOTER_TOP_MM - 5 - top - 3.6) / 4.4))
    if len(lines) > room:
        lines = [*lines[: room - 1], "The notes go on in spec.json."]
    for index, line in enumerate(lines):
        align = "R" if fonts.reads_right_to_left(line) else "L"
        page.write_line(line, MARGIN_MM, top + 3.6 + index * 4.4, CONTENT_WIDTH_MM, 9, align=align)


def _footer(page: SheetPage, spec: PackSpec) -> None:
    page.rule(FOOTER_TOP_MM)
    pieces = "1 piece" if spec.quantity == 1 else f"{spec.quantity} pieces"
    about = f"{SHOP}   {spec.order_number}, line {spec.line_number}   {spec.sku}, {pieces}"
    page.write_line(about, MARGIN_MM, FOOTER_TOP_MM + 2, 86, 7, colour=MUTED)
    rest = "The same numbers in spec.json; every file is listed with its SHA-256 in manifest.json."
    if page.missing:
        rest = f"{page.missing} characters marked {fonts.REPLACEMENT} have no glyph here: read them in spec.json."
    page.write_line(rest, PAGE_WIDTH_MM - MARGIN_MM - 96, FOOTER_TOP_MM + 2, 96, 7, colour=MUTED, align="R")
