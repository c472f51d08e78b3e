"""Within a band.

    PK{ (v, r): V = v·G + r·H,  low <= v <= high }

The numbers are low and high, with no more decimals than the indicator keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims.kinds import Kind, Published, Setting, expect, indicators
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class InBand(Kind):
    """low <= figure <= high."""

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        expect(claim, indicators=1, numbers=2)
        (indicator,) = indicators(scheme, claim)
        low, high = (indicator.scaled(number.exact) for number in claim.numbers)
        if not indicator.min <= low <= high <= indicator.max:
            raise InputError("expected min <= low <= high <= max")
        if (low, high) == (indicator.min, indicator.max):
            raise InputError("every figure is in this band")

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        (v,), (indicator,) = figures, indicators(setting.scheme, claim)
        low, high = (indicator.scaled(number.exact) for number in claim.numbers)
        s.between(v, low, high)
