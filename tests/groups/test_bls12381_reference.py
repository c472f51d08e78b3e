"""BLS12-381: py_ecc against RFC 9380 and its own laws, and the kernel against py_ecc."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from zkperf.errors import EncodingError, InvalidToken
from zkperf.groups.base import Group
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE

VECTORS = Path(__file__).parents[2] / "../shared/vectors/rfc9380/BLS12381G1_XMD_SHA-256_SSWU_RO_.json"

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
PAIRS = [(BLS12381.g1, BLS12381_REFERENCE.g1), (BLS12381.g2, BLS12381_REFERENCE.g2)]
both_groups = pytest.mark.parametrize(("kernel", "reference"), PAIRS, ids=["G1", "G2"])
both_pairings = pytest.mark.parametrize("pairing", [BLS12381, BLS12381_REFERENCE], ids=["kernel", "py_ecc"])


def vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param({}, "", marks=pytest.mark.skip(reason=f"no test vectors at {VECTORS}"))]
    suite = json.loads(VECTORS.read_text())
    return [pytest.param(vector, suite["dst"], id=repr(vector["msg"][:12])) for vector in suite["vectors"]]


@pytest.mark.parametrize(("vector", "dst"), vectors())
@both_pairings
def test_rfc9380_vector(vector: dict[str, Any], dst: str, pairing: Any) -> None:
    element = pairing.g1.hash_to_element(vector["msg"].encode(), dst.encode())
    x, y = int(vector["P"]["x"], 16), int(vector["P"]["y"], 16)
    flags = 4 + (2 * y > P)  # compressed, finite, and the sign of y
    assert pairing.g1.encode(element) == (x + (flags << 381)).to_bytes(48, "big")


@both_groups
def test_the_group_laws(kernel: Group, reference: Group) -> None:
    group, zero = reference, reference.identity
    a, b = group.random_scalar(), group.random_scalar()
    q = group.hash_to_element(b"q", b"test")
    assert a * q + b * q == ((a + b) % group.order) * q
    assert a * q - a * q == zero
    assert -q + q == zero
    assert q + zero == q
    assert group.order * q == zero
    assert group.msm([a, b, 0], [q, group.generator, q]) == a * q + b * group.generator
    assert group.msm_public([], []) == zero
    assert hash(a * q) == hash(a * q)
    assert q != group.generator
    assert q != "q"
    assert "q" not in repr(q)
    with pytest.raises(ValueError):
        group.msm([a], [])
    with pytest.raises(ValueError, match="identity"):
        group.encode(zero)
    for size in (0, 256):
        with pytest.raises(ValueError, match="domain separation tag"):
            group.hash_to_element(b"q", bytes(size))


@both_groups
def test_multiples_of_the_identity_are_the_identity(kernel: Group, reference: Group) -> None:
    for scalar in (0, 1, 2, 3, 4, 8):
        multiple = scalar * reference.identity
        assert multiple == reference.identity
        assert multiple != reference.generator


def test_the_groups_do_not_mix() -> None:
    assert BLS12381_REFERENCE.g1.identity != BLS12381_REFERENCE.g2.identity
    assert BLS12381_REFERENCE.g2.generator != BLS12381_REFERENCE.g1.generator


def test_the_recursion_limit_is_left_alone() -> None:
    assert sys.getrecursionlimit() < 50_000


# -- the kernel against py_ecc ----------------------------------------------------------------------


@both_groups
def test_the_same_parameters(kernel: Group, reference: Group) -> None:
    for name in ("name", "order", "element_size", "scalar_size", "scalar_byteorder"):
        assert getattr(kernel, name) == getattr(reference, name)
    assert kernel.encode(kernel.generator) == reference.encode(reference.generator)


@both_groups
def test_the_same_elements(kernel: Group, reference: Group) -> None:
    rng = random.Random(381)
    for _ in range(4):
        message, scalars = rng.randbytes(rng.randrange(40)), [rng.randrange(kernel.order) for _ in range(2)]
        encodings = []
        for group in (kernel, reference):
            point = group.hash_to_element(message, b"zkperf test")
            total = group.msm_public(scalars, [point, group.generator])
            assert group.msm(scalars, [point, group.generator]) == total
            encodings.append(
                [group.encode(item) for item in (point, total, -total, total - point, scalars[0] * point)]
            )
        assert encodings[0] == encodings[1]
        assert [kernel.encode(kernel.decode(item)) for item in encodings[1]] == encodings[0]
        assert [reference.encode(reference.decode(item)) for item in encodings[0]] == encodings[1]


def verdict(group: Group, data: bytes) -> bytes | str:
    """What decoding gives, as bytes; or that it is refused."""
    try:
        return group.encode(group.decode(data))
    except EncodingError:
        return "refused"


def malformed(good: bytes, rng: random.Random) -> list[bytes]:
    """Bytes near a good encoding: most of them bad, in every way that the format knows."""
    size, halves = len(good), len(good) // 48
    x = int.from_bytes(good[:48], "big") % 2**381
    cases = [good[:-1], good + b"\x00", b"", good[:48] + good, bytes(size), b"\xff" * size]
    for flags in range(8):
        top = flags << 381
        cases.append((top + x).to_bytes(48, "big") + good[48:])  # every combination of flags
        cases.append(top.to_bytes(48, "big") + bytes(size - 48))  # and of identities
        cases.append((top + P).to_bytes(48, "big") + good[48:])  # coordinates that are not reduced
        if x + P < 2**381:
            cases.append((top + x + P).to_bytes(48, "big") + good[48:])
        if halves == 2:  # flags, and unreduced values, in the other half
            low = int.from_bytes(good[48:], "big")
            cases.append(good[:48] + ((flags << 381) + low).to_bytes(48, "big"))
            cases.append(good[:48] + (P + (low >> flags)).to_bytes(48, "big"))
    identity = (6 << 381).to_bytes(48, "big") + bytes(size - 48)
    cases.append(identity[:-1] + b"\x01")  # an identity with a coordinate
    for small in range(12):  # small coordinates: about half are on the curve, none in the subgroup
        cases.append((4 << 381).to_bytes(48, "big")[: 48 - size] + bytes(size - 1) + bytes([small]))
        cases.append(((4 << 381) + small).to_bytes(48, "big") + bytes(size - 48))
    for _ in range(12):
        changed = bytearray(good)
        changed[rng.randrange(size)] ^= 1 << rng.randrange(8)
        cases.append(bytes(changed))
    return cases


@both_groups
def test_the_same_verdict_on_malformed_encodings(kernel: Group, reference: Group) -> None:
    rng = random.Random(12)
    accepted = refused = 0
    for scalar in (1, rng.randrange(kernel.order)):
        good = kernel.encode(scalar * kernel.generator)
        for data in malformed(good, rng):
            ours, theirs = verdict(kernel, data), verdict(reference, data)
            assert ours == theirs, data.hex()
            assert ours in ("refused", data)  # whatever is accepted is canonical
            accepted, refused = accepted + (ours == data), refused + (ours != data)
    assert accepted >= 4
    assert refused > 80


@both_groups
def test_points_outside_of_the_subgroup_are_refused(kernel: Group, reference: Group) -> None:
    outside = 0
    for small in range(40):
        data = ((4 << 381) + small).to_bytes(48, "big")
        if kernel.element_size == 96:
            data += (small + 1).to_bytes(48, "big")
        try:
            reference.decode(data)
        except EncodingError as error:
            outside += "subgroup" in str(error)
            with pytest.raises(EncodingError):
                kernel.decode(data)
    assert outside > 5


@both_pairings
def test_the_pairing_is_bilinear_and_not_degenerate(pairing: Any) -> None:
    g1, g2 = pairing.g1, pairing.g2
    a, b = 0xA5A5, g1.order - 3
    pairing.check([])
    pairing.check([(g1.identity, g2.generator), (g1.generator, g2.identity)])
    # e(a·P, b·Q)·e(-ab·P, Q) = 1
    pairs = [(a * g1.generator, b * g2.generator), (-a * b % g1.order * g1.generator, g2.generator)]
    pairing.check(pairs)
    for wrong in ([(g1.generator, g2.generator)], [*pairs, pairs[0]], [pairs[1], pairs[1]]):
        with pytest.raises(InvalidToken):
            pairing.check(wrong)


def test_the_same_verdict_on_signatures() -> None:
    secret = 0x1234567890ABCDEF
    signature: list[bytes] = []
    for pairing in (BLS12381, BLS12381_REFERENCE):
        point = pairing.g1.hash_to_element(b"message", b"test")
        signature.append(pairing.g1.encode(secret * point))
        pairing.check([(secret * point, -pairing.g2.generator), (point, secret * pairing.g2.generator)])
        with pytest.raises(InvalidToken):
            pairing.check([(secret * point, -pairing.g2.generator), (point, pairing.g2.generator)])
    assert signature[0] == signature[1]
