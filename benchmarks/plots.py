"""Plots of a results file: ``python -m benchmarks.plots benchmarks/results.json docs/performance``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import matplotlib
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from benchmarks.report import all_figures, amount, read_runs

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

Found = Mapping[str, Any]
"""A figure of a results file."""
Figures = Sequence[Found]


def draw(runs: Sequence[Mapping[str, Any]], directory: Path) -> None:
    """Every plot, as SVG."""
    directory.mkdir(parents=True, exist_ok=True)
    figures = list(all_figures(runs))
    for name, plot in PLOTS.items():
        with matplotlib.rc_context(STYLE):
            drawing = plot(figures)
            drawing.savefig(directory / f"{name}.svg", metadata={"Date": None}, facecolor="white")


class Held(NamedTuple):
    """Something that has a target."""

    what: str
    value: float
    unit: str
    target: Mapping[str, Any]

    @property
    def bound(self) -> float:
        return float(self.target.get("at_most", self.target.get("at_least")))

    @property
    def used(self) -> float:
        """How much of the target is used: 1 is just met, more is missed."""
        return self.value / self.bound if "at_most" in self.target else self.bound / self.value


def held(figures: Figures) -> list[Held]:
    """Everything that has a target, ratios included."""
    found = []
    for figure in figures:
        if figure["target"]:
            found.append(Held(figure["what"], figure["median"], figure["unit"], figure["target"]))
        for ratio in figure["ratios"]:
            if ratio["target"]:
                what = f"{figure['what']}:\nratio to {ratio['to']}"
                found.append(Held(what, ratio["median"], "×", ratio["target"]))
    return found


def targets(figures: Figures) -> Figure:
    """Every figure that has a target, as a share of it."""
    chosen = held(figures)
    drawing, axes = _axes(10, 0.62 * len(chosen) + 0.7)
    for row, item in enumerate(chosen):
        axes.barh(row, item.used, height=0.5, color=BLUE if item.target["met"] else ORANGE)
        sign = "at most" if "at_most" in item.target else "at least"
        text = f"{amount(item.value, item.unit)}, {sign} {amount(item.bound, item.unit)}"
        axes.text(max(item.used, 1) + 0.03, row, text, va="center")
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_yticks(range(len(chosen)), [item.what for item in chosen], fontsize=9)
    axes.set_xlim(0, 1.9 * max(1.5, *(item.used for item in chosen)))
    axes.set_xticks([0, 0.5, 1], ["0", "half", "target"])
    return _finished(drawing, axes)


def verification(figures: Figures) -> Figure:
    """Processor time for one rating, against how many are verified at once, and of its group operations."""
    drawing, axes = _axes(8, 4)
    for form, colour in (("five levels", BLUE), ("5 + 11 levels + 7 choices", ORANGE)):
        points = [f for f in _named(figures, "rating.verify") if f["parameters"]["form"] == form]
        batches = [figure["parameters"]["batch"] for figure in points]
        axes.plot(batches, _processor(points), color=colour, marker="o", linewidth=2, label=form)
        axes.plot(
            batches, _floors(points), ":", color=colour, linewidth=2, label="its group operations alone"
        )
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


def _processor(points: Figures) -> list[float]:
    """Processor microseconds."""
    return [figure["processor"]["median"] * 1e6 for figure in points]


def _floors(points: Figures) -> list[float]:
    """Processor microseconds of the first floor."""
    return [figure["ratios"][0]["floor"]["median"] * 1e6 for figure in points]


def peers(figures: Figures) -> Figure:
    """Ours beside other systems' crates: making one, verifying many, bytes."""
    ours = {"make": "peers.make.ours", "verify": "peers.verify.ours"}
    names = [figure["parameters"]["peer"] for figure in _named(figures, "peers.size")]
    labels = ["zkperf: rating of five levels,\ntoken and shares included"]
    labels += [name.replace(", ", ",\n", 1).replace(" (", "\n(") for name in names]
    [core] = [f for f in _named(figures, "rating.core") if f["parameters"]["form"] == "five levels"]
    drawing = Figure(figsize=(10, 3.6), layout="constrained")
    columns = drawing.subplots(1, 3, sharey=True)
    sizes = [core["median"]] + [figure["median"] for figure in _named(figures, "peers.size")]
    for axes, (title, values, unit) in zip(
        columns,
        (
            ("make one", _beside(figures, ours["make"], "peers.make"), "s"),
            ("verify one of many", _beside(figures, ours["verify"], "peers.verify"), "s"),
            ("bytes", sizes, "bytes"),
        ),
        strict=True,
    ):
        for row, value in enumerate(values):
            axes.barh(row, value, height=0.55, color=_peer_colour(labels[row]))
            axes.text(value + max(values) / 60, row, amount(value, unit), va="center")
        axes.set_title(title, fontsize=11, color=QUIET, loc="left")
        axes.set_yticks(range(len(labels)), labels, fontsize=9)
        axes.set_xlim(0, max(values) * 1.35)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    columns[0].invert_yaxis()
    return drawing


