"""Linear forms in committed values: Σ coefficient·value + constant, with what is known of their size.

A form is about commitments by their place in a list, so that prover and verifier write down the same one:
the prover evaluates it at values and blindings, the verifier at commitments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zkperf.groups.base import Group

LARGEST = 2**127
"""Bounds of a form lie below this, so that nothing that is added up wraps around modulo the group's order."""


@dataclass(frozen=True)
class Form:
    """Σ coefficient·value[index] + constant. ``low`` and ``high`` bound it; None where nothing is known.

    ValueError for a bound of 2^127 or more in absolute value.
    """

    terms: tuple[tuple[int, int], ...]
    """(index, coefficient), ascending by index, no coefficient 0."""
    constant: int
    low: int | None
    high: int | None

    def __post_init__(self) -> None:
        if any(abs(bound) >= LARGEST for bound in (self.low, self.high, self.constant) if bound is not None):
            raise ValueError("a form overflows: what it adds up may reach 2^127")

    @staticmethod
    def of(constant: int) -> Form:
        """A public number."""
        return Form((), constant, constant, constant)

    def __add__(self, other: Form | int) -> Form:
        if isinstance(other, int):
            other = Form.of(other)
        merged = dict(self.terms)
        for index, coefficient in other.terms:
            merged[index] = merged.get(index, 0) + coefficient
        return Form(
            _terms(merged),
            self.constant + other.constant,
            _both(self.low, other.low, int.__add__),
            _both(self.high, other.high, int.__add__),
        )

    def __mul__(self, factor: int) -> Form:
        low, high = (self.low, self.high) if factor >= 0 else (self.high, self.low)
        return Form(
            _terms({index: factor * coefficient for index, coefficient in self.terms}),
            factor * self.constant,
            None if low is None else factor * low,
            None if high is None else factor * high,
        )

    def __neg__(self) -> Form:
        return self * -1

    def __sub__(self, other: Form | int) -> Form:
        return self + (-other)

    def __radd__(self, other: int) -> Form:
        return self + other

    def __rsub__(self, other: int) -> Form:
        return -self + other

    __rmul__ = __mul__

    def within(self, low: int | None, high: int | None) -> Form:
        """The same form, of which these bounds have been proved."""
        return Form(self.terms, self.constant, low, high)

    def value(self, values: Sequence[int]) -> int:
        """What the form is for these values."""
        return self.constant + sum(coefficient * values[index] for index, coefficient in self.terms)

    def blinding(self, blindings: Sequence[int]) -> int:
        """The blinding of the form's commitment. Not reduced."""
        return sum(coefficient * blindings[index] for index, coefficient in self.terms)

    def commitment(self, group: Group, commitments: Sequence[Any], generator: Any) -> Any:
        """Σ coefficient·V_index + constant·G."""
        scalars = [coefficient % group.order for _, coefficient in self.terms]
        elements = [commitments[index] for index, _ in self.terms]
        return group.msm_public([*scalars, self.constant % group.order], [*elements, generator])

    def to_plain(self) -> list[Any]:
        """[[[index, coefficient], …], constant] for transcripts; integers as text: they may be long."""
        return [[[index, str(coefficient)] for index, coefficient in self.terms], str(self.constant)]


def _terms(coefficients: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((index, factor) for index, factor in coefficients.items() if factor))


def _both(left: int | None, right: int | None, combine: Callable[[int, int], int]) -> int | None:
    return None if left is None or right is None else combine(left, right)
