"""What a terminal can show, and whether anybody still reads, changes no verdict."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import done
from tests.cli.conftest import Town, found
from zkperf.cli.streams import steady

NAME = "春季 ✓ é"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town with an open round whose name no small character set has."""
    town = found(tmp_path_factory.mktemp("named"))
    town.round = town.open_round(NAME, "图书馆")
    return town


def run(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUTF8"} | settings
    command = [sys.executable, "-m", "zkperf.cli", *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, timeout=120, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "cp1252", "ascii:strict"])
def test_a_passed_audit_passes_whatever_the_terminal_can_show(named: Town, encoding: str) -> None:
    passed = run("audit", named.folder, PYTHONIOENCODING=encoding, COLUMNS="200")
    assert passed.returncode == 0, passed.stderr
    text = passed.stdout.decode(encoding.split(":")[0])
    assert "Audit passed" in text
    escaped = NAME.encode(encoding.split(":")[0], "backslashreplace").decode(encoding.split(":")[0])
    assert escaped in text


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_json_is_utf_8_always(named: Town, encoding: str) -> None:
    for arguments in (("round", "show", named.round, "--ledger", named.folder), ("audit", named.folder)):
        shown = run(*arguments, "--json", PYTHONIOENCODING=encoding)
        assert shown.returncode == 0, shown.stderr
        assert NAME in json.dumps(json.loads(shown.stdout.decode("utf-8")), ensure_ascii=False)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_passed_audit_passes_into_a_closed_pipe(
    named: Town, form: tuple[str, ...], unbuffered: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "zkperf.cli", "audit", str(named.folder), *form],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=writer,
            stderr=writer,
            timeout=120,
        )
    finally:
        os.close(writer)
    assert process.returncode == 0


def test_a_failed_audit_fails_into_a_closed_pipe(named: Town) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "zkperf.cli", "audit", str(named.folder), "--genesis", "00" * 32],
            stdout=writer,
            stderr=writer,
            timeout=120,
        )
    finally:
        os.close(writer)
    assert process.returncode == 1


def test_no_streams_at_all(named: Town) -> None:
    shell = f'exec "{sys.executable}" -m zkperf.cli audit "{named.folder}" --json >&- 2>&-'
    assert subprocess.run(["sh", "-c", shell], timeout=120).returncode == 0


def test_help_is_shown_in_any_terminal() -> None:
    for encoding in ("gbk", "ascii"):
        assert run("round", "open", "--help", PYTHONIOENCODING=encoding).returncode == 0


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_full_disk_is_not_a_closed_pipe(named: Town, form: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "zkperf.cli", "audit", str(named.folder), *form],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert process.returncode == 2 and b"No space left" in process.stderr


def test_what_is_no_file_stays_as_it_is() -> None:
    there = io.StringIO()
    assert steady(there) is there and steady(None) is None


def test_typed_bytes_of_another_encoding_are_no_answer_and_no_crash(named: Town, tmp_path: Path) -> None:
    """A Chinese yes at an ASCII terminal is asked for again, not a traceback."""
    process = subprocess.run(
        [sys.executable, "-c", "from zkperf.cli.streams import steady_streams\n"
         "with steady_streams(): print(ascii(input()))"],
        input="是\n".encode(),
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert rb"\\xe6" in process.stdout


def test_a_command_leaves_the_streams_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    done("--version")
    assert (sys.stdout, sys.stderr) == before
