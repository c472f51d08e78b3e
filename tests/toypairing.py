"""A pairing on toy groups: e(a·B_1, b·B_2) = a·b, so that every logarithm on both sides is known."""

from __future__ import annotations

from collections.abc import Sequence

from tests.toygroup import ToyElement, ToyGroup
from zkperf.errors import InvalidToken
from zkperf.groups.pairing import Pairing


class ToySide(ToyGroup):
    """The toy group under another name, with encodings as long as those of a curve."""

    def __init__(self, name: str, order: int, element_size: int) -> None:
        super().__init__(order)
        self.name = name
        self.element_size = element_size


class ToyPairing(Pairing):
    """Elements have the sizes of BLS12-381's on the wire: 48 bytes in G1, 96 in G2."""

    name = "toy"
    g1: ToySide
    g2: ToySide

    def __init__(self, order: int = 2**255 - 19) -> None:
        self.order = order
        self.g1 = ToySide("toy-g1", order, 48)
        self.g2 = ToySide("toy-g2", order, 96)
        self.pairs_checked = 0
        """How many pairs were multiplied so far: what a verification costs."""

    def check(self, pairs: Sequence[tuple[ToyElement, ToyElement]]) -> None:
        self.pairs_checked += len(pairs)
        if sum(left.log * right.log for left, right in pairs) % self.order:
            raise InvalidToken("the product of the pairings is not 1")
