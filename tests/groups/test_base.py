"""What all groups have in common: the encoding of scalars."""

from __future__ import annotations

import pytest

from tests.suites import EVERY
from zkperf.errors import EncodingError
from zkperf.groups.base import Group

pytestmark = pytest.mark.parametrize("group", EVERY)


def test_scalars_round_trip(group: Group) -> None:
    for scalar in (0, 1, 258, group.order - 1):
        assert group.decode_scalar(group.encode_scalar(scalar)) == scalar


@pytest.mark.parametrize("beyond", [0, 1])
def test_only_reduced_scalars_are_written(group: Group, beyond: int) -> None:
    for scalar in (-1 - beyond, group.order + beyond):
        with pytest.raises(ValueError, match="reduced scalar"):
            group.encode_scalar(scalar)


def test_only_reduced_scalars_are_read(group: Group) -> None:
    order = group.scalar_byteorder
    assert order in ("little", "big")
    for scalar in (group.order, group.order + 1, 256**group.scalar_size - 1):
        with pytest.raises(EncodingError, match="not reduced"):
            group.decode_scalar(scalar.to_bytes(group.scalar_size, order))


@pytest.mark.parametrize("change", [-1, 1])
def test_scalars_have_one_size(group: Group, change: int) -> None:
    with pytest.raises(EncodingError, match="expected 32 bytes"):
        group.decode_scalar(bytes(group.scalar_size + change))
