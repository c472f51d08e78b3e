"""Bounds of figures, narrowed until nothing follows any more, or a number of steps is used up.

One step is one term of one condition. Of a condition low <= Σ a_k·v_k <= high each figure gets

    a_k·v_k >= low - Σ_{i≠k} max(a_i·v_i)        a_k·v_k <= high - Σ_{i≠k} min(a_i·v_i)

rounded to integers. A fact with several alternatives gives each figure the hull of what those leave that are
not refuted. Facts are taken first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from circuits.exposure.system import Alternative, Fact, Interval

STEPS = 4_000
"""Terms looked at for one fact that is added."""


class Refuted(Exception):
    """No values are left: the facts cannot all hold."""


def propagate(
    bounds: Sequence[Interval],
    start: Sequence[int],
    facts: Sequence[Fact],
    about: Callable[[int], Sequence[int]],
) -> list[Interval]:
    """The bounds after facts ``start`` (by place) were added; ``about`` gives the facts about a figure.

    Raises Refuted if nothing is left.
    """
    found = list(bounds)
    waiting, queued = deque(start), set(start)
    steps = 0
    while waiting and steps < STEPS:
        place = waiting.popleft()
        queued.discard(place)
        left: list[dict[int, Interval]] = []
        for alternative in facts[place].alternatives:
            steps += sum(len(condition.terms) for condition in alternative)
            narrowed = _narrow(found, alternative)
            if narrowed is not None:
                left.append(narrowed)
        if not left:
            raise Refuted
        for figure in left[0]:
            if all(figure in narrowed for narrowed in left):
                low = min(narrowed[figure][0] for narrowed in left)
                high = max(narrowed[figure][1] for narrowed in left)
                if (low, high) != found[figure]:
                    found[figure] = (low, high)
                    for other in about(figure):
                        if other not in queued:
                            queued.add(other)
                            waiting.append(other)
    return found


def _narrow(bounds: Sequence[Interval], alternative: Alternative) -> dict[int, Interval] | None:
    """Bounds of the alternative's figures where it holds; None if it cannot."""
    found: dict[int, Interval] = {}
    for terms, low, high in alternative:
        ends = []
        least = greatest = 0
        for figure, factor in terms:
            a, b = found.get(figure) or bounds[figure]
            a, b = (factor * a, factor * b) if factor > 0 else (factor * b, factor * a)
            ends.append((a, b))
            least += a
            greatest += b
        if (low is not None and greatest < low) or (high is not None and least > high):
            return None
        for (figure, factor), (a, b) in zip(terms, ends, strict=True):
            # factor·v is from `lower` to `upper`
            lower = a if low is None else max(a, low - (greatest - b))
            upper = b if high is None else min(b, high - (least - a))
            if factor > 0:
                v, w = -(-lower // factor), upper // factor
            else:
                v, w = -(upper // -factor), -lower // -factor
            if v > w:
                return None
            found[figure] = (v, w)
    return found
