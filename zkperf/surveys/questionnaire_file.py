"""The questionnaire file: TOML written by people, read strictly (reference: docs/questionnaire.md).

Whatever the file says that would not be used is refused, because a misspelt ``requierd = true``
that is silently ignored changes what is asked. Every error names the file, the question and the
field, and says what to do. What makes sense as a questionnaire is settled in `circuits.questionnaire`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from circuits.questionnaire import Option, Question, Questionnaire, validate
from zkperf.errors import InputError
from zkperf.surveys.input_files import (
    identifier,
    one_of,
    parse_toml,
    read_text,
    refuse_unknown,
    texts,
)

SERVICE_COLUMN = "service"
"""The column of a responses file that names the unit: no question can have this id."""

_FIELDS = {
    "single": ("id", "text", "kind", "options", "disclose", "required"),
    "multi": ("id", "text", "kind", "options", "min", "max", "disclose", "required"),
    "score": ("id", "text", "kind", "min", "max", "disclose", "required"),
    "number": ("id", "text", "kind", "min", "max", "disclose", "required"),
}
_DISCLOSURES = {
    "single": ("histogram",),
    "multi": ("histogram",),
    "score": ("histogram", "total"),
    "number": ("total",),
}
"""What can be opened of each kind; the first is the default."""


def load_questionnaire(path: str | Path) -> Questionnaire:
    """The questionnaire in the TOML file at ``path``. InputError if it cannot be read or used."""
    path = Path(path)
    return parse_questionnaire(read_text(path), name=str(path))


def parse_questionnaire(text: str, *, name: str) -> Questionnaire:
    """The questionnaire that the TOML document ``text`` describes; errors call the file ``name``."""
    document = parse_toml(text, name)
    refuse_unknown(document, ("id", "title", "question"), name, "the file")
    scheme = identifier(document.get("id"), f"{name}: id")
    title = texts(document.get("title", {}), f"{name}: title")
    questions = document.get("question")
    if not isinstance(questions, list) or not questions:
        raise InputError(f"{name}: has no questions; begin each with a line [[question]]")
    questionnaire = Questionnaire(
        id=scheme,
        title=title,
        questions=tuple(_question(fields, number, name) for number, fields in enumerate(questions, start=1)),
    )
    try:
        validate(questionnaire)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return questionnaire


def _question(fields: Any, number: int, name: str) -> Question:
    where = f"{name}: question {number}"
    if not isinstance(fields, dict):
        raise InputError(f"{where}: expected a table; begin each question with a line [[question]]")
    question = identifier(fields.get("id"), f"{where}: id")
    where = f"{name}: question {question!r}"
    if question == SERVICE_COLUMN:
        raise InputError(f"{where}: id: a responses file names the unit in this column; choose another id")
    kind = one_of(fields.get("kind"), tuple(_FIELDS), f"{where}: kind")
    refuse_unknown(fields, _FIELDS[kind], where, f"a question of kind {kind!r}")
    required = fields.get("required", False)
    if not isinstance(required, bool):
        raise InputError(f"{where}: required: expected true or false, got {required!r}")
    return Question.from_array(
        [
            question,
            texts(fields.get("text", {}), f"{where}: text"),
            kind,
            _options(fields.get("options"), f"{where}: options") if "options" in _FIELDS[kind] else (),
            _bound(fields, "min", kind, where),
            _bound(fields, "max", kind, where),
            one_of(fields.get("disclose", _DISCLOSURES[kind][0]), _DISCLOSURES[kind], f"{where}: disclose"),
            required,
        ]
    )


def _options(value: Any, where: str) -> tuple[Option, ...]:
    if not isinstance(value, list):
        raise InputError(f'{where}: expected a list, as in ["yes", "no"]')
    return tuple(_option(item, f"{where}: number {number}") for number, item in enumerate(value, start=1))


def _option(value: Any, where: str) -> Option:
    if isinstance(value, dict):
        others = {key: text for key, text in value.items() if key != "id"}
        return Option(id=identifier(value.get("id"), f"{where}: id"), text=texts(others, where))
    return Option(id=identifier(value, where), text={})


def _bound(fields: dict[str, Any], key: str, kind: str, where: str) -> int | None:
    """``min`` or ``max``; only of a multi question may it be missing."""
    value = fields.get(key)
    if value is None:
        if kind in ("score", "number"):
            raise InputError(f"{where}: {key}: missing; a {kind} needs min and max, both whole numbers")
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{where}: {key}: expected a whole number, got {value!r}")
    if not -(2**63) <= value < 2**63:
        raise InputError(f"{where}: {key}: does not fit into 64 bits")
    return value
