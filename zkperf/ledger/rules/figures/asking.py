"""What a provider is asked, from what is public about its figures (protocol, section 12.6).

Everything public about a provider's figures of all periods is one system, by the provider's key. A round's
figures enter it when the provider's claims are judged; what a share tells, where all of a group are alike,
enters with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from circuits.claims import Need, Setting
from circuits.exposure import Outcome, System, ask, enter, learn
from zkperf.ledger.rules.figures.needed import figure_needed, last_place
from zkperf.ledger.rules.figures.pools import shown_bit
from zkperf.ledger.rules.figures.reports import provider_key
from zkperf.ledger.state import FigureRound, State

Said = Mapping[int, int | None]


def public_system(state: State, found: FigureRound, unit: int) -> System | None:
    """What is public so far about the figures of the provider at a unit; None before its first claims."""
    provider = provider_key(found, unit)
    return None if provider is None else state.systems.get(provider)


def ask_provider(state: State, found: FigureRound, unit: int, setting: Setting, said: Said) -> Outcome:
    """What the provider at ``unit``, whose report counts, is asked in a round, and what is public after it
    has said this."""
    system = public_system(state, found, unit) or System()
    last = last_place(found, unit)
    if last is not None:
        system = _entered(system, *last)
    system = _entered(system, found, unit)

    def place(need: Need) -> int | None:
        figure = figure_needed(found, unit, need)
        return None if figure is None else system.place((figure.found.digest, need.indicator))

    return ask(system, setting, place, said)


def _entered(system: System, found: FigureRound, unit: int) -> System:
    """The system with the figures that a provider has reported in a round."""
    filed, scheme = found.counted(unit), found.scheme.scheme
    if filed is None:
        return system
    names = [scheme.indicators[k].id for k in filed.reported]
    new = {name for name in names if system.place((found.digest, name)) is None}
    system, places = enter(system, scheme, found.digest, names)
    shown = {}
    for k in found.form.bits:
        indicator = scheme.indicators[k]
        if indicator.id in new and (reached := shown_bit(found, k, unit)) is not None:
            target = indicator.target(found.opened.period)
            assert target is not None
            # v >= T or v <= T - 1; where less is better v <= T or v >= T + 1
            up = reached == (indicator.better == "higher")
            edge = target if reached else target + (-1 if indicator.better == "higher" else 1)
            shown[places[indicator.id]] = (edge, None) if up else (None, edge)
    return learn(system, shown) if shown else system
