"""Hashing to P-256: the suite ``P256_XMD:SHA-256_SSWU_RO_`` of RFC 9380, section 8.2.

Only public byte strings are hashed here (labels of generators), so nothing runs in constant time.
Names follow the RFC. What comes out are affine coordinates; `zkperf.groups.p256` makes points of them.
"""

from __future__ import annotations

import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The prime of the field that P-256 is defined over."""
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""The curve is y² = x³ + A·x + B."""

_Z = P - 10
_L = 48  # bytes per field element: ⌈(256 + 128) / 8⌉
_MAX_DST = 255


def expand_message_xmd(message: bytes, dst: bytes, size: int) -> bytes:
    """``size`` bytes from SHA-256 (RFC 9380, section 5.3.1).

    Raises ValueError for a domain separation tag that is empty or longer than 255 bytes.
    """
    # py_ecc has this function too, but importing it raises the recursion limit of the whole process.
    if not 0 < len(dst) <= _MAX_DST:
        raise ValueError(f"expected a domain separation tag of 1 to {_MAX_DST} bytes, got {len(dst)}")
    blocks = -(-size // 32)
    if blocks > 255:
        raise ValueError(f"SHA-256 expands to at most {255 * 32} bytes, not {size}")
    dst_prime = dst + bytes([len(dst)])
    start = hashlib.sha256(bytes(64) + message + size.to_bytes(2, "big") + b"\x00" + dst_prime).digest()
    block = bytes(32)
    uniform = b""
    for i in range(1, blocks + 1):
        mixed = bytes(left ^ right for left, right in zip(start, block, strict=True))
        block = hashlib.sha256(mixed + bytes([i]) + dst_prime).digest()
        uniform += block
    return uniform[:size]


def hash_to_field_p256(message: bytes, dst: bytes, count: int) -> list[int]:
    """``count`` field elements, each within 2^-128 of uniform (RFC 9380, section 5.2)."""
    uniform = expand_message_xmd(message, dst, count * _L)
    return [int.from_bytes(uniform[i * _L : (i + 1) * _L], "big") % P for i in range(count)]


def map_to_p256(u: int) -> tuple[int, int]:
    """The affine point that simplified SWU sends ``u`` to (RFC 9380, section 6.6.2)."""
    tv1 = (_Z * _Z * pow(u, 4, P) + _Z * u * u) % P
    # The inverse of 0 counts as 0; then x1 has a form of its own.
    x = -B * pow(A, -1, P) * (1 + pow(tv1, -1, P)) % P if tv1 else B * pow(_Z * A, -1, P) % P
    y = _square_root(_curve(x))
    if y is None:
        x = _Z * u * u * x % P
        y = _square_root(_curve(x))
    assert y is not None, "of gx1 and gx2 one is a square, because Z is none"
    return x, (y if y % 2 == u % 2 else P - y)


def _curve(x: int) -> int:
    return (x * x * x + A * x + B) % P


def _square_root(value: int) -> int | None:
    root = pow(value, (P + 1) // 4, P)  # P = 3 mod 4
    return root if root * root % P == value else None
