"""BLS12-381 on blst, through the Rust kernel: the fast path of the tokens.

Encodings are the compressed ones of ZCash (draft-irtf-cfrg-pairing-friendly-curves, appendix C).
"""

from __future__ import annotations

from collections.abc import Sequence

from zkperf._native import CurvePoint, G1Element, G2Element, clear_cofactor, pairing_check
from zkperf.groups.kernel import KernelGroup
from zkperf.groups.pairing import Pairing

# draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
# RFC 9380, section 8.8.1: h_eff = 1 - z, where z is the parameter of the curve
EFFECTIVE_COFACTOR = 0xD201000000010001


class BLS12381G1(KernelGroup[G1Element]):
    """Elements of 48 bytes, scalars of 32 bytes big endian.

    Hashing is ``BLS12381G1_XMD:SHA-256_SSWU_RO_`` (RFC 9380, section 8.8.1).
    """

    name = "BLS12-381 G1"
    order = ORDER
    element_size = 48
    scalar_byteorder = "big"


class BLS12381G2(KernelGroup[G2Element]):
    """Elements of 96 bytes, scalars of 32 bytes big endian.

    Hashing is ``BLS12381G2_XMD:SHA-256_SSWU_RO_`` (RFC 9380, section 8.8.2).
    """

    name = "BLS12-381 G2"
    order = ORDER
    element_size = 96
    scalar_byteorder = "big"


class BLS12381Pairing(Pairing):
    """The optimal ate pairing of BLS12-381."""

    name = "BLS12-381"
    effective_cofactor = EFFECTIVE_COFACTOR

    def __init__(self) -> None:
        self.g1 = BLS12381G1(G1Element)
        self.g2 = BLS12381G2(G2Element)

    def decode_signature(self, data: bytes) -> CurvePoint:
        return CurvePoint.decode(data)

    def clear(self, weights: Sequence[int], signatures: Sequence[CurvePoint | G1Element]) -> G1Element:
        return clear_cofactor(weights, signatures)

    def check(self, pairs: Sequence[tuple[G1Element, G2Element]]) -> None:
        pairing_check(pairs)


BLS12381 = BLS12381Pairing()
