"""Auditors' attestations of figures."""

from __future__ import annotations

from zkperf.ledger.figure_transactions import Attested
from zkperf.ledger.rules.common import find_figures, require
from zkperf.ledger.rules.figures.draw import conclude_if_shown
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import BEFORE_OPEN, Phase, State

CHECK = "attestations"
CLOSED = (*BEFORE_OPEN, Phase.ABANDONED)
TAKEN = tuple(phase for phase in Phase if phase not in CLOSED)


def process_attested(state: State, posted: Attested) -> None:
    """An auditor of the round has seen the openings of these figures of the report that counts."""
    found = find_figures(state, posted.round, CHECK, *TAKEN)
    auditors = {auditor.key for auditor in found.opened.auditors}
    require(posted.auditor in auditors, CHECK, "the signer is not one of the round's auditors")
    verify_signed(posted, posted.auditor, state.ledger, whose="the auditor")
    filed = found.counted(posted.unit)
    require(
        filed is not None and filed.digest == posted.report,
        CHECK,
        "stale commitment: this is not the report that counts",
    )
    assert filed is not None
    named = list(posted.indicators)
    require(bool(named) and named == sorted(set(named)), CHECK, "expected one or more indicators, ascending")
    require(set(named) <= set(filed.reported), CHECK, "an indicator that is not reported")
    places = [(posted.unit, indicator) for indicator in named]
    require(
        not any(posted.auditor in found.attested.get(place, ()) for place in places),
        CHECK,
        "this auditor has attested one of these figures already",
    )
    for place in places:
        found.attested.setdefault(place, {})[posted.auditor] = state.size
    conclude_if_shown(found)
