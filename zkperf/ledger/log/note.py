"""Signed notes (C2SP signed-note): a text and the signatures under it.

    <text, ending in a newline>
    <empty line>
    — <key name> <base64 of key id ‖ signature>

Parsing says nothing about who signed; that is `Policy.verify` in `zkperf.ledger.log.checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from zkperf.errors import EncodingError
from zkperf.ledger.log.textual import check_key_name, check_note_text, decode_base64, encode_base64

KEY_ID_BYTES = 4
MAX_SIGNATURES = 64
"""More signature lines than this are refused (the specification asks for at least 16)."""

_MARK = "— "


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: the key's name, its 4-byte id, and the signature proper."""

    name: str
    key_id: bytes
    signature: bytes

    def format(self) -> str:
        """The line, with its newline."""
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """The signature of one line (without its newline). EncodingError otherwise."""
        if not line.startswith(_MARK):
            raise EncodingError("signed note: malformed signature line")
        name, _, encoded = line.removeprefix(_MARK).partition(" ")
        check_key_name(name)
        data = decode_base64(encoded, what="note signature")
        if len(data) <= KEY_ID_BYTES:
            raise EncodingError("note signature: too short")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True)
class SignedNote:
    """A text that ends in a newline, and one or more signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def format(self) -> str:
        """The note as text: what `parse` reads."""
        return self.text + "\n" + "".join(signature.format() for signature in self.signatures)

    def with_signature(self, signature: NoteSignature) -> Self:
        """The same note with one more signature line at its end."""
        return replace(self, signatures=(*self.signatures, signature))

    @classmethod
    def parse(cls, note: str) -> Self:
        """The note with exactly this text form. EncodingError otherwise."""
        check_note_text(note, what="signed note")
        # The text may hold empty lines: the last one is where the signatures begin.
        text, separator, block = note.rpartition("\n\n")
        if not separator or not block.endswith("\n"):
            raise EncodingError("signed note: expected a text, an empty line and signature lines")
        lines = block[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise EncodingError(f"signed note: more than {MAX_SIGNATURES} signatures")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines))
