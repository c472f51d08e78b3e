"""The kernel's own batch, counted by a debugger: it does as many operations as its floor."""

from __future__ import annotations

import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cohort import FIVE
from benchmarks.known import KnownRound
from zkperf import _native

floors = pytest.importorskip("benchmarks.floors", reason="`make bench` builds the crate of the floors")

CALLED = {
    "decompressions on ristretto255": r"CompressedRistretto10decompress",
    "decompressions on BLS12-381": r" blst_p1_uncompress$",
    "hashes to the curve": r" blst_hash_to_g1$",
    "products of Miller loops": r" blst_miller_loop_n$",
    "cofactors cleared": r" blst_p1_mult$",
}
"""Functions of the kernel by what they do, as its symbol table names them."""

PROGRAM = """
import pickle, sys
from benchmarks.rating import whole
with open(sys.argv[1], "rb") as file:
    known, made = pickle.load(file)
known.state
for _ in range(int(sys.argv[2])):
    whole(known, made).call()
"""


@pytest.fixture(scope="module")
def functions() -> dict[str, str]:
    if not (shutil.which("gdb") and shutil.which("nm")):
        pytest.skip("needs gdb and nm")
    symbols = subprocess.run(["nm", _native.__file__], capture_output=True, text=True).stdout
    found = {}
    for what, pattern in CALLED.items():
        match = re.search(rf"\S*{pattern}\S*" if "Ristretto" in pattern else pattern, symbols, re.MULTILINE)
        if match is None:
            pytest.skip("the kernel has no symbols: build it with cargo, which does not strip it")
        found[what] = match[0].strip()
    return found


def test_the_kernel_does_as_many_operations_as_its_floor(functions: dict[str, str], tmp_path: Path) -> None:
    known, count = KnownRound.create(FIVE), 7
    made = [known.rating(1) for _ in range(count)]
    path = tmp_path / "ratings"
    path.write_bytes(pickle.dumps((known.sent(), made)))
    none, one = (calls(functions, path, times) for times in (0, 1))
    floor = floors.verifying(known, made)
    assert {what: one[what] - none[what] for what in one} == {
        "decompressions on ristretto255": floor.proofs.operations["decompressions"],
        "decompressions on BLS12-381": floor.tokens.operations["decompressions"],
        "hashes to the curve": floor.tokens.operations["hashes to the curve"],
        "products of Miller loops": 1,
        "cofactors cleared": floor.tokens.operations["cofactors cleared"],
    }


def calls(functions: dict[str, str], path: Path, times: int) -> dict[str, int]:
    """How often each function is called in a process that verifies the block so many times."""
    commands = ["set breakpoint pending on", "set debuginfod enabled off"]
    for number, symbol in enumerate(functions.values(), 1):
        commands += [f"break {symbol}", f"ignore {number} 1000000"]
    commands += ["run", "info breakpoints"]
    line = ["gdb", "-q", "-batch", *(word for command in commands for word in ("-ex", command))]
    run = subprocess.run(
        [*line, "--args", sys.executable, "-c", PROGRAM, str(path), str(times)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    listed = run.stdout.rpartition("Num ")[2]
    counts = {}
    for number, what in enumerate(functions, 1):
        entry = re.search(rf"^{number} .*?(?=^\d+ |\Z)", listed, re.MULTILINE | re.DOTALL)
        assert entry is not None, run.stdout + run.stderr
        hits = re.search(r"already hit (\d+) time", entry[0])
        counts[what] = int(hits[1]) if hits else 0
    return counts
