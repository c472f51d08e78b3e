"""Integers as sums of bits with weights that cover a range exactly."""

from __future__ import annotations

from collections.abc import Sequence


def digits(span: int) -> list[int]:
    """Weights of which the sums of subsets are exactly 0 … span: 1, 2, 4, … and a remainder; descending.

    >>> digits(10)
    [4, 3, 2, 1]
    """
    powers = [2**k for k in range((span + 1).bit_length() - 1)]
    rest = span - sum(powers)
    return sorted([*powers, rest] if rest else powers, reverse=True)


def decompose(value: int, weights: Sequence[int]) -> list[int]:
    """Bits with Σ weight·bit = value, for weights from `digits`."""
    bits = []
    for weight in weights:
        bits.append(int(value >= weight))
        value -= weight * bits[-1]
    return bits
