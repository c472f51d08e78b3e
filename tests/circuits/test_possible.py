"""What conditions leave of figures: never more than a count over all figures finds, and nothing outside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

import pytest

from circuits.indicators import Indicator
from circuits.possible import Alternatives, Condition, Pieces, Possible, alone, meet, together, union
from tests.circuits.claims.world import indicator
from zkperf.proofs.forms import Form


def ranges(*highs: int) -> list[Indicator]:
    return [indicator(f"x{place}", max=high) for place, high in enumerate(highs)]


def condition(factors: Sequence[int], low: int | None, high: int | None) -> Condition:
    terms = tuple((place, factor) for place, factor in enumerate(factors) if factor)
    return Condition(Form(terms, 0, None, None), low, high)


def true(item: Condition, values: Sequence[int]) -> bool:
    value = item.form.value(values)
    return (item.low is None or item.low <= value) and (item.high is None or value <= item.high)


def inside(pieces: Pieces, value: int) -> bool:
    return any(low <= value <= high for low, high in pieces)


def check(found: Possible, real: set[int]) -> None:
    assert all(inside(found.pieces, value) for value in real)
    if real:
        assert 1 <= found.values <= len(real)


@pytest.mark.parametrize(
    ("factors", "highs", "low", "high"),
    [
        # The rest's sums are further apart than the condition is wide, by less than its common factor.
        ((5, 30, 10), (3, 3, 1), 62, 72),
        ((3, 40, 30), (4, 1, 4), 8, 29),
        ((1, 20, 30), (6, 4, 4), 183, 201),
        # Every second value.
        ((1, 2), (9, 9), 7, 7),
        ((2, 4, 6), (5, 5, 5), 20, 20),
    ],
)
def test_one_condition(factors: tuple[int, ...], highs: tuple[int, ...], low: int, high: int) -> None:
    item, about = condition(factors, low, high), ranges(*highs)
    real = {values[0] for values in product(*(range(top + 1) for top in highs)) if true(item, values)}
    check(alone(((item,),), 0, about, ()), real)


def test_many_conditions() -> None:
    random = Random(1)
    for _ in range(3000):
        highs = [random.randint(1, 6) for _ in range(random.randint(2, 3))]
        common = random.choice([1, 1, 2, 5, 10])
        factors = [random.choice([1, 2, 3, 5, 7, -4]), *(common * random.randint(1, 4) for _ in highs[1:])]
        low = random.randint(-10, 60)
        item, about = condition(factors, low, low + random.randint(0, 25)), ranges(*highs)
        real = {values[0] for values in product(*(range(top + 1) for top in highs)) if true(item, values)}
        check(alone(((item,),), 0, about, ()), real)


def test_together() -> None:
    random = Random(2)

    def made() -> Condition:
        factors = [random.choice([-3, -1, 1, 2, 5, 7]), random.choice([-5, -2, -1, 0, 1, 3, 4])]
        middle = random.randint(-20, 40)
        kind = random.randrange(3)
        return condition(
            factors,
            None if kind == 0 else middle,
            None if kind == 1 else middle + random.randint(0, 12),
        )

    surely = 0
    for _ in range(1500):
        highs = random.randint(1, 12), random.randint(1, 12)
        groups: list[Alternatives] = [
            tuple((made(),) for _ in range(random.randint(1, 2))) for _ in range(random.randint(2, 3))
        ]
        about = ranges(*highs)
        real = {
            v
            for v, u in product(*(range(top + 1) for top in highs))
            if all(any(all(true(c, (v, u)) for c in way) for way in ways) for ways in groups)
        }
        found = together([(ways, 0, 1, about) for ways in groups], ())
        check(found, real)
        assert found.sure is not None
        assert all(v in real for low, high in found.sure for v in range(low, high + 1))
        surely += bool(found.sure)
    assert surely > 300


def test_the_places_of_two_claims_differ() -> None:
    """x + 2y >= 9 and, with the places exchanged, 2y + x <= 9."""
    one, other = condition((1, 2), 9, None), condition((2, 1), None, 9)
    about, exchanged = ranges(9, 3), ranges(3, 9)
    found = together([(((one,),), 0, 1, about), (((other,),), 1, 0, exchanged)], ("both",))
    assert (found.pieces, found.because) == (((3, 9),), ("both",))


def test_pieces() -> None:
    assert union([(5, 6), (0, 1), (2, 3), (6, 9)]) == ((0, 3), (5, 9))
    assert meet(((0, 3), (5, 9)), ((2, 6),)) == ((2, 3), (5, 6))
    whole, part = Possible(((0, 9),), because=("a",)), Possible(((2, 4),), 2, ("a", "b"), ((3, 4),))
    assert whole.under(part) == Possible(((2, 4),), 2, ("a", "b"), ((3, 4),))
    assert whole.under(whole) == whole
    assert part.under(Possible(((7, 8),))) is None
    assert part.values == 1 and Possible(((0, 9),), 4).values == 2
