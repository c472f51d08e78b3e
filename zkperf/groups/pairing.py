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
    effective_cofactor: int
    """h_eff, invertible modulo q, such that h_eff·S is in G1 for every point S of the curve G1 is part of."""

    @abstractmethod
    def decode_signature(self, data: bytes) -> Any:
        """The point of G1's curve, in G1 or not, that ``data`` encodes. It is for `clear` alone.

        The encoding is that of ``g1``. EncodingError unless it is canonical, of a point on the curve, and
        not the identity.
        """

    @abstractmethod
    def clear(self, weights: Sequence[int], signatures: Sequence[Any]) -> Any:
        """h_eff·Σ weights[i]·signatures[i] in variable time: an element of ``g1``, whatever the points are.

        Weights are in [0, 2^128), signatures elements of ``g1`` or what `decode_signature` gives. Raises
        ValueError if the sequences differ in length.
        """

    @abstractmethod
    def check(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Accept if Π e(P_i, Q_i) = 1 over the given pairs (P_i in G1, Q_i in G2).

        The identity may occur and contributes the factor 1; the empty product is accepted. Raises
        InvalidToken if the product is anything else than 1.
        """

    def __repr__(self) -> str:
        return f"<pairing {self.name}>"
