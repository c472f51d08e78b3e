"""A process for `test_crash`: writes blocks until it is killed, and prints the log's size after each.

Leaf i is str(i), in blocks of BLOCK. Before each block its ratings are made pending, one per leaf; the
block takes them into the log and deletes their bundles, except for the one of its first leaf.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.ledger.store.filling import append, rating
from zkperf.ledger.store.store import Store

BLOCK = 7


def main(directory: Path) -> None:
    with Store.open(directory) as store:
        while True:
            start = store.size
            ratings = [rating(str(start + i)) for i in range(BLOCK)]
            places = range(start, start + BLOCK)
            store.add_pending(ratings)
            leaves = [str(start + i).encode() for i in range(BLOCK)]
            raters = {place: item.rater for place, item in zip(places, ratings, strict=True)}
            append(store, leaves, entered=raters, needless=list(places[1:]))
            print(start + BLOCK, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
