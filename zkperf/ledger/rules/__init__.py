"""The state machine: the one way to be valid, in the embedded engine, in validators and in the auditor.

`apply` takes leaves in order. Each kind of transaction has one ``process_*`` function, in the file of
its life cycle; it checks first and changes the state last, so a refused transaction changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zkperf._native import IssuanceLeaf, RatingLeaf
from zkperf.encoding import Record
from zkperf.errors import ZkperfError, bare
from zkperf.ledger import figure_transactions as ftx
from zkperf.ledger import transactions as tx
from zkperf.ledger.rules.common import require
from zkperf.ledger.rules.complaints import process_complaint, process_complaint_refused
from zkperf.ledger.rules.draining import process_round_drained
from zkperf.ledger.rules.figures.attestations import process_attested
from zkperf.ledger.rules.figures.claims import process_claims
from zkperf.ledger.rules.figures.draw import process_draw_share
from zkperf.ledger.rules.figures.pools import process_published
from zkperf.ledger.rules.figures.reports import process_report
from zkperf.ledger.rules.figures.rounds import process_figures_opened
from zkperf.ledger.rules.figures.schemes import process_scheme_of_figures
from zkperf.ledger.rules.genesis import CHECK as GENESIS
from zkperf.ledger.rules.genesis import process_genesis
from zkperf.ledger.rules.issuance import process_issue
from zkperf.ledger.rules.keygen import (
    process_deal_challenged,
    process_deal_committed,
    process_deal_posted,
    process_deals_accepted,
    process_round_keys,
)
from zkperf.ledger.rules.lost import process_bundles_lost
from zkperf.ledger.rules.prepared import Prepared, Trust, nothing
from zkperf.ledger.rules.ratings import CHECK as BATCHES
from zkperf.ledger.rules.ratings import process_batch, process_rating, skip_rating
from zkperf.ledger.rules.results import process_result
from zkperf.ledger.rules.rounds import (
    process_abandoned,
    process_deadline,
    process_round_closed,
    process_round_opened,
)
from zkperf.ledger.rules.schemes import process_scheme
from zkperf.ledger.rules.tally import process_checked, process_sums
from zkperf.ledger.state import State

PROCESS: dict[type[Record], Callable[[State, Any], None]] = {
    tx.Genesis: process_genesis,
    tx.SchemePosted: process_scheme,
    tx.RoundOpened: process_round_opened,
    tx.DealCommitted: process_deal_committed,
    tx.DealPosted: process_deal_posted,
    tx.DealChallenged: process_deal_challenged,
    tx.DealsAccepted: process_deals_accepted,
    tx.RoundKeys: process_round_keys,
    tx.Batch: process_batch,
    tx.RoundClosed: process_round_closed,
    tx.RoundDrained: process_round_drained,
    tx.ComplaintPosted: process_complaint,
    tx.ComplaintRefused: process_complaint_refused,
    tx.Checked: process_checked,
    tx.BundlesLost: process_bundles_lost,
    tx.Deadline: process_deadline,
    tx.RoundAbandoned: process_abandoned,
    tx.SumsPosted: process_sums,
    tx.ResultPosted: process_result,
    ftx.SchemeOfFigures: process_scheme_of_figures,
    ftx.FiguresOpened: process_figures_opened,
    ftx.FiguresPublished: process_published,
    ftx.Attested: process_attested,
    ftx.DrawShare: process_draw_share,
}

Failure = Callable[[int, ZkperfError], None]


def _refuse(index: int, error: ZkperfError) -> None:
    raise error


def apply(
    state: State,
    block: Sequence[bytes] | Prepared,
    *,
    trusted: Trust = nothing,
    on_failure: Failure = _refuse,
) -> None:
    """Applies the leaves of ``block`` in order, or a block that is prepared already.

    ``trusted`` says which leaves are taken without verifying their proofs, tokens and signatures, as far as
    `Prepared` does that. Raises the first ZkperfError met, with everything before that leaf applied; with
    ``on_failure(leaf index, error)``, as auditors use it, reports instead and goes on, the failing leaf
    having changed nothing.
    """
    if not isinstance(block, Prepared):
        block = Prepared(block, state.size, trusted)
    for place, item in enumerate(block.items):
        try:
            if isinstance(item, ZkperfError):
                raise item
            require(
                state.genesis is not None or isinstance(item, tx.Genesis),
                GENESIS,
                "a ledger begins with its genesis",
            )
            require(
                state.batch is None or isinstance(item, RatingLeaf),
                BATCHES,
                "a batch was announced whose ratings did not all follow",
            )
            if isinstance(item, RatingLeaf):
                verdict = block.verdict(state, place)
                if isinstance(verdict, ZkperfError):
                    raise verdict
                process_rating(state, item, verdict)
            elif isinstance(item, IssuanceLeaf):
                process_issue(state, item, block.verdict(state, place))
            elif isinstance(item, ftx.ReportPosted):
                process_report(state, item, block.verdict(state, place))
            elif isinstance(item, ftx.ClaimsPosted):
                process_claims(state, item, block.verdict(state, place))
            else:
                PROCESS[type(item)](state, item)
        except ZkperfError as error:
            on_failure(state.size, bare(error))
            skip_rating(state)
        state.size += 1
