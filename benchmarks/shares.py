"""A trustee's part while ratings come in: opening its share of each and checking it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import floors
from benchmarks.cohort import FIVE, open_cohort
from benchmarks.measure import Effort, Figure, Work, timed
from zkperf.roles.shares import ShareBook


def figures(effort: Effort) -> Iterator[Figure]:
    """One trustee's share of a rating, opened and checked with many others."""
    with open_cohort(FIVE) as cohort:
        token = cohort.draw_token()
        ratings = [cohort.rate(token) for _ in range(effort.shares)]
        secret = cohort.folder.keys("member-1").sealing_key(cohort.group)

        def receive() -> None:
            ShareBook(1, cohort.group, secret).receive(cohort.state, ratings)

        yield timed(
            "shares.open",
            f"A trustee opens and checks its share, {len(ratings)} at once, each",
            {**cohort.parameters, "batch": len(ratings)},
            Work(receive, len(ratings)),
            effort,
            {"one multiplication and one decompression": floors.opening(cohort.group)},
        )
