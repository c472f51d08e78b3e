"""Proofs that forms in committed values lie in intervals: what they are about, and which system a group has.

Statement, for commitments V_i = v_i·G + r_i·H with the first generator of the family "slots":

    PK{ (v, r): V_i = v_i·G + r_i·H,  0 <= Σ c_ki·v_i + c_k <= span_k }

Both systems are perfect zero knowledge for every hash function, and sound under discrete logarithms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from zkperf.commitments import CommitmentKey
from zkperf.errors import ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs.forms import Form
from zkperf.randomness import RandomBytes, system

MOST_BITS = 64
"""Of a span: proofs are about machine words."""


@dataclass(frozen=True)
class Interval:
    """0 <= form <= span. ``capped``: that it is at most ``span`` is known already, and need not be proved.

    ValueError unless the span is from 0 to 2^64 - 1.
    """

    form: Form
    span: int
    capped: bool

    def __post_init__(self) -> None:
        if not 0 <= self.span < 2**MOST_BITS:
            raise ValueError("an interval of more than 64 bits")


class IntervalClaim(NamedTuple):
    """A proof to verify. ``context`` names everything that it is for beyond intervals and commitments."""

    context: bytes
    intervals: tuple[Interval, ...]
    commitments: tuple[Any, ...]
    proof: bytes


class IntervalSystem(ABC):
    """A way to prove intervals in one group."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.key = figure_key(group)

    @abstractmethod
    def size(self, intervals: Sequence[Interval]) -> int:
        """Bytes of a proof about these intervals."""

    @abstractmethod
    def prove(
        self,
        intervals: Sequence[Interval],
        context: bytes,
        values: Sequence[int],
        blindings: Sequence[int],
        source: RandomBytes = system,
    ) -> bytes:
        """A proof about the commitments to ``values`` with ``blindings``. ValueError if one is outside."""

    @abstractmethod
    def verify_each(
        self, claims: Sequence[IntervalClaim], source: RandomBytes = system
    ) -> list[ZkperfError | None]:
        """For each claim why it is refused (EncodingError, InvalidProof), or None. One batch."""


def figure_key(group: Group) -> CommitmentKey:
    """G and H of V = v·G + r·H: the key of scalar commitments."""
    return CommitmentKey.derive(group, "slots", 1)


@cache
def interval_system(group: Group) -> IntervalSystem:
    """Bulletproofs where the kernel has the group, bits elsewhere."""
    from zkperf.groups.ristretto255 import RISTRETTO255
    from zkperf.proofs.bits import Bits
    from zkperf.proofs.bulletproofs import Bulletproofs

    return Bulletproofs() if group is RISTRETTO255 else Bits(group)
