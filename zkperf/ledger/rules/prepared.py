"""A block before its turn: decoded, and verified as far as that needs no more than a round's keys.

That is where nearly all of the time goes. It is done for many leaves at once, and may be done in another
thread while the block before is applied: keys and registrars of a round never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from zkperf._native import IssuanceLeaf, RatingLeaf
from zkperf.encoding import Record
from zkperf.errors import ZkperfError, bare
from zkperf.ledger.figure_transactions import ClaimsPosted, ReportPosted
from zkperf.ledger.rules.figures.claims import can_be_judged, verify_posted_claims
from zkperf.ledger.rules.figures.reports import (
    decode_posted_report,
    is_for_provider,
    verify_posted_reports,
)
from zkperf.ledger.rules.issuance import is_for_service, verify_issuances
from zkperf.ledger.rules.ratings import has_keys
from zkperf.ledger.rules.verification import decode_ratings, verify_ratings
from zkperf.ledger.state import State
from zkperf.ledger.transactions import decode_leaf

Judged = RatingLeaf | IssuanceLeaf | ReportPosted | ClaimsPosted
Decoded = Record | Judged
Trust = Callable[[int, Judged], bool]
"""Whether the proofs, the token or the signatures of this leaf (by its index) are taken for good unseen.
Who signed reports and claims is looked at with their rules, in any case."""


def nothing(index: int, leaf: Judged) -> bool:
    """Every leaf is verified."""
    return False


def everything(index: int, leaf: Judged) -> bool:
    """No leaf is: for what this same process or its predecessor verified and stored under its signature."""
    return True


class Prepared:
    """The leaves of a block, of which the first has the index ``first``."""

    def __init__(
        self,
        leaves: Sequence[bytes | Decoded],
        first: int,
        trusted: Trust = nothing,
        verdicts: Mapping[int, Any] = MappingProxyType({}),
    ) -> None:
        """Leaves that are decoded already stay as they are; ``verdicts`` are known already, by place."""
        self.items = [_decode(leaf) if isinstance(leaf, bytes) else leaf for leaf in leaves]
        self._first = first
        self._trusted = trusted
        self._verdicts: dict[int, Any] = dict(verdicts)
        self.verified = 0
        """Ratings whose proofs and tokens were verified."""

    def verify(self, state: State, now: int | None = None) -> None:
        """Judges every leaf that can be judged on this state, and the one at ``now`` in any case."""
        ratings: dict[int, RatingLeaf] = {}
        believed: dict[int, RatingLeaf] = {}
        issuances: dict[int, IssuanceLeaf] = {}
        reports: dict[int, ReportPosted] = {}
        claims: dict[int, ClaimsPosted] = {}
        for place, item in enumerate(self.items[now or 0 :], now or 0):
            if place in self._verdicts:
                continue
            if isinstance(item, RatingLeaf) and (place == now or has_keys(state, item)):
                (believed if self._trusted(self._first + place, item) else ratings)[place] = item
            elif isinstance(item, IssuanceLeaf) and (place == now or is_for_service(state, item)):
                if self._trusted(self._first + place, item):
                    self._verdicts[place] = None
                else:
                    issuances[place] = item
            elif isinstance(item, ReportPosted) and (place == now or is_for_provider(state, item)):
                if self._trusted(self._first + place, item):
                    self._verdicts[place] = decode_posted_report(state, item)
                else:
                    reports[place] = item
            elif isinstance(item, ClaimsPosted) and (place == now or can_be_judged(state, item)):
                if self._trusted(self._first + place, item):
                    self._verdicts[place] = None
                else:
                    claims[place] = item
        self.verified += len(ratings)
        self._verdicts |= zip(ratings, verify_ratings(state, [*ratings.values()]), strict=True)
        self._verdicts |= zip(believed, decode_ratings(state, [*believed.values()]), strict=True)
        self._verdicts |= zip(issuances, verify_issuances(state, [*issuances.values()]), strict=True)
        self._verdicts |= zip(reports, verify_posted_reports(state, [*reports.values()]), strict=True)
        self._verdicts |= zip(claims, verify_posted_claims(state, [*claims.values()]), strict=True)

    def judged(self) -> Mapping[int, Any]:
        """The verdicts so far, by place."""
        return self._verdicts

    def verdict(self, state: State, place: int) -> Any:
        """Of `verify_ratings` or its like, on the leaf at ``place``, whose turn it is."""
        if place not in self._verdicts:
            self.verify(state, place)
        return self._verdicts.pop(place)


def _decode(data: bytes) -> Decoded | ZkperfError:
    try:
        transaction: Decoded = decode_leaf(data)
    except ZkperfError as error:
        return bare(error)
    return transaction
