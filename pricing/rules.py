"""A price book: the rules of one version as typed values, parsed once from the stored JSON. Pure, no float.

`pricing.books` explains the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pricing.lines import ZERO
from pricing.methods import Method, read_method
from pricing.reading import Member, MemberInvalid

Rounding = Literal["unit", "line"]
ANY_PRODUCT = "*"
_CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)
_DEFAULT_GARMENT = "Garment"
_OPTIONAL = ("minimum_quantity", "garment", "second_side", "neck_label", "shipping", "quantity_discounts")


class RulesInvalid(MemberInvalid):
    """Rules that cannot be read. `pointer` and `message` are those of the first error, `errors` has all of them."""

    def __init__(self, errors: Sequence[MemberInvalid]) -> None:
        super().__init__(errors[0].pointer, errors[0].message)
        self.errors = tuple((error.pointer, error.message) for error in errors)

    def __str__(self) -> str:
        return "; ".join(f"{pointer or '/'}: {message}" for pointer, message in self.errors)


@dataclass(frozen=True)
class QuantityDiscount:
    """A percentage off the whole line, set-up apart, from `start` pieces of the design on."""

    start: int
    percent: Decimal
    pointer: str

    @classmethod
    def read(cls, member: Member) -> QuantityDiscount:
        given = member.fields(("from", "percent"))
        percent = given["percent"].amount(largest=Decimal(100))
        return cls(given["from"].integer(minimum=1), percent, member.pointer)


@dataclass(frozen=True)
class Book:
    """One version of a price book.

    `included_print` is the part of a garment's list price that pays for a first printed side; a book that charges
    every print by itself takes it off. `rounding` says where a line is rounded, once: the price of a piece (`unit`)
    or the whole line (`line`).
    """

    code: str
    version: int
    currency: str
    rounding: Rounding
    minimum_quantity: int
    garment: str
    included_print: Decimal
    size_upcharge: Mapping[str, Decimal]  # by size
    second_side: Decimal
    neck_label: Mapping[str, Decimal]  # by product slug; ANY_PRODUCT for those that are not named
    shipping: Mapping[str, Decimal]  # by country
    quantity_discounts: tuple[QuantityDiscount, ...]
    methods: Mapping[str, Method]

    @classmethod
    def parse(cls, code: str, version: int, rules: Mapping[str, Any]) -> Book:
        """Raises RulesInvalid with the pointer of every part that cannot be read."""
        try:
            given = Member(rules).fields(("currency", "rounding", "methods"), _OPTIONAL)
            entries = given["methods"].entries()
        except MemberInvalid as error:
            raise RulesInvalid([error]) from error
        errors: list[MemberInvalid] = []
        parts: dict[str, Any] = {}
        for name, read in _READERS.items():
            try:
                parts[name] = read(given.get(name))
            except MemberInvalid as error:
                errors.append(error)
        methods = _methods(entries, errors)
        if errors:
            raise RulesInvalid(errors)
        garment, included_print, size_upcharge = parts.pop("garment")
        return cls(
            code=code,
            version=version,
            garment=garment,
            included_print=included_print,
            size_upcharge=size_upcharge,
            methods=methods,
            **parts,
        )

    @property
    def cite(self) -> str:
        return f"{self.code}@{self.version}"

    def neck_label_of(self, product_slug: str) -> tuple[str, Decimal]:
        """What a neck label costs on a product, and the key of the rule that says so."""
        key = product_slug if product_slug in self.neck_label else ANY_PRODUCT
        return key, self.neck_label.get(key, ZERO)

    def discount_at(self, quantity: int) -> QuantityDiscount | None:
        reached = [discount for discount in self.quantity_discounts if discount.start <= quantity]
        return reached[-1] if reached else None

    def thresholds(self, methods: Collection[str]) -> list[int]:
        """The quantities of a design, rising, at which something changes for lines of these methods."""
        starts = {self.minimum_quantity} | {discount.start for discount in self.quantity_discounts}
        for name in methods:
            if name in self.methods:
                starts |= self.methods[name].thresholds()
        return sorted(starts)


def _methods(entries: Mapping[str, Member], errors: list[MemberInvalid]) -> dict[str, Method]:
    """Every method that can be read; what is wrong with the others is added to `errors`."""
    methods = {}
    for name, member in entries.items():
        try:
            methods[name] = read_method(member)
        except MemberInvalid as error:
            errors.append(error)
    return methods


def _currency(member: Member | None) -> str:
    text = member.text() if member else ""
    if member and not _CURRENCY.fullmatch(text):
        raise MemberInvalid(member.pointer, 'must be a currency such as "usd"')
    return text


def _amounts(member: Member | None) -> dict[str, Decimal]:
    return {key: amount.amount() for key, amount in member.entries().items()} if member else {}


def _garment(member: Member | None) -> tuple[str, Decimal, dict[str, Decimal]]:
    given = member.fields((), ("description", "included_print", "size_upcharge")) if member else {}
    description = given["description"].text() if "description" in given else _DEFAULT_GARMENT
    included = given["included_print"].amount() if "included_print" in given else ZERO
    return description, included, _amounts(given.get("size_upcharge"))


def _discounts(member: Member | None) -> tuple[QuantityDiscount, ...]:
    discounts = [QuantityDiscount.read(item) for item in member.items()] if member else []
    for before, after in zip(discounts, discounts[1:], strict=False):
        if after.start <= before.start:
            raise MemberInvalid(f"{after.pointer}/from", "must be above the discount before")
    return tuple(discounts)


_ROUNDINGS: tuple[Rounding, ...] = ("unit", "line")
_READERS: dict[str, Any] = {
    "currency": _currency,
    "rounding": lambda member: member.choice(_ROUNDINGS),
    "minimum_quantity": lambda member: member.integer(minimum=1) if member else 1,
    "garment": _garment,
    "second_side": lambda member: member.amount() if member else ZERO,
    "neck_label": _amounts,
    "shipping": _amounts,
    "quantity_discounts": _discounts,
}
