"""Whole rounds, from any questionnaire and any answers: what is published is the plain sum of the answers.

What has to be published and what withheld is computed here a second time, from the words of section 8
of the protocol and from the answers, which the ledger never sees.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circuits.kinds import Answer
from circuits.questionnaire import Question, Questionnaire
from tests.circuits.strategies import answer_sheets, question, questionnaire, questionnaires
from tests.world import World
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Phase, Round
from zkperf.ledger.transactions import Unit
from zkperf.surveys.replay import unit_figures

Sheet = Mapping[str, Answer]
Parents = Sequence[int | None]


@dataclass(frozen=True)
class Case:
    """A tree of units by their parents; for each rater of a service its sheets, the last of which counts."""

    form: Questionnaire
    parents: Parents
    min_cohort: int
    raters: Mapping[int, Sequence[Sequence[Sheet]]]

    def sheets(self, unit: int) -> list[Sheet]:
        """The answers that count below a unit."""
        return [
            sheets[-1]
            for service, raters in self.raters.items()
            for sheets in raters
            if unit in ancestors(self.parents, service)
        ]


def ancestors(parents: Parents, unit: int) -> list[int]:
    """The unit itself, its parent, and so on to the root."""
    above = parents[unit]
    return [unit] if above is None else [unit, *ancestors(parents, above)]


@st.composite
def cases(draw: st.DrawFn, raters: int = 4) -> Case:
    form = draw(questionnaires())
    size = draw(st.integers(2, 6))
    parents = [None, *(draw(st.integers(0, unit - 1)) for unit in range(1, size))]
    services = [unit for unit in range(size) if unit not in parents]
    sheets = st.lists(answer_sheets(form), min_size=1, max_size=2)
    return Case(
        form,
        parents,
        draw(st.integers(2, 3)),
        {unit: draw(st.lists(sheets, max_size=raters)) for unit in services},
    )


# -- what should be published -----------------------------------------------------------------------


def publishable(
    parents: Parents, numbers: Mapping[int, int], k_min: int, allowed: set[int] | None = None
) -> set[int]:
    """The units that section 8 lets be opened, given the number of people below each.

    ``allowed``: those that were published before; the others stay withheld.
    """
    allowed = set(range(len(parents))) if allowed is None else allowed
    if 0 not in allowed or numbers[0] < k_min:
        return set()
    published, parents_to_do = set(), [0]
    while parents_to_do:
        parent = parents_to_do.pop()
        published.add(parent)
        children = [unit for unit, above in enumerate(parents) if above == parent]
        # "A node with fewer than k_min counted ratings is never opened"; "a child with no ratings counts
        # as published", that is: there is nothing to hide, and nothing to open.
        candidates = {unit for unit in children if unit in allowed and numbers[unit] > 0}
        withheld = {unit for unit in candidates if numbers[unit] < k_min}
        withheld |= {unit for unit in children if unit not in allowed and numbers[unit] >= 0}
        if sum(numbers[unit] for unit in withheld) == 0:
            withheld = set()  # nobody below them
        # "Under a published parent the withheld children are none, or at least two with at least k_min
        # counted ratings together; to get there the smallest published child (ties by identifier) is
        # withheld next, repeatedly; if all would be, all are."
        while withheld and (len(withheld) < 2 or sum(numbers[unit] for unit in withheld) < k_min):
            rest = candidates - withheld
            if not rest:
                break
            withheld.add(min(rest, key=lambda unit: (numbers[unit], unit)))
        parents_to_do += candidates - withheld
    return published


def mean(total: int, answered: int) -> str:
    exact = Context(prec=80)
    quotient = exact.divide(Decimal(total), Decimal(answered))
    return str(quotient.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN, context=exact))


def plain_figures(asked: Question, sheets: Sequence[Sheet]) -> dict[str, Any]:
    """The figures of a question as anybody would count them."""
    answers: list[Any] = [sheet[asked.id] for sheet in sheets if sheet.get(asked.id) is not None]
    figures: dict[str, Any] = {"status": "published", "reason": None, "answered": len(answers)}
    if asked.disclose == "histogram":
        chosen = [str(item) for answer in answers for item in (answer if asked.kind == "multi" else [answer])]
        figures["counts"] = {option: chosen.count(option) for option in asked.choices}
    if asked.kind in ("score", "number"):
        figures["total"] = sum(answers)
        figures["mean"] = mean(sum(answers), len(answers)) if answers else None
    return figures


def expected(case: Case) -> list[dict[str, Any]]:
    """What should be published of every unit; reasons are left out."""
    units = range(len(case.parents))
    numbers = {unit: len(case.sheets(unit)) for unit in units}
    shown = publishable(case.parents, numbers, case.min_cohort)
    results = []
    for unit in units:
        if unit not in shown:
            results.append({"status": "withheld", "counted": numbers[unit], "lost": 0})
            continue
        questions = {}
        for asked in case.form.questions:
            figures = plain_figures(asked, case.sheets(unit))
            if not asked.required:
                answered = {
                    other: sum(sheet.get(asked.id) is not None for sheet in case.sheets(other))
                    for other in units
                }
                # "The rule runs again on the numbers of those who answered it."
                if unit not in publishable(case.parents, answered, case.min_cohort, shown):
                    figures = {"status": "withheld"}
            questions[asked.id] = figures
        facts = {"counted": numbers[unit], "lost": 0, "questions": questions}
        results.append({"status": "published", "reason": None, **facts})
    return results


# -- what is published ------------------------------------------------------------------------------


def play(case: Case, suite: str, path: Path) -> tuple[World, Round]:
    """The whole round, with 3 members and a threshold of 2."""
    world = World.create(path / "ledger", suite=suite)
    evaluator = world.folder.evaluator(world.state.ledger, world.clock)
    world.consortium.submit(evaluator.post_scheme(case.form))
    [scheme] = world.state.schemes
    registrar = public_bytes(world.folder.registrar().key)
    units = [
        Unit(name=f"unit {unit}", parent=parent, registrar=None if unit in case.parents else registrar)
        for unit, parent in enumerate(case.parents)
    ]
    world.consortium.submit(evaluator.open_round(scheme, "round", case.min_cohort, units))
    [found] = world.state.rounds.values()
    drawn = [
        (world.citizen(found, service), sheets)
        for service, raters in case.raters.items()
        for sheets in raters
    ]
    for (citizen, token), sheets in drawn:
        for sequence, sheet in enumerate(sheets):
            again = token.model_copy(update={"next_sequence": sequence})
            world.send(*citizen.rate(again, sheet))
    world.close_round(found)
    return world, found


def published(found: Round) -> list[dict[str, Any]]:
    """The published figures as the command line prints them, without the reasons, which have to be there."""
    assert found.result is not None
    units: list[dict[str, Any]] = [dict(unit_figures(unit)) for unit in found.result]
    for unit in units:
        parts = [unit, *unit.get("questions", {}).values()]
        for part in parts:
            if part["status"] == "withheld":
                assert part.pop("reason")
    return units


def run(case: Case, suite: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world, found = play(case, suite, Path(folder))
        try:
            assert found.phase is Phase.PUBLISHED, world.consortium.refusals
            assert published(found) == expected(case)
            report = world.audit()
            assert report.ok and report.origin_verified
            assert report.ratings == len(case.sheets(0))
        finally:
            world.consortium.close()


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(cases())
def test_any_round_publishes_the_plain_sums(case: Case) -> None:
    run(case, "ristretto255")


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(cases(raters=3))
def test_any_round_publishes_the_plain_sums_with_p_256(case: Case) -> None:
    run(case, "P-256")


EVERY_KIND = questionnaire(
    question("one", "single", options=["a", "b", "c"]),
    question("one?", "single", options=["a", "b", "c"], required=False),
    question("any", "multi", options=["a", "b", "c"], bounds=(1, 2)),
    question("any?", "multi", options=["a", "b", "c"], bounds=(2, 3), required=False),
    question("levels", "score", bounds=(-2, 2)),
    question("levels?", "score", bounds=(-2, 2), required=False),
    question("score", "score", bounds=(-2, 2), disclose="total"),
    question("score?", "score", bounds=(1, 5), disclose="total", required=False),
    question("number", "number", bounds=(-(2**40), 2**40)),
    question("number?", "number", bounds=(-7, -2), required=False),
)
FULL: Sheet = {
    "one": "a",
    "one?": "b",
    "any": ["a", "c"],
    "any?": ["a", "b", "c"],
    "levels": -2,
    "levels?": 2,
    "score": -1,
    "score?": 5,
    "number": -(2**40),
    "number?": -7,
}
SPARSE: Sheet = {"one": "c", "any": ["b"], "levels": 0, "score": 2, "number": 2**40 - 1}


@pytest.mark.parametrize("suite", ["ristretto255", "P-256"])
def test_every_kind_of_question_on_three_levels(suite: str) -> None:
    """Units: 1 has services 2, 3 and 4; 5 is a service with one rating, which 6 has to shield."""
    raters = {
        2: [[FULL], [SPARSE], [SPARSE, FULL]],
        3: [[SPARSE], [FULL, SPARSE]],
        4: [],
        5: [[FULL]],
        6: [[SPARSE], [FULL], [FULL]],
    }
    case = Case(EVERY_KIND, [None, 0, 1, 1, 1, 0, 0], 2, raters)
    assert publishable(case.parents, {0: 9, 1: 5, 2: 3, 3: 2, 4: 0, 5: 1, 6: 3}, 2) == {0, 1, 2, 3}
    # In 3 nobody answered what may be left out, so that 2 is all of 1.
    assert publishable(case.parents, {0: 5, 1: 2, 2: 2, 3: 0, 4: 0, 5: 1, 6: 2}, 2, {0, 1, 2, 3}) == {0, 1, 2}
    run(case, suite)


def test_a_mean_is_rounded_to_six_decimals_and_never_passes_through_floats() -> None:
    form = questionnaire(question("n", "number", bounds=(-(2**47), 2**46)))
    answers = [2**46, 2**46 - 1, 2**46 - 1]
    case = Case(form, [None, 0], 2, {1: [[{"n": n}] for n in answers]})
    with tempfile.TemporaryDirectory() as folder:
        world, found = play(case, "ristretto255", Path(folder))
        world.consortium.close()
        [figures] = published(found)[0]["questions"].values()
    assert figures["total"] == sum(answers)
    assert figures["mean"] == f"{2**46 - 1}.333333"
    assert mean(-2, 3) == "-0.666667" and mean(0, 7) == "0.000000" and mean(1, 2_000_000) == "0.000000"
    assert mean(3, 2_000_000) == "0.000002" and mean(-1, 3) == "-0.333333"


def test_nobody_rates(tmp_path: Path) -> None:
    case = Case(EVERY_KIND, [None, 0], 2, {1: []})
    world, found = play(case, "ristretto255", tmp_path)
    assert found.phase is Phase.PUBLISHED
    assert published(found) == expected(case) == [{"status": "withheld", "counted": 0, "lost": 0}] * 2
    assert world.audit().ok
