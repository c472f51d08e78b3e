"""Ed25519 signatures (RFC 8032), verified as ZIP 215 says.

RFC 8032 leaves open which of two equations is checked and which encodings of points are taken. The
two differ only for signatures that somebody has made on purpose, but a ledger's members and its auditors
have to agree on those as well. Under ZIP 215 every byte string is either valid for everybody or for nobody,
and a batch says the same as each signature by itself. Signing is the business of `cryptography`.
"""

from __future__ import annotations

from collections.abc import Sequence

from zkperf._native import bad_signatures
from zkperf.errors import InvalidSignature


def verify(key: bytes, message: bytes, signature: bytes, *, whose: str) -> None:
    """Raises InvalidSignature, naming ``whose`` signature it should be, unless it verifies."""
    if bad_signatures([(key, message, signature)]):
        raise refused(whose)


def culprits(items: Sequence[tuple[bytes, bytes, bytes]]) -> list[int]:
    """The places of those (key, message, signature) that do not verify, found out as one batch."""
    return bad_signatures(items)


def refused(whose: str) -> InvalidSignature:
    """The error for what is not ``whose`` signature."""
    return InvalidSignature(f"not a signature of {whose} over these bytes")
