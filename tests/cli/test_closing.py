"""Closing says first what would be withheld, asks, and can be run again. Of what waits no number is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Outcome, done, zkperf
from tests.cli.conftest import Town, found
from tests.service.serving import service
from zkperf.cli import closing, output


def rate(town: Town, folder: Path, count: int, unit: str = "Library") -> None:
    """So many people rate through the town's service."""
    for number in range(count):
        done(
            "rate", "--service", town.url, "--voucher", town.voucher(unit), "--now", "--delay", "0",
            "--answers", "-", "--wallet", folder / f"{unit}-{number}", stdin='{"recommend": "yes"}',
        )  # fmt: skip


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A round, open and not served any more, in which Library has 3 ratings that wait."""
    town = found(tmp_path_factory.mktemp("rated"), min_cohort=3)
    with service(town.folder) as running:
        town.running = running
        rate(town, town.folder.parent / "wallets", 3)
        assert running.stop() == 0
    town.running = None
    return town


def close(town: Town, *arguments: str, stdin: str = "", **changed: str) -> Outcome:
    return zkperf("round", "close", town.round, "--ledger", town.folder, *arguments, stdin=stdin)


def phase(town: Town) -> str:
    shown: str = done("round", "show", town.round, "--ledger", town.folder, "--json").json["phase"]
    return shown


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr(output, "at_a_terminal", lambda: True)


def test_nobody_to_ask_and_no_yes(rated: Town) -> None:
    outcome = close(rated)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--yes goes on without asking" in outcome.err and phase(rated) == "open"
    # What would be lost is said all the same.
    assert "these would be withheld (fewer than 3, or to protect such): Surgery" in outcome.err


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("typed", ["\n", "n\n", "否\n", "", "what?\nno\n"])
def test_whoever_does_not_say_yes_closes_nothing(rated: Town, typed: str) -> None:
    outcome = close(rated, stdin=typed)
    assert outcome.code == 2 and "nothing was done" in outcome.err
    assert phase(rated) == "open"


@pytest.mark.usefixtures("terminal")
def test_in_the_words_of_whoever_is_asked(rated: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    outcome = close(rated, stdin="\n")
    assert "下列单位将不予公布" in outcome.err and "没有做任何事" in outcome.err


def test_nothing_would_be_left(town: Town) -> None:
    outcome = close(town)
    assert outcome.code == 2 and "NOTHING would be published: there are fewer than 2" in outcome.err


@pytest.mark.usefixtures("terminal")
def test_yes_at_the_terminal_closes(town: Town) -> None:
    assert close(town, stdin="maybe\ny\n").code == 0
    assert phase(town) == "published"


def test_a_round_before_it_is_open_is_abandoned(tmp_path: Path) -> None:
    town = found(tmp_path / "first")
    folder, numbers = tmp_path / "L", ("--members", "4", "--threshold", "2", "--min-cohort-floor", "2")
    town = Town(folder, done("init", folder, *numbers).line, town.questionnaire, "")
    done("scheme", "add", town.questionnaire, "--ledger", folder)
    # Without this member the round gets no keys before its deadline.
    shutil.rmtree(folder / "keys" / "member-1")
    town.round = town.open_round("autumn", "Pool")
    outcome = close(town)
    assert outcome.code == 2 and "autumn is not open yet: closing abandons it" in outcome.err
    assert close(town, "--yes").code == 0 and phase(town) == "abandoned"


# -- what waits --------------------------------------------------------------------------------------


def test_no_number_of_what_waits_is_shown(rated: Town) -> None:
    facts = done("round", "show", rated.round, "--ledger", rated.folder, "--json").json
    numbers = [(unit.get("issued"), unit.get("on_log"), unit["enough"]) for unit in facts["units"]]
    assert numbers == [(None, None, True), (3, 0, True), (0, 0, False)]
    assert "waiting" not in json.dumps(facts)
    shown = done("round", "show", rated.round, "--ledger", rated.folder).out
    assert "enough" in shown and "not yet" in shown and "Waiting" not in shown
    listed = done("round", "show", "--ledger", rated.folder).out
    assert " 0 │\n" in listed  # ratings on the log


def test_enough_is_told_anew_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = found(tmp_path)
    now = 1_900_000_000.0
    monkeypatch.setattr(closing.time, "time", lambda: now)

    def enough() -> tuple[int, list[bool]]:
        facts = done("round", "show", town.round, "--ledger", town.folder, "--json").json
        return facts["enough_as_of"], [unit["enough"] for unit in facts["units"]]

    assert enough() == (1_900_000_000, [False, False, False])
    with service(town.folder) as running:
        town.running = running
        rate(town, tmp_path / "w", 2)
        now += 3599
        assert enough() == (1_900_000_000, [False, False, False])
        now += 1
        assert enough() == (1_900_003_600, [True, True, False])
        # It is not told anew either after the clock was set back a little.
        now -= 60
        assert enough() == (1_900_003_600, [True, True, False])


def test_who_has_not_the_evaluators_key_is_told_nothing_of_it(town: Town) -> None:
    (town.folder / "keys" / "evaluator" / "signing.pem").unlink()
    facts = done("round", "show", town.round, "--ledger", town.folder, "--json").json
    assert facts["enough_as_of"] is None
    assert all(unit["enough"] is None for unit in facts["units"])
    assert "not yet" not in done("round", "show", town.round, "--ledger", town.folder).out


def test_a_damaged_note_is_made_again(town: Town) -> None:
    done("round", "show", town.round, "--ledger", town.folder)
    [note] = (town.folder / "keys" / "evaluator").glob("outlook-*.cbor")
    note.write_bytes(b"?")
    assert done("round", "show", town.round, "--ledger", town.folder, "--json").json["enough_as_of"]
    assert close(town, "--yes").code == 0 and not note.exists()


# -- interrupted and run again -------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from zkperf.ledger.engines.embedded import EmbeddedLedger

calls, real = [0], EmbeddedLedger._store_block

def store(self, *arguments, **options):
    result = None
    calls[0] += 1
    if calls[0] == int(os.environ["AT"]) and os.environ["WHEN"] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(self, *arguments, **options)
    if calls[0] == int(os.environ["AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return result

EmbeddedLedger._store_block = store
from zkperf.cli import main
main()
"""


