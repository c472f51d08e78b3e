"""A citizen's answers: asked one by one at the terminal, or read from a file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from circuits.layout import Answer
from circuits.questionnaire import Question, Questionnaire
from zkperf.cli.output import console, say
from zkperf.cli.words import NO, YES, Words
from zkperf.errors import InputError
from zkperf.surveys.results import label, visible

MAX_ANSWERS_FILE = 1_000_000
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_SEPARATORS = re.compile(r"[,\uff0c\u3001;\uff1b\s]+")
"""Commas and semicolons of both scripts, blanks."""

ReadLine = Callable[[str], str]
"""Shows a prompt and reads a line; EOFError at the end of the input."""


def read_line(prompt: str) -> str:
    """A line from stdin, the prompt on stderr."""
    console.print(prompt, end="", markup=False, soft_wrap=True)
    return input()


def ask(questionnaire: Questionnaire, words: Words, read: ReadLine = read_line) -> dict[str, Answer]:
    """Asks every question until it is answered or passed over. InputError if the input ends before."""
    answers: dict[str, Answer] = {}
    for number, question in enumerate(questionnaire.questions, start=1):
        text = visible(label(question.text, question.id, words.language))
        say(f"\n{number}. {text}" + (words("required") if question.required else ""))
        for place, option in enumerate(question.options, start=1):
            say(f"   {place:>2}  {visible(label(option.text, option.id, words.language))}")
        try:
            answers[question.id] = _ask_one(question, words, read)
        except EOFError:
            raise InputError(words("ended", question=question.id)) from None
    return answers


def confirm(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    words: Words,
    read: ReadLine = read_line,
) -> bool:
    """Shows the answers once more; whether to send them."""
    say("\n" + words("your answers"))
    for question in questionnaire.questions:
        text = visible(label(question.text, question.id, words.language))
        say(words("answered", question=text, answer=_shown(question, answers.get(question.id), words)))
    while True:
        try:
            said = _narrow(read(words("send?"))).lower()
        except EOFError:
            return False
        if said in YES or said in NO:
            return said in YES


def load_answers(source: str) -> dict[str, Answer]:
    """The answers in a JSON file, or on stdin for ``-``: an object from question ids to answers.

    Raises InputError, naming the file, if it is no such object. What the questionnaire allows is not
    looked at.
    """
    name = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read(MAX_ANSWERS_FILE + 1) if source == "-" else _read(Path(source))
        text = data.decode("utf-8-sig")
        answers = json.loads(text, object_pairs_hook=_once)
    except OSError as error:
        raise InputError(f"--answers: {name}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"--answers: {name}: not JSON ({error})") from None
    if len(data) > MAX_ANSWERS_FILE or not isinstance(answers, dict):
        raise InputError(f'--answers: {name}: expected one object such as {{"question": "answer"}}')
    for identifier, answer in answers.items():
        if not _is_answer(answer):
            raise InputError(
                f"--answers: {name}: question {identifier!r}: "
                "expected an option, a list of options, a whole number or null"
            )
    return answers


def _is_answer(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_ANSWERS_FILE + 1)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = value
    return found


def _ask_one(question: Question, words: Words, read: ReadLine) -> Answer:
    hint = _hint(question, words)
    if not question.required:
        hint += words("optional")
    while True:
        said = _narrow(read(words("prompt", hint=hint)))
        if not said:
            if not question.required:
                return None
            say(f"   {words('needed')}")
            continue
        try:
            return _understood(question, said, words)
        except ValueError as error:
            say(f"   {error}")


def _hint(question: Question, words: Words) -> str:
    if question.kind == "single":
        return words("choose one", last=len(question.options))
    lowest, highest = question.bounds()
    if question.kind == "multi":
        hint = words("choose some", fewest=max(1, lowest), most=highest)
        return hint + words("zero") if lowest == 0 else hint
    return words("level", lowest=lowest, highest=highest)


def _understood(question: Question, said: str, words: Words) -> Answer:
    """The answer that was typed. ValueError, with what to say, if it is none."""
    if question.kind == "single":
        last = len(question.options)
        return question.options[_number(said, 1, last, words) - 1].id
    lowest, highest = question.bounds()
    if question.kind != "multi":
        return _number(said, lowest, highest, words)
    last = len(question.options)
    if said == "0" and lowest == 0:
        return []
    try:
        numbers = [_number(part, 1, last, words) for part in _SEPARATORS.split(said) if part]
    except ValueError:
        numbers = []
    if not numbers or len(set(numbers)) < len(numbers) or not lowest <= len(numbers) <= highest:
        raise ValueError(words("bad count", fewest=max(1, lowest), most=highest, last=last))
    return [question.options[number - 1].id for number in sorted(numbers)]


def _number(said: str, lowest: int, highest: int, words: Words) -> int:
    if not _INTEGER.fullmatch(said) or not lowest <= int(said) <= highest:
        raise ValueError(words("bad number", lowest=lowest, highest=highest))
    return int(said)


_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0D: "-", 0x2212: "-", 0xFF0B: "+"}
"""Fullwidth digits and signs, as Chinese keyboards write them."""


def _narrow(text: str) -> str:
    """Without blanks around it, and with the digits of a Chinese keyboard as plain ones."""
    return text.strip().translate(_WIDE)


def _shown(question: Question, answer: Answer, words: Words) -> str:
    names = {option.id: label(option.text, option.id, words.language) for option in question.options}
    if answer is None:
        return words("no answer")
    if isinstance(answer, (str, int)):
        return visible(names.get(str(answer), str(answer)))
    return visible(words("comma").join(names[item] for item in answer)) if answer else words("none of these")
