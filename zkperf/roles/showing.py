"""What passes between a provider and an auditor of figures, off the ledger: a card, and sealed openings."""

from __future__ import annotations

from zkperf import signatures
from zkperf.encoding import UNSHOWN, Bytes32, Bytes64, Integer, Record, Uint, encode


class Card(Record):
    """What an auditor hands to providers: for whom they seal, signed by the key that rounds list."""

    key: Bytes32
    sealing_key: bytes
    """T = t·B."""
    signature: Bytes64

    @property
    def message(self) -> bytes:
        """What is signed."""
        return encode(["zkperf/v1/auditor-card", self.key, self.sealing_key])

    def verify(self) -> None:
        """Raises InvalidSignature unless the auditor itself says that this is its sealing key."""
        signatures.verify(self.key, self.message, self.signature, whose="the auditor")


class KeptOpening(Record):
    """What a provider keeps of one figure. Secret."""

    indicator: Uint
    value: Integer
    blinding: Bytes32

    def __repr__(self) -> str:
        return "<opening>"

    __str__ = __repr__


class Shown(Record):
    """Openings sealed for one auditor, off the ledger."""

    round: Bytes32
    unit: Uint
    report: Bytes32
    ephemeral: bytes
    """Y = y·B."""
    sealed: bytes = UNSHOWN
    """The CBOR of the figures' `KeptOpening`s, for the auditor's key T = t·B."""

    @property
    def context(self) -> bytes:
        """What the openings are sealed in."""
        return encode(["zkperf/v1/shown", self.round, self.unit, self.report, self.ephemeral])
