"""The survey of 406: the paper's figures, and respondents whose totals are those figures."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from zkperf.surveys import survey406
from zkperf.surveys.responses_file import load_responses
from zkperf.surveys.results import share


def test_the_published_figures() -> None:
    people = [figure.people for figure in survey406.FIGURES]
    assert people == [195, 191, 167, 140, 115, 267, 239]
    assert [figure.share for figure in survey406.FIGURES] == [
        share(count, survey406.RESPONDENTS, decimals=2) for count in people
    ]


def test_the_figures_are_about_the_questionnaire() -> None:
    questions = survey406.questionnaire().questions
    assert {question.id: list(question.choices) for question in questions} == {
        question: list(counts) for question, counts in survey406.COUNTS.items()
    }
    for question in questions:
        assert question.kind == "multi" and question.required
        for text in (question.text, *(option.text for option in question.options)):
            assert set(text) == {"en", "zh"}


@pytest.mark.parametrize("seed", [b"", b"a", b"b"])
def test_totals_are_the_papers_and_nobody_leaves_a_question_empty(seed: bytes) -> None:
    respondents = survey406.draw_respondents(survey406.seeded(seed))
    assert len(respondents) == 406
    for question, counts in survey406.COUNTS.items():
        assert all(respondent[question] for respondent in respondents)
        assert all(len(set(respondent[question])) == len(respondent[question]) for respondent in respondents)
        assert Counter(option for each in respondents for option in each[question]) == counts


def test_the_drawing_depends_on_the_seed_alone() -> None:
    first = survey406.draw_respondents(survey406.seeded(b"a"))
    assert first == survey406.draw_respondents(survey406.seeded(b"a"))
    assert first != survey406.draw_respondents(survey406.seeded(b"b"))
    assert survey406.draw_respondents() != survey406.draw_respondents()


def test_they_can_be_written_as_a_responses_file(tmp_path: Path) -> None:
    path, respondents = tmp_path / "R.csv", survey406.draw_respondents(survey406.seeded(b"a"))
    rows = [["|".join(answers[question]) for question in survey406.COUNTS] for answers in respondents]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["service", *survey406.COUNTS])
        csv.writer(file).writerows([survey406.SERVICE, *row] for row in rows)
    responses = load_responses(path, survey406.questionnaire())
    assert [response.answers for response in responses] == respondents
    assert {response.service for response in responses} == {survey406.SERVICE}