def killed(at: int, when: str, *arguments: str | Path) -> bool:
    """Runs a command that is killed at its write number ``at``; whether it came so far."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, arguments)],
        env=os.environ | {"AT": str(at), "WHEN": when},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_opening_and_closing_again_after_a_crash(tmp_path: Path, at: int, when: str) -> None:
    town = found(tmp_path)
    opening = (
        "round", "open", "--ledger", town.folder, "--scheme", "visit", "--name", "autumn",
        "--min-cohort", "2", "--unit", "Pool",
    )  # fmt: skip
    assert killed(at, when, *opening)
    town.round = done(*opening).line
    assert done(*opening).line == town.round and phase(town) == "open"
    closing = ("round", "close", town.round, "--ledger", town.folder, "--yes")
    killed(at, when, *closing)
    done(*closing)
    assert phase(town) == "published"
    rounds = done("round", "show", "--ledger", town.folder, "--json").json["rounds"]
    assert [facts["name"] for facts in rounds] == ["spring", "autumn"]
    assert done("audit", town.folder, "--json").json["ok"]


def test_another_round_is_not_the_same(town: Town) -> None:
    first = town.open_round("autumn", "Pool")
    assert town.open_round("autumn", "Pool") == first
    assert done("scheme", "add", town.questionnaire, "--ledger", town.folder).line
    other = zkperf(
        "round", "open", "--ledger", town.folder, "--scheme", "visit", "--name", "autumn",
        "--min-cohort", "3", "--unit", "Pool",
    )  # fmt: skip
    assert other.code == 1 and other.out == ""
