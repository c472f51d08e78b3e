"""NIST P-256 on petlib, which is OpenSSL's arithmetic: for agencies bound to approved curves.

Encodings: elements are SEC 1 compressed (33 bytes, 02 or 03 and x), scalars big endian (32 bytes).
The cofactor is 1, so every point of the curve other than the one at infinity is a valid element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from petlib.bn import Bn
from petlib.ec import EcGroup, EcPt

from zkperf.errors import EncodingError
from zkperf.groups import hashing
from zkperf.groups.base import Group

_NID = 415  # OpenSSL's number for prime256v1
_CURVE = EcGroup(_NID)
_ORDER = int(str(_CURVE.order()))


class P256Element:
    """A point of P-256. Immutable; its repr shows nothing, because it may be secret."""

    __slots__ = ("_point",)

    def __init__(self, point: EcPt) -> None:
        self._point = point

    def __add__(self, other: P256Element) -> P256Element:
        return P256Element(_CURVE.sum([self._point, other._point]))

    def __sub__(self, other: P256Element) -> P256Element:
        return self + -other

    def __neg__(self) -> P256Element:
        return P256Element(-self._point)

    def __rmul__(self, scalar: int) -> P256Element:
        return P256Element(_big(scalar) * self._point)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, P256Element) and bool(self._point == other._point)

    def __hash__(self) -> int:
        return hash(self._point)

    def __repr__(self) -> str:
        return "<element of P-256>"


class P256(Group):
    """NIST P-256 (SP 800-186, SEC 1), hashed to as RFC 9380 says (``P256_XMD:SHA-256_SSWU_RO_``).

    Multiplication by one secret scalar is OpenSSL's constant-time path; what Python does with the
    scalar before (integers of varying size) is not constant time, and cannot be.
    """

    name = "P-256"
    order = _ORDER
    element_size = 33
    scalar_size = 32
    scalar_byteorder = "big"
    generator = P256Element(_CURVE.generator())
    identity = P256Element(_CURVE.infinite())

    def msm(self, scalars: Sequence[int], elements: Sequence[Any]) -> P256Element:
        # One by one: OpenSSL promises constant time for a single product, not for a sum of products.
        products = [scalar * element for scalar, element in zip(scalars, elements, strict=True)]
        return P256Element(_CURVE.sum([_CURVE.infinite(), *(product._point for product in products)]))

    def msm_public(self, scalars: Sequence[int], elements: Sequence[Any]) -> P256Element:
        if len(scalars) != len(elements):
            raise ValueError(f"expected as many scalars as elements, got {len(scalars)} and {len(elements)}")
        points = [element._point for element in elements]
        return P256Element(_CURVE.wsum([_big(scalar) for scalar in scalars], points))

    def hash_to_element(self, message: bytes, dst: bytes) -> P256Element:
        first, second = (
            _affine(*hashing.map_to_p256(u)) for u in hashing.hash_to_field_p256(message, dst, count=2)
        )
        return first + second  # no cofactor to clear

    def encode(self, element: Any) -> bytes:
        data = bytes(element._point.export())
        if len(data) != self.element_size:
            raise ValueError("P-256: the identity has no encoding")
        return data

    def decode(self, data: bytes) -> P256Element:
        # OpenSSL also knows uncompressed, hybrid and one-byte (identity) forms, which have other sizes.
        if len(data) != self.element_size:
            raise EncodingError("P-256: expected a compressed point of 33 bytes")
        if int.from_bytes(data[1:], "big") >= hashing.P:
            raise EncodingError("P-256: coordinate is not reduced")
        try:
            return P256Element(EcPt.from_binary(bytes(data), _CURVE))
        except Exception:  # petlib raises nothing more specific
            raise EncodingError("P-256: not a point of the curve") from None


def _big(scalar: int) -> Bn:
    return Bn.from_binary((scalar % _ORDER).to_bytes(32, "big"))


def _affine(x: int, y: int) -> P256Element:
    return P256Element(EcPt.from_binary(b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"), _CURVE))


NIST_P256 = P256()
"""The group."""
