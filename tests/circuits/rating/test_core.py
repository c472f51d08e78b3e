"""Cores on the wire: sizes, strict decoding, and a challenge that depends on everything public."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from circuits.rating import Core, decode_core
from circuits.rating.core import challenge
from tests.circuits.rating.world import TOKEN, World
from tests.circuits.strategies import question, questionnaire
from tests.misfits import refuses_misfits
from tests.suites import EVERY, RISTRETTO255
from tests.toygroup import TOY
from zkperf.errors import EncodingError
from zkperf.groups.base import Group

FIVE = question("five", "single", options=["1", "2", "3", "4", "5"])
ELEVEN = question("eleven", "score", bounds=(0, 10))
FIRST = 5 + 3
"""Elements of the first message of `EVERY_KIND`: a mask for each commitment, U, V, R."""

SEVEN = question("seven", "multi", options=[f"o{i}" for i in range(7)])


@pytest.mark.parametrize("group", [RISTRETTO255])
def test_sizes_that_phones_and_logs_can_count_on(group: Group) -> None:
    core, _ = World(questionnaire(FIVE), group).rate({"five": "4"})
    assert len(core.encode()) <= 700
    core, _ = World(questionnaire(FIVE, ELEVEN, SEVEN), group).rate(
        {"five": "4", "eleven": 9, "seven": ["o1", "o2"]}
    )
    assert len(core.encode()) <= 1300


@pytest.mark.parametrize("group", EVERY)
def test_cores_and_bundles_round_trip(group: Group) -> None:
    core, bundle = World(group=group).rate()
    assert Core.decode(core.encode()) == core
    assert type(bundle).decode(bundle.encode()) == bundle
    assert core.token == TOKEN


def test_fields_of_the_wrong_type_are_refused() -> None:
    core, bundle = World().rate()
    refuses_misfits(core, "pseudonym", "ephemeral", "commitments", "coefficients", "proof")
    refuses_misfits(bundle, "sealed")


def test_decoding_gives_what_the_proof_lists_in_its_order() -> None:
    world = World()
    core, _ = world.rate()
    decoded = decode_core(TOY, world.layout, 3, core)
    elements = [*decoded.masks, decoded.u, decoded.v, decoded.r]
    scalars = [*decoded.f, *decoded.z_r, decoded.z_u, decoded.z]
    assert core.proof == b"".join([*map(TOY.encode, elements), *map(TOY.encode_scalar, scalars)])
    assert core.pseudonym == TOY.encode(decoded.pseudonym)
    assert core.ephemeral == TOY.encode(decoded.ephemeral)
    assert core.commitments == tuple(map(TOY.encode, decoded.commitments))
    assert core.coefficients == tuple(tuple(map(TOY.encode, row)) for row in decoded.coefficients)


def refused(world: World, message: str, core: Core, **changes: Any) -> None:
    with pytest.raises(EncodingError, match=message):
        decode_core(TOY, world.layout, 3, core.model_copy(update=changes))


def test_wrong_counts_are_refused() -> None:
    world = World()
    core, _ = world.rate()
    c, e = core.commitments, core.coefficients
    refused(world, "expected 5 commitments, got 4", core, commitments=c[:-1])
    refused(world, "expected 5 commitments, got 6", core, commitments=(*c, c[0]))
    for rows in (e[:-1], (*e, e[0]), (e[0][:-1], *e[1:]), ((*e[0], e[0][0]), *e[1:]), (*e[:-1], ())):
        refused(world, "expected 2 coefficients for each of 5", core, coefficients=rows)
    with pytest.raises(EncodingError, match="expected 1 coefficients"):
        decode_core(TOY, world.layout, 2, core)


@pytest.mark.parametrize("change", [-1, 1, -32, 32])
def test_proofs_of_the_wrong_size_are_refused(change: int) -> None:
    world = World()
    core, _ = world.rate()
    proof = core.proof[:change] if change < 0 else core.proof + bytes(change)
    refused(world, f"wrong size, {len(proof)} bytes", core, proof=proof)


NOT_ELEMENTS = {
    "identity": bytes(32),
    "not reduced": (TOY.order + 1).to_bytes(32, "big"),
    "short": b"\1" * 31,
    "long": b"\1" * 33,
}


@pytest.mark.parametrize("bad", NOT_ELEMENTS.values(), ids=NOT_ELEMENTS)
def test_anything_but_canonical_elements_is_refused_everywhere(bad: bytes) -> None:
    world = World()
    core, _ = world.rate()
    refused(world, "rating: toy", core, pseudonym=bad)
    refused(world, "rating: toy", core, ephemeral=bad)
    for q, row in enumerate(core.coefficients):
        commitments = (*core.commitments[:q], bad, *core.commitments[q + 1 :])
        refused(world, "rating: toy", core, commitments=commitments)
        for k in range(2):
            rows = list(core.coefficients)
            rows[q] = (*row[:k], bad, *row[k + 1 :])
            refused(world, "rating: toy", core, coefficients=tuple(rows))
    if len(bad) == 32:
        for at in range(0, FIRST * 32, 32):
            refused(world, "rating: toy", core, proof=core.proof[:at] + bad + core.proof[at + 32 :])


def test_scalars_that_are_not_reduced_are_refused_everywhere() -> None:
    world = World()
    core, _ = world.rate()
    bad = TOY.order.to_bytes(32, "big")
    for at in range(FIRST * 32, len(core.proof), 32):
        refused(world, "not reduced", core, proof=core.proof[:at] + bad + core.proof[at + 32 :])


def test_the_challenge_depends_on_everything_public() -> None:
    world = World()
    core, _ = world.rate()
    first = core.proof[: FIRST * 32]

    def e(context: Any = world.context, core: Core = core, first: bytes = first, layout: Any = None) -> int:
        return challenge(TOY, layout or world.layout, context, core, first)

    contexts = [
        replace(world.context, ledger=b"l" * 32),
        replace(world.context, scheme=b"s" * 32),
        replace(world.context, members=5),
        replace(world.context, threshold=2),
    ]
    cores = [
        core.model_copy(update=update)
        for update in (
            {"round": b"r" * 32},
            {"unit": 8},
            {"pseudonym": core.ephemeral},
            {"ephemeral": core.pseudonym},
            {"token": bytes(48)},
            {"sequence": 1},
            {"commitments": core.commitments[::-1]},
            {"coefficients": core.coefficients[::-1]},
            {"coefficients": tuple(row[::-1] for row in core.coefficients)},
            {"digest": bytes(32)},
        )
    ]
    firsts = [first[:at] + bytes([first[at] ^ 1]) + first[at + 1 :] for at in range(31, len(first), 32)]
    other = World(questionnaire(FIVE)).layout
    challenges = [
        e(),
        *(e(context=context) for context in contexts),
        *(e(core=changed) for changed in cores),
        *(e(first=changed) for changed in firsts),
        e(layout=other),
    ]
    assert len(set(challenges)) == len(challenges) == 1 + 4 + 10 + FIRST + 1


def test_the_challenge_does_not_depend_on_the_response() -> None:
    world = World()
    core, _ = world.rate()
    unproved = core.model_copy(update={"proof": b""})
    first = core.proof[: FIRST * 32]
    assert challenge(TOY, world.layout, world.context, core, first) == challenge(
        TOY, world.layout, world.context, unproved, first
    )
