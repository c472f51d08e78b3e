"""Better than in the last period, by so many percent.

    PK{ (v, u, r, s): V = v·G + r·H,  U = u·G + s·H,  v > u,  100·d·(v - u) >= n·u }

with U the provider's own commitment of the last period, and n/d the percent; u and v change places on the
left sides where less is better. With 0 percent, better means: by any amount.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims.kinds import Kind, Need, Published, Setting, expect, indicators
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class Improved(Kind):
    """Better than the last period's figure."""

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        expect(claim, indicators=1, numbers=1)
        percent = claim.numbers[0].exact
        if percent < 0:
            raise InputError("expected 0 percent or more")
        if percent > 0 and indicators(scheme, claim)[0].min < 0:
            raise InputError("percent of a figure that may be negative")

    def needs(self, setting: Setting, claim: Claim) -> tuple[Need, ...]:
        [name] = claim.indicators
        return Need(name), Need(name, previous=True)

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        (now, before), (indicator,) = figures, indicators(setting.scheme, claim)
        (percent,) = claim.numbers
        gain = now - before if indicator.better == "higher" else before - now
        s.at_least(gain, 1)
        if percent.numerator > 0:
            s.at_least(100 * percent.denominator * gain - percent.numerator * before, 0)
