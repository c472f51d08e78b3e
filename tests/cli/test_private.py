"""What commands leave on disk is their owner's alone, under the most careless umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import QUESTIONNAIRE, done

MADE_TO_BE_PUBLISHED = {"report.html", "round.zkperf"}


@pytest.fixture
def careless() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def open_to_others(folder: Path) -> list[Path]:
    found = [folder, *folder.rglob("*")]
    return [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.usefixtures("careless")
def test_ledgers_keys_and_vouchers(tmp_path: Path) -> None:
    scheme = tmp_path / "visit.toml"
    scheme.write_text(QUESTIONNAIRE, "utf-8")
    ledger, vouchers = tmp_path / "town" / "ledger", tmp_path / "out" / "vouchers"
    done("init", ledger, "--name", "Springfield", "--members", 2, "--threshold", 1)
    done("scheme", "add", scheme, "--ledger", ledger)
    opening = ("--scheme", "visit", "--name", "spring", "--min-cohort", 10, "--unit", "Library")
    done("round", "open", "--ledger", ledger, *opening)
    wanted = ("--round", "spring", "--unit", "Library", "--count", 2, "--output", vouchers)
    done("registrar", "voucher", "--ledger", ledger, *wanted)
    for role in ("provider", "inspector"):
        done(role, "keys", tmp_path / role / "keys")
    for folder in ("town", "out", "provider", "inspector"):
        assert open_to_others(tmp_path / folder) == []
    # The export is made to be handed on.
    done("export", ledger, "-o", tmp_path / "round.zkperf")
    assert stat.S_IMODE((tmp_path / "round.zkperf").stat().st_mode) == 0o666


@pytest.mark.usefixtures("careless")
def test_a_surveys_folder(tmp_path: Path) -> None:
    questions, responses, ledger = tmp_path / "visit.toml", tmp_path / "visit.csv", tmp_path / "L"
    questions.write_text(QUESTIONNAIRE, "utf-8")
    rows = "".join("Library,yes,staff,5,1\n" for _ in range(3))
    responses.write_text("service,recommend,good,stars,minutes\n" + rows, "utf-8")
    ledger.mkdir()  # by hand, and open to everybody
    given = ("--questionnaire", questions, "--responses", responses, "--min-cohort", 2)
    done("survey", *given, "--ledger", ledger, "--members", 2, "--threshold", 1)
    assert len(list((ledger / "receipts").iterdir())) == 3 + 1
    assert {path.name for path in open_to_others(ledger)} <= MADE_TO_BE_PUBLISHED
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o700
