"""Which claims are asked: the attacks that a floor has to stop, and that the refusal tells nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from circuits.claims import Grades, Setting, check_claims, truths
from circuits.exposure import Figures, Foreseen, System, ask, check_floors, enter, foresee, losses
from circuits.exposure.system import Condition, Fact
from circuits.indicators import IndicatorScheme, Ratio, Target, check_indicators
from tests.circuits.claims.world import claim, index, indicator, part, scheme
from zkperf.errors import InputError, InvalidProof

HALF = Ratio.of(Fraction(1, 2))


def target(*values: int) -> dict[str, Any]:
    """A target of this value, or of each of the periods 1, 2, …"""
    if len(values) == 1:
        return {"targets": (Target(period=None, value=values[0]),)}
    return {"targets": tuple(Target(period=str(n), value=v) for n, v in enumerate(values, start=1))}


def named(made: Any, name: str) -> Any:
    return made.model_copy(update={"id": name})


def plan(*claims: Any, figures: Sequence[Any], floor: int, **more: Any) -> IndicatorScheme:
    made = scheme(*claims, indicators=tuple(figures), **more).model_copy(update={"floor": floor})
    check_indicators(made)
    check_claims(made)
    check_floors(made)
    return made


def told(made: IndicatorScheme, *periods: Mapping[str, int]) -> list[Foreseen]:
    """What a provider with these figures is asked, period after period."""
    seen: list[Foreseen] = []
    system, before = System(), None
    for number, values in enumerate(periods, start=1):
        now = Figures(str(number).encode(), str(number), values)
        seen.append(foresee(made, system, now, before))
        system, before = seen[-1].outcome.system, now
    return seen


def said(made: IndicatorScheme, seen: Foreseen) -> tuple[Any, ...]:
    """Everything that a reader is told: what was asked, what of it was proved, and the grade."""
    return seen.outcome.asked, frozenset(seen.true.keys() & seen.outcome.asked), seen.outcome.grades


def left(made: IndicatorScheme, figures: Sequence[str], periods: int, high: int) -> list[int]:
    """Over all figures up to ``high``: how many values the figure with the fewest has left, for each thing
    that a reader may be told about a provider."""
    groups: dict[Any, list[tuple[int, ...]]] = {}
    for values in product(range(1, high + 1), repeat=len(figures) * periods):
        rows = [dict(zip(figures, values[n * len(figures) :], strict=False)) for n in range(periods)]
        heard = tuple(said(made, seen) for seen in told(made, *rows))
        groups.setdefault(heard, []).append(values)
    return [min(len(set(column)) for column in zip(*group, strict=True)) for group in groups.values()]


def small(*claims: Any, floor: int, high: int = 8, **more: Any) -> IndicatorScheme:
    a = indicator("a", min=1, max=high, weight=HALF, **more.pop("a", {}))
    b = indicator("b", min=1, max=high, weight=HALF, **more.pop("b", {}))
    return plan(*claims, figures=(a, b), floor=floor, **more)


RATIO = claim("ratio", "a", "b", numbers=("1/2",), sense="at least")
ATTACKS = {
    "a target, a band and a ratio that meet": (
        small(claim("target", "b"), claim("band", "a", numbers=(3, 6)), RATIO, floor=4, b=target(5)),
        1,
    ),
    "two ratios next to each other": (
        small(RATIO, named(claim("ratio", "a", "b", numbers=("3/4",), sense="at most"), "second"), floor=4),
        1,
    ),
    "a grade, a bound and a target": (
        small(
            claim("index", numbers=("1/2",), sense="at least"),
            claim("target", "a"),
            floor=3,
            a=target(4),
            index=index(),
        ),
        1,
    ),
    "a target that moves, and better than last year": (
        plan(
            claim("target", "a"),
            claim("improved", "a", numbers=(0,)),
            figures=(indicator("a", min=1, max=12, **target(5, 7)),),
            floor=4,
        ),
        2,
    ),
    "better every year": (
        plan(claim("improved", "a", numbers=(20,)), figures=(indicator("a", min=1, max=8),), floor=3),
        3,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_everything_told_together_leaves_the_floor(name: str) -> None:
    """Counted out over all figures that a provider can have, in all periods, with the real decision."""
    made, periods = ATTACKS[name]
    names = [item.id for item in made.indicators]
    counts = left(made, names, periods, made.indicators[0].max)
    # One thing told is that nothing was; else there would be nothing to see.
    assert len(counts) > 1
    assert min(counts) >= made.floor


@pytest.mark.parametrize("name", ATTACKS)
def test_a_refusal_tells_nothing(name: str) -> None:
    """Providers of whom the same is known are asked the same next: what is asked follows from the answers."""
    made, _ = ATTACKS[name]
    names = [item.id for item in made.indicators]
    asked: dict[Any, set[bool]] = {}
    for values in product(range(1, made.indicators[0].max + 1), repeat=len(names)):
        [seen] = told(made, dict(zip(names, values, strict=True)))
        answers: list[tuple[int, bool]] = []
        for number in range(len(made.claims)):
            asked.setdefault((number, tuple(answers)), set()).add(number in seen.outcome.asked)
            if number in seen.outcome.asked:
                answers.append((number, number in seen.true))
    assert all(len(decisions) == 1 for decisions in asked.values())


def test_the_case_of_the_attack() -> None:
    """Target on b, band on a, ratio a/b, floor 400: of three claims a provider in the middle is asked two."""
    made = plan(
        claim("target", "b"),
        claim("band", "a", numbers=(200, 700)),
        claim("ratio", "a", "b", numbers=(1,), sense="at least"),
        figures=(indicator("a", max=1000), indicator("b", min=1, max=1000, **target(500))),
        floor=400,
    )
    for a, b in ((500, 500), (700, 700), (100, 900), (900, 1)):
        [seen] = told(made, {"a": a, "b": b})
        assert seen.outcome.asked == {0, 1}
    low = made.model_copy(update={"floor": 5})
    [seen] = told(low, {"a": 500, "b": 500})
    assert seen.outcome.asked == {0, 1, 2}


def test_two_targets_do_not_close_on_a_figure() -> None:
    """At 190, then not at 192 but better: that would be 190 and 191."""
    made = plan(
        claim("target", "w"),
        claim("improved", "w", numbers=(0,)),
        figures=(indicator("w", max=300, **target(190, 192)),),
        floor=5,
    )
    first, second = told(made, {"w": 190}, {"w": 191})
    assert (first.outcome.asked, second.outcome.asked) == ({0}, {0})
    wide = plan(*made.claims, figures=(indicator("w", max=300, **target(190, 230)),), floor=5)
    first, second = told(wide, {"w": 190}, {"w": 191})
    assert (first.outcome.asked, second.outcome.asked) == ({0}, {0, 1})


def test_better_every_year_stops_when_the_range_is_used_up() -> None:
    made = plan(claim("improved", "w", numbers=(50,)), figures=(indicator("w", min=1, max=2000),), floor=500)
    values = [int(10 * Fraction(3, 2) ** n) + n for n in range(10)]
    asked = [0 in seen.outcome.asked for seen in told(made, *({"w": value} for value in values))]
    # There is nothing to compare with at first. Where it stops, the next period compares with a new figure.
    assert asked[:4] == [False, True, True, True]
    stops = asked.index(False, 1)
    assert 4 <= stops < 9 and asked[stops + 1]


def test_parts_are_asked_and_keep_their_floor() -> None:
    made = plan(
        claim("parts", "a", "b", "t"),
        figures=(
            indicator("a", max=100, weight=HALF),
            indicator("b", max=100, weight=HALF),
            indicator("t", max=200),
        ),
        floor=5,
        index=index(),
    )
    [seen] = told(made, {"a": 10, "b": 20, "t": 30})
    assert seen.outcome.asked == {0, 1} and seen.outcome.grades == Grades(2, 2)
    system, [fact, *_] = seen.outcome.system, seen.outcome.system.facts
    [(terms, _, _)] = fact.alternatives[0]
    assert all(sum(factor * point[v] for v, factor in terms) == 0 for point in system.points)


def test_figures_of_other_scales_are_tied_by_parts_too() -> None:
    made = plan(
        claim("parts", "a", "b", "t"),
        figures=(
            indicator("a", max=100, scale=1),
            indicator("b", max=100, scale=1),
            indicator("t", max=20),
        ),
        floor=3,
    )
    [seen] = told(made, {"a": 50, "b": 50, "t": 10})
    assert seen.outcome.asked == {0}


# -- grades ---------------------------------------------------------------------------------------------


def test_a_bound_that_is_not_asked_leaves_a_range() -> None:
    """A is above 0.8, B above 0.6. Near the ends of what is known some bounds tell too much."""
    found = set()
    for floor, value in product(range(1, 12), range(0, 21)):
        made = plan(
            figures=(indicator("a", max=20, weight=HALF), indicator("b", max=20, weight=HALF)),
            floor=floor,
            index=index(),
        )
        [seen] = told(made, {"a": value, "b": value})
        if seen.outcome.grades is not None:
            best, worst = seen.outcome.grades
            true = seen.true[0]
            assert true is not None and best <= true <= worst
            found.add((best, worst))
        else:
            assert 0 not in seen.outcome.asked
    assert {(0, 0), (1, 1), (2, 2)} < found
    assert any(best < worst for best, worst in found)


def test_an_index_that_is_not_published_tells_nothing() -> None:
    made = small(floor=2, index=index())
    [seen] = told(made, {"a": 8, "b": 8})
    assert seen.outcome.grades == Grades(0, 0)
    system, places = enter(System(), made, b"1", ["a", "b"])
    silent = ask(system, Setting(made, "1"), lambda need: places[need.indicator], {})
    assert silent.asked == {0} and silent.grades is None and silent.system.facts == []


# -- published numbers ----------------------------------------------------------------------------------


def test_what_a_published_number_may_fix_has_no_floor() -> None:
    total = claim("parts", "a", "b", numbers=(2, 16))
    with pytest.raises(InputError, match=r"the total of 'the_parts' can fix indicator 'a'.*floor = 1"):
        small(total, floor=2)
    none = {"floor": 1}
    small(total, floor=2, a=none, b=none)
    with pytest.raises(InputError, match="an exact index can fix indicator 'b'"):
        small(floor=2, index=index("exact"), a=none)
    small(floor=2, index=index("exact"), a=none, b=none)


def test_a_published_number_is_tied_to_no_figure_with_a_floor() -> None:
    none = {"floor": 1}
    total = claim("parts", "a", "b", numbers=(2, 16))
    tie = claim("ratio", "a", "c", numbers=(1,), sense="at least")
    figures = (
        indicator("a", min=1, max=8, **none),
        indicator("b", min=1, max=8, **none),
        indicator("c", min=1, max=8),
    )
    values = {"a": 3, "b": 4, "c": 2}
    [seen] = told(plan(total, tie, figures=figures, floor=3), values)
    assert seen.outcome.asked == {0} and seen.outcome.system.opaque == {0, 1}
    # The other way round the total would tell about c.
    [seen] = told(plan(tie, total, figures=figures, floor=3), values)
    assert seen.outcome.asked == {0}
    # Where nothing has a floor, everything is asked.
    [seen] = told(plan(tie, total, figures=figures, floor=1), values)
    assert seen.outcome.asked == {0, 1}


# -- what nobody has proved -----------------------------------------------------------------------------


def test_a_proof_drops_what_it_contradicts() -> None:
    """A provider that was at its target and did not prove it says later that it has not improved, but is at
    a target above: so it was. Nothing that was not proved is taken for true any more."""
    made = plan(
        claim("target", "w"),
        named(claim("band", "w", numbers=(60, 100)), "band"),
        figures=(indicator("w", max=100, **target(50)),),
        floor=2,
    )
    system, places = enter(System(), made, b"1", ["w"])
    hidden = ask(system, Setting(made, "1"), lambda need: places[need.indicator], {1: None})
    # Not proved: w < 50. Proved: w >= 60.
    assert hidden.asked == {0, 1} and hidden.system.dropped == 1
    assert hidden.system.facts == [Fact(((Condition(((0, 1),), 60, None),),), proved=True)]
    assert hidden.system.bounds == [(60, 100)]
    assert hidden.system.points and all(60 <= point[0] <= 100 for point in hidden.system.points)


def test_what_must_hold_and_is_not_proved_tells_nothing() -> None:
    made = plan(
        claim("target", "w"),
        named(claim("band", "w", numbers=(10, 100)), "band"),
        figures=(indicator("w", max=100, **target(50)),),
        floor=2,
    )
    system, places = enter(System(), made, b"1", ["w"])
    outcome = ask(system, Setting(made, "1"), lambda need: places[need.indicator], {0: None})
    assert outcome.asked == {0, 1} and len(outcome.system.facts) == 1 and outcome.system.dropped == 0


# -- beforehand -----------------------------------------------------------------------------------------


def test_losses_are_foreseen() -> None:
    figures = (indicator("w", max=300, **target(150, 152)),)
    made = plan(claim("target", "w"), claim("improved", "w", numbers=(0,)), figures=figures, floor=60)
    found = {loss.claim: loss.period for loss in losses(made)}
    assert found["the_improved"] >= 2
    assert losses(made.model_copy(update={"floor": 1})) == []
    never = plan(claim("target", "w"), figures=(indicator("w", max=300, **target(3)),), floor=5)
    assert [(loss.claim, loss.period) for loss in losses(never)] == [("the_target", 1)]


def test_truths_are_what_would_be_proved() -> None:
    made = small(RATIO, floor=1, index=index())
    values = {"a": 4, "b": 8}
    assert truths(Setting(made, "1"), lambda need: values[need.indicator]) == {0: None, 1: 1}
    values["a"] = 3
    assert 0 not in truths(Setting(made, "1"), lambda need: values[need.indicator])
    assert truths(Setting(made, "1"), lambda need: None) == {}


def test_parts_of_an_index_are_public() -> None:
    """With a published mean the same figures have another index, and another bound of it is asked."""
    made = plan(
        figures=(indicator("a", max=20, weight=HALF), indicator("b", max=20, weight=HALF)),
        floor=3,
        index=index(parts=(part("mean", 0, 1, source="rating"),)),
    )
    [seen] = told(made, {"a": 10, "b": 10})
    assert 0 in seen.outcome.asked


# -- attacks on the search itself -----------------------------------------------------------------------


@pytest.mark.parametrize("floor", [10, 30])
def test_slack_found_by_a_lever_is_found_again(floor: int) -> None:
    """The slack of a goes by way of b and t: facts about those take it away, although a does not move."""
    made = plan(
        claim("parts", "a", "b", "t"),
        named(claim("band", "b", numbers=(10, 14)), "band_b"),
        named(claim("band", "t", numbers=(40, 44)), "band_t"),
        figures=(
            indicator("a", max=60, floor=floor),
            indicator("b", max=24, floor=3),
            indicator("t", max=84, floor=3),
        ),
        floor=3,
    )
    [seen] = told(made, {"a": 30, "b": 12, "t": 42})
    # With both bands a is from 26 to 34.
    assert seen.outcome.asked == {0, 1}


def test_answers_that_cannot_all_be_true_are_refused_by_name() -> None:
    """Whoever judges a posting takes its answers for true before any proof is looked at."""
    made = plan(
        claim("target", "w"),
        claim("band", "w", numbers=(0, 10)),
        figures=(indicator("w", max=100, **target(50)),),
        floor=2,
    )
    system, places = enter(System(), made, b"1", ["w"])
    with pytest.raises(InvalidProof, match="cannot all be true"):
        ask(system, Setting(made, "1"), lambda need: places[need.indicator], {0: None, 1: None})


def test_what_was_left_out_buys_no_question() -> None:
    """Without a proof of the target the band cannot be: only its negation would have to be looked at."""
    made = plan(
        claim("target", "w"),
        claim("band", "w", numbers=(60, 62)),
        figures=(indicator("w", max=100, **target(50)),),
        floor=20,
    )
    system, places = enter(System(), made, b"1", ["w"])
    for said in ({}, {0: None}, {1: None}):
        outcome = ask(system, Setting(made, "1"), lambda need: places[need.indicator], said)
        assert outcome.asked == {0}
