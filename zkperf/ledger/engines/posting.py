"""Everything but ratings before its turn: who sent it, what it is, and whether its proofs hold.

`look_at` is nearly all of the work and changes nothing: it may go on while somebody else writes. What costs
little comes first, and whoever is no party of the ledger gets no further than that: form, signature, bundle,
phase; only then are proofs verified, as one batch. The rules say all of it again when its turn comes, but for
the proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from circuits.rating import Bundle, check_sealed
from zkperf._native import IssuanceLeaf
from zkperf.errors import RuleViolation, ZkperfError, bare
from zkperf.ledger.figure_transactions import ClaimsPosted, ReportPosted
from zkperf.ledger.rules.figures.claims import require_claims_awaited
from zkperf.ledger.rules.figures.reports import CHECK as REPORTS
from zkperf.ledger.rules.figures.reports import require_report_awaited
from zkperf.ledger.rules.prepared import Prepared
from zkperf.ledger.rules.ratings import CHECK as BATCHES
from zkperf.ledger.rules.signers import refuse_strangers
from zkperf.ledger.state import State
from zkperf.ledger.transactions import RATING, REPORT, decode_leaf, stays_bytes


@dataclass(eq=False)
class Posting:
    """A transaction, with a report its bundle, and what was found out about the two."""

    data: bytes
    bundle: bytes | None = field(default=None, repr=False)
    transaction: Any = None
    """As `decode_leaf` gives it; None as long as it is not worth that."""
    error: ZkperfError | None = None
    """Why it is refused, whatever comes before it."""
    costly: bool = False
    """It is refused, and that took more than a look: its proofs, or an issuance's signatures."""
    judged_on: State | None = None
    """The state on which its proofs were verified; None if they were not."""
    verdict: Any = None

    def prepared(self, state: State, index: int) -> Prepared:
        """The block that it alone is. Verdicts of a state that is gone are none."""
        known = {0: self.verdict} if self.judged_on is state else {}
        return Prepared([self.transaction], index, verdicts=known)


def look_at(state: State, items: Sequence[tuple[bytes, bytes | None]]) -> list[Posting]:
    """What can be said about each (transaction, bundle) now."""
    postings = [Posting(data, bundle, error=_wrong_form(data, bundle)) for data, bundle in items]
    if state.genesis is not None:
        signed = [post for post in postings if post.error is None and not stays_bytes(post.data)]
        refusals = refuse_strangers(state, [post.data for post in signed])
        for post, refusal in zip(signed, refusals, strict=True):
            post.error = refusal
    for post in postings:
        if post.error is None:
            try:
                post.transaction = decode_leaf(post.data)
                if isinstance(post.transaction, ReportPosted):
                    _check_bundle(state, post)
            except ZkperfError as error:
                post.error = bare(error)
    _judge(state, [post for post in postings if post.error is None and _may_be_judged(state, post)])
    return postings


def require_awaited(state: State, transaction: object) -> None:
    """Raises what the rules say before they look at proofs, of those transactions whose proofs cost."""
    if isinstance(transaction, ReportPosted):
        require_report_awaited(state, transaction)
    elif isinstance(transaction, ClaimsPosted):
        require_claims_awaited(state, transaction)


def _wrong_form(data: bytes, bundle: bytes | None) -> ZkperfError | None:
    if data.startswith(RATING):
        return RuleViolation("ratings come with their bundle; batches are the sequencer's", check=BATCHES)
    if data.startswith(REPORT) != (bundle is not None):
        words = "reports come with their bundle" if bundle is None else "expected a report"
        return RuleViolation(words, check=REPORTS)
    return None


def _check_bundle(state: State, post: Posting) -> None:
    assert post.bundle is not None
    report = post.transaction.report
    shares = Bundle.decode(post.bundle)
    check_sealed(state.commitment_group, [1] * len(report.commitments), report, shares, state.members)


def _may_be_judged(state: State, post: Posting) -> bool:
    try:
        require_awaited(state, post.transaction)
    except ZkperfError:
        return False  # it may be when its turn comes: a correction, say, behind the report itself
    return isinstance(post.transaction, (IssuanceLeaf, ReportPosted, ClaimsPosted))


def _judge(state: State, postings: Sequence[Posting]) -> None:
    if not postings:
        return
    prepared = Prepared([post.transaction for post in postings], state.size)
    prepared.verify(state)
    for place, verdict in prepared.judged().items():
        post = postings[place]
        post.judged_on, post.verdict = state, verdict
        post.costly = isinstance(verdict, ZkperfError) and not isinstance(verdict, RuleViolation)
