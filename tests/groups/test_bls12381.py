"""BLS12-381 in the kernel: RFC 9380, strict decoding, and the pairing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkperf.errors import EncodingError, InvalidToken
from zkperf.groups.bls12381 import BLS12381, ORDER

G1, G2 = BLS12381.g1, BLS12381.g2
P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
COMPRESSED, INFINITY, LARGEST = 0x80, 0x40, 0x20  # flags in the first byte


def compress(*x: int, larger_y: bool = False) -> bytes:
    """Coordinates of x, the highest coefficient first, with the flags of a compressed point."""
    data = bytearray(b"".join(part.to_bytes(48, "big") for part in x))
    assert data[0] < LARGEST
    data[0] |= COMPRESSED | (LARGEST if larger_y else 0)
    return bytes(data)


# -- standards ----------------------------------------------------------------------------------


def test_rfc9380_j9_hash_to_g1(shared: Callable[[str], Path]) -> None:
    suite = json.loads(shared("vectors/rfc9380/BLS12381G1_XMD_SHA-256_SSWU_RO_.json").read_text())
    assert len(suite["vectors"]) == 5
    for vector in suite["vectors"]:
        element = G1.hash_to_element(vector["msg"].encode(), suite["dst"].encode())
        x, y = int(vector["P"]["x"], 16), int(vector["P"]["y"], 16)
        assert G1.encode(element) == compress(x, larger_y=y > P // 2)


def test_rfc9380_j10_hash_to_g2() -> None:
    element = G2.hash_to_element(b"", b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_")
    x1 = 0x05CB8437535E20ECFFAEF7752BADDF98034139C38452458BAEEFAB379BA13DFF5BF5DD71B72418717047F5B0F37DA03D
    x0 = 0x0141EBFBDCA40EB85B87142E130AB689C673CF60F1A3E98D69335266F30D9B8D4AC44C1038E9DCDD5393FAF5C41FB78A
    assert G2.encode(element) in (compress(x1, x0), compress(x1, x0, larger_y=True))


def test_generators_of_the_pairing_friendly_curves_draft() -> None:
    """draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1."""
    x = 0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB
    x1 = 0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E
    x0 = 0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8
    assert G1.encode(G1.generator) == compress(x)
    assert G2.encode(G2.generator) == compress(x1, x0)


def test_scalars_are_big_endian() -> None:
    for group in (G1, G2):
        assert group.encode_scalar(258) == bytes(30) + b"\x01\x02"
        with pytest.raises(EncodingError, match="not reduced"):
            group.decode_scalar(ORDER.to_bytes(32, "big"))


# -- encodings that are refused ------------------------------------------------------------------


def test_g1_points_off_the_curve_or_off_the_subgroup() -> None:
    seen = set()
    for x in range(30):
        on_curve = pow(x**3 + 4, (P - 1) // 2, P) == 1
        reason = "not in the subgroup" if on_curve else "not a point of the curve"
        for larger_y in (False, True):
            with pytest.raises(EncodingError, match=f"BLS12-381 G1: {reason}"):
                G1.decode(compress(x, larger_y=larger_y))
        seen.add(reason)
    assert len(seen) == 2


def test_g2_points_off_the_curve_or_off_the_subgroup() -> None:
    seen = set()
    for c in range(30):
        # y² = x³ + 4(1 + u) has a solution in F_p² iff the norm of the right hand side is a square in F_p
        norm = (c**3 + 4) ** 2 + 16
        on_curve = pow(norm, (P - 1) // 2, P) == 1
        reason = "not in the subgroup" if on_curve else "not a point of the curve"
        for larger_y in (False, True):
            with pytest.raises(EncodingError, match=f"BLS12-381 G2: {reason}"):
                G2.decode(compress(0, c, larger_y=larger_y))
        seen.add(reason)
    assert len(seen) == 2


@pytest.mark.parametrize("group", [G1, G2], ids=lambda group: group.name)
def test_identity(group: Any) -> None:
    rest = bytes(group.element_size - 1)
    with pytest.raises(EncodingError, match="the identity is not accepted"):
        group.decode(bytes([COMPRESSED | INFINITY]) + rest)
    for wrong in (
        bytes([INFINITY]) + rest,
        bytes([COMPRESSED | INFINITY | LARGEST]) + rest,
        bytes([COMPRESSED | INFINITY | 1]) + rest,
        bytes([COMPRESSED | INFINITY]) + rest[:-1] + b"\x01",
    ):
        with pytest.raises(EncodingError, match="not the canonical encoding"):
            group.decode(wrong)


@pytest.mark.parametrize("group", [G1, G2], ids=lambda group: group.name)
def test_flags(group: Any) -> None:
    for k in range(1, 6):
        encoded = group.encode(k * group.generator)
        first, rest = encoded[0], encoded[1:]
        assert first & COMPRESSED
        # the other y is the negative, every other flag is an error
        assert group.decode(bytes([first ^ LARGEST]) + rest) == -k * group.generator
        for wrong in (first ^ COMPRESSED, first | INFINITY, first ^ COMPRESSED | INFINITY):
            with pytest.raises(EncodingError, match="not the canonical encoding"):
                group.decode(bytes([wrong]) + rest)


def test_coordinates_that_are_not_reduced() -> None:
    refused = 0
    for k in range(1, 40):
        for group in (G1, G2):
            encoded = group.encode(k * group.generator)
            larger_y = bool(encoded[0] & LARGEST)
            x = [
                int.from_bytes(encoded[i : i + 48], "big") & (2**381 - 1 if i == 0 else -1)
                for i in range(0, len(encoded), 48)
            ]
            assert compress(*x, larger_y=larger_y) == encoded
            for i, part in enumerate(x):
                if part + P < (2**381 if i == 0 else 2**384):
                    with pytest.raises(EncodingError, match="not the canonical encoding"):
                        group.decode(compress(*x[:i], part + P, *x[i + 1 :], larger_y=larger_y))
                    refused += 1
    assert refused > 40


# -- the pairing ---------------------------------------------------------------------------------


@given(a=st.integers(0, ORDER - 1), b=st.integers(0, ORDER - 1))
@settings(max_examples=20)
def test_the_pairing_is_bilinear(a: int, b: int) -> None:
    p, q = G1.hash_to_element(b"P", b"pairing"), G2.hash_to_element(b"Q", b"pairing")
    BLS12381.check([(a * p, b * q), (-(a * b) * p, q)])
    BLS12381.check([(a * p, q), (b * p, q), (p, -(a + b) * q)])
    with pytest.raises(InvalidToken):
        BLS12381.check([(a * p, b * q), (-(a * b + 1) * p, q)])


def test_the_pairing_does_not_degenerate() -> None:
    with pytest.raises(InvalidToken):
        BLS12381.check([(G1.generator, G2.generator)])


def test_a_long_product_of_pairings() -> None:
    scalars = [(G1.random_scalar(), G2.random_scalar()) for _ in range(40)]
    pairs = [(a * G1.generator, b * G2.generator) for a, b in scalars]
    total = sum(a * b for a, b in scalars)
    BLS12381.check([*pairs, (-total * G1.generator, G2.generator)])
    with pytest.raises(InvalidToken):
        BLS12381.check([*pairs[1:], (-total * G1.generator, G2.generator)])


def test_the_identity_contributes_the_factor_one() -> None:
    p, q = G1.generator, G2.generator
    BLS12381.check([])
    BLS12381.check([(G1.identity, q), (p, G2.identity), (G1.identity, G2.identity)])
    BLS12381.check([(p, q), (G1.identity, q), (-p, q)])
    with pytest.raises(InvalidToken):
        BLS12381.check([(p, q), (G1.identity, q)])


def test_a_token_under_the_wrong_key_is_refused() -> None:
    """The equation that tokens are checked with: e(S, B_2) = e(H, K)."""
    key, message = G1.random_nonzero_scalar(), G1.hash_to_element(b"message", b"token")
    BLS12381.check([(key * message, -G2.generator), (message, key * G2.generator)])
    for signature, verifier in ((key * message, key + 1), ((key + 1) * message, key), (message, key + 2)):
        with pytest.raises(InvalidToken, match="not 1"):
            BLS12381.check([(signature, -G2.generator), (message, verifier * G2.generator)])


def test_pairs_are_of_g1_and_g2_in_this_order() -> None:
    with pytest.raises(TypeError):
        BLS12381.check([(G2.generator, G1.generator)])  # type: ignore[list-item]
