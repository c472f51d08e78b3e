"""The weighted index: exact integers, its rounding proved, and every scheme that cannot have one refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from circuits.claims import (
    Asked,
    Grades,
    Published,
    Setting,
    check_claims,
    has_index,
    index_outcome,
    needs,
    state_claim,
)
from circuits.claims.index import ends, outcome_of, score, weighing
from circuits.indicators import Grade, Index, Ratio
from tests.circuits.claims.world import (
    FIGURES,
    INDICATORS,
    PERIOD,
    World,
    claim,
    index,
    indicator,
    part,
    scheme,
)
from tests.suites import EVERY
from zkperf.errors import InputError, InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.committed import DoesNotHold


def value(quality: int, turnover: int) -> Fraction:
    """The index by its definition."""
    return Fraction(3, 5) * Fraction(quality, 300) + Fraction(2, 5) * (1 - Fraction(turnover, 10000))


def said(published: Index, place: int | None) -> Published:
    """What is published of an outcome: of a grade, that it is this one."""
    assert place is not None
    return Grades(place, place) if published.publish == "grade" else place


RANGES = {Grades(best, worst) for best in range(3) for worst in range(best, 3)}


@pytest.mark.parametrize("published", [index(), index("exact")])
@pytest.mark.parametrize("group", EVERY)
def test_the_right_outcome_is_proved_and_no_other(group: Group, published: Index) -> None:
    made = scheme(index=published)
    check_claims(made)
    world = World(made, group)
    outcome = index_outcome(world.setting, world.values())  # type: ignore[arg-type]
    exact = value(FIGURES["quality"], FIGURES["turnover"])
    assert outcome == (1 if published.publish == "grade" else int(exact * 20))
    item = world.prove(said(published, outcome))
    assert world.verdict(item) is None
    for other in (said(published, outcome - 1), said(published, outcome + 1)):
        assert world.verdict(item._replace(asked=item.asked._replace(outcome=other))) is not None
        with pytest.raises(DoesNotHold):
            world.prove(other)


@pytest.mark.parametrize(
    "published", [index(), index("exact"), index("exact", step=Ratio.of(Fraction(3, 10)))]
)
def test_outcomes_by_definition(published: Index) -> None:
    """Over a grid of figures, ends included: the outcome's ends hold the exact value."""
    made = scheme(index=published)
    setting, top = Setting(made, PERIOD), set()
    for quality, turnover in product((0, 1, 150, 189, 250, 299, 300), (0, 1, 2500, 5000, 9999, 10000)):
        outcome = index_outcome(setting, [quality, turnover])
        assert outcome is not None
        low, high = ends(published, said(published, outcome))
        exact = value(quality, turnover)
        assert low <= exact <= 1 if high is None else low <= exact < high
        assert outcome == outcome_of(published, exact)
        if exact == 1:
            top.add(outcome)
    assert top == {0} if published.publish == "grade" else {19, 3} & top


def test_at_the_very_ends() -> None:
    """An index of 1 is in the last step; an index of 0 in the first, or in the last grade."""
    for published in (index(), index("exact")):
        made = scheme(index=published)
        for quality, turnover in ((300, 0), (0, 10000)):
            world = World(made, figures={**FIGURES, "quality": quality, "turnover": turnover})
            outcome = index_outcome(world.setting, world.values())  # type: ignore[arg-type]
            assert world.verdict(world.prove(said(published, outcome))) is None


def test_missing_figures_score_what_is_stated() -> None:
    indicators = (
        *INDICATORS[:2],
        indicator("third", weight=Ratio.of(Fraction(1, 2)), missing=Ratio.of(Fraction(1, 4))),
    )
    made = scheme(index=index(), indicators=indicators)
    check_claims(made)
    setting = Setting(made, PERIOD, frozenset({2}))
    weighed = weighing(setting)
    total = weighed.constant + weighed.factors["quality"] * 200 + weighed.factors["turnover"] * 2500
    expected = (value(200, 2500) + Fraction(1, 2) * Fraction(1, 4)) / Fraction(3, 2)
    assert Fraction(total, weighed.denominator) == expected
    assert [need.indicator for need in needs(setting, 0)] == ["quality", "turnover"]
    world = World(made, setting=setting)
    outcome = index_outcome(setting, [200, 2500])
    item = world.prove(said(index(), outcome))
    assert world.verdict(item) is None
    # the same proof under another set of missing figures is none
    whole = item.asked._replace(setting=Setting(made, PERIOD))
    assert world.verdict(item._replace(asked=whole)) is not None


