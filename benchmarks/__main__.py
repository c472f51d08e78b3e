"""``python -m benchmarks [PART …]``: measures, prints a table, and keeps the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from benchmarks import (
    asking,
    comparison,
    cores,
    device,
    growth,
    large_audit,
    rating,
    serving,
    shares,
    survey,
    tokens,
)
from benchmarks import figures as providers
from benchmarks.machine import commit, describe_machine, load, versions
from benchmarks.measure import FULL, QUICK, Effort, Figure
from benchmarks.report import Setting, add_run, print_table, to_json
from zkperf.cli.output import say

Part = Callable[[Effort], Iterator[Figure]]

PARTS: dict[str, Part] = {
    "rating": rating.figures,
    "shares": shares.figures,
    "tokens": tokens.figures,
    "peers": comparison.figures,
    "cores": cores.figures,
    "growth": growth.figures,
    "device": device.figures,
    "figures": providers.figures,
    "asking": asking.figures,
    "service": serving.figures,
    "survey": survey.figures,
    "audit": large_audit.figures,
}


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"What to measure, of {', '.join(PARTS)}; all by default.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small batches, few repeats: about a minute.")
    ] = False,
    ratings: Annotated[
        int | None, typer.Option("--ratings", help="How far growth and audit go; 1000000 takes an hour.")
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option("--json", help="Put the figures into this file, in the place of earlier ones."),
    ] = None,
) -> None:
    """Measures proving, verifying, whole rounds and audits."""
    chosen = parts or list(PARTS)
    unknown = set(chosen) - PARTS.keys()
    if unknown:
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}")
    effort = QUICK if quick else FULL
    if ratings is not None:
        effort = replace(effort, largest=ratings)
    before, started = load(), perf_counter()
    figures: dict[str, list[Figure]] = {}
    for number, part in enumerate(chosen, 1):
        say(f"{part} ({number} of {len(chosen)}, after {perf_counter() - started:.0f} s)")
        figures[part] = []
        for figure in PARTS[part](effort):
            say(f"  {figure.what}")
            figures[part].append(figure)
    head, clean = commit()
    setting = Setting(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=quick,
        parts=tuple(chosen),
        seconds=perf_counter() - started,
        machine=describe_machine(),
        load=(before, load()),
        versions=versions(),
        commit=head,
        clean=clean,
    )
    print_table(setting, figures)
    if json is not None:
        add_run(json, to_json(setting, figures))


if __name__ == "__main__":
    typer.run(main)
