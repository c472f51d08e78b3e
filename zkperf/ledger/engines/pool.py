"""Ratings that wait for their cohort's next batch, the latest of each pseudonym."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Waiting:
    """A verified, durable rating that is not on the log yet. ``core`` is its leaf."""

    round: bytes
    unit: int
    pseudonym: bytes
    sequence: int
    core: bytes


class Pool:
    """Waiting ratings by cohort and pseudonym. One overtaken while waiting is forgotten."""

    def __init__(self) -> None:
        self._cohorts: dict[tuple[bytes, int], dict[bytes, Waiting]] = {}
        self._places: dict[bytes, tuple[bytes, int, bytes]] = {}

    def put(self, item: Waiting) -> None:
        """Adds a rating, in place of an earlier one of the same pseudonym."""
        cohort = self._cohorts.setdefault((item.round, item.unit), {})
        overtaken = cohort.get(item.pseudonym)
        if overtaken is not None:
            del self._places[sha256(overtaken.core).digest()]
        cohort[item.pseudonym] = item
        self._places[sha256(item.core).digest()] = (item.round, item.unit, item.pseudonym)

    def get(self, round_id: bytes, unit: int, pseudonym: bytes) -> Waiting | None:
        return self._cohorts.get((round_id, unit), {}).get(pseudonym)

    def of(self, round_id: bytes, unit: int) -> list[Waiting]:
        """Everything that waits in one cohort."""
        return list(self._cohorts.get((round_id, unit), {}).values())

    def drop(self, digest: bytes) -> None:
        """Forgets the rating with this digest, if it waits."""
        place = self._places.pop(digest, None)
        if place is not None:
            round_id, unit, pseudonym = place
            del self._cohorts[round_id, unit][pseudonym]
