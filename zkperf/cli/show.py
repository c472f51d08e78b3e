"""`zkperf round show` and `zkperf results`: where rounds stand and what came out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from circuits.indicators import IndicatorScheme
from circuits.questionnaire import Questionnaire
from zkperf.cli.closing import folder_outlook
from zkperf.cli.figures import end_words, figure_facts, folder_figures, service_figures
from zkperf.cli.operate import find_either, find_round, pick, reading
from zkperf.cli.output import say
from zkperf.cli.times import show_time
from zkperf.cli.unfinished import damaged_lines, unfinished
from zkperf.cli.words import Words, default_language
from zkperf.errors import EncodingError, InputError, InvalidLogProof, RuleViolation
from zkperf.indicators.tables import pools_table, providers_table
from zkperf.ledger.paths import unit_path
from zkperf.ledger.state import FigureRound, Round
from zkperf.ledger.transactions import ResultPosted, decode_transaction
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.outlook import Outlook
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.view import RoundView, proved
from zkperf.surveys.replay import survey_result
from zkperf.surveys.results import SurveyResult, visible
from zkperf.surveys.tables import result_table, units_table


def show_rounds(path: Path, which: str | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rounds of a folder's ledger (or the one asked for) as plain data, oldest first: those of ratings,
    and those of figures."""
    with reading(path) as (state, store):
        rounds = list(state.all_rounds.values())
        if which is not None:
            rounds = [find_either(state, which)]
        return (
            [
                _round_facts(found, folder_outlook(LedgerFolder(path), found, store))
                for found in rounds
                if isinstance(found, Round)
            ],
            [figure_facts(found) for found in rounds if isinstance(found, FigureRound)],
        )


def missing_lines(path: Path, which: str) -> list[str]:
    """What keeps a round from its end, and which stored bundles are damaged, for people."""
    words = Words(default_language())
    with reading(path) as (state, store):
        found = find_either(state, which)
        return [*damaged_lines(state, found, store, words), *unfinished(state, found, words)]


def _round_facts(found: Round, outlook: Outlook | None) -> dict[str, Any]:
    opened, lost = found.opened, found.lost_below()
    units: list[dict[str, Any]] = []
    for number, unit in enumerate(opened.units):
        facts: dict[str, Any] = {"unit": number, "name": unit.name, "path": unit_path(opened.units, number)}
        facts["parent"] = unit.parent
        cohort = found.cohorts.get(number)
        if cohort is not None:
            facts |= {
                "issued": cohort.issued,
                "on_log": len(cohort.ratings),
            }
        facts["enough"] = None if outlook is None else outlook.enough[number]
        facts["counted"] = found.numbers.get(number)
        facts["lost"] = lost[number]
        units.append(facts)
    return {
        "round": found.digest.hex(),
        "name": opened.name,
        "phase": found.phase.name.lower(),
        "phase_text": str(found.phase),
        "scheme": found.scheme.digest.hex(),
        "questionnaire": found.scheme.questionnaire.id,
        "min_cohort": opened.min_cohort,
        "until": opened.until,
        "enough_as_of": None if outlook is None else outlook.at,
        "units": units,
    }


def rounds_table(rounds: list[dict[str, Any]]) -> Table:
    """All rounds, one line each."""
    table = Table(title="Rounds")
    table.add_column("Round", no_wrap=True)  # to be copied
    for column in ("Name", "Questionnaire", "Phase"):
        table.add_column(column, overflow="fold")
    table.add_column("Tokens", justify="right")
    table.add_column("Ratings", justify="right")
    for facts in rounds:
        services = [unit for unit in facts["units"] if "issued" in unit]
        table.add_row(
            facts["round"][:16],
            Text(visible(facts["name"])),
            Text(visible(facts["questionnaire"])),
            facts["phase_text"],
            str(sum(unit["issued"] for unit in services)),
            str(sum(unit["on_log"] for unit in services)),
        )
    return table


