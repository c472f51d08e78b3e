"""What may be a name, and when two names read alike: one rule for everything that people name.

Units, providers, options, questions, indicators, claims, grades, periods, rounds, members, auditors, ids of
schemes. The rule is written down in `zkperf.names_reference`, by one fixed version of Unicode; the kernel
applies it. `vectors/names.json` has examples for other implementations.
"""

from __future__ import annotations

from collections.abc import Iterable

from zkperf._native import fold_name, name_fault
from zkperf.errors import EncodingError, InvalidName

MAX_NAME = 200
"""Code points of the longest name."""

REASONS = {
    "empty": "a name is missing",
    "long": f"a name has at most {MAX_NAME} characters",
    "ends": "it begins or ends with a blank",
    "spaces": "it has two blanks in a row",
    "blank": "it has a line break, a tab or a blank other than the plain one",
    "mark": "it begins with a mark that belongs on a letter",
    "control": "it has a control character",
    "invisible": "it has an invisible character that its script does not need",
    "annotation": "it has a character that stands for something outside of the text",
    "lost": "it has a character that was lost when somebody decoded the text; save the text as UTF-8",
    "private": "it has a character for private use, which others read differently",
    "surrogate": "it has half a character",
    "noncharacter": "it has a code that is no character",
    "unassigned": "it has a character that is none in Unicode 15.1",
    "composed": "it is not in normalization form C; type it again, or normalize the file (NFC)",
}
"""What `name_fault` finds, in words."""
WHOLE = ("empty", "long")
"""Faults of no single character."""


def check_name(text: str, where: str) -> None:
    """Raises InvalidName, saying what is wrong ``where``, unless ``text`` is a name."""
    fault = name_fault(text)
    if fault is None:
        return
    reason, place = fault
    said = REASONS[reason]
    if reason not in WHOLE:
        said += f" (U+{ord(text[place]):04X}, character {place + 1})"
    # Escaped by itself where it cannot be shown, so that what is invisible shows.
    raise InvalidName(f"{where}: {said}" + (f": {text[:MAX_NAME]!r}" if text else ""))


def fold(text: str) -> str:
    """What names that read alike have in common: toNFKC_Casefold. InvalidName for half a character."""
    try:
        return fold_name(text)
    except EncodingError:
        raise InvalidName(f"{text!r}: {REASONS['surrogate']}") from None


def check_names(texts: Iterable[str], where: str) -> None:
    """Raises InvalidName unless all are names, and no two of them read alike. ``where`` says what they are
    names of, as in "option"; the message numbers them from 1."""
    seen: dict[str, tuple[int, str]] = {}
    for number, text in enumerate(texts, start=1):
        check_name(text, f"{where} {number}")
        before, other = seen.setdefault(fold(text), (number, text))
        if before != number:
            raise InvalidName(
                f"{where} {text!r} " + ("occurs twice" if text == other else f"reads like {where} {other!r}")
            )
