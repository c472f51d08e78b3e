"""The kinds of claims, and claims of a scheme as statements."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from circuits.claims.band import InBand
from circuits.claims.improved import Improved
from circuits.claims.index import PUBLISHED, WeightedIndex, has_index, outcome_of, weighing
from circuits.claims.kinds import Kind, Need, Published, Setting
from circuits.claims.parts import PartsSum
from circuits.claims.ratio import RatioBound
from circuits.claims.target import AtTarget
from circuits.indicators import Claim, IndicatorScheme
from zkperf.errors import InputError, InvalidProof
from zkperf.groups.base import Group
from zkperf.names import check_names, fold
from zkperf.proofs.committed import Statement

KINDS: dict[str, Kind] = {
    "target": AtTarget(),
    "band": InBand(),
    "ratio": RatioBound(),
    "improved": Improved(),
    "parts": PartsSum(),
    "index": WeightedIndex(),
}

MAX_CLAIMS = 128
POOLED = ("sum", "mean", "share")
"""What is published of an indicator in a group: INDICATOR.sum and so on. No claim is called that."""
INDEX = ("grade", "index")
"""What the index is called, beside claims."""


class Asked(NamedTuple):
    """One claim of one provider: ``number`` is its place in the scheme, or one more for the index itself."""

    setting: Setting
    number: int
    outcome: Published | None


def check_claims(scheme: IndicatorScheme) -> None:
    """Raises InputError, naming the claim, unless every one can be stated; the index too, if there is one."""
    if len(scheme.claims) > MAX_CLAIMS:
        raise InputError(f"expected at most {MAX_CLAIMS} claims, got {len(scheme.claims)}")
    check_names([claim.id for claim in scheme.claims], "claim")
    taken = {fold(f"{indicator.id}.{kind}") for indicator in scheme.indicators for kind in POOLED}
    for claim in scheme.claims:
        if fold(claim.id) in taken | set(INDEX):
            raise InputError(f"claim {claim.id!r}: other figures are called so; choose another id")
        kind = KINDS.get(claim.kind)
        if kind is None:
            raise InputError(f"claim {claim.id!r}: there is no kind {claim.kind!r}, only {', '.join(KINDS)}")
        _check(scheme, kind, claim, f"claim {claim.id!r}")
    if scheme.index is not None:
        _check(scheme, KINDS["index"], PUBLISHED, "index")


def _check(scheme: IndicatorScheme, kind: Kind, claim: Claim, where: str) -> None:
    try:
        kind.check(scheme, claim)
        _try(scheme, kind, claim)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _try(scheme: IndicatorScheme, kind: Kind, claim: Claim) -> None:
    """States the claim once for each period, to see that nothing overflows."""
    if claim == PUBLISHED:
        return  # `weighing` has seen to that
    try:
        _examples(scheme, kind, claim)
    except ValueError as error:
        raise InputError(str(error)) from None


def _examples(scheme: IndicatorScheme, kind: Kind, claim: Claim) -> list[Statement]:
    """The claim as it is stated in each period that the scheme knows, if everything is reported."""
    means = [] if scheme.index is None else [Fraction(0)] * len(scheme.index.parts)
    settings = [Setting(scheme, period, parts=means) for period in scheme.periods]
    outcome = kind.example(scheme, claim)
    return [
        _statement(kind, claim, setting, outcome, None)
        for setting in settings
        if kind.applies(setting, claim)
    ]


def longest_proof(group: Group, scheme: IndicatorScheme, number: int) -> int:
    """Bytes that a proof of claim ``number`` can have at most, in any period and of any provider. The scheme
    has to be a good one."""
    claim = claim_at(scheme, number)
    kind = KINDS[claim.kind]
    statements = kind.longest(scheme, claim) or _examples(scheme, kind, claim)
    return max((statement.size(group) for statement in statements), default=0)


def claim_at(scheme: IndicatorScheme, number: int) -> Claim:
    """The claim of this number; the index itself is the one after the last. InvalidProof if there is none."""
    if number < len(scheme.claims):
        return scheme.claims[number]
    if number == len(scheme.claims) and scheme.index is not None:
        return PUBLISHED
    raise InvalidProof(f"there is no claim {number}")


def needs(setting: Setting, number: int) -> tuple[Need, ...]:
    """The figures that a claim is about, in the order in which it takes their commitments."""
    claim = claim_at(setting.scheme, number)
    return KINDS[claim.kind].needs(setting, claim)


def state_claim(asked: Asked, values: Sequence[int] | None = None) -> Statement:
    """The claim as a statement about the figures that it needs; the prover gives their values.

    Raises DoesNotHold if it is not true of them, InvalidProof for an outcome that cannot be, and for a
    claim that does not apply in this period.
    """
    claim = claim_at(asked.setting.scheme, asked.number)
    kind = KINDS[claim.kind]
    if not kind.applies(asked.setting, claim):
        raise InvalidProof(f"claim {claim.id!r} does not apply in {asked.setting.period}")
    if kind.publishes(claim) != (asked.outcome is not None):
        raise InvalidProof(f"claim {claim.id!r}: the published outcome is missing, or there is none")
    return _statement(kind, claim, asked.setting, asked.outcome, values)


def is_made(setting: Setting, claim: Claim) -> bool:
    """Whether a claim is made in this setting at all, if the figures that it needs are reported."""
    return KINDS[claim.kind].applies(setting, claim) and (claim.kind != "index" or has_index(setting))


def statement_of(setting: Setting, claim: Claim) -> Statement:
    """What a claim that publishes nothing says, whether it is one of the scheme's or not."""
    return _statement(KINDS[claim.kind], claim, setting, None, None)


def _statement(
    kind: Kind, claim: Claim, setting: Setting, outcome: Published | None, values: Sequence[int] | None
) -> Statement:
    indicators = [setting.scheme.named(need.indicator) for need in kind.needs(setting, claim)]
    statement = Statement([(indicator.min, indicator.max) for indicator in indicators], values)
    kind.state(statement, [statement.figure(i) for i in range(len(indicators))], setting, claim, outcome)
    return statement


def index_outcome(setting: Setting, values: Sequence[int]) -> int | None:
    """The grade or step that a provider with these figures, in the order of `needs`, publishes: None for
    one that reports too little for an index."""
    index = setting.scheme.index
    if index is None or not has_index(setting):
        return None
    weighed = weighing(setting)
    reported = needs(setting, len(setting.scheme.claims))
    total = weighed.constant + sum(
        weighed.factors[need.indicator] * value for need, value in zip(reported, values, strict=True)
    )
    return outcome_of(index, Fraction(total, weighed.denominator))
