"""Whether everything that a round may have to post can be written: found out before it has to be.

A rating, a trustee's sums and the result are single transactions, and their numbers have 64 bits. A round
whose ratings did not fit could be opened, but never rated; one whose sums or totals did not could be rated
and closed, but never tallied.
"""

from __future__ import annotations

from collections.abc import Sequence

from circuits.layout import Layout
from circuits.questionnaire import Question, Questionnaire
from circuits.rating import Core, proof_size
from zkperf.errors import InputError
from zkperf.groups.base import Group
from zkperf.ledger.rules.genesis import MAX_MEMBERS
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.state import Scheme
from zkperf.ledger.transactions import (
    MAX_TRANSACTION,
    NodeSum,
    OptionCount,
    QuestionResult,
    ResultPosted,
    SumsPosted,
    Unit,
    UnitResult,
    encode_transaction,
)

MOST_RATINGS = 2**32 - 1
"""Of a round, whatever is asked: how long a count in a result can be."""
MAX_UNIT = MAX_TRANSACTION
"""A tree is one transaction, so it has fewer units than that."""
LARGEST_TOTAL = 2**63 - 1
LONGEST_MEAN = f"{-(2**63)}.000000"


def check_room(group: Group, threshold: int, max_sequence: int, layout: Layout) -> None:
    """InputError unless every rating of this questionnaire fits into a transaction on a ledger with these
    rules."""
    size = _rating(group, threshold, max_sequence, layout)
    if size > MAX_TRANSACTION:
        raise InputError(
            f"a rating would have {size:,} bytes, and a transaction has at most {MAX_TRANSACTION:,}: ask "
            f"less, or make answers required (each of the {len(layout.commitments) - 1} optional questions "
            "has a commitment of its own)"
        )


def _rating(group: Group, threshold: int, max_sequence: int, layout: Layout) -> int:
    """Bytes of the longest rating: all have the same fields, and only two numbers differ in length."""
    element, count = bytes(group.element_size), len(layout.commitments)
    core = Core(
        round=bytes(32),
        unit=MAX_UNIT,
        pseudonym=element,
        ephemeral=element,
        token=bytes(48),
        sequence=max_sequence,
        commitments=(element,) * count,
        coefficients=((element,) * (threshold - 1),) * count,
        digest=bytes(32),
        proof=bytes(proof_size(group, layout)),
    )
    return len(encode_transaction(core))


def largest_posting(scheme: Scheme, units: Sequence[Unit]) -> int:
    """Bytes of the longest transaction of the tally, if every unit is published."""
    stages = [range(1), range(1, len(scheme.keys))]
    sums = (len(encode_transaction(_sums(scheme, len(units), stage))) for stage in stages)
    return max(*sums, len(encode_transaction(_result(scheme, units))))


def most_ratings(asked: Questionnaire) -> int:
    """How many ratings a round may have: no total of theirs is larger than an integer on the wire."""
    bounds = (question.bounds() for question in asked.questions if question.kind in ("score", "number"))
    largest = max((abs(bound) for pair in bounds for bound in pair), default=1)
    return min(MOST_RATINGS, LARGEST_TOTAL // max(largest, 1))


def _sums(scheme: Scheme, units: int, commitments: range) -> SumsPosted:
    return SumsPosted(
        signature=NO_SIGNATURE,
        round=bytes(32),
        trustee=MAX_MEMBERS,
        stage=1,
        counted=bytes(32),
        sums=tuple(
            NodeSum(
                commitment=q,
                unit=unit,
                values=(bytes(32),) * len(scheme.keys[q].generators),
                blinding=bytes(32),
            )
            for q in commitments
            for unit in range(units)
        ),
    )


def _result(scheme: Scheme, units: Sequence[Unit]) -> ResultPosted:
    questions = tuple(_figures(question) for question in scheme.questionnaire.questions)
    return ResultPosted(
        signature=NO_SIGNATURE,
        round=bytes(32),
        trustee=MAX_MEMBERS,
        units=tuple(
            UnitResult(
                unit=number,
                name=unit.name,
                status="published",
                reason=None,
                counted=MOST_RATINGS,
                lost=MOST_RATINGS,
                questions=questions,
            )
            for number, unit in enumerate(units)
        ),
    )


def _figures(question: Question) -> QuestionResult:
    """The longest figures that a question can have."""
    counts = tuple(OptionCount(option=choice, count=MOST_RATINGS) for choice in question.choices)
    totalled = question.kind in ("score", "number")
    return QuestionResult(
        question=question.id,
        status="published",
        reason=None,
        answered=MOST_RATINGS,
        counts=counts or None,
        total=-(2**63) if totalled else None,
        mean=LONGEST_MEAN if totalled else None,
    )
