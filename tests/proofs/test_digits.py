"""Digits that cover a range exactly."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkperf.proofs.digits import decompose, digits


@pytest.mark.parametrize("span", range(1, 70))
def test_digits_cover_exactly(span: int) -> None:
    weights = digits(span)
    sums = {
        sum(w * b for w, b in zip(weights, bits, strict=True))
        for bits in product((0, 1), repeat=len(weights))
    }
    assert sums == set(range(span + 1))
    assert weights == sorted(weights, reverse=True) and weights[-1] == 1


def test_no_digits_for_no_range() -> None:
    assert digits(0) == []


@given(st.data())
def test_every_value_has_digits(data: st.DataObject) -> None:
    span = data.draw(st.integers(1, 2**48 - 1))
    value = data.draw(st.integers(0, span))
    weights = digits(span)
    bits = decompose(value, weights)
    assert set(bits) <= {0, 1}
    assert sum(w * b for w, b in zip(weights, bits, strict=True)) == value
    assert len(weights) <= span.bit_length()
