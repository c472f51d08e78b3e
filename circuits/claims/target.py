"""At or above the target; at or below it where less is better.

    PK{ (v, r): V = v·G + r·H,  v >= T }        better = lower:  v <= T

T is the indicator's target in the period. Not proved means: on the other side of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims.kinds import Kind, Published, Setting, expect, indicators
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class AtTarget(Kind):
    """The figure is at the period's target or better."""

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        expect(claim, indicators=1, numbers=0)
        if not indicators(scheme, claim)[0].targets:
            raise InputError("its indicator has no target")

    def applies(self, setting: Setting, claim: Claim) -> bool:
        return indicators(setting.scheme, claim)[0].target(setting.period) is not None

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        (v,), (indicator,) = figures, indicators(setting.scheme, claim)
        target = indicator.target(setting.period)
        assert target is not None
        if indicator.better == "higher":
            s.at_least(v, target)
        else:
            s.at_most(v, target)
