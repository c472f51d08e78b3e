"""Which bits a report has: of which figures it is asked whether they are at their target.

A group's share is published wherever its mean is, also where everybody is at the target, or nobody: then it
tells of each. So who is at the target is asked only where either answer leaves a figure as many values as
its floor says, or as its range has. A figure is new when its round opens, so its range and its target decide
that, which are public, and it is the same for every provider.
"""

from __future__ import annotations

from circuits.claims import tied_to_total
from circuits.indicators import Indicator, IndicatorScheme


def asked_bits(scheme: IndicatorScheme, period: str) -> tuple[int, ...]:
    """The indicators, ascending, that have a bit in a period: those that are pooled, with a target that may
    be asked about, and no claim of kind ``target``, which would tell anyway."""
    left_out = {name for claim in scheme.claims if claim.kind == "target" for name in claim.indicators}
    left_out |= {scheme.indicators[k].id for k in tied_to_total(scheme)}
    return tuple(
        k
        for k, indicator in enumerate(scheme.indicators)
        if indicator.id not in left_out and _may_be_asked(indicator, period, scheme.floor_of(indicator.id))
    )


def _may_be_asked(indicator: Indicator, period: str, floor: int) -> bool:
    target = indicator.target(period)
    if target is None:
        return False
    low, high = indicator.min, indicator.max
    # At the target: T … max, else min … T - 1; where less is better min … T, else T + 1 … max.
    first = target if indicator.better == "higher" else target + 1
    least = min(floor, high - low + 1)
    # An answer that cannot be given tells nothing.
    return all(values == 0 or values >= least for values in (first - low, high - first + 1))
