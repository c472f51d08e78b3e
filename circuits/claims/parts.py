"""Parts sum to a total.

    PK{ (p, t, r, s): V_i = p_i·G + r_i·H,  V_t = t·G + s·H,  Σ p_i = t }

The last indicator is the total. With two numbers, the least and the greatest total, there is no such
indicator: the provider publishes the total itself, and proves Σ p_i = outcome.

    PK{ (p, r): V_i = p_i·G + r_i·H,  Σ p_i = outcome }

Figures of different scales are brought to the largest one; so is the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.claims.kinds import Kind, Published, Setting, common_scale, expect, indicators
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError, InvalidProof
from zkperf.proofs.committed import Statement
from zkperf.proofs.forms import Form


class PartsSum(Kind):
    """Some figures sum to another one, or to a published total."""

    def publishes(self, claim: Claim) -> bool:
        return bool(claim.numbers)

    def example(self, scheme: IndicatorScheme, claim: Claim) -> int | None:
        return self._totals(scheme, claim)[0] if claim.numbers else None

    def check(self, scheme: IndicatorScheme, claim: Claim) -> None:
        expect(claim, numbers=len(claim.numbers))
        if len(claim.numbers) not in (0, 2):
            raise InputError("expected no numbers, or the least and the greatest total")
        if len(claim.indicators) < (2 if claim.numbers else 3):
            raise InputError("expected at least two parts")
        totals = self._totals(scheme, claim)
        if sorted(totals) != totals:
            raise InputError("expected the least total not above the greatest")

    def state(
        self, s: Statement, figures: Sequence[Form], setting: Setting, claim: Claim, outcome: Published | None
    ) -> None:
        scales = [indicator.scale for indicator in indicators(setting.scheme, claim)]
        last = len(figures) - 1
        signs = {place: -1 if place == last and not claim.numbers else 1 for place in range(len(figures))}
        factors = common_scale(signs, scales)
        total = sum((factors[place] * figure for place, figure in enumerate(figures)), start=Form.of(0))
        if not claim.numbers:
            s.equal(total)
            return
        least, greatest = self._totals(setting.scheme, claim)
        assert isinstance(outcome, int)
        if not least <= outcome <= greatest:
            raise InvalidProof("the published total is not in its range")
        s.equal(total, outcome)

    def _totals(self, scheme: IndicatorScheme, claim: Claim) -> list[int]:
        """The least and the greatest published total, in the largest scale."""
        finest = max(indicators(scheme, claim), key=lambda indicator: indicator.scale)
        return [finest.scaled(number.exact) for number in claim.numbers]


def ties(scheme: IndicatorScheme) -> list[frozenset[int]]:
    """The scheme's indicators in sets: those that claims of kind ``parts`` tie together, directly or by way
    of others. One that no such claim names is tied to itself alone."""
    found = [frozenset({k}) for k in range(len(scheme.indicators))]
    for claim in scheme.claims:
        if claim.kind == "parts":
            named = frozenset(map(scheme.number, claim.indicators))
            met = [tie for tie in found if tie & named]
            found = [tie for tie in found if not tie & named] + [named.union(*met)]
    return found


def tied_to_total(scheme: IndicatorScheme) -> frozenset[int]:
    """The indicators that are tied to a published total. Their sums over a pool, less the totals that the
    others publish, would be the total of a provider that publishes none: so they are not pooled."""
    published = {
        scheme.number(name)
        for claim in scheme.claims
        if claim.kind == "parts" and claim.numbers
        for name in claim.indicators
    }
    return frozenset().union(*(tie for tie in ties(scheme) if tie & published))
