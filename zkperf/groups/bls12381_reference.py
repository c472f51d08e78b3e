"""BLS12-381 on py_ecc: slow, in plain Python, and therefore what the kernel's is compared with.

Nothing here is constant time: it is for reading and testing, not for keys that are in use.
Encodings are those of `zkperf.groups.bls12381`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from zkperf.errors import EncodingError, InvalidToken
from zkperf.groups.base import Group
from zkperf.groups.bls12381 import EFFECTIVE_COFACTOR
from zkperf.groups.pairing import Pairing


def _load(name: str) -> Any:
    """A module of py_ecc, without its side effect: it raises the recursion limit of the whole process."""
    limit = sys.getrecursionlimit()
    try:
        return import_module(name)
    finally:
        sys.setrecursionlimit(limit)


curve = _load("py_ecc.optimized_bls12_381")
encodings = _load("py_ecc.bls.g2_primitives")
hashing = _load("py_ecc.bls.hash_to_curve")


class ReferenceElement:
    """A point of G1 or G2: immutable, and with a single form of the identity."""

    __slots__ = ("_group", "_point")

    def __init__(self, group: ReferenceGroup, point: Any) -> None:
        # py_ecc doubles the identity to (0, 0, 0), which it then holds equal to every point.
        self._point = group._zero if curve.is_inf(point) else point
        self._group = group

    def __add__(self, other: ReferenceElement) -> ReferenceElement:
        return ReferenceElement(self._group, curve.add(self._point, other._point))

    def __sub__(self, other: ReferenceElement) -> ReferenceElement:
        return self + -other

    def __neg__(self) -> ReferenceElement:
        return ReferenceElement(self._group, curve.neg(self._point))

    def __rmul__(self, scalar: int) -> ReferenceElement:
        return ReferenceElement(self._group, curve.multiply(self._point, scalar % curve.curve_order))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ReferenceElement)
            and self._group is other._group
            and bool(curve.eq(self._point, other._point))
        )

    def __hash__(self) -> int:
        return hash(self._group._compress(self._point))

    def __repr__(self) -> str:
        return f"<element of {self._group.name}>"


@dataclass(frozen=True)
class ReferencePoint:
    """A point of the curve that G1 is a part of, and not the identity; perhaps outside of G1."""

    _point: Any = field(repr=False)


class ReferenceGroup(Group):
    """G1 or G2, by the functions that py_ecc has for it."""

    order = curve.curve_order
    scalar_size = 32
    scalar_byteorder = "big"

    def __init__(
        self,
        name: str,
        element_size: int,
        generator: Any,
        zero: Any,
        compress: Callable[[Any], bytes],
        decompress: Callable[[Any], Any],
        hash_to: Callable[[bytes, bytes, Any], Any],
    ) -> None:
        self.name = name
        self.element_size = element_size
        self._zero = zero
        self._compress = compress
        self._decompress = decompress
        self._hash_to = hash_to
        self.generator = ReferenceElement(self, generator)
        self.identity = ReferenceElement(self, zero)

    def msm(self, scalars: Sequence[int], elements: Sequence[Any]) -> ReferenceElement:
        total: ReferenceElement = self.identity
        for scalar, element in zip(scalars, elements, strict=True):
            total = total + scalar * element
        return total

    def msm_public(self, scalars: Sequence[int], elements: Sequence[Any]) -> ReferenceElement:
        return self.msm(scalars, elements)

    def hash_to_element(self, message: bytes, dst: bytes) -> ReferenceElement:
        if not 0 < len(dst) <= 255:
            raise ValueError(f"expected a domain separation tag of 1 to 255 bytes, got {len(dst)}")
        return ReferenceElement(self, self._hash_to(message, dst, hashlib.sha256))

    def encode(self, element: Any) -> bytes:
        if element == self.identity:
            raise ValueError(f"{self.name}: the identity has no encoding")
        return bytes(self._compress(element._point))

    def on_curve(self, data: bytes) -> Any:
        """The point of the curve, not the identity, that ``data`` is the one encoding of."""
        if len(data) != self.element_size:
            raise EncodingError(f"{self.name}: expected {self.element_size} bytes, got {len(data)}")
        try:
            point = self._decompress(data)
        except ValueError as error:
            raise EncodingError(f"{self.name}: {error}") from None
        if curve.is_inf(point):
            raise EncodingError(f"{self.name}: the identity")
        return point

    def decode(self, data: bytes) -> ReferenceElement:
        point = self.on_curve(data)
        if not curve.is_inf(curve.multiply(point, self.order)):
            raise EncodingError(f"{self.name}: not in the subgroup of prime order")
        return ReferenceElement(self, point)


class ReferencePairing(Pairing):
    """The optimal ate pairing of BLS12-381."""

    name = "BLS12-381"
    effective_cofactor = EFFECTIVE_COFACTOR
    g1: ReferenceGroup
    g2: ReferenceGroup

    def __init__(self) -> None:
        self.g1 = ReferenceGroup(
            name="BLS12-381 G1",
            element_size=48,
            generator=curve.G1,
            zero=curve.Z1,
            compress=encodings.G1_to_pubkey,
            decompress=encodings.pubkey_to_G1,
            hash_to=hashing.hash_to_G1,
        )
        self.g2 = ReferenceGroup(
            name="BLS12-381 G2",
            element_size=96,
            generator=curve.G2,
            zero=curve.Z2,
            compress=encodings.G2_to_signature,
            decompress=encodings.signature_to_G2,
            hash_to=hashing.hash_to_G2,
        )

    def decode_signature(self, data: bytes) -> ReferencePoint:
        return ReferencePoint(self.g1.on_curve(data))

    def clear(self, weights: Sequence[int], signatures: Sequence[Any]) -> ReferenceElement:
        total = curve.Z1
        for weight, signature in zip(weights, signatures, strict=True):
            total = curve.add(total, curve.multiply(signature._point, weight))
        return ReferenceElement(self.g1, curve.multiply(total, self.effective_cofactor))

    def check(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        product = curve.FQ12.one()
        for p, q in pairs:
            # The final exponentiation is a homomorphism: once, at the end, is enough.
            product = product * curve.pairing(q._point, p._point, final_exponentiate=False)
        if curve.final_exponentiate(product) != curve.FQ12.one():
            raise InvalidToken("the product of the pairings is not 1")


BLS12381_REFERENCE = ReferencePairing()
"""The pairing."""
