"""A careful reader of stored JSON: every value knows where it stands, and what is not expected is refused. Pure.

Amounts are strings such as "5.00": a JSON number would pass through a float on its way here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

_AMOUNT = re.compile(r"\d{1,7}(?:\.(\d+))?", re.ASCII)
_LARGEST_INTEGER = 10_000_000
_Choice = TypeVar("_Choice", bound=str)


class MemberInvalid(ValueError):
    """A value that cannot be read; `pointer` is its JSON pointer (RFC 6901)."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message


def pointer_key(key: str) -> str:
    """A key as a JSON pointer spells it."""
    return key.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True)
class Member:
    """One value of a JSON document and its pointer. Every reading method raises MemberInvalid."""

    value: object
    pointer: str = ""

    def entries(self) -> dict[str, Member]:
        """The members of an object with free keys."""
        if not isinstance(self.value, Mapping):
            raise MemberInvalid(self.pointer, "must be an object")
        for key in self.value:
            if not isinstance(key, str) or not key:
                raise MemberInvalid(self.pointer, f"{key!r} is not a name")
        return {key: Member(value, self._below(key)) for key, value in self.value.items()}

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Member]:
        """The members of an object that has these fields, all of the required, and no others."""
        entries = self.entries()
        for name, member in entries.items():
            if name not in required and name not in optional:
                raise MemberInvalid(member.pointer, "is not known here")
        for name in required:
            if name not in entries:
                raise MemberInvalid(self._below(name), "is missing")
        return entries

    def items(self) -> tuple[Member, ...]:
        """The elements of a list that is not empty."""
        if not isinstance(self.value, list | tuple) or not self.value:
            raise MemberInvalid(self.pointer, "must be a list with at least one element")
        return tuple(Member(value, f"{self.pointer}/{index}") for index, value in enumerate(self.value))

    def amount(self, *, largest: Decimal | None = None, decimals: int = 6) -> Decimal:
        """A number that is not negative, written as a string."""
        match = _AMOUNT.fullmatch(self.value) if isinstance(self.value, str) else None
        if match is None or len(match.group(1) or "") > decimals:
            message = f'must be a string such as "5.00", at most {decimals} decimals, and is {self.value!r}'
            raise MemberInvalid(self.pointer, message)
        amount = Decimal(match.group())
        if largest is not None and amount > largest:
            raise MemberInvalid(self.pointer, f"must not be above {largest}")
        return amount

    def length(self) -> Decimal:
        """An amount above zero."""
        length = self.amount()
        if not length:
            raise MemberInvalid(self.pointer, "must be above 0")
        return length

    def integer(self, *, minimum: int) -> int:
        is_integer = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not is_integer or not minimum <= int(str(self.value)) <= _LARGEST_INTEGER:
            raise MemberInvalid(self.pointer, f"must be a whole number from {minimum} on")
        return int(str(self.value))

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise MemberInvalid(self.pointer, "must be true or false")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise MemberInvalid(self.pointer, "must be a text")
        return self.value

    def choice(self, choices: Collection[_Choice]) -> _Choice:
        for choice in choices:
            if self.value == choice:
                return choice
        raise MemberInvalid(self.pointer, f"must be one of {', '.join(sorted(choices))}")

    def _below(self, key: str) -> str:
        return f"{self.pointer}/{pointer_key(key)}"
