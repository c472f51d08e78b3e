"""What rounds of figures publish as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from circuits.indicators import IndicatorScheme
from zkperf.indicators.results import NodeResult, PeriodResult, PoolResult, ProviderResult
from zkperf.ledger.rules.figures.pools import NOT_ASKED
from zkperf.roles.provider import Preview
from zkperf.surveys.results import label, visible

MARKS = {"proved": "✓", "not proved": "✗", "not asked": "?", "not reported": "–", "nothing posted": "○"}
"""A claim's verdict in one character."""
_HOLDS = {"holds": "✓", "does not hold": "✗", "not asked": "?", "not reported": "–"}
WHY_NOT_ASKED = (
    "one of the possible answers could leave a figure fewer values than its floor. That follows from what "
    "was public before, so it says nothing about the provider"
)
DROPPED = "†"
"""Marks a provider that has contradicted what it had left unproved."""
WHY_DROPPED = (
    "it proved what cannot be if all that it had left unproved, here or in periods before, is false: what it "
    "had left unproved says nothing any more"
)


def pools_table(scheme: IndicatorScheme, period: str, result: PeriodResult) -> Table:
    """Every indicator in all providers together and in each group: how many, mean, share at the target."""
    title = f"{label(scheme.title, scheme.id, 'en')}: {period}"
    rehearsal = "REHEARSAL; " if result["rehearsal"] else ""
    asked = "providers, share of them at the target (of those asked, if not all were)"
    table = Table(title=_plain(title), caption=f"{rehearsal}mean; in brackets: {asked}")
    table.add_column("Indicator")
    nodes = [("All", result["total"]), *result["groups"].items()]
    for name, _ in nodes:
        table.add_column(_plain(name), justify="right")
    for indicator in scheme.indicators:
        heading = label(indicator.title, indicator.id, "en")
        cells = [_pool(node, indicator.id) for _, node in nodes]
        table.add_row(_plain(heading), *cells)
    return table


def providers_table(scheme: IndicatorScheme, period: str, result: PeriodResult) -> Table:
    """Every provider: its grade or index, and each claim's verdict."""
    notes = [", ".join(f"{mark} {word}" for mark, word in _legend(MARKS))]
    providers = result["providers"].values()
    if any(NOT_ASKED in (outcome_of(item), *item["claims"].values()) for item in providers):
        notes.append(f"{NOT_ASKED}: {WHY_NOT_ASKED}")
    if any(item["dropped"] for item in providers):
        notes.append(f"{DROPPED} {WHY_DROPPED}")
    last = result["compared_with"]
    against = "" if last is None else f", compared with {last}"
    table = Table(title=_plain(f"Claims: {period}{against}"), caption="\n".join(notes))
    table.add_column("Provider")
    if scheme.index is not None:
        table.add_column("Index" if scheme.index.publish == "exact" else "Grade")
    for claim in scheme.claims:
        table.add_column(_plain(claim.id), overflow="fold")
    for name, provider in result["providers"].items():
        cells = [MARKS[provider["claims"][claim.id]] for claim in scheme.claims]
        outcome = [] if scheme.index is None else [_plain(outcome_of(provider) or "–")]
        mark = f" {DROPPED}" if provider["dropped"] else ""
        table.add_row(_plain(name + mark), *outcome, *cells)
    return table


def preview_table(scheme: IndicatorScheme, previews: Sequence[tuple[str, str, Preview]]) -> Table:
    """What every provider would say in public, before anything is sent."""
    compared = {period: shown.compared_with for period, _, shown in previews}
    notes = [", ".join(f"{mark} {word}" for mark, word in _legend(_HOLDS))]
    notes += [f"{period} is compared with {last}" for period, last in compared.items() if last is not None]
    table = Table(title="Preview: nothing was sent", caption=_plain("; ".join(notes)))
    table.add_column("Period")
    table.add_column("Provider")
    if scheme.index is not None:
        table.add_column("Index" if scheme.index.publish == "exact" else "Grade")
    for claim in scheme.claims:
        table.add_column(_plain(claim.id), overflow="fold")
    for period, provider, shown in previews:
        outcome = [] if scheme.index is None else [_plain(shown.outcome or "–")]
        cells = [_HOLDS[statement.holds] for statement in shown.claims]
        table.add_row(_plain(period), _plain(provider), *outcome, *cells)
    return table


def _legend(marks: Mapping[str, str]) -> list[tuple[str, str]]:
    """(Mark, what it means)."""
    return [
        (mark, f"{word}, or nothing to compare with" if word == "not reported" else word)
        for word, mark in marks.items()
    ]


def outcome_of(provider: ProviderResult) -> str | None:
    """Its grade or index, whichever the scheme publishes."""
    return provider.get("grade") or provider.get("index")


def percent(share: str) -> str:
    """A share of six decimals in per cent: "45.5%"."""
    return f"{100 * float(share):.1f}%"


def _pool(node: NodeResult, indicator: str) -> Text:
    pool = node["pools"][indicator]
    if pool["mean"] is None:
        return _plain(f"withheld ({pool['count']})", "yellow")
    share = pool["share_at_target"]
    of = "" if pool["share_of"] == pool["count"] else f" of {pool['share_of']} asked"
    told = "" if share is None else f", {percent(share)}{of}"
    if share_not_asked(pool):
        told = f", share {NOT_ASKED}"
    return Text(f"{pool['mean']} ({pool['count']}{told})")


def share_not_asked(pool: PoolResult) -> bool:
    """Whether a pool with a target has no share at it because nobody was asked, or nobody answered."""
    return pool["share_at_target"] is None and pool["share_from"] is not None


def _plain(text: str, style: str = "") -> Text:
    """Somebody else's words: not markup, and nothing that moves the cursor."""
    return Text(visible(text), style)
