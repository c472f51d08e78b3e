"""`make mutants`: every mutant against the tests, and a table of which test tells which."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tests.mutants.equivalent import equivalents
from tests.mutants.find import ROOT, Mutant, all_mutants
from tests.mutants.kernel import build, kernel_mutants
from tests.mutants.record import Recording
from tests.mutants.trial import PYTEST, Verdict, trial

FAR = ("tests/mutants", "tests/service", "tests/surveys", "tests/cli")
"""Tests that are no business of the verifiers: by default they are not run."""
AT_ONCE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if every check has a test that tells, or a reason why none can; 1 otherwise."""
    options = _parser().parse_args(arguments)
    found = [*all_mutants(options.only), *kernel_mutants(options.only)]
    if options.survivors:
        again = {tuple(row) for row in json.loads(Path(options.survivors).read_text())["survivors"]}
        found = [mutant for mutant in found if _identity(mutant) in again]
    reasons = equivalents(found) if not options.survivors else {}
    if options.list:
        for mutant in found:
            print(f"{mutant.name}  line {mutant.line}  {mutant.kind}  {mutant.where}  {_describe(mutant)}")
        return 0
    console = Console(stderr=True)
    console.print(f"{len(found)} mutants. First the tests run without any, to learn what they look at …")
    recording = _record(options.tests)
    with TemporaryDirectory(prefix="zkperf-mutants-") as folder:
        kernel = None
        if any(mutant.file.startswith("native/") for mutant in found):
            console.print("Then the kernel is compiled, with a switch at every check …")
            kernel = build(Path(folder))
        verdicts = _run(found, recording, kernel, console)
    _report(verdicts, reasons, recording)
    survivors = [v.mutant for v in verdicts if v.killer is None and v.mutant not in reasons]
    if options.json:
        _write(Path(options.json), verdicts, reasons, survivors)
    return 1 if survivors or recording.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="PATH", help="files or folders to look at")
    parser.add_argument("--tests", nargs="+", default=[], metavar="PATH", help="tests to run instead of all")
    parser.add_argument("--list", action="store_true", help="show the mutants and run nothing")
    parser.add_argument("--json", metavar="FILE", help="write the results there as well")
    parser.add_argument("--survivors", metavar="FILE", help="only the survivors of such a file")
    return parser


def _record(paths: Sequence[str]) -> Recording:
    chosen = list(paths) or ["tests", *(f"--ignore={path}" for path in FAR)]
    with TemporaryDirectory(prefix="zkperf-mutants-") as folder:
        file = Path(folder, "recording.json")
        command = [item for item in PYTEST if item != "-x"]
        command += ["-p", "tests.mutants.record", "--record", str(file), *chosen]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if not file.exists():
            sys.exit(f"the tests do not run:\n{result.stdout}{result.stderr}")
        return Recording.read(file)


def _run(
    found: Sequence[Mutant], recording: Recording, kernel: Path | None, console: Console
) -> list[Verdict]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(AT_ONCE) as pool:
        task = progress.add_task("mutants", total=len(found))
        survived = 0

        def one(mutant: Mutant) -> Verdict:
            nonlocal survived
            verdict = trial(mutant, recording, kernel)
            if verdict.killer is None:
                survived += 1
                line = f"alive: {mutant.name}, line {mutant.line}: {_describe(mutant)}"
                progress.console.print(Text(line))
            progress.update(task, advance=1, description=f"mutants, {survived} alive")
            return verdict

        return list(pool.map(one, found))


def _report(verdicts: Sequence[Verdict], reasons: dict[Mutant, str], recording: Recording) -> None:
    console = Console(width=max(Console().width, 160))
    for file, group in groupby(verdicts, key=lambda verdict: verdict.mutant.file):
        table = Table("line", title=file, title_justify="left", expand=True)
        table.add_column("check", overflow="fold", ratio=1)
        table.add_column("what tells", overflow="fold", ratio=1)
        for verdict in group:
            cells = (str(verdict.mutant.line), _describe(verdict.mutant), _outcome(verdict, reasons))
            table.add_row(*map(Text, cells))
        console.print(table)
    killed = sum(verdict.killer is not None for verdict in verdicts)
    survivors = [v.mutant for v in verdicts if v.killer is None and v.mutant not in reasons]
    for mutant in survivors:
        print(f"survives: {mutant.name}, line {mutant.line}: {_describe(mutant)}")
    for verdict in verdicts:
        if verdict.killer is not None and verdict.mutant in reasons:
            print(f"in the table, but told by {verdict.killer}: {verdict.mutant.name}")
    for test in recording.failed:
        print(f"fails without any mutant: {test}")
    equivalent = len(verdicts) - killed - len(survivors)
    print(
        f"{len(verdicts)} mutants: {killed} told by a test, {equivalent} that no test can tell (with the "
        f"reasons in tests/mutants/equivalent.toml), {len(survivors)} survive"
    )


def _outcome(verdict: Verdict, reasons: dict[Mutant, str]) -> str:
    if verdict.killer is not None:
        return verdict.killer + ("" if verdict.how == "fails" else f" ({verdict.how})")
    reason = reasons.get(verdict.mutant)
    return "NOTHING" if reason is None else f"nothing can: {reason}"


def _describe(mutant: Mutant) -> str:
    return f"{mutant.check}: {mutant.effect}"


def _identity(mutant: Mutant) -> tuple[str, str, str, str]:
    return mutant.file, mutant.where, mutant.check, mutant.effect


def _write(
    file: Path, verdicts: Sequence[Verdict], reasons: dict[Mutant, str], survivors: Sequence[Mutant]
) -> None:
    rows = [
        {**asdict(v.mutant), "killer": v.killer, "how": v.how, "reason": reasons.get(v.mutant)}
        for v in verdicts
    ]
    fields = {"mutants": rows, "survivors": [_identity(mutant) for mutant in survivors]}
    file.write_text(json.dumps(fields, indent=1))
