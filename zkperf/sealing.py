"""Shares sealed for one trustee, and salted digests that say nothing about them.

The key comes from the Diffie-Hellman point D = y·T_j = t_j·Y and from a context that pins the rating
and the trustee; every key is used once. Sources: RFC 5869 (HKDF-SHA256), RFC 8439 (ChaCha20-Poly1305).

The digest of a sealed share is on a permanent ledger. Its salt of 64 bytes makes it a commitment that
hides statistically when SHA-256 is taken as a random function: nothing follows from it about the share,
even for one who can compute without bound, once salt and sealed share are deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zkperf.errors import EncodingError, InvalidShare
from zkperf.groups.base import Group
from zkperf.sharing import Share

SALT_SIZE = 64
TAG_SIZE = 16
_NONCE = bytes(12)  # a constant, because no key seals twice


def seal(group: Group, y: int, trustee: Any, context: bytes, plaintext: bytes) -> bytes:
    """``plaintext`` sealed for the holder of t_j, where ``trustee`` is T_j: ciphertext ‖ 16-byte tag.

    ``y`` is fresh and never used with the same ``trustee`` and ``context`` again.
    """
    # D = y·T_j
    return _cipher(group, y * trustee, context).encrypt(_NONCE, plaintext, None)


def open_sealed(group: Group, shared: Any, context: bytes, sealed: bytes) -> bytes:
    """The plaintext, given ``shared``: D = t_j·Y.

    Raises InvalidShare unless it was sealed under this point and context.
    """
    try:
        return _cipher(group, shared, context).decrypt(_NONCE, sealed, None)
    except InvalidTag:
        raise InvalidShare("the sealed share does not open") from None


def _cipher(group: Group, shared: Any, context: bytes) -> ChaCha20Poly1305:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(group.encode(shared))
    return ChaCha20Poly1305(key)


# -- what is sealed ---------------------------------------------------------------------------------


def encode_shares(group: Group, shares: Sequence[Share]) -> bytes:
    """The scalars of each share one after the other: values, then blinding."""
    return b"".join(
        group.encode_scalar(scalar) for share in shares for scalar in (*share.values, share.blinding)
    )


def decode_shares(group: Group, data: bytes, lengths: Sequence[int]) -> tuple[Share, ...]:
    """The shares of vectors of these lengths. Raises InvalidShare for other sizes and unreduced scalars."""
    size = group.scalar_size
    if len(data) != size * (sum(lengths) + len(lengths)):
        raise InvalidShare("the share has the wrong size")
    try:
        scalars = [group.decode_scalar(data[at : at + size]) for at in range(0, len(data), size)]
    except EncodingError as error:
        raise InvalidShare(f"the share is malformed: {error}") from None
    shares = []
    for length in lengths:
        *values, blinding = scalars[: length + 1]
        del scalars[: length + 1]
        shares.append(Share(tuple(values), blinding))
    return tuple(shares)


# -- digests ----------------------------------------------------------------------------------------


def salted_digest(salt: bytes, sealed: bytes) -> bytes:
    """h_j = SHA-256(salt_j ‖ sealed_j). ValueError unless the salt has 64 bytes."""
    if len(salt) != SALT_SIZE:
        raise ValueError(f"expected a salt of {SALT_SIZE} bytes, got {len(salt)}")
    return sha256(salt + sealed).digest()


def bundle_digest(digests: Sequence[bytes]) -> bytes:
    """d = SHA-256(h_1 ‖ … ‖ h_n)."""
    return sha256(b"".join(digests)).digest()
