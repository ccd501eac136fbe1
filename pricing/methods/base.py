"""What the kinds of decoration share: the work to price, the method's interface, and rows by quantity. Pure.

A method's rules are typed values that know where they stand in their book, so that every charge can cite its rule.
The first row of a table begins at the smallest quantity that the method is done for; a row holds until the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from pricing.lines import Charge, NotPriceable, PlacementInput, amount_text
from pricing.reading import Member, MemberInvalid

Row = TypeVar("Row")


@dataclass(frozen=True)
class Work:
    """What one method has to do on one garment: its placements, each with its index in the line."""

    placements: tuple[tuple[int, PlacementInput], ...]
    is_dark: bool
    design_quantity: int


class Method(Protocol):
    """The rules of one way to decorate."""

    def charges(self, work: Work) -> list[Charge]:
        """Per piece for one garment, per order for the whole design. Raises NotPriceable."""

    def thresholds(self) -> set[int]:
        """The quantities of a design at which a charge changes."""


@dataclass(frozen=True)
class Steps(Generic[Row]):
    """Values by the quantity of the design, each with the JSON pointer of its row."""

    pointer: str
    rows: tuple[tuple[int, Row], ...]

    @classmethod
    def read(cls, member: Member, read_row: Callable[[Member], tuple[int, Row]]) -> Steps[Row]:
        """Raises MemberInvalid, also unless the rows begin at rising quantities."""
        rows: list[tuple[int, Row]] = []
        for item in member.items():
            start, row = read_row(item)
            if rows and start <= rows[-1][0]:
                raise MemberInvalid(f"{item.pointer}/from", "must be above the row before")
            rows.append((start, row))
        return cls(member.pointer, tuple(rows))

    def at(self, quantity: int) -> tuple[str, Row]:
        """The row for `quantity` pieces and its pointer. Raises NotPriceable below the first."""
        found = [(index, row) for index, (start, row) in enumerate(self.rows) if start <= quantity]
        if not found:
            minimum = self.rows[0][0]
            message = f"At least {minimum} pieces of a design are needed, and these are {quantity}."
            raise NotPriceable("below_minimum_quantity", message, "/design_quantity")
        index, row = found[-1]
        return f"{self.pointer}/{index}", row

    def starts(self) -> set[int]:
        return {start for start, _ in self.rows}


def count_of(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def inches_text(length_in: Decimal) -> str:
    text = amount_text(length_in)
    return text.rstrip("0").rstrip(".") if "." in text else text


def begun_thousands(stitches: int) -> int:
    """Thousands of stitches, the begun one counted."""
    return -(-stitches // 1000)


def check_colours(index: int, placement: PlacementInput, most: int | None, noun: str) -> None:
    if most is not None and placement.ink_colours > most:
        message = f"At most {most} {noun} colours are possible, and these are {placement.ink_colours}."
        raise NotPriceable("too_many_colours", message, f"/placements/{index}/ink_colours")


def check_size_given(index: int, placement: PlacementInput) -> None:
    if not placement.width_in or not placement.height_in:
        raise NotPriceable(
            "size_required", "The size of the print must be known.", f"/placements/{index}/width_in"
        )


def too_large(index: int, placement: PlacementInput, allowed: str) -> NotPriceable:
    size = f"{inches_text(placement.width_in)} x {inches_text(placement.height_in)} in"
    return NotPriceable("size_too_large", f"{size} is more than {allowed}.", f"/placements/{index}/width_in")