def _beside(figures: Figures, ours: str, theirs: str) -> list[float]:
    [mine] = _named(figures, ours)
    return [f["processor"]["median"] for f in (mine, *_named(figures, theirs))]


def _peer_colour(label: str) -> str:
    """Grey for what proves nothing to the public."""
    return BLUE if label.startswith("zkperf") else GREY if "not publicly" in label else ORANGE


def growth(figures: Figures) -> Figure:
    """How cost grows, in four directions."""
    drawing = Figure(figsize=(10, 7), layout="constrained")
    (bits, members), (cohorts, ratings) = drawing.subplots(2, 2)

    def curve(axes: Axes, name: str, key: str, label: str, colour: str, *, floor: bool = False) -> None:
        points = _named(figures, name)
        places = [figure["parameters"][key] for figure in points]
        axes.plot(places, _processor(points), color=colour, marker="o", linewidth=2, label=label)
        if floor:
            text = "its group operations alone"
            axes.plot(places, _floors(points), ":", color=colour, linewidth=2, label=text)

    curve(bits, "growth.bits.prove", "bits", "prove", ORANGE)
    curve(bits, "growth.bits.verify", "bits", "verify", BLUE, floor=True)
    bits.set_title("bits of a rating", fontsize=11, color=QUIET, loc="left")
    bits.set_xscale("log", base=2)
    bits.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])

    points = _named(figures, "growth.members.verify")
    names = [f"{f['parameters']['members']}/{f['parameters']['threshold']}" for f in points]
    for name, label, colour in (
        ("growth.members.prove", "prove", ORANGE),
        ("growth.members.verify", "verify", BLUE),
        ("growth.members.open", "a trustee opens its share", GREY),
    ):
        members.plot(
            names, _processor(_named(figures, name)), color=colour, marker="o", linewidth=2, label=label
        )
    members.set_title("members/threshold", fontsize=11, color=QUIET, loc="left")

    curve(cohorts, "growth.cohorts.verify", "per cohort", "verify", BLUE, floor=True)
    cohorts.set_title("ratings of a cohort in a block", fontsize=11, color=QUIET, loc="left")
    cohorts.set_xscale("log")

    for name, label, colour in (
        ("growth.ratings.verify", "verified in blocks", BLUE),
        ("audit.time", "audited, issuances included", ORANGE),
    ):
        points = _named(figures, name)
        counts = [figure["parameters"]["ratings"] for figure in points]
        walls = [figure["median"] for figure in points]
        ratings.plot(counts, walls, color=colour, marker="o", linewidth=2, label=label)
    ratings.set_title("ratings in all", fontsize=11, color=QUIET, loc="left")
    ratings.set_xscale("log")
    ratings.set_yscale("log")
    ratings.set_ylabel("seconds on the wall's clock")
    for axes in (bits, members, cohorts):
        axes.set_ylabel("processor µs for one")
        axes.set_ylim(bottom=0)
    for axes in (cohorts, ratings):
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ratings.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    for axes in (bits, members, cohorts, ratings):
        axes.minorticks_off()
        axes.legend(frameon=False, fontsize=9)
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
    return drawing


def device(figures: Figures) -> Figure:
    """What a device does for one rating, in the order in which it does it."""
    steps = {figure["name"]: figure for figure in _named(figures, "device.")}
    prove = next(f for f in _named(figures, "rating.prove") if f["parameters"]["suite"] == "ristretto255")
    order = [
        *(steps[f"device.{step}"] for step in ("join", "request", "finish")),
        prove,
        *(steps[f"device.{step}"] for step in ("promise", "receipt")),
    ]
    return _bars(order)


def survey(figures: Figures) -> Figure:
    """The survey stage by stage."""
    return _bars(_named(figures, "survey.stage"))


PLOTS: dict[str, Callable[[Figures], Figure]] = {
    "targets": targets,
    "verification": verification,
    "peers": peers,
    "growth": growth,
    "device": device,
    "survey": survey,
}


def _bars(figures: Figures) -> Figure:
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


def _named(figures: Figures, prefix: str) -> list[Found]:
    """The figures of this name, or whose name begins so where ``prefix`` ends in a dot."""
    if prefix.endswith("."):
        return [figure for figure in figures if figure["name"].startswith(prefix)]
    return [figure for figure in figures if figure["name"] == prefix]


def main(
    results: Annotated[Path, typer.Argument(help="What `python -m benchmarks --json` wrote.")],
    directory: Annotated[Path, typer.Argument(help="Where the SVG files go.")],
) -> None:
    """Draws the plots of a results file."""
    draw(read_runs(results), directory)


if __name__ == "__main__":
    typer.run(main)
