"""The kinds of decoration and what each charges. Pure."""

from __future__ import annotations

from collections.abc import Callable

from pricing.methods.base import Method, Work
from pricing.methods.grids import InkGrid, SizeBands, StitchGrid
from pricing.methods.rates import AreaRate, Formula, Included
from pricing.reading import Member, MemberInvalid

__all__ = [
    "AreaRate",
    "Formula",
    "Included",
    "InkGrid",
    "Method",
    "SizeBands",
    "StitchGrid",
    "Work",
    "read_method",
]

_KINDS: dict[str, Callable[[Member], Method]] = {
    "included": Included.read,
    "formula": Formula.read,
    "ink_grid": InkGrid.read,
    "size_bands": SizeBands.read,
    "stitch_grid": StitchGrid.read,
    "area": AreaRate.read,
}


def read_method(member: Member) -> Method:
    """The rules of a method of any kind. Raises MemberInvalid."""
    entries = member.entries()
    if "kind" not in entries:
        raise MemberInvalid(f"{member.pointer}/kind", "is missing")
    return _KINDS[entries["kind"].choice(_KINDS)](member)
