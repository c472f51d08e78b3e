"""What was measured, as a table for people and as JSON for everything else.

The JSON document (described in docs/performance.md) has the machine, the versions and the commit once,
for all of its figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.measure import Figure, Samples

FORMAT = "zkperf-benchmarks/1"

SECTIONS = {
    "rating": "Ratings",
    "shares": "Shares",
    "tokens": "Tokens",
    "device": "A citizen's device",
    "survey": "A whole survey",
    "audit": "Its audit",
    "bytes": "Its bytes",
}
"""Headings, by the first part of a figure's name."""


@dataclass(frozen=True)
class Setting:
    """Under which circumstances the figures were measured."""

    made: str
    """When, in UTC."""
    quick: bool
    seconds: float
    """How long all of it took."""
    machine: Mapping[str, str | int]
    load: tuple[float, float]
    """Load averages over a minute, before and after."""
    versions: Mapping[str, str]
    commit: str
    clean: bool
    """Whether the sources were exactly those of the commit."""


def to_json(setting: Setting, figures: Sequence[Figure]) -> dict[str, Any]:
    """The whole document."""
    return {
        "format": FORMAT,
        "made": setting.made,
        "quick": setting.quick,
        "seconds": round(setting.seconds, 1),
        "commit": setting.commit,
        "clean": setting.clean,
        "machine": {**setting.machine, "load": list(setting.load)},
        "versions": dict(setting.versions),
        "figures": [_figure(figure) for figure in figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "what": figure.what,
        "parameters": dict(figure.parameters),
        "unit": figure.unit,
        **_samples(figure.samples),
        "processor": None if figure.processor is None else _samples(figure.processor),
        "ratios": [
            {"to": ratio.to, "floor": _samples(ratio.floor), **_samples(ratio.samples)}
            for ratio in figure.ratios
        ],
        "target": None if figure.target is None else {"at_most": figure.target, "met": figure.met},
    }


def _samples(samples: Samples) -> dict[str, Any]:
    return {
        "median": _rounded(samples.median),
        "spread": [_rounded(quartile) for quartile in samples.spread],
        "repeats": len(samples.values),
    }


def _rounded(value: float) -> float:
    """Four digits: there is nothing in the others."""
    return float(f"{value:.4g}") if value < 1000 else round(value, 1)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes the document, one line for each item."""
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


def print_table(setting: Setting, figures: Sequence[Figure]) -> None:
    """The table, on stdout."""
    machine = setting.machine
    changed = "" if setting.clean else " (changed)"
    table = Table(title=f"zkperf {setting.commit[:12]}{changed}", title_style="bold")
    table.caption = (
        f"{machine['cpu']}, {machine['cores']} cores, load {setting.load[0]:.1f} to {setting.load[1]:.1f}; "
        f"Python {setting.versions['python']}; {setting.seconds:.0f} s. Medians; quartiles of several "
        "samples; processor time of all threads; ratios of processor times."
    )
    table.add_column("Figure")
    for heading in ("Median", "Quartiles", "Processor"):
        table.add_column(heading, justify="right")
    table.add_column("Ratio")
    table.add_column("Target", justify="right")
    section = None
    for figure in figures:
        prefix = figure.name.partition(".")[0]
        if prefix != section:
            table.add_section()
            table.add_row(Text(SECTIONS[prefix], "bold"))
            section = prefix
        table.add_row(
            f"  {figure.what}",
            amount(figure.samples.median, figure.unit),
            _quartiles(figure),
            "" if figure.processor is None else amount(figure.processor.median, "s"),
            "\n".join(f"{ratio.samples.median:.3g} × {ratio.to}" for ratio in figure.ratios),
            _target(figure),
        )
    # A pipe has no width of its own.
    Console(width=None if sys.stdout.isatty() else 170).print(table)


def _quartiles(figure: Figure) -> str:
    if len(figure.samples.values) == 1:
        return ""
    low, high = figure.samples.spread
    return f"{amount(low, figure.unit)} – {amount(high, figure.unit)}"


def _target(figure: Figure) -> Text:
    if figure.target is None:
        return Text("")
    at_most = amount(figure.target, figure.unit)
    return Text(f"≤ {at_most}, met", "green") if figure.met else Text(f"≤ {at_most}, MISSED", "red")


def amount(value: float, unit: str) -> str:
    """A number with its unit, short enough for a table: three digits of a time, whole bytes."""
    if unit == "bytes":
        return f"{value:,.0f} B"
    scale, name = next((s, n) for s, n in ((1, "s"), (1e-3, "ms"), (0, "µs")) if value >= s)
    return f"{value / (scale or 1e-6):.3g} {name}"
