"""Providers' claims, once everything that may be pooled is open (protocol, section 12.10)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from circuits.claims import Asked, Grades, ProvedClaim, Setting, claim_at, needs, verify_claims
from circuits.exposure import Outcome, System
from circuits.indicators import IndexPart
from zkperf.errors import RuleViolation, ZkperfError, bare
from zkperf.ledger.figure_transactions import ClaimsPosted
from zkperf.ledger.rules.common import find_figures, require
from zkperf.ledger.rules.figures.asking import ask_provider, public_system
from zkperf.ledger.rules.figures.draw import conclude
from zkperf.ledger.rules.figures.needed import claim_context, figure_needed
from zkperf.ledger.rules.figures.pools import pooled_mean, pooled_sum
from zkperf.ledger.rules.figures.reports import provider_key
from zkperf.ledger.signing import verify_signed
from zkperf.ledger.state import OVER, Answered, FigureRound, Phase, Round, State
from zkperf.ledger.transactions import UnitResult

CHECK = "claims"


class Heard(NamedTuple):
    """What a provider was asked, and has answered with proofs that hold."""

    before: System | None
    """What was public about its figures when that was found out."""
    outcome: Outcome


Verdict = ZkperfError | Heard | None
"""None: the proofs are taken for good unseen."""


def provider_setting(state: State, found: FigureRound, unit: int) -> Setting:
    """What a provider's claims are stated in: what it has not reported, and the means its index takes."""
    filed, scheme = found.counted(unit), found.scheme.scheme
    require(filed is not None, CHECK, f"unit {unit} has no report that counts")
    assert filed is not None
    missing = frozenset(range(len(scheme.indicators))) - set(filed.reported)
    parts = () if scheme.index is None else scheme.index.parts
    means = [_mean(state, found, unit, part) for part in parts]
    return Setting(scheme, found.opened.period, missing, means)


def _mean(state: State, found: FigureRound, unit: int, part: IndexPart) -> Fraction | None:
    """The published mean that a part of a provider's index takes; None if it is withheld.

    Of a pool it is that of the nearest unit above the provider that is published. Of ratings it is that of
    the service with the provider's names below the root, in the last of the round's rating rounds that asks
    the question of it.
    """
    if part.source == "pool":
        k = found.scheme.scheme.number(part.id)
        node = pool_above(found, k, unit)
        return None if node is None else pooled_mean(found, k, node)
    source = rated_in(state, found, unit, part.id)
    return None if source is None else _rated(source.result, part.id)


def pool_above(found: FigureRound, k: int, unit: int) -> int | None:
    """The nearest unit above a provider in which an indicator's pool is published; None if none is."""
    node = found.tree.parents[unit]
    while node is not None and pooled_sum(found, k, node) is None:
        node = found.tree.parents[node]
    return node


class Rated(NamedTuple):
    """A round of ratings that asks a question of a service, and what it has published of the service."""

    round: Round
    unit: int
    result: UnitResult


def rated_in(state: State, found: FigureRound, unit: int, question: str) -> Rated | None:
    """Where an index takes the mean of a question from. Rounds with other questions say nothing about it."""
    path = found.paths[unit]
    for round_id in reversed(found.opened.ratings):
        rated = state.rounds[round_id]
        if question in {asked.id for asked in rated.scheme.questionnaire.questions}:
            assert rated.result is not None
            for number, result in enumerate(rated.result):
                if rated.paths[number] == path:
                    return Rated(rated, number, result)
    return None


def _rated(result: UnitResult, question: str) -> Fraction | None:
    for item in result.questions:
        if item.question == question and item.total is not None and item.answered:
            return Fraction(item.total, item.answered)
    return None


def can_be_judged(state: State, posted: ClaimsPosted) -> bool:
    """The reports that count are fixed, and so are all means: nothing that these claims are about changes."""
    found = state.figure_rounds.get(posted.round)
    return found is not None and found.phase in OVER and posted.unit in found.reports


def verify_posted_claims(state: State, everything: Sequence[ClaimsPosted]) -> list[ZkperfError | Heard]:
    """For each provider's claims what it was asked, or why they are refused. One batch for all."""
    verdicts: list[ZkperfError | Heard] = []
    items: list[ProvedClaim] = []
    owners: list[int] = []
    for place, posted in enumerate(everything):
        try:
            require(can_be_judged(state, posted), CHECK, "there is nothing to claim about yet")
            found = state.figure_rounds[posted.round]
            heard = _heard(state, found, posted)
            made = _claims_of(state, found, posted, heard.outcome.grades)
        except ZkperfError as error:
            verdicts.append(bare(error))
            continue
        verdicts.append(heard)
        items += made
        owners += [place] * len(made)
    # Without a claim there may be no genesis yet, and no group.
    judged = verify_claims(state.commitment_group, items) if items else []
    for place, verdict in zip(owners, judged, strict=True):
        if verdict is not None and not isinstance(verdicts[place], ZkperfError):
            verdicts[place] = verdict
    return verdicts


