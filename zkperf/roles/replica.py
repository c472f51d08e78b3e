"""A replica: the state that follows from a public log, for those who take part and believe no service.

It is built as an audit builds it, from every leaf and under the log's signed checkpoint, but stops at the
first thing that does not hold. Whoever keeps what was seen is not shown an older log, nor another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from zkperf import __version__
from zkperf._native import RatingLeaf
from zkperf.errors import InputError, InvalidLogProof, RuleViolation, ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.log.merkle import root_of
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.prepared import Judged, Prepared
from zkperf.ledger.state import State
from zkperf.roles.audit_parts import Known
from zkperf.roles.auditor import PublicLog, Reading
from zkperf.roles.view import ledger_policy

FORMAT = "zkperf-replica/1"

Visit = Callable[[int, Sequence[bytes]], None]
"""Called with the index of the first of some leaves, and the leaves, before they are judged."""


@dataclass(frozen=True)
class Seen:
    """A log as far as it was seen: the next one that is shown has to continue it."""

    known: Known
    software: str = __version__

    @property
    def believed(self) -> int:
        """So many leaves were verified by these very rules."""
        return self.known.size if self.software == __version__ else 0

    def encode(self) -> bytes:
        """A file's content: JSON."""
        fields = {
            "format": FORMAT,
            "software": self.software,
            "genesis": self.known.genesis.hex(),
            "size": self.known.size,
            "root": self.known.root.hex(),
            "checkpoint": self.known.note,
        }
        return (json.dumps(fields, indent=1) + "\n").encode("utf-8")

    @classmethod
    def decode(cls, data: bytes, where: str) -> Seen:
        """What `encode` wrote. InputError, naming the file ``where``, for anything else."""
        try:
            fields = json.loads(data)
            if fields["format"] != FORMAT:
                raise ValueError
            known = Known(
                bytes.fromhex(fields["genesis"]),
                int(fields["size"]),
                bytes.fromhex(fields["root"]),
                str(fields["checkpoint"]),
            )
            return cls(known, str(fields["software"]))
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{where}: does not say how far a log was seen") from None


@dataclass(frozen=True)
class Replica:
    """A log's state, every leaf of it judged, and what to keep of it."""

    state: State
    seen: Seen


def replicate(
    log: PublicLog,
    genesis: bytes | None = None,
    seen: Seen | None = None,
    *,
    ratings: bool = False,
    visit: Visit = lambda first, leaves: None,
) -> Replica:
    """The state of a log. ``genesis`` is the digest by which the reader knows the ledger.

    Proofs and tokens of citizens' ratings are verified only if ``ratings`` is true: who reports figures does
    not depend on them. Raises the reason if anything does not hold, RuleViolation if it is another ledger,
    InvalidLogProof if the log does not continue the one ``seen``.
    """
    known = None if seen is None else seen.known
    believed = 0 if seen is None else seen.believed
    expected = genesis if genesis is not None else known.genesis if known is not None else None
    state = State(leaf=log.leaf, root=lambda size: root_of(log.leaf, size), pairing=BLS12381)
    reading = Reading(log, known)

    def trusted(index: int, leaf: Judged) -> bool:
        return index < believed or (not ratings and isinstance(leaf, RatingLeaf))

    def failed(index: int, error: ZkperfError) -> None:
        raise error

    for first, chunk in reading.chunks():
        if first == 0:
            _require_ledger(chunk[0], expected)
        visit(first, chunk)
        block = Prepared(chunk, first, trusted)
        block.verify(state)
        apply(state, block, on_failure=failed)
    if reading.broken is not None:
        raise reading.broken
    if reading.first is None:
        raise InvalidLogProof("the log is empty")
    if reading.damaged:
        raise InvalidLogProof(reading.damaged[0])
    note, tree = log.checkpoint(), reading.tree
    checkpoint = ledger_policy(state.ledger, state.rules.log_key).verify(note, only_known=True)
    if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
        raise InvalidLogProof("the signed checkpoint is not that of these leaves")
    if known is not None:
        _require_continued(reading, known)
    return Replica(state, Seen(Known(state.ledger, tree.size, tree.root(), note)))


def _require_ledger(leaf: bytes, expected: bytes | None) -> None:
    digest = sha256(leaf).digest()
    if expected is not None and digest != expected:
        raise RuleViolation(f"expected the ledger {expected.hex()}, got {digest.hex()}", check="genesis")


def _require_continued(reading: Reading, known: Known) -> None:
    """What was seen before is what this log begins with."""
    if reading.tree.size < known.size:
        raise InvalidLogProof(
            f"stale: the log shown has {reading.tree.size} leaves, and {known.size} of it were seen before"
        )
    if reading.known_root != known.root:
        raise InvalidLogProof(
            f"the log shown does not continue the one seen before, whose checkpoint of {known.size} leaves "
            "was signed too: keep both"
        )
