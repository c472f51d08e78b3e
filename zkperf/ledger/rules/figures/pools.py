"""Pools: what may be summed of each indicator, and the result (protocol, sections 8 and 12.9)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from circuits.figures import check_range, mean
from zkperf.ledger.disclosure import Reason, disclose, totals, withhold_all
from zkperf.ledger.figure_transactions import FiguresPublished, Pool, PoolUnit
from zkperf.ledger.rules.common import find_figures, require, require_trustee
from zkperf.ledger.state import FigureRound, Phase, State

CHECK = "pools"
PUBLISHED, WITHHELD = "published", "withheld"
CLAIMS, BITS, NOT_ASKED = "claims", "bits", "not asked"
"""Where a share at target comes from."""
REASONS: Mapping[Reason, str] = {Reason.EMPTY: "no reports"}


def fix_reports(found: FigureRound) -> None:
    """The reports that count and, from them, what may be pooled: neither ever changes again."""
    tree, counted = found.tree, {leaf: found.counted(leaf) for leaf in found.tree.leaves()}
    found.numbers = totals(tree, {leaf: int(filed is not None) for leaf, filed in counted.items()})
    for k in range(len(found.scheme.scheme.indicators)):
        tie = found.tied(k)
        reporting = {
            leaf: int(filed is not None and tie <= set(filed.reported)) for leaf, filed in counted.items()
        }
        found.pooled[k] = totals(tree, reporting)
        found.publications[k] = disclose(tree, found.pooled[k], found.opened.min_cohort)
        if k in found.unpooled:
            found.publications[k] = withhold_all(tree, Reason.TOTAL)
    found.phase = Phase.SUMMING
    if not expected_columns(found):
        start_claiming(found)


def expected_columns(found: FigureRound) -> list[tuple[int, int]]:
    """The (column, unit) pairs that may be opened in the present stage, in order: values, then bits."""
    values = range(len(found.publications))
    if found.phase is Phase.SUMMING:
        columns = values
    else:
        columns = range(len(values), len(values) + len(found.form.bits))
    return [
        (column, unit)
        for column in columns
        for unit in found.publications[found.indicator_of(column)].published
    ]


def settle_bits(found: FigureRound) -> None:
    """After the values come the bits, if there are any; after them the claims."""
    if found.phase is Phase.SUMMING:
        found.phase = Phase.TOTALLING
        if expected_columns(found):
            return
    start_claiming(found)


def start_claiming(found: FigureRound) -> None:
    """Providers may claim now: every mean that an index may take is known."""
    found.phase = Phase.CLAIMING if found.numbers[0] else Phase.OPENED


def pooled_sum(found: FigureRound, k: int, unit: int) -> int | None:
    """The sum of an indicator below a unit, in its scale; None where it is withheld."""
    if unit in found.publications[k].withheld:
        return None
    [value] = found.openings[k, unit].values
    # Figures may be negative: residues above q/2 stand for such sums.
    signed = value - found.group.order if value > found.group.order // 2 else value
    indicator, count = found.scheme.scheme.indicators[k], found.pooled[k][unit]
    return check_range(signed, count * indicator.min, count * indicator.max, f"sum of {indicator.id!r}")


def pooled_mean(found: FigureRound, k: int, unit: int) -> Fraction | None:
    """The mean of an indicator below a unit, exactly; None where it is withheld."""
    total = pooled_sum(found, k, unit)
    scale = 10 ** found.scheme.scheme.indicators[k].scale
    return None if total is None else Fraction(total, found.pooled[k][unit] * scale)


def compute_pools(found: FigureRound) -> tuple[PoolUnit, ...]:
    """The pools of every unit that is no provider, in the order of the tree."""
    overall = disclose(found.tree, found.numbers, found.opened.min_cohort)
    units, lost = [], found.lost_below()
    for unit, place in enumerate(found.opened.units):
        if place.provider is not None:
            continue
        reason = overall.withheld.get(unit)
        units.append(
            PoolUnit(
                unit=unit,
                name=place.name,
                status=PUBLISHED if reason is None else WITHHELD,
                reason=None if reason is None else REASONS.get(reason, str(reason)),
                count=found.numbers[unit],
                lost=lost[unit],
                pools=tuple(pool_of(found, k, unit) for k in range(len(found.publications))),
            )
        )
    return tuple(units)


def pool_of(found: FigureRound, k: int, unit: int) -> Pool:
    """What is published of one indicator in one unit."""
    indicator, count = found.scheme.scheme.indicators[k], found.pooled[k][unit]
    reason, total = found.publications[k].withheld.get(unit), pooled_sum(found, k, unit)
    share, share_of = (None, None) if total is None else _share(found, k, unit)
    return Pool(
        indicator=indicator.id,
        status=PUBLISHED if reason is None else WITHHELD,
        reason=None if reason is None else REASONS.get(reason, str(reason)),
        count=count,
        sum=total,
        mean=None if total is None else mean(total, count * 10**indicator.scale),
        share=share,
        share_of=share_of,
        share_from=_share_from(found, k),
    )


def target_claim(found: FigureRound, k: int) -> int | None:
    """The claim that makes everybody's being at the target public, if there is one."""
    scheme = found.scheme.scheme
    if scheme.indicators[k].target(found.opened.period) is None:
        return None
    for number, claim in enumerate(scheme.claims):
        if claim.kind == "target" and scheme.number(claim.indicators[0]) == k:
            return number
    return None


