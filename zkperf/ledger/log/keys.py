"""Public keys under notes: the log's own key, and the keys of witnesses who cosign its checkpoints.

Both are Ed25519 (RFC 8032). A log signs the note's text (C2SP signed-note, type 0x01). A witness signs
the text with a header and the time in front (C2SP tlog-cosignature, type 0x04), so neither kind of
signature can pass for the other. A key is named by (name, id), id = SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4].
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from zkperf import signatures
from zkperf.errors import EncodingError, InvalidSignature
from zkperf.ledger.log.note import KEY_ID_BYTES
from zkperf.ledger.log.textual import MAX_SIZE, check_key_name, decode_base64, encode_base64

PUBLIC_KEY_BYTES = 32
TIME_BYTES = 8
"""A cosignature begins with its time: POSIX seconds, big endian, below 2^63."""


class SignatureType(IntEnum):
    """Signature type identifiers of C2SP signed-note that zkperf uses."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name and signature type. EncodingError for a malformed name or key."""

    name: str
    type: SignatureType
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public) != PUBLIC_KEY_BYTES:
            raise EncodingError(f"verifier key: expected {PUBLIC_KEY_BYTES} bytes, got {len(self.public)}")

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand for this key in a signature line."""
        # id = SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]
        preimage = self.name.encode("utf-8") + b"\n" + bytes([self.type]) + self.public
        return hashlib.sha256(preimage).digest()[:KEY_ID_BYTES]

    def format(self) -> str:
        """The key in vkey form: name+hex(id)+base64(type ‖ key)."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key in exactly this vkey form. EncodingError otherwise, also if the id is another key's."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise EncodingError("verifier key: expected name+id+key")
        data = decode_base64(parts[2], what="verifier key")
        if not data or data[0] not in list(SignatureType):
            raise EncodingError("verifier key: unknown signature type")
        key = cls(parts[0], SignatureType(data[0]), data[1:])
        if key.key_id.hex() != parts[1]:
            raise EncodingError("verifier key: the id does not belong to the key")
        return key

    def verify(self, text: str, signature: bytes) -> None:
        """Check the signature (without the key id) of a note's text. Raises InvalidSignature."""
        message = text.encode("utf-8")
        if self.type is SignatureType.COSIGNATURE:
            time, signature = int.from_bytes(signature[:TIME_BYTES], "big"), signature[TIME_BYTES:]
            if time >= MAX_SIZE:
                raise InvalidSignature(f"cosignature of {self.name}: its time is out of range")
            message = cosigned_message(text, time)
        signatures.verify(self.public, message, signature, whose=self.name)


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs: a header, the time in POSIX seconds, and the checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()
