"""Claims across two schemes: an indicator is found by its id, wherever either scheme lists it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from circuits.claims import Asked, ClaimContext, Need, Opening, prove_claim
from circuits.indicators import Indicator, IndicatorScheme
from tests.circuits.claims.world import claim, indicator
from tests.ledger.figure_bench import NAMES, UNITS, FigureBench, a_round, plan
from zkperf.errors import InvalidProof
from zkperf.ledger.figure_transactions import Proven
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.needed import claim_context, figure_needed, last_place
from zkperf.ledger.state import Phase
from zkperf.proofs.committed import DoesNotHold

CHECK = "claims"

DAYS = indicator("days", max=1000, better="lower")
BEDS = indicator("beds", max=1000, better="lower")
NEW = indicator("new", max=1000, better="lower")


def asking(*indicators: Indicator) -> IndicatorScheme:
    """Fewer waiting days than in the last period is claimed."""
    return plan(indicators=indicators, claims=(claim("improved", "days", numbers=(0,)),), index=None, floor=1)


def two_periods(
    then: tuple[Indicator, ...],
    now: tuple[Indicator, ...],
    before: Mapping[str, int],
    after: Mapping[str, int],
) -> FigureBench:
    """Everybody reports these figures, by id, in one period and in the next, under a scheme of its own."""
    bench = a_round(asking(*then))
    bench.report_all({name: {k: before[item.id] for k, item in enumerate(then)} for name in NAMES})
    bench.check_all()
    bench.go(Phase.CONCLUDED)
    if now != then:
        bench.apply(bench.scheme_posted(asking(*now)))
    bench.apply(bench.opened(period="2019", previous=bench.figures.digest))
    bench.report_all({name: {k: after[item.id] for k, item in enumerate(now)} for name in NAMES})
    bench.check_all()
    return bench.go(Phase.CLAIMING)


ORDERS = [
    ((DAYS, BEDS), (DAYS, BEDS)),
    ((DAYS, BEDS), (BEDS, DAYS)),
    ((BEDS, DAYS), (DAYS, BEDS)),
    ((DAYS, BEDS), (NEW, DAYS, BEDS)),
    ((NEW, DAYS), (DAYS,)),
]


@pytest.mark.parametrize(("then", "now"), ORDERS)
def test_improvement_is_proved_wherever_either_scheme_lists_the_indicator(
    then: tuple[Indicator, ...], now: tuple[Indicator, ...]
) -> None:
    figures = {"beds": 0, "new": 0}
    bench = two_periods(then, now, figures | {"days": 800}, figures | {"days": 100})
    bench.claim_all()
    assert all(bench.figures.claimed[UNITS[name]].proved == {0: None} for name in NAMES)


@pytest.mark.parametrize(("then", "now"), ORDERS)
def test_another_indicators_figure_proves_no_improvement(
    then: tuple[Indicator, ...], now: tuple[Indicator, ...]
) -> None:
    """Days rose from 100 to 800: no figure that stood at some other place can stand in for the 100."""
    figures = {"beds": 900, "new": 900}
    bench = two_periods(then, now, figures | {"days": 100}, figures | {"days": 800})
    assert bench.claims("n1").claims == ()
    found, unit, state = bench.figures, UNITS["n1"], bench.state
    own = figure_needed(found, unit, Need("days"))
    last = last_place(found, unit)
    assert own is not None and last is not None
    previous = last[0].reports[last[1]]
    asked = Asked(provider_setting(state, found, unit), 0, None)
    figure = figure_needed(found, unit, Need("days", previous=True))
    assert figure is not None
    context = claim_context(state, found, unit, [own, figure])
    for column in previous.reported:
        openings = [
            bench.made[own.filed.digest].openings[own.column],
            bench.made[previous.digest].openings[column],
        ]
        commitments = [own.commitment, previous.columns[column][0]]
        if then[column] == DAYS:
            with pytest.raises(DoesNotHold):
                prove_claim(state.commitment_group, asked, context, openings, commitments)
            continue
        # Over the other indicator's 900 the statement is true, and the proof is good: of another figure.
        proof = prove_claim(state.commitment_group, asked, context, openings, commitments)
        forged = bench.claims("n1", claims=(Proven(claim=0, outcome=None, proof=proof),))
        bench.refuse(forged, "proofs", error=InvalidProof)


def test_an_indicator_that_the_last_scheme_did_not_have_is_not_compared() -> None:
    bench = a_round(asking(DAYS))
    bench.report_all({name: {0: 100} for name in NAMES})
    bench.check_all()
    bench.go(Phase.CONCLUDED)
    made = asking(NEW, DAYS)
    bench.apply(bench.scheme_posted(made))
    bench.apply(bench.opened(period="2019", previous=bench.figures.digest))
    assert figure_needed(bench.figures, UNITS["n1"], Need("new", previous=True)) is None
    assert figure_needed(bench.figures, UNITS["n1"], Need("days", previous=True)) is not None
    both = (*made.claims, claim("improved", "new", numbers=(0,)).model_copy(update={"id": "fewer"}))
    bench.apply(bench.scheme_posted(made.model_copy(update={"claims": both})))
    previous = next(iter(bench.state.figure_rounds))
    bench.apply(bench.close())
    bench.refuse(bench.opened(period="2020", previous=previous), "rounds", "or none")


def test_a_proof_is_bound_to_the_last_periods_scheme() -> None:
    bench = two_periods((DAYS, BEDS), (BEDS, DAYS), {"days": 9, "beds": 5}, {"days": 8, "beds": 5})
    found, unit, state = bench.figures, UNITS["n1"], bench.state
    figures = [figure_needed(found, unit, need) for need in (Need("days"), Need("days", previous=True))]
    known = [figure for figure in figures if figure is not None]
    first, second = state.figure_schemes
    context = claim_context(state, found, unit, known)
    assert context == ClaimContext(
        ledger=state.ledger,
        scheme=second,
        round=found.digest,
        unit=unit,
        provider=found.opened.units[unit].provider or b"",
        report=known[0].filed.digest,
        previous=known[1].filed.digest,
        previous_scheme=first,
    )
    alone = claim_context(state, found, unit, known[:1])
    assert (alone.previous, alone.previous_scheme) == (None, None)
    openings: list[Opening] = [bench.made[figure.filed.digest].openings[figure.column] for figure in known]
    asked = Asked(provider_setting(state, found, unit), 0, None)
    commitments = [figure.commitment for figure in known]
    elsewhere = ClaimContext(**{**vars(context), "previous_scheme": second})
    proof = prove_claim(state.commitment_group, asked, elsewhere, openings, commitments)
    forged = bench.claims("n1", claims=(Proven(claim=0, outcome=None, proof=proof),))
    bench.refuse(forged, "proofs", error=InvalidProof)
    bench.apply(bench.claims("n1"))
