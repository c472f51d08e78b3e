"""What was measured, as a table for people and as JSON for everything else.

The JSON document (described in docs/performance.md) is a list of runs. A run has the machine, the versions
and the commit once, for all of its figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.measure import Figure, Ratio, Samples, Target

FORMAT = "zkperf-benchmarks/2"


@dataclass(frozen=True)
class Setting:
    """Under which circumstances the figures were measured."""

    made: str
    """When, in UTC."""
    quick: bool
    parts: tuple[str, ...]
    """What was measured: these parts, and all of each."""
    seconds: float
    """How long all of it took."""
    machine: Mapping[str, str | int]
    load: tuple[float, float]
    """Load averages over a minute, before and after."""
    versions: Mapping[str, str]
    commit: str
    clean: bool
    """Whether the sources were exactly those of the commit."""


def to_json(setting: Setting, figures: Mapping[str, Sequence[Figure]]) -> dict[str, Any]:
    """One run, with its figures by part."""
    return {
        "made": setting.made,
        "quick": setting.quick,
        "seconds": round(setting.seconds, 1),
        "commit": setting.commit,
        "clean": setting.clean,
        "machine": {**setting.machine, "load": [round(load, 2) for load in setting.load]},
        "versions": dict(setting.versions),
        "parts": {part: [_figure(figure) for figure in figures[part]] for part in setting.parts},
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "what": figure.what,
        "parameters": dict(figure.parameters),
        "unit": figure.unit,
        **_samples(figure.samples),
        "processor": None if figure.processor is None else _samples(figure.processor),
        "ratios": [_ratio(ratio) for ratio in figure.ratios],
        "target": _target(figure.target, figure.samples),
    }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {
        "to": ratio.to,
        "floor": _samples(ratio.floor),
        **_samples(ratio.samples),
        "target": _target(ratio.target, ratio.samples),
    }


def _target(target: Target | None, samples: Samples) -> dict[str, Any] | None:
    if target is None:
        return None
    bound = "at_least" if target.least else "at_most"
    return {bound: target.bound, "met": target.met(samples.median)}


def _samples(samples: Samples) -> dict[str, Any]:
    return {
        "median": _rounded(samples.median),
        "spread": [_rounded(quartile) for quartile in samples.spread],
        "repeats": len(samples.values),
    }


def _rounded(value: float) -> float:
    """Four digits: there is nothing in the others."""
    return float(f"{value:.4g}") if value < 1000 else round(value, 1)


def add_run(path: Path, run: Mapping[str, Any]) -> None:
    """Puts a run into a results file: its parts replace those of earlier runs, which keep their others."""
    runs = []
    for earlier in read_runs(path) if path.exists() else ():
        kept = {part: figures for part, figures in earlier["parts"].items() if part not in run["parts"]}
        if kept:
            runs.append({**earlier, "parts": kept})
    document = {"format": FORMAT, "runs": [*runs, run]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_runs(path: Path) -> list[dict[str, Any]]:
    """The runs of a results file; none of a file in another format."""
    document = json.loads(path.read_text("utf-8"))
    runs: list[dict[str, Any]] = document["runs"] if document["format"] == FORMAT else []
    return runs


def all_figures(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every figure of every run."""
    for run in runs:
        for figures in run["parts"].values():
            yield from figures


def print_table(setting: Setting, figures: Mapping[str, Sequence[Figure]]) -> None:
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
    for part in setting.parts:
        table.add_section()
        table.add_row(Text(part, "bold"))
        for figure in figures[part]:
            table.add_row(
                f"  {figure.what}",
                amount(figure.samples.median, figure.unit),
                _quartiles(figure),
                "" if figure.processor is None else amount(figure.processor.median, "s"),
                "\n".join(f"{ratio.samples.median:.3g} × {ratio.to}" for ratio in figure.ratios),
                _verdicts(figure),
            )
    # A pipe has no width of its own.
    Console(width=None if sys.stdout.isatty() else 170).print(table)


def _quartiles(figure: Figure) -> str:
    if len(figure.samples.values) == 1:
        return ""
    low, high = figure.samples.spread
    return f"{amount(low, figure.unit)} – {amount(high, figure.unit)}"


def _verdicts(figure: Figure) -> Text:
    held = [(figure.target, figure.samples.median, figure.unit)]
    held += [(ratio.target, ratio.samples.median, "×") for ratio in figure.ratios]
    return Text("\n").join(_verdict(*item) for item in held if item[0] is not None)


def _verdict(target: Target | None, value: float, unit: str) -> Text:
    assert target is not None
    bound = f"{'≥' if target.least else '≤'} {amount(target.bound, unit)}"
    return Text(f"{bound}, met", "green") if target.met(value) else Text(f"{bound}, MISSED", "red")


def amount(value: float, unit: str) -> str:
    """A number with its unit, short enough for a table: three digits of a time, whole bytes."""
    if unit == "bytes":
        return f"{value:,.0f} B" if value < 1e6 else f"{float(f'{value / 1e6:.3g}'):,g} MB"
    if unit == "/s":
        return f"{value:,.0f}/s"
    if unit == "×":
        return f"{value:.3g} ×"
    if unit == "":
        return f"{value:,.4g}"
    scale, name = next((s, n) for s, n in ((1, "s"), (1e-3, "ms"), (0, "µs")) if value >= s)
    return f"{value / (scale or 1e-6):.3g} {name}"
