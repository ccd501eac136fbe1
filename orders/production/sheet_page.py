"""The page of the spec sheet, with the few marks that it is made of. Sizes are millimetres."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from fpdf import FPDF

from orders.production import fonts
from orders.production.spec import PackSpec

SHOP = "Stolen Tee"
PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0
MARGIN_MM = 12.0
ELLIPSIS = " ..."

Rgb = tuple[int, int, int]
INK: Rgb = (20, 23, 31)
MUTED: Rgb = (104, 110, 122)
RULE: Rgb = (214, 217, 222)


class SheetPage(FPDF):
    """A page with the few marks that the sheet is made of."""

    def __init__(self, spec: PackSpec) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.missing = 0
        created_at = spec.created_at
        self.set_creation_date(created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC))
        self.set_title(f"{SHOP} {spec.order_number} line {spec.line_number}")
        self.set_subject("Production spec sheet")
        self.set_author(SHOP)
        self.set_keywords(f"{spec.order_number} {spec.sku}")
        self.set_auto_page_break(False)
        self.set_margins(0, 0)
        self.c_margin = 0.0
        self.add_font("sans", "", fonts.REGULAR)
        self.add_font("sans", "B", fonts.BOLD)
        if fonts.needs_east_asian(spec.to_json()):
            self.add_font("east", "", fonts.EAST_ASIAN)
            self.set_fallback_fonts(["east"], exact_match=False)
        self.add_page()

    def select(self, size_pt: float, bold: bool, colour: Rgb = INK) -> None:
        self.set_font("sans", "B" if bold else "", size_pt)
        self.set_text_color(*colour)

    def write_line(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        size_pt: float,
        *,
        bold: bool = False,
        colour: Rgb = INK,
        align: str = "L",
        least_pt: float = 6.0,
    ) -> None:
        """One line with its top at y, set smaller and at last cut short where it would not fit the width."""
        shown, missing = fonts.drawable(text.replace("\n", " "))
        self.missing += missing
        self.select(size_pt, bold, colour)
        while self.get_string_width(shown) > width and size_pt > least_pt:
            size_pt -= 0.5
            self.select(size_pt, bold, colour)
        if self.get_string_width(shown) > width:
            shown = self.shortened(shown, width)
        self.set_xy(x, y)
        self.cell(width, size_pt * 0.42, fonts.in_drawing_order(shown), align=align)

    def shortened(self, text: str, width: float) -> str:
        """The longest beginning of the text that fits the width with an ellipsis."""
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.get_string_width(text[:middle].rstrip() + ELLIPSIS) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + ELLIPSIS

    def lines_of(self, text: str, width: float, size_pt: float, bold: bool = False) -> list[str]:
        """The text broken into lines at spaces, and inside words that are longer than a line."""
        shown, missing = fonts.drawable(text)
        self.missing += missing
        self.select(size_pt, bold)
        lines: list[str] = []
        for paragraph in shown.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                for piece in self._pieces(word, width):
                    longer = f"{line} {piece}" if line else piece
                    if line and self.get_string_width(longer) > width:
                        lines.append(line)
                        longer = piece
                    line = longer
            lines.append(line)
        return lines

    def _pieces(self, word: str, width: float) -> Iterable[str]:
        if self.get_string_width(word) <= width:
            return [word]
        pieces, piece = [], ""
        for character in word:
            if piece and self.get_string_width(piece + character) > width:
                pieces.append(piece)
                piece = ""
            piece += character
        return [*pieces, piece]

    def box(self, x: float, y: float, width: float, height: float, fill: Rgb) -> None:
        self.set_fill_color(*fill)
        self.rect(x, y, width, height, style="F")

    def swatch(self, x: float, y: float, width: float, height: float, colour_hex: str) -> None:
        self.set_draw_color(*MUTED)
        self.set_line_width(0.15)
        self.set_fill_color(*(int(colour_hex[index : index + 2], 16) for index in (1, 3, 5)))
        self.rect(x, y, width, height, style="DF")

    def rule(self, y: float) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.25)
        self.line(MARGIN_MM, y, PAGE_WIDTH_MM - MARGIN_MM, y)
