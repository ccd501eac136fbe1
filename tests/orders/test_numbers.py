"""Order numbers: enough random bits, no look-alikes, never a UUID."""

import math
import re
import uuid

import pytest

from orders.numbers import _ALPHABET, _GROUP_LENGTH, _GROUPS, new_order_number


def test_shape_and_strength() -> None:
    numbers = {new_order_number() for _ in range(2000)}
    assert len(numbers) == 2000
    assert all(re.fullmatch(r"RB(-[2-9A-HJKMNP-TW-Z]{6}){3}", number) for number in numbers)
    assert _GROUPS * _GROUP_LENGTH * math.log2(len(_ALPHABET)) >= 80
    assert not set("01ILOUV") & set(_ALPHABET)


def test_a_number_is_never_taken_for_an_id() -> None:
    with pytest.raises(ValueError, match="UUID"):
        uuid.UUID(new_order_number())
