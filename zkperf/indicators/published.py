"""A finished round of figures, as the ledger's state has it, in the shape of `results`."""

from __future__ import annotations

from zkperf.indicators.decimals import show
from zkperf.indicators.results import NodeResult, PeriodResult, PoolResult, ProviderResult
from zkperf.ledger.figure_transactions import PoolUnit
from zkperf.ledger.paths import unit_path
from zkperf.ledger.state import FigureRound, State
from zkperf.roles.verdicts import grade_range, index_name, verdict


def period_result(state: State, found: FigureRound) -> PeriodResult:
    """What a round with a result has published. Groups are by their names, those below others by their
    paths, as North/Leeds."""
    assert found.result is not None
    nodes = {unit.unit: node_result(found, unit) for unit in found.result}
    places = found.opened.units
    return {
        "rehearsal": state.rules.rehearsal,
        "compared_with": None if found.previous is None else found.previous.opened.period,
        "total": nodes[0],
        "groups": {unit_path(places, unit): node for unit, node in nodes.items() if unit != 0},
        "providers": {
            place.name: provider_result(state, found, unit)
            for unit, place in enumerate(places)
            if place.provider is not None
        },
    }


def provider_result(state: State, found: FigureRound, unit: int) -> ProviderResult:
    """What the provider at a unit has proved."""
    scheme = found.scheme.scheme
    claims = {claim.id: verdict(state, found, unit, number) for number, claim in enumerate(scheme.claims)}
    answered = found.claimed.get(unit)
    result: ProviderResult = {"claims": claims, "dropped": 0 if answered is None else answered.dropped}
    if scheme.index is not None:
        outcome = index_name(state, found, unit)
        if scheme.index.publish == "grade":
            result |= {"grade": outcome, "grades": grade_range(found, unit)}
        else:
            result |= {"index": outcome}
    return result


def node_result(found: FigureRound, unit: PoolUnit) -> NodeResult:
    """The pools of one unit."""
    pools: dict[str, PoolResult] = {}
    for indicator, pool in zip(found.scheme.scheme.indicators, unit.pools, strict=True):
        pools[indicator.id] = {
            "status": "published" if pool.sum is not None else "withheld",
            "reason": pool.reason,
            "count": pool.count,
            "sum": None if pool.sum is None else show(pool.sum, indicator.scale),
            "mean": pool.mean,
            "share_at_target": pool.share,
            "share_of": pool.share_of,
            "share_from": pool.share_from,
        }
    return {
        "status": "published" if unit.reason is None else "withheld",
        "reason": unit.reason,
        "lost": unit.lost,
        "pools": pools,
    }
