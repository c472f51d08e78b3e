"""What waits for a batch: by cohort, the latest of each pseudonym."""

from __future__ import annotations

from hashlib import sha256

from zkperf.ledger.engines.pool import Pool, Waiting

ROUND, OTHER = b"R" * 32, b"O" * 32


def waiting(pseudonym: bytes, sequence: int = 0, *, unit: int = 1, round_id: bytes = ROUND) -> Waiting:
    core = b"%s %d %d %s" % (pseudonym, sequence, unit, round_id)
    return Waiting(round_id, unit, pseudonym, sequence, core)


def test_ratings_wait_by_cohort() -> None:
    pool = Pool()
    items = [waiting(b"x"), waiting(b"y"), waiting(b"x", unit=2), waiting(b"x", round_id=OTHER)]
    for item in items:
        pool.put(item)
    assert pool.of(ROUND, 1) == items[:2]
    assert pool.of(ROUND, 2) == [items[2]] and pool.of(OTHER, 1) == [items[3]]
    assert pool.of(OTHER, 2) == []
    assert pool.get(ROUND, 1, b"y") == items[1]
    assert pool.get(ROUND, 2, b"y") is None and pool.get(OTHER, 2, b"x") is None


def test_one_overtaken_while_waiting_is_forgotten() -> None:
    pool, old, new = Pool(), waiting(b"x"), waiting(b"x", 1)
    pool.put(old)
    pool.put(new)
    assert pool.of(ROUND, 1) == [new]
    # The old one's entering the log, were it to, would not take the new one away.
    pool.drop(sha256(old.core).digest())
    assert pool.get(ROUND, 1, b"x") == new
    pool.drop(sha256(new.core).digest())
    assert pool.of(ROUND, 1) == [] and pool.get(ROUND, 1, b"x") is None


def test_what_does_not_wait_need_not_be_dropped() -> None:
    pool = Pool()
    pool.put(waiting(b"x"))
    pool.drop(bytes(32))
    assert len(pool.of(ROUND, 1)) == 1
