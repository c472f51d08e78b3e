"""Hypothesis strategies: any questionnaire, any answers to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from circuits.kinds import Answer
from circuits.questionnaire import Option, Question, Questionnaire

KIND_NAMES = ("single", "multi", "score", "number")


def question(
    identifier: str,
    kind: str,
    *,
    options: Sequence[str] = (),
    bounds: tuple[int | None, int | None] = (None, None),
    disclose: str | None = None,
    required: bool = True,
) -> Question:
    """A question without texts; disclosed as a histogram unless said otherwise, or a number."""
    return Question.model_validate(
        {
            "id": identifier,
            "text": {},
            "kind": kind,
            "options": tuple(Option(id=option, text={}) for option in options),
            "min": bounds[0],
            "max": bounds[1],
            "disclose": disclose or ("total" if kind == "number" else "histogram"),
            "required": required,
        }
    )


def questionnaire(*questions: Question) -> Questionnaire:
    return Questionnaire(id="test", title={}, questions=questions)


@st.composite
def questions(draw: st.DrawFn, identifier: str, small: bool = False) -> Question:
    kind = draw(st.sampled_from(KIND_NAMES))
    required = draw(st.booleans())
    most = 3 if small else 6
    if kind == "single":
        names = [f"o{i}" for i in range(draw(st.integers(2, most)))]
        return question(identifier, kind, options=names, required=required)
    if kind == "multi":
        count = draw(st.integers(1, most))
        names = [f"o{i}" for i in range(count)]
        lowest = draw(st.none() | st.integers(0, count - 1))
        highest = draw(st.none() | st.integers(max(lowest or 0, 1), count))
        return question(identifier, kind, options=names, bounds=(lowest, highest), required=required)
    lowest = draw(st.integers(-(2**40), 2**40) | st.integers(-3, 3))
    if kind == "score":
        highest = lowest + draw(st.integers(1, 3 if small else 10))
        disclose = draw(st.sampled_from(["histogram", "total"]))
        return question(identifier, kind, bounds=(lowest, highest), disclose=disclose, required=required)
    highest = lowest + draw(st.integers(1, 6) if small else st.integers(1, 20) | st.integers(1, 2**48 - 1))
    return question(identifier, kind, bounds=(lowest, highest), required=required)


@st.composite
def questionnaires(draw: st.DrawFn, most: int = 3, small: bool = False) -> Questionnaire:
    count = draw(st.integers(1, most))
    return questionnaire(*(draw(questions(f"q{i}", small)) for i in range(count)))


def answers_to(question: Question) -> st.SearchStrategy[Any]:
    """Any admissible answer to the question, no answer included where that is admissible."""
    answer: st.SearchStrategy[Any]
    if question.kind == "single":
        answer = st.sampled_from(question.choices)
    elif question.kind == "multi":
        lowest, highest = question.bounds()
        answer = st.lists(st.sampled_from(question.choices), min_size=lowest, max_size=highest, unique=True)
    else:
        answer = st.integers(*question.bounds())
    return answer if question.required else st.none() | answer


def answer_sheets(questionnaire: Questionnaire) -> st.SearchStrategy[dict[str, Answer]]:
    return st.fixed_dictionaries({q.id: answers_to(q) for q in questionnaire.questions})
