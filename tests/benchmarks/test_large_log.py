"""A log that the benchmarks make is a log: an auditor accepts it, and the result is what was answered."""

from __future__ import annotations

from pathlib import Path

from benchmarks.large_log import write_log
from zkperf.cli.audit import public_log
from zkperf.ledger.transactions import ResultPosted, decode_transaction
from zkperf.roles.auditor import audit


def test_an_auditor_accepts_a_log_that_was_made(tmp_path: Path) -> None:
    path = tmp_path / "log"
    genesis = write_log(path, 130, 2)
    with public_log(path) as log:
        verdict = audit(log, genesis)
    assert verdict.ok and verdict.origin_verified and verdict.ratings == verdict.verified == 130
    assert [cohort.issued for cohort in verdict.cohorts] == [100, 30]
    assert not verdict.open_rounds
    with public_log(path) as log:
        *_, last = log.leaves
    result = decode_transaction(last)
    assert isinstance(result, ResultPosted)
    counts = {unit.unit: {c.option: c.count for c in unit.questions[0].counts or ()} for unit in result.units}
    chosen = {unit: {option: n for option, n in found.items() if n} for unit, found in counts.items()}
    assert chosen == {0: {"a4": 130}, 1: {"a4": 100}, 2: {"a4": 30}}
