"""`zkperf round close`: says first what would be withheld, asks, closes; run again it finishes the same."""

from __future__ import annotations

import time
from pathlib import Path

from zkperf.cli.operate import find_either, go_on, ledger_digest, reading, round_name, serving, write
from zkperf.cli.output import agree, say
from zkperf.cli.times import show_time
from zkperf.cli.unfinished import unfinished
from zkperf.cli.words import Words, default_language
from zkperf.errors import EncodingError, RuleViolation
from zkperf.ledger.disclosure import disclose, totals
from zkperf.ledger.paths import unit_path
from zkperf.ledger.state import BEFORE_OPEN, RUNNING, FigureRound, Phase, Round
from zkperf.ledger.store.store import Store
from zkperf.roles.evaluator import Evaluator
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.outlook import Outlook, renewed
from zkperf.surveys.results import visible

NAMED = 12
"""Units that are named before the others are only counted."""


def close_round(
    path: Path, which: str, service: str | None, *, yes: bool
) -> tuple[Round | FigureRound, list[str]]:
    """The round, closed: what waits enters the log, the members check, sum and publish. And what is missing,
    if they could not.

    A round that is closed already is brought to its end, if something kept it from that. InputError, and
    nothing is closed, unless ``yes`` or whoever is asked says so.
    """
    folder, words = LedgerFolder(path), Words(default_language())
    evaluator = folder.evaluator(ledger_digest(folder))
    with reading(path) as (state, store):
        found = find_either(state, which)
        name = visible(round_name(found))
        if found.phase in RUNNING:
            _require_end(found, name, words)
            for line in _forecast(folder, found, store, evaluator, service, words):
                say(line)
    if found.phase in RUNNING:
        agree(words("close?"), yes)
        write(folder, evaluator.close_round(found.digest), service)
        folder.keys("evaluator").delete(_kept(found))
    else:
        say(words("closed already", round=name))
        go_on(folder, service)
    with reading(path) as (state, _):
        closed = state.rounds.get(found.digest) or state.figure_rounds[found.digest]
        return closed, list(unfinished(state, closed, words))


def folder_outlook(folder: LedgerFolder, found: Round, store: Store) -> Outlook | None:
    """What closing a round would publish, for who has the evaluator's key in the folder: there it is kept,
    and told for an hour. None for others, and where it cannot be kept."""
    keys = folder.keys("evaluator")
    if found.phase is not Phase.OPEN or not keys.has("signing.pem"):
        return None
    try:
        before = Outlook.decode(keys.read(_kept(found))) if keys.has(_kept(found)) else None
    except EncodingError:
        before = None
    told = renewed(
        before,
        found,
        lambda unit: [item.pseudonym for item in store.pending(found.digest, unit)],
        time.time(),
    )
    try:
        if told != before:
            keys.write(_kept(found), told.encode())
    except OSError:
        return None
    return told


def _kept(found: Round | FigureRound) -> str:
    return f"outlook-{found.digest.hex()[:16]}.cbor"


def _require_end(found: Round | FigureRound, name: str, words: Words) -> None:
    """Says of an announced end what the rule would, in the words of people."""
    until = found.opened.until
    if until is not None and time.time() < until and found.phase not in BEFORE_OPEN:
        when = show_time(until, words.language)
        raise RuleViolation(words("close early", round=name, time=when), check="rounds")


def _forecast(
    folder: LedgerFolder,
    found: Round | FigureRound,
    store: Store,
    evaluator: Evaluator,
    service: str | None,
    words: Words,
) -> list[str]:
    """What closing the round does, and what it would publish as far as one may know."""
    name = visible(round_name(found))
    if found.phase in BEFORE_OPEN:
        return [words("close abandons", round=name)]
    lines = [words("close ends", round=name)]
    if isinstance(found, FigureRound):
        leaves = found.tree.leaves()
        reports = {leaf: int(found.counted(leaf) is not None) for leaf in leaves}
        lines.append(words("close reports", reports=sum(reports.values()), providers=len(leaves)))
        publication = disclose(found.tree, totals(found.tree, reports), found.opened.min_cohort)
        groups = [unit for unit in range(len(found.opened.units)) if unit not in leaves]
        withheld, at = [unit for unit in groups if unit in publication.withheld], int(time.time())
        units = groups
    else:
        if service is None:
            told = folder_outlook(folder, found, store)
        else:
            with serving(folder, service) as client:
                told = client.outlook(evaluator.ask_outlook(found.digest))
        if told is None or len(told.enough) != len(found.opened.units):
            return lines
        units, at = list(range(len(told.enough))), told.at
        withheld = [unit for unit in units if not told.enough[unit]]
    facts = {"time": show_time(at, words.language), "k_min": found.opened.min_cohort}
    if not withheld:
        lines.append(words("close all", **facts))
    elif len(withheld) == len(units):
        lines.append(words("close nothing", **facts))
    else:
        named = words("comma").join(visible(unit_path(found.opened.units, unit)) for unit in withheld[:NAMED])
        more = words("more units", count=len(withheld) - NAMED) if len(withheld) > NAMED else ""
        lines.append(words("close withheld", units=named + more, **facts))
    return lines