def verify_answers(state: State, found: FigureRound, posted: ClaimsPosted) -> ZkperfError | None:
    """Why the proofs of claims that are on the ledger do not hold, if they do not."""
    made = _claims_of(state, found, posted, found.claimed[posted.unit].grades)
    judged = verify_claims(state.commitment_group, made)
    return next((verdict for verdict in judged if verdict is not None), None)


def _heard(state: State, found: FigureRound, posted: ClaimsPosted) -> Heard:
    """What the provider is asked, its answers taken for true. A ZkperfError if they are not about what
    counts, or about more than it is asked."""
    filed, scheme = found.counted(posted.unit), found.scheme.scheme
    if filed is None or filed.digest != posted.report:
        raise RuleViolation("stale commitment: this is not the report that counts", check=CHECK)
    said = {item.claim: item.outcome for item in posted.claims}
    require([*said] == sorted(said), CHECK, "claims come in the scheme's order, each once")
    require(len(said) == len(posted.claims), CHECK, "claims come in the scheme's order, each once")
    setting = provider_setting(state, found, posted.unit)
    for number in said:
        name = claim_at(scheme, number).id
        for need in needs(setting, number):
            if figure_needed(found, posted.unit, need) is None:
                raise RuleViolation(f"claim {name!r}: {need.indicator!r} is not reported", check=CHECK)
    before = public_system(state, found, posted.unit)
    outcome = ask_provider(state, found, posted.unit, setting, said)
    for number in said:
        name = claim_at(scheme, number).id
        require(
            number in outcome.asked,
            CHECK,
            f"claim {name!r} is not asked of this provider: its answer could tell too much, or too little is "
            "reported",
        )
    if outcome.grades is not None:
        require(
            said[len(scheme.claims)] == outcome.grades.worst,
            CHECK,
            "the grade is not the worst one that was asked for and reached",
        )
    return Heard(before, outcome)


def _claims_of(
    state: State, found: FigureRound, posted: ClaimsPosted, grades: Grades | None
) -> list[ProvedClaim]:
    """The claims as they are verified."""
    setting, last = provider_setting(state, found, posted.unit), len(found.scheme.scheme.claims)
    made = []
    for item in posted.claims:
        outcome = grades if item.claim == last and grades is not None else item.outcome
        made.append(_claim(state, found, posted, Asked(setting, item.claim, outcome), item.proof))
    return made


def _claim(state: State, found: FigureRound, posted: ClaimsPosted, asked: Asked, proof: bytes) -> ProvedClaim:
    wanted = needs(asked.setting, asked.number)
    figures = [figure for need in wanted if (figure := figure_needed(found, posted.unit, need)) is not None]
    context = claim_context(state, found, posted.unit, figures)
    commitments = tuple(figure.commitment for figure in figures)
    encoded = tuple(map(state.commitment_group.encode, commitments))
    return ProvedClaim(asked, context, commitments, encoded, proof)


def require_claims_awaited(state: State, posted: ClaimsPosted) -> FigureRound:
    """Everything but its proofs: the signer is a provider, whose claims the round waits for."""
    found = find_figures(state, posted.round, CHECK)
    provider = provider_key(found, posted.unit)
    if provider is None:
        raise RuleViolation(f"unit {posted.unit} is not a provider of this round", check=CHECK)
    verify_signed(posted, provider, state.ledger, whose="this provider")
    require(found.phase is Phase.CLAIMING, CHECK, "the round takes no claims now")
    require(posted.unit not in found.claimed, CHECK, "this provider has posted its claims already")
    return found


def process_claims(state: State, posted: ClaimsPosted, verdict: Verdict) -> None:
    """Everything that a provider claims in a round, at once. What is asked and not in it is not proved."""
    found = require_claims_awaited(state, posted)
    if verdict is None:
        verdict = _heard(state, found, posted)
    elif not isinstance(verdict, Heard) or verdict.before is not public_system(state, found, posted.unit):
        # It may have claimed in another round since: what it is asked here may be another thing now.
        [verdict] = verify_posted_claims(state, [posted])
    if isinstance(verdict, ZkperfError):
        raise verdict
    outcome, provider = verdict.outcome, provider_key(found, posted.unit)
    assert provider is not None
    state.systems[provider] = outcome.system
    proved = {item.claim: item.outcome for item in posted.claims}
    dropped = outcome.system.dropped - (0 if verdict.before is None else verdict.before.dropped)
    found.claimed[posted.unit] = Answered(outcome.asked, proved, outcome.grades, dropped)
    if len(found.claimed) == found.numbers[0]:
        found.phase = Phase.OPENED


def end_waiting(found: FigureRound) -> None:
    """A deadline has passed: for claims, or for what was drawn to be shown."""
    if found.phase is Phase.CLAIMING:
        found.phase = Phase.OPENED
    else:
        conclude(found)
