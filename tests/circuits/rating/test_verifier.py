"""Ratings are accepted when they are honest, and for every check there is a forgery that only it catches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.layout import Layout
from circuits.rating import (
    Core,
    Witness,
    commitment_keys,
    decode_core,
    prove,
    rating_equations,
    verify_rating,
)
from circuits.rating.core import challenge
from tests.circuits.rating.world import EVERY_KIND, FULL, SPARSE, TOKEN, World
from tests.circuits.strategies import answer_sheets, question, questionnaire, questionnaires
from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.errors import InvalidProof, ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs.batch import verify_each

# -- completeness ----------------------------------------------------------------------------------


@pytest.mark.parametrize("group", EVERY)
@pytest.mark.parametrize("answers", [FULL, SPARSE], ids=["full", "sparse"])
def test_honest_ratings_verify_in_every_group(group: Group, answers: dict[str, Any]) -> None:
    world = World(group=group)
    core, _ = world.rate(answers)
    decoded = verify_rating(group, world.layout, world.context, core)
    assert group.encode(decoded.pseudonym) == core.pseudonym


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_answers_to_any_questionnaire_verify(data: st.DataObject) -> None:
    form = data.draw(questionnaires())
    threshold = data.draw(st.integers(1, 4))
    world = World(form, threshold=threshold, members=data.draw(st.integers(threshold, 5)))
    core, _ = world.rate(data.draw(answer_sheets(form)), sequence=data.draw(st.integers(0, 3)))
    verify_rating(TOY, world.layout, world.context, core)


def test_the_pseudonym_is_the_secrets() -> None:
    world = World()
    core, _ = world.rate(x=5)
    assert core.pseudonym == TOY.encode(5 * TOY.generator)


@pytest.mark.parametrize("group", EVERY)
def test_a_block_is_one_batch_and_culprits_are_found(group: Group) -> None:
    world = World(group=group)
    cores = [world.rate(answers)[0] for answers in (FULL, SPARSE, FULL, SPARSE)]
    cores[2] = cores[2].model_copy(update={"sequence": 1})
    items = [
        rating_equations(
            group,
            world.layout,
            world.keys,
            world.context,
            core,
            decode_core(group, world.layout, 3, core),
        )
        for core in cores
    ]
    assert verify_each(group, items) == [2]


def test_trustees_must_be_as_many_as_stated() -> None:
    world = World()
    world.trustees.pop()
    with pytest.raises(ValueError, match="expected the keys of 4 trustees, got 3"):
        world.rate()


def test_a_witness_does_not_show_itself() -> None:
    assert repr(Witness((1, 0), (5,), 6, 7)) == "Witness()"


# -- forgeries -------------------------------------------------------------------------------------


def forge(
    world: World,
    bits: Sequence[int],
    *,
    layout: Layout | None = None,
    committed: Sequence[Sequence[int]] | None = None,
    witness: dict[str, Any] | None = None,
    **fields: Any,
) -> Core:
    """A core with these bits, whatever they are; with other committed values, witness or fields if given."""
    layout = layout or world.layout
    keys = commitment_keys(TOY, layout)
    values = layout.disclosed(bits) if committed is None else committed
    blindings = [TOY.random_scalar() for _ in keys]
    x, y = TOY.random_nonzero_scalar(), TOY.random_nonzero_scalar()
    commitments = [
        key.commit([v % TOY.order for v in w], r) for key, w, r in zip(keys, values, blindings, strict=True)
    ]
    any_element = TOY.encode(TOY.generator)
    core = Core(
        round=world.context.round,
        unit=world.context.unit,
        pseudonym=TOY.encode(x * TOY.generator),
        ephemeral=TOY.encode(y * TOY.generator),
        token=TOKEN,
        sequence=0,
        commitments=tuple(map(TOY.encode, commitments)),
        coefficients=((any_element, any_element),) * len(keys),
        digest=bytes(32),
        proof=b"",
    ).model_copy(update=fields)
    reduced = tuple(bit % TOY.order for bit in bits)
    proved = replace(Witness(reduced, tuple(blindings), x, y), **(witness or {}))
    proof = prove(TOY, layout, keys, world.context, core, proved)
    return core.model_copy(update={"proof": proof})


def refused(world: World, core: Core, *names: str) -> None:
    """Exactly the equations of these names do not hold."""
    with pytest.raises(InvalidProof) as caught:
        verify_rating(TOY, world.layout, world.context, core)
    assert str(caught.value) == "does not hold: " + ", ".join(names)


KEYS = "pseudonym and ephemeral key"


@pytest.fixture
def world() -> World:
    return World()


def test_the_forger_itself_is_honest_when_it_changes_nothing(world: World) -> None:
    verify_rating(TOY, world.layout, world.context, forge(world, world.layout.bits(FULL)))


def test_bits_that_are_not_0_or_1(world: World) -> None:
    """Two votes for one option, one taken from another: every rule is kept, only the bits are not bits."""
    bits = world.layout.bits(FULL)
    for free in world.layout.free:
        for wrong in (2, -1, 3):
            forged = bits.copy()
            forged[free] = wrong
            for rule in world.layout.rules:  # all rules kept
                forged[rule.pivot] = rule.constant + sum(c * forged[bit] for bit, c in rule.terms)
            refused(world, forge(world, forged), "bits")


@pytest.mark.parametrize(
    ("asked", "forged"),
    [
        (question("q", "single", options=["a", "b", "c"]), [1, 1, 0]),
        (question("q", "single", options=["a", "b", "c"]), [0, 0, 0]),
        # an option without an answer, an answer without an option, two options
        (question("q", "single", options=["a", "b"], required=False), [1, 0, 0]),
        (question("q", "single", options=["a", "b"], required=False), [0, 0, 1]),
        (question("q", "single", options=["a", "b"], required=False), [1, 1, 1]),
        (question("q", "score", bounds=(0, 2), disclose="total", required=False), [0, 0, 1, 0]),
        (question("q", "score", bounds=(0, 2), disclose="total"), [0, 1, 1]),
        (question("q", "multi", options=["a", "b", "c"], bounds=(0, 1)), [1, 1, 0, 0]),
        (question("q", "multi", options=["a", "b", "c"], bounds=(2, 3)), [1, 0, 0, 0]),
        (question("q", "multi", options=["a", "b", "c"], bounds=(2, 2)), [1, 1, 1]),
        # an option without an answer; slack within its bound and not
        (question("q", "multi", options=["a", "b"], bounds=(0, 1), required=False), [1, 0, 0, 1, 0]),
        (question("q", "multi", options=["a", "b"], bounds=(0, 1), required=False), [1, 1, 1, 1, 0]),
        # a number without an answer
        (question("q", "number", bounds=(0, 2), required=False), [1, 0, 0, 0, 0]),
        (question("q", "number", bounds=(0, 2), required=False), [1, 0, 0, 0, 1]),
    ],
)
def test_bits_that_break_a_rule(asked: Any, forged: list[int]) -> None:
    """L·b ≠ c with all b_i 0 or 1: refused, and by nothing else than the rules."""
    world = World(questionnaire(asked))
    assert world.layout.size == len(forged)
    core = forge(world, forged)
    with pytest.raises(InvalidProof):
        verify_rating(TOY, world.layout, world.context, core)
    # In the same layout without rules the same bits are fine.
    pivots = {rule.pivot for rule in world.layout.rules}
    disclosed = {row[0][0] for rows in world.layout.commitments for row in rows if len(row) == 1}
    free = replace(
        world.layout, rules=(), auxiliary=tuple(sorted({*world.layout.auxiliary, *(pivots - disclosed)}))
    )
    verify_rating(TOY, free, world.context, forge(world, forged, layout=free))


def test_a_pivot_is_computed_and_cannot_be_claimed(world: World) -> None:
    """The prover's own idea of a pivot bit does not matter to the verifier, who derives f there."""
    bits = world.layout.bits(FULL)
    bits[world.layout.rules[0].pivot] ^= 1
    refused(world, forge(world, bits), "bits")


