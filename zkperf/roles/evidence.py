"""What a rater holds in the end, and how anybody checks it offline.

A promise or a receipt is checked against the ledger's key, which the genesis names. So beside them lies
the receipt of the genesis itself, under `GENESIS_RECEIPT`: with it a file of a few hundred bytes shows,
to everybody who knows the ledger's genesis digest, that a rating is on the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from circuits.rating import Core
from zkperf.errors import EncodingError, InputError, InvalidLogProof, RuleViolation
from zkperf.ledger.figure_transactions import Attested, ClaimsPosted, ReportPosted
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.ledger.transactions import Genesis, decode_transaction
from zkperf.roles.view import ledger_policy

_NAMES: dict[type, str] = {
    Core: "rating",
    ReportPosted: "report",
    ClaimsPosted: "claims",
    Attested: "attestation",
}
"""What people call the transactions that they get receipts of."""

GENESIS_RECEIPT = "genesis.tlog-proof"
MAX_EVIDENCE_BYTES = 200_000
"""A receipt holds one leaf of at most 65,535 bytes in base64, and a few lines."""


@dataclass(frozen=True)
class Origin:
    """The ledger that evidence is about, as leaf 0 defines it."""

    ledger: bytes
    genesis: Genesis

    @classmethod
    def from_leaf(cls, leaf: bytes) -> Origin:
        """Raises EncodingError or InvalidLogProof unless ``leaf`` is a genesis."""
        genesis = decode_transaction(leaf)
        if not isinstance(genesis, Genesis):
            raise InvalidLogProof("leaf 0 is not a genesis")
        return cls(sha256(leaf).digest(), genesis)

    def require(self, expected: bytes | None) -> None:
        """Raises RuleViolation unless this is the ledger with the digest ``expected``, if one is."""
        if expected is not None and expected != self.ledger:
            raise RuleViolation(
                f"expected the ledger {expected.hex()}, got {self.ledger.hex()}", check="genesis"
            )


@dataclass(frozen=True)
class Evidence:
    """A receipt or a promise that holds."""

    kind: str
    """"receipt" or "promise"."""
    origin: Origin
    digest: bytes
    """SHA-256 of the leaf."""
    index: int | None
    """The leaf; None for a promise."""
    size: int | None
    """The log's size under the receipt's checkpoint."""
    subject: Any
    """The transaction, or the `Promise`."""

    def to_json(self, expected: bytes | None) -> dict[str, Any]:
        """The facts as plain data. ``expected`` is the genesis digest that was asked for."""
        facts: dict[str, Any] = {
            "ok": True,
            "kind": self.kind,
            "genesis": self.origin.ledger.hex(),
            "origin_verified": expected is not None,
            "ledger": self.origin.genesis.name,
            "transaction": "rating" if self.kind == "promise" else transaction_name(self.subject),
            "digest": self.digest.hex(),
            "index": self.index,
            "size": self.size,
        }
        if isinstance(self.subject, (Core, Promise)):
            facts["round"] = self.subject.round.hex()
            facts["unit"] = self.subject.unit
            facts["pseudonym"] = self.subject.pseudonym.hex()
            facts["sequence"] = self.subject.sequence
        return facts


def transaction_name(transaction: object) -> str:
    """What people call a transaction."""
    return _NAMES.get(type(transaction)) or type(transaction).__name__


def read_evidence(path: Path) -> Receipt | Promise:
    """The receipt or promise in a file. InputError if it cannot be read, EncodingError if it is neither."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_EVIDENCE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    try:
        if data.startswith(b"c2sp.org/"):
            if b"\r\n" in data:
                raise EncodingError(
                    "its lines end as on Windows (CRLF): an editor or a mail program has changed it; fetch "
                    "it again, or set the line ends to LF"
                )
            return Receipt.parse(data.decode("utf-8"))
        return Promise.decode(data)
    except UnicodeDecodeError:
        raise EncodingError(f"{path}: a receipt that is not UTF-8 text") from None
    except EncodingError as error:
        raise EncodingError(f"{path}: neither a receipt nor a promise ({error})") from None


def read_checkpoint(path: Path) -> str:
    """The checkpoint in a file, or that of the receipt in it, not verified. Errors as `read_evidence`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_EVIDENCE_BYTES + 1)
        text = data.decode("utf-8")
        if text.startswith("c2sp.org/"):
            return Receipt.parse(text).note
        Checkpoint.unverified(text)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (EncodingError, UnicodeDecodeError) as error:
        raise EncodingError(f"{path}: neither a checkpoint nor a receipt ({error})") from None
    return text


def find_origin(path: Path, evidence: Receipt | Promise) -> Origin:
    """The ledger of a file of evidence: from the file itself, or from the genesis receipt beside it.

    Raises InputError if there is none, InvalidLogProof or EncodingError if it does not hold.
    """
    if isinstance(evidence, Receipt) and evidence.index == 0:
        return Origin.from_leaf(evidence.leaf)
    beside = path.parent / GENESIS_RECEIPT
    if not beside.exists():
        raise InputError(
            f"{beside} is missing: it holds the key that {path.name} is checked against; "
            "get it from where the receipt came from, or say --ledger"
        )
    first = read_evidence(beside)
    if not isinstance(first, Receipt) or first.index != 0:
        raise InputError(f"{beside}: expected the receipt of the log's first leaf")
    origin = Origin.from_leaf(first.leaf)
    first.verify(ledger_policy(origin.ledger, origin.genesis.log_key))
    return origin


def verify_evidence(evidence: Receipt | Promise, origin: Origin) -> Evidence:
    """Checks a receipt or a promise against its ledger. Raises InvalidLogProof, InvalidSignature or
    RuleViolation; EncodingError if a receipt's leaf is no transaction."""
    if isinstance(evidence, Promise):
        if evidence.ledger != origin.ledger:
            raise RuleViolation("the promise is another ledger's", check="genesis")
        evidence.verify(origin.genesis.log_key)
        return Evidence("promise", origin, evidence.digest, None, None, evidence)
    checkpoint = evidence.verify(ledger_policy(origin.ledger, origin.genesis.log_key))
    return Evidence(
        kind="receipt",
        origin=origin,
        digest=sha256(evidence.leaf).digest(),
        index=evidence.index,
        size=checkpoint.size,
        subject=decode_transaction(evidence.leaf),
    )


def keep_genesis(folder: Path, ledger: bytes, text: str, write: Callable[[Path, bytes], None]) -> None:
    """Puts the receipt of leaf 0, ``text``, beside the evidence in ``folder``, once.

    Raises InvalidLogProof or EncodingError unless it is that of this ledger, InputError if another
    ledger's lies there: its evidence could not be checked any more.
    """
    path = folder / GENESIS_RECEIPT
    if path.exists():
        kept = read_evidence(path)
        if not isinstance(kept, Receipt) or sha256(kept.leaf).digest() != ledger:
            raise InputError(f"{path} is another ledger's: choose a folder of its own for this ledger")
        return
    receipt = Receipt.parse(text)
    if sha256(receipt.leaf).digest() != ledger:
        raise InvalidLogProof("the genesis shown is not that of this ledger")
    verify_evidence(receipt, Origin.from_leaf(receipt.leaf))
    write(path, text.encode("utf-8"))
