"""Points of the curve that G1 is a part of, outside of G1, by py_ecc.

The curve has c·q points. T is the group of those that c takes to the identity: the torsion that a token
may carry. Every point is the sum of one in G1 and one in T.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from zkperf.errors import EncodingError
from zkperf.groups.bls12381 import ORDER
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE, curve, encodings

Z = -0xD201000000010000
COFACTOR = (Z - 1) ** 2 // 3
PRIMES = {3: 1, 11: 2, 10177: 2, 859267: 2, 52437899: 2}
"""The primes of the cofactor c, and how often each divides it."""
COMPRESSED = 1 << 383
"""The flag of an encoding, whose other bits are x if y is the smaller root."""


def random_points(count: int, first: int = 1) -> list[Any]:
    """Points whose x are the smallest ones from ``first`` that are on the curve."""
    points: list[Any] = []
    while len(points) < count:
        with suppress(EncodingError):  # about half of all x have no y
            points.append(point((COMPRESSED + first).to_bytes(48, "big")))
        first += 1
    return points


def point(data: bytes) -> Any:
    """The point that ``data`` encodes, in G1 or not."""
    return BLS12381_REFERENCE.decode_signature(data)._point


def encoded(point: Any) -> bytes:
    return bytes(encodings.G1_to_pubkey(point))


def torsion(prime: int | None = None, first: int = 1) -> Any:
    """A point of T other than the identity, of this prime order if one is given."""
    factor = ORDER if prime is None else COFACTOR * ORDER // prime ** PRIMES[prime]
    for candidate in random_points(20, first):
        found = curve.multiply(candidate, factor)
        if not curve.is_inf(found):
            return found
    raise AssertionError("twenty points, and none of this order")


def shifted(token: bytes, by: Any) -> bytes:
    """The token with a point added."""
    return encoded(curve.add(point(token), by))
