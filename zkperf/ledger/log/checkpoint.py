"""Checkpoints (C2SP tlog-checkpoint): which tree a log vouches for, and who has to have signed it.

A checkpoint is a signed note whose text is three lines: origin, size, root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.errors import EncodingError, InputError, InvalidLogProof, InvalidSignature
from zkperf.ledger.log.keys import TIME_BYTES, SignatureType, VerifierKey, cosigned_message
from zkperf.ledger.log.note import NoteSignature, SignedNote
from zkperf.ledger.log.textual import (
    HASH_BYTES,
    MAX_SIZE,
    check_note_text,
    decode_decimal,
    decode_hash,
    encode_base64,
)


@dataclass(frozen=True)
class Checkpoint:
    """A tree of ``size`` leaves with root hash ``root`` (32 bytes), of the log named ``origin``.

    EncodingError if one of them cannot be written. Extension lines, which the specification advises
    against, are never written and not accepted.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_note_text(self.origin, what="checkpoint origin")
        if not self.origin or "\n" in self.origin:
            raise EncodingError("checkpoint origin: expected one non-empty line")
        if not 0 <= self.size < MAX_SIZE:
            raise EncodingError(f"checkpoint: expected a size in [0, 2^63), got {self.size}")
        if len(self.root) != HASH_BYTES:
            raise EncodingError(f"checkpoint: expected a root of {HASH_BYTES} bytes, got {len(self.root)}")

    def format(self) -> str:
        """The note's text."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint with exactly this text. EncodingError otherwise."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise EncodingError("checkpoint: expected three lines")
        size = decode_decimal(lines[1], what="checkpoint size")
        return cls(lines[0], size, decode_hash(lines[2], what="checkpoint root"))

    @classmethod
    def unverified(cls, note: str) -> Self:
        """What a note says, whoever signed it. EncodingError if it is not a checkpoint."""
        return cls.parse(SignedNote.parse(note).text)


class Signer:
    """The key with which a log signs its checkpoints; ``name`` should be the log's origin."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.verifier_key = VerifierKey(
            name, SignatureType.ED25519, private_key.public_key().public_bytes_raw()
        )

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a note with this log's signature.

        A log must never sign two checkpoints of which the one is no prefix of the other.
        """
        text, key = checkpoint.format(), self.verifier_key
        signature = self._private_key.sign(text.encode("utf-8"))
        return SignedNote(text, (NoteSignature(key.name, key.key_id, signature),)).format()

    def __repr__(self) -> str:
        return f"Signer({self.verifier_key.format()!r})"


class Cosigner:
    """The key with which a witness cosigns checkpoints. It must not be used for anything else."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.verifier_key = VerifierKey(
            name, SignatureType.COSIGNATURE, private_key.public_key().public_bytes_raw()
        )

    def cosign(self, note: str, time: int) -> str:
        """The note with this witness's signature added. ``time``: POSIX seconds, in [0, 2^63).

        The caller has verified the log's signature, and that the checkpoint is consistent with every
        earlier one that this witness cosigned for the same origin. EncodingError for a malformed note.
        """
        if not 0 <= time < MAX_SIZE:
            raise ValueError(f"expected a time in [0, 2^63), got {time}")
        signed, key = SignedNote.parse(note), self.verifier_key
        Checkpoint.parse(signed.text)
        signature = self._private_key.sign(cosigned_message(signed.text, time))
        line = NoteSignature(key.name, key.key_id, time.to_bytes(TIME_BYTES, "big") + signature)
        return signed.with_signature(line).format()

    def __repr__(self) -> str:
        return f"Cosigner({self.verifier_key.format()!r})"


@dataclass(frozen=True)
class Policy:
    """Which checkpoints are accepted: of this origin, signed by the log's key, and by a quorum of witnesses.

    InputError if the policy itself is unusable. The same public key under two names is refused: a
    cosignature does not say its signer's name, so one witness could be counted twice.
    """

    origin: str
    log_key: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        if self.log_key.type is not SignatureType.ED25519:
            raise InputError("policy: the log's key is not of type Ed25519")
        if any(key.type is not SignatureType.COSIGNATURE for key in self.witnesses):
            raise InputError("policy: a witness's key is not of the cosignature type")
        if len({key.public for key in (self.log_key, *self.witnesses)}) != 1 + len(self.witnesses):
            raise InputError("policy: a public key is listed twice")
        if len(self._keys()) != 1 + len(self.witnesses):
            raise InputError("policy: two keys have the same name and key id")
        if not 0 <= self.quorum <= len(self.witnesses):
            raise InputError(f"policy: expected a quorum of 0 to {len(self.witnesses)}, got {self.quorum}")

    def _keys(self) -> dict[tuple[str, bytes], VerifierKey]:
        return {(key.name, key.key_id): key for key in (self.log_key, *self.witnesses)}

    def verify(self, note: str, *, only_known: bool = False) -> Checkpoint:
        """The checkpoint of a note that this policy accepts.

        Signature lines of unknown keys are skipped, as C2SP signed-note asks; with ``only_known`` they
        are refused, and so are repeated ones, so that not one byte of the note can be changed.
        Raises InvalidLogProof, whatever is wrong with the note.
        """
        try:
            signed = SignedNote.parse(note)
            checkpoint = Checkpoint.parse(signed.text)
        except EncodingError as error:
            raise InvalidLogProof(str(error)) from error
        if checkpoint.origin != self.origin:
            raise InvalidLogProof("checkpoint: of another origin")
        keys = self._keys()
        signers = set()
        for signature in signed.signatures:
            signer = (signature.name, signature.key_id)
            if only_known and signer not in keys:
                raise InvalidLogProof("checkpoint: a signature line of an unknown key")
            if only_known and signer in signers:
                raise InvalidLogProof("checkpoint: two signature lines of the same key")
            if signer not in keys:
                continue
            try:
                keys[signer].verify(signed.text, signature.signature)
            except InvalidSignature as error:
                raise InvalidLogProof(f"checkpoint: {error}") from error
            signers.add(signer)
        if (self.log_key.name, self.log_key.key_id) not in signers:
            raise InvalidLogProof("checkpoint: not signed by the log's key")
        if len(signers) - 1 < self.quorum:
            raise InvalidLogProof(f"checkpoint: {len(signers) - 1} cosignatures, {self.quorum} needed")
        return checkpoint
