"""The Rust kernel (``native/``). Use it through `zkperf.groups`; this says what the binding offers.

Elements are immutable. Scalars are Python integers and are reduced modulo the group's order. Calls on
many elements release the interpreter lock and use all cores through a pool of threads that a forked
child does not inherit: start further processes with "spawn".
"""

from collections.abc import Sequence
from typing import Self

class _Element:  # what the three classes share; it exists for type checkers only
    @classmethod
    def generator(cls) -> Self: ...
    @classmethod
    def identity(cls) -> Self: ...
    @classmethod
    def decode(cls, data: bytes) -> Self:
        """EncodingError unless canonical, in the group of prime order and not the identity."""

    @classmethod
    def decode_many(cls, data: Sequence[bytes]) -> list[Self]:
        """`decode` for each, in parallel; the error names the first bad item by its index."""

    @classmethod
    def hash_to_element(cls, message: bytes, dst: bytes) -> Self:
        """RFC 9380. ValueError unless ``dst`` has 1 to 255 bytes."""

    @classmethod
    def msm(cls, scalars: Sequence[int], elements: Sequence[Self]) -> Self:
        """Constant time. ValueError if the lengths differ."""

    @classmethod
    def msm_public(cls, scalars: Sequence[int], elements: Sequence[Self]) -> Self:
        """Variable time. ValueError if the lengths differ."""

    def encode(self) -> bytes:
        """ValueError for the identity."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __rmul__(self, scalar: int, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class RistrettoElement(_Element):
    @classmethod
    def from_uniform_bytes(cls, data: bytes) -> Self:
        """The one-way map of RFC 9496, section 4.3.4. ValueError unless there are 64 bytes."""

class G1Element(_Element): ...
class G2Element(_Element): ...

def pairing_check(pairs: Sequence[tuple[G1Element, G2Element]]) -> None:
    """InvalidToken unless Π e(P_i, Q_i) = 1."""
