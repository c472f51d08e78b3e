"""A survey's figures made ready for the page: numbers as text, rows for the tables, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from circuits.questionnaire import Question
from zkperf.surveys.plots import Bar, Column, bar_chart, column_chart, dot_chart
from zkperf.surveys.results import (
    Comparison,
    QuestionResult,
    SurveyResult,
    label,
    share,
    visible,
    withheld_reason,
)

MAX_SMALL_PLOTS = 60
"""Units drawn one by one, those with most ratings first; the tables hold all."""

MAX_COLUMN_KEYS = 13
"""Levels of a score that are written under its columns; of more, only every so many."""


class Both(NamedTuple):
    """The same text in the page's two languages."""

    en: str
    zh: str


class Cell(NamedTuple):
    """How many chose an option, and their share of those who answered."""

    people: str
    share: str


@dataclass(frozen=True)
class Row:
    """One option of all units together: ``key`` is its letter elsewhere, ``compared`` a share to compare."""

    key: str
    label: Both
    cell: Cell
    compared: str


@dataclass(frozen=True)
class UnitView:
    """One question in one published unit; ``reason`` is why the question is withheld, if it is."""

    name: str
    reason: str | None
    answered: str
    cells: Sequence[Cell]
    total: str
    mean: str
    plot: Markup | None


@dataclass(frozen=True)
class QuestionView:
    """One question: all together, then every published unit. ``unit_plot`` shows the units' means."""

    id: str
    kind: str
    text: Both
    scale: tuple[str, str] | None
    reason: str | None
    answered: str
    rows: Sequence[Row]
    total: str
    mean: str
    plot: Markup | None
    units: Sequence[UnitView]
    unit_plot: Markup | None


def both(texts: Mapping[str, str], name: str) -> Both:
    """The text in both languages, where it is there; else in another language; else the identifier."""
    return Both(visible(label(texts, name, "en")), visible(label(texts, name, "zh")))


def question_view(question: Question, result: SurveyResult, comparison: Comparison | None) -> QuestionView:
    """Everything the page shows of one question."""
    all_together = result["total"]
    reason = withheld_reason(all_together)
    figures: QuestionResult | None = None
    if reason is None:
        figures = all_together["questions"][question.id]
        reason = withheld_reason(figures)
    labels = _labels(question)
    compared = comparison.shares.get(question.id, {}) if comparison else {}
    units = _published_units(question, result) if len(result["units"]) > 1 else {}
    scored = question.kind in ("score", "number")
    return QuestionView(
        id=visible(question.id),
        kind=question.kind,
        text=both(question.text, question.id),
        scale=_scale(question) if scored else None,
        reason=reason,
        answered=_number(figures, "answered"),
        rows=_rows(question, figures, labels, compared) if figures and reason is None else [],
        total=_number(figures, "total"),
        mean=_mean(figures),
        plot=_plot(question, figures, labels, compared) if figures and reason is None else None,
        units=_unit_views(question, units, labels),
        unit_plot=_unit_plot(question, units) if scored else None,
    )


def _published_units(question: Question, result: SurveyResult) -> dict[str, QuestionResult]:
    return {
        name: unit["questions"][question.id]
        for name, unit in result["units"].items()
        if unit["status"] == "published"
    }


def _unit_views(
    question: Question, units: Mapping[str, QuestionResult], labels: Mapping[str, tuple[str, Both]]
) -> list[UnitView]:
    largest = sorted(units, key=lambda name: -(units[name].get("answered") or 0))
    drawn = set(largest[:MAX_SMALL_PLOTS])
    # The levels of a score share few people each: drawn up to the highest, on one scale for all units.
    top = max((_highest(units[name]) for name in drawn), default=0.0) if question.kind == "score" else 1.0
    views = []
    for name, figures in units.items():
        counts, reason = _counts(figures), withheld_reason(figures)
        plot = None
        if name in drawn and counts and reason is None:
            columns = _columns(question, figures, labels, small=True)
            alt = f"{visible(name)}: {_alt(counts, figures, labels)}"
            plot = Markup(column_chart(columns, alt, top, small=True))
        views.append(
            UnitView(
                name=visible(name),
                reason=reason,
                answered=_number(figures, "answered"),
                cells=[_cell(counts[choice], figures) for choice in labels] if counts else [],
                total=_number(figures, "total"),
                mean=_mean(figures),
                plot=plot,
            )
        )
    return views


