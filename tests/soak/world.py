"""A served ledger under trial: honest clients whose longest wait is measured, and what attackers send."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.service.figures import Homes
from tests.service.large import large_scheme
from tests.service.serving import Service, service
from tests.service.test_kill import Rating, prepare
from zkperf.encoding import encode

CBOR = {"Content-Type": "application/cbor"}
LIMITS = {
    name: ""
    for name in (
        "ZKPERF_READ_RATE",
        "ZKPERF_WRITE_RATE",
        "ZKPERF_BATCH_RATE",
        "ZKPERF_EXPORT_RATE",
        "ZKPERF_BYTE_RATE",
    )
}
"""No rates: attackers are as many as they like to be."""


@dataclass
class Scale:
    """How much of everything."""

    bodies: int
    """Refused bodies, for memory."""
    seconds: float
    """Of each attack."""
    connections: int
    kills: int


FULL = Scale(bodies=1000, seconds=8, connections=1000, kills=10)
SHORT = Scale(bodies=60, seconds=1.5, connections=200, kills=1)


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, and whether that reaches its target."""

    name: str
    measured: str
    target: str
    reached: bool


@dataclass
class Trial:
    """A running service with an open round of ratings and one of figures."""

    running: Service
    ledger: bytes
    ratings: list[Rating]
    report: bytes
    """A provider's report as the log shows it: whoever reads the log can send it again."""
    folder: str
    stopped: bool = True
    """Whether it stopped when it was told to."""

    @property
    def url(self) -> str:
        return self.running.url

    def resident(self) -> int:
        """Bytes of the service's memory that are in use now."""
        status = Path(f"/proc/{self.running.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def stranger(self) -> bytes:
        """A scheme of 64 kB that nobody on the ledger has signed."""
        return encode([large_scheme(self.ledger, Ed25519PrivateKey.generate()), None])


@contextmanager
def trial(scale: Scale) -> Iterator[Trial]:
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-") as folder:
        path = Path(folder) / "ledger"
        office, _, ratings = prepare(path, 60)
        with service(path, **LIMITS) as running, running.remote() as remote:
            homes = Homes.open(office, remote, Path(folder) / "homes")
            report, bundle = homes.report(remote, 0)
            remote.submit_report(report, bundle)
            tried = Trial(running, office.genesis, ratings, report, folder)
            yield tried
            try:
                tried.stopped = running.stop() == 0
            except subprocess.TimeoutExpired:
                tried.stopped = False
                running.kill()


@contextmanager
def client(url: str, source: str = "127.0.0.1", connections: int = 10) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # Without `verify` it would load the certificates of the web for every connection.
    transport = httpx.HTTPTransport(local_address=source, limits=limits, verify=False)
    with httpx.Client(transport=transport, base_url=url, timeout=120) as made:
        yield made


@dataclass
class Waits:
    """How long honest clients had to wait, by what they asked for."""

    longest: dict[str, float] = field(default_factory=dict)
    served: int = 0
    failed: int = 0

    def note(self, name: str, seconds: float, good: bool) -> None:
        self.longest[name] = max(self.longest.get(name, 0), seconds)
        self.served += good
        self.failed += not good


@contextmanager
def honest(tried: Trial) -> Iterator[Waits]:
    """While the context lasts, ratings are sent, tokens asked for and the ledger read, ten times a second.
    Every request comes on a connection of its own."""
    waits, over = Waits(), threading.Event()

    def ask(name: str, send: Callable[[httpx.Client], httpx.Response], expected: int) -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                with client(tried.url) as own:
                    good = send(own).status_code == expected
            except httpx.HTTPError:
                good = False
            waits.note(name, time.monotonic() - began, good)
            over.wait(0.1)

    def rate(own: httpx.Client) -> httpx.Response:
        # Its answer may have been lost: then it is there already, which takes the same way.
        core, bundle = tried.ratings.pop() if len(tried.ratings) > 1 else tried.ratings[0]
        answer = own.post("/v1/transactions", content=encode([core, bundle]), headers=CBOR)
        if answer.status_code == 409:
            answer.status_code = 200
        return answer

    asked = [
        threading.Thread(target=ask, args=("rating", rate, 200)),
        threading.Thread(target=ask, args=("token", lambda own: own.get("/v1/issuances/" + "00" * 32), 404)),
        threading.Thread(target=ask, args=("reading", lambda own: own.get("/v1/rounds"), 200)),
    ]
    for thread in asked:
        thread.start()
    try:
        yield waits
    finally:
        over.set()
        for thread in asked:
            thread.join()


def many_files() -> None:
    """Lets this process, and those that it starts, hold many connections."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
