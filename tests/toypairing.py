"""A pairing on toy groups: e(a·B_1, b·B_2) = a·b, so that every logarithm on both sides is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.toygroup import ToyElement, ToyGroup
from zkperf.errors import EncodingError, InvalidToken
from zkperf.groups.pairing import Pairing


class ToySide(ToyGroup):
    """The toy group under another name, with encodings as long as those of a curve."""

    def __init__(self, name: str, order: int, element_size: int) -> None:
        super().__init__(order)
        self.name = name
        self.element_size = element_size


@dataclass(frozen=True)
class ToyPoint:
    """A point of a curve of order 15·q: its part in G1, and what of it the cofactor 15 takes away."""

    element: ToyElement
    torsion: int


class ToyPairing(Pairing):
    """Elements have the sizes of BLS12-381's on the wire: 48 bytes in G1, 96 in G2.

    The first byte of an encoding in G1 is 0; points outside of G1 have their torsion there.
    """

    name = "toy"
    effective_cofactor = 15
    g1: ToySide
    g2: ToySide

    def __init__(self, order: int = 2**255 - 19) -> None:
        self.order = order
        self.g1 = ToySide("toy-g1", order, 48)
        self.g2 = ToySide("toy-g2", order, 96)
        self.pairs_checked = 0
        """How many pairs were multiplied so far: what a verification costs."""

    def decode_signature(self, data: bytes) -> ToyPoint:
        torsion, log = data[0], int.from_bytes(data[1:], "big")
        if len(data) != 48 or torsion >= 15 or log >= self.order or torsion == log == 0:
            raise EncodingError("toy: not the encoding of a point")
        return ToyPoint(ToyElement(log, self.order), torsion)

    def clear(self, weights: Sequence[int], signatures: Sequence[ToyPoint | ToyElement]) -> ToyElement:
        total = self.g1.identity
        for weight, signature in zip(weights, signatures, strict=True):
            # 15·(S + T) = 15·S, whatever T is
            total += weight * (signature.element if isinstance(signature, ToyPoint) else signature)
        return self.effective_cofactor * total

    def check(self, pairs: Sequence[tuple[ToyElement, ToyElement]]) -> None:
        self.pairs_checked += len(pairs)
        if sum(left.log * right.log for left, right in pairs) % self.order:
            raise InvalidToken("the product of the pairings is not 1")