def _labels(question: Question) -> dict[str, tuple[str, Both]]:
    """For each choice its key and its text: letters for options, a score's levels speak for themselves."""
    if question.kind == "score":
        step = -(-len(question.choices) // MAX_COLUMN_KEYS)
        return {
            level: (level if place % step == 0 else "", Both(level, level))
            for place, level in enumerate(question.choices)
        }
    return {
        option.id: (_letters(place), both(option.text, option.id))
        for place, option in enumerate(question.options)
    }


def _letters(place: int) -> str:
    """A to Z, then AA to AZ and so on."""
    return ("" if place < 26 else _letters(place // 26 - 1)) + chr(ord("A") + place % 26)


def _rows(
    question: Question,
    figures: QuestionResult,
    labels: Mapping[str, tuple[str, Both]],
    compared: Mapping[str, str],
) -> list[Row]:
    counts = _counts(figures)
    decimals = 2 if compared else 1
    return [
        Row(
            key="" if question.kind == "score" else key,
            label=text,
            cell=_cell(counts[choice], figures, decimals),
            compared=compared.get(choice, ""),
        )
        for choice, (key, text) in labels.items()
        if choice in counts
    ]


def _plot(
    question: Question,
    figures: QuestionResult,
    labels: Mapping[str, tuple[str, Both]],
    compared: Mapping[str, str],
) -> Markup | None:
    counts = _counts(figures)
    if not counts:
        return _means(question, {"": figures})
    if question.kind == "score":
        columns = _columns(question, figures, labels, small=False)
        return Markup(column_chart(columns, _alt(counts, figures, labels), _highest(figures)))
    bars = []
    for choice, (_, text) in labels.items():
        cell = _cell(counts[choice], figures, 2 if compared else 1)
        mark = float(compared[choice].rstrip("%")) / 100 if choice in compared else None
        bars.append(Bar(text.en, text.zh, cell.share, _fraction(counts[choice], figures), mark))
    return Markup(bar_chart(bars, _alt(counts, figures, labels)))


def _columns(
    question: Question, figures: QuestionResult, labels: Mapping[str, tuple[str, Both]], *, small: bool
) -> list[Column]:
    counts = _counts(figures)
    keys = {choice: key for choice, (key, _) in labels.items()}
    if small and question.kind == "score" and len(keys) > MAX_COLUMN_KEYS // 2:
        ends = (min(keys, key=int), max(keys, key=int))
        keys = {choice: choice if choice in ends else "" for choice in keys}
    written = not small and len(keys) <= MAX_COLUMN_KEYS
    return [
        Column(
            key=key,
            value=share(counts[choice], figures.get("answered") or 0, 0) if written else "",
            fraction=_fraction(counts[choice], figures),
        )
        for choice, key in keys.items()
    ]


def _highest(figures: QuestionResult) -> float:
    return max((_fraction(count, figures) for count in _counts(figures).values()), default=0.0)


def _unit_plot(question: Question, units: Mapping[str, QuestionResult]) -> Markup | None:
    largest = sorted(units, key=lambda name: -(units[name].get("answered") or 0))[:MAX_SMALL_PLOTS]
    return _means(question, {name: figures for name, figures in units.items() if name in largest})


def _means(question: Question, rows: Mapping[str, QuestionResult]) -> Markup | None:
    """The means on the question's scale. None if there are none."""
    lowest, highest = question.bounds()
    bars, alt = [], []
    for name, figures in rows.items():
        mean = figures.get("mean")
        if mean is not None and withheld_reason(figures) is None:
            fraction = (float(mean) - lowest) / (highest - lowest)
            shown = visible(name)
            bars.append(Bar(shown or "Mean", shown or "平均", _mean(figures), fraction))
            alt.append(f"{shown or 'mean'} {_mean(figures)}")
    if not bars:
        return None
    low, high = _scale(question)
    return Markup(dot_chart(bars, low, high, f"{', '.join(alt)} (scale {low} to {high})"))


def _alt(counts: Mapping[str, int], figures: QuestionResult, labels: Mapping[str, tuple[str, Both]]) -> str:
    """The plot in words; of a long scale only the levels that somebody chose."""
    return ", ".join(
        f"{text.en} {_cell(counts[choice], figures).share}"
        for choice, (_, text) in labels.items()
        if counts[choice] or len(counts) <= MAX_COLUMN_KEYS
    )


def _counts(figures: QuestionResult) -> dict[str, int]:
    return figures.get("counts") or {}


def _fraction(count: int, figures: QuestionResult) -> float:
    answered = figures.get("answered")
    return count / answered if answered else 0.0


def _cell(count: int, figures: QuestionResult, decimals: int = 1) -> Cell:
    return Cell(f"{count:,}", share(count, figures.get("answered") or 0, decimals))


def _number(figures: QuestionResult | None, key: str) -> str:
    value = figures.get(key) if figures else None
    return f"{value:,}" if isinstance(value, int) else ""


def _mean(figures: QuestionResult | None) -> str:
    mean = figures.get("mean") if figures else None
    return f"{float(mean):,.2f}" if mean is not None else ""


def _scale(question: Question) -> tuple[str, str]:
    lowest, highest = question.bounds()
    return f"{lowest:,}", f"{highest:,}"
