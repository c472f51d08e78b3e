"""Trials with faults: kills under load and while closing, a full disk, flipped bytes, old copies."""

from __future__ import annotations

import random
import resource
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import httpx

from tests.service.serving import Office, Service, service
from tests.service.test_kill import Rating, prepare, stream
from tests.soak.world import CBOR, LIMITS, Figure, Scale
from zkperf.encoding import encode
from zkperf.errors import InputError, RuleViolation, ZkperfError
from zkperf.roles.folder import LedgerFolder

TABLES = {"leaf": "data", "node": "hash", "checkpoint": "note", "bundle": "data", "pending": "core"}


def faults(scale: Scale, *, all_of_them: bool = True) -> Iterator[Figure]:
    yield from kills(scale)
    yield disk_full()
    yield from flipped_bytes()
    if all_of_them:
        yield old_copy()


def kills(scale: Scale) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-") as folder:
        path = Path(folder) / "ledger"
        office, round_id, ratings = prepare(path, 20 * scale.kills + 10)
        promised: set[bytes] = set()
        for _ in range(scale.kills):
            with service(path, **LIMITS) as running:
                first, found = threading.Event(), dict[bytes, object]()
                left = [item for item in ratings if sha256(item[0]).digest() not in promised]
                sender = threading.Thread(target=lambda: found.update(stream(running.url, left, first)))  # noqa: B023
                sender.start()
                first.wait(30)
                time.sleep(random.uniform(0, 0.3))
                running.kill()
                sender.join()
                promised |= found.keys()
        lost = _lost(path, promised, ratings)
        yield Figure(
            f"ratings lost, of {len(promised)} promised, in {scale.kills} kills", f"{lost}", "0", lost == 0
        )
        counted = _killed_while_closing(path, office, round_id, scale.kills)
        yield Figure(
            f"ratings counted, of {len(promised)} promised, after kills while closing",
            f"{counted}",
            "all",
            counted >= len(promised),
        )


def _lost(path: Path, promised: set[bytes], ratings: list[Rating]) -> int:
    """How many promised ratings are taken again: they were not there."""
    lost = 0
    with service(path, **LIMITS) as running, running.remote() as remote:
        for core, bundle in ratings:
            if sha256(core).digest() in promised:
                try:
                    remote.submit_rating(core, bundle)
                    lost += 1
                except RuleViolation:
                    pass
        assert running.stop() == 0
    return lost


def _killed_while_closing(path: Path, office: Office, round_id: bytes, times: int) -> int:
    """Closes a round while the service is killed; how many ratings its result counts."""

    def close(running: Service) -> None:
        try:
            with running.remote() as remote:
                office.close_round(remote, round_id)
        except (InputError, ZkperfError):
            pass  # killed, or closed already

    for _ in range(min(3, times)):
        with service(path, **LIMITS) as running:
            closing_it = threading.Thread(target=close, args=(running,))
            closing_it.start()
            time.sleep(random.uniform(0, 0.05))
            running.kill()
            closing_it.join()
    with service(path, **LIMITS) as running, running.remote() as remote:
        close(running)
        until = time.monotonic() + 60
        while remote.round(round_id)["phase"] != "published" and time.monotonic() < until:
            time.sleep(0.1)
        counted = remote.result(round_id)["units"][0]["counted"]
        assert running.stop() == 0
    return int(counted)


def disk_full() -> Figure:
    """No file may grow any more: the service says so, keeps what it has, and goes on when there is room."""
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-") as folder:
        path = Path(folder) / "ledger"
        _, _, ratings = prepare(path, 60)
        heard = []
        with service(path, **LIMITS) as running, httpx.Client(base_url=running.url, timeout=30) as own:
            size = (path / "ledger.db").stat().st_size
            resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            for core, bundle in ratings:
                answer = own.post("/v1/transactions", content=encode([core, bundle]), headers=CBOR)
                if answer.status_code != 200:
                    break
            heard += [answer.status_code, own.get("/healthz").status_code]
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, unlimited)
            until = time.monotonic() + 20
            while own.get("/healthz").status_code != 200 and time.monotonic() < until:
                time.sleep(0.2)
            heard.append(
                own.post("/v1/transactions", content=encode([core, bundle]), headers=CBOR).status_code
            )
            assert running.stop() == 0
    said = ", ".join(map(str, heard))
    return Figure(
        "full disk: write, /healthz, write when mended", said, "503, 503, 200", heard == [503, 503, 200]
    )


def flipped_bytes() -> Iterator[Figure]:
    """One byte of the last row of each table: what the log is made of is refused, and nothing is a fault."""
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-") as folder:
        path = Path(folder) / "ledger"
        _, _, ratings = prepare(path, 6)
        _, consortium = LedgerFolder.open(path)
        consortium.submit_ratings(ratings)
        consortium.close()
        for table, column in TABLES.items():
            copy = Path(folder) / table
            shutil.copytree(path, copy)
            with closing(sqlite3.connect(copy / "ledger.db")) as database:
                rows = database.execute(f"SELECT {column} FROM {table}").fetchall()
                value = rows[-1][0]
                raw = bytearray(value.encode() if isinstance(value, str) else value)
                raw[len(raw) // 2] ^= 1
                changed = raw.decode("utf-8", "replace") if isinstance(value, str) else bytes(raw)
                database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (changed, value))
                database.commit()
            outcome = _opened(copy)
            told = outcome != "opened"
            must = table in ("leaf", "node", "checkpoint")
            target = "refused" if must else "no fault"
            yield Figure(f"a flipped byte in {table}", outcome, target, told or not must)


def _opened(path: Path) -> str:
    try:
        _, consortium = LedgerFolder.open(path)
    except ZkperfError as error:
        return f"refused ({error.check})"
    consortium.close()
    return "opened"


def old_copy() -> Figure:
    """A copy of the folder that is older than what the ledger has signed does not go on."""
    with tempfile.TemporaryDirectory(prefix="zkperf-soak-") as folder:
        path, copy = Path(folder) / "ledger", Path(folder) / "copy"
        office = Office.create(path)
        shutil.copytree(path, copy)
        _, consortium = LedgerFolder.open(path)
        office.open_round(consortium)
        consortium.close()
        shutil.rmtree(path)
        copy.rename(path)
        outcome = _opened(path)
    return Figure("an old copy in the folder's place", outcome, "refused", outcome != "opened")
