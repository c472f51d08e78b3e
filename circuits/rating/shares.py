"""Shares of a rating, or of a report: sealed for each trustee, opened by it, checked against commitments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from circuits.layout import Layout
from circuits.rating.core import Bundle, Dealt
from zkperf.commitments import CommitmentKey
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidShare
from zkperf.groups.base import Group
from zkperf.proofs.batch import Equation
from zkperf.randomness import RandomBytes, system
from zkperf.sealing import (
    SALT_SIZE,
    TAG_SIZE,
    bundle_digest,
    decode_shares,
    encode_shares,
    open_sealed,
    salted_digest,
    seal,
)
from zkperf.sharing import Share, check_share, share_equation


def sealing_context(ledger: bytes, core: Dealt, j: int) -> bytes:
    """The context that trustee j's shares of ``core`` are sealed in.

    Deterministic CBOR of [label, ledger, round, unit, sender, Y, sequence, j, [C_q], [[E_{q,k}]]]; the
    sender of a rating is X, and of a report it is the list of indicators that it reports.
    """
    label, named = core.sealed_for
    return encode([label, ledger, *named, j, core.commitments, core.coefficients])


def seal_shares(
    group: Group,
    ledger: bytes,
    core: Dealt,
    trustees: Sequence[Any],
    y: int,
    shares: Sequence[Sequence[Share]],
    source: RandomBytes = system,
) -> tuple[Bundle, bytes]:
    """The bundle and its digest d. ``shares[q][j-1]`` is trustee j's share of commitment q.

    Trustee j's plaintext is its shares one after the other: values and blinding of each commitment.
    """
    salts = tuple(source(SALT_SIZE) for _ in trustees)
    sealed = tuple(
        seal(
            group,
            y,
            trustee,
            sealing_context(ledger, core, j),
            encode_shares(group, [shares_q[j - 1] for shares_q in shares]),
        )
        for j, trustee in enumerate(trustees, 1)
    )
    bundle = Bundle(salts=salts, sealed=sealed)
    return bundle, _digest(bundle)


def _digest(bundle: Bundle) -> bytes:
    return bundle_digest(
        [salted_digest(salt, sealed) for salt, sealed in zip(bundle.salts, bundle.sealed, strict=True)]
    )


def check_bundle(group: Group, layout: Layout, core: Dealt, bundle: Bundle, members: int) -> None:
    """`check_sealed` for a rating of this layout."""
    check_sealed(group, [len(rows) for rows in layout.commitments], core, bundle, members)


def check_sealed(group: Group, lengths: Sequence[int], core: Dealt, bundle: Bundle, members: int) -> None:
    """Raises unless the bundle has the right shape (EncodingError) and is the one ``core`` was made with.

    ``lengths`` are those of the vectors in its commitments. What is inside the sealed shares only the
    trustees can tell. Raises InvalidShare for another bundle.
    """
    if (len(bundle.salts), len(bundle.sealed)) != (members, members):
        raise EncodingError(f"bundle: expected salts and sealed shares for {members} trustees")
    size = sum(length + 1 for length in lengths) * group.scalar_size + TAG_SIZE
    if any(len(sealed) != size for sealed in bundle.sealed):
        raise EncodingError(f"bundle: expected sealed shares of {size} bytes")
    if _digest(bundle) != core.digest:
        raise InvalidShare("the bundle is not the one that the rating was made with")


def open_shares(
    group: Group,
    keys: Sequence[CommitmentKey],
    ledger: bytes,
    core: Dealt,
    j: int,
    shared: Any,
    sealed: bytes,
) -> tuple[Share, ...]:
    """Trustee j's shares, one for each commitment, given ``shared``: D = t_j·Y.

    Raises InvalidShare if the sealed share does not open or is malformed. See `check_shares` for what
    is in it.
    """
    plaintext = open_sealed(group, shared, sealing_context(ledger, core, j), sealed)
    return decode_shares(group, plaintext, [len(key.generators) for key in keys])


def share_equations(
    keys: Sequence[CommitmentKey],
    commitments: Sequence[Any],
    coefficients: Sequence[Sequence[Any]],
    j: int,
    shares: Sequence[Share],
) -> list[Equation]:
    """Com(f_q(j); g_q(j)) = C_q + Σ_k j^k·E_{q,k} for each commitment, for `verify_each`."""
    return [
        share_equation(key, commitment, row, j, share)
        for key, commitment, row, share in zip(keys, commitments, coefficients, shares, strict=True)
    ]


def check_shares(
    keys: Sequence[CommitmentKey],
    commitments: Sequence[Any],
    coefficients: Sequence[Sequence[Any]],
    j: int,
    shares: Sequence[Share],
) -> None:
    """Raises InvalidShare unless every one of trustee j's shares matches its commitment."""
    for key, commitment, row, share in zip(keys, commitments, coefficients, shares, strict=True):
        check_share(key, commitment, row, j, share)
