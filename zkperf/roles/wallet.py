"""What a citizen's device keeps between a voucher and a receipt: one private file per voucher.

Everything is written before it is needed and before anything is sent, so that a crash, or a lost
answer, burns no voucher: the same request can be sent again, for the ledger records one point per
voucher and gives its shares to whoever asks. Of a rating the file holds only what went to the ledger,
and that only until its promise is there. The answers and the opening are never written.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from zkperf.encoding import UNSHOWN, Bytes32, Bytes48, Record, Uint
from zkperf.errors import EncodingError, InputError
from zkperf.files import private_folder
from zkperf.groups.base import Group
from zkperf.groups.pairing import Pairing
from zkperf.ledger.signing import public_bytes
from zkperf.roles.citizen import Request, Token
from zkperf.roles.keystore import KeyStore
from zkperf.roles.registrar import Voucher
from zkperf.tokens.blind import Blinding

NAME = re.compile(r"[0-9a-f]{32}")
"""Of an entry: made from its voucher's public key."""


class Requested(Record):
    """A token on its way: the voucher, the blinding β and the `issue` transaction as it was sent. Secret."""

    voucher: Voucher
    blinding: Bytes32 = UNSHOWN
    issue: bytes = UNSHOWN


class Outgoing(Record):
    """A rating that was sent and not yet promised: its two parts, as they are on the wire. Secret."""

    core: bytes = UNSHOWN
    bundle: bytes = UNSHOWN


class Entry(Record):
    """One voucher's state. Secret."""

    ledger: Bytes32
    round: Bytes32
    unit: Uint
    secret: Bytes32 | None
    """x of the pseudonym; None once the receipt is there and nothing is left to sign."""
    requested: Requested | None
    """None once the token is there."""
    token: Bytes48 | None
    next_sequence: Uint
    outgoing: Outgoing | None
    rated: Bytes32 | None
    """Digest of the latest rating that the ledger took."""

    def __repr__(self) -> str:
        return "<wallet entry>"

    __str__ = __repr__

    @classmethod
    def start(cls, request: Request, group: Group, pairing: Pairing) -> Entry:
        """The entry to be written before the request is sent."""
        voucher = request.voucher
        return cls(
            ledger=voucher.ledger,
            round=voucher.round,
            unit=voucher.unit,
            secret=group.encode_scalar(request.secret),
            requested=Requested(
                voucher=voucher,
                blinding=pairing.g1.encode_scalar(request.blinding.factor),
                issue=request.issue,
            ),
            token=None,
            next_sequence=0,
            outgoing=None,
            rated=None,
        )

    def request(self, group: Group, pairing: Pairing) -> Request:
        """The request again, as it was first made. InputError if there is none under way."""
        if self.requested is None or self.secret is None:
            raise InputError("the wallet holds no token under way for this voucher")
        secret = group.decode_scalar(self.secret)
        return Request(
            voucher=self.requested.voucher,
            secret=secret,
            # X = x·B
            pseudonym=group.encode(group.msm([secret], [group.generator])),
            blinding=Blinding(pairing.g1.decode_scalar(self.requested.blinding)),
            issue=self.requested.issue,
        )

    def with_token(self, token: Token) -> Entry:
        """The entry once the token is there; voucher and blinding are of no use any more."""
        return self.model_copy(update={"token": token.token, "requested": None})

    def usable_token(self) -> Token:
        """The token for the next rating. InputError if there is none, or it has been erased."""
        if self.secret is None or self.token is None:
            raise InputError("the wallet has no token for this voucher: the round is over")
        return Token(
            round=self.round,
            unit=self.unit,
            secret=self.secret,
            token=self.token,
            next_sequence=self.next_sequence,
        )

    def sending(self, core: bytes, bundle: bytes) -> Entry:
        return self.model_copy(update={"outgoing": Outgoing(core=core, bundle=bundle)})

    def refused(self) -> Entry:
        """The rating that was sent is refused for good."""
        return self.model_copy(update={"outgoing": None})

    def taken(self, digest: bytes, sequence: int) -> Entry:
        """The ledger has taken the rating with this digest and sequence number."""
        return self.model_copy(update={"outgoing": None, "rated": digest, "next_sequence": sequence + 1})

    def finished(self) -> Entry:
        """The receipt is there and the round is over: the secrets go."""
        return self.model_copy(update={"secret": None, "token": None})


@dataclass(frozen=True)
class Slot:
    """The place of one entry in a wallet. ``name`` is made from the voucher's public key."""

    folder: Path
    name: str

    @property
    def promise(self) -> Path:
        return self.folder / f"{self.name}.promise"

    @property
    def receipt(self) -> Path:
        return self.folder / f"{self.name}.tlog-proof"

    def load(self) -> Entry | None:
        """The entry, None if there is none. EncodingError, saying what to do, if the file is damaged."""
        store, file = KeyStore(self.folder), f"{self.name}.state"
        if not store.has(file):
            return None
        try:
            return Entry.decode(store.read(file))
        except EncodingError as error:
            raise EncodingError(
                f"{self.folder / file}: this wallet's entry is damaged ({error}). Put back a copy of it if "
                "you have one. Without it the token in it is lost, and the voucher can draw no other"
            ) from None

    def save(self, entry: Entry) -> Entry:
        """Writes the entry durably, for its owner only."""
        KeyStore(self.folder).write(f"{self.name}.state", entry.encode())
        return entry

    def write(self, path: Path, data: bytes) -> None:
        """Writes a promise or a receipt into the entry's folder, for its owner only."""
        KeyStore(self.folder).write(path.name, data)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from this entry, and makes its folder, for its owner only, if need be.

        InputError if another process is at it.
        """
        for made in (self.folder.parent, self.folder):
            private_folder(made)
        descriptor = os.open(self.folder / f"{self.name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError("another process is using this voucher: wait until it is done") from None
            yield
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Wallet:
    """A folder that only its owner can read: one folder for each ledger, in it one entry per voucher.

    It is made when the first entry is locked: looking into a wallet leaves nothing behind.
    """

    path: Path

    def slot(self, voucher: Voucher) -> Slot:
        """Where the entry of this voucher is, or will be."""
        name = sha256(public_bytes(voucher.key())).hexdigest()[:32]
        return Slot(self._folder(voucher.ledger), name)

    def find(self, name: str) -> Slot:
        """The entry with this name, of whatever ledger. InputError if there is none."""
        if NAME.fullmatch(name):
            for path in sorted(self.path.glob(f"*/{name}.state")):
                return Slot(path.parent, name)
        raise InputError(f"{self.path}: holds no entry {name!r}")

    def slots(self, ledger: bytes) -> list[Slot]:
        """The entries of one ledger."""
        folder = self._folder(ledger)
        return [Slot(folder, path.stem) for path in sorted(folder.glob("*.state"))]

    def require(self) -> None:
        """InputError if there is no such folder."""
        if not self.path.is_dir():
            raise InputError(f"{self.path}: there is no wallet here")

    def _folder(self, ledger: bytes) -> Path:
        return self.path / ledger.hex()[:32]
