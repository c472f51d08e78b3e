"""The questionnaire file: TOML written by people, read strictly (reference: docs/questionnaire.md).

Whatever the file says that would not be used is refused, because a misspelt ``requierd = true``
that is silently ignored changes what is asked. Every error names the file, the question and the
field, and says what to do. What makes sense as a questionnaire is settled in `circuits.questionnaire`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from circuits.questionnaire import MAX_IDENTIFIER, Option, Question, Questionnaire, validate
from zkperf.errors import InputError
from zkperf.surveys.results import is_deceptive

SERVICE_COLUMN = "service"
"""The column of a responses file that names the unit: no question can have this id."""

MAX_TEXT = 1000

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

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def load_questionnaire(path: str | Path) -> Questionnaire:
    """The questionnaire in the TOML file at ``path``. InputError if it cannot be read or used."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    return parse_questionnaire(text, name=str(path))


def parse_questionnaire(text: str, *, name: str) -> Questionnaire:
    """The questionnaire that the TOML document ``text`` describes; errors call the file ``name``."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides TOMLDecodeError: numbers of thousands of digits, arrays nested thousands deep.
        raise InputError(f"{name}: not TOML: {error}") from None
    _refuse_unknown(document, ("id", "title", "question"), name, "the file")
    identifier = _identifier(document.get("id"), f"{name}: id")
    title = _texts(document.get("title", {}), f"{name}: title")
    questions = document.get("question")
    if not isinstance(questions, list) or not questions:
        raise InputError(f"{name}: has no questions; begin each with a line [[question]]")
    questionnaire = Questionnaire(
        id=identifier,
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
    identifier = _identifier(fields.get("id"), f"{where}: id")
    where = f"{name}: question {identifier!r}"
    if identifier == SERVICE_COLUMN:
        raise InputError(f"{where}: id: a responses file names the unit in this column; choose another id")
    kind = _one_of(fields.get("kind"), tuple(_FIELDS), f"{where}: kind")
    _refuse_unknown(fields, _FIELDS[kind], where, f"a question of kind {kind!r}")
    required = fields.get("required", False)
    if not isinstance(required, bool):
        raise InputError(f"{where}: required: expected true or false, got {required!r}")
    return Question.from_array(
        [
            identifier,
            _texts(fields.get("text", {}), f"{where}: text"),
            kind,
            _options(fields.get("options"), f"{where}: options") if "options" in _FIELDS[kind] else (),
            _bound(fields, "min", kind, where),
            _bound(fields, "max", kind, where),
            _one_of(fields.get("disclose", _DISCLOSURES[kind][0]), _DISCLOSURES[kind], f"{where}: disclose"),
            required,
        ]
    )


def _options(value: Any, where: str) -> tuple[Option, ...]:
    if not isinstance(value, list):
        raise InputError(f'{where}: expected a list, as in ["yes", "no"]')
    return tuple(_option(item, f"{where}: number {number}") for number, item in enumerate(value, start=1))


def _option(value: Any, where: str) -> Option:
    if isinstance(value, dict):
        texts = {key: text for key, text in value.items() if key != "id"}
        return Option(id=_identifier(value.get("id"), f"{where}: id"), text=_texts(texts, where))
    return Option(id=_identifier(value, where), text={})


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


def _one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{where}: expected {' or '.join(map(repr, allowed))}, got {_shown(value)}")
    return value


def _identifier(value: Any, where: str) -> str:
    if value is None:
        raise InputError(f'{where}: missing; write id = "…"')
    if not isinstance(value, str):
        raise InputError(f"{where}: expected text in quotes, got {_shown(value)}")
    if not 1 <= len(value) <= MAX_IDENTIFIER:
        raise InputError(f"{where}: expected 1 to {MAX_IDENTIFIER} characters, got {len(value)}")
    return value


def _texts(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise InputError(f'{where}: expected one text per language, as in {{ en = "…", zh = "…" }}')
    for language, text in value.items():
        if not _LANGUAGE.fullmatch(language):
            raise InputError(f"{where}: {language!r} is not a language tag such as en, zh or zh-Hant")
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{where}: {language}: expected text in quotes that is not empty")
        if len(text) > MAX_TEXT or any(is_deceptive(character) for character in text):
            raise InputError(f"{where}: {language}: expected one plain line of at most {MAX_TEXT} characters")
    return dict(value)


def _refuse_unknown(table: dict[str, Any], known: tuple[str, ...], where: str, what: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{where}: unknown field {key!r}; {what} has {', '.join(known)}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
