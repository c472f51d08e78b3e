"""Which tests to run for a mutant, in which order."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.mutants.find import Mutant
from tests.mutants.record import Recording

KERNEL = {
    "native/src/rating/": (
        "tests/circuits/rating/test_kernel",
        "tests/ledger/rules/test_verification",
        "tests/roles/test_shares",
    ),
    "native/src/names": ("tests/test_names",),
    "native/src/": ("tests/groups/",),
}
"""Where the kernel's own tests are, by how a file's name begins. What runs its lines is not recorded."""


def mirrored(file: str) -> str:
    """The test file of a module: ``zkperf/a/b.py`` has ``tests/a/test_b.py``."""
    path = PurePosixPath(file.removeprefix("zkperf/"))
    return str(PurePosixPath("tests") / path.parent / f"test_{path.name}")


def tiers(mutant: Mutant, recording: Recording) -> list[list[str]]:
    """The tests to run, one tier after the other: none is in two tiers.

    First the module's own tests, those that run the mutant's lines before the others: what is run at import
    or cached is not recorded of all tests that depend on it. Then all other tests that run the lines, then
    what else there is in the folder of its own tests. The quickest are first.
    """
    if mutant.file.startswith("native/"):
        own = next(tests for start, tests in KERNEL.items() if mutant.file.startswith(start))
        near = [test for test in recording.seconds if test.startswith(own)]
        far = [test for test in recording.seconds if not test.startswith(own)]
        return [near, far]
    rows = recording.lines.get(mutant.file, {})
    running: set[str] = set()
    for line in range(mutant.lines[0], mutant.lines[1] + 1):
        running |= rows.get(line, frozenset())
    mirror = mirrored(mutant.file)
    folder = str(PurePosixPath(mirror).parent)
    found: list[list[str]] = [[], [], [], []]
    for test in recording.seconds:
        file = test.partition("::")[0]
        if file == mirror:
            found[0 if test in running else 1].append(test)
        elif test in running:
            found[2].append(test)
        elif str(PurePosixPath(file).parent) == folder:
            found[3].append(test)
    return [tier for tier in ([*found[0], *found[1]], found[2], found[3]) if tier]
