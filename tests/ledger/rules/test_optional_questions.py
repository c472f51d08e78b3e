"""What was answered to an optional question is opened only where enough people answered *it*."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from circuits.kinds import Answer
from circuits.questionnaire import Question
from tests.circuits.strategies import question
from tests.world import World, questionnaire, single
from zkperf.ledger.disclosure import Reason
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import QuestionResult, SumsPosted, decode_transaction

OPTIONAL: dict[str, tuple[Question, Answer]] = {
    "single": (question("q", "single", options=["well", "badly"], required=False), "badly"),
    "multi": (question("q", "multi", options=["loud", "dirty", "rude"], required=False), ["rude"]),
    "some of": (
        question("q", "multi", options=["loud", "dirty", "rude"], bounds=(2, 2), required=False),
        ["loud", "rude"],
    ),
    "levels": (question("q", "score", bounds=(1, 5), required=False), 1),
    "score": (question("q", "score", bounds=(1, 5), disclose="total", required=False), 1),
    "number": (question("q", "number", bounds=(0, 240), required=False), 240),
}
"""An optional question of every kind, and what one person has to say."""

SERVICES = ("A", "B", "C")


def tallied(path: Path, asked: Question, answers: dict[int, Sequence[Answer]], k_min: int) -> World:
    """A published round in which everybody answers a required question, and these the optional one or not."""
    world = World.create(path / "ledger")
    found = world.open_round(SERVICES, questionnaire(single(), asked), min_cohort=k_min)
    for unit, given in answers.items():
        world.rate(found, [{"recommend": "good", asked.id: answer} for answer in given], unit)
    world.close_round(found)
    assert found.phase is Phase.PUBLISHED
    return world


def round_of(world: World) -> Round:
    [found] = world.state.rounds.values()
    return found


def posted(world: World) -> set[tuple[int, int]]:
    """Every (commitment, unit) of which any member has posted a sum."""
    transactions = map(decode_transaction, world.leaves())
    return {
        (item.commitment, item.unit)
        for transaction in transactions
        if isinstance(transaction, SumsPosted)
        for item in transaction.sums
    }


def results(world: World) -> dict[str, QuestionResult]:
    """What is published of the optional question, by unit."""
    found = round_of(world)
    assert found.result is not None
    return {unit.name: unit.questions[1] for unit in found.result if unit.questions}


def withheld(reason: str) -> dict[str, Any]:
    return {
        "question": "q",
        "status": "withheld",
        "reason": reason,
        "answered": None,
        "counts": None,
        "total": None,
        "mean": None,
    }


@pytest.mark.parametrize("kind", OPTIONAL)
def test_one_answer_among_twenty_raters_is_not_told(kind: str, tmp_path: Path) -> None:
    """Every unit has enough raters, but of these only one has said anything to this question."""
    asked, answer = OPTIONAL[kind]
    world = tallied(tmp_path, asked, {1: [answer, *[None] * 11], 2: [None] * 8}, k_min=5)
    found = round_of(world)
    told = {name: result.model_dump() for name, result in results(world).items()}
    assert told == {
        "all": withheld("fewer than the minimum"),
        "A": withheld("its parent is withheld"),
        "B": withheld("its parent is withheld"),
    }
    # Not even its sum is on the log, and what is opened of everybody is the same as for any other answer.
    assert posted(world) == set(found.openings) == {(0, 0), (0, 1), (0, 2)}
    assert [found.openings[0, unit].values[-1] for unit in (0, 1, 2)] == [1, 1, 0]
    assert world.audit().ok
    world.consortium.close()


@pytest.mark.parametrize("kind", OPTIONAL)
def test_nor_by_subtraction(kind: str, tmp_path: Path) -> None:
    """Two of A answered, one of B and three of C: B is too small, and A would give it away."""
    asked, answer = OPTIONAL[kind]
    given = {1: [answer, answer, None], 2: [answer, None], 3: [answer, answer, answer]}
    world = tallied(tmp_path, asked, given, k_min=2)
    assert round_of(world).optional[1].withheld == {1: Reason.SHIELD, 2: Reason.SMALL}
    assert posted(world) == {(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 3)}
    told = results(world)
    assert (told["A"].status, told["B"].status) == ("withheld", "withheld")
    assert (told["all"].answered, told["C"].answered) == (6, 3)
    if asked.disclose == "histogram":
        chosen = [str(item) for item in (answer if isinstance(answer, list) else [answer])]
        for name, people in (("all", 6), ("C", 3)):
            counts = {entry.option: entry.count for entry in told[name].counts or ()}
            assert counts == {choice: people * (choice in chosen) for choice in asked.choices}
    world.consortium.close()
