"""One mutant, and what the tests say about it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.apply import KERNEL_VARIABLE, VARIABLE
from tests.mutants.find import ROOT, Mutant
from tests.mutants.record import Recording
from tests.mutants.tiers import tiers

PYTEST = (
    *(sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"),
    *("-p", "no:randomly", "-p", "no:schemathesis", "-p", "no:cov", "-p", "no:xdist"),
)


@dataclass(frozen=True)
class Verdict:
    """``killer``: the test that fails without the check. None if all pass."""

    mutant: Mutant
    killer: str | None
    how: str = "fails"
    """Or "does not end", which counts because the same test ends quickly with the check in."""


class TrialError(Exception):
    """The tests could not be run."""


def trial(mutant: Mutant, recording: Recording, kernel: Path | None = None) -> Verdict:
    """Runs tests until one fails. TrialError if pytest breaks for another reason than the mutant.

    ``kernel``: the one with switches, for mutants of the kernel.
    """
    for tests in tiers(mutant, recording):
        killed = _run(mutant, tests, recording, kernel)
        if killed is not None:
            return Verdict(mutant, *killed)
    return Verdict(mutant, None)


def _run(
    mutant: Mutant, tests: Sequence[str], recording: Recording, kernel: Path | None
) -> tuple[str, str] | None:
    with TemporaryDirectory(prefix="zkperf-mutant-") as folder:
        report, plan = Path(folder, "report"), Path(folder, "plan")
        report.touch()
        fields = {
            "tests": {test: recording.seconds[test] for test in tests},
            "report": str(report),
            "source": mutant.source,
        }
        plan.write_text(json.dumps(fields))
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        command = [*PYTEST, "-p", "tests.mutants.apply", "--mutant-plan", str(plan), *files]
        process = subprocess.Popen(
            [*command, "--basetemp", str(Path(folder, "tmp"))],
            cwd=ROOT,
            env={**os.environ, VARIABLE: mutant.name, KERNEL_VARIABLE: str(kernel)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output, _ = process.communicate()
        # A test that was killed may have left processes of its own behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        events = [json.loads(line) for line in report.read_text().splitlines()]
    failed = [test for event, test in events if event == "failed"]
    if failed:
        return failed[0], "fails"
    if process.returncode == -signal.SIGALRM:
        return (events[-1][1] if events else "import"), "does not end"
    if process.returncode != 0:
        raise TrialError(f"{mutant.name}: pytest ended with {process.returncode}:\n{output}")
    return None
