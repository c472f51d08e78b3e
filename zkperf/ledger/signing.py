"""Ed25519 signatures over transactions and vouchers (RFC 8032)."""

from __future__ import annotations

from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import encoding, signatures
from zkperf.ledger.signed import NO_SIGNATURE, Signed
from zkperf.ledger.transactions import kind_of, signed_digest

_Tx = TypeVar("_Tx", bound=Signed)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    return key.public_key().public_bytes_raw()


def log_origin(ledger: bytes) -> str:
    """The name of a ledger's log in checkpoints, cosignatures and receipts."""
    return f"zkperf/{ledger.hex()[:32]}"


def transaction_message(ledger: bytes, kind: type[Signed], covered: bytes) -> bytes:
    """What a signature on a transaction of this kind signs; ``covered`` is its `signed_digest`.

    The kind stands beside the digest, because of a refused complaint the log shows the digest alone.
    """
    return b"zkperf/v1/transaction" + ledger + bytes([kind_of(kind)]) + covered


def voucher_message(ledger: bytes, round_id: bytes, unit: int, voucher: bytes) -> bytes:
    """What a registrar signs for one case: the cohort and the voucher's one-time key."""
    return b"zkperf/v1/voucher" + encoding.encode([ledger, round_id, unit, voucher])


def signed(cls: type[_Tx], key: Ed25519PrivateKey, ledger: bytes, /, **fields: Any) -> _Tx:
    """A transaction of kind ``cls`` with these fields, signed with ``key`` for ``ledger``."""
    draft = cls(signature=NO_SIGNATURE, **fields)
    signature = key.sign(transaction_message(ledger, cls, signed_digest(draft)))
    return draft.model_copy(update={"signature": signature})


def verify_signed(transaction: Signed, key: bytes, ledger: bytes, *, whose: str) -> None:
    """Raises InvalidSignature unless ``transaction`` carries a signature of ``key`` for ``ledger``."""
    message = transaction_message(ledger, type(transaction), signed_digest(transaction))
    signatures.verify(key, message, transaction.signature, whose=whose)
