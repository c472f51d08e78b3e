"""Complaints about shares: true ones strike a rating out (protocol, section 7.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from circuits.complaint import Complaint, judge
from circuits.rating import Core, Dealt
from circuits.report import Report
from zkperf import signatures
from zkperf.errors import RuleViolation
from zkperf.ledger.rules.common import find_either, require, require_trustee
from zkperf.ledger.rules.verification import accepted_leaf, committed_by
from zkperf.ledger.signing import transaction_message
from zkperf.ledger.state import Accepted, FigureRound, Filed, Phase, Round, State, Tallied
from zkperf.ledger.transactions import (
    ComplaintPosted,
    ComplaintRefused,
    decode_transaction,
    signed_digest,
)

CHECK = "complaints"
TAKEN = (Phase.OPEN, Phase.DRAINING, Phase.CHECKING)
"""Phases in which complaints are taken: until the counted set is fixed."""
MAX_REFUSED = 10
"""After so many false complaints in a round a trustee is not listened to any more in it."""


def accused_rating(state: State, found: Round, unit: int, digest: bytes) -> tuple[Core, Accepted]:
    """The rating on the log with this digest, which must count so far."""
    require(unit in found.cohorts, CHECK, f"unit {unit} is not a service of this round")
    for rating in found.cohort(unit).ratings.values():
        if rating.digest == digest:
            require(not rating.struck, CHECK, "the rating is struck out already")
            return decode_transaction(accepted_leaf(state, rating).data), rating
    raise RuleViolation("the rating complained about is not on the log, or was replaced", check=CHECK)


def accused_report(state: State, found: FigureRound, unit: int, digest: bytes) -> tuple[Report, Filed]:
    """The report on the log with this digest, which must count so far."""
    filed = found.reports.get(unit)
    if filed is None or filed.digest != digest:
        raise RuleViolation("the report complained about is not on the log, or was replaced", check=CHECK)
    require(not filed.struck, CHECK, "the report is struck out already")
    return decode_transaction(state.leaf(filed.index)).report, filed


def process_complaint(state: State, posted: ComplaintPosted) -> None:
    """A true complaint strikes the rating out. A false one raises FalseComplaint: see `ComplaintRefused`."""
    complaint = posted.complaint
    require_trustee(state, posted, complaint.trustee, CHECK)
    found = find_either(state, complaint.round, CHECK, *TAKEN)
    require(complaint.trustee not in found.checked, CHECK, "this member has declared its checks finished")
    refused = found.refused_complaints.get(complaint.trustee, 0)
    require(refused < MAX_REFUSED, CHECK, "this member has complained falsely too often")
    digest = require_new(state, signed_digest(posted))
    if isinstance(found, FigureRound):
        report, filed = accused_report(state, found, complaint.unit, complaint.rating)
        _judge(state, found, complaint, report, list(filed.columns.values()))
        state.complaints.add(digest)
        strike(state, found, complaint.unit, filed)
        return
    core, rating = accused_rating(state, found, complaint.unit, complaint.rating)
    committed = committed_by(state, rating)
    rows = list(zip(committed.commitments, committed.coefficients, strict=True))
    _judge(state, found, complaint, core, rows)
    state.complaints.add(digest)
    strike(state, found, complaint.unit, rating)


def strike(state: State, found: Round | FigureRound, unit: int, entry: Accepted | Filed) -> None:
    """Takes an entry out of what counts. It stays on the log."""
    if isinstance(found, Round) and isinstance(entry, Accepted):
        cohort = found.cohort(unit)
        cohort.sums -= committed_by(state, entry)
        cohort.struck += 1
    entry.struck = True


def _judge(
    state: State,
    found: Tallied,
    complaint: Complaint,
    core: Dealt,
    rows: Sequence[tuple[Any, Sequence[Any]]],
) -> None:
    """``rows`` are (C_q, (E_{q,1}, …)) of everything that ``core`` commits to."""
    judge(
        state.commitment_group,
        state.ledger,
        core,
        complaint,
        trustee_key=state.sealing_keys[complaint.trustee - 1],
        keys=[found.key(q) for q in range(len(rows))],
        commitments=[commitment for commitment, _ in rows],
        coefficients=[row for _, row in rows],
    )


def process_complaint_refused(state: State, refused: ComplaintRefused) -> None:
    """Of a false complaint only its digest and its signature enter the log; it counts against the signer."""
    found = find_either(state, refused.round, CHECK, *TAKEN)
    before = found.refused_complaints.get(refused.trustee, 0)
    require(before < MAX_REFUSED, CHECK, "this member's false complaints are no longer recorded")
    require(1 <= refused.trustee <= state.members, CHECK, f"there is no member {refused.trustee}")
    key = state.rules.members[refused.trustee - 1].signing_key
    digest = require_new(state, refused.digest)
    message = transaction_message(state.ledger, ComplaintPosted, digest)
    signatures.verify(key, message, refused.signature, whose=f"member {refused.trustee}")
    state.complaints.add(digest)
    found.refused_complaints[refused.trustee] = before + 1


def require_new(state: State, digest: bytes) -> bytes:
    """The digest of a complaint that was not judged before: none counts twice, for or against its signer."""
    require(digest not in state.complaints, CHECK, "this complaint was judged before")
    return digest
