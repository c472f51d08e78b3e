"""Bundles that members cannot read: enough say so, and the entry falls out (protocol, section 7.1)."""

from __future__ import annotations

from zkperf.ledger.rules.common import find_either, require, require_trustee
from zkperf.ledger.rules.complaints import strike
from zkperf.ledger.state import Phase, State
from zkperf.ledger.transactions import BundlesLost

CHECK = "counted set"


def process_bundles_lost(state: State, posted: BundlesLost) -> None:
    """A member has no bundle of these entries that is theirs. What enough members have not got is struck out.

    Also of a member that has checked: what it could read then may be lost to it since.
    """
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_either(state, posted.round, CHECK, Phase.CHECKING)
    entries = posted.entries
    require(len(entries) > 0, CHECK, "no bundle is named")
    require(list(entries) == sorted(set(entries)), CHECK, "the entries are not in order, each once")
    for digest in entries:
        name = digest.hex()[:16]
        require(digest in found.entries, CHECK, f"{name} is not on the log, or was replaced")
        require(not found.entries[digest][1].struck, CHECK, f"{name} is struck out already")
        said = posted.trustee in found.lost.get(digest, ())
        require(not said, CHECK, f"this member has declared the bundle of {name} lost already")
    for digest in entries:
        members = found.lost.setdefault(digest, set())
        members.add(posted.trustee)
        if len(members) == state.enough:
            unit, entry = found.entries[digest]
            strike(state, found, unit, entry)
            found.fallen[unit] = found.fallen.get(unit, 0) + 1
