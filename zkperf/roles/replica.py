"""A replica: the state that follows from a public log, for those who take part and believe no service.

It is built as an audit builds it, from every leaf and under the log's signed checkpoint, but stops at the
first thing that does not hold. Whoever keeps what was seen is not shown an older log, nor another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from zkperf._native import RatingLeaf
from zkperf.errors import InvalidLogProof, RuleViolation, ZkperfError
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.prepared import Judged, Prepared
from zkperf.ledger.state import State
from zkperf.roles.audit_parts import Known
from zkperf.roles.auditor import PublicLog, Reading
from zkperf.roles.software import software_digest
from zkperf.roles.view import ledger_policy

Visit = Callable[[int, Sequence[bytes]], None]
"""Called with the index of the first of some leaves, and the leaves, before they are judged."""


class Seen(Known):
    """A log as far as it was seen: the next one that is shown has to continue it.

    It is not what an audit keeps: citizens' ratings need not have been verified.
    """

    format = "zkperf-replica/1"
    remedy = "move it away; then hold the ledger's genesis digest against the one that is published"


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
    believed = seen.size if seen is not None and seen.trusted else 0
    expected = seen.genesis if genesis is None and seen is not None else genesis
    reading = Reading(log, seen)
    state = State(leaf=log.leaf, root=reading.root, pairing=BLS12381)

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
    if seen is not None:
        _require_continued(reading, seen)
    return Replica(state, Seen(state.ledger, tree.size, tree.root(), note, software_digest()))


def _require_ledger(leaf: bytes, expected: bytes | None) -> None:
    digest = sha256(leaf).digest()
    if expected is not None and digest != expected:
        raise RuleViolation(f"expected the ledger {expected.hex()}, got {digest.hex()}", check="genesis")


def _require_continued(reading: Reading, seen: Seen) -> None:
    """What was seen before is what this log begins with."""
    if reading.tree.size < seen.size:
        raise InvalidLogProof(
            f"stale: the log shown has {reading.tree.size} leaves, and {seen.size} of it were seen before"
        )
    if reading.known_root != seen.root:
        raise InvalidLogProof(
            f"the log shown does not continue the one seen before, whose checkpoint of {seen.size} leaves "
            "was signed too: keep both"
        )
