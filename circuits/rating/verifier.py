"""Checking ratings: each gives a few equations, and many ratings are one batch of them."""

from __future__ import annotations

from collections.abc import Sequence

from circuits.constraints import apply
from circuits.layout import Layout
from circuits.rating.core import (
    Core,
    DecodedCore,
    RatingContext,
    auxiliary_key,
    challenge,
    commitment_keys,
    decode_core,
)
from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.batch import Equation, verify_all
from zkperf.randomness import RandomBytes, system


def rating_equations(
    group: Group,
    layout: Layout,
    keys: Sequence[CommitmentKey],
    context: RatingContext,
    core: Core,
    decoded: DecodedCore,
) -> list[Equation]:
    """The equations that hold exactly when the proof of ``core`` is valid.

    ``keys`` are `commitment_keys` and ``decoded`` is `decode_core` of the same layout and core. Raises
    InvalidProof if the rating is for another round or unit than the context's.
    """
    if (core.round, core.unit) != (context.round, context.unit):
        raise InvalidProof("the rating is for another round or unit")
    order = group.order
    first_size = (len(keys) + 3) * group.element_size
    e = challenge(group, layout, context, core, core.proof[:first_size])
    f = [0] * layout.size
    for bit, value in zip(layout.free, decoded.f, strict=True):
        f[bit] = value
    # L·f = e·c, solved for the pivots
    for rule in layout.rules:
        f[rule.pivot] = (e * rule.constant + sum(factor * f[bit] for bit, factor in rule.terms)) % order
    equations = []
    for q, (key, rows) in enumerate(zip(keys, layout.commitments, strict=True)):
        # e·C_q + A_q = Com_G(M_q·f; z_{r,q})
        equations.append(
            Equation(
                f"commitment {q}",
                (e, 1, *(-entry for entry in apply(rows, f)), -decoded.z_r[q]),
                (decoded.commitments[q], decoded.masks[q], *key.generators, key.blinding),
            )
        )
    # e·U + V = Com_K(f_aux ‖ f∘(e - f); z_u)
    auxiliary = auxiliary_key(group, layout)
    equations.append(
        Equation(
            "bits",
            (
                e,
                1,
                *(-f[bit] for bit in layout.auxiliary),
                *(entry * (entry - e) for entry in f),
                -decoded.z_u,
            ),
            (decoded.u, decoded.v, *auxiliary.generators, auxiliary.blinding),
        )
    )
    # z·B = R + e·X + e²·Y
    equations.append(
        Equation(
            "pseudonym and ephemeral key",
            (1, e, e * e % order, -decoded.z),
            (decoded.r, decoded.pseudonym, decoded.ephemeral, group.generator),
        )
    )
    return equations


def verify_rating(
    group: Group, layout: Layout, context: RatingContext, core: Core, source: RandomBytes = system
) -> DecodedCore:
    """The decoded core, if its proof is valid. One rating by itself; many are checked by `verify_each`.

    Raises EncodingError if the core is malformed, InvalidProof, naming the equations, if they do not
    hold. Whether the token is valid and the sequence number allowed is for the caller to check.
    """
    decoded = decode_core(group, layout, context.threshold, core)
    keys = commitment_keys(group, layout)
    verify_all(group, rating_equations(group, layout, keys, context, core, decoded), source)
    return decoded
