"""Two periods under two schemes, end to end: providers, previews, verdicts, traces and the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.roles.figures import FigureWorld
from zkperf.cli.provide import Desk
from zkperf.indicators.published import period_result
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.ledger.state import Phase
from zkperf.roles.auditor import PublicLog
from zkperf.roles.trace import trace_result

INDICATOR = """
[[indicator]]
id = "{}"
min = "0"
max = "1000"
better = "lower"
"""
CLAIM = """
[[claim]]
id = "fewer_days"
kind = "improved"
indicator = "days"
percent = "0"
"""


def asking(*names: str) -> str:
    return 'id = "waiting"\nfloor = 1\n' + "".join(map(INDICATOR.format, names)) + CLAIM


def period(
    world: FigureWorld, text: str, name: str, figures: list[Mapping[str, int]], previous: bytes | None = None
) -> None:
    """A round under a new scheme, to the claims."""
    known = set(world.world.state.figure_schemes)
    scheme = parse_scheme(text, name="S.toml")
    evaluator = world.world.folder.evaluator(world.world.state.ledger, world.clock)
    world.world.consortium.submit(evaluator.post_figure_scheme(scheme))
    [identifier] = set(world.world.state.figure_schemes) - known
    world.found = world.open(identifier, name, previous)
    for number, values in enumerate(figures):
        world.report(number, {k: values[item.id] for k, item in enumerate(scheme.indicators)})
    world.close()
    assert world.found.phase is Phase.CLAIMING


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FigureWorld]:
    made = FigureWorld.create(tmp_path)
    made.close()
    yield made
    made.world.consortium.close()


def test_waiting_days_that_rose_did_not_fall(world: FigureWorld, tmp_path: Path) -> None:
    """100 and then 800 days, with another figure of 900 where days stand in the second scheme."""
    period(world, asking("beds", "days"), "2030", [{"days": 100, "beds": 900}, {"days": 700, "beds": 3}])
    for number in range(2):
        world.claim(number)
    before = world.found
    now: list[Mapping[str, int]] = [{"new": 1, "days": 800, "beds": 2}, {"new": 1, "days": 699, "beds": 4}]
    period(world, asking("days", "new", "beds"), "2031", now, before.digest)
    state = world.world.state
    for number, expected in ((0, "does not hold"), (1, "holds")):
        file = tmp_path / f"{number}.csv"
        cells = ",".join(str(now[number][name]) for name in ("days", "new", "beds"))
        file.write_text(f"period,provider,group,days,new,beds\n2031,P{number},all,{cells}\n", "utf-8")
        party: Any = None
        desk = Desk(party, world.providers[number], state, world.found, number + 1)
        assert [statement.holds for statement in desk.preview(file).claims] == [expected]
        world.claim(number)
    result = period_result(state, world.found)
    verdicts = [result["providers"][f"P{number}"]["claims"]["fewer_days"] for number in range(3)]
    assert verdicts == ["not proved", "proved", "not reported"]
    assert world.world.audit().ok
    leaves = world.world.leaves()
    log = PublicLog(len(leaves), leaves, leaves.__getitem__, world.world.consortium.ledger.checkpoint)
    trace = trace_result(log, "2031/P1/fewer_days", state.ledger)
    assert trace["value"] == "proved"
    assert [item["leaf"] for item in trace["commitments"]] == [
        world.found.reports[2].index,
        before.reports[2].index,
    ]
    assert [item["verified"] for item in trace["proofs"]] == [True, True, True]
