"""Attestations: by listed auditors, of what counts."""

from __future__ import annotations

import pytest

from tests.ledger.figure_bench import (
    COST,
    QUALITY,
    UNITS,
    WAITING,
    FigureBench,
    auditor_key,
    in_phase,
)
from zkperf.errors import InvalidSignature
from zkperf.ledger.figure_transactions import Attested
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase

CHECK = "attestations"


def reported() -> FigureBench:
    bench = in_phase(Phase.OPEN).fork()
    bench.apply(bench.report("n1"), bench.report("n3"))
    return bench


def test_who_has_attested_what() -> None:
    bench = reported()
    bench.apply(bench.attested("n1", [QUALITY, COST]))
    bench.apply(bench.attested("n1", [QUALITY], by="two"))
    one, two = (public_bytes(auditor_key(name)) for name in ("one", "two"))
    size = bench.state.size
    assert bench.figures.attested == {
        (UNITS["n1"], QUALITY): {one: size - 2, two: size - 1},
        (UNITS["n1"], COST): {one: size - 2},
    }


def test_only_auditors_of_the_round() -> None:
    bench = reported()
    bench.refuse(bench.attested("n1", [QUALITY], by="three"), CHECK, "not one of the round's auditors")
    one = public_bytes(auditor_key("one"))
    bench.refuse(bench.attested("n1", [QUALITY], by="two", auditor=one), "signatures", error=InvalidSignature)


def test_of_the_report_that_counts() -> None:
    bench = reported()
    old = bench.attested("n1", [QUALITY])
    bench.apply(bench.report("n1", sequence=1))
    bench.refuse(old, CHECK, "stale commitment")
    fresh = bench.attested("n1", [QUALITY])
    bench.refuse(bench.attested("n1", [QUALITY], unit=UNITS["n2"]), CHECK, "stale commitment")
    bench.figures.reports[UNITS["n1"]].struck = True
    bench.refuse(fresh, CHECK, "stale commitment")


def test_of_reported_figures_each_once() -> None:
    bench = reported()
    for wrong, reason in (
        ([], "one or more"),
        ([COST, QUALITY], "ascending"),
        ([QUALITY, QUALITY], "ascending"),
        ([COST], "not reported"),
        ([7], "not reported"),
    ):
        bench.refuse(bench.attested("n3", wrong), CHECK, reason)
    bench.apply(bench.attested("n3", [QUALITY]))
    bench.refuse(bench.attested("n3", [QUALITY, WAITING]), CHECK, "attested one of these figures already")


@pytest.mark.parametrize("phase", [Phase.SUMMING, Phase.CLAIMING, Phase.OPENED, Phase.CONCLUDED])
def test_also_after_the_close(phase: Phase) -> None:
    bench = in_phase(phase).fork()
    bench.apply(bench.attested("n1", [QUALITY]))
    assert (UNITS["n1"], QUALITY) in bench.figures.attested


def test_not_before_there_is_anything() -> None:
    bench = in_phase(Phase.COMMITTING, draw=1).fork()
    values = {"round": bench.figures.digest, "unit": 2, "report": bytes(32), "indicators": (0,)}
    posted = bench.signed("evaluator", Attested, auditor=bench.evaluator, **values)
    bench.refuse(posted, CHECK, "does not allow")
