"""What closing a round would publish, told before it: to its evaluator alone, and anew once an hour.

How many ratings wait is told to nobody: whoever watched the number would see when each of them came. Of every
unit the evaluator learns whether it has enough, by the disclosure rule on what is on the log and what waits
(protocol, section 6.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import encoding, signatures
from zkperf.encoding import Bytes32, Bytes64, Record, Sequence, Uint
from zkperf.errors import RuleViolation
from zkperf.ledger.disclosure import disclose, totals
from zkperf.ledger.engines.clock import require_now
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import Cohort, Phase, Round, State

RENEWED_SECONDS = 3600
CHECK = "rounds"


class Outlook(Record):
    """Of every unit of a round, in order, whether closing it would have published it at that time."""

    round: Bytes32
    at: Uint
    enough: Sequence[bool]


class OutlookAsked(Record):
    """An evaluator's signed question for the outlook of a round."""

    signature: Bytes64
    evaluator: Bytes32
    round: Bytes32
    at: Uint

    def message(self, ledger: bytes) -> bytes:
        """What the signature covers."""
        return b"zkperf/v1/outlook" + encoding.encode([ledger, *self.to_array()[1:]])

    @classmethod
    def signed(cls, key: Ed25519PrivateKey, ledger: bytes, round_id: bytes, at: int) -> OutlookAsked:
        """The question, signed with an evaluator's key."""
        draft = cls(signature=NO_SIGNATURE, evaluator=public_bytes(key), round=round_id, at=at)
        return draft.model_copy(update={"signature": key.sign(draft.message(ledger))})

    def check(self, state: State, now: float) -> Round:
        """The round that is asked about. RuleViolation or InvalidSignature unless one of the ledger's
        evaluators asks now, about a round that takes ratings."""
        if self.evaluator not in state.rules.evaluators:
            raise RuleViolation("the signer is not one of the ledger's evaluators", check=CHECK)
        message = self.message(state.ledger)
        signatures.verify(self.evaluator, message, self.signature, whose="the evaluator")
        require_now(self.at, now, CHECK)
        found = state.rounds.get(self.round)
        if found is None or found.phase is not Phase.OPEN:
            raise RuleViolation("there is no such round that is open for ratings", check=CHECK)
        return found


def renewed(
    before: Outlook | None, found: Round, waiting: Callable[[int], Iterable[bytes]], now: float
) -> Outlook:
    """The outlook ``before``, if it is of this hour; else a new one. ``waiting`` are the pseudonyms whose
    ratings wait, by service."""
    if before is not None and before.round == found.digest and abs(now - before.at) < RENEWED_SECONDS:
        return before
    numbers = {unit: _counted(cohort, waiting(unit)) for unit, cohort in found.cohorts.items()}
    publication = disclose(found.tree, totals(found.tree, numbers), found.opened.min_cohort)
    units = range(len(found.opened.units))
    return Outlook(
        round=found.digest, at=int(now), enough=tuple(unit not in publication.withheld for unit in units)
    )


def _counted(cohort: Cohort, waiting: Iterable[bytes]) -> int:
    """How many ratings would count: a rating that waits replaces its pseudonym's, also one struck out."""
    logged = cohort.ratings
    return cohort.counted + sum(pseudonym not in logged or logged[pseudonym].struck for pseudonym in waiting)
