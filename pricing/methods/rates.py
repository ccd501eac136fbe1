"""Decoration at rates: included in the garment's price, by a formula, or by the area of film. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pricing.lines import ZERO, Charge, amount_text
from pricing.methods.base import (
    Steps,
    Work,
    begun_thousands,
    check_colours,
    check_size_given,
    count_of,
    inches_text,
    too_large,
)
from pricing.reading import Member


@dataclass(frozen=True)
class Included:
    """The garment's price contains the print; further printed places cost the book's `second_side`."""

    @classmethod
    def read(cls, member: Member) -> Included:
        member.fields(("kind",))
        return cls()

    def charges(self, work: Work) -> list[Charge]:
        return []

    def thresholds(self) -> set[int]:
        return set()


@dataclass(frozen=True)
class Formula:
    """A base, and rates per location, ink colour, square inch and begun 1,000 stitches, times a quantity factor."""

    pointer: str
    base_price: Decimal
    per_location: Decimal
    per_colour: Decimal
    per_square_inch: Decimal
    per_1000_stitches: Decimal
    dark_garment: Decimal
    max_colours: int | None
    breaks: Steps[Decimal]

    @classmethod
    def read(cls, member: Member) -> Formula:
        rates = (
            "base_price", "per_location", "per_colour", "per_square_inch", "per_1000_stitches", "dark_garment",
        )  # fmt: skip
        given = member.fields(("kind", "breaks"), (*rates, "max_colours"))
        amounts = {rate: given[rate].amount() if rate in given else ZERO for rate in rates}
        most = given["max_colours"].integer(minimum=1) if "max_colours" in given else None
        return cls(
            member.pointer, max_colours=most, breaks=Steps.read(given["breaks"], read_break), **amounts
        )

    def charges(self, work: Work) -> list[Charge]:
        for index, placement in work.placements:
            check_colours(index, placement, self.max_colours, "ink")
        places = [placement for _, placement in work.placements]
        colours = sum(place.ink_colours for place in places)
        area_sq_in = sum((place.area_sq_in for place in places), ZERO)
        stitches = [place.stitches or 0 for place in places]
        thousands = sum(map(begun_thousands, stitches))
        dark = self.dark_garment * len(places) if work.is_dark else ZERO
        rows = (
            ("base_price", "Base price", self.base_price),
            ("per_location", count_of(len(places), "location"), self.per_location * len(places)),
            ("per_colour", count_of(colours, "ink colour"), self.per_colour * colours),
            ("per_square_inch", f"{inches_text(area_sq_in)} sq in", self.per_square_inch * area_sq_in),
            ("per_1000_stitches", count_of(sum(stitches), "stitch", "stitches"),
             self.per_1000_stitches * thousands),
            ("dark_garment", "Dark garment", dark),
        )  # fmt: skip
        charges = [Charge(f"{self.pointer}/{rate}", text, amount) for rate, text, amount in rows if amount]
        pointer, multiplier = self.breaks.at(work.design_quantity)
        change = sum((charge.amount for charge in charges), ZERO) * (multiplier - 1)
        if change:
            text = f"{work.design_quantity} pieces: x {amount_text(multiplier)}"
            charges.append(Charge(f"{pointer}/multiplier", text, change))
        return charges

    def thresholds(self) -> set[int]:
        return self.breaks.starts()


def read_break(member: Member) -> tuple[int, Decimal]:
    given = member.fields(("from", "multiplier"))
    return given["from"].integer(minimum=1), given["multiplier"].amount(largest=Decimal(10))


@dataclass(frozen=True)
class AreaRate:
    """DTF: a rate per square inch of film, and the press of each location, times a quantity factor."""

    pointer: str
    per_square_inch: Decimal
    press: Decimal
    max_width_in: Decimal
    breaks: Steps[Decimal]

    @classmethod
    def read(cls, member: Member) -> AreaRate:
        given = member.fields(("kind", "per_square_inch", "press", "max_width_in", "breaks"))
        return cls(
            pointer=member.pointer,
            per_square_inch=given["per_square_inch"].amount(),
            press=given["press"].amount(),
            max_width_in=given["max_width_in"].length(),
            breaks=Steps.read(given["breaks"], read_break),
        )

    def charges(self, work: Work) -> list[Charge]:
        charges = []
        for index, placement in work.placements:
            check_size_given(index, placement)
            # The film comes off a roll: only the shorter side has to fit its width.
            if min(placement.width_in, placement.height_in) > self.max_width_in:
                roll = f"{inches_text(self.max_width_in)} in, the width of the film, on its shorter side"
                raise too_large(index, placement, roll)
            area = f"{inches_text(placement.area_sq_in)} sq in, {placement.placement}"
            amount = self.per_square_inch * placement.area_sq_in
            charges.append(Charge(f"{self.pointer}/per_square_inch", area, amount))
            charges.append(Charge(f"{self.pointer}/press", f"Press, {placement.placement}", self.press))
        pointer, multiplier = self.breaks.at(work.design_quantity)
        change = sum((charge.amount for charge in charges), ZERO) * (multiplier - 1)
        text = f"{work.design_quantity} pieces: x {amount_text(multiplier)}"
        charges.append(Charge(f"{pointer}/multiplier", text, change))
        return [charge for charge in charges if charge.amount]

    def thresholds(self) -> set[int]:
        return self.breaks.starts()
