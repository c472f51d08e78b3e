"""Pools: what may be summed of which indicator, sums, shares at targets, complaints, the result."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest

from circuits.complaint import FalseComplaint, complain
from circuits.indicators import Target
from circuits.rating import Bundle
from circuits.report import build_report
from tests.circuits.claims.world import claim, indicator
from tests.ledger.bench import encoded
from tests.ledger.figure_bench import (
    COST,
    FIGURES,
    GROUPS,
    NAMES,
    QUALITY,
    UNITS,
    WAITING,
    FigureBench,
    a_round,
    in_phase,
    plan,
    provider_key,
    totalled,
)
from zkperf.errors import InvalidOpening, InvalidSignature, RuleViolation
from zkperf.ledger.disclosure import Reason, disclose, totals
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.rules.figures.pools import compute_pools, pool_of, pooled_mean
from zkperf.ledger.rules.figures.reports import report_context
from zkperf.ledger.rules.tally import expected_sums
from zkperf.ledger.signing import signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import ComplaintPosted, digest

INNER = {"all": NAMES} | {group: list(names) for group, names in GROUPS.items()}


def tallied(figures: Any, made: Any = None, **changes: Any) -> FigureBench:
    """A round in which these figures were reported and counted."""
    bench = a_round(made, **changes)
    bench.report_all(figures)
    bench.check_all()
    return bench


def of(bench: FigureBench, unit: str, k: int) -> Any:
    return pool_of(bench.figures, k, UNITS[unit])


def test_a_sum_that_no_figures_can_have_is_not_published() -> None:
    """Proofs of ranges say that there is none: it would be a fault, and is named."""
    bench = in_phase(Phase.CLAIMING).fork()
    opening = bench.figures.openings[QUALITY, 0]
    for outside in (7 * 300 + 1, -1):
        bench.figures.openings[QUALITY, 0] = replace(opening, values=(outside % bench.figures.group.order,))
        with pytest.raises(InvalidOpening, match="sum of 'quality'"):
            pooled_mean(bench.figures, QUALITY, 0)


# -- the whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
def test_pools_are_those_of_the_figures(suite: str) -> None:
    bench = a_round(suite=suite).go(Phase.CONCLUDED)
    result = {unit.name: unit for unit in bench.figures.result or ()}
    assert list(result) == ["all", "North", "South"]
    for name, unit in result.items():
        assert (unit.status, unit.count) == ("published", len(INNER[name]))
        for k, pool in enumerate(unit.pools):
            values = [FIGURES[provider][k] for provider in INNER[name] if k in FIGURES[provider]]
            indicator = plan().indicators[k]
            assert (pool.status, pool.count, pool.sum) == ("published", len(values), sum(values))
            exact = Fraction(sum(values), len(values) * 10**indicator.scale)
            assert pool.mean is not None and abs(Fraction(pool.mean) - exact) <= Fraction(1, 2 * 10**6)
            assert pooled_mean(bench.figures, k, UNITS[name]) == exact
    shares = {
        (name, pool.indicator): (pool.share, pool.share_from)
        for name, unit in result.items()
        for pool in unit.pools
    }
    assert shares == {
        ("all", "quality"): ("0.571429", "claims"),
        ("North", "quality"): ("0.500000", "claims"),
        ("South", "quality"): ("0.666667", "claims"),
        ("all", "waiting"): ("0.666667", "bits"),
        ("North", "waiting"): ("0.500000", "bits"),
        # Both of South are at the target. That a group is all alike is no reason to withhold its share: it
        # would be withheld for what the figures are.
        ("South", "waiting"): ("1.000000", "bits"),
        ("all", "cost"): (None, None),
        ("North", "cost"): (None, None),
        ("South", "cost"): (None, None),
    }


def test_the_rule_runs_for_each_indicator_on_those_that_report_it() -> None:
    figures = {name: {QUALITY: 100, COST: 1} for name in NAMES} | {"n1": {QUALITY: 100}, "s1": {WAITING: 5}}
    figures |= {"s2": {QUALITY: 90, WAITING: 7}}
    bench = tallied(figures, min_cohort=3)
    found = bench.figures
    assert {k: dict(found.pooled[k]) for k in (QUALITY, WAITING, COST)} == {
        k: {
            unit: sum(k in figures[provider] for provider in INNER.get(name, [name]))
            for name, unit in UNITS.items()
        }
        for k in (QUALITY, WAITING, COST)
    }
    # Two of South report their quality: it is withheld, and so is North, which would give it away.
    assert found.publications[QUALITY].withheld[UNITS["South"]] is Reason.SMALL
    assert found.publications[QUALITY].withheld[UNITS["North"]] is Reason.SHIELD
    assert found.publications[QUALITY].published == [0]
    assert found.publications[WAITING].published == []
    assert expected_sums(found) == [(QUALITY, 0), (COST, 0)]
    assert all(unit.status == "published" for unit in compute_pools(bench.go(Phase.OPENED).figures))
    withheld = of(bench, "South", QUALITY)
    assert (withheld.status, withheld.reason, withheld.count) == ("withheld", "fewer than the minimum", 2)
    assert (withheld.sum, withheld.mean, withheld.share) == (None, None, None)


def test_nothing_smaller_follows_from_the_pools_of_an_indicator() -> None:
    tree = in_phase(Phase.OPEN).figures.tree
    for reporting in (set(names) for n in range(8) for names in combinations(NAMES, n)):
        numbers = totals(tree, {UNITS[name]: int(name in reporting) for name in NAMES})
        published = disclose(tree, numbers, 3).published
        shown = {unit: numbers[UNITS[unit]] for unit in INNER if UNITS[unit] in published}
        assert all(count >= 3 for count in shown.values())
        assert all(shown["all"] - count in (0, 3, 4) for name, count in shown.items() if name != "all")
        # A provider is never published, whatever the others do.
        assert not any(UNITS[name] in published and numbers[UNITS[name]] for name in NAMES)


def tied_plan() -> Any:
    parts = (
        indicator("a", max=50),
        indicator("b", max=50),
        indicator("total", max=100),
        indicator("other", max=100),
    )
    return plan(indicators=parts, claims=(claim("parts", "a", "b", "total"),), index=None)


def test_parts_are_pooled_over_those_that_report_all_of_them() -> None:
    figures = {name: {0: 10, 1: 20, 2: 30, 3: 7} for name in NAMES}
    figures |= {"n1": {0: 10, 1: 20, 3: 7}, "s1": {2: 30, 3: 7}, "s2": {0: 1, 2: 3}}
    bench = tallied(figures, tied_plan())
    found = bench.figures
    assert found.tied(0) == found.tied(2) == {0, 1, 2} and found.tied(3) == {3}
    for k in range(3):
        assert (found.pooled[k][0], found.pooled[k][UNITS["North"]], found.pooled[k][UNITS["South"]]) == (
            4,
            3,
            1,
        )
        assert found.publications[k].published == [0]
    assert found.pooled[3][0] == 6
    bench.go(Phase.CLAIMING)
    assert [of(bench, "all", k).sum for k in range(4)] == [40, 80, 120, 42]


def test_ties_join() -> None:
    five = tuple(indicator(name, max=100) for name in "abcdefg")
    claims = (claim("parts", "a", "b", "c"), claim("parts", "d", "e", "f"), claim("parts", "c", "d", "g"))
    named = tuple(item.model_copy(update={"id": str(n)}) for n, item in enumerate(claims))
    bench = a_round(plan(indicators=five, claims=named, index=None))
    assert bench.figures.tied(0) == set(range(7))
    two = a_round(plan(indicators=five, claims=named[:2], index=None))
    assert two.figures.tied(1) == {0, 1, 2} and two.figures.tied(6) == {6}


# -- published totals ------------------------------------------------------------------------------------


def test_a_provider_that_publishes_no_total_keeps_it() -> None:
    """The attack: the pool of all, less the totals that the others publish, is the total of the one that did
    not. So nothing that is tied to a published total is summed, also by way of another claim."""
    figures = {name: {0: 10 + n, 1: 20, 2: 25, 3: 5, 4: 7} for n, name in enumerate(NAMES)}
    bench = tallied(figures, totalled())
    assert bench.figures.unpooled == {0, 1, 2, 3}
    assert expected_sums(bench.figures) == [(4, 0), (4, UNITS["North"]), (4, UNITS["South"])]
    bench.go(Phase.CLAIMING)
    bench.apply(bench.claims("n1", claims=()), *(bench.claims(name) for name in NAMES[1:]))
    published = [bench.figures.claimed[UNITS[name]].proved.get(0) for name in NAMES]
    assert published == [None, *(30 + n for n in range(1, 7))]
    bench.go(Phase.CONCLUDED)
    assert {column for column, _ in bench.figures.openings} == {4}
    for unit in INNER:
        for k in range(4):
            pool = of(bench, unit, k)
            assert (pool.status, pool.sum, pool.mean, pool.share) == ("withheld", None, None, None)
            assert (pool.reason, pool.count) == (
                "not pooled: tied to a published total",
                len(INNER[unit]),
            )
        assert of(bench, unit, 4).sum == 7 * len(INNER[unit])


def test_of_what_is_not_pooled_nobody_is_asked_who_is_at_the_target() -> None:
    made = totalled()
    aimed = tuple(
        item.model_copy(update={"targets": (Target(period=None, value=20),)}) for item in made.indicators
    )
    bench = a_round(made.model_copy(update={"indicators": aimed}))
    assert bench.figures.form.bits == (4,)


# -- sums -----------------------------------------------------------------------------------------------


def test_sums_are_those_that_may_be_published() -> None:
    bench = in_phase(Phase.SUMMING).fork()
    wanted = expected_sums(bench.figures)
    assert len(wanted) == 9
    for wrong in (wanted[:-1], [*wanted, (COST, UNITS["n1"])], wanted[::-1], [(3, 0)], [*wanted, wanted[0]]):
        bench.refuse(bench.sums(1, wrong), "disclosure", "no more, no less")
    posted = bench.sums(1)
    bench.refuse(bench.resigned(1, posted, stage=1), "openings", "at stage 0")
    bench.apply(posted)
    bench.refuse(posted, "openings", "already")


def test_a_wrong_sum_names_its_sender() -> None:
    bench = in_phase(Phase.SUMMING).fork()
    right, other = bench.sums(1), bench.sums(2)
    bench.refuse(
        bench.resigned(1, right, sums=other.sums), "openings", "member 1's sum for unit 'all'", InvalidOpening
    )


def test_sums_of_bits_are_exact_too() -> None:
    """No member can leave a share out."""
    bench = in_phase(Phase.TOTALLING).fork()
    wanted = expected_sums(bench.figures)
    assert wanted == [(3, 0), (3, UNITS["North"]), (3, UNITS["South"])]
    for wrong in (wanted[::-1], wanted[:2], [], [*wanted, (3, UNITS["n1"])], [(QUALITY, 0)]):
        bench.refuse(bench.sums(1, wrong), "disclosure", "no more, no less")
    bench.apply(bench.sums(1), bench.sums(3))
    assert bench.figures.phase is Phase.CLAIMING
    assert set(wanted) <= set(bench.figures.openings)


@pytest.mark.parametrize(
    ("waiting", "shares"),
    [
        (dict.fromkeys(NAMES, 90), ["0.000000"] * 3),
        (dict.fromkeys(NAMES, 30), ["1.000000"] * 3),
        (dict.fromkeys(NAMES, 31) | {"s1": 30}, ["0.142857", "0.000000", "0.333333"]),
    ],
)
def test_a_share_is_published_wherever_its_mean_is(waiting: dict[str, int], shares: list[str]) -> None:
    """Whatever the figures are: which units have a share follows from numbers of reports alone."""
    figures = {name: {**values, WAITING: waiting[name]} for name, values in FIGURES.items()}
    bench = tallied(figures).go(Phase.OPENED)
    assert [of(bench, unit, WAITING).share for unit in INNER] == shares
    for unit in INNER:
        assert of(bench, unit, WAITING).mean is not None
    few = {name: figures[name] for name in NAMES if name not in ("s2", "s3")}
    withheld = tallied(few).go(Phase.OPENED)
    assert [of(withheld, unit, WAITING).share is None for unit in INNER] == [False, True, True]


def test_where_a_share_could_tell_too_much_nobody_is_asked() -> None:
    """At most 2 days would leave three values of five: no report has a column for that."""
    target = (Target(period="2018", value=2), Target(period=None, value=30))
    first, waiting, last = plan().indicators
    made = plan(indicators=(first, waiting.model_copy(update={"targets": target}), last))
    bench = tallied(FIGURES, made)
    assert bench.figures.form.bits == ()
    assert {column for filed in bench.figures.counted_below(0) for column in filed.columns} == {0, 1, 2}
    bench.go(Phase.OPENED)
    for unit in INNER:
        pool = of(bench, unit, WAITING)
        assert (pool.status, pool.share, pool.share_from) == ("published", None, "not asked")
    later = tallied(FIGURES, made, period="2019")
    assert later.figures.form.bits == (WAITING,)


def test_a_sum_of_bits_that_no_reports_can_have_is_not_published() -> None:
    bench = in_phase(Phase.OPENED).fork()
    opening = bench.figures.openings[3, 0]
    for outside in (7, -1):
        bench.figures.openings[3, 0] = replace(opening, values=(outside % bench.figures.group.order,))
        with pytest.raises(InvalidOpening, match="at their target"):
            of(bench, "all", WAITING)


def test_without_bits_the_claims_come_next() -> None:
    bench = tallied(
        FIGURES,
        plan(indicators=tuple(i.model_copy(update={"targets": ()}) for i in plan().indicators), claims=()),
    )
    bench.go(Phase.CLAIMING)
    assert len(bench.figures.openings) == 9


# -- the result -----------------------------------------------------------------------------------------


def test_the_result_is_what_openings_and_claims_say() -> None:
    bench = in_phase(Phase.OPENED).fork()
    right = bench.published(2)
    changed = right.units[0].model_copy(update={"count": 8})
    bench.refuse(
        bench.resigned(2, right, units=(changed, *right.units[1:])), "pools", "not what the openings"
    )
    bench.refuse(bench.resigned(2, right, trustee=1), "signatures", error=InvalidSignature)
    bench.apply(right)
    assert (bench.figures.phase, bench.figures.result_index) == (Phase.CONCLUDED, bench.state.size - 1)
    bench.refuse(right, "pools", "does not allow")


def test_a_group_with_too_few_reports_says_why() -> None:
    figures = {name: FIGURES[name] for name in NAMES if name not in ("s2", "s3")}
    bench = tallied(figures).go(Phase.CONCLUDED)
    units = {unit.name: unit for unit in bench.figures.result or ()}
    assert (units["South"].status, units["South"].reason, units["South"].count) == (
        "withheld",
        "fewer than the minimum",
        1,
    )
    assert (units["North"].status, units["North"].reason) == ("withheld", "protects a smaller group")
    assert units["all"].status == "published"


# -- complaints -----------------------------------------------------------------------------------------


def spoilt(bench: FigureBench, name: str) -> Any:
    """A report whose shares for member 1 do not match: member 2's are sealed for it."""
    state, found = bench.state, bench.figures
    context = report_context(state, found, UNITS[name])
    keys = list(state.sealing_keys)
    keys[0] = keys[1]
    report, bundle, _ = build_report(state.commitment_group, found.form, context, keys, 0, FIGURES[name])
    posted = signed(ReportPosted, provider_key(name), state.ledger, report=report)
    return posted, bundle


