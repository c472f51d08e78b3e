"""How the command line speaks: results on stdout, everything else on stderr, three exit codes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from zkperf.cli.streams import write_utf8
from zkperf.cli.words import NO, YES, Words, default_language
from zkperf.errors import InputError
from zkperf.surveys.results import visible

DONE, REFUSED, UNUSABLE = 0, 1, 2
"""Exit codes: done; refused or a check failed; the input cannot be used."""

console = Console(stderr=True, highlight=False)
"""Messages and progress."""
results = Console(highlight=False)
"""Results, for people."""


def say(message: str) -> None:
    """A message for the person at the terminal. What others wrote moves no cursor there."""
    shown = "\n".join(visible(line) for line in message.split("\n"))
    console.print(shown, markup=False, soft_wrap=True)


def agree(question: str, yes: bool) -> None:
    """Goes on if the person at the terminal says so, or has said ``yes`` beforehand.

    InputError otherwise, and where nobody can be asked: nothing was done.
    """
    if yes:
        return
    words = Words(default_language())
    if not at_a_terminal():
        raise InputError(words("agree nobody"))
    while True:
        console.print(words("agree", question=question), end="", markup=False, soft_wrap=True)
        said = sys.stdin.readline().strip().lower()
        if not said or said in NO:
            raise InputError(words("agree no"))
        if said in YES:
            return


def at_a_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def emit(line: str) -> None:
    """One line of a result on stdout, as it is: for people and for scripts."""
    print(line)


def say_where(ledger: Path, genesis: str) -> None:
    """Where everything lies and how to look at it."""
    say(f"\nLedger:  {ledger}   (genesis {genesis})")
    say(f"Audit:   {shlex.join([*program(), 'audit', str(ledger)])} --genesis {genesis}")
    say(f"Report:  {(ledger / 'report.html').resolve().as_uri()}   (open it in a browser)")


def program() -> list[str]:
    """The command as it can be typed here: by its name if that is found, else where this Python has it."""
    if shutil.which("zkperf"):
        return ["zkperf"]
    installed = Path(sys.executable).with_name("zkperf")
    return [os.path.relpath(installed)] if installed.exists() else [sys.executable, "-m", "zkperf.cli"]


def print_json(value: Any) -> None:
    """One JSON object on stdout, in UTF-8."""
    write_utf8(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


class _Speed(ProgressColumn):
    """How many are done in a second."""

    def __init__(self, unit: str) -> None:
        super().__init__(Column(no_wrap=True))
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} {self._unit}")


@contextmanager
def progress_bars(speed: str | None = None) -> Iterator[Progress]:
    """Bars on stderr: description, done of all, ``speed`` (its unit) if given, elapsed and remaining time."""
    columns = [
        TextColumn("{task.description}", table_column=None),
        BarColumn(),
        MofNCompleteColumn(),
        *([] if speed is None else [_Speed(speed)]),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console) as progress:
        yield progress
