"""The command line as tests use it: in this process, with its own standard streams."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from zkperf.cli import main

QUESTIONNAIRE = """
id = "visit"
title = { en = "Your visit", zh = "您的就诊" }

[[question]]
id = "recommend"
text = { en = "Would you recommend us?", zh = "您会推荐我们吗？" }
kind = "single"
options = [{ id = "yes", zh = "会" }, { id = "unsure", zh = "说不准" }, { id = "no", zh = "不会" }]
required = true

[[question]]
id = "good"
text = { en = "What was good?" }
kind = "multi"
options = ["staff", "speed", "rooms"]

[[question]]
id = "stars"
kind = "score"
min = 1
max = 5

[[question]]
id = "minutes"
kind = "number"
min = 0
max = 600
"""


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, results and messages."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line of the result."""
        [line] = self.out.splitlines()
        return line

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


def zkperf(*arguments: str | Path, stdin: str = "") -> Outcome:
    """Runs ``zkperf`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    typed = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8")), encoding="utf-8")
    argv = ["zkperf", *map(str, arguments)]
    with (
        patch.object(sys, "argv", argv),
        patch.object(sys, "stdin", typed),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        else:
            code = 0
    return Outcome(code, out.getvalue(), err.getvalue())


def done(*arguments: str | Path, stdin: str = "") -> Outcome:
    """Runs a command that has to succeed."""
    outcome = zkperf(*arguments, stdin=stdin)
    assert outcome.code == 0, outcome.err
    return outcome
