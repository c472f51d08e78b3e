"""The result of a survey and the verdict of an audit, as the command line prints them in JSON.

Both are plain dictionaries, so that what a report shows is exactly what ``--json`` gives.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict


class QuestionResult(TypedDict):
    """One question in one unit. A withheld one has a ``reason`` and no figures.

    ``counts`` has every option (the levels of a score as decimal strings); ``total`` and ``mean``
    (six decimals, total over answered) are there for scores and numbers.
    """

    status: Literal["published", "withheld"]
    reason: NotRequired[str | None]
    answered: NotRequired[int | None]
    counts: NotRequired[dict[str, int] | None]
    total: NotRequired[int | None]
    mean: NotRequired[str | None]


class UnitResult(TypedDict):
    """One unit, or all together. ``counted`` is the number of ratings, public for withheld units too."""

    status: Literal["published", "withheld"]
    reason: NotRequired[str | None]
    counted: int
    lost: NotRequired[int]
    """Ratings that fell out because too few members could read their sealed shares."""
    questions: NotRequired[dict[str, QuestionResult]]


class SurveyResult(TypedDict):
    """What ``zkperf survey --json`` prints: ``round`` and ``genesis`` in hexadecimal."""

    round: str
    suite: str
    genesis: str
    rehearsal: NotRequired[bool]
    """Nothing of it is for real: the genesis says so."""
    until: int | None
    """The end that the round announced when it opened, in Unix time."""
    units: dict[str, UnitResult]
    total: UnitResult


class AuditFailure(TypedDict):
    """``index`` is the leaf of the log that failed, None where no single leaf is to blame."""

    index: int | None
    reason: str


class AuditCheck(TypedDict):
    """One check with its verdict."""

    name: str
    passed: bool
    failures: list[AuditFailure]


class CohortSize(TypedDict):
    """How well the raters of one unit are hidden among each other.

    ``anonymity_set`` is the smallest number of people who could each have written some rating of the
    unit: those who had drawn a token before it entered the ledger. None without ratings.
    """

    round: str
    unit: str
    ratings: int
    issued: int
    anonymity_set: int | None


class AbandonedRound(TypedDict):
    """A closed round that a member gave up: by which leaf, and which member."""

    round: str
    index: int
    member: str


class LostEntries(TypedDict):
    """How many ratings or reports of a round fell out because their sealed shares were lost."""

    round: str
    entries: int


class NotShown(TypedDict):
    """A figure that was drawn and that its provider showed to no auditor in time."""

    period: str
    provider: str
    indicator: str


class Contradicted(TypedDict):
    """A provider that has proved what cannot be if all that it had left unproved is false."""

    period: str
    provider: str


class SilentMember(TypedDict):
    """A member of whom nothing is on the log but that it joined."""

    number: int
    name: str


class SharedServices(TypedDict):
    """Services that several rounds have, or that may be the same."""

    why: str
    rounds: list[str]
    services: list[str]


class AuditResult(TypedDict):
    """What ``zkperf audit --json`` prints."""

    ok: bool
    genesis: str
    origin_verified: bool
    expected: NotRequired[str | None]
    rehearsal: NotRequired[bool]
    size: NotRequired[int]
    root: NotRequired[str]
    ratings: int
    verified: int
    known: int
    part: dict[str, Any] | None
    checks: list[AuditCheck]
    cohorts: NotRequired[list[CohortSize]]
    figures: NotRequired[dict[str, int]]
    """What there is of rounds of figures, by kind."""
    refused: NotRequired[list[NotShown]]
    contradicted: NotRequired[list[Contradicted]]
    open_rounds: NotRequired[list[str]]
    abandoned: NotRequired[list[AbandonedRound]]
    lost: NotRequired[list[LostEntries]]
    silent_members: NotRequired[list[SilentMember]]
    shared_services: NotRequired[list[SharedServices]]
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Shares from elsewhere, shown beside the total: ``shares[question][option]`` as printed there."""

    label: Mapping[str, str]
    shares: Mapping[str, Mapping[str, str]]


def label(texts: Mapping[str, str], name: str, language: str) -> str:
    """The text in ``language``; else in English, else in the first language there is, else ``name``."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), name)


def withheld_reason(result: UnitResult | QuestionResult) -> str | None:
    """Why the figures are withheld, None where they are published."""
    return (result.get("reason") or "withheld") if result["status"] == "withheld" else None


def share(part: int, whole: int, decimals: int = 1) -> str:
    """``part`` of ``whole`` in per cent, "48.0%"; a dash where ``whole`` is zero."""
    return f"{100 * part / whole:.{decimals}f}%" if whole else "\u2013"


_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_deceptive(character: str) -> bool:
    """Whether this is a control character, a line break or a change of writing direction.

    Such characters make two names look alike, or write where they should not on a terminal.
    """
    return character in _BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    """``text`` with every deceptive character replaced by U+FFFD."""
    return "".join("\ufffd" if is_deceptive(character) else character for character in text)
