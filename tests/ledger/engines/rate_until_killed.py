"""A process for `test_durability`: submits ratings until it is killed; prints the digest of each promised.

Arguments: the ledger's folder, and a file with a CBOR array of [rating, bundle] pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from zkperf.encoding import decode
from zkperf.errors import RuleViolation
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.promises import Promise
from zkperf.roles.folder import LedgerFolder


def main(path: Path, ratings: Path) -> None:
    ledger = EmbeddedLedger.open(
        path, LedgerFolder(path).keys("sequencer").signing_key(), lambda: 1_800_000_000
    )
    print("ready", flush=True)
    for core, bundle in decode(ratings.read_bytes()):
        [verdict] = ledger.submit_ratings([(core, bundle)])
        if isinstance(verdict, Promise):
            print(verdict.digest.hex(), flush=True)
        else:
            # It was durable when the last process died, though nobody heard of it.
            assert isinstance(verdict, RuleViolation), verdict
            assert str(verdict) == "expected sequence number 1, got 0", verdict
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
