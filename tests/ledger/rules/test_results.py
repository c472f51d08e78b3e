"""Results: exactly what the openings say, and every reason for what they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ledger.bench import Bench, in_phase
from zkperf.ledger.rules.results import compute_result
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import OptionCount, ResultPosted, UnitResult

CHECK = "results"


def opened() -> tuple[Bench, ResultPosted]:
    bench = in_phase(Phase.OPENED).fork()
    return bench, bench.duty(1)


def figures(unit: UnitResult) -> dict[str, Any]:
    """The figures of a unit's questions as plain data; the reason where they are withheld."""
    return {
        question.question: question.reason
        or (
            question.answered,
            {entry.option: entry.count for entry in question.counts} if question.counts else None,
            question.total,
            question.mean,
        )
        for question in unit.questions
    }


def levels(*counts: int) -> dict[str, int]:
    return dict(zip(("very good", "good", "fair", "poor", "very poor"), counts, strict=True))


def test_the_result_is_the_plain_count() -> None:
    _, posted = opened()
    assert [(unit.name, unit.status, unit.reason, unit.counted) for unit in posted.units] == [
        ("all", "published", None, 9),
        ("A", "published", None, 6),
        ("B", "published", None, 3),
        ("C", "withheld", "no ratings", 0),
    ]
    everything, a, b, c = map(figures, posted.units)
    assert everything == {
        "recommend": (9, levels(1, 4, 1, 3, 0), None, None),
        "minutes": (6, None, 150, "25.000000"),
        "visits": (4, None, 6, "1.500000"),
    }
    assert a == {
        "recommend": (6, levels(1, 3, 1, 1, 0), None, None),
        "minutes": "protects a smaller group",
        "visits": (4, None, 6, "1.500000"),
    }
    assert b == {
        "recommend": (3, levels(0, 1, 0, 2, 0), None, None),
        "minutes": "fewer than the minimum",
        "visits": "nobody answered",
    }
    assert c == {}


def test_any_member_may_post_it_once() -> None:
    bench, posted = opened()
    bench.apply(bench.resigned(3, posted, trustee=3))
    found = bench.round
    assert (found.result, found.result_index) == (posted.units, len(bench.leaves) - 1)
    assert found.phase is Phase.PUBLISHED
    bench.refuse(posted, CHECK, "does not allow this")


def change_question(place: int, **changes: Any) -> Callable[[UnitResult], UnitResult]:
    def change(unit: UnitResult) -> UnitResult:
        questions = list(unit.questions)
        questions[place] = questions[place].model_copy(update=changes)
        return unit.model_copy(update={"questions": tuple(questions)})

    return change


def change_unit(**changes: Any) -> Callable[[UnitResult], UnitResult]:
    return lambda unit: unit.model_copy(update=changes)


@pytest.mark.parametrize(
    "change",
    [
        change_unit(counted=7),
        change_unit(name="Z"),
        change_unit(unit=2),
        change_unit(status="withheld"),
        change_unit(reason="no ratings"),
        change_unit(questions=()),
        change_question(0, answered=5),
        change_question(0, counts=(OptionCount(option="good", count=6),)),
        change_question(1, reason="nobody answered"),
        change_question(1, status="published"),
        change_question(2, total=7),
        change_question(2, mean="1.600000"),
        change_question(2, question="minutes"),
    ],
)
def test_not_one_figure_can_be_changed(change: Callable[[UnitResult], UnitResult]) -> None:
    bench, posted = opened()
    units = list(posted.units)
    units[1] = change(units[1])
    assert tuple(units) != posted.units
    forged = bench.resigned(1, posted, units=tuple(units))
    bench.refuse(forged, CHECK, "this is not what the openings say")


def test_no_unit_can_be_left_out_or_moved() -> None:
    bench, posted = opened()
    for units in (posted.units[:-1], posted.units[::-1], (*posted.units, posted.units[0]), ()):
        forged = bench.resigned(1, posted, units=units)
        bench.refuse(forged, CHECK, "this is not what the openings say")


def test_a_result_is_computed_from_the_openings_alone() -> None:
    bench, posted = opened()
    bench.round.cohorts.clear()
    assert compute_result(bench.round) == posted.units
