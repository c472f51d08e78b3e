"""The survey of 406: published figures, and respondents drawn so that their totals are those figures.

Source: Xu et al., "The Application Path of Blockchain in Public Service Performance Management
System". The paper prints, for each option, the share of 406 people who chose it, and each share is
a whole number of people. It does not print who answered what. A replay therefore *draws* 406
respondents: the totals are the paper's, every single answer is made up.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib import resources

from circuits.questionnaire import Questionnaire
from zkperf.randomness import RandomBytes, system, uniform_below
from zkperf.surveys.questionnaire_file import parse_questionnaire
from zkperf.surveys.results import Comparison

RESPONDENTS = 406
SERVICE = "Survey of 406"
"""The one unit of the replay: everybody rates the same thing, so its total may be published."""


@dataclass(frozen=True)
class Figure:
    """How many of the 406 chose an option, and the share as the paper prints it."""

    question: str
    option: str
    people: int
    share: str


def _data(name: str) -> str:
    return (resources.files("zkperf.surveys") / "data" / name).read_text("utf-8")


_PAPER = tomllib.loads(_data("survey406_figures.toml"))

NOTE: dict[str, str] = _PAPER["note"]
"""What a reader of the replay must know, by language."""

FIGURES = tuple(Figure(**figure) for figure in _PAPER["figure"])

COUNTS: dict[str, dict[str, int]] = {figure.question: {} for figure in FIGURES}
_SHARES: dict[str, dict[str, str]] = {figure.question: {} for figure in FIGURES}
for _figure in FIGURES:
    COUNTS[_figure.question][_figure.option] = _figure.people
    _SHARES[_figure.question][_figure.option] = _figure.share

COMPARISON = Comparison(label=_PAPER["label"], shares=_SHARES)


def questionnaire() -> Questionnaire:
    """The survey's two questions, in English and Chinese."""
    return parse_questionnaire(_data("survey406.toml"), name="survey406.toml")


def seeded(seed: bytes) -> RandomBytes:
    """An endless stream of bytes that only depends on ``seed``: for made-up data, never for secrets."""
    count = 0

    def source(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(len(seed).to_bytes(8, "big") + seed + count.to_bytes(8, "big")).digest(size)

    return source


def draw_respondents(source: RandomBytes = system) -> list[dict[str, list[str]]]:
    """406 respondents as {question: [options]}: totals are exactly COUNTS, nobody leaves a question empty.

    Each option goes to a uniformly drawn set of people; whoever is left with nothing takes one choice
    from somebody drawn who has several. That keeps every total, and ends because each question has
    more choices than there are people. Deterministic for a ``seeded`` source.
    """
    respondents: list[dict[str, list[str]]] = [{} for _ in range(RESPONDENTS)]
    for question, counts in COUNTS.items():
        chosen: list[set[str]] = [set() for _ in range(RESPONDENTS)]
        for option, people in counts.items():
            for person in _sample(RESPONDENTS, people, source):
                chosen[person].add(option)
        for person in range(RESPONDENTS):
            if not chosen[person]:
                donors = [other for other in range(RESPONDENTS) if len(chosen[other]) > 1]
                donor = chosen[donors[uniform_below(len(donors), source)]]
                option = sorted(donor)[uniform_below(len(donor), source)]
                donor.remove(option)
                chosen[person].add(option)
        for person, options in enumerate(chosen):
            respondents[person][question] = [option for option in counts if option in options]
    return respondents


def _sample(size: int, count: int, source: RandomBytes) -> list[int]:
    """``count`` different numbers below ``size``, every such set equally likely (Fisher-Yates)."""
    numbers = list(range(size))
    for place in range(count):
        other = place + uniform_below(size - place, source)
        numbers[place], numbers[other] = numbers[other], numbers[place]
    return numbers[:count]