def test_too_little_reported_is_no_index() -> None:
    made = scheme(index=index())
    for missing in ({0}, {1}, {0, 1}):
        setting = Setting(made, PERIOD, frozenset(missing))
        assert not has_index(setting)
        assert index_outcome(setting, [0] * (2 - len(missing))) is None
    assert has_index(Setting(made, PERIOD)) and not has_index(Setting(scheme(), PERIOD))
    three = (*INDICATORS[:2], indicator("third", weight=Ratio.of(Fraction(1, 10))))
    made = scheme(index=index(), indicators=three)
    check_claims(made)
    # 0.6 of 0.7 is more than two thirds
    assert not has_index(Setting(made, PERIOD, frozenset({1})))
    world = World(scheme(index=index()), setting=Setting(scheme(index=index()), PERIOD))
    item = world.prove(Grades(1, 1))
    less = item.asked._replace(setting=Setting(item.asked.setting.scheme, PERIOD, frozenset({1})))
    verdict = world.verdict(
        item._replace(asked=less, commitments=item.commitments[:1], encoded=item.encoded[:1])
    )
    assert isinstance(verdict, InvalidProof) and "too little" in str(verdict)


def test_published_means_are_parts() -> None:
    cost = part("cost", 10, 20)
    made = scheme(index=index(parts=(cost,)))
    check_claims(made)
    for mean, scored in ((None, 0), (5, 0), (10, 0), (15, Fraction(1, 2)), (25, 1)):
        means = [None if mean is None else Fraction(mean)]
        setting = Setting(made, PERIOD, parts=means)
        weighed = weighing(setting)
        total = weighed.constant + weighed.factors["quality"] * 200 + weighed.factors["turnover"] * 2500
        assert Fraction(total, weighed.denominator) == (value(200, 2500) + scored) / 2
        world = World(made, setting=setting)
        outcome = index_outcome(setting, [200, 2500])
        assert world.verdict(world.prove(said(index(), outcome))) is None
    assert score(part("x", 0, 3), Fraction(1)) == Fraction(333333, 10**6)


def test_a_mean_may_be_better_where_it_is_less_and_score_something_where_it_is_withheld() -> None:
    less = part("x", 20, 10, missing="1/4")
    scored = {None: Fraction(1, 4), 25: 0, 20: 0, 19: Fraction(1, 10), 10: 1, 5: 1}
    assert {mean: score(less, None if mean is None else Fraction(mean)) for mean in scored} == scored


def test_what_is_good_for_a_scheme_is_good_for_every_provider() -> None:
    """Near the limit: whatever is missing or withheld, nothing overflows that was let through."""
    nearly = tuple(indicator(name, max=8, weight=weight("1/2")) for name in "abc")
    let_through = []
    for denominator in (int(2 ** (power / 8)) | 1 for power in range(80, 400)):
        made = scheme(
            claim("index", numbers=(f"1/{denominator}",), sense="at least"),
            index=index(parts=(part("x", source="rating", weight=30, missing=f"1/{2**5}"),)),
            indicators=nearly,
        )
        try:
            check_claims(made)
        except InputError as error:
            assert "overflows" in str(error)
            continue
        let_through.append(denominator)
        for missing, mean in product((set(), {0}, {1}), (None, Fraction(999999, 10**6))):
            setting = Setting(made, PERIOD, frozenset(missing), [mean])
            state_claim(Asked(setting, 0, None))
            for grades in RANGES:
                state_claim(Asked(setting, 1, grades))
    assert 0 < len(let_through) < 320


@pytest.mark.parametrize("group", EVERY)
def test_a_bound_of_the_index_as_a_claim(group: Group) -> None:
    # 0.6·200/300 + 0.4·0.75 = 0.7
    for sense, just, beyond in (("at least", "0.7", "0.7001"), ("at most", "0.7", "0.6999")):
        made = scheme(claim("index", numbers=(just,), sense=sense), index=index())
        check_claims(made)
        world = World(made, group)
        assert world.verdict(world.prove()) is None
        with pytest.raises(DoesNotHold):
            World(scheme(claim("index", numbers=(beyond,), sense=sense), index=index()), group).prove()


def weight(number: str) -> Ratio:
    return Ratio.of(Fraction(number))


def grades(*least: str) -> tuple[Grade, ...]:
    return tuple(Grade(name=str(place), least=weight(number)) for place, number in enumerate(least))


