from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.errors import EncodingError, InvalidSignature
from zkperf.ledger.log.keys import SignatureType, VerifierKey, cosigned_message
from zkperf.ledger.log.note import SignedNote

# The example of C2SP signed-note, section "Verifier keys".
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK"
    "7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()


def test_the_published_example_verifies() -> None:
    key, note = VerifierKey.parse(VKEY), SignedNote.parse(NOTE)
    assert (key.name, key.type, key.key_id.hex()) == ("example.com/foo", SignatureType.ED25519, "530d903a")
    assert note.signatures[0].key_id == key.key_id
    key.verify(note.text, note.signatures[0].signature)
    assert key.format() == VKEY


def test_a_signature_over_other_text_is_refused() -> None:
    key, note = VerifierKey.parse(VKEY), SignedNote.parse(NOTE)
    with pytest.raises(InvalidSignature):
        key.verify(note.text + "\n", note.signatures[0].signature)
    with pytest.raises(InvalidSignature):
        key.verify(note.text, note.signatures[0].signature[:-1])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo+530d903a",
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("example.com/foo", "example.com/fob"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("Aeky", "Beky"),
        VKEY.replace("Aeky", "AuKy"),
        VKEY.replace("U2k", "U2l"),
        VKEY + "\n",
        VKEY[:-4],
        "example.com/foo+530d903a+",
    ],
)
def test_any_other_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(EncodingError):
        VerifierKey.parse(vkey)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(EncodingError, match="32 bytes"):
        VerifierKey("a", SignatureType.ED25519, bytes(31))


def test_a_key_has_a_name() -> None:
    with pytest.raises(EncodingError, match="key name"):
        VerifierKey("a b", SignatureType.ED25519, PUBLIC)


def test_a_cosignature_covers_header_time_and_text() -> None:
    key = VerifierKey("w", SignatureType.COSIGNATURE, PUBLIC)
    text = "log\n0\n"
    assert cosigned_message(text, 1679315147) == b"cosignature/v1\ntime 1679315147\nlog\n0\n"
    signature = (7).to_bytes(8, "big") + PRIVATE.sign(b"cosignature/v1\ntime 7\n" + text.encode())
    key.verify(text, signature)
    with pytest.raises(InvalidSignature):
        key.verify(text, (8).to_bytes(8, "big") + signature[8:])
    with pytest.raises(InvalidSignature):
        key.verify(text + "x", signature)
    for length in (0, 7, 8, 71):
        with pytest.raises(InvalidSignature):
            key.verify(text, signature[:length])


def test_a_cosignature_from_beyond_time_is_refused() -> None:
    key = VerifierKey("w", SignatureType.COSIGNATURE, PUBLIC)
    latest = 2**63 - 1
    key.verify("a\n", latest.to_bytes(8, "big") + PRIVATE.sign(cosigned_message("a\n", latest)))
    with pytest.raises(InvalidSignature, match="range"):
        key.verify("a\n", (latest + 1).to_bytes(8, "big") + PRIVATE.sign(cosigned_message("a\n", latest + 1)))


def test_one_key_has_different_ids_for_different_types() -> None:
    log, witness = (VerifierKey("a", kind, PUBLIC) for kind in SignatureType)
    assert log.key_id != witness.key_id
    plain = PRIVATE.sign(b"a\n")
    log.verify("a\n", plain)
    with pytest.raises(InvalidSignature):
        witness.verify("a\n", bytes(8) + plain)
