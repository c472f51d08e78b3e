"""The registrar: the office that knows a service was really delivered. One voucher per case."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf import signatures
from zkperf.encoding import Bytes32, Bytes64, Record, Uint
from zkperf.errors import EncodingError
from zkperf.ledger.signing import public_bytes, voucher_message


class Voucher(Record):
    """A one-time key pair and the registrar's signature over (ledger, cohort, voucher key).

    It names nobody. Whoever holds it can obtain one token; it is of no use once its point is recorded.
    """

    ledger: Bytes32
    round: Bytes32
    unit: Uint
    secret: Bytes32
    """Seed of the voucher's Ed25519 key."""
    registrar_signature: Bytes64

    def key(self) -> Ed25519PrivateKey:
        """The voucher's one-time signing key."""
        return Ed25519PrivateKey.from_private_bytes(self.secret)

    def verify(self, registrar: bytes) -> None:
        """Raises InvalidSignature unless this service's registrar has signed the voucher."""
        message = voucher_message(self.ledger, self.round, self.unit, public_bytes(self.key()))
        signatures.verify(registrar, message, self.registrar_signature, whose="this service's registrar")

    def text(self) -> str:
        """The voucher as one word for links and files: base64url without padding."""
        return base64.urlsafe_b64encode(self.encode()).rstrip(b"=").decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Voucher:
        """The voucher that `text` wrote. EncodingError for anything else."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise EncodingError("voucher: not base64url") from None
        voucher = cls.decode(data)
        if voucher.text() != text:
            raise EncodingError("voucher: not canonically encoded")
        return voucher

    def __repr__(self) -> str:
        return "<voucher>"

    __str__ = __repr__


@dataclass(frozen=True)
class Registrar:
    """Signs vouchers for its own services. It never learns what becomes of them."""

    key: Ed25519PrivateKey

    def voucher(self, ledger: bytes, round_id: bytes, unit: int) -> Voucher:
        """A fresh voucher for one delivered case of service ``unit``."""
        one_time = Ed25519PrivateKey.generate()
        message = voucher_message(ledger, round_id, unit, public_bytes(one_time))
        return Voucher(
            ledger=ledger,
            round=round_id,
            unit=unit,
            secret=one_time.private_bytes_raw(),
            registrar_signature=self.key.sign(message),
        )

    def __repr__(self) -> str:
        return "<registrar>"
