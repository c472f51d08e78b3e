"""Bits with public linear rules: L·b = c, and what is disclosed of them: w_q = M_q·b.

A `System` is filled question by question, and `reduce` brings L into its reduced echelon form, in
which every rule gives one bit, the pivot, as a function of bits that are not pivots. Everything is
small integers, so the result is the same for every group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[tuple[int, int], ...]
"""A sparse row of L or M: (bit, coefficient), ascending by bit, no coefficient 0."""


@dataclass(frozen=True)
class Rule:
    """b[pivot] = constant + Σ coefficient·b[bit]: a row of the reduced echelon form, solved for its pivot."""

    pivot: int
    constant: int
    terms: Row


@dataclass
class System:
    """Bits, rules and disclosed slots while they are being collected.

    Commitment 0 is the main one; `commitment` adds others.
    """

    size: int = 0
    rules: list[tuple[dict[int, int], int]] = field(default_factory=list)
    commitments: list[list[Row]] = field(default_factory=lambda: [[]])

    def bits(self, count: int) -> range:
        """The numbers of ``count`` new bits."""
        self.size += count
        return range(self.size - count, self.size)

    def rule(self, terms: Mapping[int, int], constant: int) -> None:
        """The rule Σ coefficient·b[bit] = constant."""
        self.rules.append((dict(terms), constant))

    def slot(self, terms: Mapping[int, int], commitment: int = 0) -> int:
        """The number, within its commitment, of a new slot that discloses Σ coefficient·b[bit]."""
        self.commitments[commitment].append(_row(terms))
        return len(self.commitments[commitment]) - 1

    def commitment(self) -> int:
        """The number of a new commitment, opened on its own."""
        self.commitments.append([])
        return len(self.commitments) - 1

    def disclosed_bits(self) -> frozenset[int]:
        """The bits that are unit rows of some M_q: a slot of their own."""
        rows = (row for rows in self.commitments for row in rows)
        return frozenset(row[0][0] for row in rows if len(row) == 1 and row[0][1] == 1)


def _row(terms: Mapping[int, int]) -> Row:
    return tuple(sorted((bit, coefficient) for bit, coefficient in terms.items() if coefficient))


def reduce(system: System) -> tuple[Rule, ...]:
    """The rules in reduced echelon form, by pivot.

    Rules are taken in order; each gets as pivot the rightmost bit with coefficient 1 or -1 that is not
    disclosed, or else the rightmost disclosed one. Raises ValueError for a rule without such a bit, or
    one that follows from the others: neither occurs in a compiled questionnaire.
    """
    disclosed = system.disclosed_bits()
    solved: dict[int, tuple[dict[int, int], int]] = {}  # pivot -> (terms without it, constant), as in Rule
    for terms, constant in system.rules:
        row, constant = _substitute(terms, -constant, solved)  # Σ row + constant = 0
        candidates = [bit for bit, coefficient in row.items() if abs(coefficient) == 1]
        if not candidates:
            raise ValueError("a rule that leaves no bit to solve for")
        pivot = max(candidates, key=lambda bit: (bit not in disclosed, bit))
        sign = -row.pop(pivot)
        new = ({bit: sign * coefficient for bit, coefficient in row.items()}, sign * constant)
        solved = {p: _substitute(*rule, {pivot: new}) for p, rule in solved.items()} | {pivot: new}
    return tuple(Rule(pivot, constant, _row(terms)) for pivot, (terms, constant) in sorted(solved.items()))


def _substitute(
    terms: Mapping[int, int], constant: int, solved: Mapping[int, tuple[dict[int, int], int]]
) -> tuple[dict[int, int], int]:
    """Σ terms + constant with each pivot replaced by what it equals."""
    result: dict[int, int] = {}
    for bit, coefficient in terms.items():
        replacement, shift = solved.get(bit, ({bit: 1}, 0))
        constant += coefficient * shift
        for other, factor in replacement.items():
            result[other] = result.get(other, 0) + coefficient * factor
    return {bit: coefficient for bit, coefficient in result.items() if coefficient}, constant


def apply(rows: Sequence[Row], vector: Sequence[int]) -> list[int]:
    """M·v for sparse rows; not reduced."""
    return [sum(coefficient * vector[bit] for bit, coefficient in row) for row in rows]
