"""The price engine. Pure: (book, line) -> itemised breakdown in Decimal.

Full precision inside and one rounding per line, half up to cents: of the price of a piece, or of the whole line, as the
book says. Whatever the rounding takes or gives is a charge of its own, so that the charges always add up to the total.
Every charge cites the rule it comes from and the version of its book.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from common.money import CENT, round_to_cents
from pricing.lines import (
    ZERO,
    Breakdown,
    Charge,
    LineInput,
    NextBreak,
    NotPriceable,
    PlacementInput,
    amount_text,
)
from pricing.methods import Work
from pricing.reading import pointer_key
from pricing.rules import Book, QuantityDiscount

__all__ = [
    "Breakdown",
    "Charge",
    "LineInput",
    "MethodComparison",
    "NextBreak",
    "NotPriceable",
    "PlacementInput",
    "break_even",
    "compare_methods",
    "net_unit_price",
    "price",
]


@dataclass(frozen=True)
class _Parts:
    """What a line is made of: `piece` charges for each garment, `design` charges once for the whole design."""

    piece: tuple[Charge, ...]
    design: tuple[Charge, ...]
    discount: QuantityDiscount | None

    @property
    def unit(self) -> Decimal:
        return sum((charge.amount for charge in self.piece), ZERO)

    @property
    def net_unit(self) -> Decimal:
        """A piece after the quantity discount, without set-up."""
        return self.unit * (1 - self.discount.percent / 100) if self.discount else self.unit


@dataclass(frozen=True)
class _Sums:
    """The amounts of a line in whole cents, and what its rounding took or gave."""

    unit_price: Decimal
    setup: tuple[Decimal, ...]  # the line's share of each design charge
    discount: Decimal
    total: Decimal
    unit_rounding: Decimal
    line_rounding: Decimal


def price(book: Book, line: LineInput) -> Breakdown:
    """What a line costs and why. Raises NotPriceable."""
    parts = _parts(book, line)
    sums = _sums(book, parts, line)
    return Breakdown(
        charges=_charges(book, parts, sums, line),
        unit_price=sums.unit_price,
        quantity=line.quantity,
        setup_total=sum(sums.setup, ZERO),
        discount=sums.discount,
        total=sums.total,
        book=book.cite,
        next_break=_next_break(book, line, parts),
    )


def net_unit_price(book: Book, line: LineInput) -> Decimal:
    """What a piece costs at full precision, after quantity breaks and discount, without set-up.

    This is the price that more pieces must not raise. Raises NotPriceable.
    """
    return _parts(book, line).net_unit


def _parts(book: Book, line: LineInput) -> _Parts:
    if line.design_quantity < book.minimum_quantity:
        message = f"At least {book.minimum_quantity} pieces are needed, and these are {line.design_quantity}."
        raise NotPriceable("below_minimum_quantity", message, "/design_quantity")
    charges = [*_garment_charges(book, line), *_decoration_charges(book, line), *_extra_charges(book, line)]
    return _Parts(
        piece=tuple(charge for charge in charges if charge.per == "piece"),
        design=tuple(charge for charge in charges if charge.per == "order"),
        discount=book.discount_at(line.design_quantity),
    )


def _garment_charges(book: Book, line: LineInput) -> list[Charge]:
    charges = [Charge(f"{book.cite}/garment", book.garment, line.base_price)]
    included = min(book.included_print, line.base_price)
    if included:
        text = "Less the print that the list price includes"
        charges.append(Charge(f"{book.cite}/garment/included_print", text, -included))
    upcharge = book.size_upcharge.get(line.size, ZERO)
    if upcharge:
        rule = f"{book.cite}/garment/size_upcharge/{pointer_key(line.size)}"
        charges.append(Charge(rule, f"Size {line.size}", upcharge))
    return charges


def _decoration_charges(book: Book, line: LineInput) -> list[Charge]:
    """Each method's charges for its placements, in an order that does not depend on theirs."""
    charges = []
    indexed = sorted(enumerate(line.placements), key=lambda pair: _order(pair[1]))
    for name in sorted({placement.method for placement in line.placements}):
        placements = tuple(pair for pair in indexed if pair[1].method == name)
        if name not in book.methods:
            message = f"The price book {book.cite} has no price for {name!r}."
            raise NotPriceable("method_not_priced", message, f"/placements/{placements[0][0]}/method")
        work = Work(placements, line.is_dark, line.design_quantity)
        for charge in book.methods[name].charges(work):
            charges.append(replace(charge, rule=book.cite + charge.rule))
    return charges


def _order(placement: PlacementInput) -> tuple[str, int, Decimal, Decimal, int]:
    return (
        placement.placement,
        placement.ink_colours,
        placement.width_in,
        placement.height_in,
        placement.stitches or 0,
    )


def _extra_charges(book: Book, line: LineInput) -> list[Charge]:
    charges = []
    more_sides = len({placement.placement for placement in line.placements}) - 1
    if more_sides > 0 and book.second_side:
        text = "Second printed side" if more_sides == 1 else f"{more_sides} further printed sides"
        charges.append(Charge(f"{book.cite}/second_side", text, book.second_side * more_sides))
    key, neck_label = book.neck_label_of(line.product_slug)
    if line.has_neck_label and neck_label:
        charges.append(Charge(f"{book.cite}/neck_label/{pointer_key(key)}", "Neck label", neck_label))
    return charges


