"""A ledger served by a process of its own, as an operator would run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from circuits.questionnaire import Questionnaire
from tests.world import questionnaire
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import Unit
from zkperf.roles.citizen import Citizen, Token, draw_token
from zkperf.roles.consortium import Consortium
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.registrar import Voucher
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.view import RoundView

SERVE = "import pathlib, sys, zkperf.cli.serve as cli; cli.serve(pathlib.Path(sys.argv[1]), '127.0.0.1', 0)"


@dataclass
class Office:
    """The folder of a ledger that somebody else serves: evaluator and registrar act over HTTP."""

    folder: LedgerFolder
    genesis: bytes

    @classmethod
    def create(cls, path: Path, members: int = 3) -> Office:
        folder, consortium = LedgerFolder.create(path, members=members, threshold=2, min_cohort_floor=2)
        genesis = consortium.ledger.state.ledger
        consortium.close()
        return cls(folder, genesis)

    def open_round(
        self,
        remote: RemoteLedger | Consortium,
        services: Sequence[str] = ("A",),
        asked: Questionnaire | None = None,
        name: str = "round",
    ) -> bytes:
        """A new round with these services under one root; its identifier."""
        evaluator = self.folder.evaluator(self.genesis)
        leaf = remote.submit(evaluator.post_scheme(asked or questionnaire()))
        scheme = digest_of(remote.receipt(leaf))
        registrar = public_bytes(self.folder.registrar().key)
        units = [Unit(name="all", parent=None, registrar=None)]
        units += [Unit(name=service, parent=0, registrar=registrar) for service in services]
        leaf = remote.submit(evaluator.open_round(scheme, name, 2, units))
        return digest_of(remote.receipt(leaf))

    def close_round(self, remote: RemoteLedger | Consortium, round_id: bytes) -> None:
        remote.submit(self.folder.evaluator(self.genesis).close_round(round_id))

    def voucher(self, round_id: bytes, unit: int = 1) -> Voucher:
        return self.folder.registrar().voucher(self.genesis, round_id, unit)

    def citizen(self, remote: RemoteLedger, round_id: bytes, unit: int = 1) -> tuple[Citizen, Token]:
        """A device that has drawn its token."""
        citizen = Citizen(RoundView.load(remote, self.genesis, round_id))
        return citizen, draw_token(citizen, remote, self.voucher(round_id, unit))


def digest_of(receipt: str) -> bytes:
    """SHA-256 of the leaf that a receipt carries."""
    return sha256(Receipt.parse(receipt).leaf).digest()


@dataclass
class Service:
    """A running process."""

    process: subprocess.Popen[str]
    ready: str
    errors: Path
    more_output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.ready.split(" at ")[1].strip()

    def remote(self, **options: Any) -> RemoteLedger:
        return RemoteLedger(self.url, **options)

    def stop(self) -> int:
        """Tells it to stop, and waits; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._drain()
        return code

    def kill(self) -> None:
        """Ends it on the spot."""
        self.process.kill()
        self.process.wait(60)
        self._drain()

    def _drain(self) -> None:
        assert self.process.stdout is not None
        self.more_output += self.process.stdout.readlines()
        self.process.stdout.close()


@contextmanager
def service(path: Path, **settings: str) -> Iterator[Service]:
    """Serves the ledger in the folder ``path`` until the context ends, or something else ends it."""
    errors = path.with_suffix(".stderr")
    with errors.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(path)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, **settings},
        )
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready, errors.read_text()
    running = Service(process, ready, errors)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.kill()
