"""Folders are made whole or not at all, and what was killed on the way does not stand in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import done, zkperf
from zkperf.errors import InputError
from zkperf.roles.making import MARK, is_free, making

NUMBERS = """
id = "waits"
title = { en = "Waits" }

[[question]]
id = "minutes"
kind = "number"
min = %d
max = %d
required = true
"""


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    for folder, there in ((tmp_path / "new", False), (tmp_path / "empty", True)):
        if there:
            folder.mkdir()
        with pytest.raises(RuntimeError), making(folder):
            (folder / "keys").mkdir()
            (folder / "keys" / "secret").write_text("x")
            with making(folder):  # the inner one is the outer one
                (folder / "file").write_text("x")
            raise RuntimeError
        assert folder.exists() == there and is_free(folder)
        assert not there or not any(folder.iterdir())


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="is not empty"), making(path):
            pass
    assert (tmp_path / "file").read_text() == "mine"


def test_a_whole_folder_has_no_mark(tmp_path: Path) -> None:
    with making(tmp_path / "L"):
        assert (tmp_path / "L" / MARK).exists()
        (tmp_path / "L" / "file").write_text("x")
    assert [item.name for item in (tmp_path / "L").iterdir()] == ["file"]
    assert not is_free(tmp_path / "L")


KILLED = """
import os, signal, sys
from zkperf.roles import folder
real = folder.EmbeddedLedger.create
def create(*arguments, **options):
    ledger = real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
folder.EmbeddedLedger.create = create
from zkperf.cli import main
main()
"""


def test_a_command_that_was_killed_is_run_again(tmp_path: Path) -> None:
    arguments = ["init", str(tmp_path / "L"), "--members", "1"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], capture_output=True, timeout=120, env=os.environ
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "L" / MARK).exists() and (tmp_path / "L" / "keys").exists()
    done(*arguments)
    assert done("audit", tmp_path / "L", "--json").json["ok"]


def test_two_do_not_make_one_folder_at_once(tmp_path: Path) -> None:
    with making(tmp_path / "L"):
        other = subprocess.run(
            [sys.executable, "-m", "zkperf.cli", "init", str(tmp_path / "L")],
            capture_output=True,
            timeout=120,
            text=True,
        )
    assert other.returncode == 2 and "another process is making" in other.stderr
    assert (tmp_path / "L").exists()


@pytest.mark.parametrize(
    ("highest", "rows", "code", "said"),
    [
        (2**62, 3, 1, "may not fit into 64 bits"),
        (2**63 - 1, 2, 1, "may not fit into 64 bits"),
    ],
)
def test_a_survey_that_cannot_end_does_not_begin(
    tmp_path: Path, highest: int, rows: int, code: int, said: str
) -> None:
    (tmp_path / "q.toml").write_text(NUMBERS % (highest - 9, highest))
    (tmp_path / "R.csv").write_text("service,minutes\n" + f"A,{highest - 1}\n" * rows)
    outcome = zkperf(
        "survey", "--questionnaire", tmp_path / "q.toml", "--responses", tmp_path / "R.csv",
        "--ledger", tmp_path / "L", "--min-cohort", "2",
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (code, "") and said in outcome.err
    assert not (tmp_path / "L").exists()


def test_too_long_options_are_found_before_the_folder_exists(tmp_path: Path) -> None:
    """Each is short enough; all together do not fit into the transaction that publishes them."""
    options = ", ".join(f'"{number:03}{"o" * 990}"' for number in range(90))
    (tmp_path / "q.toml").write_text(
        'id = "long"\ntitle = { en = "Long" }\n[[question]]\nid = "q"\nkind = "single"\n'
        f"options = [{options}]\n"
    )
    (tmp_path / "R.csv").write_text("service,q\n" + f"A,000{'o' * 990}\n" * 3)
    outcome = zkperf(
        "survey", "--questionnaire", tmp_path / "q.toml", "--responses", tmp_path / "R.csv",
        "--ledger", tmp_path / "L", "--min-cohort", "2",
    )  # fmt: skip
    assert outcome.code in (1, 2) and outcome.out == ""
    assert not (tmp_path / "L").exists()


def test_a_round_that_so_many_cannot_rate_in_is_not_opened(tmp_path: Path) -> None:
    done("init", tmp_path / "L", "--members", "1", "--min-cohort-floor", "2")
    (tmp_path / "q.toml").write_text(NUMBERS % (2**62, 2**62 + 9))
    done("scheme", "add", tmp_path / "q.toml", "--ledger", tmp_path / "L")
    opening = ("round", "open", "--ledger", tmp_path / "L", "--scheme", "waits", "--name", "r", "--unit", "A")
    outcome = zkperf(*opening, "--min-cohort", "2")
    assert outcome.code == 2 and "totals of more than 1 ratings may not fit" in outcome.err
