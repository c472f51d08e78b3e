"""Killed at any moment: every rating that was acknowledged is there afterwards."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest

from tests.service.serving import Office, service
from zkperf.errors import InputError, RuleViolation
from zkperf.ledger.promises import Promise
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.citizen import Citizen, draw_token
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.view import RoundView
from zkperf.roles.wire import Submission

KILLS = 5
SENDERS = 3
CITIZENS = 40
BATCH = 4

Rating = tuple[bytes, bytes]
Sender = Callable[[str, list[tuple[bytes, bytes]], Event], "dict[bytes, Promise]"]


def prepare(path: Path, citizens: int = CITIZENS) -> tuple[Office, bytes, list[Rating]]:
    """A round with a rating of every citizen, made and not sent yet."""
    office = Office.create(path)
    _, consortium = LedgerFolder.open(path)
    round_id = office.open_round(consortium)
    citizen = Citizen(RoundView.load(consortium, office.genesis, round_id))
    ratings = []
    for _ in range(citizens):
        token = draw_token(citizen, consortium, office.voucher(round_id))
        core, bundle = citizen.rate(token, {"recommend": "good"})
        ratings.append((encode_transaction(core), bundle.encode()))
    consortium.close()
    return office, round_id, ratings


def stream(url: str, ratings: list[Rating], first: Event) -> dict[bytes, Promise]:
    """Sends ratings one after the other until the service is gone; the promises it gave."""
    kept = {}
    with RemoteLedger(url) as remote:
        for core, bundle in ratings:
            try:
                kept[sha256(core).digest()] = remote.submit_rating(core, bundle)
            except RuleViolation as error:
                # Durable before the last kill, though the answer never came.
                assert "expected sequence number 1, got 0" in str(error)
            except InputError:
                break  # the connection is lost
            first.set()
    return kept


def stream_batches(url: str, ratings: list[Rating], first: Event) -> dict[bytes, Promise]:
    """The same in batches, of which some are as large as a group that is written at once."""
    kept = {}
    with RemoteLedger(url) as remote:
        for start in range(0, len(ratings), BATCH):
            batch = ratings[start : start + BATCH]
            items = [Submission(transaction=core, bundle=bundle) for core, bundle in batch]
            try:
                verdicts = remote.submit_batch(items)
            except InputError:
                break  # the connection is lost
            for (core, _), verdict in zip(batch, verdicts, strict=True):
                if isinstance(verdict, Promise):
                    kept[sha256(core).digest()] = verdict
                else:
                    assert "expected sequence number 1, got 0" in str(verdict)
            first.set()
    return kept


@pytest.mark.parametrize("send", [stream, stream_batches])
def test_every_acknowledged_rating_survives(
    tmp_path: Path, send: Callable[..., dict[bytes, Promise]]
) -> None:
    path = tmp_path / "ledger"
    office, round_id, ratings = prepare(path)
    promised: dict[bytes, Promise] = {}
    for _ in range(KILLS):
        left = [item for item in ratings if sha256(item[0]).digest() not in promised]
        random.shuffle(left)
        with service(path) as running, ThreadPoolExecutor(SENDERS) as pool:
            first = Event()
            streams = [
                pool.submit(send, running.url, left[sender::SENDERS], first) for sender in range(SENDERS)
            ]
            first.wait(30)
            time.sleep(random.uniform(0, 0.05))
            running.kill()
            for sent in streams:
                promised |= sent.result()
    assert promised

    with service(path) as running, running.remote() as remote:
        for core, bundle in ratings:
            if (digest := sha256(core).digest()) in promised:
                try:
                    remote.submit_rating(core, bundle)
                except RuleViolation as error:
                    assert "expected sequence number 1, got 0" in str(error)
                else:
                    raise AssertionError(f"a promised rating was lost: {digest.hex()}")
        office.close_round(remote, round_id)
        start = remote.round_leaves(round_id).round
        for digest in promised:
            remote.find_receipt(digest, start)
        assert running.stop() == 0
