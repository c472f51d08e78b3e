"""Questionnaires: the limits, each with the message that names it, and the encoding."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from circuits.questionnaire import Option, Question, Questionnaire, validate
from tests.circuits.strategies import question, questionnaire, questionnaires
from tests.misfits import refuses_misfits
from zkperf.encoding import decode, encode
from zkperf.errors import EncodingError, InputError

GOOD = question("q", "single", options=["a", "b"])


@given(questionnaires())
@settings(max_examples=30, deadline=None)
def test_encoding_round_trips(form: Questionnaire) -> None:
    validate(form)
    assert Questionnaire.decode(form.encode()) == form


def test_texts_round_trip_in_several_languages() -> None:
    option = Option(id="很好", text={"zh": "很好", "en": "very good"})
    assert Option.decode(option.encode()) == option


def test_fields_of_the_wrong_type_are_refused() -> None:
    option = Option(id="a", text={"en": "A"})
    asked = question("q", "multi", bounds=(1, 2)).model_copy(update={"options": (option,)})
    refuses_misfits(Questionnaire(id="test", title={"en": "Test"}, questions=(asked,)))


def test_bytes_with_an_unknown_kind_are_refused() -> None:
    data = decode(questionnaire(GOOD).encode())
    data[2][0][2] = "essay"
    with pytest.raises(EncodingError, match=r"questions.*kind"):
        Questionnaire.decode(encode(data))


@pytest.mark.parametrize(
    "tag", ["", "en" + "-x" * 11, "e n", "e", "en-", "-en", "en--US", "12", "en_US", "en-abcdefghi", "en\n"]
)
def test_language_tags_are_short_words(tag: str) -> None:
    with pytest.raises(EncodingError):
        Option.from_array(["a", {tag: "text"}])


def single(*options: str) -> Question:
    return question("q", "single", options=options)


def multi(lowest: int | None, highest: int | None, count: int = 3) -> Question:
    return question("q", "multi", options=[f"o{i}" for i in range(count)], bounds=(lowest, highest))


def ranged(kind: str, lowest: int | None, highest: int | None, **more: Any) -> Question:
    return question("q", kind, bounds=(lowest, highest), **more)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (single("a"), "2 to 100 options"),
        (single(*map(str, range(101))), "2 to 100 options"),
        (single("a", "b", "a"), "option 'a' occurs twice"),
        (single("Café", "CAFÉ"), "option 'CAFÉ' reads like option 'Café'"),
        (single("a", "b|c"), r"no '\|'"),
        (single("a", " b"), "option 2: it begins or ends with a blank"),
        (single("a", "b\n"), "option 2: it has a line break"),
        (single("a", "b\u200bc"), "option 2: it has an invisible character"),
        (single("a", "b" * 201), "option 2: a name has at most 200"),
        (single("a", "\u0378"), r"option 2: it has a character that is none in Unicode 15\.1"),
        (question("q", "single", options=["a", "b"], bounds=(0, None)), "no min and max"),
        (question("q", "single", options=["a", "b"], bounds=(None, 1)), "no min and max"),
        (question("q", "single", options=["a", "b"], disclose="total"), "histogram"),
        (question("q", "multi", options=["a", "b"], disclose="total"), "histogram"),
        (multi(None, None, count=0), "1 to 100 options"),
        (multi(-1, 2), "0 <= min <= max"),
        (multi(2, 1), "0 <= min <= max"),
        (multi(0, 4), "0 <= min <= max"),
        (multi(0, 0), "max at least 1"),
        (multi(3, 3), "leaves no choice"),
        (ranged("score", None, 5), "needs min and max"),
        (ranged("number", 0, None), "needs min and max"),
        (ranged("score", 5, 5), "min below max"),
        (ranged("number", 5, 4), "min below max"),
        (ranged("score", 0, 101), "at most 101 levels, got 102"),
        (ranged("number", -1, 2**48 - 1), r"below 2\^48"),
        (ranged("number", 0, 9, disclose="histogram"), "disclosed as a total"),
        (ranged("score", 0, 9, options=["a"]), "not options"),
        (ranged("number", 0, 9, options=["a"]), "not options"),
    ],
)
def test_questions_that_make_no_sense(bad: Question, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        validate(questionnaire(bad))
    assert "'q'" in str(caught.value)


@pytest.mark.parametrize(
    "good",
    [
        single(*map(str, range(100))),
        single("a", "b" * 200),
        multi(None, None, count=1),
        multi(2, 2),
        multi(None, None, count=100),
        ranged("score", -50, 50),
        ranged("number", 0, 2**48 - 1),
    ],
)
def test_questions_at_the_limits(good: Question) -> None:
    validate(questionnaire(good))


def test_limits_of_the_whole() -> None:
    def levels(count: int, total: int) -> Questionnaire:
        return questionnaire(
            *(ranged("score", 1, total).model_copy(update={"id": f"q{i}"}) for i in range(count))
        )

    validate(levels(64, 8))
    with pytest.raises(InputError, match="1 to 64 questions, got 65"):
        validate(levels(65, 2))
    with pytest.raises(InputError, match="at most 512 options and levels in all, got 513"):
        validate(levels(57, 9))
    with pytest.raises(InputError, match="1 to 64 questions, got 0"):
        validate(questionnaire())


def test_identifiers_of_questions() -> None:
    with pytest.raises(InputError, match="question 'q' occurs twice"):
        validate(questionnaire(GOOD, GOOD))
    with pytest.raises(InputError, match="question 'Q' reads like question 'q'"):
        validate(questionnaire(GOOD, GOOD.model_copy(update={"id": "Q"})))
    with pytest.raises(InputError, match="question 1: it begins or ends with a blank"):
        validate(questionnaire(GOOD.model_copy(update={"id": "a b "})))
    with pytest.raises(InputError, match=r"question 'x\|y': an id has no '\|'"):
        validate(questionnaire(GOOD.model_copy(update={"id": "x|y"})))
    with pytest.raises(InputError, match="questionnaire's id: it has a control character"):
        validate(Questionnaire(id="x\x1b", title={}, questions=(GOOD,)))


def test_an_option_of_a_later_unicode_than_the_interpreters_is_one() -> None:
    # U+1FAE8 is of Unicode 15.0, which Python 3.11 does not know yet.
    validate(questionnaire(single("\U0001fae8", "no")))


def test_one_language_is_there_once() -> None:
    validate(Questionnaire(id="x", title={"en": "Visit", "zh-Hans": "就诊"}, questions=(GOOD,)))
    with pytest.raises(InputError, match="title: language 'en' is there twice"):
        validate(Questionnaire(id="x", title={"en": "Visit", "EN": "Visit"}, questions=(GOOD,)))
    with pytest.raises(InputError, match="question 'q': text: language 'en'"):
        validate(questionnaire(GOOD.model_copy(update={"text": {"en": "a", "En": "b"}})))
    twice = Option(id="a", text={"en": "a", "eN": "b"})
    bad = GOOD.model_copy(update={"options": (twice, Option(id="b", text={}))})
    with pytest.raises(InputError, match="option 'a': language 'en'"):
        validate(questionnaire(bad))


def test_options_that_are_shown_alike_are_refused() -> None:
    def shown(one: dict[str, str], other: dict[str, str]) -> Questionnaire:
        options = (Option(id="a", text=one), Option(id="b", text=other))
        return questionnaire(question("q", "single").model_copy(update={"options": options}))

    validate(shown({"en": "Yes", "zh": "是"}, {"en": "No", "zh": "否"}))
    validate(shown({"en": "Yes"}, {"de": "Yes"}))
    with pytest.raises(InputError, match="options 'a' and 'b' read alike in EN: 'YES'"):
        validate(shown({"en": "Yes"}, {"EN": "YES"}))
