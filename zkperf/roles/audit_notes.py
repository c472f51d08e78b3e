"""What an audit lists beside its verdict: nothing that is wrong, but what a reader should know.

Members who signed the founding and nothing since: they agreed to take part, but no key, no check and no sum
of theirs stands behind what is published.

Rounds that share services, at the same time or one after the other. If a case got a voucher in both, what
was published of one is nearly what was published of the other, and the difference tells what few have
answered. And services of which the rules cannot tell whether they are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from zkperf.encoding import Record
from zkperf.ledger.identity import Path, Service, paths
from zkperf.ledger.paths import unit_path
from zkperf.ledger.state import Phase, State
from zkperf.ledger.transactions import DealChallenged, DealCommitted, DealPosted, RoundOpened


@dataclass(frozen=True)
class SilentMember:
    """A member of whom nothing is on the log but that it joined."""

    number: int
    name: str


def silent_members(state: State, heard: Collection[int | None]) -> list[SilentMember]:
    """The members but those ``heard``, by number."""
    members = () if state.genesis is None else state.genesis.members
    return [SilentMember(j, member.name) for j, member in enumerate(members, 1) if j not in heard]


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


SAME = "the same"
REGISTRAR = "the same names, different registrars"
PLACE = "the same name and registrar, different places in the tree"


@dataclass(frozen=True)
class Overlap:
    """Rounds with services that are the same, or of which nobody but their registrars can tell."""

    why: str
    """SAME, REGISTRAR or PLACE."""
    rounds: tuple[str, ...]
    """Names with the beginnings of identifiers, in the order of the ledger."""
    services: tuple[str, ...]
    """Their names from below the root."""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"why": self.why, "rounds": list(self.rounds), "services": list(self.services)}


def shared_services(state: State) -> list[Overlap]:
    """Every service that is in several rounds, grouped by rounds. Those that never opened are left out."""
    opened = [found for found in state.rounds.values() if found.phase is not Phase.ABANDONED or found.keyed]
    return overlaps([(found.digest, found.opened) for found in opened])


def overlaps(rounds: Sequence[tuple[bytes, RoundOpened]]) -> list[Overlap]:
    """What these rounds have in common, by identifier and opening."""
    having: defaultdict[Service, set[int]] = defaultdict(set)
    at_path: defaultdict[Path, set[int]] = defaultdict(set)
    keys: defaultdict[Path, set[bytes]] = defaultdict(set)
    ends: defaultdict[tuple[str, bytes], set[Path]] = defaultdict(set)
    written: dict[Path, str] = {}
    for place, (_, opened) in enumerate(rounds):
        for number, (path, unit) in enumerate(zip(paths(opened.units), opened.units, strict=True)):
            if unit.registrar is not None:
                having[path, unit.registrar].add(place)
                at_path[path].add(place)
                keys[path].add(unit.registrar)
                ends[path[-1], unit.registrar].add(path)
                written.setdefault(path, unit_path(opened.units, number))
    found: defaultdict[tuple[str, tuple[int, ...]], set[Path]] = defaultdict(set)
    for (path, _), places in having.items():
        if len(places) > 1:
            found[SAME, tuple(sorted(places))].add(path)
    for path, places in at_path.items():
        if len(keys[path]) > 1:
            found[REGISTRAR, tuple(sorted(places))].add(path)
    for alike in ends.values():
        for one, other in permutations(alike, 2):
            # In one round there are both: then they are two. So only where each is without the other.
            if at_path[one] - at_path[other] and at_path[other] - at_path[one]:
                found[PLACE, tuple(sorted(at_path[one] ^ at_path[other]))].add(one)
    return [
        Overlap(
            why,
            tuple(f"{rounds[place][1].name} ({rounds[place][0].hex()[:12]})" for place in places),
            tuple(sorted(written[path] for path in shared)),
        )
        for (why, places), shared in sorted(found.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
