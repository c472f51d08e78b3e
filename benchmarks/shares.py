"""A trustee's part while ratings come in: opening its share of each and checking it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import floors
from benchmarks.cohort import FIVE, open_cohort
from benchmarks.measure import Effort, Figure, Work, timed
from zkperf._native import RatingLeaf
from zkperf.ledger.rules.verification import verify_ratings
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.shares import Sealed, ShareBook


def figures(effort: Effort) -> Iterator[Figure]:
    """One trustee's share of a rating, opened and checked with many others.

    A ledger hands ratings on to its trustee as it has verified them: their elements are decoded. After a
    restart there are only bytes.
    """
    with open_cohort(FIVE) as cohort:
        token = cohort.draw_token()
        made = [cohort.rate(token) for _ in range(effort.shares)]
        encoded = [(encode_transaction(core), bundle.encode()) for core, bundle in made]
        verified = [(RatingLeaf(leaf), bundle) for leaf, bundle in encoded]
        verify_ratings(cohort.state, [leaf for leaf, _ in verified])
        secret = cohort.folder.keys("member-1").sealing_key(cohort.group)

        def receive(ratings: Sequence[Sealed]) -> None:
            ShareBook(1, cohort.group, secret).receive(cohort.state, ratings)

        for name, what, call in (
            ("shares.open", "its share", lambda: receive(verified)),
            (
                "shares.open.bytes",
                "its share from bytes",
                lambda: receive([(RatingLeaf(leaf), bundle) for leaf, bundle in encoded]),
            ),
        ):
            yield timed(
                name,
                f"A trustee opens and checks {what}, {len(encoded)} at once, each",
                {**cohort.parameters, "batch": len(encoded)},
                Work(call, len(encoded)),
                effort,
                {"one multiplication and one decompression": floors.opening(cohort.group)},
            )
