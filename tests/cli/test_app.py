from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import done, zkperf
from zkperf import __version__
from zkperf.cli import app
from zkperf.errors import EncodingError, InputError, InvalidProof, RuleViolation

COMMANDS = (
    ("survey",),
    ("audit",),
    ("export",),
    ("demo",),
    ("init",),
    ("scheme", "add"),
    ("round", "open"),
    ("round", "close"),
    ("round", "show"),
    ("round", "deadline"),
    ("registrar", "voucher"),
    ("rate",),
    ("receipt", "fetch"),
    ("receipt", "verify"),
    ("results",),
    ("serve",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    outcome = done(*command, "--help")
    assert "Usage" in outcome.out and outcome.err == ""
    options = [line for line in outcome.out.splitlines() if line.strip("│ ").startswith("--")]
    assert options
    # No option is without a word on what it does.
    assert all(len(line.strip("│ ").split()) > 2 for line in options)


def test_the_version(tmp_path: Path) -> None:
    assert done("--version").line == f"zkperf {__version__}"
    assert "--no-now" not in done("rate", "--help").out


@pytest.mark.parametrize(
    "arguments", [("colour",), ("round", "colour"), ("audit",), ("audit", "a", "b"), ("--x",)]
)
def test_usage_errors_are_unusable_input(arguments: tuple[str, ...]) -> None:
    outcome = zkperf(*arguments)
    assert (outcome.code, outcome.out) == (2, "") and "Usage" in outcome.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("row 3: too long"), 2, "zkperf: row 3: too long\n"),
        (EncodingError("not CBOR"), 2, "zkperf: not CBOR\n"),
        (RuleViolation("closed", check="rounds"), 1, "zkperf: refused (rounds): closed\n"),
        (InvalidProof("no"), 1, "zkperf: refused (proofs): no\n"),
        (PermissionError(13, "Permission denied", "/x"), 2, "Permission denied: '/x'"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_exit_codes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, code: int, message: str
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("zkperf.cli.audit.audit_folder", failing)
    outcome = zkperf("audit", tmp_path)
    assert (outcome.code, outcome.out) == (code, "") and message in outcome.err


def test_as_a_program_of_its_own(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "zkperf.cli"]
    ran = subprocess.run([*program, "init", "L"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and len(ran.stdout) == 65
    again = subprocess.run([*program, "init", "L"], cwd=tmp_path, capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (2, "") and again.stderr.count("\n") == 1
    assert "Traceback" not in again.stderr
    assert app.main.__doc__
