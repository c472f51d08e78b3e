"""Schemes of indicators on the ledger."""

from __future__ import annotations

from circuits.claims import check_claims
from circuits.exposure import check_floors
from circuits.indicators import check_indicators
from zkperf.errors import InputError, RuleViolation
from zkperf.ledger.figure_transactions import SchemeOfFigures
from zkperf.ledger.rules.common import require, require_evaluator, require_spelling
from zkperf.ledger.rules.figures.sizes import check_room
from zkperf.ledger.state import FigureScheme, State
from zkperf.ledger.transactions import digest

CHECK = "schemes"


def process_scheme_of_figures(state: State, posted: SchemeOfFigures) -> None:
    """An evaluator publishes a scheme: it makes sense, fits into transactions, and says what has no floor."""
    require_evaluator(state, posted, posted.evaluator, CHECK)
    identifier = digest(posted)
    require(identifier not in state.figure_schemes, CHECK, "this scheme is on the ledger already")
    try:
        check_indicators(posted.scheme)
        check_claims(posted.scheme)
        check_room(state.commitment_group, state.rules.threshold, state.rules.max_sequence, posted.scheme)
        check_floors(posted.scheme)
    except InputError as error:
        raise RuleViolation(str(error), check=CHECK) from None
    # Newer versions of a scheme have its id.
    ids = [found.scheme.id for found in state.figure_schemes.values()]
    require_spelling(posted.scheme.id, ids, "scheme", CHECK)
    state.figure_schemes[identifier] = FigureScheme(identifier, state.size, posted.scheme)
