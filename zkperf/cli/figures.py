"""Rounds of figures for operators and readers: where they stand, and what they have published."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table
from rich.text import Text

from circuits.indicators import IndicatorScheme
from zkperf.cli.operate import find_figures, reading
from zkperf.cli.taking_part import Far
from zkperf.cli.times import show_time
from zkperf.errors import RuleViolation
from zkperf.indicators.published import period_result
from zkperf.ledger.paths import unit_path
from zkperf.ledger.state import FigureRound, State
from zkperf.roles.remote import RemoteLedger
from zkperf.surveys.results import visible

Published = tuple[dict[str, Any], IndicatorScheme]
"""A round's result as plain data, and its scheme."""


def figure_facts(found: FigureRound) -> dict[str, Any]:
    """A round of figures as plain data: who has reported, claimed and shown what."""
    indicators = found.scheme.scheme.indicators
    units: list[dict[str, Any]] = []
    for number, place in enumerate(found.opened.units):
        path = unit_path(found.opened.units, number)
        facts: dict[str, Any] = {"unit": number, "name": place.name, "path": path, "parent": place.parent}
        if place.provider is not None:
            filed = found.reports.get(number)
            reported = () if filed is None else filed.reported
            facts |= {
                "provider": place.provider.hex(),
                "reported": [indicators[k].id for k in reported],
                "corrected": 0 if filed is None else filed.sequence,
                "struck": filed is not None and filed.struck,
                "attested": [indicators[k].id for k in reported if (number, k) in found.attested],
                "claimed": number in found.claimed,
            }
        units.append(facts)

    def named(items: Any) -> list[dict[str, Any]]:
        return [{"unit": item.unit, "indicator": indicators[item.indicator].id} for item in items]

    return {
        "round": found.digest.hex(),
        "period": found.opened.period,
        "phase": found.phase.name.lower(),
        "phase_text": str(found.phase),
        "scheme": found.scheme.digest.hex(),
        "scheme_id": found.scheme.scheme.id,
        "min_cohort": found.opened.min_cohort,
        "until": found.opened.until,
        "auditors": {auditor.name: auditor.key.hex() for auditor in found.opened.auditors},
        "drawn": named(found.drawn),
        "refused": named(found.refused),
        "units": units,
    }


def end_words(facts: dict[str, Any]) -> str:
    """A round's announced end, as it follows other facts; empty if none is announced."""
    return "" if facts["until"] is None else f", open until {show_time(facts['until'])}"


def figure_rounds_table(rounds: list[dict[str, Any]]) -> Table:
    """All rounds of figures, one line each."""
    table = Table(title="Rounds of figures")
    table.add_column("Round", no_wrap=True)  # to be copied
    for column in ("Period", "Scheme", "Phase"):
        table.add_column(column, overflow="fold")
    for column in ("Providers", "Reports"):
        table.add_column(column, justify="right")
    for facts in rounds:
        providers = [unit for unit in facts["units"] if "provider" in unit]
        table.add_row(
            facts["round"][:16],
            Text(visible(facts["period"])),
            Text(visible(facts["scheme_id"])),
            facts["phase_text"],
            str(len(providers)),
            str(sum(bool(unit["reported"]) for unit in providers)),
        )
    return table


def figure_round_table(facts: dict[str, Any]) -> Table:
    """One round of figures: every provider with what it has done."""
    table = Table(
        title=Text(f"{visible(facts['period'])}: {facts['phase_text']}"),
        caption=Text(f"scheme {visible(facts['scheme_id'])}, k_min {facts['min_cohort']}{end_words(facts)}"),
    )
    for column in ("Provider", "Reported", "Attested", "Drawn"):
        table.add_column(column, overflow="fold")
    table.add_column("Claims")
    for unit in facts["units"]:
        if "provider" not in unit:
            continue
        drawn = [item["indicator"] for item in facts["drawn"] if item["unit"] == unit["unit"]]
        corrected = f" (corrected {unit['corrected']} times)" if unit["corrected"] else ""
        table.add_row(
            Text(visible(unit["path"])),
            Text("struck out" if unit["struck"] else ", ".join(unit["reported"]) + corrected),
            Text(", ".join(unit["attested"])),
            Text(", ".join(drawn)),
            "posted" if unit["claimed"] else "",
        )
    return table


def folder_figures(path: Path, which: str, genesis: bytes | None) -> Published:
    """What a round of figures of a folder's ledger has published. RuleViolation while it has not, or if the
    ledger is not the one with the digest ``genesis``."""
    with reading(path) as (state, _):
        if genesis not in (None, state.ledger):
            raise RuleViolation(f"{path} holds the ledger {state.ledger.hex()}", check="genesis")
        return _published(state, find_figures(state, which))


def service_figures(client: RemoteLedger, which: str, genesis: bytes | None) -> Published:
    """The same of a service's ledger: all but citizens' ratings is recomputed from the log that it shows."""
    with TemporaryDirectory() as folder:
        state = Far(client).replica(Path(folder) / "log", genesis, None).state
        return _published(state, find_figures(state, which))


def _published(state: State, found: FigureRound) -> Published:
    if found.result is None:
        raise RuleViolation(f"there is no result yet: the round is {found.phase}", check="results")
    facts = {
        "round": found.digest.hex(),
        "genesis": state.ledger.hex(),
        "period": found.opened.period,
        "until": found.opened.until,
    }
    return {**facts, **period_result(state, found)}, found.scheme.scheme
