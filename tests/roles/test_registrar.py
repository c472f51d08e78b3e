from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from zkperf.errors import EncodingError, InvalidSignature
from zkperf.ledger.signing import public_bytes, voucher_message
from zkperf.roles.registrar import Registrar, Voucher

KEY = Ed25519PrivateKey.generate()
REGISTRAR = Registrar(KEY)
LEDGER, ROUND = bytes(32), b"r" * 32
VOUCHER = REGISTRAR.voucher(LEDGER, ROUND, 7)


def test_a_voucher_is_a_one_time_key_signed_for_one_service() -> None:
    assert (VOUCHER.ledger, VOUCHER.round, VOUCHER.unit) == (LEDGER, ROUND, 7)
    VOUCHER.verify(public_bytes(KEY))
    message = voucher_message(LEDGER, ROUND, 7, public_bytes(VOUCHER.key()))
    KEY.public_key().verify(VOUCHER.registrar_signature, message)
    keys = {public_bytes(REGISTRAR.voucher(LEDGER, ROUND, 7).key()) for _ in range(20)}
    assert len(keys) == 20


def test_a_voucher_holds_for_nothing_else() -> None:
    other = REGISTRAR.voucher(LEDGER, ROUND, 7)
    for changes in (
        {"ledger": b"x" * 32},
        {"round": b"x" * 32},
        {"unit": 8},
        {"secret": other.secret},
        {"registrar_signature": other.registrar_signature},
    ):
        with pytest.raises(InvalidSignature, match="this service's registrar"):
            VOUCHER.model_copy(update=changes).verify(public_bytes(KEY))
    for key in (
        public_bytes(Ed25519PrivateKey.generate()),
        public_bytes(VOUCHER.key()),
        bytes(32),
        b"\xff" * 32,
    ):
        with pytest.raises(InvalidSignature):
            VOUCHER.verify(key)


def test_a_voucher_as_text() -> None:
    text = VOUCHER.text()
    assert text.isascii() and not set(text) - set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )
    assert Voucher.from_text(text) == VOUCHER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "A",
        "ä" * 40,
        " " + VOUCHER.text(),
        VOUCHER.text() + "\n",
        VOUCHER.text() + "=",
        VOUCHER.text() + "A",
        VOUCHER.text()[:-1],
        VOUCHER.text()[1:],
        VOUCHER.text() * 2,
        VOUCHER.text()[:40] + "\n" + VOUCHER.text()[40:],
        VOUCHER.text()[:40] + "+" + VOUCHER.text()[41:],
        VOUCHER.text()[:40] + "/" + VOUCHER.text()[41:],
        base64.urlsafe_b64encode(VOUCHER.encode() + b"\0").decode().rstrip("="),
        base64.urlsafe_b64encode(b"\x80").decode().rstrip("="),
        "https://example.org/#" + VOUCHER.text(),
    ],
)
def test_text_that_is_no_voucher(text: str) -> None:
    with pytest.raises(EncodingError):
        Voucher.from_text(text)


@given(st.data())
def test_a_voucher_has_one_text_only(data: st.DataObject) -> None:
    text = VOUCHER.text()
    place = data.draw(st.integers(0, len(text) - 1))
    other = text[:place] + data.draw(st.characters()) + text[place + 1 :]
    try:
        assert Voucher.from_text(other) != VOUCHER or other == text
    except EncodingError:
        assert other != text


@given(st.text(max_size=300))
def test_any_text_is_a_voucher_or_refused_by_name(text: str) -> None:
    with pytest.raises(EncodingError):
        Voucher.from_text(text)


def test_neither_vouchers_nor_registrars_show_their_secrets() -> None:
    assert repr(VOUCHER) == str(VOUCHER) == f"{VOUCHER}" == "<voucher>"
    assert repr(REGISTRAR) == "<registrar>"