def complaint(bench: FigureBench, posted: ReportPosted, bundle: Bundle, member: int = 1) -> Any:
    made = complain(
        bench.state.commitment_group,
        bench.state.ledger,
        digest(posted),
        posted.report,
        bundle,
        member,
        bench.secret(member),
    )
    return bench.signed(member, ComplaintPosted, complaint=made)


def test_a_true_complaint_strikes_a_report_out() -> None:
    bench = in_phase(Phase.OPEN).fork()
    posted, bundle = spoilt(bench, "n1")
    bench.apply(posted, *(bench.report(name) for name in NAMES[1:]))
    told = complaint(bench, posted, bundle)
    bench.apply(told)
    assert bench.figures.reports[UNITS["n1"]].struck
    bench.refuse(told, "complaints", "judged before")
    again = complaint(bench, posted, bundle)
    bench.refuse(again, "complaints", "struck out already")
    bench.check_all()
    assert bench.figures.numbers[0] == 6 and bench.figures.pooled[COST][UNITS["North"]] == 2
    bench.go(Phase.CLAIMING)
    assert of(bench, "all", QUALITY).sum == sum(FIGURES[name][QUALITY] for name in NAMES[1:])


def test_a_struck_report_may_be_corrected() -> None:
    bench = in_phase(Phase.OPEN).fork()
    posted, bundle = spoilt(bench, "n1")
    bench.apply(posted)
    bench.apply(complaint(bench, posted, bundle))
    bench.apply(bench.report("n1", sequence=1))
    assert not bench.figures.reports[UNITS["n1"]].struck


def test_a_false_complaint_is_none() -> None:
    bench = in_phase(Phase.OPEN).fork()
    posted = bench.report("n1")
    bench.apply(posted)
    made = bench.made[digest(posted)]
    bench.refuse(complaint(bench, posted, made.bundle), "complaints", "is good", FalseComplaint)
    replaced = complaint(bench, posted, made.bundle)
    bench.apply(bench.report("n1", sequence=1))
    bench.refuse(replaced, "complaints", "not on the log, or was replaced", RuleViolation)


def test_nobody_complains_once_the_counted_set_is_fixed() -> None:
    bench = in_phase(Phase.OPEN).fork()
    posted, bundle = spoilt(bench, "n1")
    bench.apply(posted, *(bench.report(name) for name in NAMES[1:]))
    told = complaint(bench, posted, bundle)
    bench.check_all()
    bench.refuse(told, "complaints", "does not allow")
    assert encoded(posted) in bench.leaves
