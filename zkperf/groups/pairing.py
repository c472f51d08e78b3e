"""What the tokens need of a pairing-friendly curve. Blind threshold BLS is written against this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from zkperf.groups.base import Group


class Pairing(ABC):
    """Two groups of the same prime order q and a bilinear map e: G1 x G2 -> GT that is not degenerate.

    Signatures live in ``g1``, the smaller one, and keys in ``g2``.
    """

    name: str
    """The curve's name on the wire, for instance ``"BLS12-381"``."""
    g1: Group
    g2: Group

    @abstractmethod
    def check(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Accept if Π e(P_i, Q_i) = 1 over the given pairs (P_i in G1, Q_i in G2).

        The identity may occur and contributes the factor 1; the empty product is accepted. Raises
        InvalidToken if the product is anything else than 1.
        """

    def __repr__(self) -> str:
        return f"<pairing {self.name}>"
