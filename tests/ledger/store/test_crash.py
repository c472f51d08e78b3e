"""Killed at any moment, a ledger has every acknowledged block, and no half of one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

from tests.ledger.store.append_until_killed import BLOCK
from tests.ledger.store.filling import rating
from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.merkle import leaf_hash, root_from_leaf_hashes
from zkperf.ledger.store.store import Store

PROJECT = Path(__file__).parents[3]
KILLS = 10


def test_acknowledged_blocks_survive_and_no_block_is_halved(tmp_path: Path) -> None:
    directory, random, acknowledged = tmp_path / "ledger", Random(1), 0
    Store.create(directory).close()
    for _ in range(KILLS):
        acknowledged = max(acknowledged, run_and_kill(directory, random))
        with Store.open(directory, read_only=True) as store:
            check(store, acknowledged)
        with Store.open(directory) as store:
            check(store, acknowledged)
            # What waited when the process died waits still.
            assert len(list(store.all_pending())) in (0, BLOCK)
    assert acknowledged > 0


def run_and_kill(directory: Path, random: Random) -> int:
    """The size that the process acknowledged last before it was killed."""
    command = [sys.executable, "-m", "tests.ledger.store.append_until_killed", str(directory)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout as output:
        lines = [output.readline() for _ in range(random.randrange(1, 6))]
        time.sleep(random.random() * 0.01)
        process.kill()
        lines += output.readlines()
    # The last line may be cut short by the kill.
    return max(int(line) for line in lines if line.endswith("\n"))


def check(store: Store, acknowledged: int) -> None:
    size = store.size
    assert size >= acknowledged and size % BLOCK == 0
    leaves = list(store.leaves(0, size))
    assert leaves == [str(i).encode() for i in range(size)]
    checkpoint = Checkpoint.unverified(store.checkpoint())
    assert checkpoint.size == size
    assert checkpoint.root == root_from_leaf_hashes(map(leaf_hash, leaves)) == store.tree().root()
    kept = range(0, size, BLOCK)
    assert store.bundles(range(size)) == {i: rating(str(i)).bundle for i in kept}
