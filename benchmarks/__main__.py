"""``python -m benchmarks [--quick] [--json FILE]``: measures, prints the table, writes the JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from benchmarks import device, rating, shares, survey, tokens
from benchmarks import figures as providers
from benchmarks.machine import commit, describe_machine, load, versions
from benchmarks.measure import FULL, QUICK, Effort, Figure
from benchmarks.report import Setting, print_table, to_json, write_json
from zkperf.cli.output import say

PARTS: tuple[Callable[[Effort], Iterator[Figure]], ...] = (
    rating.figures,
    shares.figures,
    tokens.figures,
    device.figures,
    providers.figures,
    survey.figures,
)


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Small batches, few repeats: half a minute.")
    ] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Measures proving, verifying and a whole round."""
    effort = QUICK if quick else FULL
    before, started = load(), perf_counter()
    figures = []
    for part in PARTS:
        for figure in part(effort):
            say(f"  {figure.what}")
            figures.append(figure)
    head, clean = commit()
    setting = Setting(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=quick,
        seconds=perf_counter() - started,
        machine=describe_machine(),
        load=(before, load()),
        versions=versions(),
        commit=head,
        clean=clean,
    )
    print_table(setting, figures)
    if json is not None:
        write_json(json, to_json(setting, figures))


if __name__ == "__main__":
    typer.run(main)
