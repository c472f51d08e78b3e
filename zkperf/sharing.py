"""Pedersen's verifiable secret sharing of a vector and the blinding of its commitment.

The dealer has C = Com(w; r). It draws vectors φ_k and blindings ψ_k, k = 1..t-1, publishes
E_k = Com(φ_k; ψ_k), and gives trustee j the share

    f(j) = w + Σ_k j^k·φ_k        g(j) = r + Σ_k j^k·ψ_k

which the trustee, or anyone who is shown it, checks by Com(f(j); g(j)) = C + Σ_k j^k·E_k. Any t shares
give (w, r); t-1 of them, C and all E_k together are distributed alike for every w.
Source: Pedersen, CRYPTO '91, section 4, with vectors in place of single values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zkperf.commitments import CommitmentKey
from zkperf.errors import InvalidOpening, InvalidShare
from zkperf.proofs.batch import Equation
from zkperf.randomness import RandomBytes, system


@dataclass(frozen=True)
class Share:
    """(f(j), g(j)): one trustee's share of a vector and of its blinding, or a sum of such shares."""

    values: tuple[int, ...] = field(repr=False)
    blinding: int = field(repr=False)


def deal(
    key: CommitmentKey,
    values: Sequence[int],
    r: int,
    threshold: int,
    members: int,
    source: RandomBytes = system,
) -> tuple[tuple[Any, ...], tuple[Share, ...]]:
    """(E_1 … E_{t-1}, shares of trustees 1 … n) of the opening (values, r).

    Raises ValueError unless 1 <= threshold <= members < q.
    """
    order = key.group.order
    if not 1 <= threshold <= members < order:
        raise ValueError(f"expected 1 <= threshold <= members, got {threshold} and {members}")
    commitments: list[Any] = []
    polynomials = [(*values, r)]
    for _ in range(threshold - 1):
        phi = [key.group.random_scalar(source) for _ in values]
        commitment, psi = key.commit_random(phi, source)
        commitments.append(commitment)
        polynomials.append((*phi, psi))
    shares = []
    for j in range(1, members + 1):
        powers = [pow(j, k, order) for k in range(threshold)]
        *f, g = (
            sum(power * coefficient for power, coefficient in zip(powers, column, strict=True)) % order
            for column in zip(*polynomials, strict=True)
        )
        shares.append(Share(tuple(f), g))
    return tuple(commitments), tuple(shares)


def share_equation(
    key: CommitmentKey, commitment: Any, coefficients: Sequence[Any], j: int, share: Share
) -> Equation:
    """The claim C + Σ_k j^k·E_k - Com(f(j); g(j)) = 0."""
    order = key.group.order
    return Equation(
        f"share of trustee {j}",
        (
            *(pow(j, k, order) for k in range(len(coefficients) + 1)),
            *(-value for value in share.values),
            -share.blinding,
        ),
        (commitment, *coefficients, *key.generators, key.blinding),
    )


def check_share(
    key: CommitmentKey, commitment: Any, coefficients: Sequence[Any], j: int, share: Share
) -> None:
    """Raises InvalidShare unless Com(f(j); g(j)) = C + Σ_k j^k·E_k with reduced scalars.

    Serves for single ratings and for sums alike: C, E_k and shares add up.
    """
    order = key.group.order
    # C + Σ_k j^k·E_k
    expected = key.group.msm_public(
        [pow(j, k, order) for k in range(len(coefficients) + 1)], [commitment, *coefficients]
    )
    try:
        key.verify_opening(expected, share.values, share.blinding)
    except InvalidOpening as error:
        raise InvalidShare(f"share of trustee {j}: {error}") from None


def sum_shares(order: int, shares: Iterable[Share]) -> Share:
    """The share of the sum of the openings; one trustee's shares of vectors of one length, at least one."""
    columns = zip(*((*share.values, share.blinding) for share in shares), strict=True)
    *values, blinding = (sum(column) % order for column in columns)
    return Share(tuple(values), blinding)


def lagrange_at_zero(order: int, indices: Sequence[int]) -> list[int]:
    """λ_i with Σ λ_i·p(index_i) = p(0) for every polynomial p of degree below len(indices).

    Raises ValueError unless the indices are distinct and none is 0, modulo the prime ``order``.
    """
    if 0 in (reduced := [index % order for index in indices]) or len(set(reduced)) != len(reduced):
        raise ValueError("expected distinct indices other than 0")
    weights = []
    for i in indices:
        # λ_i = Π_{m≠i} m / (m - i)
        numerator = denominator = 1
        for m in indices:
            if m != i:
                numerator = numerator * m % order
                denominator = denominator * (m - i) % order
        weights.append(numerator * pow(denominator, -1, order) % order)
    return weights


def interpolate(order: int, shares: Mapping[int, Share]) -> Share:
    """(w, r), as the share at 0, from exactly these shares by trustee's number: give t of them.

    Raises ValueError if there are none, or they differ in length.
    """
    if not shares:
        raise ValueError("expected at least one share")
    weights = lagrange_at_zero(order, list(shares))
    columns = zip(*((*share.values, share.blinding) for share in shares.values()), strict=True)
    *values, blinding = (
        sum(weight * entry for weight, entry in zip(weights, column, strict=True)) % order
        for column in columns
    )
    return Share(tuple(values), blinding)
