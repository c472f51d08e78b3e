"""After close: what waited enters the log, one mark says that all of it has, and members name that log.

Draining ends with the mark and with nothing else, so nobody but the sequencer decides what is on the log.
The mark has no time: final batches and mark may lie in as many blocks as they need.
"""

from __future__ import annotations

from zkperf.ledger.rules.common import find_either, require
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import FigureRound, Mark, Phase, Round, State
from zkperf.ledger.transactions import Checked, RoundDrained, set_digest

CHECK = "counted set"


def process_round_drained(state: State, drained: RoundDrained) -> None:
    """The entries of the round are those on the log now."""
    verify_signed(drained, state.rules.log_key, state.ledger, whose="the ledger's sequencer")
    found = find_either(state, drained.round, CHECK, Phase.DRAINING)
    found.mark = Mark(state.size, set_digest(entry.digest for entry in found.taken()))
    found.phase = Phase.CHECKING


def require_this_log(state: State, found: Round | FigureRound, checked: Checked) -> None:
    """``checked`` is about the leaves and the entries of this log, and of no other."""
    mark = found.mark
    assert mark is not None
    said = (checked.mark, checked.root, checked.entries)
    require(
        said == (mark.index, mark.root(state), mark.entries),
        CHECK,
        "this member has checked another log: mark, root and entries are not those of this one",
    )
