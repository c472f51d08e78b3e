"""Signatures: over everything, for one ledger, for one kind of transaction, by one key."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import signatures
from zkperf.encoding import encode
from zkperf.errors import InvalidSignature
from zkperf.ledger.signing import (
    log_origin,
    public_bytes,
    signed,
    transaction_message,
    verify_signed,
    voucher_message,
)
from zkperf.ledger.transactions import (
    Batch,
    ComplaintPosted,
    Deadline,
    RoundClosed,
    signed_digest,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
LEDGER, ROUND = b"L" * 32, b"R" * 32


def batch(**changes: Any) -> Batch:
    values = {"round": ROUND, "unit": 1, "count": 7, "final": False} | changes
    return signed(Batch, KEY, LEDGER, **values)


def refused(transaction: Any, key: Ed25519PrivateKey = KEY, ledger: bytes = LEDGER) -> None:
    with pytest.raises(InvalidSignature, match="not a signature of the sequencer over these bytes") as caught:
        verify_signed(transaction, public_bytes(key), ledger, whose="the sequencer")
    assert caught.value.check == "signatures"


def test_a_signature_verifies_under_its_key() -> None:
    verify_signed(batch(), public_bytes(KEY), LEDGER, whose="the sequencer")


def test_under_no_other_key_or_ledger() -> None:
    refused(batch(), key=OTHER)
    refused(batch(), ledger=b"M" * 32)


@pytest.mark.parametrize(
    "changes",
    [
        {"round": bytes(32)},
        {"unit": 2},
        {"count": 8},
        {"final": True},
        {"signature": bytes(64)},
        {"signature": b"\xff" * 64},
    ],
)
def test_it_covers_every_field(changes: dict[str, Any]) -> None:
    refused(batch().model_copy(update=changes))


def test_it_is_for_one_kind_of_transaction() -> None:
    """Both name a signer, a round and a time; to close a round is not to end a stage of it."""
    closed = signed(RoundClosed, KEY, LEDGER, evaluator=b"E" * 32, round=ROUND, at=5)
    deadline = Deadline(signature=closed.signature, signer=b"E" * 32, round=ROUND, at=5)
    assert signed_digest(closed) == signed_digest(deadline)
    refused(deadline)
    verify_signed(closed, public_bytes(KEY), LEDGER, whose="the sequencer")


def test_what_is_signed_byte_by_byte() -> None:
    closed = signed(RoundClosed, KEY, LEDGER, evaluator=b"E" * 32, round=ROUND, at=5)
    fields = sha256(encode([b"E" * 32, ROUND, 5])).digest()
    assert signed_digest(closed) == fields
    message = b"zkperf/v1/transaction" + LEDGER + b"\x0b" + fields
    assert transaction_message(LEDGER, RoundClosed, fields) == message
    KEY.public_key().verify(closed.signature, message)
    assert transaction_message(LEDGER, ComplaintPosted, fields)[53:54] == b"\x0c"


def test_what_a_registrar_signs_byte_by_byte() -> None:
    expected = b"zkperf/v1/voucher" + encode([LEDGER, ROUND, 4, b"V" * 32])
    assert voucher_message(LEDGER, ROUND, 4, b"V" * 32) == expected


def test_the_logs_name_is_made_of_the_ledgers_digest() -> None:
    ledger = bytes(range(32))
    assert log_origin(ledger) == "zkperf/000102030405060708090a0b0c0d0e0f"


def test_public_keys_are_32_bytes() -> None:
    assert public_bytes(KEY) == KEY.public_key().public_bytes_raw()
    assert len(public_bytes(KEY)) == 32


@pytest.mark.parametrize("key", [b"", bytes(31), b"\xff" * 32, b"\x02" + bytes(31)])
def test_what_is_no_key_has_signed_nothing(key: bytes) -> None:
    with pytest.raises(InvalidSignature, match="not a signature of somebody over these bytes"):
        signatures.verify(key, b"message", KEY.sign(b"message"), whose="somebody")


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_what_is_no_signature_verifies_nothing(signature: bytes) -> None:
    with pytest.raises(InvalidSignature):
        signatures.verify(public_bytes(KEY), b"message", signature, whose="somebody")
    signatures.verify(public_bytes(KEY), b"message", KEY.sign(b"message"), whose="somebody")


def test_an_error_shows_neither_message_nor_signature() -> None:
    signature = OTHER.sign(b"a secret message")
    with pytest.raises(InvalidSignature) as caught:
        signatures.verify(public_bytes(KEY), b"a secret message", signature, whose="somebody")
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None
