"""A device believes only what is proved to be on the log, under a checkpoint that its policy accepts."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.roles.eventful import Story, sign_checkpoint
from tests.roles.fork import Fork
from zkperf.errors import EncodingError, InvalidLogProof, InvalidProof, InvalidSignature, RuleViolation
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.log.checkpoint import Cosigner
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.transactions import (
    Batch,
    RoundKeys,
    RoundOpened,
    SchemePosted,
    decode_transaction,
    encode_transaction,
)
from zkperf.roles.stages import abandonment
from zkperf.roles.view import RoundLeaves, RoundView, Witnesses, who_abandoned

WITNESSES = [Cosigner(f"witness{i}.example", Ed25519PrivateKey.generate()) for i in range(3)]
KEYS = tuple(witness.verifier_key for witness in WITNESSES)
NOW = 1_800_000_000
NOBODY = Witnesses()


@pytest.fixture
def fork(story: Story) -> Fork:
    """An honest one, for the first round; tests make it lie."""
    return Fork(story.leaves, places_of(story), story.note)


def places_of(story: Story) -> RoundLeaves:
    return story.world.consortium.round_leaves(story.first.digest)


def load(story: Story, fork: Fork, witnesses: Witnesses = NOBODY) -> RoundView:
    return RoundView.load(fork, story.ledger, story.first.digest, witnesses)


def resigned(story: Story, fork: Fork, leaves: list[bytes]) -> Fork:
    """The same places in other leaves, under the log's own signature."""
    return Fork(leaves, fork.places, sign_checkpoint(story.key("sequencer"), story.ledger, leaves))


def with_leaf(story: Story, fork: Fork, index: int, data: bytes) -> Fork:
    return resigned(story, fork, [*story.leaves[:index], data, *story.leaves[index + 1 :]])


def test_what_is_on_the_log_is_believed(story: Story, fork: Fork) -> None:
    view, found = load(story, fork), story.first
    assert (view.ledger, view.round, view.scheme) == (story.ledger, found.digest, found.scheme.digest)
    assert view.opened == found.opened and view.questionnaire == found.scheme.questionnaire
    assert view.services == (1, 2, 3, 4)
    assert view.trustees == story.world.state.sealing_keys
    assert view.genesis.threshold == 2
    for unit in view.services:
        key, shares = view.keys_of(unit)
        keygen = found.keygen_of(unit)
        assert key == keygen.public_key(unit)
        assert list(shares) == [keygen.share_key(unit, j) for j in range(1, 5)]


@pytest.mark.parametrize("unit", [-1, 0, 5, 2**62])
def test_a_unit_that_is_no_service_has_no_key(story: Story, fork: Fork, unit: int) -> None:
    with pytest.raises(RuleViolation, match="not a service") as caught:
        load(story, fork).keys_of(unit)
    assert caught.value.check == "tokens"


# -- what is not on the log -------------------------------------------------------------------------


def test_a_private_cohort_key_is_refused(story: Story, fork: Fork) -> None:
    """Tokens under a key of the victim's own would tell its rating from all others."""
    [index] = fork.places.keys
    posted = decode_transaction(story.leaves[index])
    other = decode_transaction(story.leaves[story.places(RoundKeys)[1]])
    private = posted.keys.model_copy(update={"keys": other.keys.keys * 4})
    fork.show(index, story.sign("member-1", posted.model_copy(update={"keys": private})))
    with pytest.raises(InvalidLogProof, match="inclusion"):
        load(story, fork)


def test_false_keys_of_trustees_are_refused(story: Story, fork: Fork) -> None:
    """Shares sealed for T_j of the forger's own would be the forger's to open."""
    genesis = story.at(0)
    mine = genesis.members[1].model_copy(update={"sealing_key": genesis.members[0].sealing_key})
    members = (genesis.members[0], mine, *genesis.members[2:])
    forged = encode_transaction(genesis.model_copy(update={"members": members}))
    fork.show(0, forged)
    with pytest.raises(InvalidLogProof, match="not the one that the voucher names"):
        load(story, fork)


def founded_as(story: Story, place: int, **changes: Any) -> RoundView:
    """What a device takes of a ledger that its voucher names, whose genesis has one member changed."""
    genesis = story.at(0)
    members = list(genesis.members)
    members[place] = members[place].model_copy(update=changes)
    leaf = encode_transaction(genesis.model_copy(update={"members": tuple(members)}))
    ledger = sha256(leaf).digest()
    note = sign_checkpoint(story.key("sequencer"), ledger, [leaf])
    return RoundView.load(Fork([leaf], places_of(story), note), ledger, story.first.digest)


def test_a_trustee_without_a_proof_of_possession_is_refused(story: Story) -> None:
    """Even where the voucher names that ledger: a T_2 that is a multiple of T_1, say, is nobody's key."""
    group = RISTRETTO255
    related = group.encode(2 * group.decode(story.at(0).members[0].sealing_key))
    for changes in ({"sealing_key": related}, {"name": "somebody else"}, {"possession": bytes(64)}):
        with pytest.raises(InvalidProof):
            founded_as(story, 1, **changes)


