"""Decoration by tables: screen print by inks, DTG by size bands, embroidery by stitches. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.money import money_text
from pricing.lines import ZERO, Charge, NotPriceable, PlacementInput
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
from pricing.reading import Member, MemberInvalid


@dataclass(frozen=True)
class InkGrid:
    """Screen print: by row, the first ink colour and each further one; a screen per colour and location.

    A dark garment needs a white underbase, which is one more colour and one more screen.
    """

    pointer: str
    max_colours: int
    screen_fee: Decimal
    screen_fee_waived_from: int | None
    dark_underbase: bool
    rows: Steps[tuple[Decimal, Decimal]]

    @classmethod
    def read(cls, member: Member) -> InkGrid:
        given = member.fields(
            ("kind", "max_colours", "screen_fee", "dark_underbase", "rows"), ("screen_fee_waived_from",)
        )
        waived = given.get("screen_fee_waived_from")
        return cls(
            pointer=member.pointer,
            max_colours=given["max_colours"].integer(minimum=1),
            screen_fee=given["screen_fee"].amount(),
            screen_fee_waived_from=waived.integer(minimum=1) if waived else None,
            dark_underbase=given["dark_underbase"].flag(),
            rows=Steps.read(given["rows"], _ink_row),
        )

    def charges(self, work: Work) -> list[Charge]:
        pointer, (first, extra) = self.rows.at(work.design_quantity)
        has_underbase = work.is_dark and self.dark_underbase
        charges = []
        screens = 0
        for index, placement in work.placements:
            if not placement.ink_colours:
                message = "The number of ink colours must be known to price a screen print."
                raise NotPriceable("colours_required", message, f"/placements/{index}/ink_colours")
            check_colours(index, placement, self.max_colours, "ink")
            place, more = placement.placement, placement.ink_colours - 1
            charges.append(Charge(f"{pointer}/first", f"First ink colour, {place}", first))
            if more:
                text = f"{count_of(more, 'further ink colour')}, {place}"
                charges.append(Charge(f"{pointer}/extra", text, extra * more))
            if has_underbase:
                text = f"White underbase for a dark garment, {place}"
                charges.append(Charge(f"{self.pointer}/dark_underbase", text, extra))
            screens += placement.ink_colours + has_underbase
        waived = self.screen_fee_waived_from
        if self.screen_fee and (waived is None or work.design_quantity < waived):
            text = f"{count_of(screens, 'screen')} at {money_text(self.screen_fee)}"
            charges.append(Charge(f"{self.pointer}/screen_fee", text, self.screen_fee * screens, "order"))
        return charges

    def thresholds(self) -> set[int]:
        return self.rows.starts() | ({self.screen_fee_waived_from} if self.screen_fee_waived_from else set())


def _ink_row(member: Member) -> tuple[int, tuple[Decimal, Decimal]]:
    given = member.fields(("from", "first", "extra"))
    return given["from"].integer(minimum=1), (given["first"].amount(), given["extra"].amount())


@dataclass(frozen=True)
class SizeBands:
    """DTG: by row, one price per size band, on dark and on light garments. Bands rise from small to large."""

    bands: tuple[tuple[Decimal, Decimal], ...]  # largest width and height, in inches
    rows: Steps[dict[str, tuple[Decimal, ...]]]

    @classmethod
    def read(cls, member: Member) -> SizeBands:
        given = member.fields(("kind", "bands", "rows"))
        bands = tuple(_band(item) for item in given["bands"].items())
        for index in range(1, len(bands)):
            if bands[index][0] < bands[index - 1][0] or bands[index][1] < bands[index - 1][1]:
                raise MemberInvalid(f"{member.pointer}/bands/{index}", "must not be below the band before")
        return cls(bands, Steps.read(given["rows"], lambda row: _band_row(row, len(bands))))

    def charges(self, work: Work) -> list[Charge]:
        pointer, prices = self.rows.at(work.design_quantity)
        cloth = "dark" if work.is_dark else "light"
        charges = []
        for index, placement in work.placements:
            band = self._band_of(index, placement)
            width, height = map(inches_text, self.bands[band])
            text = f"Print up to {width} x {height} in on a {cloth} garment, {placement.placement}"
            charges.append(Charge(f"{pointer}/{cloth}/{band}", text, prices[cloth][band]))
        return charges

    def _band_of(self, index: int, placement: PlacementInput) -> int:
        check_size_given(index, placement)
        for number, (width, height) in enumerate(self.bands):
            if placement.width_in <= width and placement.height_in <= height:
                return number
        width, height = self.bands[-1]
        raise too_large(
            index, placement, f"{inches_text(width)} x {inches_text(height)} in, the largest that we print"
        )

    def thresholds(self) -> set[int]:
        return self.rows.starts()


def _band(member: Member) -> tuple[Decimal, Decimal]:
    given = member.fields(("width_in", "height_in"))
    return given["width_in"].length(), given["height_in"].length()


def _band_row(member: Member, bands: int) -> tuple[int, dict[str, tuple[Decimal, ...]]]:
    given = member.fields(("from", "dark", "light"))
    prices = {cloth: _prices(given[cloth], bands) for cloth in ("dark", "light")}
    return given["from"].integer(minimum=1), prices


def _prices(member: Member, columns: int) -> tuple[Decimal, ...]:
    items = member.items()
    if len(items) != columns:
        raise MemberInvalid(member.pointer, f"must have one price for each of the {columns} bands")
    return tuple(item.amount() for item in items)


@dataclass(frozen=True)
class StitchGrid:
    """Embroidery: by row, one price per band of stitches; beyond the last band, more per begun 1,000 stitches.

    Digitising turns the artwork into stitches; it is paid once per design and location.
    """

    pointer: str
    bands: tuple[int, ...]  # most stitches, rising
    per_extra_1000: Decimal
    digitising_fee: Decimal
    digitising_per_extra_1000: Decimal
    max_colours: int | None
    rows: Steps[tuple[Decimal, ...]]

    @classmethod
    def read(cls, member: Member) -> StitchGrid:
        given = member.fields(
            ("kind", "bands", "per_extra_1000", "digitising_fee", "rows"),
            ("digitising_per_extra_1000", "max_colours"),
        )
        bands = tuple(item.integer(minimum=1) for item in given["bands"].items())
        for index in range(1, len(bands)):
            if bands[index] <= bands[index - 1]:
                raise MemberInvalid(f"{member.pointer}/bands/{index}", "must be above the band before")
        extra = given.get("digitising_per_extra_1000")
        return cls(
            pointer=member.pointer,
            bands=bands,
            per_extra_1000=given["per_extra_1000"].amount(),
            digitising_fee=given["digitising_fee"].amount(),
            digitising_per_extra_1000=extra.amount() if extra else ZERO,
            max_colours=given["max_colours"].integer(minimum=1) if "max_colours" in given else None,
            rows=Steps.read(given["rows"], lambda row: _stitch_row(row, len(bands))),
        )

    def charges(self, work: Work) -> list[Charge]:
        pointer, prices = self.rows.at(work.design_quantity)
        charges = []
        for index, placement in work.placements:
            check_colours(index, placement, self.max_colours, "thread")
            stitches = _stitches(index, placement)
            band = next((n for n, most in enumerate(self.bands) if stitches <= most), len(self.bands) - 1)
            text = f"{stitches:,} stitches, {placement.placement}"
            charges.append(Charge(f"{pointer}/prices/{band}", text, prices[band]))
            beyond = begun_thousands(max(0, stitches - self.bands[-1]))
            charges += self._beyond(beyond, placement)
        return [charge for charge in charges if charge.amount]

    def _beyond(self, thousands: int, placement: PlacementInput) -> list[Charge]:
        """What the stitches beyond the last band add, and the digitising."""
        fee = self.digitising_fee
        rule = f"{self.pointer}/digitising_fee"
        charges = [Charge(rule, f"Digitising, {placement.placement}", fee, "order")]
        if thousands:
            text = f"{thousands} x 1,000 stitches beyond {self.bands[-1]:,}, {placement.placement}"
            more, digitising = self.per_extra_1000 * thousands, self.digitising_per_extra_1000 * thousands
            charges.append(Charge(f"{self.pointer}/per_extra_1000", text, more))
            rule = f"{self.pointer}/digitising_per_extra_1000"
            charges.append(Charge(rule, f"Digitising: {text}", digitising, "order"))
        return charges

    def thresholds(self) -> set[int]:
        return self.rows.starts()


def _stitch_row(member: Member, bands: int) -> tuple[int, tuple[Decimal, ...]]:
    given = member.fields(("from", "prices"))
    return given["from"].integer(minimum=1), _prices(given["prices"], bands)


def _stitches(index: int, placement: PlacementInput) -> int:
    if not placement.stitches:
        message = "The number of stitches must be known to price embroidery."
        raise NotPriceable("stitches_required", message, f"/placements/{index}/stitches")
    return placement.stitches
