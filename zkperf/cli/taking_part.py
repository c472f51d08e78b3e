"""What providers and inspectors have in common: a folder of keys, and a ledger, near or far, that they do not
believe.

FOLDER/ledger.json   which ledger they take part in, and how far they have seen its log
FOLDER/log/          the log as a service has shown it
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from zkperf.cli.audit import public_log
from zkperf.cli.output import console, say
from zkperf.errors import EncodingError, InputError, InvalidLogProof, ZkperfError
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.state import FigureRound, State
from zkperf.ledger.store.errors import LedgerInUse
from zkperf.roles.evidence import keep_genesis
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.keystore import KeyStore
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.remote_log import RemoteLog
from zkperf.roles.replica import Replica, Seen, replicate
from zkperf.roles.view import ledger_policy

LEDGER = "ledger.json"


class Ledger(Protocol):
    """A ledger as those see it who take part in its rounds of figures."""

    def replica(self, cache: Path, genesis: bytes | None, seen: Seen | None) -> Replica:
        """The state that follows from its log."""

    def submit(self, data: bytes, bundle: bytes | None = None) -> int:
        """Submits a transaction, a report with its bundle; the index of its leaf."""

    def receipt(self, leaf: int) -> str:
        """Proof that a leaf is on the log, not verified."""


@dataclass(frozen=True)
class Far:
    """A ledger that a service serves."""

    client: RemoteLedger

    def replica(self, cache: Path, genesis: bytes | None, seen: Seen | None) -> Replica:
        log = RemoteLog(self.client, cache)
        try:
            return replicate(log.public(), genesis, seen)
        except (InvalidLogProof, EncodingError):
            if not cache.exists():
                raise
        # What is kept may be damaged; what the service shows now is not.
        log.forget()
        return replicate(log.public(), genesis, seen)

    def submit(self, data: bytes, bundle: bytes | None = None) -> int:
        return self.client.submit(data) if bundle is None else self.client.submit_report(data, bundle)

    def receipt(self, leaf: int) -> str:
        return self.client.receipt(leaf)


@dataclass(frozen=True)
class Near:
    """A ledger in a folder that nobody serves."""

    path: Path

    def replica(self, cache: Path, genesis: bytes | None, seen: Seen | None) -> Replica:
        with public_log(self.path) as log:
            return replicate(log, genesis, seen)

    def submit(self, data: bytes, bundle: bytes | None = None) -> int:
        try:
            _, consortium = LedgerFolder.open(self.path)
        except LedgerInUse:
            raise InputError(
                f"{self.path} is in use by another process; if that is zkperf serve, give its address "
                "instead: --service http://127.0.0.1:8000"
            ) from None
        try:
            if bundle is None:
                return consortium.submit(data)
            [verdict] = consortium.submit_reports([(data, bundle)])
        finally:
            consortium.close()
        if isinstance(verdict, ZkperfError):
            raise verdict
        return verdict

    def receipt(self, leaf: int) -> str:
        _, consortium = LedgerFolder.open(self.path)
        try:
            return consortium.receipt(leaf)
        finally:
            consortium.close()


@contextmanager
def ledger_at(folder: Path | None, service: str | None) -> Iterator[Ledger]:
    """The ledger that the options --ledger and --service name. InputError unless it is one of them."""
    if (folder is None) == (service is None):
        raise InputError("say where the ledger is: either --service URL or --ledger DIR")
    if folder is not None:
        yield Near(folder)
    else:
        assert service is not None
        with RemoteLedger(service, tell=say) as client:
            yield Far(client)


@dataclass(frozen=True)
class Party:
    """Somebody with a folder of keys who takes part in a ledger's rounds of figures."""

    folder: Path
    ledger: Ledger
    genesis: bytes | None = None
    """The digest by which it knows the ledger; None: the one that it took part in before."""

    @property
    def store(self) -> KeyStore:
        return KeyStore(self.folder)

    def see(self) -> State:
        """The ledger's state now, everything verified but citizens' ratings. What was seen is kept: an older
        log, or another one, is refused from then on."""
        if not self.store.has("signing.pem"):
            raise InputError(f"{self.folder}: there are no keys here; make them with the command “keys”")
        seen = Seen.load(self.folder / LEDGER)
        with console.status("Reading the log"):
            replica = self.ledger.replica(self.folder / "log", self.genesis, seen)
        if seen is None and self.genesis is None:
            say(
                f"This is the ledger {replica.state.ledger.hex()}. Hold that against the genesis digest "
                "that the members have published. From now on no other ledger is accepted here."
            )
        replica.seen.save(self.folder / LEDGER)
        return replica.state

    def send(self, state: State, data: bytes, bundle: bytes | None = None) -> Path:
        """Submits a transaction; the file of its receipt, verified."""
        return self.keep_receipt(state, self.ledger.submit(data, bundle), sha256(data).digest())

    def keep_receipt(self, state: State, leaf: int, digest: bytes) -> Path:
        """Fetches, verifies and keeps the receipt of one's own transaction. InvalidLogProof if the ledger
        has it not where it says."""
        text = self.ledger.receipt(leaf)
        receipt = Receipt.parse(text)
        if sha256(receipt.leaf).digest() != digest:
            raise InvalidLogProof(f"leaf {leaf} is another transaction than the one that was sent")
        receipt.verify(ledger_policy(state.ledger, state.rules.log_key))
        keep_genesis(self.folder, state.ledger, self.ledger.receipt(0), self._write)
        path = self.folder / f"{digest.hex()[:32]}.tlog-proof"
        self._write(path, text.encode("utf-8"))
        return path

    def _write(self, path: Path, data: bytes) -> None:
        self.store.write(path.name, data)


def named_indicators(found: FigureRound, ids: list[str]) -> list[int]:
    """The places of the indicators with these ids. InputError, naming what there is, for another."""
    there = [indicator.id for indicator in found.scheme.scheme.indicators]
    for name in ids:
        if name not in there:
            raise InputError(f"--indicator: there is no {name!r} in the scheme; it has {', '.join(there)}")
    return [there.index(name) for name in ids]
