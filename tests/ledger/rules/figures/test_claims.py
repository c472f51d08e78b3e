"""Claims on the ledger: whose, about which report, and in which batch."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from circuits.claims import Need
from circuits.indicators import IndexPart
from tests.circuits.claims.world import claim, index, indicator, part
from tests.ledger.bench import encoded
from tests.ledger.figure_bench import (
    FIGURES,
    NAMES,
    QUALITY,
    UNITS,
    FigureBench,
    a_round,
    in_phase,
    plan,
    provider_key,
)
from zkperf.errors import EncodingError, InvalidProof, InvalidSignature, RuleViolation
from zkperf.ledger.figure_transactions import ClaimsPosted, Proven
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.figures import claims
from zkperf.ledger.rules.figures.claims import provider_setting
from zkperf.ledger.rules.figures.needed import figure_needed
from zkperf.ledger.rules.prepared import everything
from zkperf.ledger.signing import signed
from zkperf.ledger.state import Phase
from zkperf.roles.verdicts import verdict

CHECK = "claims"


def claiming() -> FigureBench:
    return in_phase(Phase.CLAIMING).fork()


def resigned(bench: FigureBench, name: str, posted: ClaimsPosted, **changes: Any) -> ClaimsPosted:
    values = {field: getattr(posted, field) for field in ("round", "unit", "report", "claims")}
    return signed(ClaimsPosted, provider_key(name), bench.state.ledger, **values | changes)


def test_what_holds_is_proved_and_the_last_claim_ends_the_wait() -> None:
    bench = claiming()
    bench.claim_all()
    # Claim 0: quality of 19.0 or more. Claim 1, better than last period, has no last period. 2: the index.
    proved = {name for name in NAMES if 0 in bench.figures.claimed[UNITS[name]].proved}
    assert proved == {name for name, values in FIGURES.items() if values[QUALITY] >= 190}
    assert not any(1 in claimed.asked for claimed in bench.figures.claimed.values())
    grades = {name: bench.figures.claimed[UNITS[name]].proved.get(2) for name in NAMES}
    # n2: (200/300 + 80/100)/2 = 0.73; n3: (250/300 + 90/100)/2 = 0.87; s2 has reported one figure only.
    assert (grades["n2"], grades["n3"], grades["n4"], grades["s2"]) == (1, 0, 2, None)
    assert bench.figures.phase is Phase.OPENED


def test_they_are_signed_by_the_provider() -> None:
    bench = claiming()
    posted = bench.claims("n2")
    bench.refuse(resigned(bench, "n3", posted), "signatures", error=InvalidSignature)
    bench.refuse(resigned(bench, "n2", posted, round=bytes(32)), CHECK, "there is no round")
    bench.refuse(resigned(bench, "n2", posted, unit=1), CHECK, "is not a provider")
    bench.refuse(resigned(bench, "n2", posted, unit=99), CHECK, "is not a provider")


def test_they_come_once_and_after_the_pools() -> None:
    bench = claiming()
    posted = bench.claims("n2")
    early = in_phase(Phase.TOTALLING).fork()
    early.refuse(resigned(early, "n2", posted, round=early.figures.digest), CHECK, "takes no claims now")
    bench.apply(posted)
    bench.refuse(posted, CHECK, "posted its claims already")
    late = in_phase(Phase.OPENED).fork()
    late.figures.claimed.pop(UNITS["n2"])
    late.refuse(resigned(late, "n2", posted, round=late.figures.digest), CHECK, "takes no claims now")


def test_they_are_about_the_report_that_counts() -> None:
    bench = claiming()
    posted = bench.claims("n2")
    other = bench.figures.reports[UNITS["n3"]].digest
    bench.refuse(resigned(bench, "n2", posted, report=other), CHECK, "stale commitment")
    bench.figures.reports[UNITS["n2"]].struck = True
    bench.refuse(posted, CHECK, "stale commitment")
    del bench.figures.reports[UNITS["n2"]]
    bench.refuse(posted, CHECK, "nothing to claim about")


def test_a_corrected_report_leaves_old_claims_stale() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.report_all()
    old = bench.figures.reports[UNITS["n2"]].digest
    bench.apply(bench.report("n2", sequence=1))
    bench.check_all()
    bench.go(Phase.CLAIMING)
    bench.refuse(resigned(bench, "n2", bench.claims("n2"), report=old), CHECK, "stale commitment")


def test_there_is_nothing_to_judge_before_all_reports_and_means_are_fixed() -> None:
    """A verdict on the report that counts now would be wrong when another one does."""
    posted = claiming().claims("n2")
    for phase in (Phase.OPEN, Phase.CHECKING, Phase.SUMMING, Phase.TOTALLING):
        bench = in_phase(Phase.OPEN).fork()
        bench.report_all()
        bench.figures.phase = phase
        again = resigned(bench, "n2", posted, report=bench.figures.reports[UNITS["n2"]].digest)
        assert not claims.can_be_judged(bench.state, again)
        [verdict] = claims.verify_posted_claims(bench.state, [again])
        assert isinstance(verdict, RuleViolation) and "nothing to claim about yet" in str(verdict)


def test_who_has_not_reported_is_in_no_setting() -> None:
    bench = claiming()
    del bench.figures.reports[UNITS["n2"]]
    with pytest.raises(RuleViolation, match="has no report that counts"):
        provider_setting(bench.state, bench.figures, UNITS["n2"])


def test_claims_are_listed_in_order_each_once() -> None:
    bench = claiming()
    posted = bench.claims("n2")
    assert [item.claim for item in posted.claims] == [0, 2]
    for wrong in (posted.claims[::-1], posted.claims[:1] * 2):
        bench.refuse(resigned(bench, "n2", posted, claims=wrong), CHECK, "in the scheme's order")


def test_a_claim_that_does_not_hold_cannot_be_posted() -> None:
    bench = claiming()
    right = bench.claims("n2", only=[0])
    copied = resigned(bench, "n1", right, unit=UNITS["n1"], report=bench.figures.reports[UNITS["n1"]].digest)
    bench.refuse(copied, "proofs", error=InvalidProof)
    at_target, index_of_n2 = bench.claims("n2").claims
    better = index_of_n2.model_copy(update={"outcome": 0})
    # The best grade has one end to prove, not two: another length.
    bench.refuse(resigned(bench, "n2", right, claims=(at_target, better)), "encoding", error=EncodingError)
    silent = index_of_n2.model_copy(update={"outcome": None})
    bench.refuse(resigned(bench, "n2", right, claims=(silent,)), "proofs", "outcome", InvalidProof)
    for number in (3, 2**62):
        none = Proven(claim=number, outcome=None, proof=b"")
        bench.refuse(resigned(bench, "n2", right, claims=(none,)), "proofs", "no claim", InvalidProof)


def test_every_figure_of_a_claim_is_reported() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.report_all(FIGURES | {"n1": {1: 5}})
    bench.check_all()
    bench.go(Phase.CLAIMING)
    proof = bench.claims("n2", only=[0]).claims
    posted = bench.claims("n1", claims=proof)
    bench.refuse(posted, CHECK, "'quality' is not reported")
    gained = (Proven(claim=1, outcome=None, proof=b""),)
    bench.refuse(bench.claims("n2", claims=gained), CHECK, "'quality' is not reported")


def test_who_reports_too_little_has_no_index() -> None:
    bench = claiming()
    proof = bench.claims("n2", only=[2]).claims
    bench.refuse(bench.claims("s2", claims=proof), CHECK, "claim 'index' is not asked of this provider")


# -- two periods ----------------------------------------------------------------------------------------


def next_period(figures: Any, units: Any = None) -> FigureBench:
    bench = in_phase(Phase.CONCLUDED).fork()
    more = {} if units is None else {"units": units}
    bench.apply(bench.opened(period="2019", previous=bench.figures.digest, **more))
    bench.report_all(figures)
    bench.check_all()
    return bench.go(Phase.CLAIMING)


def test_better_than_in_the_last_period() -> None:
    now = {
        name: {k: value + (name in ("n1", "s2")) for k, value in figures.items()}
        for name, figures in FIGURES.items()
    }
    bench = next_period(now)
    bench.claim_all()
    assert {name for name in NAMES if 1 in bench.figures.claimed[UNITS[name]].proved} == {"n1", "s2"}


def test_who_did_not_report_the_last_period_cannot_have_improved() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.report_all({name: figures for name, figures in FIGURES.items() if name != "n1"})
    bench.check_all()
    bench.go(Phase.CONCLUDED)
    bench.apply(bench.opened(period="2019", previous=bench.figures.digest))
    bench.report_all(FIGURES)
    bench.check_all()
    bench.go(Phase.CLAIMING)
    gained = (Proven(claim=1, outcome=None, proof=b""),)
    bench.refuse(bench.claims("n1", claims=gained), CHECK, "'quality' is not reported")
    before = Need("quality", previous=True)
    assert figure_needed(bench.figures, UNITS["n1"], before) is None
    assert figure_needed(bench.figures, UNITS["n2"], before) is not None


# -- many at once ---------------------------------------------------------------------------------------


def test_claims_of_many_providers_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = claiming()
    posted = [bench.claims(name) for name in NAMES]
    posted[1] = resigned(bench, "n2", posted[1], claims=(posted[2].claims[0],))
    sizes: list[int] = []
    verify = claims.verify_claims

    def counted(group: Any, items: Any) -> Any:
        sizes.append(len(items))
        return verify(group, items)

    monkeypatch.setattr(claims, "verify_claims", counted)
    block = [encoded(item) for item in posted]
    bench.leaves += block
    refused: list[tuple[int, str]] = []
    first = bench.state.size
    apply(bench.state, block, on_failure=lambda place, error: refused.append((place, error.check)))
    # What is refused is judged once more in its turn: what it was asked may have changed before it.
    assert sizes == [sum(len(item.claims) for item in posted), 1]
    assert refused == [(first + 1, "proofs")]
    assert set(bench.figures.claimed) == {UNITS[name] for name in NAMES} - {UNITS["n2"]}


def test_claims_may_come_in_one_block_with_the_sums() -> None:
    bench = in_phase(Phase.TOTALLING).fork()
    later = bench.fork()
    sums = [bench.sums(j) for j in (1, 2)]
    later.apply(*sums)
    bench.apply(*sums, *(later.claims(name) for name in NAMES[:2]))
    assert len(bench.figures.claimed) == 2


def test_what_is_believed_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = claiming()
    posted = bench.claims("n2")
    monkeypatch.setattr(claims, "verify_claims", None)
    bench.leaves.append(encoded(posted))
    apply(bench.state, bench.leaves[-1:], trusted=everything)
    assert bench.figures.claimed[UNITS["n2"]].proved == {0: None, 2: 1}


# -- means that an index takes --------------------------------------------------------------------------


def with_parts(*parts: IndexPart) -> Any:
    return plan(index=index(parts=parts), claims=(claim("target", "quality"),), floor=2)


def test_a_pool_is_taken_from_the_nearest_published_unit_above() -> None:
    figures = {name: FIGURES[name] for name in NAMES if name not in ("s2", "s3")}
    bench = a_round(with_parts(part("quality", 0, 30, source="pool")))
    bench.report_all(FIGURES)
    bench.check_all()
    bench.go(Phase.CLAIMING)
    north = Fraction(720, 40)
    assert provider_setting(bench.state, bench.figures, UNITS["n1"]).parts == [north]
    less = a_round(with_parts(part("quality", 0, 30, source="pool")))
    less.report_all(figures)
    less.check_all()
    less.go(Phase.CLAIMING)
    overall = Fraction(sum(values[QUALITY] for values in figures.values()), 50)
    assert provider_setting(less.state, less.figures, UNITS["s1"]).parts == [overall]


def test_what_would_tell_too_much_is_not_asked() -> None:
    made = plan(index=index(parts=(part("cost", 0, 5, source="pool"),)), claims=(), floor=100)
    bench = a_round(made)
    bench.report_all(FIGURES)
    bench.check_all()
    bench.go(Phase.CLAIMING)
    proof = (Proven(claim=0, outcome=0, proof=b""),)
    bench.refuse(bench.claims("n1", claims=proof), CHECK, "its answer could tell too much")
    # Nothing was asked, so nothing is to be proved; and that is what the result says.
    assert bench.claims("n1").claims == ()
    bench.apply(bench.claims("n1"))
    assert bench.figures.claimed[UNITS["n1"]].asked == frozenset()
    assert verdict(bench.state, bench.figures, UNITS["n1"], 0) == "not asked"
    assert verdict(bench.state, bench.figures, UNITS["n2"], 0) == "nothing posted"


# -- two rounds at once ---------------------------------------------------------------------------------


def test_verdicts_do_not_depend_on_how_leaves_are_cut_into_blocks() -> None:
    """A provider claims in two rounds that follow the same one. What it is asked in the second depends on
    what it has answered in the first, and both are judged before either has its turn."""
    figures = tuple(indicator(name, max=100) for name in ("quality", "waiting", "cost"))
    better = claim("improved", "quality", numbers=(0,))

    def scheme(low: int, high: int, *more: Any) -> Any:
        band = claim("band", "quality", numbers=(low, high))
        return plan(indicators=figures, claims=(band, *more), index=None, floor=20)

    def all_at(value: int) -> dict[str, dict[int, int]]:
        return {name: {0: value, 1: 5, 2: 5} for name in NAMES}

    def claiming_in(bench: FigureBench, made: Any, period: str, value: int) -> FigureBench:
        bench.apply(bench.scheme_posted(made))
        bench.apply(bench.opened(period=period, previous=first))
        bench.report_all(all_at(value))
        bench.check_all()
        return bench.go(Phase.CLAIMING)

    bench = a_round(scheme(0, 75), period="1")
    bench.report_all(all_at(10))
    bench.check_all()
    bench.go(Phase.CONCLUDED)
    first = bench.figures.digest
    one = claiming_in(bench, scheme(0, 51, better), "2", 40).claims("n2")
    before = claiming_in(bench, scheme(60, 100, better), "3", 80).claims("n2")
    later = bench.fork()
    later.apply(one)
    other = later.claims("n2")
    assert [item.claim for item in before.claims] != [item.claim for item in other.claims]
    together = bench.fork()
    together.apply(one, other)
    later.apply(other)
    assert later.state.systems == together.state.systems
