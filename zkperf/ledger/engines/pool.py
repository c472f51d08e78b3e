"""Ratings that wait for their cohort's next batch, the latest of each pseudonym."""

from __future__ import annotations

from dataclasses import dataclass

from zkperf._native import RatingLeaf
from zkperf.ledger.state import Committed
from zkperf.ledger.store.block import Rater


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A verified, durable rating that is not on the log yet."""

    round: bytes
    unit: int
    pseudonym: bytes
    sequence: int
    digest: bytes
    leaf: RatingLeaf
    committed: Committed | None
    """As `verify_ratings` gave it. None after a restart: what is stored was verified before."""

    @classmethod
    def of(cls, leaf: RatingLeaf, committed: Committed | None) -> Waiting:
        return cls(leaf.round, leaf.unit, leaf.pseudonym, leaf.sequence, leaf.digest, leaf, committed)

    @property
    def core(self) -> bytes:
        """Its leaf to be."""
        return self.leaf.data

    @property
    def rater(self) -> Rater:
        return self.round, self.unit, self.pseudonym


class Pool:
    """Waiting ratings by cohort and pseudonym. One overtaken while waiting is forgotten."""

    def __init__(self) -> None:
        self._cohorts: dict[tuple[bytes, int], dict[bytes, Waiting]] = {}
        self._raters: dict[bytes, Rater] = {}

    def put(self, item: Waiting) -> None:
        """Adds a rating, in place of an earlier one of the same pseudonym."""
        self.drop(item.rater)
        self._cohorts.setdefault((item.round, item.unit), {})[item.pseudonym] = item
        self._raters[item.digest] = item.rater

    def get(self, round_id: bytes, unit: int, pseudonym: bytes) -> Waiting | None:
        return self._cohorts.get((round_id, unit), {}).get(pseudonym)

    def rater_of(self, digest: bytes) -> Rater | None:
        """Whose rating with this digest waits."""
        return self._raters.get(digest)

    def of(self, round_id: bytes, unit: int) -> list[Waiting]:
        """Everything that waits in one cohort."""
        return list(self._cohorts.get((round_id, unit), {}).values())

    def drop(self, rater: Rater) -> None:
        """Forgets the rating of this rater, if one waits."""
        round_id, unit, pseudonym = rater
        item = self._cohorts.get((round_id, unit), {}).pop(pseudonym, None)
        if item is not None:
            del self._raters[item.digest]
