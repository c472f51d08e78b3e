"""What several rules need: who is who, and saying no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from zkperf.errors import InvalidName, RuleViolation
from zkperf.ledger.disclosure import Tree, check_tree
from zkperf.ledger.figure_transactions import FiguresOpened, Place
from zkperf.ledger.paths import check_units
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import FigureRound, Phase, Round, State, Tallied
from zkperf.ledger.transactions import RoundOpened, Unit
from zkperf.names import check_name, check_names, fold

DAY = 24 * 3600
LONGEST_ROUND = 731 * DAY
"""Seconds from a round's opening to the end that it announces, at most: a slip of the pen in the year would
keep its services in it for as long."""

_Found = TypeVar("_Found", bound=Tallied)


def require(condition: bool, check: str, message: str) -> None:
    """Raises RuleViolation, saying which ``check`` failed and why, unless ``condition`` holds."""
    if not condition:
        raise RuleViolation(message, check=check)


def require_name(text: str, what: str, check: str) -> None:
    """RuleViolation, saying what is wrong with it, unless ``text`` is a name."""
    try:
        check_name(text, what)
    except InvalidName as error:
        raise RuleViolation(str(error), check=check) from None


def require_names(texts: Iterable[str], what: str, check: str) -> None:
    """RuleViolation unless all are names and no two read alike; ``what`` says of what, as in "member"."""
    try:
        check_names(texts, what)
    except InvalidName as error:
        raise RuleViolation(str(error), check=check) from None


def require_spelling(text: str, known: Iterable[str], what: str, check: str) -> None:
    """RuleViolation if ``text`` reads like one of those that the ledger has, and is not that one."""
    for other in known:
        require(
            text == other or fold(text) != fold(other),
            check,
            f"{what} {text!r} reads like {other!r}, which is on the ledger: write that, or choose another",
        )


def require_trustee(state: State, transaction: Signed, trustee: int, check: str) -> None:
    """``transaction`` is signed by member ``trustee`` (1..n)."""
    require(1 <= trustee <= state.members, check, f"there is no member {trustee}")
    key = state.rules.members[trustee - 1].signing_key
    verify_signed(transaction, key, state.ledger, whose=f"member {trustee}")


def require_evaluator(state: State, transaction: Signed, evaluator: bytes, check: str) -> None:
    """``transaction`` is signed by ``evaluator``, whom the genesis names."""
    require(evaluator in state.rules.evaluators, check, "the signer is not one of the ledger's evaluators")
    verify_signed(transaction, evaluator, state.ledger, whose="the evaluator")


def require_party(state: State, signer: bytes, check: str) -> None:
    """``signer`` is the key of a member or of an evaluator."""
    members = {member.signing_key for member in state.rules.members}
    known = signer in members or signer in state.rules.evaluators
    require(known, check, "the signer is neither a member nor one of the ledger's evaluators")


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


def frozen_tree(
    state: State, opened: RoundOpened | FiguresOpened, keys: Sequence[bytes | None], rule: str, check: str
) -> Tree:
    """The tree of a round that is about to open, whose units have these ``keys``: it is one, its leaves and
    nobody else have a key (``rule`` says so in words), no two units read alike, and k_min is enough."""
    floor = state.rules.min_cohort_floor
    require(opened.min_cohort >= floor, check, f"k_min must be at least {floor} on this ledger")
    try:
        tree = check_tree([unit.parent for unit in opened.units])
    except ValueError as error:
        raise RuleViolation(f"units: {error}", check=check) from None
    leaves = tree.leaves()
    units: Sequence[Unit | Place] = opened.units
    for number, (unit, key) in enumerate(zip(units, keys, strict=True)):
        require((key is not None) == (number in leaves), check, f"unit {unit.name!r}: {rule}")
    try:
        # Providers are known by their names alone, services by their paths.
        check_units(units, set(leaves) if isinstance(opened, FiguresOpened) else ())
    except InvalidName as error:
        raise RuleViolation(str(error), check=check) from None
    return tree


def check_announced(opened: RoundOpened | FiguresOpened, check: str) -> None:
    """The end that a round announces, if it does, comes after its opening, and not too long after: nobody can
    close the round before."""
    if opened.until is None:
        return
    require(opened.until > opened.at, check, "the announced end is not after the opening")
    require(
        opened.until - opened.at <= LONGEST_ROUND,
        check,
        f"the announced end is more than {LONGEST_ROUND // DAY} days after the opening",
    )


def _in_phase(found: _Found | None, round_id: bytes, check: str, phases: Sequence[Phase]) -> _Found:
    if found is None:
        raise RuleViolation(f"there is no round {round_id.hex()[:16]}", check=check)
    require(
        not phases or found.phase in phases,
        check,
        f"the round is in the phase “{found.phase}”, which does not allow this",
    )
    return found