def round_table(facts: dict[str, Any]) -> Table:
    """One round: every unit with its numbers."""
    asked = visible(facts["questionnaire"])
    table = Table(
        title=Text(f"{visible(facts['name'])}: {facts['phase_text']}"),
        caption=Text(f"questionnaire {asked}, k_min {facts['min_cohort']}{end_words(facts)}"),
    )
    table.add_column("Unit", overflow="fold")
    for column in ("Tokens", "On the log", "Counted"):
        table.add_column(column, justify="right")
    at = facts["enough_as_of"]
    if at is not None:
        table.add_column(f"Enough, as of {show_time(at)}")
    for unit in facts["units"]:
        numbers = (unit.get(key) for key in ("issued", "on_log", "counted"))
        cells = ["" if number is None else f"{number:,}" for number in numbers]
        enough = [] if at is None else ["enough" if unit["enough"] else "not yet"]
        table.add_row(Text(visible(unit["path"])), *cells, *enough)
    return table


def published_result(
    ledger: Path | None, service: str | None, which: str, genesis: bytes | None
) -> tuple[Any, list[Table]]:
    """What a round, of ratings or of figures, has published: as plain data and as tables.

    InputError unless exactly one of ``ledger`` and ``service`` is given.
    """
    if (ledger is None) == (service is None):
        raise InputError("say where the results are: either --ledger DIR or --service URL")
    if ledger is not None:
        with reading(ledger) as (state, _):
            of_figures = isinstance(find_either(state, which), FigureRound)
        if of_figures:
            return _figures(*folder_figures(ledger, which, genesis))
        return _ratings(*folder_result(ledger, which, genesis))
    assert service is not None
    with RemoteLedger(service, tell=say) as client:
        names = _named(client.rounds(), "name")
        periods = _named(client.figure_rounds(), "period")
        if pick(names | periods, which, "round") in periods:
            return _figures(*service_figures(client, which, genesis))
        return _ratings(*service_result(client, which, genesis))


def _figures(published: Any, scheme: IndicatorScheme) -> tuple[Any, list[Table]]:
    period = published["period"]
    return published, [pools_table(scheme, period, published), providers_table(scheme, period, published)]


def _ratings(published: SurveyResult, asked: Questionnaire) -> tuple[Any, list[Table]]:
    return published, [result_table(published, asked), units_table(published)]


def _named(listed: list[dict[str, Any]], what: str) -> dict[bytes, str]:
    """What the rounds are called that a service lists. EncodingError if they have no id or name."""
    try:
        return {bytes.fromhex(item["id"]): str(item[what]) for item in listed}
    except (KeyError, TypeError, ValueError):
        raise EncodingError("the service's answer: a round without id or name") from None


def folder_result(path: Path, which: str, genesis: bytes | None) -> tuple[SurveyResult, Questionnaire]:
    """A published round of a folder's ledger. RuleViolation while it is not published, or if the ledger
    is not the one with the digest ``genesis``."""
    with reading(path) as (state, _):
        if genesis not in (None, state.ledger):
            raise RuleViolation(f"{path} holds the ledger {state.ledger.hex()}", check="genesis")
        found = find_round(state, which)
        if found.result is None:
            raise RuleViolation(f"there is no result yet: the round is {found.phase}", check="results")
        result = survey_result(state.rules, state.ledger, found.opened, found.result)
        return result, found.scheme.questionnaire


def service_result(
    client: RemoteLedger, which: str, genesis: bytes | None
) -> tuple[SurveyResult, Questionnaire]:
    """A published round of a service's ledger: every leaf it rests on is proved to be on the log.

    Raises InvalidLogProof if the service's ledger is not the one with the digest ``genesis``, or a leaf
    is not on it. Whether the figures follow from the ratings is what an audit recomputes.
    """
    ledger = genesis or client.genesis()
    rounds = _named(client.rounds(), "name")
    identifier = pick(rounds, which, "round")
    view = RoundView.load(client, ledger, identifier)
    leaf = client.result(identifier).get("leaf")
    if type(leaf) is not int:
        raise EncodingError("the service's answer about the result names no leaf")
    posted = decode_transaction(proved(client, leaf, view.policy))
    if not isinstance(posted, ResultPosted) or posted.round != identifier:
        raise InvalidLogProof("the leaf shown is not the round's result")
    result = survey_result(view.genesis, ledger, view.opened, posted.units)
    return result, view.questionnaire
