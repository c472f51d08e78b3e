"""Ratings on ristretto255 in the kernel: the readable definition beside this file, hot.

Tests hold the two to the same bytes and the same verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from circuits.layout import Layout
from circuits.rating.core import Bundle, Core, RatingContext, auxiliary_key, commitment_keys
from zkperf._native import G2Element, RatingProver, RatingVerifier
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.randomness import RandomBytes, system
from zkperf.transcript import session_id


def kernel_verifier(
    layout: Layout, context: RatingContext, cohort_keys: Mapping[int, G2Element]
) -> RatingVerifier:
    """The kernel's verifier of ``context``'s round, for ratings of the units that have a key here."""
    auxiliary = auxiliary_key(RISTRETTO255, layout)
    longest = max(commitment_keys(RISTRETTO255, layout), key=lambda key: len(key.generators))
    return RatingVerifier(
        ledger=context.ledger,
        round=context.round,
        scheme=context.scheme,
        layout=layout.digest,
        members=context.members,
        threshold=context.threshold,
        session_id=session_id("rating", RISTRETTO255),
        size=layout.size,
        rules=[(rule.pivot, rule.constant, list(rule.terms)) for rule in layout.rules],
        commitments=[[list(row) for row in rows] for rows in layout.commitments],
        auxiliary_bits=list(layout.auxiliary),
        slots=list(longest.generators),
        auxiliary=list(auxiliary.generators),
        blinding=auxiliary.blinding,
        keys=cohort_keys,
    )


def build_rating_in_kernel(
    prover: RatingProver,
    context: RatingContext,
    secret: bytes,
    token: bytes,
    sequence: int,
    bits: Sequence[int],
    source: RandomBytes = system,
) -> tuple[Core, Bundle]:
    """What `build_rating` makes from the same random bytes. ``secret`` is x, encoded.

    ``prover`` is for the round of ``context``. Raises EncodingError unless ``secret`` is a reduced scalar,
    and ValueError if it is 0 or the bits are no answers.
    """
    x, y, commitments, coefficients, digest, proof, salts, sealed = prover.rate(
        context.unit, secret, token, sequence, bytes(bits), None if source is system else source
    )
    core = Core(
        round=context.round,
        unit=context.unit,
        pseudonym=x,
        ephemeral=y,
        token=token,
        sequence=sequence,
        commitments=commitments,
        coefficients=coefficients,
        digest=digest,
        proof=proof,
    )
    return core, Bundle(salts=salts, sealed=sealed)
