from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.errors import EncodingError, InputError, InvalidLogProof
from zkperf.ledger.log.checkpoint import Checkpoint, Cosigner, Policy, Signer
from zkperf.ledger.log.note import SignedNote

ORIGIN = "zkperf.ledger/0123456789abcdef"
# The example of C2SP tlog-checkpoint.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def private(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


SIGNER = Signer(ORIGIN, private(0))
WITNESSES = [Cosigner(f"witness.example/{i}", private(i)) for i in (1, 2, 3)]
KEYS = tuple(witness.verifier_key for witness in WITNESSES)
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = SIGNER.sign(CHECKPOINT)
POLICY = Policy(ORIGIN, SIGNER.verifier_key)


def test_the_published_example_round_trips() -> None:
    checkpoint = Checkpoint.parse(TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert checkpoint.format() == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "\n",
        TEXT + "extension",
        TEXT + "extension\n",
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", ""),
        TEXT.replace("20852163", str(2**63)),
        TEXT.replace("example.com/behind-the-sofa", ""),
        TEXT.replace("example.com", "example\t.com"),
        TEXT.replace("q2I=", "q2J="),
        TEXT.replace("CsUY", ""),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 0, bytes(32)),
        ("a\nb", 0, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", 2**63, bytes(32)),
        ("a", 0, b""),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_not_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(EncodingError):
        Checkpoint(origin, size, root)


def test_a_signed_checkpoint_verifies() -> None:
    assert POLICY.verify(NOTE) == CHECKPOINT
    assert POLICY.verify(NOTE, only_known=True) == CHECKPOINT
    assert Checkpoint.unverified(NOTE) == CHECKPOINT
    assert NOTE.startswith(f"{ORIGIN}\n7\n") and f"\n\n— {ORIGIN} " in NOTE


def test_keys_do_not_show_their_secret() -> None:
    for holder in (SIGNER, WITNESSES[0]):
        assert repr(holder) == f"{type(holder).__name__}('{holder.verifier_key.format()}')"


def test_another_origin_is_refused() -> None:
    other = Signer(ORIGIN, private(0)).sign(Checkpoint(ORIGIN + "0", 7, bytes(32)))
    with pytest.raises(InvalidLogProof, match="origin"):
        POLICY.verify(other)


def test_a_malformed_note_is_refused_by_the_same_error() -> None:
    for note in ("", NOTE[:-1], NOTE + "\n", TEXT):
        with pytest.raises(InvalidLogProof):
            POLICY.verify(note)


def test_another_key_under_the_same_name_is_not_the_logs() -> None:
    with pytest.raises(InvalidLogProof, match="not signed by the log"):
        POLICY.verify(Signer(ORIGIN, private(9)).sign(CHECKPOINT))


def test_a_known_key_whose_signature_fails_spoils_the_note() -> None:
    text, good = CHECKPOINT.format(), SignedNote.parse(NOTE)
    moved = SignedNote(text.replace("\n7\n", "\n8\n"), good.signatures).format()
    with pytest.raises(InvalidLogProof, match="not a signature of"):
        POLICY.verify(moved)
    # A witness that is listed, but not needed, spoils it as well.
    cosigned = SignedNote.parse(WITNESSES[0].cosign(NOTE, 5))
    elsewhere = SignedNote.parse(WITNESSES[0].cosign(SIGNER.sign(Checkpoint(ORIGIN, 8, bytes(32))), 5))
    mixed = SignedNote(cosigned.text, (cosigned.signatures[0], elsewhere.signatures[1])).format()
    with pytest.raises(InvalidLogProof, match="not a signature of"):
        Policy(ORIGIN, SIGNER.verifier_key, KEYS).verify(mixed)


def test_the_quorum_counts_each_witness_once() -> None:
    note = NOTE
    for count, witness in enumerate(WITNESSES):
        for quorum in range(4):
            policy = Policy(ORIGIN, SIGNER.verifier_key, KEYS, quorum)
            if quorum <= count:
                assert policy.verify(note) == CHECKPOINT
            else:
                with pytest.raises(InvalidLogProof, match="cosignatures"):
                    policy.verify(note)
        note = witness.cosign(note, 1_700_000_000)
    twice = WITNESSES[0].cosign(WITNESSES[0].cosign(NOTE, 1), 2)
    assert Policy(ORIGIN, SIGNER.verifier_key, KEYS, 1).verify(twice) == CHECKPOINT
    with pytest.raises(InvalidLogProof, match="cosignatures"):
        Policy(ORIGIN, SIGNER.verifier_key, KEYS, 2).verify(twice)


def test_cosignatures_do_not_stand_in_for_the_logs_signature() -> None:
    cosigned = SignedNote.parse(WITNESSES[0].cosign(NOTE, 1))
    without = SignedNote(cosigned.text, cosigned.signatures[1:]).format()
    with pytest.raises(InvalidLogProof, match="not signed by the log"):
        Policy(ORIGIN, SIGNER.verifier_key, KEYS, 1).verify(without)


def test_unknown_signatures_are_skipped_unless_only_known_ones_may_be_there() -> None:
    note = WITNESSES[0].cosign(NOTE, 1)
    assert POLICY.verify(note) == CHECKPOINT
    with pytest.raises(InvalidLogProof, match="unknown key"):
        POLICY.verify(note, only_known=True)
    policy = Policy(ORIGIN, SIGNER.verifier_key, KEYS)
    assert policy.verify(note, only_known=True) == CHECKPOINT


def test_repeated_signatures_are_refused_where_only_known_ones_may_be_there() -> None:
    signed = SignedNote.parse(NOTE)
    twice = signed.with_signature(signed.signatures[0]).format()
    assert POLICY.verify(twice) == CHECKPOINT
    with pytest.raises(InvalidLogProof, match="same key"):
        POLICY.verify(twice, only_known=True)


def test_a_cosignature_is_over_a_well_formed_checkpoint_at_a_time() -> None:
    line = SignedNote.parse(WITNESSES[0].cosign(NOTE, 0x0102)).signatures[1]
    assert line.signature[:8].hex() == "0000000000000102" and len(line.signature) == 72
    for time in (-1, 2**63):
        with pytest.raises(ValueError, match="time"):
            WITNESSES[0].cosign(NOTE, time)
    with pytest.raises(EncodingError):
        WITNESSES[0].cosign("hello\n\n— a AAAAAQI=\n", 1)


def test_unusable_policies_are_refused() -> None:
    log, witness = SIGNER.verifier_key, KEYS[0]
    same = Cosigner("witness.example/other", private(1)).verifier_key
    own = Cosigner("witness.example/own", private(0)).verifier_key
    # Two keys whose 32-bit ids are the same, found by trying: c is for "collision".
    c1, c2 = (
        Cosigner("witness", Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))).verifier_key
        for number in (94469, 137809)
    )
    bad = [
        ((ORIGIN, log, (c1, c2)), "same name and key id"),
        ((ORIGIN, witness), "not of type Ed25519"),
        ((ORIGIN, log, (Signer("w", private(5)).verifier_key,)), "cosignature type"),
        ((ORIGIN, log, (witness, same)), "listed twice"),
        ((ORIGIN, log, (own,)), "listed twice"),
        ((ORIGIN, log, (witness,), 2), "quorum"),
        ((ORIGIN, log, (witness,), -1), "quorum"),
    ]
    for arguments, message in bad:
        with pytest.raises(InputError, match=re.escape(message)):
            Policy(*arguments)  # type: ignore[arg-type]
