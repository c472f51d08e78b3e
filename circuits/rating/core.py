"""What a rating is on the wire: the core, which goes into the log, and the bundle, which never does.

The proof is fixed-width bytes, element after element and scalar after scalar:

    A_0 ‖ A_1 ‖ … ‖ U ‖ V ‖ R ‖ f ‖ z_{r,0} ‖ z_{r,1} ‖ … ‖ z_u ‖ z

with one A_q and z_{r,q} for each commitment, and f without the entries that L determines.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from circuits.layout import Layout
from zkperf.commitments import CommitmentKey
from zkperf.encoding import UNSHOWN, Bytes32, Bytes48, Bytes64, Record, Sequence, Uint, encode
from zkperf.errors import EncodingError
from zkperf.groups.base import Group
from zkperf.transcript import Transcript, session_id


@dataclass(frozen=True)
class RatingContext:
    """Everything public that a rating is made for."""

    ledger: bytes
    """The ledger's identifier, 32 bytes."""
    round: bytes
    """The round's digest, 32 bytes."""
    unit: int
    scheme: bytes
    """The scheme's digest, 32 bytes."""
    threshold: int
    members: int


class Core(Record):
    """The public part of a rating. Elements are encoded in the ledger's commitment group."""

    round: Bytes32
    unit: Uint
    pseudonym: bytes
    """X = x·B."""
    ephemeral: bytes
    """Y = y·B."""
    token: Bytes48
    sequence: Uint
    commitments: Sequence[bytes]
    """C_q: the main commitment, then those of optional questions."""
    coefficients: Sequence[Sequence[bytes]]
    """E_{q,1} … E_{q,t-1} for each commitment."""
    digest: Bytes32
    """d, of the bundle."""
    proof: bytes

    @property
    def sealed_for(self) -> tuple[str, list[Any]]:
        """What its shares are sealed for: a label, and the fields that say whose and which it is."""
        named = [self.round, self.unit, self.pseudonym, self.ephemeral, self.sequence]
        return "zkperf rating share", named


class Dealt(Protocol):
    """What shares are dealt of: a rating, or a report of figures."""

    @property
    def round(self) -> bytes: ...
    @property
    def unit(self) -> int: ...
    @property
    def ephemeral(self) -> bytes: ...
    @property
    def commitments(self) -> SequenceOf[bytes]: ...
    @property
    def coefficients(self) -> SequenceOf[SequenceOf[bytes]]: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def sealed_for(self) -> tuple[str, list[Any]]: ...
    def encode(self) -> bytes: ...


class Bundle(Record):
    """The sealed part of a rating: for each trustee a salt and its sealed shares. It is deleted one day: no
    log may keep it."""

    salts: Sequence[Bytes64] = UNSHOWN
    sealed: Sequence[bytes] = UNSHOWN


def commitment_keys(group: Group, layout: Layout) -> tuple[CommitmentKey, ...]:
    """The key of each commitment of a layout: the first generators of one family, "slots"."""
    return tuple(CommitmentKey.derive(group, "slots", len(rows)) for rows in layout.commitments)


def auxiliary_key(group: Group, layout: Layout) -> CommitmentKey:
    """The key of U and V: auxiliary bits, then one entry for each bit. Family "auxiliary"."""
    return CommitmentKey.derive(group, "auxiliary", len(layout.auxiliary) + layout.size)


def proof_size(group: Group, layout: Layout) -> int:
    """Bytes of the proof of every rating of this layout."""
    count = len(layout.commitments)
    # A_q, U, V, R; f without the pivots, z_{r,q}, z_u, z
    return (count + 3) * group.element_size + (len(layout.free) + count + 2) * group.scalar_size


@dataclass(frozen=True)
class DecodedCore:
    """A core's elements and scalars."""

    pseudonym: Any
    ephemeral: Any
    commitments: tuple[Any, ...]
    coefficients: tuple[tuple[Any, ...], ...]
    masks: tuple[Any, ...]
    """A_q for each commitment."""
    u: Any
    v: Any
    r: Any
    f: tuple[int, ...]
    """The free entries, in the order of ``layout.free``."""
    z_r: tuple[int, ...]
    z_u: int
    z: int


def decode_core(group: Group, layout: Layout, threshold: int, core: Core) -> DecodedCore:
    """The elements and scalars of a core made for this layout.

    Raises EncodingError, saying what is wrong, for other counts and sizes and for anything that is not
    the canonical encoding of an element or a scalar.
    """
    count, degree = len(layout.commitments), threshold - 1
    if len(core.commitments) != count:
        raise EncodingError(f"rating: expected {count} commitments, got {len(core.commitments)}")
    if [len(row) for row in core.coefficients] != [degree] * count:
        raise EncodingError(f"rating: expected {degree} coefficients for each of {count} commitments")
    free = len(layout.free)
    at = (count + 3) * group.element_size
    if len(core.proof) != proof_size(group, layout):
        raise EncodingError(f"rating: proof of the wrong size, {len(core.proof)} bytes")
    try:
        elements = iter(
            group.decode_many(
                [
                    core.pseudonym,
                    core.ephemeral,
                    *core.commitments,
                    *chain(*core.coefficients),
                    *_slices(core.proof[:at], group.element_size),
                ]
            )
        )
        scalars = iter([group.decode_scalar(item) for item in _slices(core.proof[at:], group.scalar_size)])
    except EncodingError as error:
        raise EncodingError(f"rating: {error}") from None

    def take(iterator: Any, number: int) -> tuple[Any, ...]:
        return tuple(next(iterator) for _ in range(number))

    return DecodedCore(
        pseudonym=next(elements),
        ephemeral=next(elements),
        commitments=take(elements, count),
        coefficients=tuple(take(elements, degree) for _ in range(count)),
        masks=take(elements, count),
        u=next(elements),
        v=next(elements),
        r=next(elements),
        f=take(scalars, free),
        z_r=take(scalars, count),
        z_u=next(scalars),
        z=next(scalars),
    )


def _slices(data: bytes, size: int) -> SequenceOf[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def challenge(group: Group, layout: Layout, context: RatingContext, core: Core, first: bytes) -> int:
    """e, from everything public: context, layout, the core without its proof, and the first message.

    The instance is the deterministic CBOR of [ledger, scheme, digest of the compiled layout, n, t, and
    the fields of the core but the last]. CBOR is prefix-free, and the first message has a fixed size.
    ``core.round`` and ``core.unit`` are those of the context: the verifier compares them.
    """
    instance = encode(
        [
            context.ledger,
            context.scheme,
            layout.digest,
            context.members,
            context.threshold,
            *core.to_array()[:-1],
        ]
    )
    transcript = Transcript(session_id("rating", group))
    transcript.absorb(instance)
    transcript.absorb(first)
    return transcript.challenge(group)
