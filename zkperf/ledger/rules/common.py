"""What several rules need: who is who, and saying no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from zkperf.errors import RuleViolation
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import FigureRound, Phase, Round, State, Tallied

_Found = TypeVar("_Found", bound=Tallied)


def require(condition: bool, check: str, message: str) -> None:
    """Raises RuleViolation, saying which ``check`` failed and why, unless ``condition`` holds."""
    if not condition:
        raise RuleViolation(message, check=check)


def require_trustee(state: State, transaction: Signed, trustee: int, check: str) -> None:
    """``transaction`` is signed by member ``trustee`` (1..n)."""
    require(1 <= trustee <= state.members, check, f"there is no member {trustee}")
    key = state.rules.members[trustee - 1].signing_key
    verify_signed(transaction, key, state.ledger, whose=f"member {trustee}")


def require_evaluator(state: State, transaction: Signed, evaluator: bytes, check: str) -> None:
    """``transaction`` is signed by ``evaluator``, whom the genesis names."""
    require(evaluator in state.rules.evaluators, check, "the signer is not one of the ledger's evaluators")
    verify_signed(transaction, evaluator, state.ledger, whose="the evaluator")


def find_round(state: State, round_id: bytes, check: str, *phases: Phase) -> Round:
    """The round of ratings, which must be in one of ``phases`` (any, if none is given)."""
    return _in_phase(state.rounds.get(round_id), round_id, check, phases)


def find_figures(state: State, round_id: bytes, check: str, *phases: Phase) -> FigureRound:
    """The round of figures, which must be in one of ``phases`` (any, if none is given)."""
    return _in_phase(state.figure_rounds.get(round_id), round_id, check, phases)


def find_either(state: State, round_id: bytes, check: str, *phases: Phase) -> Round | FigureRound:
    """A round of ratings or of figures, which must be in one of ``phases``."""
    if round_id in state.figure_rounds:
        return find_figures(state, round_id, check, *phases)
    return find_round(state, round_id, check, *phases)


def _in_phase(found: _Found | None, round_id: bytes, check: str, phases: Sequence[Phase]) -> _Found:
    if found is None:
        raise RuleViolation(f"there is no round {round_id.hex()[:16]}", check=check)
    require(
        not phases or found.phase in phases,
        check,
        f"the round is in the phase “{found.phase}”, which does not allow this",
    )
    return found
