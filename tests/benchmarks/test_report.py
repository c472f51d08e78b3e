"""What the benchmarks print and write, and the figures that are part of the project."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Figure, Ratio, Samples, Target
from benchmarks.plots import PLOTS, draw
from benchmarks.report import FORMAT, Setting, add_run, all_figures, amount, read_runs, to_json

RESULTS = Path(__file__).parents[2] / "benchmarks/results.json"

SETTING = Setting(
    made="2026-01-02T03:04:05+00:00",
    quick=True,
    parts=("one",),
    seconds=12.34,
    machine={"cpu": "a cpu", "cores": 2, "memory_bytes": 1, "system": "a system"},
    load=(0.5, 1.5),
    versions={"python": "3.11"},
    commit="c0ffee",
    clean=True,
)


def figure(name: str = "a.b") -> Figure:
    ratio = Ratio("its floor", Samples((1.0,)), Samples((2.0,)), Target(2))
    samples, processor = Samples((1.0, 3.0)), Samples((2.0,))
    target = Target(2.5, least=True)
    return Figure(name, "words", {"batch": 3}, "s", samples, processor, (ratio,), target)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.4, "bytes", "1,234 B"),
        (2_462_995, "bytes", "2.46 MB"),
        (1.5, "s", "1.5 s"),
        (0.0123, "s", "12.3 ms"),
        (0.001, "s", "1 ms"),
        (0.000123, "s", "123 µs"),
        (0, "s", "0 µs"),
        (4321.9, "/s", "4,322/s"),
        (1.234, "×", "1.23 ×"),
        (42, "", "42"),
    ],
)
def test_amounts_are_short(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_a_run_has_every_figure_with_its_circumstances() -> None:
    run = to_json(SETTING, {"one": [figure()]})
    assert run["machine"]["load"] == [0.5, 1.5]
    once = {"repeats": 1}
    assert run["parts"] == {
        "one": [
            {
                "name": "a.b",
                "what": "words",
                "parameters": {"batch": 3},
                "unit": "s",
                "median": 2,
                "spread": [1.5, 2.5],
                "repeats": 2,
                "processor": {"median": 2, "spread": [2, 2], **once},
                "ratios": [
                    {
                        "to": "its floor",
                        "floor": {"median": 1, "spread": [1, 1], **once},
                        **{"median": 2, "spread": [2, 2], **once},
                        "target": {"at_most": 2, "met": True},
                    }
                ],
                "target": {"at_least": 2.5, "met": False},
            }
        ]
    }
    for committed in read_runs(RESULTS):
        assert committed.keys() == run.keys()


def test_a_run_replaces_its_parts_in_a_results_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    both = {"one": [figure("first")], "two": [figure("second")]}
    add_run(path, to_json(replace(SETTING, parts=("one", "two")), both))
    add_run(path, to_json(replace(SETTING, commit="cafe"), {"one": [figure("third")]}))
    runs = read_runs(path)
    assert [(run["commit"], list(run["parts"])) for run in runs] == [("c0ffee", ["two"]), ("cafe", ["one"])]
    assert [kept["name"] for kept in all_figures(runs)] == ["second", "third"]
    add_run(path, to_json(replace(SETTING, parts=("two",)), {"two": [figure("fourth")]}))
    assert [list(run["parts"]) for run in read_runs(path)] == [["one"], ["two"]]


def test_a_file_in_another_format_is_started_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"format": "zkperf-benchmarks/1", "figures": []}', "utf-8")
    add_run(path, to_json(SETTING, {"one": [figure()]}))
    assert [list(run["parts"]) for run in read_runs(path)] == [["one"]]


def test_the_results_in_the_project_are_whole() -> None:
    document: Any = json.loads(RESULTS.read_text("utf-8"))
    assert document["format"] == FORMAT
    runs = document["runs"]
    assert not any(run["quick"] for run in runs) and all(run["clean"] for run in runs)
    names = [(found["name"], *found["parameters"].items()) for found in all_figures(runs)]
    assert len(set(names)) == len(names)


def test_the_plots_are_those_of_the_results(tmp_path: Path) -> None:
    draw(read_runs(RESULTS), tmp_path)
    for name in PLOTS:
        assert (tmp_path / f"{name}.svg").read_text("utf-8").startswith("<?xml")
