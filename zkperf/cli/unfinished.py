"""What keeps a closed round from its end, and who has to do what: all of it is on the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from zkperf.cli.operate import round_name
from zkperf.cli.times import show_time
from zkperf.cli.words import Words
from zkperf.ledger.engines.bundles import unreadable
from zkperf.ledger.state import FigureRound, Phase, Round, State
from zkperf.ledger.store.store import Store
from zkperf.surveys.results import visible

UNFINISHED = (Phase.DRAINING, Phase.CHECKING, Phase.SUMMING, Phase.TOTALLING)
"""Phases of a closed round in which the sequencer or the members still have to do something."""
NAMED = 12
"""Leaves that are named before the others are only counted."""


def unfinished(state: State, found: Round | FigureRound, words: Words) -> Iterator[str]:
    """Lines for people; none if nothing is missing."""
    if found.phase not in UNFINISHED:
        return
    yield words("unfinished", round=visible(round_name(found)), phase=found.phase)
    everybody = range(1, state.members + 1)
    if found.phase in (Phase.SUMMING, Phase.TOTALLING):
        members = _names(state, (j for j in everybody if j not in found.sums), words)
        yield words("unfinished sums", members=members, threshold=state.rules.threshold)
        return
    waiting = [j for j in everybody if j not in found.checked]
    yield words("unfinished checks", members=_names(state, waiting, words), enough=state.enough)
    yield from lost_lines(state, found, words)
    deadline, end = (
        show_time(found.last_time + seconds, words.language)
        for seconds in (state.rules.stage_seconds, state.rules.abandon_seconds)
    )
    yield words("unfinished next", deadline=deadline, end=end)


def damaged_lines(state: State, found: Round | FigureRound, store: Store, words: Words) -> list[str]:
    """The leaves of a round that is not over whose stored bundle is missing or damaged."""
    if found.phase not in (Phase.OPEN, *UNFINISHED):
        return []
    entries = {entry.digest: entry for entry in found.taken() if not entry.struck}

    def fetch(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        leaves = {entries[digest].index: digest for digest in digests}
        return {leaves[leaf]: bundle for leaf, bundle in store.bundles(list(leaves)).items()}

    wrong = [(entry.index, why) for entry, why in unreadable(state, found, list(entries.values()), fetch)]
    lines = [words("damaged", leaf=leaf, why=why) for leaf, why in wrong[:NAMED]]
    more = len(wrong) - NAMED
    return [*lines, words("unfinished more", count=more)] if more > 0 else lines


def lost_lines(state: State, found: Round | FigureRound, words: Words) -> list[str]:
    """The leaves whose sealed shares some members, and not enough, have declared lost."""
    enough = state.enough
    lost = {found.entries[digest][1].index: members for digest, members in found.lost.items()}
    open_ones = [leaf for leaf, members in sorted(lost.items()) if len(members) < enough]
    lines = [
        words("unfinished lost", leaf=leaf, members=_names(state, sorted(lost[leaf]), words), enough=enough)
        for leaf in open_ones[:NAMED]
    ]
    more = len(open_ones) - NAMED
    return [*lines, words("unfinished more", count=more)] if more > 0 else lines


def _names(state: State, members: Iterable[int], words: Words) -> str:
    return words("comma").join(f"{visible(state.rules.members[j - 1].name)} ({j})" for j in members)