@pytest.mark.parametrize("q", range(5))
def test_commitments_to_something_else(world: World, q: int) -> None:
    bits = world.layout.bits(FULL)
    for slot in range(len(world.layout.commitments[q])):
        committed = world.layout.disclosed(bits)
        committed[q][slot] += 1
        refused(world, forge(world, bits, committed=committed), f"commitment {q}")


@pytest.mark.parametrize("q", range(5))
def test_a_blinding_that_is_not_known(world: World, q: int) -> None:
    core = forge(world, world.layout.bits(FULL))
    decoded = decode_core(TOY, world.layout, 3, core)
    # The commitment of a stranger to the same values: r is off by one.
    shifted = list(core.commitments)
    shifted[q] = TOY.encode(decoded.commitments[q] + world.keys[q].blinding)
    blindings = [
        (c.log - sum(w * g.log for w, g in zip(values, key.generators, strict=True)))
        * pow(key.blinding.log, -1, TOY.order)
        % TOY.order
        for c, values, key in zip(
            decoded.commitments, world.layout.disclosed(world.layout.bits(FULL)), world.keys, strict=True
        )
    ]
    witness = Witness(
        tuple(world.layout.bits(FULL)), tuple(blindings), decoded.pseudonym.log, decoded.ephemeral.log
    )
    stolen = core.model_copy(update={"commitments": tuple(shifted)})
    proof = prove(TOY, world.layout, world.keys, world.context, stolen, witness)
    refused(world, stolen.model_copy(update={"proof": proof}), f"commitment {q}")


