"""Leaf 0: who may found a ledger, and under which rules."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.possession import prove_possession
from tests.ledger.bench import Bench, before
from zkperf.errors import EncodingError, InvalidProof
from zkperf.groups import suite
from zkperf.ledger.rules.genesis import possession_context
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import Genesis, Member, SchemePosted, encode_transaction
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.keystore import KeyStore
from zkperf.roles.trustee import Trustee


def empty() -> tuple[Bench, Genesis]:
    """A ledger without leaves, and a genesis that it would take."""
    bench, genesis = before(Genesis)
    assert bench.leaves == []
    return bench, genesis


def member(name: str, secret: int, signing_key: bytes, suite_name: str = "ristretto255") -> Member:
    group = suite(suite_name)
    element = secret * group.generator
    proof = prove_possession(group, secret, element, possession_context(name, signing_key))
    return Member(name=name, signing_key=signing_key, sealing_key=group.encode(element), possession=proof)


def some_key() -> bytes:
    return public_bytes(Ed25519PrivateKey.generate())


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
    ],
)
def test_numbers_that_make_no_ledger(changes: dict[str, Any], match: str) -> None:
    bench, genesis = empty()
    bench.refuse(genesis.model_copy(update=changes), "genesis", match)


def test_the_suite_must_be_known() -> None:
    bench, genesis = empty()
    bench.refuse(genesis.model_copy(update={"suite": "ed25519"}), "genesis", "there is no suite 'ed25519'")


def test_up_to_a_hundred_members(tmp_path: Path) -> None:
    bench, genesis = empty()
    members = tuple(member(f"member {j}", j, some_key()) for j in range(1, 102))
    bench.refuse(genesis.model_copy(update={"members": members}), "genesis", "1 to 100 members, got 101")
    bench.apply(genesis.model_copy(update={"members": members[:100], "threshold": 100}))
    assert bench.state.members == 100


def test_a_single_member_may_hold_a_ledger() -> None:
    bench, genesis = empty()
    bench.apply(genesis.model_copy(update={"members": genesis.members[:1], "threshold": 1}))
    assert (bench.state.members, bench.state.enough) == (1, 1)


def test_members_on_p256(tmp_path: Path) -> None:
    bench, genesis = empty()
    group = suite("P-256")
    roster = tuple(Trustee.enrol(f"member {j}", KeyStore(tmp_path / str(j)), group) for j in (1, 2, 3))
    bench.refuse(genesis.model_copy(update={"suite": "P-256"}), "encoding", "P-256", EncodingError)
    bench.apply(genesis.model_copy(update={"suite": "P-256", "members": roster}))
    assert bench.state.commitment_group is group


# -- members ----------------------------------------------------------------------------------------


def test_members_differ_in_name_signing_key_and_sealing_key() -> None:
    bench, genesis = empty()
    one, two = some_key(), some_key()
    first = member("first", 5, one)
    for twin in (member("first", 6, two), member("second", 6, one), member("second", 5, two)):
        bench.refuse(
            genesis.model_copy(update={"members": (first, twin), "threshold": 2}),
            "genesis",
            "members must differ in name and keys",
        )
    bench.apply(genesis.model_copy(update={"members": (first, member("second", 6, two)), "threshold": 2}))


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


def test_a_proof_of_possession_is_bound_to_the_members_name_and_signing_key() -> None:
    bench, genesis = empty()
    bench.refuse(with_member(genesis, 0, name="somebody else"), "proofs", error=InvalidProof)
    bench.refuse(with_member(genesis, 0, signing_key=some_key()), "proofs", error=InvalidProof)


def test_a_proof_of_possession_is_made_for_members_alone() -> None:
    """The label keeps it apart from proofs of knowledge made for anything else."""
    bench, genesis = empty()
    group, key = suite("ristretto255"), some_key()
    unlabelled = possession_context("first", key).removeprefix(b"zkperf/v1/member")
    assert unlabelled != possession_context("first", key)
    proof = prove_possession(group, 5, 5 * group.generator, unlabelled)
    forged = member("first", 5, key).model_copy(update={"possession": proof})
    alone = {"members": (forged,), "threshold": 1}
    bench.refuse(genesis.model_copy(update=alone), "proofs", error=InvalidProof)


@pytest.mark.parametrize("sealing_key", [b"", bytes(32), b"\xff" * 32, bytes(31), bytes(33)])
def test_a_sealing_key_is_an_element_and_not_the_identity(sealing_key: bytes) -> None:
    bench, genesis = empty()
    bench.refuse(with_member(genesis, 1, sealing_key=sealing_key), "encoding", error=EncodingError)


def test_a_folder_is_founded_by_a_genesis_that_the_rules_take(tmp_path: Path) -> None:
    folder, consortium = LedgerFolder.create(tmp_path / "l", members=4, threshold=2, min_cohort_floor=2)
    assert Bench(folder, [consortium.ledger.leaf(0)]).state.enough == 3
    consortium.close()
