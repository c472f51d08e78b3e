"""Reports: whose they are, what replaces them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from circuits.report import DecodedReport
from tests.ledger.bench import encoded
from tests.ledger.figure_bench import (
    COST,
    FIGURES,
    QUALITY,
    UNITS,
    WAITING,
    FigureBench,
    a_round,
    in_phase,
    places,
    provider_key,
)
from zkperf.errors import EncodingError, InvalidProof, InvalidSignature, RuleViolation
from zkperf.ledger.figure_transactions import ReportPosted
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.figures import reports
from zkperf.ledger.rules.figures.reports import decode_posted_report, require_once, verify_posted_reports
from zkperf.ledger.rules.prepared import Prepared, everything
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import digest
from zkperf.roles.provider import Provider

CHECK = "reports"


def open_round() -> FigureBench:
    return in_phase(Phase.OPEN).fork()


def resigned(bench: FigureBench, name: str, posted: ReportPosted, **changes: Any) -> ReportPosted:
    report = posted.report.model_copy(update=changes)
    return signed(ReportPosted, provider_key(name), bench.state.ledger, report=report)


@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
def test_a_report_is_on_file(suite: str) -> None:
    bench = a_round(suite=suite)
    posted = bench.report("n3")
    bench.apply(posted)
    filed = bench.figures.reports[UNITS["n3"]]
    assert (filed.digest, filed.sequence, filed.reported) == (digest(posted), 0, (QUALITY, WAITING))
    # The values of both, and the bit of the one whose target nobody claims.
    assert list(filed.columns) == [QUALITY, WAITING, 3]
    assert filed.index == bench.state.size - 1


def test_it_is_signed_by_its_provider() -> None:
    bench = open_round()
    posted = bench.report("n1")
    bench.refuse(resigned(bench, "n2", posted), "signatures", error=InvalidSignature)
    # Under somebody else's name the proof does not hold.
    bench.refuse(resigned(bench, "n2", posted, unit=UNITS["n2"]), "proofs", error=InvalidProof)


@pytest.mark.parametrize("unit", [0, 1, 10, 2**62])
def test_it_is_about_a_provider_of_the_round(unit: int) -> None:
    bench = open_round()
    posted = resigned(bench, "n1", bench.report("n1"), unit=unit)
    bench.refuse(posted, CHECK, "is not a provider of this round")


def test_one_that_is_of_nobody_does_not_hold_up_the_others() -> None:
    bench = open_round()
    good = bench.report("n1")
    [refused, taken] = verify_posted_reports(bench.state, [resigned(bench, "n1", good, unit=0), good])
    assert isinstance(refused, RuleViolation) and isinstance(taken, DecodedReport)


def test_an_indicator_that_there_is_not() -> None:
    bench = open_round()
    none = resigned(bench, "n1", bench.report("n1"), reported=(QUALITY, 99))
    bench.refuse(none, "encoding", "there is no indicator 99", error=EncodingError)


def test_it_is_for_a_round_of_figures() -> None:
    bench = open_round()
    bench.refuse(resigned(bench, "n1", bench.report("n1"), round=bytes(32)), CHECK, "there is no round")


def test_a_report_of_another_period_is_refused() -> None:
    bench = in_phase(Phase.CONCLUDED).fork()
    old = bench.made[bench.figures.reports[UNITS["n1"]].digest].posted
    bench.apply(bench.opened(period="2019"))
    bench.refuse(old, CHECK, "not open")
    bench.refuse(resigned(bench, "n1", old, round=bench.figures.digest), "proofs", error=InvalidProof)


def test_a_figure_of_a_period_counts_in_one_round_only() -> None:
    """Else the difference of two rounds' sums would be the figure of whoever reports in one of them only."""
    bench = in_phase(Phase.CONCLUDED).fork()
    known = "is reported in another round already"
    bench.apply(bench.opened(at=1_800_000_001))
    bench.refuse(bench.report("n1", {QUALITY: 180}), CHECK, f"'quality' of 2018 {known}")
    bench.refuse(bench.report("n1", {COST: 1, WAITING: 1}), CHECK, f"'cost' of 2018 {known}")
    provider = Provider(provider_key("n1"), bench.folder.provider_keys("n1"))
    with pytest.raises(RuleViolation, match=known):
        provider.report(bench.state, bench.figures, {QUALITY: 180})
    # n3 has not reported its cost; in another period everything is another figure.
    bench.apply(bench.report("n3", {COST: 4}))
    again = in_phase(Phase.CONCLUDED).fork()
    again.apply(again.opened(period="2019"))
    again.apply(again.report("n1"))


def test_a_new_key_or_place_makes_no_new_provider() -> None:
    bench = in_phase(Phase.CONCLUDED).fork()
    swapped = {"South": ("s1",), "North": ("n9", "n2", "n3", "n4"), "East": ("n1",)}
    units = [
        place.model_copy(update={"name": "n1", "provider": public_bytes(provider_key("n9"))})
        if place.name == "n9"
        else place.model_copy(update={"name": "e1"})
        if place.name == "n1"
        else place
        for place in places(swapped)
    ]
    bench.apply(bench.opened(units=tuple(units)))
    for unit in (number for number, place in enumerate(units) if place.name in ("n1", "e1")):
        with pytest.raises(RuleViolation, match="'quality' of 2018 is reported in another round"):
            require_once(bench.state, bench.figures, unit, [QUALITY])


