"""A round of figures is opened."""

from __future__ import annotations

from collections.abc import Sequence

from circuits.indicators import IndicatorScheme
from circuits.questionnaire import Questionnaire
from circuits.report import ReportForm
from zkperf.errors import RuleViolation
from zkperf.ledger.figure_transactions import FiguresOpened
from zkperf.ledger.identity import providers
from zkperf.ledger.rules.common import (
    check_announced,
    find_figures,
    find_round,
    frozen_tree,
    require,
    require_evaluator,
    require_name,
    require_names,
    require_spelling,
)
from zkperf.ledger.rules.figures.draw import DRAW
from zkperf.ledger.rules.figures.sizes import check_sizes
from zkperf.ledger.rules.keygen import keygens
from zkperf.ledger.state import RUNNING, FigureRound, FigureScheme, Phase, State
from zkperf.ledger.transactions import digest

CHECK = "rounds"
RESULT = (Phase.PUBLISHED, Phase.INSPECTING, Phase.CONCLUDED)
"""Phases in which a round of figures has its result."""


def process_figures_opened(state: State, opened: FiguresOpened) -> None:
    """A scheme, a period and a frozen tree. A provider is in one open round of figures at a time."""
    require_evaluator(state, opened, opened.evaluator, CHECK)
    identifier = digest(opened)
    require(identifier not in state.figure_rounds, CHECK, "this round is on the ledger already")
    scheme = state.figure_schemes.get(opened.scheme)
    if scheme is None:
        raise RuleViolation("the round's scheme is not on the ledger", check=CHECK)
    check_announced(opened, CHECK)
    require_name(opened.period, "the period", CHECK)
    # A second round of one period has its name; a name that only looks like it is a mistake, or worse.
    periods = (found.opened.period for found in state.figure_rounds.values())
    require_spelling(opened.period, periods, "period", CHECK)
    owners = [place.provider for place in opened.units]
    tree = frozen_tree(state, opened, owners, "providers, and only they, have a key", CHECK)
    leaves = tree.leaves()
    keys = {owners[leaf] for leaf in leaves}
    require(len(keys) == len(leaves), CHECK, "two providers have the same key")
    require_names([auditor.name for auditor in opened.auditors], "auditor", CHECK)
    auditors = {auditor.key for auditor in opened.auditors}
    require(len(auditors) == len(opened.auditors), CHECK, "two auditors have the same key")
    require(not auditors & keys, CHECK, "an auditor has a provider's key: nobody attests its own figures")
    rated = [find_round(state, ratings, CHECK, Phase.PUBLISHED) for ratings in opened.ratings]
    check_ratings(scheme.scheme, [found.scheme.questionnaire for found in rated])
    previous = None
    if opened.previous is not None:
        previous = find_figures(state, opened.previous, CHECK, *RESULT)
        check_continues(scheme, previous)
    check_sizes(scheme.scheme, opened.units)
    mine = providers(opened)
    for other in state.figure_rounds.values():
        if other.phase in RUNNING:
            shared = sorted(mine[same] for same in mine.keys() & other.identities.keys())
            name = opened.units[shared[0]].name if shared else ""
            require(not shared, CHECK, f"provider {name!r} is in another open round")
    draws = scheme.scheme.draw > 0
    state.figure_rounds[identifier] = FigureRound(
        digest=identifier,
        index=state.size,
        opened=opened,
        scheme=scheme,
        form=ReportForm(scheme.scheme, opened.period),
        group=state.commitment_group,
        tree=tree,
        last_time=opened.at,
        previous=previous,
        phase=Phase.COMMITTING if draws else Phase.OPEN,
        keygens=keygens(state, identifier, [DRAW]) if draws else [],
    )


def check_ratings(scheme: IndicatorScheme, asked: Sequence[Questionnaire]) -> None:
    """RuleViolation unless every mean of ratings that the index takes can be one of these rounds'."""
    questions = [question for questionnaire in asked for question in questionnaire.questions]
    for part in () if scheme.index is None else scheme.index.parts:
        kinds = {question.kind for question in questions if question.id == part.id}
        require(
            part.source != "rating" or (bool(kinds) and kinds <= {"score", "number"}),
            CHECK,
            f"the index takes the mean of {part.id!r}, a question that the round's ratings do not ask, or "
            "not as a score or a number",
        )


def check_continues(scheme: FigureScheme, previous: FigureRound) -> None:
    """The last period's figures are what this scheme's claims take them for."""
    before = previous.scheme.scheme
    require(before.id == scheme.scheme.id, CHECK, "the previous round is of another scheme")
    for claim in scheme.scheme.claims:
        if claim.kind == "improved":
            [name] = claim.indicators
            require(
                _range(before, name) == _range(scheme.scheme, name),
                CHECK,
                f"indicator {name!r} had another unit, range or scale in the previous round, or none",
            )


def _range(scheme: IndicatorScheme, name: str) -> list[tuple[str, int, int, int, str]]:
    return [
        (item.unit, item.scale, item.min, item.max, item.better)
        for item in scheme.indicators
        if item.id == name
    ]
