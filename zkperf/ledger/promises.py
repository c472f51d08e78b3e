"""What a rater holds before its rating is on the log: the sequencer's signed word that it will be."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import encoding, signatures
from zkperf._native import sign_all
from zkperf.encoding import Bytes32, Bytes64, Record, Uint
from zkperf.ledger.signed import NO_SIGNATURE


class Promise(Record):
    """“This rating is durable and will be on the log at the close of its round, unless its own
    pseudonym replaces it.” Missing then, the promise convicts its signer."""

    signature: Bytes64
    ledger: Bytes32
    round: Bytes32
    unit: Uint
    pseudonym: bytes
    sequence: Uint
    digest: Bytes32
    """SHA-256 of the rating's leaf."""

    def message(self) -> bytes:
        """What the signature covers."""
        return b"zkperf/v1/promise" + encoding.encode(self.to_array()[1:])

    def verify(self, log_key: bytes) -> None:
        """Raises InvalidSignature unless the ledger's sequencer signed this promise."""
        signatures.verify(log_key, self.message(), self.signature, whose="the ledger's sequencer")


def draft(
    *, ledger: bytes, round_id: bytes, unit: int, pseudonym: bytes, sequence: int, digest: bytes
) -> Promise:
    """A promise that is not signed yet."""
    return Promise(
        signature=NO_SIGNATURE,
        ledger=ledger,
        round=round_id,
        unit=unit,
        pseudonym=pseudonym,
        sequence=sequence,
        digest=digest,
    )


def signed_promises(key: Ed25519PrivateKey, drafts: Sequence[Promise]) -> list[Promise]:
    """The promises, signed with the sequencer's ``key``, all at once."""
    signatures = sign_all(key.private_bytes_raw(), [promise.message() for promise in drafts])
    return [
        promise.model_copy(update={"signature": signature})
        for promise, signature in zip(drafts, signatures, strict=True)
    ]
