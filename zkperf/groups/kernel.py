"""A group whose arithmetic is the Rust kernel's: the same few lines for each curve in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from zkperf._native import G1Element, G2Element, RistrettoElement
from zkperf.groups.base import Group

E = TypeVar("E", RistrettoElement, G1Element, G2Element)


class KernelGroup(Group, Generic[E]):
    """`Group` on one of the kernel's classes of elements."""

    scalar_size = 32

    def __init__(self, element: type[E]) -> None:
        self._element: type[E] = element
        self.generator: E = element.generator()
        self.identity: E = element.identity()

    def msm(self, scalars: Sequence[int], elements: Sequence[E]) -> E:
        return self._element.msm(scalars, elements)

    def msm_public(self, scalars: Sequence[int], elements: Sequence[E]) -> E:
        return self._element.msm_public(scalars, elements)

    def hash_to_element(self, message: bytes, dst: bytes) -> E:
        return self._element.hash_to_element(message, dst)

    def encode(self, element: E) -> bytes:
        return element.encode()

    def decode(self, data: bytes) -> E:
        return self._element.decode(data)

    def decode_many(self, data: Iterable[bytes]) -> list[E]:
        """All of them on all cores. The EncodingError names the first bad item by its index."""
        return self._element.decode_many(list(data))
