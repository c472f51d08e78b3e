"""The readable report of rounds of figures: one HTML file that needs nothing else, and asks nobody.

It is made like that of a survey: two languages in one page, no scripts, no requests.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from circuits.indicators import Indicator, IndicatorScheme
from zkperf.indicators.results import NodeResult, PeriodResult, ProviderResult, ReportResult
from zkperf.indicators.tables import DROPPED, MARKS, outcome_of, percent, share_not_asked
from zkperf.ledger.disclosure import Reason
from zkperf.ledger.rules.figures.pools import NOT_ASKED
from zkperf.surveys.figures import Both, both
from zkperf.surveys.plots import Bar, Column, column_chart, dot_chart
from zkperf.surveys.report import MAX_FAILURES
from zkperf.surveys.results import AuditResult, visible

ALL = Both("All", "全部")
MAX_DOTS = 20
"""Groups drawn in one plot; the tables hold all."""


@dataclass(frozen=True)
class FiguresPage:
    """Everything that the page shows.

    ``result`` and ``audit`` are what the command line prints with ``--json``; ``groups`` says which group
    a provider is in; ``ledger`` is the directory as a reader would type it.
    """

    result: ReportResult
    scheme: IndicatorScheme
    genesis: str
    groups: Mapping[str, str]
    audit: AuditResult | None = None
    ledger: str = "DIR"
    min_cohort: int = 10
    members: int = 5
    threshold: int = 3
    rounded: int = 0
    """Figures that were rounded to their scale before they were committed."""
    note: Mapping[str, str] = field(default_factory=dict)


def write_page(path: str | Path, page: FiguresPage) -> None:
    """Writes the page as one HTML file. OSError if ``path`` cannot be written."""
    Path(path).write_text(render(page), encoding="utf-8")


def render(page: FiguresPage) -> str:
    """The page as HTML: the same text for the same page."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("zkperf.indicators"), PackageLoader("zkperf.surveys")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(visible=visible)
    periods = page.result["periods"]
    verdicts = Counter(
        verdict
        for result in periods.values()
        for provider in result["providers"].values()
        for verdict in provider["claims"].values()
    )
    return environment.get_template("figures.html.j2").render(
        page=page,
        scheme=page.scheme,
        audit=page.audit,
        title=both(page.scheme.title, page.scheme.id),
        note=both(page.note, "") if page.note else None,
        indicators=[_indicator_view(indicator, periods) for indicator in page.scheme.indicators],
        claims=[visible(claim.id) for claim in page.scheme.claims],
        periods=[_period_view(page, period, result) for period, result in periods.items()],
        providers=len({name for result in periods.values() for name in result["providers"]}),
        verdicts=verdicts,
        marks=MARKS,
        not_asked=NOT_ASKED,
        floors=_floors(page.scheme),
        dropped_mark=DROPPED,
        reasons=Reason,
        folder=shlex.quote(visible(page.ledger)),
        max_failures=MAX_FAILURES,
    )


# -- views ------------------------------------------------------------------------------------------


class IndicatorView(NamedTuple):
    """An indicator: what it is, and its mean over the periods."""

    id: str
    title: Both
    unit: str
    better: str
    plot: Markup | None


class PoolView(NamedTuple):
    mean: str
    providers: str
    share: str
    share_of: str
    """Over how many providers it is, if not over all of the pool."""
    asked: bool
    """Whether somebody was asked whether it is at the target, and answered."""
    reason: str | None


class NodeView(NamedTuple):
    """A row of the table of pools."""

    name: Both
    reason: str | None
    pools: Sequence[PoolView]


class ProviderView(NamedTuple):
    name: str
    group: str
    outcome: Both
    verdicts: Sequence[str]
    dropped: bool
    """It has proved what contradicts what it had left unproved."""


class PeriodView(NamedTuple):
    name: str
    compared_with: str | None
    nodes: Sequence[NodeView]
    plots: Sequence[tuple[Both, Markup]]
    grades: Markup | None
    ranges: bool
    """Some of the grades are ranges, or not asked."""
    dropped: bool
    """Some provider has contradicted what it had left unproved."""
    providers: Sequence[ProviderView]


def _period_view(page: FiguresPage, period: str, result: PeriodResult) -> PeriodView:
    nodes: dict[Both, NodeResult] = {ALL: result["total"]}
    nodes |= {Both(visible(name), visible(name)): node for name, node in result["groups"].items()}
    plots = []
    for indicator in page.scheme.indicators:
        means = {name: node["pools"][indicator.id]["mean"] for name, node in nodes.items()}
        plot = _dots(indicator, dict(list(means.items())[:MAX_DOTS]))
        if plot is not None:
            plots.append((both(indicator.title, indicator.id), plot))
    return PeriodView(
        name=visible(period),
        compared_with=None if result["compared_with"] is None else visible(result["compared_with"]),
        nodes=[_node_view(page.scheme, name, node) for name, node in nodes.items()],
        plots=plots,
        grades=_grades(page.scheme, result),
        ranges=any(
            outcome_of(provider) == NOT_ASKED or len(set(provider.get("grades") or ())) > 1
            for provider in result["providers"].values()
        ),
        dropped=any(provider["dropped"] for provider in result["providers"].values()),
        providers=[
            ProviderView(
                visible(name),
                visible(page.groups.get(name, "")),
                _outcome(page.scheme, provider),
                [provider["claims"][claim.id] for claim in page.scheme.claims],
                provider["dropped"] > 0,
            )
            for name, provider in result["providers"].items()
        ],
    )


