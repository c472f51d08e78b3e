"""What waits for a batch: by cohort, the latest of each pseudonym."""

from __future__ import annotations

from circuits.rating import Core
from zkperf._native import RatingLeaf
from zkperf.ledger.engines.pool import Pool, Waiting
from zkperf.ledger.transactions import encode_transaction

ROUND, OTHER = b"R" * 32, b"O" * 32


def waiting(pseudonym: bytes, sequence: int = 0, *, unit: int = 1, round_id: bytes = ROUND) -> Waiting:
    core = Core(
        round=round_id,
        unit=unit,
        pseudonym=pseudonym,
        ephemeral=b"Y",
        token=bytes(48),
        sequence=sequence,
        commitments=(),
        coefficients=(),
        digest=bytes(32),
        proof=b"",
    )
    return Waiting.of(RatingLeaf(encode_transaction(core)), None)


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
    assert pool.rater_of(old.digest) is None
    assert pool.rater_of(new.digest) == (ROUND, 1, b"x") == new.rater == old.rater
    assert pool.get(ROUND, 1, b"x") == new
    pool.drop(new.rater)
    assert pool.rater_of(new.digest) is None
    assert pool.of(ROUND, 1) == [] and pool.get(ROUND, 1, b"x") is None


def test_what_does_not_wait_need_not_be_dropped() -> None:
    pool = Pool()
    pool.put(waiting(b"x"))
    for rater in ((ROUND, 1, b"y"), (ROUND, 2, b"x"), (OTHER, 1, b"x")):
        pool.drop(rater)
    assert len(pool.of(ROUND, 1)) == 1
