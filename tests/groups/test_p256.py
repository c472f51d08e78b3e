"""P-256 against RFC 9380, its own laws, and every encoding that is not the one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zkperf.errors import EncodingError
from zkperf.groups.hashing import A, B, P, expand_message_xmd, hash_to_field_p256, map_to_p256
from zkperf.groups.p256 import NIST_P256 as G

VECTORS = Path(__file__).parents[2] / "../shared/vectors/rfc9380/P256_XMD_SHA-256_SSWU_RO_.json"


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param({}, "", marks=pytest.mark.skip(reason=f"no test vectors at {VECTORS}"))]
    suite = json.loads(VECTORS.read_text())
    return [pytest.param(vector, suite["dst"], id=repr(vector["msg"][:12])) for vector in suite["vectors"]]


def sec1(point: dict[str, str]) -> bytes:
    x, y = int(point["x"], 16), int(point["y"], 16)
    return bytes([2 + y % 2]) + x.to_bytes(32, "big")


@pytest.mark.parametrize(("vector", "dst"), vectors())
def test_rfc9380_vector(vector: dict[str, Any], dst: str) -> None:
    message = vector["msg"].encode()
    u = hash_to_field_p256(message, dst.encode(), 2)
    assert u == [int(text, 16) for text in vector["u"]]
    for value, key in zip(u, ("Q0", "Q1"), strict=True):
        assert map_to_p256(value) == (int(vector[key]["x"], 16), int(vector[key]["y"], 16))
    assert G.encode(G.hash_to_element(message, dst.encode())) == sec1(vector["P"])


def test_the_exceptional_inputs_of_the_map() -> None:
    x, y = map_to_p256(0)
    assert (y * y - (x**3 + A * x + B)) % P == 0
    assert y % 2 == 0


@pytest.mark.parametrize("size", [0, 256])
def test_domain_separation_tags_that_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="domain separation tag"):
        G.hash_to_element(b"", bytes(size))


def test_the_expansion_has_an_end() -> None:
    assert len(expand_message_xmd(b"", b"test", 255 * 32)) == 255 * 32
    with pytest.raises(ValueError, match="at most"):
        expand_message_xmd(b"", b"test", 255 * 32 + 1)


def test_the_group_laws() -> None:
    a, b = G.random_scalar(), G.random_scalar()
    r, q, zero = a * G.generator, G.hash_to_element(b"Q", b"test"), G.identity
    assert r + q == q + r
    assert r - r == zero
    assert r + zero == r
    assert -r + r == zero
    assert a * (b * q) == (a * b % G.order) * q
    assert a * q + b * q == ((a + b) % G.order) * q
    assert 0 * q == zero
    assert (G.order - 1) * q == -q
    assert hash(r) == hash(a * G.generator)
    assert r != q
    assert r != "P"
    assert G.order * G.generator == zero


@pytest.mark.parametrize("name", ["msm", "msm_public"])
def test_sums_of_products(name: str) -> None:
    msm = getattr(G, name)
    elements = [G.hash_to_element(bytes([i]), b"test") for i in range(4)]
    scalars = [G.random_scalar(), 0, 1, G.order - 1]
    expected = G.identity
    for scalar, element in zip(scalars, elements, strict=True):
        expected = expected + scalar * element
    assert msm(scalars, elements) == expected
    assert msm([], []) == G.identity
    assert msm([5], [G.identity]) == G.identity
    with pytest.raises(ValueError):
        msm(scalars, elements[1:])


def test_round_trips() -> None:
    for scalar in (1, 2, G.order - 1, G.random_nonzero_scalar()):
        element = scalar * G.generator
        assert G.decode(G.encode(element)) == element
        assert G.decode_scalar(G.encode_scalar(scalar)) == scalar
    assert G.encode(G.generator).hex() == "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    with pytest.raises(ValueError, match="identity"):
        G.encode(G.identity)


GOOD = G.encode(G.generator)
ROOT = pow(5**3 + 5 * A + B, (P + 1) // 4, P)  # (5, ROOT) is on the curve


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        bytes(33),
        b"\x00" + GOOD[1:],
        b"\x01" + GOOD[1:],
        b"\x04" + GOOD[1:],
        b"\x06" + GOOD[1:],
        b"\x07" + GOOD[1:],
        GOOD[:-1],
        GOOD + b"\x00",
        b"\x04" + GOOD[1:] + GOOD[1:],
        b"\x04" + (5).to_bytes(32, "big") + ROOT.to_bytes(32, "big"),
        bytes([6 + ROOT % 2]) + (5).to_bytes(32, "big") + ROOT.to_bytes(32, "big"),
        b"\x02" + (1).to_bytes(32, "big"),
        b"\x02" + P.to_bytes(32, "big"),
        b"\x02" + (P + 5).to_bytes(32, "big"),
        b"\x03" + b"\xff" * 32,
    ],
    ids=lambda data: data.hex()[:12] + f"-{len(data)}",
)
def test_encodings_that_are_refused(data: bytes) -> None:
    with pytest.raises(EncodingError, match="P-256"):
        G.decode(data)


@pytest.mark.parametrize("x", [P, P + 5])
def test_coordinates_are_reduced_whatever_openssl_says(x: int) -> None:
    with pytest.raises(EncodingError, match="not reduced"):
        G.decode(b"\x02" + x.to_bytes(32, "big"))


def test_the_point_behind_the_refused_encodings_is_on_the_curve() -> None:
    assert G.decode(b"\x02" + (5).to_bytes(32, "big")) != G.identity


@pytest.mark.parametrize("value", [G.order, G.order + 1, 2**256 - 1])
def test_scalars_that_are_refused(value: int) -> None:
    with pytest.raises(EncodingError, match="not reduced"):
        G.decode_scalar(value.to_bytes(32, "big"))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_scalars_of_another_size_are_refused(size: int) -> None:
    with pytest.raises(EncodingError, match="32 bytes"):
        G.decode_scalar(bytes(size))


def test_elements_show_nothing() -> None:
    assert repr(G.generator) == "<element of P-256>"
