"""Which claims providers will not be asked, and when, in plain words: of made-up figures, or real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from circuits.exposure import losses
from circuits.indicators import IndicatorScheme
from zkperf.roles.provider import Preview
from zkperf.surveys.results import visible

Previews = Sequence[tuple[str, str, Preview]]
"""(Period, provider, what would be said of it in public), in the order of the rounds."""

INDEX, GRADE = "index", "grade"


class Unasked(TypedDict):
    """A claim that some providers are not asked: in which period first, and how many of them, each counted
    once. "in part": a grade of which only some bounds are asked, so that it comes out as a range."""

    claim: str
    how: Literal["not asked", "in part"]
    first: str
    providers: int


def index_word(scheme: IndicatorScheme) -> str:
    """What the scheme makes of its index: a grade, or the index itself."""
    return GRADE if scheme.index is not None and scheme.index.publish == "grade" else INDEX


def unasked(scheme: IndicatorScheme, previews: Previews) -> list[Unasked]:
    """What the previews' providers are not asked, in the scheme's order, the grade or index last."""
    names = [claim.id for claim in scheme.claims]
    found: dict[tuple[str, Literal["not asked", "in part"]], tuple[str, set[str]]] = {}

    def note(claim: str, how: Literal["not asked", "in part"], period: str, provider: str) -> None:
        found.setdefault((claim, how), (period, set()))[1].add(provider)

    for period, provider, shown in previews:
        for statement in shown.claims:
            if statement.holds == "not asked":
                note(statement.claim, "not asked", period, provider)
        if shown.outcome == "not asked":
            note(index_word(scheme), "not asked", period, provider)
        elif shown.grades is not None and shown.grades.best != shown.grades.worst:
            note(index_word(scheme), "in part", period, provider)
    order = {name: place for place, name in enumerate(names)}
    return [
        {"claim": claim, "how": how, "first": period, "providers": len(providers)}
        for (claim, how), (period, providers) in sorted(
            found.items(), key=lambda item: (order.get(item[0][0], len(names)), item[0][1])
        )
    ]


def unasked_lines(scheme: IndicatorScheme, previews: Previews) -> list[str]:
    """The same for people."""
    found = unasked(scheme, previews)
    everybody = len({provider for _, provider, _ in previews})
    if not found:
        return ["Every provider is asked every claim that its figures allow."]
    lines = ["Not asked, as one of the possible answers could leave a figure fewer values than its floor:"]
    for item in found:
        what = "asked only in part, so that it is a range," if item["how"] == "in part" else "not asked"
        lines.append(
            f"  {visible(item['claim'])}: {what} of {item['providers']:,} of {everybody:,} providers, "
            f"first in {visible(item['first'])}"
        )
    return lines


def expected_lines(scheme: IndicatorScheme) -> list[str]:
    """Which claims the scheme will lose, and when, as made-up providers lose them; none if they lose none."""
    found = losses(scheme)
    if not found:
        return []
    index = index_word(scheme)
    ids = {claim.id for claim in scheme.claims}
    lost = ", ".join(
        f"{visible(loss.claim if loss.claim in ids else index)} in the {_ordinal(loss.period)} period"
        for loss in found
    )
    return [
        "Some claims will not be asked of every provider in every period: where one of the possible "
        "answers could leave a figure fewer values than its floor.",
        f"Made-up providers lost first: {lost}.",
        "Yours may lose more, or less: “zkperf report --preview” says it of real figures. More decimals, "
        "fewer claims about one figure, or a lower floor lose less.",
    ]


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
