"""Compiled questionnaires: the rules admit exactly the admissible answers, and sums give the figures back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.figures import Figures
from circuits.kinds import Answer
from circuits.layout import Layout, compile_questionnaire
from circuits.questionnaire import Question, Questionnaire
from tests.circuits.strategies import answer_sheets, question, questionnaire, questionnaires
from zkperf.errors import InputError, InvalidOpening


def admissible(question: Question) -> list[Answer]:
    """All admissible answers."""
    answers: list[Answer] = [] if question.required else [None]
    if question.kind == "single":
        return answers + list(question.choices)
    lowest, highest = question.bounds()
    if question.kind == "multi":
        sizes = range(lowest, highest + 1)
        return answers + [list(s) for s in chain(*(combinations(question.choices, n) for n in sizes))]
    return answers + list(range(lowest, highest + 1))


def expected(question: Question, answers: list[Answer]) -> Figures:
    """The figures by plain counting."""
    given = [answer for answer in answers if answer is not None]
    counts: dict[str, int] | None = None
    if question.kind != "number" and question.disclose == "histogram":
        chosen = [str(c) for a in given for c in (a if isinstance(a, list) else [a])]
        counts = {choice: chosen.count(choice) for choice in question.choices}
    if question.kind in ("single", "multi"):
        return Figures(len(given), counts)
    total = sum(answer for answer in given if isinstance(answer, int))
    average = None
    if given:
        millionths = round(Fraction(total, len(given)) * 10**6)
        sign = "-" if millionths < 0 else ""
        average = f"{sign}{abs(millionths) // 10**6}.{abs(millionths) % 10**6:06d}"
    return Figures(len(given), counts, total, average)


def add_up(layout: Layout, sheets: list[dict[str, Answer]]) -> list[list[int]]:
    sums = [[0] * len(rows) for rows in layout.commitments]
    for sheet in sheets:
        disclosed = layout.disclosed(layout.bits(sheet))
        sums = [[a + b for a, b in zip(s, w, strict=True)] for s, w in zip(sums, disclosed, strict=True)]
    return sums


def follows_rules(layout: Layout, bits: list[int]) -> bool:
    return all(
        bits[rule.pivot] == rule.constant + sum(factor * bits[bit] for bit, factor in rule.terms)
        for rule in layout.rules
    )


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_sums_of_any_answers_give_the_plain_figures(data: st.DataObject) -> None:
    form = data.draw(questionnaires())
    layout = compile_questionnaire(form)
    sheets = data.draw(st.lists(answer_sheets(form), max_size=6))
    assert all(follows_rules(layout, layout.bits(sheet)) for sheet in sheets)
    opened = add_up(layout, sheets)
    main = layout.read_main(len(sheets), opened[0])
    for q in form.questions:
        plain = expected(q, [sheet[q.id] for sheet in sheets])
        own = layout.commitment_of(q.id)
        if own:
            assert main[q.id] == Figures(plain.answered)
            assert layout.answered(own, opened[0]) == plain.answered
            figures = layout.read_optional(q.id, plain.answered, opened[own])
        else:
            figures = main[q.id]
        assert figures == plain
    optional = [q.id for q in form.questions if not q.required]
    owners = {layout.commitment_of(q.id): q.id for q in form.questions if layout.commitment_of(q.id)}
    assert [owners[own] for own in sorted(owners)] == optional
    assert len(layout.commitments) == 1 + len(optional)


@given(questionnaires(most=2, small=True))
@settings(max_examples=80, deadline=None)
def test_the_rules_admit_exactly_the_admissible_answers(form: Questionnaire) -> None:
    """By trying all bits: what they disclose is what some admissible answers disclose, and no more."""
    layout = compile_questionnaire(form)
    possible = set()
    for values in product((0, 1), repeat=len(layout.free)):
        bits = [0] * layout.size
        for bit, value in zip(layout.free, values, strict=True):
            bits[bit] = value
        for rule in layout.rules:
            bits[rule.pivot] = rule.constant + sum(factor * bits[bit] for bit, factor in rule.terms)
        if set(bits) <= {0, 1}:
            possible.add(tuple(map(tuple, layout.disclosed(bits))))
    sheets = product(*(admissible(q) for q in form.questions))
    identifiers = [q.id for q in form.questions]
    honest = {
        tuple(map(tuple, layout.disclosed(layout.bits(dict(zip(identifiers, sheet, strict=True))))))
        for sheet in sheets
    }
    assert possible == honest


def rank(rows: list[list[Fraction]]) -> int:
    result, rows = 0, [row[:] for row in rows]
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in rows if r[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows = [[x - r[column] / pivot[column] * p for x, p in zip(r, pivot, strict=True)] for r in rows]
        result += 1
    return result


@given(questionnaires())
@settings(max_examples=60, deadline=None)
def test_slots_are_independent_and_bits_are_of_one_sort_each(form: Questionnaire) -> None:
    layout = compile_questionnaire(form)
    rows = [((rule.pivot, -1), *rule.terms) for rule in layout.rules] + list(chain(*layout.commitments))
    dense = [[Fraction(dict(row).get(bit, 0)) for bit in range(layout.size)] for row in rows]
    assert rank(dense) == len(rows)
    units = [row[0][0] for row in chain(*layout.commitments) if len(row) == 1 and row[0][1] == 1]
    pivots = [rule.pivot for rule in layout.rules]
    assert sorted([*units, *pivots, *layout.auxiliary]) == list(range(layout.size))
    assert sorted([*layout.free, *pivots]) == list(range(layout.size))
    assert all(bit not in pivots for rule in layout.rules for bit, _ in rule.terms)
    assert all(layout.commitments)


SINGLE = question("q", "single", options=["a", "b", "c"])
MULTI = question("q", "multi", options=["a", "b", "c"], bounds=(1, 2))
SCORE = question("q", "score", bounds=(-1, 3))
NUMBER = question("q", "number", bounds=(10, 20))


def optional(question: Question, **changes: Any) -> Question:
    return question.model_copy(update={"required": False, **changes})


@pytest.mark.parametrize(
    ("asked", "size", "free", "slots", "auxiliary"),
    [
        (SINGLE, 3, 2, [2], 0),
        (optional(SINGLE), 4, 3, [1, 2], 0),
        (SCORE, 5, 4, [4], 0),
        (SCORE.model_copy(update={"disclose": "total"}), 5, 4, [1], 4),
        (optional(SCORE), 6, 5, [1, 4], 0),
        (optional(SCORE, disclose="total"), 6, 5, [1, 1], 4),
        (question("q", "score", bounds=(0, 1), disclose="total"), 2, 1, [1], 0),
        (NUMBER, 4, 4, [1], 4),
        (optional(NUMBER), 9, 5, [1, 1], 4),
        (MULTI, 4, 3, [3], 0),
        (question("q", "multi", options=["a", "b", "c"]), 3, 3, [3], 0),
        (question("q", "multi", options=["a", "b", "c"], bounds=(2, 2)), 3, 2, [2], 0),
        (optional(MULTI), 6, 4, [1, 3], 0),
        (optional(MULTI, min=2, max=2), 4, 3, [1, 2], 0),
    ],
)
def test_sizes(asked: Question, size: int, free: int, slots: list[int], auxiliary: int) -> None:
    layout = compile_questionnaire(questionnaire(asked))
    assert (layout.size, len(layout.free)) == (size, free)
    assert [len(rows) for rows in layout.commitments] == slots
    assert len(layout.auxiliary) == auxiliary


@pytest.mark.parametrize(
    ("asked", "answer", "message"),
    [
        (SINGLE, None, "an answer is required"),
        (SINGLE, "d", "unknown option"),
        (SINGLE, ["a"], "expected one option"),
        (SINGLE, 1, "expected one option"),
        (MULTI, None, "an answer is required"),
        (MULTI, "a", "expected a list of options"),
        (MULTI, 1, "expected a list of options"),
        (MULTI, ["d"], "unknown option"),
        (MULTI, ["a", "a"], "an option occurs twice"),
        (MULTI, [], "expected 1 to 2 options"),
        (MULTI, ["a", "b", "c"], "expected 1 to 2 options"),
        (SCORE, None, "an answer is required"),
        (SCORE, 4, "not one of the levels"),
        (SCORE, -2, "not one of the levels"),
        (SCORE, "2", "expected an integer"),
        (SCORE, True, "expected an integer"),
        (NUMBER, None, "an answer is required"),
        (NUMBER, 9, "expected 10 to 20"),
        (NUMBER, 21, "expected 10 to 20"),
        (NUMBER, "15", "expected an integer"),
        (NUMBER, True, "expected an integer"),
    ],
)
def test_answers_that_are_refused(asked: Question, answer: Answer, message: str) -> None:
    layout = compile_questionnaire(questionnaire(asked))
    with pytest.raises(InputError, match=f"question 'q': {message}"):
        layout.bits({"q": answer})
    if answer is None:
        with pytest.raises(InputError, match=message):
            layout.bits({})
        compile_questionnaire(questionnaire(optional(asked))).bits({})


def test_unknown_questions_are_refused() -> None:
    layout = compile_questionnaire(questionnaire(SINGLE))
    with pytest.raises(InputError, match="unknown question 'r'"):
        layout.bits({"q": "a", "r": "b"})


def test_a_questionnaire_that_makes_no_sense_does_not_compile() -> None:
    with pytest.raises(InputError, match="2 to 100 options"):
        compile_questionnaire(questionnaire(question("q", "single", options=["a"])))


Q = 2**255 - 19  # an opened value that stands for -1 is huge


@pytest.mark.parametrize(
    ("asked", "opened"),
    [
        (SINGLE, [11, 0]),
        (SINGLE, [Q - 1, 1]),
        (SINGLE, [6, 5]),
        (optional(SINGLE), [11]),
        (optional(SINGLE), [Q - 1]),
        (SCORE.model_copy(update={"disclose": "total"}), [41]),
        (SCORE.model_copy(update={"disclose": "total"}), [Q - 1]),
        (optional(SCORE, disclose="total"), [11]),
        (NUMBER, [101]),
        (NUMBER, [Q - 1]),
        (optional(NUMBER), [11]),
        (MULTI, [11, 0, 0]),
        (MULTI, [3, 3, 3]),  # fewer than one each
        (MULTI, [7, 7, 7]),  # more than two each
        (optional(MULTI), [11]),
    ],
)
def test_implausible_openings_are_refused(asked: Question, opened: list[int]) -> None:
    layout = compile_questionnaire(questionnaire(asked))
    with pytest.raises(InvalidOpening, match=r"question 'q': .*expected"):
        layout.read_main(10, opened)


@pytest.mark.parametrize(
    ("asked", "opened"),
    [
        (NUMBER, [31]),
        (NUMBER, [Q - 1]),
        (SCORE.model_copy(update={"disclose": "total"}), [13]),
        (SCORE, [1, 1, 1, 1]),  # more than the three who answered
        (SCORE, [Q - 1, 1, 1, 1]),
        (SINGLE, [2, 2]),
        (SINGLE, [Q - 1, 1]),
        (MULTI, [4, 0, 0]),  # an option chosen more often than answered
        (MULTI, [1, 1, 0]),  # fewer than one each
        (MULTI, [3, 3, 1]),  # more than two each
        (MULTI.model_copy(update={"min": 2}), [1, 1]),  # the rest is 4 of 3
        (MULTI.model_copy(update={"min": 2}), [4, 3]),  # the rest is -1
    ],
)
def test_implausible_openings_of_optional_questions_are_refused(asked: Question, opened: list[int]) -> None:
    """Three have answered."""
    layout = compile_questionnaire(questionnaire(optional(asked)))
    with pytest.raises(InvalidOpening, match=r"question 'q': .*expected"):
        layout.read_optional("q", 3, opened)
    slots = len(layout.commitments[1])
    for length in (slots - 1, slots + 1):
        with pytest.raises(InvalidOpening, match=f"commitment 1: expected {slots} values"):
            layout.read_optional("q", 3, [1] * length)


@pytest.mark.parametrize("asked", [SINGLE, SCORE, MULTI, NUMBER])
def test_where_a_question_is_optional_the_main_commitment_only_counts_its_answers(asked: Question) -> None:
    layout = compile_questionnaire(questionnaire(optional(asked), SINGLE.model_copy(update={"id": "r"})))
    assert len(layout.commitments[0]) == 1 + 2
    for answer in admissible(optional(asked)):
        main, own = layout.disclosed(layout.bits({"q": answer, "r": "a"}))
        assert main == [answer is not None, 1, 0]
        assert answer is not None or not any(own)


@pytest.mark.parametrize("opened", [[], [1], [1, 2, 3]])
def test_openings_of_the_wrong_length_are_refused(opened: list[int]) -> None:
    layout = compile_questionnaire(questionnaire(SINGLE))
    with pytest.raises(InvalidOpening, match="commitment 0: expected 2 values"):
        layout.read_main(10, opened)
    layout = compile_questionnaire(questionnaire(optional(NUMBER), optional(NUMBER, id="r")))
    with pytest.raises(InvalidOpening, match="commitment 0: expected 2 values"):
        layout.answered(1, opened)


def test_the_digest_depends_on_everything_compiled() -> None:
    layout = compile_questionnaire(questionnaire(SINGLE, optional(NUMBER, id="r")))
    again = compile_questionnaire(questionnaire(SINGLE, optional(NUMBER, id="r")))
    assert layout.digest == again.digest
    rule = layout.rules[0]
    others: list[Mapping[str, Any]] = [
        {"size": layout.size + 1},
        {"rules": layout.rules[1:]},
        {"rules": (replace(rule, constant=2), *layout.rules[1:])},
        {"rules": (replace(rule, pivot=0), *layout.rules[1:])},
        {"rules": (replace(rule, terms=()), *layout.rules[1:])},
        {"commitments": layout.commitments[:1]},
        {"auxiliary": ()},
    ]
    digests = {replace(layout, **other).digest for other in others}
    assert len(digests) == len(others) and layout.digest not in digests
