"""What the benchmarks print and write, and the figures that are part of the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cohort import FIVE, LONG, open_cohort
from benchmarks.measure import Figure, Ratio, Samples
from benchmarks.plots import PLOTS, draw
from benchmarks.report import FORMAT, Setting, amount, to_json, write_json
from zkperf._native import RatingLeaf
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.state import Committed
from zkperf.ledger.transactions import encode_transaction

RESULTS = Path(__file__).parents[2] / "benchmarks/results.json"

SETTING = Setting(
    made="2026-01-02T03:04:05+00:00",
    quick=True,
    seconds=12.34,
    machine={"cpu": "a cpu", "cores": 2, "memory_bytes": 1, "system": "a system"},
    load=(0.5, 1.5),
    versions={"python": "3.11"},
    commit="c0ffee",
    clean=True,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.4, "bytes", "1,234 B"),
        (1.5, "s", "1.5 s"),
        (0.0123, "s", "12.3 ms"),
        (0.001, "s", "1 ms"),
        (0.000123, "s", "123 µs"),
        (0, "s", "0 µs"),
    ],
)
def test_amounts_are_short(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_the_document_has_every_figure_with_its_circumstances(tmp_path: Path) -> None:
    ratio = Ratio("its floor", Samples((1.0,)), Samples((2.0,)))
    parameters = {"batch": 3}
    figure = Figure("a.b", "words", parameters, "s", Samples((1.0, 3.0)), Samples((2.0,)), (ratio,), 1.5)
    write_json(tmp_path / "results.json", to_json(SETTING, [figure]))
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document.keys() == committed().keys()
    assert document["machine"]["load"] == [0.5, 1.5]
    one = {"repeats": 1}
    assert document["figures"] == [
        {
            "name": "a.b",
            "what": "words",
            "parameters": parameters,
            "unit": "s",
            "median": 2,
            "spread": [1.5, 2.5],
            "repeats": 2,
            "processor": {"median": 2, "spread": [2, 2], **one},
            "ratios": [
                {
                    "to": "its floor",
                    "floor": {"median": 1, "spread": [1, 1], **one},
                    **{"median": 2, "spread": [2, 2], **one},
                }
            ],
            "target": {"at_most": 1.5, "met": False},
        }
    ]


def committed() -> Any:
    return json.loads(RESULTS.read_text("utf-8"))


def test_the_results_in_the_project_are_whole() -> None:
    document = committed()
    assert document["format"] == FORMAT
    assert not document["quick"] and document["clean"]
    names = [(figure["name"], *figure["parameters"].items()) for figure in document["figures"]]
    assert len(set(names)) == len(names)
    held = [figure["target"] for figure in document["figures"] if figure["target"]]
    assert len(held) == 5 and all(target["met"] for target in held)


def test_the_plots_are_those_of_the_results(tmp_path: Path) -> None:
    draw(committed(), tmp_path)
    for name in PLOTS:
        assert (tmp_path / f"{name}.svg").read_text("utf-8").startswith("<?xml")


@pytest.mark.parametrize("form", [FIVE, LONG], ids=lambda form: form.name)
def test_what_is_measured_is_valid(form: Any) -> None:
    with open_cohort(form) as cohort:
        [(core, _)] = cohort.ratings(1)
        [verdict] = verify_ratings(cohort.state, [RatingLeaf(encode_transaction(core))])
        assert isinstance(verdict, Committed)
        assert len(encode_transaction(core)) <= form.core_bytes
