"""Sampling is exact: every value comes from as many draws as every other, and none is reduced."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from zkperf.randomness import system, uniform_below, uniform_nonzero


@pytest.mark.parametrize("bound", [2, 3, 5, 128, 129, 255, 256])
def test_every_value_comes_from_as_many_bytes(bound: int) -> None:
    accepted: Counter[int] = Counter()
    for byte in range(256):
        given = iter([bytes([byte])])
        with suppress(StopIteration):  # rejected, and another byte asked for
            accepted[uniform_below(bound, lambda size: next(given))] += 1  # noqa: B023
    assert sorted(accepted) == list(range(bound))
    assert len(set(accepted.values())) == 1


def test_what_is_too_large_is_drawn_again_and_not_reduced() -> None:
    given = [b"\xff\x07", b"\xe8\x03", b"\xe7\xfb"]
    # 1000 takes ten bits: 1023 and 1000 are too large, 0x3e7 = 999 with the excess bits cleared is not.
    assert uniform_below(1000, lambda size: given.pop(0)) == 999
    assert given == []


def test_just_enough_bytes_are_asked_for() -> None:
    asked: list[int] = []

    def source(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    for bound in (1, 2, 256, 257, 2**252 + 1, 2**256):
        assert uniform_below(bound, source) == 0
    assert asked == [0, 1, 1, 2, 32, 32]


@pytest.mark.parametrize("bound", [0, -1, -256])
def test_there_is_nothing_below_zero(bound: int) -> None:
    with pytest.raises(ValueError, match="expected a positive bound"):
        uniform_below(bound, bytes)


def test_nonzero_values() -> None:
    assert uniform_nonzero(2, bytes) == 1
    assert uniform_nonzero(257, lambda size: b"\xff" * size) == 256
    assert {uniform_nonzero(4) for _ in range(200)} == {1, 2, 3}
    with pytest.raises(ValueError, match="positive"):
        uniform_nonzero(1, bytes)


def test_the_system_is_the_source() -> None:
    assert len(system(33)) == 33
    assert system(33) != system(33)
