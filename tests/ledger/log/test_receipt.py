from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from tests.ledger.log.test_checkpoint import KEYS, ORIGIN, POLICY, SIGNER, WITNESSES
from tests.ledger.log.test_merkle import HASHES, LEAVES, NODES
from zkperf.errors import EncodingError, InvalidLogProof
from zkperf.ledger.log.checkpoint import Checkpoint, Policy
from zkperf.ledger.log.merkle import root_from_leaf_hashes
from zkperf.ledger.log.receipt import Receipt

NOTE = SIGNER.sign(Checkpoint(ORIGIN, 13, root_from_leaf_hashes(HASHES[:13])))
RECEIPT = Receipt.issue(LEAVES[6], 6, NOTE, NODES)
TEXT = RECEIPT.format()


def test_the_format() -> None:
    lines = TEXT.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra " + base64.b64encode(LEAVES[6]).decode()
    assert lines[2] == "index 6"
    assert lines[3] == base64.b64encode(HASHES[7]).decode()  # the leaf's sibling comes first
    assert lines[7] == ""
    assert "\n".join(lines[8:]) == NOTE


@pytest.mark.parametrize("index", range(13))
def test_every_leaf_has_a_receipt_that_verifies(index: int) -> None:
    text = Receipt.issue(LEAVES[index], index, NOTE, NODES).format()
    receipt = Receipt.parse(text)
    assert receipt.format() == text
    assert receipt.leaf == LEAVES[index]
    assert receipt.verify(POLICY).size == 13


def test_the_only_leaf_has_an_empty_proof() -> None:
    note = SIGNER.sign(Checkpoint(ORIGIN, 1, HASHES[0]))
    receipt = Receipt.parse(Receipt.issue(LEAVES[0], 0, note, NODES).format())
    assert receipt.proof == ()
    assert receipt.verify(POLICY) == Checkpoint(ORIGIN, 1, HASHES[0])


def test_no_receipt_under_a_checkpoint_from_before_the_leaf() -> None:
    with pytest.raises(IndexError):
        Receipt.issue(LEAVES[13], 13, NOTE, NODES)


def test_another_leaf_place_proof_or_checkpoint_is_refused() -> None:
    other = SIGNER.sign(Checkpoint(ORIGIN, 12, root_from_leaf_hashes(HASHES[:12])))
    bad = [
        replace(RECEIPT, leaf=LEAVES[7]),
        replace(RECEIPT, index=7),
        replace(RECEIPT, proof=RECEIPT.proof[1:]),
        replace(RECEIPT, note=other),
        replace(RECEIPT, note=NOTE.replace("\n13\n", "\n14\n")),
    ]
    for receipt in bad:
        with pytest.raises(InvalidLogProof):
            receipt.verify(POLICY)


def test_the_policy_decides_which_cosignatures_are_needed() -> None:
    policy = Policy(ORIGIN, SIGNER.verifier_key, KEYS, 1)
    with pytest.raises(InvalidLogProof, match="cosignatures"):
        RECEIPT.verify(policy)
    replace(RECEIPT, note=WITNESSES[0].cosign(NOTE, 1)).verify(policy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("proof@v1", "proof@v2"),
        ("extra ", "extra"),
        ("extra ", "Extra "),
        (f"extra {base64.b64encode(LEAVES[6]).decode()}\n", ""),
        (base64.b64encode(LEAVES[6]).decode(), ""),
        (base64.b64encode(LEAVES[6]).decode(), base64.b64encode(LEAVES[6]).decode() + "!"),
        ("index 6", "index 06"),
        ("index 6", "index -6"),
        ("index 6", "6"),
        ("index 6\n", "index 6\n\n"),
        ("index 6\n", "index 6\nAAAA\n"),
        ("index 6\n", "index 6\n" + f"{base64.b64encode(bytes(32)).decode()}\n" * 60),
        ("\n", "\r\n"),
        ("\n\n", "\n"),
        ("\n13\n", "\n013\n"),
        ("— ", "- "),
    ],
)
def test_any_other_text_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(EncodingError):
        Receipt.parse(TEXT.replace(old, new))
    short = "c2sp.org/tlog-proof@v1\nextra AAAA\n\n" + NOTE
    for cut in ("", short, TEXT[:-1], TEXT + "\n", "\n" + TEXT, TEXT[: TEXT.index("\n\n")]):
        with pytest.raises(EncodingError):
            Receipt.parse(cut)


def test_any_changed_character_is_refused() -> None:
    policy = POLICY
    for place, character in enumerate(TEXT):
        changed = TEXT[:place] + ("A" if character != "A" else "B") + TEXT[place + 1 :]
        with pytest.raises((EncodingError, InvalidLogProof)):
            Receipt.parse(changed).verify(policy)
