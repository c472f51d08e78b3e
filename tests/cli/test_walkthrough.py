"""docs/run-a-round.md, pasted into a shell line by line."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command import done

DOCUMENT = Path(__file__).parents[2] / "docs/run-a-round.md"
BLOCK = re.compile(r"(?:<!-- typed: (?P<typed>[^\n]*) -->\n)?```sh\n(?P<commands>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands to paste, and what is typed while they run."""

    commands: str
    typed: str


def blocks() -> list[Block]:
    found = BLOCK.finditer(DOCUMENT.read_text("utf-8"))
    return [Block(match["commands"], (match["typed"] or "").replace("\\n", "\n")) for match in found]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_walkthrough_works_as_written(tmp_path: Path) -> None:
    """Every block in one shell, the service in the background; its port and the delays are the test's."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    port = free_port()
    script = [f"cd {tmp_path}", "set -e", "trap 'kill $service 2>/dev/null; wait' EXIT"]
    for number, block in enumerate(blocks()):
        commands = block.commands.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace(
            "--port 8000", f"--port {port}"
        )
        commands = commands.replace('export PATH="$PWD/.venv/bin:$PATH"\n', "").replace(
            "/tmp/springfield", str(tmp_path)
        )
        commands = commands.replace("--wallet alice --lang en", "--wallet alice --lang en --delay 0")
        if "zkperf serve" in commands:
            commands = commands.replace("&\n", "> ready & service=$!\n")
            commands += "until test -s ready; do kill -0 $service; sleep 0.1; done\n"
        if block.typed:
            (tmp_path / f"typed-{number}").write_text(block.typed, "utf-8")
            commands = commands.rstrip("\n") + f" < typed-{number}\n"
        script.append(commands)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }
    ran = subprocess.run(
        [bash, "-c", "\n".join(script)], capture_output=True, text=True, env=environment, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    assert "spring 2026: published" in ran.stderr and "Audit passed" in ran.stdout
    assert "origin verified" in ran.stdout and "receipt   holds" in ran.stdout
    result = done("results", "spring 2026", "--ledger", tmp_path / "ledger", "--json").json
    satisfied = result["units"]["Library"]["questions"]["satisfied"]["counts"]
    assert satisfied == {
        "very satisfied": 1,
        "satisfied": 1,
        "fairly satisfied": 1,
        "dissatisfied": 0,
        "very dissatisfied": 0,
    }
    assert result["total"]["questions"]["minutes"]["total"] == 70
    assert json.loads((tmp_path / "ledger/ledger.json").read_text())["name"] == "Springfield"


def test_every_command_that_there_is_is_in_the_walkthrough() -> None:
    text = DOCUMENT.read_text("utf-8")
    for command in (
        "zkperf init",
        "zkperf scheme add",
        "zkperf round open",
        "zkperf round show",
        "zkperf round close",
        "zkperf round deadline",
        "zkperf registrar voucher",
        "zkperf rate",
        "zkperf receipt fetch",
        "zkperf receipt verify",
        "zkperf results",
        "zkperf serve",
        "zkperf export",
        "zkperf audit",
    ):
        assert command in text, command
