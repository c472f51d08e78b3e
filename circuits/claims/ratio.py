"""A ratio of two figures against a bound.

    PK{ (a, b, r, s): V_a = a·G + r·H,  V_b = b·G + s·H,  a/b >= p/q }        at most:  a/b <= p/q

in the figures' own units, so that with scales i and j the relation between the committed integers is

    q·10^j·a - p·10^i·b >= 0                                                  at most:  <= 0

b is positive by its range, so nothing is divided by zero and the inequality keeps its sense.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims.kinds import Kind, Published, Setting, expect, indicators
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class RatioBound(Kind):
    """The ratio of two figures keeps a bound."""

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        expect(claim, indicators=2, numbers=1, sense=True)
        if indicators(scheme, claim)[1].min <= 0:
            raise InputError("divides by zero: the second indicator's min has to be above 0")

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        (a, b), (upper, lower) = figures, indicators(setting.scheme, claim)
        (bound,) = claim.numbers
        # q·10^j·a - p·10^i·b
        difference = bound.denominator * 10**lower.scale * a - bound.numerator * 10**upper.scale * b
        if claim.sense == "at least":
            s.at_least(difference, 0)
        else:
            s.at_most(difference, 0)
