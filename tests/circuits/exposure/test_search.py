"""The search for values that stay possible, held to a count over all figures of small systems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.exposure import propagation, search
from circuits.exposure.propagation import Refuted
from circuits.exposure.search import Search, Shown
from circuits.exposure.system import Alternative, Condition, Fact, Figure, System, negation

HIGH = 8


def system(*floors: int, high: int = HIGH) -> System:
    made = System()
    for number, floor in enumerate(floors):
        made.add(Figure((b"", str(number)), 0, high, floor))
    return made


def at_least(*terms: tuple[int, int], low: int) -> Alternative:
    return (Condition(terms, low, None),)


def holds(fact: Fact, values: tuple[int, ...]) -> bool:
    return any(
        all(
            (low is None or low <= total) and (high is None or total <= high)
            for terms, low, high in alternative
            for total in [sum(factor * values[figure] for figure, factor in terms)]
        )
        for alternative in fact.alternatives
    )


def assignments(made: System, *facts: Fact) -> Iterator[tuple[int, ...]]:
    """Every assignment with which everything holds."""
    for values in product(*(range(item.low, item.high + 1) for item in made.figures)):
        if all(holds(fact, values) for fact in (*made.facts, *facts)):
            yield values


def committed(made: System, *facts: Fact) -> System:
    """The system after these facts have become public."""
    for fact in facts:
        trial = Search(made)
        shown = trial.attempt(fact)
        assert shown is not None
        trial.commit(fact, shown)
        made.facts.append(fact)
        made.bounds, made.points = trial.bounds, [tuple(point.values) for point in trial.points]
    return made


factors = st.integers(-3, 3).filter(bool)


@st.composite
def conjunctions(draw: st.DrawFn, figures: int) -> Alternative:
    """A claim: a bound, a band, an improvement, a ratio, a total of parts, an index."""
    kind = draw(st.sampled_from(("one", "band", "gain", "ratio", "parts", "index")))
    v, u = draw(st.permutations(range(figures)))[:2]
    if kind == "one":
        return (Condition(((v, draw(factors)),), draw(st.integers(-HIGH, HIGH)), None),)
    if kind == "band":
        low = draw(st.integers(0, HIGH))
        return (Condition(((v, 1),), low, draw(st.integers(low, HIGH))),)
    if kind == "gain":
        more = (Condition(((v, 4), (u, -5)), 0, None),)
        return (Condition(((v, 1), (u, -1)), 1, None), *draw(st.sampled_from(((), more))))
    if kind == "ratio":
        return (Condition(((v, draw(st.integers(1, 3))), (u, -draw(st.integers(1, 3)))), 0, None),)
    terms = tuple((figure, draw(factors)) for figure in range(figures))
    if kind == "index":
        return (Condition(terms, draw(st.integers(-20, 20)), None),)
    whole = tuple((figure, 1 if figure else -1) for figure in range(figures))
    return (Condition(whole, 0, 0),)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_shown_is_there(data: st.DataObject) -> None:
    """Of claims one after the other: what is refuted cannot be, and what is shown leaves every figure at
    least so many values, counted over all assignments."""
    made = system(*(data.draw(st.integers(1, 4)) for _ in range(data.draw(st.integers(2, 3)))))
    for _ in range(4):
        claim = data.draw(conjunctions(len(made.figures)))
        trial, seen = Search(made), list[tuple[Fact, Shown]]()
        for fact in (Fact((claim,), proved=True), negation(claim, proved=False)):
            left = list(assignments(made, fact))
            try:
                shown = trial.attempt(fact)
            except Refuted:
                assert not left
                continue
            if shown is None:
                return
            for figure, item in enumerate(made.figures):
                assert len({values[figure] for values in left}) >= item.least
            assert all(tuple(point.values) in left for point in shown.points)
            seen.append((fact, shown))
        fact, shown = data.draw(st.sampled_from(seen))
        trial.commit(fact, shown)
        made.facts.append(fact)
        made.bounds, made.points = trial.bounds, [tuple(point.values) for point in trial.points]
        # What is kept is what a newcomer finds in it.
        assert not Search(made).conditions.short_in_all(Search(made).points)


def test_values_are_found_wherever_they_are() -> None:
    """Each case has just as many values as are asked for, and with one more it has not."""
    cases: dict[str, tuple[int, Fact, int]] = {
        "a bound": (1, Fact((at_least((0, 1), low=5),), proved=True), 4),
        "two ends": (1, Fact(((Condition(((0, 2),), 3, 9),),), proved=True), 3),
        "outside of a band": (1, negation((Condition(((0, 1),), 2, 6),), proved=False), 4),
        "above another": (2, Fact((at_least((0, 1), (1, -1), low=5),), proved=True), 4),
    }
    for name, (figures, fact, most) in cases.items():
        assert Search(system(*[most] * figures)).attempt(fact) is not None, name
        assert Search(system(*[most + 1] * figures)).attempt(fact) is None, name
    # No figure of an equation can move alone: two of them move together.
    total = Fact(((Condition(((0, -1), (1, 1), (2, 1)), 0, 0),),), proved=True)
    assert Search(system(4, 4, 4)).attempt(total) is not None


def test_a_chain_is_pushed_together() -> None:
    """Figures that have to grow by one each period, with hardly any room: others make room for each."""
    made = system(*[3] * 5)
    for later in range(1, 5):
        committed(made, Fact((at_least((later, 1), (later - 1, -1), low=1),), proved=True))
    assert made.bounds == [(0, 4), (1, 5), (2, 6), (3, 7), (4, 8)]
    assert len(made.points) > 1


def test_no_shown_assignment_never_counts_as_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    made = system(5, 5)
    fact = Fact((at_least((0, 1), (1, -1), low=3),), proved=True)
    assert Search(made).attempt(fact) is not None
    monkeypatch.setattr(search, "STEPS", -1)
    assert Search(made).attempt(fact) is None


def test_undecided_counts_as_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """What propagation does not refute within its steps may be, and is not shown to leave enough."""
    made = committed(system(2, 2), Fact((at_least((0, 1), (1, -1), low=1),), proved=True))
    other = Fact((at_least((1, 1), (0, -1), low=1),), proved=True)
    with pytest.raises(Refuted):
        Search(made).attempt(other)
    monkeypatch.setattr(propagation, "STEPS", 1)
    assert Search(made).attempt(other) is None


def laid_out(trial: Search) -> tuple[list[list[int]], list[tuple[int, int]], int]:
    return [list(item) for item in trial.conditions.about], list(trial.bounds), len(trial.conditions.low)


def test_a_trial_changes_nothing() -> None:
    made = committed(system(2, 2), Fact((at_least((0, 1), (1, -1), low=1),), proved=True))
    trial = Search(made)
    before = laid_out(trial)
    for low in (0, 3, HIGH + 1):
        with suppress(Refuted):
            trial.attempt(Fact((at_least((1, 1), low=low),), proved=True))
        assert laid_out(trial) == before


def test_the_same_facts_give_the_same_points() -> None:
    facts = [
        Fact((at_least((0, 1), (1, -1), low=1),), proved=True),
        negation((Condition(((2, 1),), 2, 6),), proved=False),
        Fact((at_least((0, 2), (1, 3), (2, 1), low=20),), proved=True),
    ]
    assert committed(system(2, 2, 2), *facts) == committed(system(2, 2, 2), *facts)
