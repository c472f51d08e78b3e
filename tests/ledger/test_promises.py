"""Promises: the sequencer's word about one rating, and about no other."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.misfits import refuses_misfits
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidSignature
from zkperf.ledger.promises import Promise, draft, signed_promises
from zkperf.ledger.signing import public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
FIELDS: dict[str, Any] = {
    "ledger": b"L" * 32,
    "round": b"R" * 32,
    "unit": 3,
    "pseudonym": b"X" * 32,
    "sequence": 1,
    "digest": b"D" * 32,
}


def given() -> Promise:
    unsigned = draft(
        ledger=FIELDS["ledger"],
        round_id=FIELDS["round"],
        unit=FIELDS["unit"],
        pseudonym=FIELDS["pseudonym"],
        sequence=FIELDS["sequence"],
        digest=FIELDS["digest"],
    )
    [promise] = signed_promises(KEY, [unsigned])
    return promise


def test_a_promise_says_which_rating_it_is_about() -> None:
    assert {name: getattr(given(), name) for name in FIELDS} == FIELDS
    given().verify(public_bytes(KEY))
    assert Promise.decode(given().encode()) == given()


def test_fields_of_the_wrong_type_are_refused() -> None:
    refuses_misfits(given(), "pseudonym")


def test_what_is_signed_byte_by_byte() -> None:
    message = b"zkperf/v1/promise" + encode([b"L" * 32, b"R" * 32, 3, b"X" * 32, 1, b"D" * 32])
    assert given().message() == message
    KEY.public_key().verify(given().signature, message)


def test_many_are_signed_as_each_by_itself() -> None:
    drafts = [given().model_copy(update={"sequence": sequence}) for sequence in range(40)]
    signed = signed_promises(KEY, drafts)
    assert [promise.sequence for promise in signed] == list(range(40))
    # RFC 8032 leaves nothing to choose: every implementation makes the same signature.
    assert [promise.signature for promise in signed] == [KEY.sign(promise.message()) for promise in signed]
    assert signed_promises(KEY, []) == []


@pytest.mark.parametrize("name", FIELDS)
def test_it_covers_every_field(name: str) -> None:
    other = FIELDS[name] + 1 if isinstance(FIELDS[name], int) else bytes(32)
    with pytest.raises(InvalidSignature, match="not a signature of the ledger's sequencer"):
        given().model_copy(update={name: other}).verify(public_bytes(KEY))


def test_it_is_the_ledgers_own_key_that_promises() -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(InvalidSignature):
        given().verify(public_bytes(other))
    with pytest.raises(InvalidSignature):
        given().model_copy(update={"signature": other.sign(given().message())}).verify(public_bytes(KEY))


def test_a_promise_cut_short_is_none() -> None:
    for data in (given().encode()[:-1], given().encode() + b"\x00", b""):
        with pytest.raises(EncodingError):
            Promise.decode(data)
