"""Leaf 0: who may found a ledger, and under which rules."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.possession import prove_possession
from tests.ledger.bench import Bench, before
from zkperf.errors import EncodingError, InvalidProof, InvalidSignature
from zkperf.groups import suite
from zkperf.groups.base import Group
from zkperf.ledger.rules.genesis import founding_message, possession_context
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import Genesis, Member, SchemePosted, encode_transaction
from zkperf.roles.folder import LedgerFolder


def empty() -> tuple[Bench, Genesis]:
    """A ledger without leaves, and a genesis that it would take."""
    bench, genesis = before(Genesis)
    assert bench.leaves == []
    return bench, genesis


class Founder(NamedTuple):
    """A member to be, with its secrets."""

    name: str
    secret: int
    key: Ed25519PrivateKey

    def entry(self, group: Group) -> Member:
        """Its entry in the draft of a genesis."""
        return Member(
            name=self.name,
            signing_key=public_bytes(self.key),
            sealing_key=group.encode(self.secret * group.generator),
            possession=b"",
            signature=NO_SIGNATURE,
        )


def founder(name: str, secret: int) -> Founder:
    return Founder(name, secret, Ed25519PrivateKey.generate())


def founded(draft: Genesis, *founders: Founder) -> Genesis:
    """The genesis of these members, all of whom have signed it."""
    group = suite(draft.suite)
    draft = draft.model_copy(update={"members": tuple(item.entry(group) for item in founders)})
    charter = draft.charter()
    members = []
    for j, (item, entry) in enumerate(zip(founders, draft.members, strict=True), 1):
        context = possession_context(charter, j)
        proof = prove_possession(group, item.secret, item.secret * group.generator, context)
        signature = item.key.sign(founding_message(charter))
        members.append(entry.model_copy(update={"possession": proof, "signature": signature}))
    return draft.model_copy(update={"members": tuple(members)})


def test_a_genesis_names_the_ledger_by_its_digest() -> None:
    bench, genesis = empty()
    bench.apply(genesis)
    state, group = bench.state, suite("ristretto255")
    assert state.ledger == sha256(encode_transaction(genesis)).digest()
    assert (state.genesis, state.group, state.size) == (genesis, group, 1)
    assert [group.encode(key) for key in state.sealing_keys] == [m.sealing_key for m in genesis.members]
    assert state.enough == 3


def test_a_ledger_has_one_genesis() -> None:
    bench, genesis = empty()
    bench.apply(genesis)
    bench.refuse(genesis, "genesis", "a ledger has one genesis, its first leaf")
    another = genesis.model_copy(update={"nonce": bytes(32)})
    bench.refuse(another, "genesis", "a ledger has one genesis, its first leaf")


def test_nothing_comes_before_the_genesis() -> None:
    _, scheme = before(SchemePosted)
    bench, _ = empty()
    bench.refuse(scheme, "genesis", "a ledger begins with its genesis")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"version": 0}, "expected version 1, got 0"),
        ({"version": 2}, "expected version 1, got 2"),
        ({"threshold": 0}, "expected a threshold of 1 to 3, got 0"),
        ({"threshold": 4}, "expected a threshold of 1 to 3, got 4"),
        ({"members": ()}, "expected 1 to 100 members, got 0"),
        ({"min_cohort_floor": 1}, "no group smaller than 2 may ever be opened"),
        ({"min_cohort_floor": 0}, "no group smaller than 2 may ever be opened"),
        ({"evaluators": ()}, "there must be an evaluator"),
        ({"stage_seconds": 3599}, "a stage of less than 3600 seconds is for rehearsals only"),
        ({"abandon_seconds": 4 * 7 * 86400 - 1}, "not abandoned before 4 stages could have ended"),
    ],
)
def test_numbers_that_make_no_ledger(changes: dict[str, Any], match: str) -> None:
    bench, genesis = empty()
    bench.refuse(genesis.model_copy(update=changes), "genesis", match)


def test_stages_of_a_rehearsal_are_as_short_as_one_likes() -> None:
    bench, genesis = empty()
    founders = [founder("first", 5), founder("second", 6)]
    short = {"stage_seconds": 0, "abandon_seconds": 0, "rehearsal": True}
    bench.apply(founded(genesis.model_copy(update=short), *founders))
    assert bench.state.rules.rehearsal


def test_the_suite_must_be_known() -> None:
    bench, genesis = empty()
    bench.refuse(genesis.model_copy(update={"suite": "ed25519"}), "genesis", "there is no suite 'ed25519'")


def test_up_to_a_hundred_members() -> None:
    bench, genesis = empty()
    founders = [founder(f"member {j}", j) for j in range(1, 102)]
    bench.refuse(founded(genesis, *founders), "genesis", "1 to 100 members, got 101")
    bench.apply(founded(genesis.model_copy(update={"threshold": 100}), *founders[:100]))
    assert bench.state.members == 100


def test_a_single_member_may_hold_a_ledger() -> None:
    bench, genesis = empty()
    bench.apply(founded(genesis.model_copy(update={"threshold": 1}), founder("alone", 5)))
    assert (bench.state.members, bench.state.enough) == (1, 1)


def test_members_on_p256() -> None:
    bench, genesis = empty()
    bench.refuse(genesis.model_copy(update={"suite": "P-256"}), "encoding", "P-256", EncodingError)
    founders = [founder(f"member {j}", j) for j in (1, 2, 3)]
    bench.apply(founded(genesis.model_copy(update={"suite": "P-256"}), *founders))
    assert bench.state.commitment_group is suite("P-256")


# -- members ----------------------------------------------------------------------------------------


def test_members_differ_in_name_signing_key_and_sealing_key() -> None:
    bench, genesis = empty()
    first, second = founder("first", 5), founder("second", 6)
    for twin in (second._replace(key=first.key), second._replace(secret=5)):
        bench.refuse(founded(genesis, first, twin), "genesis", "members must differ in their keys")
    for name, match in (
        ("first", "member 'first' occurs twice"),
        ("First", "member 'First' reads like member 'first'"),
        ("second\u2060", "member 2: it has an invisible character"),
    ):
        bench.refuse(founded(genesis, first, second._replace(name=name)), "genesis", match)
    bench.apply(founded(genesis, first, second))


def test_a_ledger_has_a_name() -> None:
    bench, genesis = empty()
    for name in (" ", "a\tb", "Cafe\u0301"):
        bench.refuse(genesis.model_copy(update={"name": name}), "genesis", "^the ledger's name: ")


def with_member(genesis: Genesis, place: int, **changes: Any) -> Genesis:
    members = list(genesis.members)
    members[place] = members[place].model_copy(update=changes)
    return genesis.model_copy(update={"members": tuple(members)})


@pytest.mark.parametrize("place", [0, 2])
def test_every_member_knows_its_sealing_key(place: int) -> None:
    bench, genesis = empty()
    others = genesis.members[1]
    bench.refuse(with_member(genesis, place, possession=b""), "encoding", error=EncodingError)
    bench.refuse(with_member(genesis, place, possession=bytes(64)), "proofs", error=InvalidProof)
    bench.refuse(with_member(genesis, place, possession=others.possession), "proofs", error=InvalidProof)


@pytest.mark.parametrize("place", [0, 2])
def test_every_member_signs_the_genesis(place: int) -> None:
    bench, genesis = empty()
    for signature in (NO_SIGNATURE, genesis.members[1].signature):
        forged = with_member(genesis, place, signature=signature)
        bench.refuse(forged, "signatures", f"member {place + 1} over", error=InvalidSignature)


CHANGES: list[dict[str, Any]] = [
    {"name": "another"},
    {"threshold": 1},
    {"log_key": bytes(32)},
    {"evaluators": (bytes(32),)},
    {"min_cohort_floor": 3},
    {"max_sequence": 7},
    {"stage_seconds": 3600},
    {"abandon_seconds": 10**7},
    {"rehearsal": True},
    {"nonce": bytes(32)},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_members_agree_to_every_field_of_the_genesis(changes: dict[str, Any]) -> None:
    """Neither word of a member's is good for another: not its signature, not its proof."""
    bench, genesis = empty()
    first, second = founder("first", 5), founder("second", 6)
    agreed = founded(genesis, first, second)
    other = founded(genesis.model_copy(update=changes), first, second)
    bench.refuse(agreed.model_copy(update=changes), "proofs", error=InvalidProof)
    half = with_member(other, 1, signature=agreed.members[1].signature)
    bench.refuse(half, "signatures", "member 2 over", error=InvalidSignature)
    half = with_member(other, 1, possession=agreed.members[1].possession)
    bench.refuse(half, "proofs", error=InvalidProof)
    bench.fork().apply(agreed)
    bench.fork().apply(other)


