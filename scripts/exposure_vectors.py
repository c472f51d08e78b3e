"""Makes vectors/exposure.json: systems of facts, and what the search of protocol 12.6 finds in them.

    python scripts/exposure_vectors.py

Each case has figures [low, high, floor] and facts that become public one after the other, as lists of
alternatives, each a list of conditions {terms: [[figure, factor], …], low, high}. Of each fact it says
whether it is refuted, whether enough values are shown, and then the bounds and the points that are kept. A
fact that is not shown does not become public.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "vectors" / "exposure.json"
sys.path.insert(0, str(ROOT))

from circuits.exposure.propagation import Refuted  # noqa: E402
from circuits.exposure.search import Search  # noqa: E402
from circuits.exposure.system import Condition, Fact, Figure, System, negation  # noqa: E402

Claim = tuple[Condition, ...]


def at_least(low: int, *terms: tuple[int, int]) -> Claim:
    return (Condition(terms, low, None),)


def proved(*conditions: Condition) -> Fact:
    return Fact((conditions,), proved=True)


def refused(*conditions: Condition) -> Fact:
    return negation(conditions, proved=False)


BAND = (Condition(((0, 1),), 200, 700),)
BETTER = at_least(1, (1, 1), (0, -1))
MUCH_BETTER = (*BETTER, *at_least(0, (1, 100), (0, -120)))
TOTAL = (Condition(((0, 1), (1, 1), (2, -1)), 0, 0),)
GRADES = [at_least(low, (0, 3), (1, 5), (2, -2)) for low in (400, 300)]
CASES: dict[str, tuple[list[tuple[int, int, int]], list[Fact]]] = {
    "a target, a band and a ratio, floor 400": (
        [(0, 1000, 400), (1, 1000, 400)],
        [
            proved(*at_least(500, (1, 1))),
            proved(*BAND),
            proved(*at_least(0, (0, 1), (1, -1))),
            refused(*at_least(0, (0, 1), (1, -1))),
        ],
    ),
    "a band that was not proved": ([(0, 1000, 400)], [refused(*BAND), proved(*at_least(701, (0, 1)))]),
    "a target, then better and not at a target just above": (
        [(0, 300, 5), (0, 300, 5)],
        [
            proved(*at_least(190, (0, 1))),
            refused(*at_least(192, (1, 1))),
            proved(*BETTER),
            refused(*BETTER),
        ],
    ),
    "better by so much, or not": ([(0, 1000, 100)] * 2, [refused(*MUCH_BETTER), proved(*BETTER)]),
    "parts and their total": (
        [(0, 100, 5), (0, 100, 5), (0, 200, 5)],
        [proved(*TOTAL), proved(*at_least(150, (2, 1))), refused(*at_least(60, (0, 1)))],
    ),
    "parts that do not sum to their total": ([(0, 9, 3), (0, 9, 3), (0, 18, 3)], [refused(*TOTAL)]),
    "grades one by one": ([(0, 50, 5), (0, 50, 5), (0, 50, 5)], [refused(*GRADES[0]), proved(*GRADES[1])]),
    "what cannot be": ([(0, 10, 2)] * 2, [proved(*BETTER), proved(*at_least(1, (0, 1), (1, -1)))]),
    "a chain that uses its range up": (
        [(0, 12, 7)] * 8,
        [proved(*at_least(1, (later, 1), (later - 1, -1))) for later in range(1, 8)],
    ),
    "propagation is cut off": (
        # Each figure pushes the other up by one, again and again: 2·10^9 steps would refute it.
        [(0, 10**9, 2)] * 2,
        [proved(*at_least(1, (0, 1), (1, -1))), proved(*at_least(0, (1, 1), (0, -1)))],
    ),
    "the search is cut off": (
        # Figures in a row that need more room each than so few points can show.
        [(0, 1000, 900)] * 40,
        [proved(*at_least(1, (later, 1), (later - 1, -1))) for later in range(1, 40)],
    ),
}


def vectors() -> dict[str, Any]:
    """The contents of the file."""
    about = (__doc__ or "").split("\n\n")[2].replace("\n", " ").strip()
    return {"about": about, "cases": [run(name, *case) for name, case in CASES.items()]}


def run(name: str, figures: list[tuple[int, int, int]], facts: list[Fact]) -> dict[str, Any]:
    """One case, with what is found."""
    system = System()
    for number, (low, high, floor) in enumerate(figures):
        system.add(Figure((b"", str(number)), low, high, floor))
    search, steps = Search(system), []
    for fact in facts:
        step: dict[str, Any] = {
            "alternatives": [
                [{"terms": [*map(list, terms)], "low": low, "high": high} for terms, low, high in conditions]
                for conditions in fact.alternatives
            ]
        }
        try:
            shown = search.attempt(fact)
        except Refuted:
            steps.append(step | {"outcome": "refuted"})
            continue
        if shown is None:
            steps.append(step | {"outcome": "not shown"})
            continue
        search.commit(fact, shown)
        steps.append(
            step
            | {
                "outcome": "shown",
                "bounds": [*map(list, shown.bounds)],
                "points": [point.values for point in shown.points],
            }
        )
    return {"name": name, "figures": [*map(list, figures)], "facts": steps}


def text() -> str:
    """The file: a line for each fact, so that a change can be read."""
    made = vectors()
    lines = ["{", f' "about": {json.dumps(made["about"], ensure_ascii=False)},', ' "cases": [']
    for number, case in enumerate(made["cases"]):
        lines += [
            f'  {{"name": {json.dumps(case["name"])}, "figures": {json.dumps(case["figures"])}, "facts": ['
        ]
        lines += [
            f"   {json.dumps(fact)}{',' if n < len(case['facts']) else ''}"
            for n, fact in enumerate(case["facts"], 1)
        ]
        lines += ["  ]}" + ("," if number < len(made["cases"]) - 1 else "")]
    return "\n".join([*lines, " ]", "}", ""])


if __name__ == "__main__":
    VECTORS.write_text(text(), "utf-8")
