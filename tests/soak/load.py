"""Trials under load: memory after refused bodies, and how long honest clients wait under each attack."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.soak.world import CBOR, Figure, Scale, Trial, client, honest, trial
from zkperf.encoding import encode

STALL = 0.5
"""Seconds that an honest client may have to wait at most."""
FLAT = 100 * 2**20
"""Bytes by which the service may grow over all refused bodies: what allocators keep, not what bodies hold."""
CONTENT = b"Host: x\r\nContent-Type: application/cbor\r\nConnection: close\r\nContent-Length: "

Attack = tuple[str, int, bytes]
"""Of `tests.soak.attacker`: what it does, over how many connections, and what it sends."""


def load(scale: Scale) -> Iterator[Figure]:
    with trial(scale) as tried:
        yield memory(tried, scale.bodies)
    attacks: dict[str, Callable[[Trial, Scale], Attack | None]] = {
        "nobody attacks": lambda tried, scale: None,
        "batches of 1,000 reports without bundles": reports,
        "schemes of 64 kB": schemes,
        "slow heads": slow_heads,
        "bodies that never end": slow_bodies,
        "exports that are hardly taken": slow_exports,
    }
    for name, make in attacks.items():
        with trial(scale) as tried:
            attack = make(tried, scale)
            before = tried.resident()
            with honest(tried) as waits:
                peak = under(tried, attack, scale.seconds)
        longest, asked = max(waits.longest.values()), waits.served + waits.failed
        yield Figure(f"longest wait, {name}", f"{longest * 1000:.0f} ms", "under 500 ms", longest < STALL)
        answered = f"{waits.served} of {asked}"
        yield Figure(f"honest requests answered, {name}", answered, "all", waits.failed == 0)
        grown = f"{(peak - before) / 2**20:+.0f} MiB"
        yield Figure(f"memory, {name}", grown, "at most +100 MiB", peak - before < FLAT)
        yield Figure(f"stops when told, {name}", "yes" if tried.stopped else "no", "yes", tried.stopped)


def under(tried: Trial, attack: Attack | None, seconds: float) -> int:
    """Lets an attack go on for so long; the most memory that the service had meanwhile."""
    until, peak = time.monotonic() + seconds, 0
    attacker = None
    if attack is not None:
        kind, count, sent = attack
        file = Path(tried.folder) / "sent"
        file.write_bytes(sent)
        command = [
            sys.executable,
            "-m",
            "tests.soak.attacker",
            tried.url,
            kind,
            f"{seconds}",
            f"{count}",
            file,
        ]
        attacker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until += 0.5
    while time.monotonic() < until:
        peak = max(peak, tried.resident())
        time.sleep(0.1)
    if attacker is not None:
        attacker.kill()
        attacker.wait()
    return peak


def memory(tried: Trial, bodies: int) -> Figure:
    body = tried.stranger()
    with client(tried.url) as own:
        for _ in range(20):
            own.post("/v1/transactions", content=body, headers=CBOR)
        before = tried.resident()
        for _ in range(bodies):
            own.post("/v1/transactions", content=body, headers=CBOR)
    grown = tried.resident() - before
    measured = f"{before / 2**20:.0f} MiB and {grown / 2**20:+.0f} MiB"
    return Figure(f"memory over {bodies:,} refused bodies of 64 kB", measured, "flat", grown < FLAT)


def _post(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\n".encode() + CONTENT + f"{len(body)}\r\n\r\n".encode() + body


def reports(tried: Trial, scale: Scale) -> Attack:
    return "flood", 3, _post("/v1/transactions/batch", encode([[tried.report, None]] * 1000))


def schemes(tried: Trial, scale: Scale) -> Attack:
    return "flood", 40, _post("/v1/transactions", tried.stranger())


def slow_heads(tried: Trial, scale: Scale) -> Attack:
    return "hold", scale.connections, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "


def slow_bodies(tried: Trial, scale: Scale) -> Attack:
    return "hold", scale.connections, _post("/v1/transactions", bytes(200_000))[:-200_000]


def slow_exports(tried: Trial, scale: Scale) -> Attack:
    return "dribble", 40, b"GET /v1/export HTTP/1.1\r\nHost: x\r\n\r\n"