def test_the_fields_that_members_agree_to_are_all_of_them() -> None:
    _, genesis = empty()
    checked_elsewhere = {"version", "suite", "members"}
    assert {name for changes in CHANGES for name in changes} | checked_elsewhere == set(Genesis.model_fields)
    charter = genesis.charter()
    for changes in (*CHANGES, {"version": 2}, {"suite": "P-256"}, {"members": genesis.members[:2]}):
        assert genesis.model_copy(update=changes).charter() != charter
    assert with_member(genesis, 0, possession=b"", signature=NO_SIGNATURE).charter() == charter
    for field in ("name", "signing_key", "sealing_key"):
        swapped = getattr(genesis.members[1], field)
        assert with_member(genesis, 0, **{field: swapped}).charter() != charter


def test_members_of_one_ledger_cannot_be_copied_into_another() -> None:
    """“Audit Office” and “Ombudsman” in the genesis of a ledger that they have never seen."""
    bench, genesis = empty()
    audit_office, ombudsman = founder("Audit Office", 5), founder("Ombudsman", 6)
    honest = founded(genesis, audit_office, ombudsman, founder("Finance", 7))
    bench.fork().apply(honest)
    forger = founder("Finance", 8)
    own_nonce = genesis.model_copy(update={"nonce": bytes(32)})
    mine = founded(own_nonce, audit_office, ombudsman, forger)
    copied = (*honest.members[:2], mine.members[2])
    bench.refuse(mine.model_copy(update={"members": copied}), "proofs", error=InvalidProof)
    # With sealing keys of the forger's own, whose secrets it knows, the signatures are missing.
    posing = [audit_office._replace(secret=15), ombudsman._replace(secret=16), forger]
    mine = founded(own_nonce, *posing)
    for j in (0, 1):
        stolen = with_member(mine, j, signature=honest.members[j].signature)
        bench.refuse(stolen, "signatures", f"member {j + 1} over", error=InvalidSignature)


