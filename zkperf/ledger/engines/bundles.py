"""Sealed bundles against the digests that their entries carry: what is not its entry's own is of no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from circuits.rating import Bundle, check_sealed
from zkperf._native import RatingLeaf
from zkperf.errors import ZkperfError, bare
from zkperf.ledger.engines.door import check_bundles
from zkperf.ledger.state import Accepted, FigureRound, Filed, Round, State
from zkperf.ledger.transactions import decode_transaction

AT_ONCE = 256

Entries = Sequence[Accepted | Filed]
FetchBundles = Callable[[Sequence[bytes]], dict[bytes, bytes]]
"""Digests of entries to their bundles, of those that can be had."""


def unreadable(
    state: State, found: Round | FigureRound, entries: Entries, fetch: FetchBundles
) -> Iterator[tuple[Accepted | Filed, str]]:
    """The entries on the log whose bundle cannot be had, or is not their own, each with what is wrong."""
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        bundles = fetch([entry.digest for entry in some])
        there = [entry for entry in some if entry.digest in bundles]
        yield from ((entry, "its bundle is missing") for entry in some if entry.digest not in bundles)
        pairs = [bundles[entry.digest] for entry in there]
        for entry, refusal in zip(there, wrong(state, found, there, pairs), strict=True):
            if refusal is not None:
                yield entry, f"its bundle is damaged: {refusal}"


def wrong(
    state: State, found: Round | FigureRound, entries: Entries, bundles: Sequence[bytes]
) -> list[ZkperfError | None]:
    """For each entry on the log why this bundle is not its own; None where it is."""
    leaves = [state.leaf(entry.index) for entry in entries]
    if isinstance(found, Round):
        ratings = [RatingLeaf(leaf) for leaf in leaves]
        return check_bundles(state, found, list(zip(ratings, bundles, strict=True)))
    refusals: list[ZkperfError | None] = []
    for leaf, bundle in zip(leaves, bundles, strict=True):
        report = decode_transaction(leaf).report
        try:
            sizes = [1] * len(report.commitments)
            check_sealed(state.commitment_group, sizes, report, Bundle.decode(bundle), state.members)
            refusals.append(None)
        except ZkperfError as error:
            refusals.append(bare(error))
    return refusals
