"""Schemes: questionnaires on the ledger, compiled once."""

from __future__ import annotations

from circuits.layout import compile_questionnaire
from circuits.rating import commitment_keys
from zkperf.errors import InputError, RuleViolation
from zkperf.ledger.rules.common import require, require_evaluator, require_spelling
from zkperf.ledger.rules.sizes import check_room
from zkperf.ledger.state import Scheme, State
from zkperf.ledger.transactions import SchemePosted, digest

CHECK = "schemes"


def process_scheme(state: State, posted: SchemePosted) -> None:
    """An evaluator publishes a questionnaire whose ratings fit into transactions. Publishing the same one
    again is refused."""
    require_evaluator(state, posted, posted.evaluator, CHECK)
    identifier = digest(posted)
    require(identifier not in state.schemes, CHECK, "this scheme is on the ledger already")
    try:
        layout = compile_questionnaire(posted.questionnaire)
        check_room(state.commitment_group, state.rules.threshold, state.rules.max_sequence, layout)
    except InputError as error:
        raise RuleViolation(str(error), check=CHECK) from None
    # Newer versions of a scheme have its id.
    ids = [found.questionnaire.id for found in state.schemes.values()]
    require_spelling(posted.questionnaire.id, ids, "scheme", CHECK)
    keys = commitment_keys(state.commitment_group, layout)
    state.schemes[identifier] = Scheme(identifier, state.size, posted.questionnaire, layout, keys)