def test_what_a_member_shows_is_for_its_own_place() -> None:
    bench, genesis = empty()
    first, second = founder("first", 5), founder("second", 6)
    agreed = founded(genesis, first, second)
    group, context = suite(genesis.suite), possession_context(agreed.charter(), 1)
    elsewhere = prove_possession(group, 6, 6 * group.generator, context)
    bench.refuse(with_member(agreed, 1, possession=elsewhere), "proofs", error=InvalidProof)


def test_what_a_member_shows_is_for_the_founding_alone() -> None:
    """The labels keep proof and signature apart from those made for anything else."""
    bench, genesis = empty()
    alone = founder("first", 5)
    agreed = founded(genesis.model_copy(update={"threshold": 1}), alone)
    group, charter = suite(genesis.suite), agreed.charter()
    unlabelled = possession_context(charter, 1).removeprefix(b"zkperf/v1/member")
    assert unlabelled != possession_context(charter, 1)
    proof = prove_possession(group, 5, 5 * group.generator, unlabelled)
    bench.refuse(with_member(agreed, 0, possession=proof), "proofs", error=InvalidProof)
    assert founding_message(charter) == b"zkperf/v1/genesis" + charter
    signature = alone.key.sign(charter)
    bench.refuse(with_member(agreed, 0, signature=signature), "signatures", error=InvalidSignature)
    bench.apply(agreed)


@pytest.mark.parametrize("sealing_key", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_a_sealing_key_is_an_element_and_not_the_identity(sealing_key: bytes) -> None:
    bench, genesis = empty()
    bench.refuse(with_member(genesis, 0, sealing_key=sealing_key), "encoding", error=EncodingError)


def test_a_folder_is_founded_by_a_genesis_that_the_rules_take(tmp_path: Path) -> None:
    folder, consortium = LedgerFolder.create(tmp_path / "l", members=4, threshold=2, min_cohort_floor=2)
    assert Bench(folder, [consortium.ledger.leaf(0)]).state.enough == 3
    consortium.close()
