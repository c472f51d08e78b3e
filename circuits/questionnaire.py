"""A questionnaire: what is asked, and what will be published of the answers.

On the ledger a questionnaire is a Record (its bytes fix the scheme's digest); `validate` says whether
it makes sense. Limits: 1 to 64 questions; 100 options to a question; 101 levels to a score (max - min <=
100); a number's max - min below 2^48; 512 options and levels in all. Identifiers are names (`zkperf.names`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zkperf.encoding import Integer, Record, Sequence, Text
from zkperf.errors import InputError
from zkperf.names import check_name, check_names, fold

MAX_QUESTIONS = 64
MAX_OPTIONS = 100
MAX_LEVELS = 101
MAX_CHOICES_IN_ALL = 512
NUMBER_SPAN = 2**48

LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"
"""The shape of a language tag (RFC 5646, section 2.1)."""
MAX_LANGUAGE = 23
"""Characters of the longest, which is a key of a map (`zkperf.encoding`)."""

LanguageTag = Annotated[str, Field(pattern=f"^{LANGUAGE}$", max_length=MAX_LANGUAGE)]
Translations = dict[LanguageTag, Text]
"""Language tag to text, as ``{"en": "Your visit", "zh": "您的就诊"}``; empty where the id says it all."""


class Option(Record):
    """One possible answer of a ``single`` or ``multi`` question."""

    id: Text
    text: Translations


class Question(Record):
    """One question.

    =========  ==========================  ========================  =====================
    kind       options                     min, max                  disclose
    =========  ==========================  ========================  =====================
    single     2 or more                   None                      histogram
    multi      1 or more                   bounds on how many; None  histogram
                                           for 0 and all
    score      none                        lowest and highest level  histogram or total
    number     none                        smallest and largest      total
    =========  ==========================  ========================  =====================
    """

    id: Text
    text: Translations
    kind: Literal["single", "multi", "score", "number"]
    options: Sequence[Option]
    min: Integer | None
    max: Integer | None
    disclose: Literal["histogram", "total"]
    required: bool

    def bounds(self) -> tuple[int, int]:
        """(min, max) with the defaults of a multi question put in; of a validated question that has them."""
        lowest = 0 if self.min is None else self.min
        return lowest, len(self.options) if self.max is None else self.max

    @property
    def choices(self) -> tuple[str, ...]:
        """What is counted: option ids in order, or a score's levels as decimal strings; none for numbers."""
        if self.kind == "score":
            lowest, highest = self.bounds()
            return tuple(str(level) for level in range(lowest, highest + 1))
        return tuple(option.id for option in self.options)


class Questionnaire(Record):
    """Questions in the order in which they are asked."""

    id: Text
    title: Translations
    questions: Sequence[Question]


def validate(questionnaire: Questionnaire) -> None:
    """Raises InputError, naming the question, unless the questionnaire makes sense within the limits."""
    check_name(questionnaire.id, "questionnaire's id")
    check_languages(questionnaire.title, "title")
    if not 1 <= len(questionnaire.questions) <= MAX_QUESTIONS:
        raise InputError(f"expected 1 to {MAX_QUESTIONS} questions, got {len(questionnaire.questions)}")
    _check_identifiers([question.id for question in questionnaire.questions], "question")
    for question in questionnaire.questions:
        try:
            check_languages(question.text, "text")
            _validate_question(question)
        except InputError as error:
            raise InputError(f"question {question.id!r}: {error}") from None
    total = sum(len(question.choices) for question in questionnaire.questions)
    if total > MAX_CHOICES_IN_ALL:
        raise InputError(f"expected at most {MAX_CHOICES_IN_ALL} options and levels in all, got {total}")


def check_languages(text: Translations, what: str) -> None:
    """InputError if two of a text's language tags differ in case only: they are one language's."""
    tags = [fold(tag) for tag in text]
    for tag in tags:
        if tags.count(tag) > 1:
            raise InputError(f"{what}: language {tag!r} is there twice")


def _check_identifiers(identifiers: list[str], what: str) -> None:
    check_names(identifiers, what)
    for identifier in identifiers:
        # It joins several choices in a row of answers.
        if "|" in identifier:
            raise InputError(f"{what} {identifier!r}: an id has no '|'")


def _validate_question(question: Question) -> None:
    if question.kind in ("single", "multi"):
        _validate_options(question)
        if question.disclose != "histogram":
            raise InputError(f"a {question.kind} question is disclosed as a histogram")
    elif question.options:
        raise InputError(f"a {question.kind} question has min and max, not options")
    if question.kind == "single":
        if question.min is not None or question.max is not None:
            raise InputError("a single question has no min and max")
    elif question.kind == "multi":
        lowest, highest = question.bounds()
        # At least one option, and not all of them always: else there is nothing to choose.
        if not (0 <= lowest <= highest <= len(question.options) and highest >= 1):
            raise InputError("expected 0 <= min <= max <= number of options, and max at least 1")
        if lowest == len(question.options):
            raise InputError("min leaves no choice: it has to be below the number of options")
    else:
        _validate_range(question)


def _validate_options(question: Question) -> None:
    fewest = 2 if question.kind == "single" else 1
    if not fewest <= len(question.options) <= MAX_OPTIONS:
        raise InputError(f"expected {fewest} to {MAX_OPTIONS} options, got {len(question.options)}")
    _check_identifiers([option.id for option in question.options], "option")
    shown: dict[tuple[str, str], str] = {}
    for option in question.options:
        check_languages(option.text, f"option {option.id!r}")
        for language, text in option.text.items():
            other = shown.setdefault((fold(language), fold(text)), option.id)
            if other != option.id:
                raise InputError(f"options {other!r} and {option.id!r} read alike in {language}: {text!r}")


def _validate_range(question: Question) -> None:
    if question.min is None or question.max is None:
        raise InputError(f"a {question.kind} question needs min and max")
    span = question.max - question.min
    if span < 1:
        raise InputError("expected min below max")
    if question.kind == "score" and span >= MAX_LEVELS:
        raise InputError(f"a score has at most {MAX_LEVELS} levels, got {span + 1}; ask for a number instead")
    if span >= NUMBER_SPAN:
        raise InputError("a number's max - min has to be below 2^48")
    if question.kind == "number" and question.disclose != "total":
        raise InputError("a number is disclosed as a total")
