"""The guides in docs/: every command and every program in them runs as it stands there."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.world import World, number, questionnaire, single
from zkperf.cli import figure_commands

DOCS = Path(__file__).parents[1] / "docs"


def commands(guide: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


def run(blocks: list[str], folder: Path) -> str:
    """What these commands print, one after the other in one shell."""
    script = "".join(re.sub(r"^export PATH.*\n", "", block) for block in blocks)
    # The guides' folders below /tmp are the test's own.
    script = re.sub(r"/tmp/(audit|clinics|care)", rf"{folder}/\1", script)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        env=os.environ | {"PATH": path, "COLUMNS": "120", "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def finished_round(path: Path) -> None:
    """A ledger with one finished round, as `make demo` leaves one."""
    world = World.create(path)
    found = world.open_round(["A", "B"], questionnaire(single(), number()))
    for unit in (1, 2):
        world.rate(found, [{"recommend": "good", "minutes": 3}] * 3, unit)
    world.close_round(found)
    world.consortium.close()


def test_for_auditors(tmp_path: Path) -> None:
    finished_round(tmp_path / "demo")
    guide = (DOCS / "for-auditors.md").read_text("utf-8")
    programs = re.findall(r"as\s+`(\w+\.py)`:\n\n```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert len(programs) == 2
    (tmp_path / "audit").mkdir()
    for name, source in programs:
        (tmp_path / "audit" / name).write_text(source, "utf-8")
    printed = run(commands(guide), tmp_path)
    for expected in (
        "origin verified",
        "Audit FAILED",
        "the audit ends with 1",
        "'anonymity_set': 3",
        "minutes 6 {} 18 3.000000",
        "all commitment 1 6 ratings: 18",
        "0 ratings verified now, of 6 passed",
        "6 of 6 True",
    ):
        assert expected in printed


def test_for_evaluators(tmp_path: Path) -> None:
    """The answers are given, so every line of figures that the guide shows has to be printed."""
    guide = (DOCS / "for-evaluators.md").read_text("utf-8")
    printed = run(commands(guide), tmp_path)
    shown = re.findall(r"^```text\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    lines = [line for block in shown for line in block.splitlines() if re.match(r"│|Harbour|Mill Lane", line)]
    assert len(lines) > 15
    assert not [line for line in lines if line not in printed]


def test_for_providers(tmp_path: Path) -> None:
    """The figures are given, so every line that the guide shows has to be printed."""
    guide = (DOCS / "for-providers.md").read_text("utf-8")
    # What is refused is told on stderr. Nothing that was started outlives the shell.
    begin = "trap 'kill $! 2>/dev/null || true' EXIT\nexec 2>&1\nsleep 0 &\n"
    port = free_port()
    printed = run([begin, *(block.replace("8000", port) for block in commands(guide))], tmp_path)
    shown = re.findall(r"^```text\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    lines = [
        line for block in shown for line in block.splitlines() if re.match(r"│|zkperf:|faults|\w+: ", line)
    ]
    assert len(lines) > 15
    assert not [line for line in lines if line not in printed]
    for expected in ("refused: 2", "refused: 1", "not claimed: 2", "drawn: show it", "2023: concluded"):
        assert expected in printed
    assert json.loads((tmp_path / "care/trace.json").read_text("utf-8"))["value"] == "28.160000"
    assert json.loads((tmp_path / "care/grade.json").read_text("utf-8"))["value"] == "B"
    assert not (tmp_path / "care/never").exists()


def test_every_command_of_providers_and_inspectors_is_in_their_guide() -> None:
    guide = (DOCS / "for-providers.md").read_text("utf-8")
    for group, app in (("provider", figure_commands.provider), ("inspector", figure_commands.inspector)):
        for command in app.registered_commands:
            assert f"zkperf {group} {command.name}" in guide


def test_operations(tmp_path: Path) -> None:
    finished_round(tmp_path / "demo")
    printed = run(commands((DOCS / "operations.md").read_text("utf-8")), tmp_path)
    assert "(0, 0)\n" in printed
    assert "Audit passed" in printed
    [kept] = tmp_path.glob("*/restored/keys/member-1/sealing.key")
    assert kept.stat().st_mode & 0o077 == 0
    assert (kept.parents[3]).stat().st_mode & 0o077 == 0


def test_readme(tmp_path: Path) -> None:
    """The round by hand, on a port and in a folder of its own."""
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    [block] = [block for block in commands(readme) if "zkperf init" in block]
    port = free_port()
    printed = run([block.replace("8000", port).replace("/tmp/town", str(tmp_path / "town"))], tmp_path)
    for option in ("yes", "partly", "no"):
        assert re.search(rf"{option} +│ +1 │ +33.33%", printed)
    assert "origin verified" in printed
    assert list((tmp_path / "town/vouchers").glob("*/*/*.tlog-proof"))
