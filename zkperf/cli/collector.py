"""The interpreter's garbage collector beside a ledger's state."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 20_000, 50, 100
"""Objects more than were freed until the youngest are looked at; so many such looks until the next older
ones are, and so many of those until all are."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Lets the collector look at young objects as they pile up, and seldom at all of them.

    A ledger's state is objects by the million that live as long as the process. A pass over them finds
    nothing to free, and meanwhile nothing else is done.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
