"""Many equations checked by one: a random linear combination, and splitting to find the culprits.

Equations Σ s_i·P_i = 0 are added up, each with a fresh random weight from [1, 2^128). If all hold, the
sum holds. If one does not, then for at most one value of its weight (the others fixed) the sum holds:
a batch is wrongly accepted with probability below 2^-127. Weights are drawn after the equations are
fixed, so the same ones may serve for parts of the batch too.
Source: Bellare, Garay, Rabin, "Fast batch verification" (EUROCRYPT 1998), the small exponents test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from zkperf.errors import InvalidProof
from zkperf.groups.base import Group
from zkperf.randomness import RandomBytes, system, uniform_nonzero

WEIGHT_BOUND = 2**128


class Equation(NamedTuple):
    """The claim Σ scalars[i]·elements[i] = 0. ``name`` says what is claimed, for error messages.

    Scalars need not be reduced. A generator that occurs in many equations is the same Python object in
    all of them: its scalars are then added up before any group arithmetic.
    """

    name: str
    scalars: tuple[int, ...]
    elements: tuple[Any, ...]

    def __repr__(self) -> str:
        # A trustee's shares are checked by equations, too: they are scalars there.
        return f"<equation {self.name}>"


def verify_each(group: Group, items: Sequence[Sequence[Equation]], source: RandomBytes = system) -> list[int]:
    """The indices, ascending, of the items that have an equation which does not hold.

    One multi-scalar multiplication when all hold; about 2·log2(len(items)) smaller ones per culprit more.
    """
    bound = min(WEIGHT_BOUND, group.order)
    weights = [[uniform_nonzero(bound, source) for _ in item] for item in items]

    def holds(low: int, high: int) -> bool:
        pairs = (
            pair for index in range(low, high) for pair in zip(weights[index], items[index], strict=True)
        )
        return _holds(group, pairs)

    def culprits(low: int, high: int, *, known_bad: bool) -> list[int]:
        if not known_bad and holds(low, high):
            return []
        if high - low == 1:
            return [low]
        middle = (low + high) // 2
        left = culprits(low, middle, known_bad=False)
        # The sum over both halves is not 0: where the left half is, the right half cannot be.
        return left + culprits(middle, high, known_bad=not left)

    return culprits(0, len(items), known_bad=False)


def verify_all(group: Group, equations: Sequence[Equation], source: RandomBytes = system) -> None:
    """Raises InvalidProof, naming the equations that do not hold, unless all do."""
    failed = verify_each(group, [[equation] for equation in equations], source)
    if failed:
        raise InvalidProof("does not hold: " + ", ".join(equations[index].name for index in failed))


def _holds(group: Group, weighted: Iterable[tuple[int, Equation]]) -> bool:
    # Σ_k w_k·(Σ_i s_ki·P_ki), with the scalars of one and the same object added up first.
    sums: dict[int, int] = {}
    elements: dict[int, Any] = {}
    for weight, (_, scalars, points) in weighted:
        for scalar, element in zip(scalars, points, strict=True):
            key = id(element)
            if key in sums:
                sums[key] += weight * scalar
            else:
                sums[key] = weight * scalar
                elements[key] = element
    order = group.order
    total = group.msm_public([value % order for value in sums.values()], list(elements.values()))
    return bool(total == group.identity)
