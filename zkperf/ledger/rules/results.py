"""Results: what the openings say, question by question."""

from __future__ import annotations

from circuits.layout import Figures
from zkperf.ledger.disclosure import Publication, Reason
from zkperf.ledger.rules.common import find_round, require, require_trustee
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.transactions import OptionCount, QuestionResult, ResultPosted, UnitResult

CHECK = "results"
PUBLISHED, WITHHELD = "published", "withheld"


def compute_result(found: Round) -> tuple[UnitResult, ...]:
    """The published figures of every unit, in the order of the tree, from the openings alone."""
    assert found.publication is not None
    lost = found.lost_below()
    return tuple(
        unit_result(found, found.publication, unit, lost[unit]) for unit in range(len(found.opened.units))
    )


def unit_result(found: Round, publication: Publication, unit: int, lost: int) -> UnitResult:
    name, counted = found.opened.units[unit].name, found.numbers[unit]
    reason = publication.withheld.get(unit)
    if reason is not None:
        return UnitResult(
            unit=unit,
            name=name,
            status=WITHHELD,
            reason=str(reason),
            counted=counted,
            lost=lost,
            questions=(),
        )
    layout = found.scheme.layout
    figures = layout.read_main(counted, found.openings[0, unit].values)
    questions = []
    for question in found.scheme.questionnaire.questions:
        q = layout.commitment_of(question.id)
        if q == 0:
            questions.append(question_result(question.id, figures[question.id]))
            continue
        withheld = found.optional[q].withheld.get(unit)
        if withheld is not None:
            text = "nobody answered" if withheld is Reason.EMPTY else str(withheld)
            questions.append(withheld_question(question.id, text))
            continue
        answered = layout.answered(q, found.openings[0, unit].values)
        read = layout.read_optional(question.id, answered, found.openings[q, unit].values)
        questions.append(question_result(question.id, read))
    return UnitResult(
        unit=unit,
        name=name,
        status=PUBLISHED,
        reason=None,
        counted=counted,
        lost=lost,
        questions=tuple(questions),
    )


def question_result(question: str, figures: Figures) -> QuestionResult:
    counts = figures.counts
    return QuestionResult(
        question=question,
        status=PUBLISHED,
        reason=None,
        answered=figures.answered,
        counts=None
        if counts is None
        else tuple(OptionCount(option=option, count=count) for option, count in counts.items()),
        total=figures.total,
        mean=figures.mean,
    )


def withheld_question(question: str, reason: str) -> QuestionResult:
    return QuestionResult(
        question=question, status=WITHHELD, reason=reason, answered=None, counts=None, total=None, mean=None
    )


def process_result(state: State, posted: ResultPosted) -> None:
    """Any member may post the result; it must be exactly what the openings say."""
    require_trustee(state, posted, posted.trustee, CHECK)
    found = find_round(state, posted.round, CHECK, Phase.OPENED)
    result = compute_result(found)
    require(posted.units == result, CHECK, "this is not what the openings say")
    found.result, found.result_index, found.phase = result, state.size, Phase.PUBLISHED
