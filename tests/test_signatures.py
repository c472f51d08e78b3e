"""Ed25519: the vectors of RFC 8032, and that one signature and many are judged alike (ZIP 215)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf import signatures
from zkperf._native import bad_signatures
from zkperf.errors import InvalidSignature

RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
)
"""Section 7.1, tests 1 and 2: public key, message, signature."""


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """The verdict on one, which has to be that in the midst of many good ones too."""
    private = Ed25519PrivateKey.generate()
    good = (private.public_key().public_bytes_raw(), b"good", private.sign(b"good"))
    bad = bad_signatures([good, (key, message, signature), good])
    assert bad in ([], [1])
    try:
        signatures.verify(key, message, signature, whose="somebody")
    except InvalidSignature:
        assert bad == [1]
        return False
    assert not bad
    return True


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032(key: str, message: str, signature: str) -> None:
    given_key, text, signed = map(bytes.fromhex, (key, message, signature))
    assert verifies(given_key, text, signed)
    assert not verifies(given_key, text + b"!", signed)


P = 2**255 - 19
EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""y of two of the points of order 8: D·y⁴ + 2y² = 1, so that doubling gives y = 0."""


def test_the_points_of_order_8() -> None:
    d = -121665 * pow(121666, -1, P) % P
    assert (d * pow(EIGHTH, 4, P) + 2 * pow(EIGHTH, 2, P)) % P == 1


def of_small_order() -> list[bytes]:
    """Every encoding, canonical or not, of every point whose order divides 8."""
    numbers = [y + more for y in (0, 1, P - 1, EIGHTH, P - EIGHTH) for more in (0, P) if y + more < 2**255]
    return [(number | sign << 255).to_bytes(32, "little") for number in numbers for sign in (0, 1)]


def test_what_only_zip_215_decides_is_valid_alone_and_among_others() -> None:
    """A and R of small order, s = 0: valid, as 8·s·B = 8·R + 8·k·A, whatever is signed, however encoded."""
    points = of_small_order()
    assert len(points) == 14
    for key in points:
        for r in points:
            assert verifies(key, b"Zcash", r + bytes(32))
            assert not verifies(key, b"Zcash", r + (1).to_bytes(32, "little"))


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, 8 * 96 - 1))
def test_every_bit_counts(place: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    honest = private.public_key().public_bytes_raw() + private.sign(b"message")
    assert verifies(honest[:32], b"message", honest[32:])
    changed = (int.from_bytes(honest, "little") ^ 1 << place).to_bytes(96, "little")
    assert not verifies(changed[:32], b"message", changed[32:])


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    larger = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert verifies(key, b"message", signature)
    assert not verifies(key, b"message", signature[:32] + larger)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_keys_and_signatures_of_another_length_are_refused(size: int) -> None:
    private = Ed25519PrivateKey.generate()
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"")
    assert not verifies((key * 2)[:size], b"", signature)
    assert not verifies(key, b"", (signature * 2)[: 2 * size])


def test_the_places_of_bad_ones_among_many() -> None:
    private = Ed25519PrivateKey.generate()
    key = private.public_key().public_bytes_raw()
    items = [(key, b"%d" % n, private.sign(b"%d" % (n + (n in {0, 255, 256, 599})))) for n in range(600)]
    items[300] = (key[:31], b"", b"")
    assert bad_signatures(items) == [0, 255, 256, 300, 599]
    assert bad_signatures([]) == []
