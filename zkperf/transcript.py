"""Fiat-Shamir: a proof's challenge is squeezed from everything that was said before it.

A `Transcript` is the SHAKE128 duplex sponge of draft-irtf-cfrg-fiat-shamir ("XOF duplex sponge"). It
starts from a session identifier, which names the statement, the proof system and the group. Then
the instance and every prover message are absorbed, and challenges are squeezed. Absorbing puts in no
separators: what is absorbed has to be prefix-free on its own (fixed lengths, counts, or CBOR).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Self

from zkperf.groups.base import Group

RATE = 168
"""Bytes that SHAKE128 takes in or gives out per call of its permutation."""

_DERIVATION = b"irtf-cfrg-fiat-shamir/session-id"
"""The domain separator of ``DeriveSessionID``, itself a session identifier: 32 bytes."""

_MARGIN = 16
"""Bytes squeezed beyond the size of a scalar: they bound the bias of a challenge by 2^-128."""

BATCHABLE = "DSFS"
"""The flavour of proofs that carry (commitment, response): many are verified as one equation."""
COMPACT = "CMPT"
"""The flavour of proofs that carry (challenge, response): shorter, verified one by one."""

_CIPHERSUITES = {"P-256": "P256", "BLS12-381 G1": "BLS12381", "BLS12-381 G2": "BLS12381G2"}
"""What the draft calls a group, where zkperf calls it otherwise (the last name is zkperf's own)."""


class Transcript:
    """A duplex sponge, seeded by the 32 bytes of a session identifier (ValueError for another length)."""

    def __init__(self, session_id: bytes) -> None:
        if len(session_id) != 32:
            raise ValueError(f"expected a session identifier of 32 bytes, got {len(session_id)}")
        # A whole block, so that the instance starts on a block of its own.
        self._absorbed = hashlib.shake_128(session_id + bytes(RATE - 32))
        self._restart()

    def _restart(self) -> None:
        self._stream = b""  # output for what has been absorbed so far, of which ...
        self._position = 0  # ... this many bytes have been squeezed

    def absorb(self, data: bytes) -> None:
        """Take in ``data``. The next squeeze starts a new stream, unless ``data`` is empty."""
        if data:
            self._absorbed.update(data)
            self._restart()

    def squeeze(self, size: int) -> bytes:
        """The next ``size`` bytes. Squeezes with nothing absorbed between them continue one stream."""
        end = self._position + size
        if end > len(self._stream):
            # hashlib gives a stream from its start only, so twice as much as before is drawn: linear in all.
            self._stream = self._absorbed.digest(max(end, 2 * len(self._stream)))
        squeezed = self._stream[self._position : end]
        self._position = end
        return squeezed

    def challenge(self, group: Group) -> int:
        """A scalar of ``group``, within 2^-128 of uniform (the draft's ``DecodeField``)."""
        return decode_uint(self.squeeze(group.scalar_size + _MARGIN), group.order)

    def copy(self) -> Self:
        """An independent transcript with the same past."""
        twin = type(self).__new__(type(self))
        twin._absorbed = self._absorbed.copy()
        twin._stream = self._stream
        twin._position = self._position
        return twin


def decode_uint(squeezed: bytes, modulus: int) -> int:
    """The integer below ``modulus`` that squeezed bytes stand for: little endian in every group, reduced."""
    return int.from_bytes(squeezed, "little") % modulus


def derive_session_id(tag: bytes) -> bytes:
    """The session identifier, 32 bytes, of an application's tag (the draft's ``DeriveSessionID``)."""
    transcript = Transcript(_DERIVATION)
    transcript.absorb(tag)
    return transcript.squeeze(32)


def session_tag(part: str, group: Group, context: bytes = b"", *, flavour: str = BATCHABLE) -> bytes:
    """The tag of proofs of the statement ``part`` over ``group``, made for ``context``.

    ``ZKPERF-V01-<part>-<flavour>-with-sigma-proofs_Shake128_<group>``, followed by a slash and the
    context in hexadecimal if there is one. Neither part, flavour nor group holds a slash or the
    others' delimiters, so different arguments give different tags. The context names everything that
    the proof is for beyond its equations; whoever verifies puts it together from what they know.
    """
    if not (part.isascii() and part.replace("-", "").isalnum()):
        raise ValueError("expected a part of letters, digits and hyphens")
    suite = _CIPHERSUITES.get(group.name, group.name)
    tag = f"ZKPERF-V01-{part}-{flavour}-with-sigma-proofs_Shake128_{suite}"
    return (f"{tag}/{context.hex()}" if context else tag).encode("ascii")


def session_id(part: str, group: Group, context: bytes = b"", *, flavour: str = BATCHABLE) -> bytes:
    """The session identifier derived from `session_tag`."""
    return _session_id(session_tag(part, group, context, flavour=flavour))


@lru_cache(maxsize=64)
def _session_id(tag: bytes) -> bytes:
    return derive_session_id(tag)
