"""Sealed shares: opened by the right key in the right context only."""

from __future__ import annotations

import hashlib

import pytest

from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.errors import InvalidShare
from zkperf.groups.base import Group
from zkperf.sealing import (
    SALT_SIZE,
    TAG_SIZE,
    bundle_digest,
    decode_shares,
    encode_shares,
    open_sealed,
    salted_digest,
    seal,
)
from zkperf.sharing import Share


@pytest.mark.parametrize("group", EVERY)
def test_what_is_sealed_to_a_trustee_opens_with_its_key(group: Group) -> None:
    y, t = group.random_nonzero_scalar(), group.random_nonzero_scalar()
    sealed = seal(group, y, t * group.generator, b"context", b"a share")
    assert len(sealed) == len(b"a share") + TAG_SIZE
    assert open_sealed(group, t * (y * group.generator), b"context", sealed) == b"a share"


Y, T = 12, 34
SEALED = seal(TOY, Y, T * TOY.generator, b"context", b"a share")


def test_another_key_does_not_open() -> None:
    with pytest.raises(InvalidShare, match="does not open"):
        open_sealed(TOY, (T + 1) * (Y * TOY.generator), b"context", SEALED)


@pytest.mark.parametrize("context", [b"", b"contexT", b"context\0"])
def test_another_context_does_not_open(context: bytes) -> None:
    with pytest.raises(InvalidShare, match="does not open"):
        open_sealed(TOY, T * (Y * TOY.generator), context, SEALED)


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_any_changed_byte_does_not_open(at: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= 1
    with pytest.raises(InvalidShare, match="does not open"):
        open_sealed(TOY, T * (Y * TOY.generator), b"context", bytes(changed))


@pytest.mark.parametrize("sealed", [b"", SEALED[:-1], SEALED[:15], SEALED + b"\0"])
def test_truncated_and_extended_do_not_open(sealed: bytes) -> None:
    with pytest.raises(InvalidShare, match="does not open"):
        open_sealed(TOY, T * (Y * TOY.generator), b"context", sealed)


def test_shares_round_trip() -> None:
    shares = (Share((1, TOY.order - 1), 3), Share((4,), 5))
    data = encode_shares(TOY, shares)
    assert len(data) == 5 * TOY.scalar_size
    assert decode_shares(TOY, data, [2, 1]) == shares


@pytest.mark.parametrize("change", [-1, 1, 32, -32])
def test_shares_of_the_wrong_size_are_refused(change: int) -> None:
    data = bytes(3 * TOY.scalar_size + change)
    with pytest.raises(InvalidShare, match="wrong size"):
        decode_shares(TOY, data, [2])


def test_scalars_that_are_not_reduced_are_refused() -> None:
    data = bytes(TOY.scalar_size) + TOY.order.to_bytes(TOY.scalar_size, "big")
    with pytest.raises(InvalidShare, match="not reduced"):
        decode_shares(TOY, data, [1])


def test_digests_are_plain_sha256() -> None:
    salt = bytes(range(64))
    assert salted_digest(salt, b"sealed") == hashlib.sha256(salt + b"sealed").digest()
    assert bundle_digest([b"a" * 32, b"b" * 32]) == hashlib.sha256(b"a" * 32 + b"b" * 32).digest()


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_salt_has_64_bytes(size: int) -> None:
    assert SALT_SIZE == 64
    with pytest.raises(ValueError, match="64 bytes"):
        salted_digest(bytes(size), b"sealed")
