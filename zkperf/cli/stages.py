"""`zkperf round deadline` and `zkperf round abandon`: what members do about a round that does not go on."""

from __future__ import annotations

import time
from pathlib import Path

from zkperf.cli.operate import find_either, ledger_digest, reading, round_name, write
from zkperf.cli.output import agree, say
from zkperf.cli.times import show_time
from zkperf.cli.words import Words, default_language
from zkperf.errors import InputError, RuleViolation
from zkperf.ledger.state import FigureRound, Phase, Round, State
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.keystore import KeyStore
from zkperf.roles.stages import abandonment, deadline
from zkperf.surveys.results import visible


def end_stage(path: Path, which: str, member: int | None, service: str | None) -> Round | FigureRound:
    """Says that the time for a round's present stage is over; those who are done go on.

    Signed by the evaluator whose key lies here, or by ``member``; by any member whose key does, if neither
    is there.
    """
    folder = LedgerFolder(path)
    with reading(path) as (state, _):
        found = find_either(state, which)
        evaluator = folder.keys("evaluator")
        if member is None and evaluator.has("signing.pem"):
            keys = evaluator
        else:
            _, keys = _member_keys(folder, state, member)
    write(
        folder, deadline(keys.signing_key(), ledger_digest(folder), found.digest, int(time.time())), service
    )
    return _again(path, found)


def abandon_round(
    path: Path, which: str, member: int | None, service: str | None, *, yes: bool
) -> Round | FigureRound:
    """Gives up a closed round that does not come to its counted set: asks first, unless ``yes``.

    Signed by ``member``, or by any member whose key lies here.
    """
    folder, words = LedgerFolder(path), Words(default_language())
    with reading(path) as (state, _):
        found = find_either(state, which)
        number, keys = _member_keys(folder, state, member)
        name = visible(round_name(found))
        if found.phase in (Phase.DRAINING, Phase.CHECKING):
            earliest = found.last_time + state.rules.abandon_seconds
            if time.time() < earliest:
                when = show_time(earliest, words.language)
                raise RuleViolation(words("abandon early", round=name, time=when), check="rounds")
            say(words("abandon ends", round=name, entries=sum(1 for _ in found.taken())))
    if found.phase in (Phase.DRAINING, Phase.CHECKING):
        agree(words("abandon?"), yes)
    write(
        folder,
        abandonment(keys.signing_key(), ledger_digest(folder), found.digest, number, int(time.time())),
        service,
    )
    return _again(path, found)


def _member_keys(folder: LedgerFolder, state: State, member: int | None) -> tuple[int, KeyStore]:
    """A member with its keys: the one asked for, or the first whose signing key lies here."""
    if member is not None and member > state.members:
        raise InputError(f"--member: the ledger has the members 1 to {state.members}")
    wanted = range(1, state.members + 1) if member is None else (member,)
    for number in wanted:
        store = folder.keys(f"member-{number}")
        if store.has("signing.pem"):
            return number, store
    whose = "a member" if member is None else f"member {member}"
    raise InputError(f"{folder.path}: there is no key of {whose} here")


def _again(path: Path, found: Round | FigureRound) -> Round | FigureRound:
    with reading(path) as (state, _):
        return state.all_rounds[found.digest]