def test_a_ledger_that_a_member_has_not_signed_is_refused(story: Story) -> None:
    for place, other in ((0, 1), (3, 0)):
        stolen = story.at(0).members[other].signature
        for signature in (bytes(64), stolen):
            with pytest.raises(InvalidSignature, match=f"member {place + 1} over"):
                founded_as(story, place, signature=signature)


def test_another_ledger_is_refused(story: Story, fork: Fork) -> None:
    with pytest.raises(InvalidLogProof, match="not the one that the voucher names"):
        RoundView.load(fork, bytes(32), story.first.digest)


def test_another_scheme_is_refused(story: Story, fork: Fork) -> None:
    one, two = story.places(SchemePosted)
    assert fork.places.scheme == one
    fork.places = replace(fork.places, scheme=two)
    with pytest.raises(InvalidLogProof, match="scheme"):
        load(story, fork)


def test_another_round_is_refused(story: Story, fork: Fork) -> None:
    fork.places = replace(fork.places, round=story.places(RoundOpened)[1])
    with pytest.raises(InvalidLogProof, match="round"):
        load(story, fork)


def test_a_round_with_another_tree_or_k_min_is_refused(story: Story, fork: Fork) -> None:
    """Also with the evaluator's signature: what the voucher names is one transaction, byte for byte."""
    index = fork.places.round
    for changes in ({"min_cohort": 1}, {"units": story.first.opened.units[:2]}, {"name": "x"}):
        forged = story.resigned("evaluator", index, **changes)
        with pytest.raises(InvalidLogProof, match="not the one that the voucher names"):
            load(story, with_leaf(story, fork, index, forged))


def test_another_rounds_keys_are_refused(story: Story, fork: Fork) -> None:
    fork.places = replace(fork.places, keys=(story.places(RoundKeys)[1],))
    with pytest.raises(InvalidLogProof, match="another round"):
        load(story, fork)


def test_leaves_of_another_kind_are_refused(story: Story, fork: Fork) -> None:
    other = story.places(Batch)[0]
    honest = fork.places
    fork.places = replace(honest, keys=(other,))
    with pytest.raises(InvalidLogProof, match="expected a RoundKeys leaf, got a Batch"):
        load(story, fork)
    # Scheme and round are named by their digests: a voucher that names a batch is one for no round at all.
    fork.places = replace(honest, round=other)
    with pytest.raises(InvalidLogProof, match="expected a RoundOpened leaf, got a Batch"):
        RoundView.load(fork, story.ledger, sha256(story.leaves[other]).digest())
    scheme = sha256(story.leaves[other]).digest()
    forged = story.resigned("evaluator", honest.round, scheme=scheme)
    lying = with_leaf(story, fork, honest.round, forged)
    lying.places = replace(honest, scheme=other)
    with pytest.raises(InvalidLogProof, match="expected a SchemePosted leaf, got a Batch"):
        RoundView.load(lying, story.ledger, sha256(forged).digest())


def test_a_receipt_for_another_leaf_is_refused(story: Story, fork: Fork) -> None:
    fork.overrides[fork.places.round] = fork.receipt(fork.places.scheme)
    with pytest.raises(InvalidLogProof, match="expected a receipt for leaf"):
        load(story, fork)


def test_missing_or_repeated_keys_are_refused_when_they_are_needed(story: Story, fork: Fork) -> None:
    honest = fork.places.keys
    for keys in ((), honest * 2):
        fork.places = replace(fork.places, keys=keys)
        view = load(story, fork)
        with pytest.raises(RuleViolation, match="with a key"):
            view.keys_of(1)


def test_keys_that_are_not_as_many_as_they_should_be_are_refused(story: Story, fork: Fork) -> None:
    """An operator who signs its own log can put this there; an audit finds it, and a device must not fall."""
    [index] = fork.places.keys
    keys = story.at(index).keys
    for changes in (
        {"shares": keys.shares[:1]},
        {"shares": ()},
        {"shares": (keys.shares[0][:2], *keys.shares[1:])},
        {"shares": (*keys.shares[:-1], (*keys.shares[-1], keys.keys[0]))},
        {"keys": keys.keys[:2]},
    ):
        forged = story.resigned("member-1", index, keys=keys.model_copy(update=changes))
        with pytest.raises(InvalidLogProof, match="each trustee for each cohort"):
            load(story, with_leaf(story, fork, index, forged))


def test_keys_that_the_named_member_has_not_signed_are_refused(story: Story, fork: Fork) -> None:
    """Whoever holds the log key alone can put a leaf on the log, but sign for no member."""
    [index] = fork.places.keys
    posted = story.at(index)
    for changes, holder, why in (
        ({"trustee": 1}, "sequencer", "not a signature of member 1"),
        ({"trustee": 2}, "member-1", "not a signature of member 2"),
        ({"trustee": 0}, "member-1", "no member 0"),
        ({"trustee": 99}, "member-1", "no member 99"),
    ):
        forged = story.sign(holder, posted.model_copy(update=changes))
        with pytest.raises(InvalidSignature, match=why):
            load(story, with_leaf(story, fork, index, forged))


