"""What an audit lists beside its verdict: nothing that is wrong, but what a reader should know.

Members who signed the founding and nothing since. They agreed to take part, but no key, no check and no sum
of theirs stands behind what is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zkperf.encoding import Record
from zkperf.ledger.state import State
from zkperf.ledger.transactions import DealChallenged, DealCommitted, DealPosted


@dataclass(frozen=True)
class SilentMember:
    """A member of whom nothing is on the log but that it joined."""

    number: int
    name: str


def silent_members(state: State, heard: Iterable[int]) -> list[SilentMember]:
    """The members but those ``heard``, by number."""
    members = () if state.genesis is None else state.genesis.members
    known = set(heard)
    return [SilentMember(j, member.name) for j, member in enumerate(members, 1) if j not in known]


def signing_member(transaction: Record) -> int | None:
    """The member (1..n) who signs a transaction; None if it is not a member's kind."""
    if isinstance(transaction, DealCommitted):
        return transaction.commitment.dealer
    if isinstance(transaction, DealPosted):
        return transaction.deal.dealer
    if isinstance(transaction, DealChallenged):
        return transaction.complaint.accuser
    # All others name it `trustee`, in the transaction itself or in its complaint.
    number = getattr(getattr(transaction, "complaint", transaction), "trustee", None)
    return number if isinstance(number, int) else None