def _outcome(scheme: IndicatorScheme, provider: ProviderResult) -> Both:
    """A provider's grade or index, in words: the grade may be a range."""
    outcome = visible(outcome_of(provider) or "–")
    if outcome == NOT_ASKED:
        return Both(NOT_ASKED, "未询问")
    grades = provider.get("grades")
    if scheme.index is None or not grades or grades[0] == grades[1]:
        return Both(outcome, outcome)
    best, worst = map(visible, grades)
    names = [visible(grade.name) for grade in scheme.index.grades]
    if best == names[0]:
        return Both(outcome, f"{worst}或更好")
    return Both(outcome, f"{best}或更差" if worst == names[-1] else f"{best}至{worst}")


def _node_view(scheme: IndicatorScheme, name: Both, node: NodeResult) -> NodeView:
    pools = []
    for indicator in scheme.indicators:
        pool = node["pools"][indicator.id]
        share = pool["share_at_target"]
        pools.append(
            PoolView(
                mean=_short(indicator, pool["mean"]),
                providers=f"{pool['count']:,}",
                share="" if share is None else percent(share),
                share_of="" if pool["share_of"] in (None, pool["count"]) else f"{pool['share_of']:,}",
                asked=not share_not_asked(pool),
                reason=(pool["reason"] or "withheld") if pool["status"] == "withheld" else None,
            )
        )
    reason = (node["reason"] or "withheld") if node["status"] == "withheld" else None
    return NodeView(name, reason, pools)


def _indicator_view(indicator: Indicator, periods: Mapping[str, PeriodResult]) -> IndicatorView:
    means = {
        Both(visible(period), visible(period)): result["total"]["pools"][indicator.id]["mean"]
        for period, result in periods.items()
    }
    return IndicatorView(
        id=visible(indicator.id),
        title=both(indicator.title, indicator.id),
        unit="" if indicator.unit == "1" else visible(indicator.unit),
        better=indicator.better,
        plot=_dots(indicator, means) if len(periods) > 1 else None,
    )


def _floors(scheme: IndicatorScheme) -> str:
    """The floors of a scheme's indicators: "5", or "1–5" where they differ."""
    floors = sorted({scheme.floor_of(item.id) for item in scheme.indicators})
    return f"{floors[0]:,}" if len(floors) == 1 else f"{floors[0]:,}–{floors[-1]:,}"


def _dots(indicator: Indicator, means: Mapping[Both, str | None]) -> Markup | None:
    """Means side by side, on a scale from the lowest to the highest of them. None if fewer than two."""
    known = {name: float(mean) for name, mean in means.items() if mean is not None}
    if len(known) < 2:
        return None
    low, high = min(known.values()), max(known.values())
    width = (high - low) or 1.0
    bars, alt = [], []
    for name, mean in known.items():
        value = _short(indicator, means[name])
        bars.append(Bar(name.en, name.zh, value, (mean - low) / width))
        alt.append(f"{name.en} {value}")
    ends = [_short(indicator, f"{end:.6f}") for end in (low, high)]
    return Markup(dot_chart(bars, ends[0], ends[1], f"{indicator.id}: {', '.join(alt)}"))


def _grades(scheme: IndicatorScheme, result: PeriodResult) -> Markup | None:
    """How many providers have which grade, or which index."""
    if scheme.index is None:
        return None
    counts = Counter(_place(provider) for provider in result["providers"].values())
    names = [grade.name for grade in scheme.index.grades]
    if scheme.index.publish == "exact":
        names = []
    # Ranges of grades, steps of an exact index, and at last those that were not asked.
    names += sorted(name for name in counts if name is not None and name not in (NOT_ASKED, *names))
    names += [NOT_ASKED] if counts[NOT_ASKED] else []
    if not names:
        return None
    top = max(counts[name] for name in names)
    columns = [
        Column(
            MARKS[NOT_ASKED] if name == NOT_ASKED else visible(name),
            f"{counts[name]:,}",
            counts[name] / top if top else 0.0,
        )
        for name in names
    ]
    alt = ", ".join(f"{visible(name)}: {counts[name]}" for name in names)
    # A top below 1 leaves the tracks out: these are no shares of a whole.
    return Markup(column_chart(columns, alt, 1.000001))


def _place(provider: ProviderResult) -> str | None:
    """Under which column a provider is counted: its grade or index, or both ends of a range, as "A–B"."""
    grades = provider.get("grades")
    return "–".join(grades) if grades and grades[0] != grades[1] else outcome_of(provider)


def _short(indicator: Indicator, mean: str | None) -> str:
    """A mean with one decimal more than its figures have, for the eye."""
    return "" if mean is None else f"{float(mean):,.{min(indicator.scale + 1, 6)}f}"
