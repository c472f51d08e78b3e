"""The group operations of a batch, taken down while its readable definition verifies it.

A floor does exactly these, on the same encodings, scalars and messages: they are counted, not estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from zkperf._native import RatingLeaf
from zkperf.errors import ZkperfError
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.ledger.rules.verification import verify_reference
from zkperf.ledger.state import Round, State


class Sum(NamedTuple):
    """A sum of products that everybody may see."""

    scalars: Sequence[int]
    elements: Sequence[Any]
    value: Any


@dataclass
class Record:
    """What one group was asked to do."""

    decoded: list[tuple[bytes, Any]] = field(default_factory=list)
    hashed: list[tuple[bytes, Any]] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    cleared: list[Sum] = field(default_factory=list)
    """Sums of points that may be outside of the group, and cleared of the cofactor."""


class RecordingGroup(Group):
    """A group that takes down what verifiers ask of it."""

    def __init__(self, group: Group) -> None:
        self.name, self.order = group.name, group.order
        self.element_size, self.scalar_size = group.element_size, group.scalar_size
        self.scalar_byteorder = group.scalar_byteorder
        self.generator, self.identity = group.generator, group.identity
        self.record = Record()
        self._group = group

    def __getattr__(self, name: str) -> Any:
        return getattr(self._group, name)

    def msm(self, scalars: Sequence[int], elements: Sequence[Any]) -> Any:
        return self._group.msm(scalars, elements)

    def msm_public(self, scalars: Sequence[int], elements: Sequence[Any]) -> Any:
        value = self._group.msm_public(scalars, elements)
        self.record.sums.append(Sum(scalars, elements, value))
        return value

    def hash_to_element(self, message: bytes, dst: bytes) -> Any:
        element = self._group.hash_to_element(message, dst)
        self.record.hashed.append((message, element))
        return element

    def encode(self, element: Any) -> bytes:
        return self._group.encode(element)

    def decode(self, data: bytes) -> Any:
        return self.decode_many([data])[0]

    def decode_many(self, data: Iterable[bytes]) -> list[Any]:
        encodings = list(data)
        elements = self._group.decode_many(encodings)
        self.record.decoded += zip(encodings, elements, strict=True)
        return elements


class RecordingPairing(Pairing):
    """A pairing that takes down what its first group and its checks are asked."""

    def __init__(self, pairing: Pairing) -> None:
        self.name, self.g2, self._pairing = pairing.name, pairing.g2, pairing
        self.effective_cofactor = pairing.effective_cofactor
        self.recording = RecordingGroup(pairing.g1)
        self.g1 = self.recording
        self.pairs: list[tuple[Any, Any]] = []

    def decode_signature(self, data: bytes) -> Any:
        point = self._pairing.decode_signature(data)
        self.recording.record.decoded.append((data, point))
        return point

    def clear(self, weights: Sequence[int], signatures: Sequence[Any]) -> Any:
        value = self._pairing.clear(weights, signatures)
        self.recording.record.cleared.append(Sum(weights, signatures, value))
        return value

    def check(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        self.pairs += pairs
        self._pairing.check(pairs)


class Operations(NamedTuple):
    """What verifying a batch of ratings took."""

    group: Record
    g1: Record
    pairs: Sequence[tuple[Any, Any]]


def operations(state: State, found: Round, ratings: Sequence[RatingLeaf]) -> Operations:
    """The operations of these ratings' batch, all of which must be good."""

    def verify(group: Group, pairing: Pairing) -> None:
        recorded = replace(state, group=group, pairing=pairing)
        for verdict in verify_reference(recorded, found, ratings):
            if isinstance(verdict, ZkperfError):
                raise verdict

    return record(state.commitment_group, state.pairing, verify)


def record(group: Group, pairing: Pairing, verify: Callable[[Group, Pairing], object]) -> Operations:
    """The operations of ``verify``, whatever it keeps from one call to the next being there already."""
    recording_group, recording_pairing = RecordingGroup(group), RecordingPairing(pairing)
    verify(recording_group, recording_pairing)
    recording_group.record, recording_pairing.recording.record = Record(), Record()
    recording_pairing.pairs = []
    verify(recording_group, recording_pairing)
    return Operations(recording_group.record, recording_pairing.recording.record, recording_pairing.pairs)