def test_what_was_reported_in_an_abandoned_round_may_be_reported_elsewhere() -> None:
    bench = in_phase(Phase.OPEN).fork()
    bench.report_all()
    bench.apply(bench.close(), bench.drained())
    again = bench.fork()
    bench.apply(bench.abandoned(1))
    for fork in (again, bench):
        fork.apply(fork.opened(at=1_800_000_001))
    again.refuse(again.report("n1"), CHECK, "is reported in another round already")
    bench.apply(bench.report("n1"))


def test_a_report_that_was_struck_out_may_be_made_elsewhere() -> None:
    bench = in_phase(Phase.CONCLUDED).fork()
    bench.figures.reports[UNITS["n1"]].struck = True
    bench.apply(bench.opened(at=1_800_000_001))
    bench.apply(bench.report("n1"))


@pytest.mark.parametrize("phase", [Phase.COMMITTING, Phase.SUMMING, Phase.CONCLUDED])
def test_it_comes_while_the_round_is_open(phase: Phase) -> None:
    bench = in_phase(phase, draw=int(phase is Phase.COMMITTING)).fork()
    known = bench.figures.reports.get(UNITS["n1"])
    bench.refuse(bench.report("n1", sequence=0 if known is None else 1), CHECK, "not open")


def test_changed_reports_are_refused() -> None:
    bench = open_round()
    posted = bench.report("n1")
    wrong = bytes([posted.report.proof[0] ^ 1]) + posted.report.proof[1:]
    bench.refuse(resigned(bench, "n1", posted, digest=bytes(32)), "proofs", error=InvalidProof)
    bench.refuse(
        resigned(bench, "n1", posted, proof=posted.report.proof[:-1]), "encoding", error=EncodingError
    )
    bench.refuse(resigned(bench, "n1", posted, reported=(0, 1)), "encoding", error=EncodingError)
    bench.refuse(resigned(bench, "n1", posted, reported=(0, 3, 9)), "encoding", error=EncodingError)
    with pytest.raises((InvalidProof, EncodingError)):
        apply(bench.state, [encoded(resigned(bench, "n1", posted, proof=wrong))])


def test_a_correction_replaces_visibly() -> None:
    bench = open_round()
    first = bench.report("n1")
    bench.apply(first)
    bench.refuse(first, CHECK, "expected sequence number 1, got 0")
    bench.refuse(bench.report("n1", sequence=2), CHECK, "expected sequence number 1, got 2")
    bench.refuse(bench.report("n2", sequence=1), CHECK, "expected sequence number 0, got 1")
    second = bench.report("n1", {QUALITY: 185}, sequence=1)
    bench.apply(second)
    filed = bench.figures.reports[UNITS["n1"]]
    assert (filed.digest, filed.sequence, filed.reported) == (digest(second), 1, (QUALITY,))
    assert encoded(first) in bench.leaves


def test_corrections_have_an_end() -> None:
    bench = open_round()
    most = bench.state.rules.max_sequence
    bench.apply(*(bench.report("n1", sequence=number) for number in range(most + 1)))
    bench.refuse(bench.report("n1", sequence=most + 1), CHECK, f"at most {most} times")


def test_a_correction_ends_attestations_of_this_provider_only() -> None:
    bench = open_round()
    bench.apply(bench.report("n1"), bench.report("n2"))
    bench.apply(bench.attested("n1", [0, 1]), bench.attested("n2", [0]))
    bench.apply(bench.report("n1", sequence=1))
    assert set(bench.figures.attested) == {(UNITS["n2"], 0)}


# -- many at once ---------------------------------------------------------------------------------------


def test_reports_of_a_block_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_round()
    posted = [bench.report(name) for name in FIGURES]
    sizes: list[int] = []
    verify = reports.verify_reports

    def counted(group: Any, form: Any, items: Any) -> Any:
        sizes.append(len(items))
        return verify(group, form, items)

    monkeypatch.setattr(reports, "verify_reports", counted)
    bench.apply(*posted)
    assert sizes == [7] and len(bench.figures.reports) == 7


def test_of_a_block_only_the_bad_one_is_refused() -> None:
    bench = open_round()
    posted = [bench.report(name) for name in FIGURES]
    posted[3] = resigned(bench, "n4", posted[3], digest=bytes(32))
    refused: list[tuple[int, str]] = []
    block = [encoded(item) for item in posted]
    bench.leaves += block
    first = bench.state.size
    apply(bench.state, block, on_failure=lambda index, error: refused.append((index, error.check)))
    assert refused == [(first + 3, "proofs")]
    assert UNITS["n4"] not in bench.figures.reports and len(bench.figures.reports) == 6


def test_a_block_may_be_prepared_before_its_round() -> None:
    bench = a_round()
    block = [encoded(bench.report(name)) for name in FIGURES]
    before = FigureBench(bench.folder, bench.leaves[:-1])
    prepared = Prepared([bench.leaves[-1], *block], before.state.size)
    prepared.verify(before.state)
    assert not prepared.judged()
    before.leaves += [bench.leaves[-1], *block]
    apply(before.state, prepared)
    assert len(before.figures.reports) == 7


def test_what_is_believed_is_only_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_round()
    posted = bench.report("n1")
    [verified] = verify_posted_reports(bench.state, [posted])
    decoded = decode_posted_report(bench.state, posted)
    assert isinstance(verified, DecodedReport) and verified == decoded
    monkeypatch.setattr(reports, "verify_reports", None)
    bench.leaves.append(encoded(posted))
    apply(bench.state, bench.leaves[-1:], trusted=everything)
    assert UNITS["n1"] in bench.figures.reports
    [refused] = [decode_posted_report(bench.state, resigned(bench, "n1", posted, round=bytes(32)))]
    assert refused.check == CHECK  # type: ignore[union-attr]
