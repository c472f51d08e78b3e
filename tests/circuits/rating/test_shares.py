"""Sealed shares: for the right trustee of the right rating, and together they open the sum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.rating import (
    Bundle,
    Core,
    check_bundle,
    check_shares,
    decode_core,
    open_shares,
    sealing_context,
    share_equations,
)
from circuits.rating.shares import seal_shares
from tests.circuits.rating.world import SPARSE, World
from tests.circuits.strategies import answer_sheets, questionnaires
from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidShare
from zkperf.groups.base import Group
from zkperf.proofs.batch import verify_each
from zkperf.sharing import Share, interpolate, sum_shares


def opened(world: World, core: Core, bundle: Bundle, j: int) -> tuple[Share, ...]:
    point = world.shared_point(core, j)
    return open_shares(world.group, world.keys, world.context.ledger, core, j, point, bundle.sealed[j - 1])


@pytest.mark.parametrize("group", EVERY)
def test_every_trustee_opens_its_share_and_it_checks(group: Group) -> None:
    world = World(group=group)
    core, bundle = world.rate()
    check_bundle(group, world.layout, core, bundle, 4)
    decoded = decode_core(group, world.layout, 3, core)
    items = []
    for j in range(1, 5):
        shares = opened(world, core, bundle, j)
        check_shares(world.keys, decoded.commitments, decoded.coefficients, j, shares)
        items.append(share_equations(world.keys, decoded.commitments, decoded.coefficients, j, shares))
    assert [len(item) for item in items] == [len(world.keys)] * 4
    assert verify_each(group, items) == []


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_sums_of_shares_open_to_the_plain_sums(data: st.DataObject) -> None:
    """The tally: any t trustees' sums, interpolated, open the sums of commitments to the right figures."""
    form = data.draw(questionnaires())
    world = World(form, threshold=2, members=3)
    sheets = data.draw(st.lists(answer_sheets(form), min_size=1, max_size=3))
    ratings = [world.rate(sheet) for sheet in sheets]
    decoded = [decode_core(TOY, world.layout, 2, core) for core, _ in ratings]
    chosen = data.draw(st.sampled_from([(1, 2), (1, 3), (2, 3)]))
    for q, key in enumerate(world.keys):
        sums = {
            j: sum_shares(TOY.order, [opened(world, core, bundle, j)[q] for core, bundle in ratings])
            for j in chosen
        }
        opening = interpolate(TOY.order, sums)
        total = TOY.msm([1] * len(decoded), [item.commitments[q] for item in decoded])
        key.verify_opening(total, opening.values, opening.blinding)
        plain = [world.layout.disclosed(world.layout.bits(sheet))[q] for sheet in sheets]
        assert list(opening.values) == [sum(column) for column in zip(*plain, strict=True)]


def test_other_trustees_cannot_open() -> None:
    world = World()
    core, bundle = world.rate()
    for j in (1, 2, 3):
        with pytest.raises(InvalidShare, match="does not open"):
            open_shares(TOY, world.keys, b"L" * 32, core, 4, world.shared_point(core, j), bundle.sealed[3])


def test_the_context_is_the_whole_rating() -> None:
    """A sealed share that is moved to another rating, ledger or trustee does not open there."""
    world = World()
    core, bundle = world.rate()
    other, _ = world.rate(SPARSE)
    point, sealed = world.shared_point(core, 1), bundle.sealed[0]
    open_shares(TOY, world.keys, b"L" * 32, core, 1, point, sealed)
    changes: list[dict[str, Any]] = [
        {"round": b"r" * 32},
        {"unit": 8},
        {"pseudonym": other.pseudonym},
        {"ephemeral": other.ephemeral},
        {"sequence": 1},
        {"commitments": other.commitments},
        {"coefficients": other.coefficients},
    ]
    contexts = {sealing_context(b"L" * 32, core, 1)}
    for change in changes:
        changed = core.model_copy(update=change)
        contexts.add(sealing_context(b"L" * 32, changed, 1))
        with pytest.raises(InvalidShare, match="does not open"):
            open_shares(TOY, world.keys, b"L" * 32, changed, 1, point, sealed)
    for ledger, j in ((b"l" * 32, 1), (b"L" * 32, 2)):
        contexts.add(sealing_context(ledger, core, j))
        with pytest.raises(InvalidShare, match="does not open"):
            open_shares(TOY, world.keys, ledger, core, j, point, sealed)
    assert len(contexts) == 1 + len(changes) + 2


