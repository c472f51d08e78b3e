"""Whole rounds: every published figure is what the input files say, and nothing else can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.indicators.example import SCHEME, figures_csv
from tests.indicators.recomputed import recompute
from zkperf.errors import InputError, InvalidShare, RuleViolation
from zkperf.indicators.figures_file import load_figures
from zkperf.indicators.results import ReportResult
from zkperf.indicators.run import Rounds
from zkperf.indicators.scheme_file import load_scheme
from zkperf.ledger.state import FigureRound, Phase
from zkperf.roles.auditor import PublicLog, audit
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.trace import trace_result

K_MIN = 3


@dataclass
class Done:
    """Finished rounds and what went into them."""

    path: Path
    consortium: Consortium
    result: ReportResult
    stages: list[tuple[str, str, int, int]]

    @property
    def rounds(self) -> list[FigureRound]:
        return list(self.consortium.ledger.state.figure_rounds.values())

    def log(self) -> PublicLog:
        ledger = self.consortium.ledger
        size = ledger.state.size
        return PublicLog(size, ledger.leaves(0, size), ledger.leaf, ledger.checkpoint)


def run(path: Path, scheme: str, figures: str, suite: str = "ristretto255") -> Done:
    (path / "S.toml").write_text(scheme, "utf-8")
    (path / "F.csv").write_text(figures, "utf-8")
    asked = load_scheme(path / "S.toml")
    read = load_figures(path / "F.csv", asked)
    folder, consortium = LedgerFolder.create(
        path / "ledger", suite_name=suite, members=3, threshold=2, min_cohort_floor=K_MIN
    )
    stages: list[tuple[str, str, int, int]] = []
    rounds = Rounds(folder, consortium, asked, read, K_MIN, lambda *stage: stages.append(stage))
    return Done(path, consortium, rounds.run(), stages)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    finished = run(tmp_path_factory.mktemp("rounds"), f"draw = 3\n{SCHEME}", figures_csv())
    yield finished
    finished.consortium.close()


def test_every_published_figure(done: Done) -> None:
    assert done.result == recompute(done.path / "S.toml", done.path / "F.csv", K_MIN, done.result)
    verdicts = {
        verdict
        for period in done.result["periods"].values()
        for provider in period["providers"].values()
        for verdict in provider["claims"].values()
    }
    assert verdicts == {"proved", "not proved", "not reported"}


def test_the_audit_covers_it(done: Done) -> None:
    report = audit(done.log(), done.consortium.ledger.state.ledger)
    assert report.ok
    assert report.figures["reports"] == 14
    assert (report.figures["rounds"], report.figures["drawn"], report.figures["refused"]) == (2, 6, 0)
    assert not report.open_rounds


def test_what_was_drawn_is_attested(done: Done) -> None:
    for found in done.rounds:
        assert found.phase is Phase.CONCLUDED
        assert len(found.drawn) == 3
        assert all(found.attested[item.unit, item.indicator] for item in found.drawn)


def test_bits_are_summed_wherever_values_are(done: Done) -> None:
    """In 2023 all in the South are at the turnover's target, none in the North: both shares are told."""
    for found in done.rounds:
        [bits] = [len(found.publications) + place for place in range(len(found.form.bits))]
        turnover = found.form.bits[0]
        assert {unit for column, unit in found.openings if column == bits} == {
            unit for column, unit in found.openings if column == turnover
        }
    groups = done.result["periods"]["2023"]["groups"]
    shares = {name: node["pools"]["turnover"]["share_at_target"] for name, node in groups.items()}
    assert shares == {"North": "0.000000", "South": "1.000000"}


def test_progress_is_told(done: Done) -> None:
    ends = [stage for stage in done.stages if stage[2] == stage[3]]
    assert [(period, stage) for period, stage, _, _ in ends] == [
        (period, stage) for period in ("2023", "2024") for stage in ("reports", "sums", "claims", "result")
    ]


def test_openings_are_private(done: Done) -> None:
    kept = list((done.path / "ledger/keys/providers").glob("*/*.cbor"))
    assert len(kept) == 14
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def test_periods_are_compared_in_the_order_of_the_file(tmp_path: Path) -> None:
    """By their names 10/2024 would come before 9/2024, and whoever got worse would have got better."""
    renamed = figures_csv().replace("2024,", "10/2024,").replace("2023,", "9/2024,")
    finished = run(tmp_path, SCHEME, renamed)
    finished.consortium.close()
    first, second = finished.rounds
    assert (first.opened.period, first.previous) == ("9/2024", None)
    assert (second.opened.period, second.previous) == ("10/2024", first)
    assert finished.result == recompute(tmp_path / "S.toml", tmp_path / "F.csv", K_MIN, finished.result)
    assert [period["compared_with"] for period in finished.result["periods"].values()] == [None, "9/2024"]
    claims = {period: result["providers"] for period, result in finished.result["periods"].items()}
    # Home 0 went from more than 26 percent of turnover to 10, Home 4 from less than 25 to 90.
    assert claims["10/2024"]["Home 0"]["claims"]["less_turnover"] == "proved"
    assert claims["10/2024"]["Home 4"]["claims"]["less_turnover"] == "not proved"
    assert claims["9/2024"]["Home 0"]["claims"]["less_turnover"] == "not reported"


@pytest.mark.parametrize("suite", ["P-256"])
def test_in_the_other_suite(tmp_path: Path, suite: str) -> None:
    lines = figures_csv().splitlines()
    finished = run(tmp_path, SCHEME, "\n".join(lines[:6]) + "\n", suite)
    finished.consortium.close()
    assert finished.result == recompute(tmp_path / "S.toml", tmp_path / "F.csv", K_MIN, finished.result)


def test_a_ledger_that_is_there_already(tmp_path: Path) -> None:
    run(tmp_path, SCHEME, "\n".join(figures_csv().splitlines()[:2]) + "\n").consortium.close()
    with pytest.raises(InputError, match="is not empty"):
        run(tmp_path, SCHEME, figures_csv())


def test_a_round_that_stops_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise InvalidShare("it is lost")

    monkeypatch.setattr("zkperf.roles.report_book.ReportBook.sum", lost)
    with pytest.raises(RuleViolation, match=r"stopped at .*member 1: it is lost"):
        run(tmp_path, SCHEME, figures_csv())


def test_a_share_that_is_not_asked_is_traced_as_such(tmp_path: Path) -> None:
    """At most 0.03 percent of turnover leaves four values, and the floor is five."""
    asked = SCHEME.replace('target = "25"', 'target = "0.03"')
    finished = run(tmp_path, asked, "\n".join(figures_csv().splitlines()[:7]) + "\n")
    finished.consortium.close()
    assert finished.result == recompute(tmp_path / "S.toml", tmp_path / "F.csv", K_MIN, finished.result)
    pool = finished.result["periods"]["2023"]["total"]["pools"]["turnover"]
    assert (pool["status"], pool["share_at_target"], pool["share_from"]) == ("published", None, "not asked")
    traced = trace_result(finished.log(), "2023/total/turnover.share")
    assert (traced["value"], traced["openings"], traced["proofs"]) == ("not asked", [], [])