# -- checkpoints ------------------------------------------------------------------------------------


def test_a_fork_signed_by_the_log_fools_only_who_asks_no_witness(story: Story, fork: Fork) -> None:
    """Witnesses have cosigned the public log, and will not cosign another one beside it."""
    [index] = fork.places.keys
    posted = story.at(index)
    private = posted.keys.model_copy(update={"keys": tuple(reversed(posted.keys.keys))})
    lying = with_leaf(story, fork, index, story.resigned("member-1", index, keys=private))
    assert load(story, lying).cohort_keys != load(story, fork).cohort_keys
    with pytest.raises(InvalidLogProof, match="0 cosignatures, 1 needed"):
        load(story, lying, Witnesses(KEYS, 1))


def test_as_many_witnesses_as_the_policy_asks_for(story: Story, fork: Fork) -> None:
    one = WITNESSES[0].cosign(story.note, NOW)
    two = WITNESSES[2].cosign(one, NOW)
    for note, quorum in ((story.note, 1), (one, 2), (two, 3)):
        with pytest.raises(InvalidLogProof, match=f"{quorum - 1} cosignatures, {quorum} needed"):
            load(story, Fork(story.leaves, fork.places, note), Witnesses(KEYS, quorum))
    for note, quorum in ((story.note, 0), (one, 1), (two, 2)):
        load(story, Fork(story.leaves, fork.places, note), Witnesses(KEYS, quorum))


def test_unknown_witnesses_and_repeated_ones_do_not_count(story: Story, fork: Fork) -> None:
    stranger = Cosigner("stranger.example", Ed25519PrivateKey.generate())
    namesake = Cosigner(WITNESSES[0].verifier_key.name, Ed25519PrivateKey.generate())
    twice = WITNESSES[1].cosign(WITNESSES[1].cosign(story.note, NOW), NOW + 1)
    for note in (stranger.cosign(story.note, NOW), namesake.cosign(story.note, NOW), twice):
        with pytest.raises(InvalidLogProof, match="2 needed"):
            load(story, Fork(story.leaves, fork.places, note), Witnesses(KEYS, 2))


def test_a_checkpoint_of_another_key_or_log_is_refused(story: Story, fork: Fork) -> None:
    leaves = list(story.leaves)
    mallory = sign_checkpoint(Ed25519PrivateKey.generate(), story.ledger, leaves)
    elsewhere = sign_checkpoint(story.key("sequencer"), bytes(32), leaves)
    for note in (mallory, elsewhere):
        with pytest.raises(InvalidLogProof):
            load(story, Fork(leaves, fork.places, note))


def test_every_receipt_is_checked(story: Story, fork: Fork) -> None:
    """Each of the round's foundations needs a proof of its own, under an accepted checkpoint."""
    places = fork.places
    for index in (0, places.scheme, places.round, *places.keys):
        honest = Receipt.parse(fork.receipt(index))
        bad_step = replace(honest, proof=(bytes(32), *honest.proof[1:]))
        mallory = sign_checkpoint(Ed25519PrivateKey.generate(), story.ledger, list(story.leaves))
        for lie in (bad_step, replace(honest, proof=()), replace(honest, note=mallory)):
            fork.overrides = {index: lie.format()}
            with pytest.raises(InvalidLogProof):
                load(story, fork)
        for nonsense in ("", "receipt", honest.format()[:-1], honest.format().replace("extra", "extras")):
            fork.overrides = {index: nonsense or "\n"}
            with pytest.raises((EncodingError, InvalidLogProof)):
                load(story, fork)


# -- abandoned rounds -----------------------------------------------------------------------------------


def test_only_a_members_own_leaf_says_that_a_round_is_abandoned(story: Story) -> None:
    genesis, round_id = story.world.state.rules, story.first.digest
    key = story.key("member-2")
    leaf = abandonment(key, story.ledger, round_id, 2, NOW)
    assert who_abandoned(genesis, round_id, leaf) == "member 2"
    for wrong in (
        abandonment(key, story.ledger, bytes(32), 2, NOW),
        abandonment(key, story.ledger, round_id, 0, NOW),
        abandonment(key, story.ledger, round_id, 5, NOW),
        story.leaves[story.places(RoundOpened)[0]],
    ):
        with pytest.raises(InvalidLogProof):
            who_abandoned(genesis, round_id, wrong)
    for forged in (
        abandonment(key, story.ledger, round_id, 3, NOW),
        abandonment(key, bytes(32), round_id, 2, NOW),
        abandonment(story.key("sequencer"), story.ledger, round_id, 2, NOW),
    ):
        with pytest.raises(InvalidSignature, match="not a signature of member"):
            who_abandoned(genesis, round_id, forged)