def test_auxiliary_bits_are_bound_to_their_commitment(world: World) -> None:
    """U must hold the auxiliary bits: a prover whose f there is not linear in e would be free to choose."""
    core = forge(world, world.layout.bits(FULL))
    layout = world.layout
    elements = (len(world.keys) + 3) * 32
    for bit in layout.auxiliary:
        # The response to a later choice of an auxiliary bit: f changed by e, all else as it was.
        at = elements + 32 * layout.free.index(bit)
        e = challenge(TOY, layout, world.context, core, core.proof[:elements])
        f = (TOY.decode_scalar(core.proof[at : at + 32]) + e) % TOY.order
        proof = core.proof[:at] + TOY.encode_scalar(f) + core.proof[at + 32 :]
        with pytest.raises(InvalidProof, match="bits"):
            verify_rating(TOY, layout, world.context, core.model_copy(update={"proof": proof}))


def test_somebody_elses_pseudonym(world: World) -> None:
    victim = TOY.encode(1234 * TOY.generator)
    refused(world, forge(world, world.layout.bits(FULL), pseudonym=victim), KEYS)


def test_a_multiple_of_somebody_elses_ephemeral_key(world: World) -> None:
    """The attack that the proof of y is there for: the victim's Y, hidden by a factor."""
    victim = 1234 * TOY.generator
    spoilt = TOY.encode(77 * victim)
    refused(world, forge(world, world.layout.bits(FULL), ephemeral=spoilt, witness={"y": 77}), KEYS)


def test_secrets_that_only_add_up(world: World) -> None:
    """x and y swapped, or shifted against each other, do not pass as one another."""
    x, y = 11, 22
    points: dict[str, Any] = {
        "pseudonym": TOY.encode(x * TOY.generator),
        "ephemeral": TOY.encode(y * TOY.generator),
    }
    for witness in ({"x": y, "y": x}, {"x": x + 1, "y": y - 1}, {"x": x + y, "y": 0}, {"x": 0, "y": y}):
        core = forge(world, world.layout.bits(FULL), witness=witness, **points)
        refused(world, core, KEYS)
    verify_rating(
        TOY,
        world.layout,
        world.context,
        forge(world, world.layout.bits(FULL), witness={"x": x, "y": y}, **points),
    )


@pytest.mark.parametrize("change", [{"round": b"r" * 32}, {"unit": 8}])
def test_a_rating_for_another_cohort(world: World, change: dict[str, Any]) -> None:
    """The proof itself is valid, for the round and unit that it names: only the comparison refuses it."""
    core, _ = world.rate()
    here = replace(world.context, **change)
    with pytest.raises(InvalidProof, match="another round or unit"):
        verify_rating(TOY, world.layout, here, core)


# -- everything public is bound --------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"ledger": b"l" * 32}, {"scheme": b"s" * 32}, {"members": 5}])
def test_a_rating_replayed_in_another_context(world: World, change: dict[str, Any]) -> None:
    core, _ = world.rate()
    with pytest.raises(InvalidProof):
        verify_rating(TOY, world.layout, replace(world.context, **change), core)


@pytest.mark.parametrize(
    "field", ["pseudonym", "ephemeral", "token", "sequence", "commitments", "coefficients", "digest"]
)
def test_a_rating_with_a_field_changed_after_the_proof(world: World, field: str) -> None:
    core, _ = world.rate()
    other, _ = world.rate()
    value = {"token": bytes(48), "sequence": 1}.get(field, getattr(other, field))
    with pytest.raises(InvalidProof):
        verify_rating(TOY, world.layout, world.context, core.model_copy(update={field: value}))


def test_a_rating_under_other_rules(world: World) -> None:
    """A layout with the same shape but another digest: proofs made for one do not pass for the other."""
    core, _ = world.rate()
    other = World(EVERY_KIND).layout
    other.__dict__["digest"] = bytes(32)
    with pytest.raises(InvalidProof):
        verify_rating(TOY, other, world.context, core)


def test_the_simulators_transcript_is_no_proof(world: World) -> None:
    """f, z_r, z_u and z chosen first, A, V and R computed for a guessed e: the hash gives another e."""
    core, _ = world.rate()
    decoded = decode_core(TOY, world.layout, 3, core)
    e = 99
    r = decoded.z * TOY.generator - e * decoded.pseudonym - e * e * decoded.ephemeral
    at = 5 * 32
    proof = core.proof[:at] + TOY.encode(r) + core.proof[at + 32 :]
    with pytest.raises(InvalidProof, match=KEYS):
        verify_rating(TOY, world.layout, world.context, core.model_copy(update={"proof": proof}))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    world = World()
    core, _ = world.rate()
    encoded = bytearray(core.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ZkperfError):
        verify_rating(TOY, world.layout, world.context, Core.decode(bytes(encoded)))
