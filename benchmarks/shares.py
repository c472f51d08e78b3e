"""A trustee's part while ratings come in: opening its share of each and checking it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import floors
from benchmarks.cohort import FIVE
from benchmarks.known import KnownRound
from benchmarks.measure import Effort, Figure, Target, Work, timed
from zkperf._native import RatingLeaf
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.roles.shares import Sealed, ShareBook

OF_FLOOR = 1.5
"""Opening and checking, divided by one multiplication and one decompression."""
FLOOR = "one multiplication and one decompression"


def figures(effort: Effort) -> Iterator[Figure]:
    """One trustee's share of a rating, opened and checked with many others.

    A ledger hands ratings on to its trustee as it has verified them: their elements are decoded. After a
    restart there are only bytes.
    """
    known = KnownRound.create(FIVE)
    yield opening(known, "shares.open", effort)
    yield opening(known, "shares.open.bytes", effort, from_bytes=True)


def opening(known: KnownRound, name: str, effort: Effort, *, from_bytes: bool = False) -> Figure:
    """Shares of the first trustee."""
    made = list(known.ratings(effort.shares))
    group = known.state.commitment_group
    verified: list[Sealed] = [(RatingLeaf(item.leaf), item.bundle) for item in made]
    verify_ratings(known.state, [leaf for leaf, _ in verified])

    def receive(ratings: Sequence[Sealed]) -> None:
        ShareBook(1, group, known.sealing[0]).receive(known.state, ratings)

    def receive_bytes() -> None:
        receive([(RatingLeaf(item.leaf), item.bundle) for item in made])

    what = "its share, from bytes" if from_bytes else "its share of what was just verified"
    return timed(
        name,
        f"A trustee of {known.state.members} opens and checks {what}, {len(made)} at once, each",
        {**known.parameters, "batch": len(made)},
        Work(receive_bytes if from_bytes else lambda: receive(verified), len(made)),
        effort,
        {FLOOR: floors.opening(group, [item.core.ephemeral for item in made])},
        ratio_targets={FLOOR: Target(OF_FLOOR)} if name.startswith("shares.") else {},
    )
