"""A group whose logarithms are known: the integers modulo a prime, under addition.

Commitments in it hide exactly as they do in a real group (hiding is a matter of counting), and bind
nobody (binding needs logarithms to be hard). So a test can compute, for any commitment, every opening
that it has. An element is its own logarithm to the generator 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from zkperf.errors import EncodingError
from zkperf.groups.base import Group


@dataclass(frozen=True)
class ToyElement:
    """An integer in [0, order) that only knows what an element of a group knows."""

    log: int
    order: int

    def __add__(self, other: Self) -> ToyElement:
        return ToyElement((self.log + other.log) % self.order, self.order)

    def __sub__(self, other: Self) -> ToyElement:
        return ToyElement((self.log - other.log) % self.order, self.order)

    def __neg__(self) -> ToyElement:
        return ToyElement(-self.log % self.order, self.order)

    def __rmul__(self, scalar: int) -> ToyElement:
        return ToyElement(scalar * self.log % self.order, self.order)


class ToyGroup(Group):
    """The additive group of integers modulo the prime ``order``; encodings are big endian."""

    name = "toy"
    scalar_byteorder = "big"

    def __init__(self, order: int = 2**255 - 19) -> None:
        self.order = order
        self.element_size = self.scalar_size = (order.bit_length() + 7) // 8
        self.generator = ToyElement(1, order)
        self.identity = ToyElement(0, order)

    def msm(self, scalars: Sequence[int], elements: Sequence[ToyElement]) -> ToyElement:
        # Strict like a real library: a scalar that is not reduced is a mistake of the caller.
        if any(not 0 <= scalar < self.order for scalar in scalars):
            raise ValueError("expected reduced scalars")
        return ToyElement(
            sum(s * e.log for s, e in zip(scalars, elements, strict=True)) % self.order, self.order
        )

    msm_public = msm

    def hash_to_element(self, message: bytes, dst: bytes) -> ToyElement:
        digest = hashlib.shake_256(len(dst).to_bytes(1, "big") + dst + message).digest(self.scalar_size + 16)
        return ToyElement(1 + int.from_bytes(digest, "big") % (self.order - 1), self.order)

    def encode(self, element: ToyElement) -> bytes:
        if element.log == 0:
            raise ValueError("the identity has no encoding")
        return element.log.to_bytes(self.element_size, "big")

    def decode(self, data: bytes) -> ToyElement:
        log = int.from_bytes(data, "big")
        if len(data) != self.element_size or not 0 < log < self.order:
            raise EncodingError("toy: not the encoding of an element")
        return ToyElement(log, self.order)


TOY = ToyGroup()
