"""The vectors of what stays possible are those of the code, and hold what they are there for."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.exposure_vectors import CASES, VECTORS, text


def test_they_are_current() -> None:
    assert Path(VECTORS).read_text("utf-8") == text()


def test_they_show_every_outcome() -> None:
    cases = {case["name"]: case for case in json.loads(Path(VECTORS).read_text("utf-8"))["cases"]}
    assert cases.keys() == CASES.keys()
    outcomes = {name: [fact["outcome"] for fact in case["facts"]] for name, case in cases.items()}
    assert outcomes["a target, a band and a ratio, floor 400"] == ["shown", "shown", "not shown", "shown"]
    assert outcomes["a target, then better and not at a target just above"][2] == "not shown"
    assert outcomes["what cannot be"] == ["shown", "refuted"]
    # It cannot be, but nothing refutes it in so many steps: it counts as possible, and is not shown.
    assert outcomes["propagation is cut off"] == ["shown", "not shown"]
    for name in ("a chain that uses its range up", "the search is cut off"):
        assert outcomes[name][0] == "shown" and "not shown" in outcomes[name]
