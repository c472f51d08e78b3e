"""What a store is given: ratings that wait, and blocks of leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

Rater = tuple[bytes, int, bytes]
"""Round, unit and pseudonym: whose rating it is."""


@dataclass(frozen=True)
class PendingRating:
    """A rating that is durable but not in the log yet, with its bundle."""

    round: bytes
    unit: int
    pseudonym: bytes
    sequence: int
    core: bytes = field(repr=False)
    bundle: bytes = field(repr=False)

    @property
    def rater(self) -> Rater:
        return self.round, self.unit, self.pseudonym

    @property
    def digest(self) -> bytes:
        """SHA-256 of the core."""
        return sha256(self.core).digest()


@dataclass
class Block:
    """What is appended to the log at once, and what goes with it. Leaves are known by their index."""

    start: int
    """The size of the log before it."""
    leaves: list[bytes] = field(default_factory=list)
    bundles: dict[int, bytes] = field(default_factory=dict, repr=False)
    """Of ratings that enter without having waited, and of reports."""
    entered: dict[int, Rater] = field(default_factory=dict)
    """Ratings that waited and wait no longer; their bundles stay. Who is not there is not missed."""
    gone: list[Rater] = field(default_factory=list)
    """Who waits no longer and does not enter: ratings and bundles are deleted."""
    needless: list[int] = field(default_factory=list)
    """Leaves whose bundles must go. What is not there is not missed."""
