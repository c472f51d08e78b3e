"""Plots of a results file: ``python -m benchmarks.plots benchmarks/results.json docs/performance``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import matplotlib
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import amount

INK, QUIET, GRID = "#1f2328", "#59636e", "#d1d9e0"
BLUE, ORANGE, GREY = "#0b63c5", "#c2570c", "#8c959f"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.edgecolor": GRID,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": INK,
    "svg.hashsalt": "zkperf",  # the same figures give the same file
}

Document = Mapping[str, Any]


def draw(document: Document, directory: Path) -> None:
    """Every plot, as SVG."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, plot in PLOTS.items():
        with matplotlib.rc_context(STYLE):
            drawing = plot(document)
            drawing.savefig(directory / f"{name}.svg", metadata={"Date": None}, facecolor="white")


def targets(document: Document) -> Figure:
    """Every figure that has a target, as a share of it."""
    chosen = [figure for figure in document["figures"] if figure["target"]]
    drawing, axes = _axes(8, 0.62 * len(chosen) + 0.7)
    for row, figure in enumerate(chosen):
        at_most, unit = figure["target"]["at_most"], figure["unit"]
        share = figure["median"] / at_most
        axes.barh(row, share, height=0.5, color=BLUE if figure["target"]["met"] else ORANGE)
        text = f"{amount(figure['median'], unit)} of {amount(at_most, unit)}"
        axes.text(max(share, 1) + 0.03, row, text, va="center")
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_yticks(range(len(chosen)), [figure["what"] for figure in chosen])
    axes.set_xlim(0, 1.1 * max(1.5, *(f["median"] / f["target"]["at_most"] for f in chosen)))
    axes.set_xticks([0, 0.5, 1], ["0", "half", "target"])
    return _finished(drawing, axes)


def verification(document: Document) -> Figure:
    """Processor time for one rating, against how many are verified at once, and of its group operations."""
    drawing, axes = _axes(8, 4)
    for form, colour in (("five levels", BLUE), ("5 + 11 levels + 7 choices", ORANGE)):
        points = [f for f in _named(document, "rating.verify") if f["parameters"]["form"] == form]
        batches = [figure["parameters"]["batch"] for figure in points]
        whole = [figure["processor"]["median"] * 1e6 for figure in points]
        floor = [figure["ratios"][0]["floor"]["median"] * 1e6 for figure in points]
        axes.plot(batches, whole, color=colour, marker="o", linewidth=2, label=form)
        axes.plot(batches, floor, ":", color=colour, linewidth=2, label="its group operations alone")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(100, 5000)
    axes.set_yticks([100, 200, 500, 1000, 2000, 5000], ["100 µs", "200 µs", "500 µs", "1 ms", "2 ms", "5 ms"])
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    axes.minorticks_off()
    axes.set_xlabel("ratings verified at once")
    axes.set_ylabel("processor time for one")
    axes.legend(frameon=False, loc="upper right")
    return _finished(drawing, axes, grid="both")


def device(document: Document) -> Figure:
    """What a device does for one rating, in the order in which it does it."""
    steps = {figure["name"]: figure for figure in _named(document, "device.")}
    prove = next(f for f in _named(document, "rating.prove") if f["parameters"]["suite"] == "ristretto255")
    order = [
        *(steps[f"device.{step}"] for step in ("join", "request", "finish")),
        prove,
        *(steps[f"device.{step}"] for step in ("promise", "receipt")),
    ]
    return _bars(order)


def survey(document: Document) -> Figure:
    """The survey stage by stage."""
    return _bars(_named(document, "survey.stage"))


PLOTS: dict[str, Callable[[Document], Figure]] = {
    "targets": targets,
    "verification": verification,
    "device": device,
    "survey": survey,
}


def _bars(figures: Sequence[Mapping[str, Any]]) -> Figure:
    """A bar for each, with its median, and its quartiles as a thin line."""
    drawing, axes = _axes(8, 0.5 * len(figures) + 0.5)
    longest = max(figure["spread"][1] for figure in figures)
    for row, figure in enumerate(figures):
        median, (low, high) = figure["median"], figure["spread"]
        axes.barh(row, median, height=0.55, color=BLUE)
        if high > low:
            axes.plot([low, high], [row, row], color=INK, linewidth=1.2)
        axes.text(max(median, high) + longest / 80, row, amount(median, figure["unit"]), va="center")
    axes.set_yticks(range(len(figures)), [figure["what"] for figure in figures])
    axes.set_xlim(0, longest * 1.2)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return _finished(drawing, axes, grid=None)


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    drawing = Figure(figsize=(width, height), layout="constrained")
    return drawing, drawing.add_subplot()


def _finished(drawing: Figure, axes: Axes, grid: Literal["x", "y", "both"] | None = "x") -> Figure:
    if axes.get_yscale() != "log":
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
    return drawing


def _named(document: Document, prefix: str) -> list[Mapping[str, Any]]:
    """The figures of this name, or whose name begins so where ``prefix`` ends in a dot."""
    if prefix.endswith("."):
        return [figure for figure in document["figures"] if figure["name"].startswith(prefix)]
    return [figure for figure in document["figures"] if figure["name"] == prefix]


def main(
    results: Annotated[Path, typer.Argument(help="What `python -m benchmarks --json` wrote.")],
    directory: Annotated[Path, typer.Argument(help="Where the SVG files go.")],
) -> None:
    """Draws the plots of a results file."""
    draw(json.loads(results.read_text("utf-8")), directory)


if __name__ == "__main__":
    typer.run(main)
