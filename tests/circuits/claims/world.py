"""A scheme, a provider's figures of two periods, and claims about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from circuits.claims import (
    Asked,
    ClaimContext,
    Opening,
    ProvedClaim,
    Published,
    Setting,
    needs,
    prove_claim,
    verify_claims,
)
from circuits.indicators import Claim, Grade, Index, IndexPart, Indicator, IndicatorScheme, Ratio, Target
from tests.toygroup import TOY
from zkperf.errors import ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs.intervals import figure_key

CONTEXT = ClaimContext(b"L" * 32, b"S" * 32, b"R" * 32, 3, b"P" * 32, b"D" * 32, b"E" * 32, b"T" * 32)
PERIOD = "2018"


def indicator(identifier: str, **changes: Any) -> Indicator:
    fields: dict[str, Any] = {
        "id": identifier,
        "title": {},
        "unit": "points",
        "scale": 0,
        "min": 0,
        "max": 100,
        "better": "higher",
        "targets": (),
        "weight": None,
        "missing": Ratio.of(0),
        "floor": None,
    }
    return Indicator(**fields | changes)


def claim(kind: str, *indicators: str, numbers: tuple[Any, ...] = (), sense: Any = None) -> Claim:
    ratios = tuple(Ratio.of(Fraction(number)) for number in numbers)
    return Claim(id=f"the_{kind}", kind=kind, indicators=indicators, sense=sense, numbers=ratios)


def scheme(
    *claims: Claim, index: Index | None = None, indicators: tuple[Indicator, ...] | None = None
) -> IndicatorScheme:
    return IndicatorScheme(
        id="care",
        title={},
        indicators=INDICATORS if indicators is None else indicators,
        claims=claims,
        index=index,
        floor=1,
        draw=0,
    )


def index(publish: str = "grade", **changes: Any) -> Index:
    grades = tuple(
        Grade(name=n, least=Ratio.of(Fraction(v))) for n, v in (("A", "0.8"), ("B", "0.6"), ("C", 0))
    )
    fields: dict[str, Any] = {
        "publish": publish,
        "grades": grades if publish == "grade" else (),
        "step": None if publish == "grade" else Ratio.of(Fraction(1, 20)),
        "max_share": Ratio.of(Fraction(2, 3)),
        "parts": (),
    }
    return Index(**fields | changes)


def part(
    identifier: str, low: int = 0, high: int = 1, *, weight: Any = 1, missing: Any = 0, source: Any = "pool"
) -> IndexPart:
    return IndexPart(
        source=source,
        id=identifier,
        weight=Ratio.of(Fraction(weight)),
        low=Ratio.of(low),
        high=Ratio.of(high),
        missing=Ratio.of(Fraction(missing)),
    )


INDICATORS = (
    indicator(
        "quality",
        scale=1,
        max=300,
        targets=(Target(period=None, value=190),),
        weight=Ratio.of(Fraction(3, 5)),
    ),
    indicator(
        "turnover",
        scale=2,
        max=10000,
        better="lower",
        targets=(Target(period="2017", value=2600), Target(period="2018", value=2500)),
        weight=Ratio.of(Fraction(2, 5)),
    ),
    indicator("cost", min=1, max=2**40),
    indicator("cases", scale=1, min=1, max=10**6),
    indicator("change", min=-100),
)

FIGURES = {"quality": 200, "turnover": 2500, "cost": 1200, "cases": 400, "change": -20}
BEFORE = {"quality": 160, "turnover": 2600, "cost": 1000, "cases": 400, "change": -30}


@dataclass
class World:
    """One provider's claim 0, or the index if the scheme has no claims."""

    scheme: IndicatorScheme
    group: Group = TOY
    figures: Mapping[str, int] = field(default_factory=lambda: FIGURES)
    before: Mapping[str, int] = field(default_factory=lambda: BEFORE)
    setting: Setting | None = None
    number: int = 0

    def __post_init__(self) -> None:
        self.setting = self.setting or Setting(self.scheme, PERIOD)

    def values(self) -> list[int]:
        assert self.setting is not None
        return [
            (self.before if need.previous else self.figures)[need.indicator]
            for need in needs(self.setting, self.number)
        ]

    def prove(self, outcome: Published | None = None, context: ClaimContext = CONTEXT) -> ProvedClaim:
        assert self.setting is not None
        asked = Asked(self.setting, self.number, outcome)
        pairs = [
            (value, *figure_key(self.group).commit_random([value % self.group.order]))
            for value in self.values()
        ]
        commitments = tuple(commitment for _, commitment, _ in pairs)
        openings = [Opening(value, r) for value, _, r in pairs]
        proof = prove_claim(self.group, asked, context, openings, commitments)
        encoded = tuple(self.group.encode(commitment) for commitment in commitments)
        return ProvedClaim(asked, context, commitments, encoded, proof)

    def verdict(self, item: ProvedClaim) -> ZkperfError | None:
        (verdict,) = verify_claims(self.group, [item])
        return verdict
