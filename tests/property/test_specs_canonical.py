"""Both encoders of the canonical form write the same bytes."""

from __future__ import annotations

import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from taskstore_specs import encode_canonical
from taskstore_specs.limits import INTEGER

texts = st.text(st.characters(exclude_categories=["Cs"]))
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: not value.is_integer() or abs(value) >= 1e21
)
scalars = st.none() | st.booleans() | st.integers(-INTEGER, INTEGER) | texts | floats
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values)
def test_it_is_rfc_8785(value: object) -> None:
    assert encode_canonical(value) == rfc8785.dumps(value)


@given(values)
def test_it_is_a_fixed_point(value: object) -> None:
    canonical = encode_canonical(value)
    assert encode_canonical(json.loads(canonical)) == canonical


@given(st.dictionaries(st.text("\u007f\uffff\ue000\U00010000\U0010ffffa"), st.integers(0, 9)))
def test_keys_are_sorted_by_utf_16_code_units(value: dict[str, int]) -> None:
    keys = list(json.loads(encode_canonical(value)))
    assert keys == sorted(keys, key=lambda key: key.encode("utf-16-be"))