def _sums(book: Book, parts: _Parts, line: LineInput) -> _Sums:
    """Rounds once: the price of a piece, or the goods of the whole line.

    Set-up belongs to the design, so that a line bears its share of it by pieces, in whole cents.
    """
    exact = parts.unit
    unit_price = round_to_cents(exact)
    piece = unit_price if book.rounding == "unit" else exact
    exact_goods = piece * line.quantity
    goods = round_to_cents(exact_goods)
    percent = parts.discount.percent if parts.discount else ZERO
    net_goods = round_to_cents(exact_goods - exact_goods * percent / 100)
    setup = tuple(
        round_to_cents(charge.amount * line.quantity / line.design_quantity) for charge in parts.design
    )
    return _Sums(
        unit_price=unit_price,
        setup=setup,
        discount=goods - net_goods,
        total=net_goods + sum(setup, ZERO),
        unit_rounding=piece - exact,
        line_rounding=goods - exact_goods,
    )


def _charges(book: Book, parts: _Parts, sums: _Sums, line: LineInput) -> tuple[Charge, ...]:
    charges = list(parts.piece)
    if sums.unit_rounding:
        charges.append(Charge(f"{book.cite}/rounding", "Rounded to cents", sums.unit_rounding))
    shared = "" if line.quantity == line.design_quantity else f" ({line.quantity} of {line.design_quantity})"
    for charge, share in zip(parts.design, sums.setup, strict=True):
        charges.append(replace(charge, amount=share, description=charge.description + shared))
    if sums.line_rounding:
        charges.append(Charge(f"{book.cite}/rounding", "Rounded to cents", sums.line_rounding, "order"))
    if parts.discount and sums.discount:
        percent = amount_text(parts.discount.percent)
        text = f"{percent} % off from {parts.discount.start} pieces on"
        rule = book.cite + parts.discount.pointer
        charges.append(Charge(rule, text, -sums.discount, "order"))
    return tuple(charges)


def _next_break(book: Book, line: LineInput, parts: _Parts) -> NextBreak | None:
    for quantity in book.thresholds({placement.method for placement in line.placements}):
        if quantity > line.design_quantity:
            saves = round_to_cents(parts.net_unit - net_unit_price(book, _of_design(line, quantity)))
            if saves > 0:
                return NextBreak(quantity, saves)
    return None


def _of_design(line: LineInput, design_quantity: int) -> LineInput:
    """The same line as part of a design of another size."""
    return replace(line, quantity=min(line.quantity, design_quantity), design_quantity=design_quantity)


@dataclass(frozen=True)
class MethodComparison:
    """What a line would cost by another method. Not `allowed`: no amounts, and `reason` says why."""

    method: str
    total: Decimal | None
    unit_price: Decimal | None
    allowed: bool
    reason: str


def compare_methods(book: Book, line: LineInput, methods: Sequence[str]) -> list[MethodComparison]:
    """The same look in each of `methods`, in their order. The unit price is before discount and without set-up."""
    return [_comparison(book, line, method) for method in methods]


def _comparison(book: Book, line: LineInput, method: str) -> MethodComparison:
    other = _by(line, method)
    try:
        sums = _sums(book, _parts(book, other), other)
    except NotPriceable as error:
        return MethodComparison(method, None, None, False, error.message)
    return MethodComparison(method, sums.total, sums.unit_price, True, "")


def _by(line: LineInput, method: str) -> LineInput:
    return replace(line, placements=tuple(replace(p, method=method) for p in line.placements))


def break_even(book: Book, line: LineInput, method_a: str, method_b: str, up_to: int = 2000) -> int | None:
    """The smallest number of pieces of the whole design, at most `up_to`, at which b costs less than a.

    None where it never does. Quantities that one of the two is not done for do not count.
    """
    starts = [start for start in book.thresholds({method_a, method_b}) if 1 < start <= up_to]
    for first, after in zip([1, *starts], [*starts, up_to + 1], strict=True):
        totals = [_totals(book, _by(line, method), first) for method in (method_a, method_b)]
        if all(totals):
            by_a, by_b = (known for known in totals if known)
            candidates = _near_crossing(by_a, by_b, range(first, after))
            found = next((q for q in candidates if by_b.at(q) < by_a.at(q)), None)
            if found:
                return found
    return None


@dataclass(frozen=True)
class _Totals:
    """The totals of a design between two thresholds, where they are a straight line but for the last rounding."""

    net_piece: Decimal
    setup: Decimal

    def exact(self, quantity: int) -> Decimal:
        return self.net_piece * quantity + self.setup

    def at(self, quantity: int) -> Decimal:
        return round_to_cents(self.net_piece * quantity) + self.setup


def _near_crossing(a: _Totals, b: _Totals, quantities: range) -> range:
    """The part of `quantities` from where b may be cheaper: where it costs at most a cent more, exactly.

    Two roundings move a difference by at most a cent, and it changes at the same rate everywhere.
    """
    first, last = quantities[0], quantities[-1]
    difference = a.exact(first) - b.exact(first)
    if difference > -CENT:
        return quantities
    if a.exact(last) - b.exact(last) <= -CENT:
        return quantities[:0]
    rate = a.net_piece - b.net_piece  # above zero: the difference has grown
    return range(first + int((-CENT - difference) / rate), last + 1)


def _totals(book: Book, line: LineInput, quantity: int) -> _Totals | None:
    try:
        parts = _parts(book, replace(line, quantity=quantity, design_quantity=quantity))
    except NotPriceable:
        return None
    piece = round_to_cents(parts.unit) if book.rounding == "unit" else parts.unit
    percent = parts.discount.percent if parts.discount else ZERO
    setup = sum((round_to_cents(charge.amount) for charge in parts.design), ZERO)
    return _Totals(piece - piece * percent / 100, setup)
