from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.world import World
from zkperf.errors import EncodingError, InputError, InvalidLogProof, InvalidSignature, RuleViolation
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.evidence import (
    GENESIS_RECEIPT,
    Origin,
    find_origin,
    keep_genesis,
    read_evidence,
    verify_evidence,
)


@dataclass(frozen=True)
class Case:
    """A rating with its promise and its receipt, and the receipt of leaf 0."""

    ledger: bytes
    promise: Promise
    receipt: Receipt
    genesis: Receipt
    leaf: bytes

    @property
    def origin(self) -> Origin:
        return Origin.from_leaf(self.genesis.leaf)

    def lay(self, folder: Path) -> tuple[Path, Path]:
        """Promise and receipt in a folder, with the genesis receipt."""
        (folder / "x.promise").write_bytes(self.promise.encode())
        (folder / "x.tlog-proof").write_text(self.receipt.format())
        (folder / GENESIS_RECEIPT).write_text(self.genesis.format())
        return folder / "x.promise", folder / "x.tlog-proof"


def make(folder: Path) -> Case:
    world = World.create(folder)
    found = world.open_round()
    [(_, _, core), *_] = world.rate(found, [{"recommend": "good"}] * 2)
    world.close_round(found)
    index = found.cohort(1).ratings[core.pseudonym].index
    case = Case(
        ledger=world.state.ledger,
        promise=world.promises[0],
        receipt=Receipt.parse(world.consortium.receipt(index)),
        genesis=Receipt.parse(world.consortium.receipt(0)),
        leaf=encode_transaction(core),
    )
    world.consortium.close()
    return case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make(tmp_path_factory.mktemp("one") / "ledger")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make(tmp_path_factory.mktemp("other") / "ledger")


def test_a_promise_and_a_receipt_are_about_the_same_leaf(case: Case, tmp_path: Path) -> None:
    promise, receipt = case.lay(tmp_path)
    for path, kind in ((promise, "promise"), (receipt, "receipt")):
        evidence = read_evidence(path)
        origin = find_origin(path, evidence)
        assert origin == case.origin and origin.ledger == case.ledger
        found = verify_evidence(evidence, origin)
        assert (found.kind, found.digest) == (kind, sha256(case.leaf).digest())
        facts = found.to_json(case.ledger)
        assert facts["origin_verified"] and facts["transaction"] == "rating"
        assert facts["pseudonym"] == case.promise.pseudonym.hex()
        assert found.to_json(None)["origin_verified"] is False


def test_the_first_leaf_s_receipt_needs_no_other(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_text(case.genesis.format())
    evidence = read_evidence(path)
    assert verify_evidence(evidence, find_origin(path, evidence)).index == 0


def test_the_ledger_must_be_the_one_that_is_known(case: Case) -> None:
    case.origin.require(case.ledger)
    case.origin.require(None)
    with pytest.raises(RuleViolation, match="expected the ledger 0000"):
        case.origin.require(bytes(32))


def test_a_promise_of_another_key_or_ledger(case: Case, other: Case) -> None:
    for changed in ({"sequence": 1}, {"digest": bytes(32)}, {"unit": 2}, {"signature": bytes(64)}):
        with pytest.raises(InvalidSignature):
            verify_evidence(case.promise.model_copy(update=changed), case.origin)
    with pytest.raises(RuleViolation, match="another ledger's"):
        verify_evidence(other.promise, case.origin)
    with pytest.raises(InvalidSignature):
        verify_evidence(other.promise.model_copy(update={"ledger": case.ledger}), case.origin)


def test_a_receipt_of_another_leaf_place_or_ledger(case: Case, other: Case) -> None:
    for changed in (
        replace(case.receipt, leaf=case.genesis.leaf),
        replace(case.receipt, index=case.receipt.index + 1),
        replace(case.receipt, proof=case.receipt.proof[:-1]),
        replace(case.receipt, note=other.receipt.note),
        other.receipt,
    ):
        with pytest.raises(InvalidLogProof):
            verify_evidence(changed, case.origin)


def test_a_genesis_that_does_not_hold(case: Case, other: Case, tmp_path: Path) -> None:
    _, path = case.lay(tmp_path)
    beside = tmp_path / GENESIS_RECEIPT
    evidence = read_evidence(path)
    with pytest.raises(InvalidLogProof, match="not a genesis"):
        Origin.from_leaf(case.leaf)
    beside.write_text(replace(case.genesis, note=other.genesis.note).format())
    with pytest.raises(InvalidLogProof):
        find_origin(path, evidence)
    beside.write_text(case.receipt.format())
    with pytest.raises(InputError, match="first leaf"):
        find_origin(path, evidence)
    beside.write_bytes(case.promise.encode())
    with pytest.raises(InputError, match="first leaf"):
        find_origin(path, evidence)
    beside.unlink()
    with pytest.raises(InputError, match="is missing"):
        find_origin(path, evidence)


def test_the_genesis_is_kept_once(case: Case, other: Case, tmp_path: Path) -> None:
    written: list[Path] = []

    def write(path: Path, data: bytes) -> None:
        written.append(path)
        path.write_bytes(data)

    text = case.genesis.format()
    for wrong in (
        other.genesis.format(),
        case.receipt.format(),
        replace(case.genesis, index=1).format(),
        replace(case.genesis, note=other.genesis.note).format(),
    ):
        with pytest.raises(InvalidLogProof):
            keep_genesis(tmp_path, case.ledger, wrong, write)
    assert not written
    keep_genesis(tmp_path, case.ledger, text, write)
    keep_genesis(tmp_path, case.ledger, text, write)
    assert written == [tmp_path / GENESIS_RECEIPT]
    with pytest.raises(InputError, match="another ledger's"):
        keep_genesis(tmp_path, other.ledger, other.genesis.format(), write)
    assert (tmp_path / GENESIS_RECEIPT).read_text() == text
    (tmp_path / GENESIS_RECEIPT).write_bytes(case.promise.encode())
    with pytest.raises(InputError, match="another ledger's"):
        keep_genesis(tmp_path, case.ledger, text, write)


def test_what_is_no_evidence(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "file"
    text = case.receipt.format()
    for data in (
        b"",
        text.encode()[:-1],
        text.encode() + b"\n",
        case.promise.encode() + b"\0",
        b"c2sp.org/\xff",
    ):
        path.write_bytes(data)
        with pytest.raises(EncodingError, match="file: "):
            read_evidence(path)
    with pytest.raises(InputError, match="No such file"):
        read_evidence(tmp_path / "none")
