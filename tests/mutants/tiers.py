"""Which tests to run for a mutant, in which order."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.mutants.find import Mutant
from tests.mutants.record import Recording


def mirrored(file: str) -> str:
    """The test file of a module: ``zkperf/a/b.py`` has ``tests/a/test_b.py``."""
    path = PurePosixPath(file.removeprefix("zkperf/"))
    return str(PurePosixPath("tests") / path.parent / f"test_{path.name}")


def tiers(mutant: Mutant, recording: Recording) -> list[list[str]]:
    """The tests to run, one tier after the other, quickest first in each: none is in two tiers.

    First the module's own tests that run the mutant's lines, then all others that run them, then what else
    there is in its own test file and folder: for lines that run at import or are cached.
    """
    rows = recording.lines.get(mutant.file, {})
    running: set[str] = set()
    for line in range(mutant.lines[0], mutant.lines[1] + 1):
        running |= rows.get(line, frozenset())
    own = mirrored(mutant.file)
    folder = str(PurePosixPath(own).parent)
    first, second, third = [], [], []
    for test in recording.seconds:
        file = test.partition("::")[0]
        if test in running:
            (first if file == own else second).append(test)
        elif file == own or str(PurePosixPath(file).parent) == folder:
            third.append(test)
    return [tier for tier in (first, second, third) if tier]
