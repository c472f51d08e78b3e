"""``python -m tests.soak [--short] [part …]``: a table of all figures; 1 if one does not reach its target."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator

from tests.soak.faults import faults
from tests.soak.load import load
from tests.soak.world import FULL, SHORT, Figure, Scale, many_files

PARTS: dict[str, Callable[[Scale], Iterator[Figure]]] = {"load": load, "faults": faults}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description="Load and fault trials of the service.")
    parser.add_argument("--short", action="store_true", help="a rough picture in a minute")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - PARTS.keys():
        parser.error(f"there is no part {min(unknown)!r}")
    many_files()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-state-") as state:
        os.environ["XDG_STATE_HOME"] = state
        for part in chosen.parts or PARTS:
            for figure in PARTS[part](SHORT if chosen.short else FULL):
                mark = "reached" if figure.reached else "NOT REACHED"
                print(f"| {figure.name} | {figure.measured} | {figure.target} | {mark} |", flush=True)
                failed += not figure.reached
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
