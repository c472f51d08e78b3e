"""What nobody can do without: the same group operations on curve25519-dalek and blst, and nothing else.

A figure divided by its floor says how much the protocol's own bookkeeping costs, whatever the machine.
The floors run in a Rust crate of their own (``benchmarks/peers``), so that not even the kernel is in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks._peers import ProofFloor, ShareFloor, TokenFloor, multiplications
from benchmarks.known import KnownRound, Made
from benchmarks.measure import Work
from benchmarks.operations import Operations, Record, operations, record
from circuits.rating import auxiliary_key
from zkperf._native import RatingLeaf
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.tokens.blind import TOKEN_DST, verify_tokens

WEIGHT_SIZE = 16


class Floor(NamedTuple):
    """Something to time, and how many of each operation a call does."""

    work: Work
    operations: Mapping[str, int]


class BatchFloor(NamedTuple):
    """The floor of a batch of ratings, in two parts."""

    proofs: Floor
    tokens: Floor

    @property
    def whole(self) -> Work:
        """Both, one after the other."""
        return together(self.proofs.work, self.tokens.work)


def verifying(known: KnownRound, made: Sequence[Made]) -> BatchFloor:
    """Every encoding decompressed, every pseudonym hashed to the curve, the sums and the pairings.

    On the batch's own encodings and scalars, so that it comes to the same verdict.
    """
    state = known.state
    done = operations(state, known.found, [RatingLeaf(item.leaf) for item in made])
    proofs = proof_floor(state.commitment_group, done.group)
    tokens = token_floor(state.pairing, done)
    return BatchFloor(
        Floor(Work(proofs.run, len(made)), proofs.operations),
        Floor(Work(tokens.run, len(made)), tokens.operations),
    )


def verifying_tokens(group: Group, pairing: Pairing, items: Sequence[tuple[bytes, bytes, bytes]]) -> Floor:
    """The same for tokens alone: (key, message, token), all encoded."""

    def verify(_: Group, recording: Pairing) -> None:
        keys = {key: recording.g2.decode(key) for key, _, _ in items}
        decoded = [
            (keys[key], recording.g1.hash_to_element(message, TOKEN_DST), recording.decode_signature(token))
            for key, message, token in items
        ]
        assert verify_tokens(recording, decoded) == []

    floor = token_floor(pairing, record(group, pairing, verify))
    return Floor(Work(floor.run, len(items)), floor.operations)


def proof_floor(group: Group, done: Record) -> ProofFloor:
    """The sum over all proofs, and what is decoded for it."""
    [(scalars, elements, _)] = done.sums
    terms: dict[bytes, int] = {}
    for scalar, element in zip(scalars, elements, strict=True):
        # The same generator may be two objects.
        encoding = group.encode(element)
        terms[encoding] = (terms.get(encoding, 0) + scalar) % group.order
    return ProofFloor(
        [encoding for encoding, _ in done.decoded],
        list(terms),
        [group.encode_scalar(scalar) for scalar in terms.values()],
    )


def token_floor(pairing: Pairing, done: Operations) -> TokenFloor:
    """The sums over tokens and messages, what is decoded and hashed for them, and the pairings."""
    tokens = {id(element): encoding for encoding, element in done.g1.decoded}
    messages = {id(element): message for message, element in done.g1.hashed}
    [signatures], cohorts = done.g1.cleared, done.g1.sums
    (_, against), *keys = done.pairs
    g2, h = pairing.g2, pairing.effective_cofactor
    return TokenFloor(
        TOKEN_DST,
        weighted(tokens, signatures.elements, signatures.scalars),
        g2.encode(against),
        [
            # e(h·P, K) = e(P, h·K): a key is multiplied once, a sum in every block
            (g2.encode(h * key), weighted(messages, cohort.elements, cohort.scalars))
            for (_, key), cohort in zip(keys, cohorts, strict=True)
        ],
    )


def weighted(
    named: Mapping[int, bytes], elements: Sequence[Any], weights: Sequence[int]
) -> list[tuple[bytes, bytes]]:
    """(What an element came from, its weight)."""
    return [
        (named[id(element)], weight.to_bytes(WEIGHT_SIZE, "little"))
        for element, weight in zip(elements, weights, strict=True)
    ]


def opening(group: Group, ephemerals: Sequence[bytes]) -> Work:
    """One decompression and one multiplication for each."""
    floor = ShareFloor(group.encode_scalar(group.random_nonzero_scalar()), list(ephemerals))
    return Work(floor.run, len(ephemerals))


def making(group: Group, keys: Sequence[Any], layout: Any, threshold: int, members: int) -> Work:
    """The sums and products of one rating."""
    auxiliary = len(auxiliary_key(group, layout).generators) + 1
    # C_q, A_q and E_{q,1} … E_{q,t-1} for each q; then U and V; then y·T_j for each trustee
    sums = [len(key.generators) + 1 for key in keys for _ in range(threshold + 1)]
    sums += [auxiliary, auxiliary] + [1] * members
    scalar = group.encode_scalar(group.random_nonzero_scalar())
    # X, Y and R
    return Work(lambda: multiplications(scalar, sums, 3))


def together(*works: Work) -> Work:
    """All of them, one after the other; each has the same count."""

    def call() -> None:
        for work in works:
            work.call()

    return Work(call, works[0].count)
