"""The toy group keeps the contract of a group, so that what tests show in it means something."""

from __future__ import annotations

import pytest

from tests.toygroup import TOY, ToyGroup
from zkperf.errors import EncodingError


def test_arithmetic() -> None:
    b = TOY.generator
    assert 3 * b + 4 * b == 7 * b == 9 * b - 2 * b
    assert -b + b == TOY.order * b == TOY.identity == TOY.msm([], [])
    assert TOY.msm([2, 3], [b, 5 * b]) == 17 * b


def test_encodings() -> None:
    assert TOY.decode(TOY.encode(5 * TOY.generator)) == 5 * TOY.generator
    with pytest.raises(ValueError, match="identity"):
        TOY.encode(TOY.identity)
    for data in (bytes(32), TOY.order.to_bytes(32, "big"), bytes(31) + b"\1\0", b"\1"):
        with pytest.raises(EncodingError):
            TOY.decode(data)


def test_strict_scalars() -> None:
    for scalar in (-1, TOY.order):
        with pytest.raises(ValueError, match="reduced"):
            TOY.msm([scalar], [TOY.generator])


def test_hashing_depends_on_message_and_tag() -> None:
    small = ToyGroup(2**61 - 1)
    inputs = [(b"a", b"d"), (b"b", b"d"), (b"a", b"e"), (b"ad", b"")]
    seen = {small.hash_to_element(message, dst).log for message, dst in inputs}
    assert len(seen) == 4
