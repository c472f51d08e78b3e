"""Pedersen commitments to vectors: C = Σ v_j·G_j + r·H.

Perfectly hiding: for every C and every vector v there is exactly one r that opens C to v. Binding as
long as nobody knows a relation between the generators, which come from hashing labels to the group.
Source: Pedersen, "Non-interactive and information-theoretic secure verifiable secret sharing"
(CRYPTO '91); RFC 9380 for the generators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from zkperf.errors import InvalidOpening
from zkperf.groups.base import Group
from zkperf.randomness import RandomBytes, system


@dataclass(frozen=True)
class CommitmentKey:
    """Generators for vectors of one length. Keys of one family share their first generators."""

    group: Group
    generators: tuple[Any, ...]
    blinding: Any

    @staticmethod
    def derive(group: Group, family: str, length: int) -> CommitmentKey:
        """The key with G_j = hash_to_element("<family>/<j>"), j from 0, and H = hash_to_element("blinding").

        The domain separation tag is "ZKPERF-V01-generators-<group>". H is one for all families.
        """
        return _derive(group, family, length)

    def commit(self, values: Sequence[int], r: int) -> Any:
        """C = Σ v_j·G_j + r·H in constant time. Values and ``r`` are reduced scalars."""
        if len(values) != len(self.generators):
            raise ValueError(f"expected {len(self.generators)} values, got {len(values)}")
        return self.group.msm([*values, r], [*self.generators, self.blinding])

    def commit_random(self, values: Sequence[int], source: RandomBytes = system) -> tuple[Any, int]:
        """(C, r) with r uniform among those for which C is not the identity, which has no encoding.

        C is then uniform among the other elements, whatever the values are.
        """
        while True:
            r = self.group.random_scalar(source)
            commitment = self.commit(values, r)
            if commitment != self.group.identity:
                return commitment, r

    def verify_opening(self, commitment: Any, values: Sequence[int], r: int) -> None:
        """Raises InvalidOpening unless C = Σ v_j·G_j + r·H with reduced scalars. Variable time."""
        if len(values) != len(self.generators):
            raise InvalidOpening(f"expected {len(self.generators)} values, got {len(values)}")
        scalars = [*values, r]
        if any(not 0 <= scalar < self.group.order for scalar in scalars):
            raise InvalidOpening("a value or the blinding is not a reduced scalar")
        if self.group.msm_public(scalars, [*self.generators, self.blinding]) != commitment:
            raise InvalidOpening("the values do not open the commitment")


@cache
def _derive(group: Group, family: str, length: int) -> CommitmentKey:
    generators = tuple(_generator(group, f"{family}/{j}") for j in range(length))
    return CommitmentKey(group, generators, _generator(group, "blinding"))


@cache
def _generator(group: Group, label: str) -> Any:
    # Cached for speed, and because batches recognise a generator by being the same object.
    return group.hash_to_element(label.encode(), f"ZKPERF-V01-generators-{group.name}".encode())
