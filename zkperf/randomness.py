"""Where secrets come from: the operating system, and nothing else outside of tests.

Perfect hiding needs scalars that are *exactly* uniform, so sampling rejects instead of reducing.
"""

from __future__ import annotations

import os
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]
"""A source of random bytes: ``source(n)`` gives n of them. Only tests put in another than `system`."""

system: RandomBytes = os.urandom


def uniform_below(bound: int, source: RandomBytes = system) -> int:
    """An integer exactly uniform in [0, bound), by rejection.

    Draws just enough bytes for ``bound``, clears the excess bits and tries again while the value is
    too large: fewer than two draws on average. Raises ValueError if ``bound`` is not positive.
    """
    if bound <= 0:
        raise ValueError(f"expected a positive bound, got {bound}")
    bits = (bound - 1).bit_length()
    size = (bits + 7) // 8
    while True:
        value = int.from_bytes(source(size), "little") & ((1 << bits) - 1)
        if value < bound:
            return value


def uniform_nonzero(order: int, source: RandomBytes = system) -> int:
    """An integer exactly uniform in [1, order)."""
    return 1 + uniform_below(order - 1, source)
