"""Claims proved and verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from circuits.claims.catalogue import Asked, state_claim
from circuits.claims.kinds import Published
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InputError, InvalidProof, ZkperfError, bare
from zkperf.groups.base import Group
from zkperf.proofs import committed
from zkperf.proofs.committed import Presented
from zkperf.randomness import RandomBytes, system


@dataclass(frozen=True)
class Opening:
    """V = value·G + blinding·H: what a provider keeps of a figure, and shows an auditor."""

    value: int = field(repr=False)
    blinding: int = field(repr=False)


@dataclass(frozen=True)
class ClaimContext:
    """Everything public that a claim's proof is for, beyond what it is about."""

    ledger: bytes
    scheme: bytes
    """The scheme's digest."""
    round: bytes
    unit: int
    provider: bytes
    """The key that signs it."""
    report: bytes
    """The digest of the report whose commitments it is about."""
    previous: bytes | None
    """The digest of the last period's report, where the claim needs one."""
    previous_scheme: bytes | None
    """The digest of the scheme that says which commitment of that report is which indicator's."""

    def bind(self, number: int, outcome: Published | None) -> bytes:
        """The context of the proof of claim ``number`` with this outcome."""
        here = [self.ledger, self.scheme, self.round, self.unit, self.provider, self.report]
        return encode(["zkperf/v1/claim", *here, self.previous, self.previous_scheme, number, outcome])


class ProvedClaim(NamedTuple):
    """A claim to verify. ``commitments`` and their encodings are in the order of `needs`."""

    asked: Asked
    context: ClaimContext
    commitments: tuple[Any, ...]
    encoded: tuple[bytes, ...]
    proof: bytes


def prove_claim(
    group: Group,
    asked: Asked,
    context: ClaimContext,
    openings: Sequence[Opening],
    commitments: Sequence[Any],
    source: RandomBytes = system,
) -> bytes:
    """The proof of a claim. DoesNotHold if it is not true: then there is nothing to send."""
    statement = state_claim(asked, [opening.value for opening in openings])
    bound = context.bind(asked.number, asked.outcome)
    blindings = [opening.blinding for opening in openings]
    return committed.prove(group, statement, commitments, blindings, bound, source=source)


def verify_claims(
    group: Group, claims: Sequence[ProvedClaim], source: RandomBytes = system
) -> list[ZkperfError | None]:
    """For each claim why it is refused (EncodingError, InvalidProof), or None. One batch for all."""
    verdicts: list[ZkperfError | None] = []
    presented, places = [], []
    for item in claims:
        try:
            statement = state_claim(item.asked)
            if len(item.commitments) != statement.given:
                raise EncodingError(f"claim: expected {statement.given} commitments")
        except (EncodingError, InputError, InvalidProof) as error:
            verdicts.append(InvalidProof(str(error)) if isinstance(error, InputError) else bare(error))
            continue
        bound = item.context.bind(item.asked.number, item.asked.outcome)
        places.append(len(verdicts))
        verdicts.append(None)
        presented.append(Presented(statement, item.commitments, item.encoded, (), bound, item.proof))
    for place, verdict in zip(places, committed.verify_statements(group, presented, source), strict=True):
        verdicts[place] = verdict
    return verdicts
