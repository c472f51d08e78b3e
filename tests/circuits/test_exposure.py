"""What claims give away: held to a count over every figure of small schemes, and refused in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from circuits.claims import (
    KINDS,
    Asked,
    Kind,
    Setting,
    check_claims,
    claim_at,
    has_index,
    index_outcome,
    needs,
    state_claim,
)
from circuits.exposure import check_exposure, exposures, index_allowed, with_step
from circuits.indicators import Claim, IndicatorScheme, Ratio, Target, check_indicators
from tests.circuits.claims.world import claim, index, indicator, part, scheme
from zkperf.errors import InputError
from zkperf.proofs.committed import DoesNotHold, Statement
from zkperf.proofs.forms import Form


def figure(identifier: str, high: int = 9, **changes: Any) -> Any:
    half = {"weight": Ratio.of(Fraction(1, 2)), "targets": (Target(period=None, value=high // 2),)}
    return indicator(identifier, **{"max": high} | half | changes)


def named(made: Any, name: str) -> Any:
    return made.model_copy(update={"id": name})


def outcome(setting: Setting, number: int, values: Sequence[int]) -> Any:
    """What comes out of a claim, or of the index, for these figures."""
    asked = claim_at(setting.scheme, number)
    if number == len(setting.scheme.claims):
        return index_outcome(setting, values)
    if asked.kind == "parts" and asked.numbers:
        return sum(values) if asked.numbers[0].exact <= sum(values) <= asked.numbers[1].exact else None
    try:
        state_claim(Asked(setting, number, None), values)
    except DoesNotHold:
        return False
    return True


def counted(setting: Setting, k: int) -> int:
    """The smallest number of values of figure k that some outcomes of all claims leave, one by one, but of
    the index and the claims that bound it together."""
    made = setting.scheme
    own = made.indicators[k]
    sets: list[dict[Any, set[int]]] = []
    numbers = [[number] for number, asked in enumerate(made.claims) if asked.kind != "index"]
    if made.index is not None:
        bounds = [number for number, asked in enumerate(made.claims) if asked.kind == "index"]
        numbers.append([*bounds, len(made.claims)])
    for joined in numbers:
        asked_for = needs(setting, joined[0])
        for place in (i for i, need in enumerate(asked_for) if need.indicator == own.id):
            ranges = [made.named(need.indicator) for need in asked_for]
            found: dict[Any, set[int]] = {}
            for values in product(*(range(item.min, item.max + 1) for item in ranges)):
                said = tuple(outcome(setting, number, values) for number in joined)
                found.setdefault(said, set()).add(values[place])
            sets.append(found)
    everything = set(range(own.min, own.max + 1))
    left = [everything]
    for found in sets:
        left = [before & said for before in left for said in found.values() if before & said]
    return min(map(len, left))


def jointly(setting: Setting, k: int) -> int:
    """The same for all outcomes together, each other figure being the same one in all of them."""
    made = setting.scheme
    numbers = range(len(made.claims) + (made.index is not None))
    own = made.indicators[k].id
    taken = sorted({(own, False), *(need for number in numbers for need in needs(setting, number))})
    ranges = [made.named(indicator) for indicator, _ in taken]
    found: dict[Any, set[int]] = {}
    for values in product(*(range(item.min, item.max + 1) for item in ranges)):
        known = dict(zip(taken, values, strict=True))
        said = tuple(
            outcome(setting, number, [known[need] for need in needs(setting, number)]) for number in numbers
        )
        found.setdefault(said, set()).add(known[own, False])
    return min(map(len, found.values()))


TWO = (figure("a"), figure("b", better="lower"))
THREE = (figure("a", 5), figure("b", 4, min=1), figure("t", 12))

SCHEMES: dict[str, Callable[[], IndicatorScheme]] = {
    "nothing": lambda: scheme(indicators=TWO),
    "target": lambda: scheme(claim("target", "a"), named(claim("target", "b"), "b_target"), indicators=TWO),
    "band": lambda: scheme(claim("target", "a"), claim("band", "a", numbers=(3, 7)), indicators=TWO),
    "ratio": lambda: scheme(
        claim("ratio", "a", "b", numbers=("2/3",), sense="at least"),
        claim("target", "b"),
        indicators=(figure("a"), figure("b", min=1)),
    ),
    "improved": lambda: scheme(claim("improved", "b", numbers=(10,)), indicators=TWO),
    "improved twice": lambda: scheme(
        claim("improved", "a", numbers=(25,)), claim("target", "a"), indicators=TWO
    ),
    "parts": lambda: scheme(claim("parts", "a", "b", "t"), claim("target", "a"), indicators=THREE),
    "total": lambda: scheme(claim("parts", "a", "b", numbers=(2, 8)), indicators=THREE),
    "total and target": lambda: scheme(
        claim("parts", "a", "b", numbers=(1, 9)), claim("target", "b"), indicators=THREE
    ),
    "a total in a narrow range": lambda: scheme(claim("parts", "a", "b", numbers=(4, 5)), indicators=THREE),
    "grades": lambda: scheme(index=index(), indicators=TWO),
    "grades and target": lambda: scheme(claim("target", "a"), index=index(), indicators=TWO),
    "three weights": lambda: scheme(claim("band", "b", numbers=(2, 3)), index=index(), indicators=THREE),
    "steps": lambda: scheme(index=index("exact", step=Ratio.of(Fraction(1, 5))), indicators=TWO),
    "a bound": lambda: scheme(
        claim("index", numbers=("0.7",), sense="at least"), index=index(), indicators=TWO
    ),
    "at most": lambda: scheme(
        claim("index", numbers=("0.35",), sense="at most"), index=index(), indicators=TWO
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_as_counted_over_all_figures(name: str) -> None:
    made = SCHEMES[name]()
    check_indicators(made)
    check_claims(made)
    setting = Setting(made, "2018")
    with_index = made.index is not None
    found = {item.indicator.id: item.values for item in exposures(setting, with_index=with_index)}
    assert found == {item.id: counted(setting, k) for k, item in enumerate(made.indicators)}


def test_missing_figures_change_the_index() -> None:
    made = scheme(claim("target", "a"), index=index(), indicators=THREE)
    setting = Setting(made, "2018", missing=frozenset({1}))
    assert has_index(setting)
    found = {item.indicator.id: item.values for item in exposures(setting, with_index=True)}
    assert found == {"a": counted(setting, 0), "t": counted(setting, 2)}


def test_claims_about_missing_figures_say_nothing() -> None:
    made = scheme(claim("ratio", "a", "b", numbers=(1,), sense="at least"), indicators=THREE)
    whole = {item.indicator.id: item.values for item in exposures(Setting(made, ""), with_index=False)}
    part = exposures(Setting(made, "", missing=frozenset({1})), with_index=False)
    assert whole["a"] == 4 and {item.indicator.id: item.values for item in part} == {"a": 6, "t": 13}


# -- where exactness ends, the count is never too large -------------------------------------------------


@pytest.mark.parametrize("scales", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 1)])
def test_parts_of_different_scales_are_never_counted_too_many(scales: tuple[int, int, int]) -> None:
    parts = tuple(
        figure(name, 12, scale=scale, targets=()) for name, scale in zip("abt", scales, strict=True)
    )
    setting = Setting(scheme(claim("parts", "a", "b", "t"), indicators=parts), "")
    for k, item in enumerate(exposures(setting, with_index=False)):
        assert 1 <= item.values <= counted(setting, k)


def test_coarse_figures_are_never_counted_too_many() -> None:
    coarse = (figure("a", 20), figure("b", 2), figure("c", 3, weight=Ratio.of(2)))
    made = scheme(index=index("exact", step=Ratio.of(Fraction(1, 20))), indicators=coarse)
    setting = Setting(made, "")
    for k, item in enumerate(exposures(setting, with_index=True)):
        assert 1 <= item.values <= counted(setting, k)


# -- several claims about the same figures are looked at together ---------------------------------------


def several(*claims: Any, high: int = 30, weights: tuple[int, int] | None = None, **more: Any) -> Any:
    """A scheme of two figures from 1 up, which the claims are about."""
    made = tuple(
        figure(name, high, min=1, targets=(), weight=Ratio.of(weight))
        for name, weight in zip("ab", weights or (1, 1), strict=True)
    )
    numbered = [named(item, f"{item.kind}_{place}") for place, item in enumerate(claims)]
    return scheme(*numbered, indicators=made, **more)


def bound(number: Any, sense: str = "at least") -> Any:
    return claim("index", numbers=(number,), sense=sense)


def ratio(number: Any, one: str = "a", other: str = "b", sense: str = "at least") -> Any:
    return claim("ratio", one, other, numbers=(number,), sense=sense)


SEVERAL: dict[str, Callable[[], IndicatorScheme]] = {
    "bounds next to each other": lambda: several(
        bound("0.5"), bound(Fraction(2916, 5829)), index=index(), weights=(101, 100)
    ),
    "a bound next to a grade": lambda: several(
        bound(Fraction(3, 5) + Fraction(1, 10**4), "at most"), index=index(), weights=(101, 100)
    ),
    "two ratios": lambda: several(ratio("0.618"), ratio("0.62")),
    "three ratios": lambda: several(ratio("1/2"), ratio(1), ratio("3/2", "b", "a", "at most"), high=40),
    "ratios far apart": lambda: several(ratio("1/3"), ratio(2)),
    "a ratio both ways": lambda: several(ratio("2/3"), ratio("5/4", "b", "a")),
    "improved by two numbers": lambda: several(
        claim("improved", "a", numbers=(10,)), claim("improved", "a", numbers=(12,)), high=20
    ),
    "improved by any and by much": lambda: several(
        claim("improved", "a", numbers=(0,)), claim("improved", "a", numbers=(100,)), high=20
    ),
    "a ratio and the index": lambda: several(ratio(1), index=index()),
    "a ratio and steps": lambda: several(ratio("2/3"), index=index("exact", step=Ratio.of(Fraction(1, 8)))),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_together_never_counted_too_many(name: str) -> None:
    made = SEVERAL[name]()
    check_indicators(made)
    check_claims(made)
    setting = Setting(made, "2018")
    for k, item in enumerate(exposures(setting, with_index=made.index is not None)):
        assert 1 <= item.values <= jointly(setting, k)


@pytest.mark.parametrize("name", ["ratios far apart", "a ratio and the index"])
def test_together_counted_nearly_all(name: str) -> None:
    setting = Setting(SEVERAL[name](), "2018")
    for k, item in enumerate(exposures(setting, with_index=setting.scheme.index is not None)):
        assert item.values >= jointly(setting, k) - 2


def test_a_scheme_that_bisects_is_refused_with_the_ways() -> None:
    with pytest.raises(InputError, match=r"by: ratio_1 not proved, ratio_0 proved"):
        check_exposure(floored(SEVERAL["two ratios"](), 5))
    with pytest.raises(InputError, match=r"by: index grade C, index_0 proved, index_1 not proved"):
        check_exposure(floored(SEVERAL["bounds next to each other"](), 5))


@pytest.mark.parametrize(
    "other",
    [ratio(1), claim("parts", "a", "b", "t"), claim("parts", "t", "a", "b")],
)
def test_nothing_else_is_about_two_parts_of_a_published_total(other: Any) -> None:
    total = named(claim("parts", "a", "b", numbers=(2, 8)), "total")
    with pytest.raises(InputError, match=r"publishes a total of 'a' and 'b', and claim .* is about both"):
        check_exposure(scheme(total, other, indicators=THREE))
    with pytest.raises(InputError, match=r"and the index is about both"):
        check_exposure(scheme(total, index=index(), indicators=THREE))
    check_exposure(scheme(total, ratio(1, "t"), indicators=THREE))


def test_too_many_claims_about_two_figures() -> None:
    check_exposure(floored(several(*(ratio(Fraction(n, 2)) for n in range(1, 5)), high=1000), 2))
    with pytest.raises(InputError, match="more than 4 claims are about the same two figures"):
        check_exposure(floored(several(*(ratio(Fraction(n, 2)) for n in range(1, 6)), high=1000), 2))


def test_what_products_give_away_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class Area(Kind):
        def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
            pass

        def state(
            self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: int | None
        ) -> None:
            s.at_least(s.product(*figures), 4)

    monkeypatch.setitem(KINDS, "area", Area())
    made = floored(scheme(claim("area", "a", "b"), indicators=TWO), 2)
    check_claims(made)
    with pytest.raises(InputError, match="claim 'the_area': what a claim about products"):
        check_exposure(made)
    check_exposure(floored(made, 1))


def test_a_floor_that_promises_nothing_leaves_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    made = several(ratio("1/2"), ratio(2), high=1000, index=index())
    monkeypatch.setattr("circuits.exposure.MOST_OUTCOMES", 2)
    assert not index_allowed(Setting(floored(made, 2), ""))
    check_exposure(floored(made, 1))
    assert index_allowed(Setting(floored(made, 1), ""))
    assert not index_allowed(Setting(floored(made, 1), "", missing=frozenset({0, 1})))


def test_too_many_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = floored(several(ratio("1/2"), ratio(2), high=1000, index=index()), 2)
    monkeypatch.setattr("circuits.exposure.MOST_OUTCOMES", 2)
    with pytest.raises(InputError, match="too many claims about 'a'"):
        check_exposure(made)
    assert not index_allowed(Setting(made, ""))


# -- the floor ------------------------------------------------------------------------------------------


def floored(made: IndicatorScheme, floor: int) -> IndicatorScheme:
    return made.model_copy(update={"floor": floor})


def test_a_scheme_below_its_floor_is_refused_with_the_way() -> None:
    quality = figure("quality", 300, scale=1, targets=(Target(period=None, value=190),))
    made = scheme(
        claim("target", "quality"),
        claim("band", "quality", numbers=("18.8", "25")),
        indicators=(quality, figure("b")),
    )
    check_exposure(floored(made, 2))
    with pytest.raises(InputError) as caught:
        check_exposure(floored(made, 3))
    assert str(caught.value).startswith(
        "'quality' could be narrowed to 18.8 to 18.9 (2 values) by: the_target not proved, the_band proved; "
        "the scheme's floor is 3 values."
    )


def test_a_range_may_be_too_small_by_itself() -> None:
    with pytest.raises(InputError, match=r"'a' could be narrowed to 0 to 3 \(4 values\) by: its range alone"):
        check_exposure(floored(scheme(indicators=(figure("a", 3),)), 5))


def test_every_period_is_looked_at() -> None:
    by_period = (Target(period="2016", value=50), Target(period="2017", value=98))
    made = scheme(claim("target", "a"), indicators=(figure("a", 100, targets=by_period),))
    check_exposure(floored(made, 3))
    with pytest.raises(InputError, match=r"98 to 100 \(3 values\) by: the_target proved in 2017"):
        check_exposure(floored(made, 4))


def test_the_index_counts() -> None:
    made = scheme(claim("target", "a"), index=index(), indicators=(figure("a", 99), figure("b", 99)))
    least = min(item.values for item in exposures(Setting(made, ""), with_index=True))
    check_exposure(floored(made, least))
    with pytest.raises(InputError, match="index grade"):
        check_exposure(floored(made, least + 1))


def test_a_figure_is_in_one_published_total_only() -> None:
    one, two = (claim("parts", "a", other, numbers=(2, 8)) for other in ("b", "t"))
    check_exposure(scheme(one, indicators=THREE))
    with pytest.raises(InputError, match="'a' is in two published totals"):
        check_exposure(scheme(one, named(two, "again"), indicators=THREE))


# -- an index that waits for published means ------------------------------------------------------------


def test_an_index_with_published_means_is_allowed_when_they_are_known() -> None:
    mean = part("a", 0, 10, weight="1/2")
    made = floored(scheme(index=index(parts=(mean,)), indicators=(figure("a", 99), figure("b", 99))), 10)
    check_exposure(made)
    allowed = {
        score: index_allowed(Setting(made, "", parts=[None if score is None else Fraction(score)]))
        for score in (None, 2, 4, 10)
    }
    # With a mean of 4 of 10, two thirds of the weight can only just give the best grade.
    assert allowed == {None: True, 2: True, 4: False, 10: True}


def test_bounds_of_an_index_wait_for_published_means_too() -> None:
    """With the mean withheld hardly anybody reaches two thirds: that says nothing of the scheme."""
    bounded = claim("index", numbers=("0.66",), sense="at least")
    made = floored(
        scheme(
            bounded,
            index=index(parts=(part("a", 0, 10, weight="1/2"),)),
            indicators=(figure("a", 99), figure("b", 99)),
        ),
        10,
    )
    check_exposure(made)
    assert not index_allowed(Setting(made, "", parts=[None]))
    assert index_allowed(Setting(made, "", parts=[Fraction(10)]))


def test_an_index_with_too_little_reported_is_not_allowed() -> None:
    made = floored(scheme(index=index(), indicators=(figure("a", 99), figure("b", 99))), 2)
    assert index_allowed(Setting(made, ""))
    assert not index_allowed(Setting(made, "", missing=frozenset({0})))


# -- steps ----------------------------------------------------------------------------------------------


def test_the_finest_step_that_leaves_enough() -> None:
    wide = tuple(figure(name, 1000, targets=()) for name in "abc")
    made = floored(scheme(index=index("exact", step=None), indicators=wide), 5)
    stepped = with_step(made)
    assert stepped.index is not None and stepped.index.step is not None
    step = stepped.index.step.exact
    assert step == Fraction(1, 100)
    check_exposure(stepped)
    assert with_step(stepped) is stepped
    coarser = with_step(floored(made, 40))
    assert coarser.index is not None and coarser.index.step == Ratio.of(Fraction(1, 50))
    with pytest.raises(InputError, match=r"publish grades\. 'a' could be narrowed"):
        with_step(floored(made, 1002))
    graded = scheme(index=index(), indicators=wide)
    assert with_step(graded) is graded


def test_steps_have_a_least() -> None:
    wide = tuple(figure(name, 10**6, targets=()) for name in "ab")
    check_exposure(scheme(index=index("exact", step=Ratio.of(Fraction(1, 100))), indicators=wide))
    for step in (Ratio.of(Fraction(1, 101)), None):
        with pytest.raises(InputError, match="a step of at least 1/100"):
            check_exposure(scheme(index=index("exact", step=step), indicators=wide))
