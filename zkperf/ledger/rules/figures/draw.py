"""The public draw: which figures have to be shown to an auditor (protocol, section 12.11)."""

from __future__ import annotations

from zkperf.ledger.figure_transactions import DrawShare
from zkperf.ledger.rules.common import find_figures, require, require_trustee
from zkperf.ledger.state import FigureRound, Inspection, Phase, State
from zkperf.tokens.draw import draw_point, draw_seed, select, verify_draw_share

CHECK = "draw"
DRAW = 0
"""The one cohort of the key generation for a draw."""


def process_draw_share(state: State, posted: DrawShare) -> None:
    """A trustee's share of the signature on the root of the log up to the mark. t of them fix the draw."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_figures(state, posted.round, CHECK, Phase.PUBLISHED)
    require(posted.trustee not in found.draw_shares, CHECK, "this member has posted its share already")
    share = state.pairing.g1.decode(posted.share)
    key = state.pairing.g2.decode(found.keygen_of(DRAW).share_key(DRAW, posted.trustee))
    verify_draw_share(state.pairing, key, point_of(state, found), share)
    found.draw_shares[posted.trustee] = share
    if len(found.draw_shares) == state.rules.threshold:
        seed = draw_seed(state.pairing, found.draw_shares, state.rules.threshold)
        drawn = select(candidates(found), found.scheme.scheme.draw, seed)
        found.drawn = tuple(Inspection(unit, indicator) for unit, indicator in drawn)
        found.phase = Phase.INSPECTING
        conclude_if_shown(found)


def point_of(state: State, found: FigureRound) -> object:
    """What trustees sign for the draw of a round: nobody knew it before the round's entries were fixed."""
    assert found.mark is not None
    return draw_point(state.pairing, state.ledger, found.digest, found.mark.root(state))


def candidates(found: FigureRound) -> list[tuple[int, int]]:
    """Every figure that counts, as (unit, indicator), in order."""
    counted = ((leaf, found.counted(leaf)) for leaf in found.tree.leaves())
    return [(leaf, k) for leaf, filed in counted if filed is not None for k in filed.reported]


def conclude_if_shown(found: FigureRound) -> None:
    """Nobody has to wait for the deadline once everything that was drawn is attested."""
    if found.phase is Phase.INSPECTING and not _unseen(found):
        conclude(found)


def conclude(found: FigureRound) -> None:
    """Drawn figures without an attestation are recorded as refused."""
    found.refused = _unseen(found)
    found.phase = Phase.CONCLUDED


def _unseen(found: FigureRound) -> tuple[Inspection, ...]:
    return tuple(item for item in found.drawn if not found.attested.get((item.unit, item.indicator)))