def test_the_context_is_what_the_protocol_says() -> None:
    core, _ = World().rate()
    fields = [b"L" * 32, core.round, core.unit, core.pseudonym, core.ephemeral, core.sequence, 3]
    points = [list(core.commitments), [list(row) for row in core.coefficients]]
    assert sealing_context(b"L" * 32, core, 3) == encode(["zkperf rating share", *fields, *points])


def test_shares_of_the_wrong_size_do_not_open() -> None:
    world = World()
    core, _ = world.rate()
    zero = Share((0,), 0)
    bundle, _ = seal_shares(TOY, b"L" * 32, core, world.trustees, 5, [[zero] * 4])
    with pytest.raises(InvalidShare, match="wrong size"):
        open_shares(TOY, world.keys, b"L" * 32, core, 1, 5 * world.trustees[0], bundle.sealed[0])


@pytest.mark.parametrize("q", range(5))
@pytest.mark.parametrize("entry", ["value", "blinding"])
def test_shares_that_do_not_match_their_commitment(q: int, entry: str) -> None:
    world = World()
    core, bundle = world.rate()
    decoded = decode_core(TOY, world.layout, 3, core)
    shares = list(opened(world, core, bundle, 2))
    share = shares[q]
    shares[q] = (
        replace(share, values=(*share.values[:-1], share.values[-1] ^ 1))
        if entry == "value"
        else replace(share, blinding=share.blinding ^ 1)
    )
    with pytest.raises(InvalidShare, match="share of trustee 2"):
        check_shares(world.keys, decoded.commitments, decoded.coefficients, 2, shares)
    equations = share_equations(world.keys, decoded.commitments, decoded.coefficients, 2, shares)
    assert verify_each(TOY, [[equation] for equation in equations]) == [q]


def test_bundles_of_the_wrong_shape_are_refused() -> None:
    world = World()
    core, bundle = world.rate()
    salts, sealed = bundle.salts, bundle.sealed
    for bad in (
        Bundle(salts=salts[:3], sealed=sealed[:3]),
        Bundle(salts=salts[:3], sealed=sealed),
        Bundle(salts=salts, sealed=sealed[:3]),
        Bundle(salts=(*salts, salts[0]), sealed=(*sealed, sealed[0])),
    ):
        with pytest.raises(EncodingError, match="for 4 trustees"):
            check_bundle(TOY, world.layout, core, bad, 4)
    for other in (sealed[0][:-1], sealed[0] + b"\0", b""):
        with pytest.raises(EncodingError, match="sealed shares of"):
            check_bundle(TOY, world.layout, core, Bundle(salts=salts, sealed=(other, *sealed[1:])), 4)


def test_another_bundle_is_refused() -> None:
    world = World()
    core, bundle = world.rate()
    swapped = Bundle(salts=bundle.salts[::-1], sealed=bundle.sealed[::-1])
    flipped = bytearray(bundle.sealed[3])
    flipped[0] ^= 1
    for bad in (
        world.rate()[1],
        swapped,
        Bundle(salts=(bytes(64), *bundle.salts[1:]), sealed=bundle.sealed),
        Bundle(salts=bundle.salts, sealed=(*bundle.sealed[:3], bytes(flipped))),
    ):
        with pytest.raises(InvalidShare, match="not the one"):
            check_bundle(TOY, world.layout, core, bad, 4)