@pytest.mark.parametrize(
    "changes, weights, reason",
    [
        ({}, ("0.9", "0.1"), "more than its share"),
        ({}, ("0.6", None), "two figures"),
        ({}, (None, None), "two figures"),
        ({}, ("-0.5", "1.5"), "above 0"),
        ({"grades": ()}, ("0.6", "0.4"), "grades"),
        ({"grades": (Grade(name="A", least=Ratio.of(Fraction(1, 2))),)}, ("0.6", "0.4"), "down to 0"),
        (
            {"grades": tuple(Grade(name=n, least=Ratio.of(v)) for n, v in (("A", 2), ("B", 0)))},
            ("0.6", "0.4"),
            "above 1",
        ),
        ({"grades": grades("0.5", "0.8", "0")}, ("0.6", "0.4"), "down to 0"),
        ({"grades": grades("0.5", "0.5", "0")}, ("0.6", "0.4"), "down to 0"),
        ({"publish": "exact", "step": None}, ("0.6", "0.4"), "step"),
        ({"publish": "exact", "step": Ratio.of(1)}, ("0.6", "0.4"), "step"),
        ({"publish": "exact", "step": Ratio.of(0)}, ("0.6", "0.4"), "step"),
        # It could not be published as a decimal.
        ({"publish": "exact", "step": Ratio.of(Fraction(1, 3))}, ("0.6", "0.4"), "at most 18 decimals"),
        (
            {"parts": (part("x", 1, 1, source="rating"),)},
            ("0.6", "0.4"),
            "divides by zero",
        ),
        ({"parts": (part("x", source="rating", missing="1.01"),)}, ("0.6", "0.4"), "scores from 0 to 1"),
        ({"parts": (part("x", source="rating", missing="-0.01"),)}, ("0.6", "0.4"), "scores from 0 to 1"),
        (
            {"parts": (part("x", source="rating", weight=0),)},
            ("0.6", "0.4"),
            "above 0",
        ),
        ({"max_share": Ratio.of(Fraction(1, 2))}, ("0.6", "0.4"), "more than its share"),
        ({}, (f"{2**31 - 1}/{2**32}", f"{2**31}/{2**32 - 5}"), "overflows"),
    ],
)
def test_indexes_that_cannot_be(
    changes: dict[str, Any], weights: tuple[str | None, ...], reason: str
) -> None:
    indicators = tuple(
        item.model_copy(update={"weight": None if number is None else weight(number)})
        for item, number in zip(INDICATORS[:2], weights, strict=True)
    )
    with pytest.raises(InputError, match=f"index: .*{reason}"):
        check_claims(scheme(index=index(**changes), indicators=indicators))


@pytest.mark.parametrize("bound", ["-0.01", "1.01"])
def test_a_bound_lies_where_an_index_can(bound: str) -> None:
    made = scheme(claim("index", numbers=(bound,), sense="at most"), index=index())
    with pytest.raises(InputError, match="a bound from 0 to 1"):
        check_claims(made)


def test_no_claim_about_an_index_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"the scheme has no \[index\]"):
        check_claims(scheme(claim("index", numbers=("0.5",), sense="at least")))


def test_nothing_with_a_weight() -> None:
    made = scheme(indicators=(indicator("a"),))
    with pytest.raises(InputError, match="divides by zero"):
        weighing(Setting(made, PERIOD))


def test_outcomes_that_cannot_be() -> None:
    for published, most in ((index(), 2), (index("exact"), 19)):
        for place in (-1, most + 1):
            with pytest.raises(InvalidProof, match="there is no such"):
                ends(published, said(published, place))
        assert ends(published, said(published, most))
    for upside_down in (Grades(1, 0), Grades(2, 1)):
        with pytest.raises(InvalidProof, match="there is no such grade"):
            ends(index(), upside_down)
    with pytest.raises(InvalidProof, match="there is no such grade"):
        ends(index("exact"), Grades(0, 0))
    with pytest.raises(InvalidProof, match="not a step"):
        ends(index(), 0)


# Quality is worth 0.002 a point, turnover 0 is worth 0.4. The grades are A from 0.8 and B from 0.6.
AT_A, BELOW_A, AT_B, BELOW_B = 200, 199, 100, 99


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize(
    "grades, inside, outside",
    [
        (Grades(0, 1), (300, AT_A, BELOW_A, AT_B), (BELOW_B, 0)),  # B or better
        (Grades(1, 2), (BELOW_A, AT_B, BELOW_B, 0), (AT_A, 300)),  # B or worse
        (Grades(1, 1), (BELOW_A, AT_B), (AT_A, BELOW_B)),
        (Grades(0, 0), (300, AT_A), (BELOW_A, 0)),
        (Grades(2, 2), (BELOW_B, 0), (AT_B, 300)),
    ],
)
def test_grades_next_to_each_other_up_to_their_ends(
    group: Group, grades: Grades, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    """Where not every bound was asked, a range is proved: with the worst of its figures, and no worse one."""
    made = scheme(index=index())
    for quality in inside:
        world = World(made, group, figures={**FIGURES, "quality": quality, "turnover": 0})
        item = world.prove(grades)
        assert world.verdict(item) is None
        for other in RANGES - {grades}:
            assert world.verdict(item._replace(asked=item.asked._replace(outcome=other))) is not None
    for quality in outside:
        with pytest.raises(DoesNotHold):
            World(made, group, figures={**FIGURES, "quality": quality, "turnover": 0}).prove(grades)


def test_all_grades_together_say_nothing_and_are_still_proved() -> None:
    for quality in (0, 300):
        world = World(scheme(index=index()), figures={**FIGURES, "quality": quality, "turnover": 0})
        assert world.verdict(world.prove(Grades(0, 2))) is None
