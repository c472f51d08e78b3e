"""Making a rating: commit, share, seal, and prove, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from circuits.constraints import apply
from circuits.layout import Layout
from circuits.rating.core import Bundle, Core, RatingContext, auxiliary_key, challenge
from circuits.rating.shares import seal_shares
from zkperf.commitments import CommitmentKey
from zkperf.groups.base import Group
from zkperf.randomness import RandomBytes, system
from zkperf.sharing import deal


@dataclass(frozen=True)
class Witness:
    """What a rating's proof is about: bits b, blindings r_q, the pseudonym's x and the ephemeral y."""

    bits: tuple[int, ...] = field(repr=False)
    blindings: tuple[int, ...] = field(repr=False)
    x: int = field(repr=False)
    y: int = field(repr=False)


def build_rating(
    group: Group,
    layout: Layout,
    keys: Sequence[CommitmentKey],
    context: RatingContext,
    trustees: Sequence[Any],
    x: int,
    token: bytes,
    sequence: int,
    bits: Sequence[int],
    source: RandomBytes = system,
) -> tuple[Core, Bundle]:
    """A rating with these bits (``layout.bits(answers)``), and the bundle of its sealed shares.

    ``keys`` are `commitment_keys`, ``trustees`` the decoded T_1 … T_n, and ``x`` the secret of the
    pseudonym that ``token`` is for. The ephemeral secret y is drawn here and forgotten here: whoever
    has it can open the sealed shares. Raises ValueError if keys or trustees are not as many as they
    should be, the bits are no answers, or ``x`` is 0.
    """
    layout.check(bits)
    if len(trustees) != context.members:
        raise ValueError(f"expected the keys of {context.members} trustees, got {len(trustees)}")
    blindings, commitments, coefficients, shares = [], [], [], []
    for key, w in zip(keys, layout.disclosed(bits), strict=True):
        # C_q = Com_G(M_q·b; r_q)
        commitment, r = key.commit_random(w, source)
        e_q, shares_q = deal(key, w, r, context.threshold, context.members, source)
        blindings.append(r)
        commitments.append(group.encode(commitment))
        coefficients.append(tuple(group.encode(element) for element in e_q))
        shares.append(shares_q)
    y = group.random_nonzero_scalar(source)
    unsealed = Core(
        round=context.round,
        unit=context.unit,
        pseudonym=group.encode(x * group.generator),
        ephemeral=group.encode(y * group.generator),
        token=token,
        sequence=sequence,
        commitments=tuple(commitments),
        coefficients=tuple(coefficients),
        digest=bytes(32),
        proof=b"",
    )
    bundle, digest = seal_shares(group, context.ledger, unsealed, trustees, y, shares, source)
    unproved = unsealed.model_copy(update={"digest": digest})
    witness = Witness(tuple(bits), tuple(blindings), x, y)
    proof = prove(group, layout, keys, context, unproved, witness, source)
    return unproved.model_copy(update={"proof": proof}), bundle


def prove(
    group: Group,
    layout: Layout,
    keys: Sequence[CommitmentKey],
    context: RatingContext,
    core: Core,
    witness: Witness,
    source: RandomBytes = system,
) -> bytes:
    """The proof of everything in ``core`` but its own field ``proof``, which is not looked at.

    Does not check the witness: a wrong one gives a proof that does not verify.
    """
    order, b = group.order, witness.bits
    # a uniform with L·a = 0
    a = [0] * layout.size
    for bit in layout.free:
        a[bit] = group.random_scalar(source)
    for rule in layout.rules:
        a[rule.pivot] = sum(factor * a[bit] for bit, factor in rule.terms) % order
    # First message. Blindings are drawn again where an element would be the identity, which has no
    # encoding: that changes its distribution in the same way for every witness.
    first, mask_blindings = [], []
    for key, rows in zip(keys, layout.commitments, strict=True):
        # A_q = Com_G(M_q·a; r_{A,q})
        mask, r_a = key.commit_random([entry % order for entry in apply(rows, a)], source)
        first.append(mask)
        mask_blindings.append(r_a)
    auxiliary = auxiliary_key(group, layout)
    # U = Com_K(b_aux ‖ a∘(1 - 2b); u)
    linear = [a_i * (1 - 2 * b_i) % order for a_i, b_i in zip(a, b, strict=True)]
    u_point, u = auxiliary.commit_random([*(b[bit] for bit in layout.auxiliary), *linear], source)
    # V = Com_K(a_aux ‖ -a∘a; v)
    constant = [-a_i * a_i % order for a_i in a]
    v_point, v = auxiliary.commit_random([*(a[bit] for bit in layout.auxiliary), *constant], source)
    # R = k·B
    k = group.random_nonzero_scalar(source)
    first += [u_point, v_point, k * group.generator]
    message = b"".join(group.encode(element) for element in first)
    e = challenge(group, layout, context, core, message)
    response = [
        # f = e·b + a, without the pivots
        *(e * b[bit] + a[bit] for bit in layout.free),
        # z_{r,q} = e·r_q + r_{A,q}
        *(e * r + r_a for r, r_a in zip(witness.blindings, mask_blindings, strict=True)),
        # z_u = e·u + v
        e * u + v,
        # z = k + e·x + e²·y
        k + e * witness.x + e * e * witness.y,
    ]
    return message + b"".join(group.encode_scalar(scalar % order) for scalar in response)
