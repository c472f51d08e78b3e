"""What every commitment group can do. The protocol is written against this and nothing else.

A group has prime order q. Scalars are Python integers in [0, q); elements are opaque, compared with
``==``, and combined with ``+``, ``-`` and ``scalar * element``. Elements cross the wire only through
`Group.encode` and `Group.decode`, which know exactly one encoding each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

from zkperf.errors import EncodingError
from zkperf.randomness import RandomBytes, system, uniform_below, uniform_nonzero


class Element(Protocol):
    """An element of a group of prime order, the identity included."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __rmul__(self, scalar: int, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...


class Group(ABC):
    """A group of prime order with a canonical encoding and hashing to it."""

    name: str
    """The group's name on the wire, for instance ``"ristretto255"``."""
    order: int
    """The prime q."""
    element_size: int
    """Bytes of an encoded element."""
    scalar_size: int
    """Bytes of an encoded scalar."""
    scalar_byteorder: str
    """``"little"`` or ``"big"``: how the group's own standard writes scalars."""
    generator: Any
    """The standard generator B."""
    identity: Any

    # -- arithmetic ------------------------------------------------------------------------------

    @abstractmethod
    def msm(self, scalars: Sequence[int], elements: Sequence[Any]) -> Any:
        """Σ scalars[i]·elements[i], in constant time where the library allows it: for secrets.

        The sequences have the same length; the empty sum is the identity. Raises ValueError otherwise.
        """

    @abstractmethod
    def msm_public(self, scalars: Sequence[int], elements: Sequence[Any]) -> Any:
        """The same sum in variable time: for verification, where everything is public."""

    @abstractmethod
    def hash_to_element(self, message: bytes, dst: bytes) -> Any:
        """An element of which nobody knows the logarithm (RFC 9380, ``hash_to_curve``)."""

    # -- encodings -------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, element: Any) -> bytes:
        """The canonical ``element_size`` bytes of an element. ValueError for the identity, which has none."""

    @abstractmethod
    def decode(self, data: bytes) -> Any:
        """The element that ``data`` encodes.

        Raises EncodingError unless ``data`` is the canonical encoding of an element of this group
        other than the identity.
        """

    def decode_many(self, data: Iterable[bytes]) -> list[Any]:
        """`decode` for each; groups with a faster way for many override it."""
        return [self.decode(item) for item in data]

    def encode_scalar(self, scalar: int) -> bytes:
        """``scalar_size`` bytes. ValueError unless 0 <= scalar < order."""
        if not 0 <= scalar < self.order:
            raise ValueError("expected a reduced scalar")
        return scalar.to_bytes(self.scalar_size, self.scalar_byteorder)  # type: ignore[arg-type]

    def decode_scalar(self, data: bytes) -> int:
        """The scalar that ``data`` encodes. EncodingError unless ``scalar_size`` bytes below the order."""
        if len(data) != self.scalar_size:
            raise EncodingError(f"{self.name}: expected {self.scalar_size} bytes, got {len(data)}")
        scalar = int.from_bytes(data, self.scalar_byteorder)  # type: ignore[arg-type]
        if scalar >= self.order:
            raise EncodingError(f"{self.name}: scalar is not reduced")
        return scalar

    # -- randomness ------------------------------------------------------------------------------

    def random_scalar(self, source: RandomBytes = system) -> int:
        """A scalar exactly uniform in [0, q)."""
        return uniform_below(self.order, source)

    def random_nonzero_scalar(self, source: RandomBytes = system) -> int:
        """A scalar exactly uniform in [1, q)."""
        return uniform_nonzero(self.order, source)

    def __repr__(self) -> str:
        return f"<group {self.name}>"
