"""ristretto255 (RFC 9496) on the Rust kernel: the default group for commitments and proofs."""

from __future__ import annotations

from zkperf._native import RistrettoElement
from zkperf.groups.kernel import KernelGroup


class Ristretto255(KernelGroup[RistrettoElement]):
    """Elements of 32 bytes, scalars of 32 bytes little endian.

    Hashing is ``ristretto255_XMD:SHA-512_R255MAP_RO_`` (RFC 9380, appendix B).
    """

    name = "ristretto255"
    order = 2**252 + 27742317777372353535851937790883648493  # RFC 9496, section 4
    element_size = 32
    scalar_byteorder = "little"


RISTRETTO255 = Ristretto255(RistrettoElement)