def shown_bit(found: FigureRound, k: int, unit: int) -> bool | None:
    """Whether the provider at a unit is at the target of indicator k, if shares tell; else None.

    What is published of a column are sums over units; what follows from them are the sums of disjoint groups
    (protocol, section 8). The provider's group are the contributors below the nearest published unit above
    it, but for those below published units under that one. If all of them are at the target, or none is, its
    own bit is public.
    """
    filed, pooled, column = found.counted(unit), found.pooled[k], _bit_column(found, k)
    above = found.tree.parents[unit]
    while above is not None and (column, above) not in found.openings:
        above = found.tree.parents[above]
    if above is None or filed is None or not found.tied(k) <= set(filed.reported):
        return None
    inner = [child for child in found.tree.children(above) if (column, child) in found.openings]
    count = pooled[above] - sum(pooled[child] for child in inner)
    reached = _bits(found, k, above) - sum(_bits(found, k, child) for child in inner)
    return bool(reached) if reached in (0, count) else None


def _bit_column(found: FigureRound, k: int) -> int:
    return len(found.publications) + found.form.bits.index(k)


def _bits(found: FigureRound, k: int, unit: int) -> int:
    """How many providers below a unit are at their target."""
    [reached] = found.openings[_bit_column(found, k), unit].values
    return check_range(reached, 0, found.pooled[k][unit], "providers at their target")


def _share_from(found: FigureRound, k: int) -> str | None:
    """Where the share at target comes from, the same in all units; None if there is no target."""
    if target_claim(found, k) is not None:
        return CLAIMS
    if k in found.form.bits:
        return BITS
    return None if found.scheme.scheme.indicators[k].target(found.opened.period) is None else NOT_ASKED


def _share(found: FigureRound, k: int, unit: int) -> tuple[str | None, int | None]:
    """The share at target of an indicator whose sum is published, and over how many providers it is."""
    claim = target_claim(found, k)
    if claim is None:
        count = found.pooled[k][unit]
        return (mean(_bits(found, k, unit), count), count) if k in found.form.bits else (None, None)
    tie, asked, proved = found.tied(k), 0, 0
    for leaf in found.tree.below(unit):
        filed, answered = found.counted(leaf), found.claimed.get(leaf)
        if filed is not None and answered is not None and tie <= set(filed.reported):
            asked += claim in answered.asked
            proved += claim in answered.proved
    return (mean(proved, asked) if asked else None), asked


def process_published(state: State, posted: FiguresPublished) -> None:
    """Any member may post the result; it must be exactly what openings and claims say."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_figures(state, posted.round, CHECK, Phase.OPENED)
    result = compute_pools(found)
    require(posted.units == result, CHECK, "this is not what the openings and claims say")
    found.result, found.result_index = result, state.size
    draws = bool(found.scheme.scheme.draw) and found.numbers[0] > 0
    found.phase = Phase.PUBLISHED if draws else Phase.CONCLUDED
