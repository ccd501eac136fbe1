"""Equal values have one hash, whatever order they were written in."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from common.canonical import canonical_hash, canonical_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_spelling() -> None:
    value = {"b": [1, Decimal("2.50")], "a": UUID(int=1), "ü": None}
    assert canonical_json(value) == ('{"a":"00000000-0000-0000-0000-000000000001","b":[1,"2.50"],"ü":null}')


@given(st.dictionaries(st.text(), values, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_hash(value) == canonical_hash(backwards)


@given(values, values)
def test_different_spellings_have_different_hashes(first: object, second: object) -> None:
    same = canonical_json(first) == canonical_json(second)
    assert (canonical_hash(first) == canonical_hash(second)) is same
    assert len(canonical_hash(first)) == 64
