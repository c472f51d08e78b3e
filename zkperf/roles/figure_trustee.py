"""A trustee's part in a round of figures: shares checked, sums posted, the result, the draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import complain
from zkperf.encoding import Record
from zkperf.groups.base import Group
from zkperf.ledger.figure_transactions import DrawShare, FiguresPublished
from zkperf.ledger.rules.figures.draw import point_of
from zkperf.ledger.rules.figures.pools import compute_pools
from zkperf.ledger.rules.tally import expected_sums
from zkperf.ledger.signing import signed
from zkperf.ledger.state import FigureRound, Phase, State
from zkperf.ledger.transactions import ComplaintPosted, NodeSum, SumsPosted
from zkperf.randomness import RandomBytes
from zkperf.roles.report_book import ReportBook
from zkperf.roles.shares import Complaints, FetchBundles, Settle, require_all
from zkperf.tokens.draw import sign_draw_share

STAGES = (Phase.SUMMING, Phase.TOTALLING)
"""Sums of values, then of bits."""

SecretOf = Callable[[FigureRound], int]
"""k_j of the round's draw."""


Checking = Callable[[State, FigureRound, Settle, Complaints], Iterator[Record]]
"""What a trustee posts until the counted set is fixed (`Trustee.checking`)."""


@dataclass
class FigureTrustee:
    """Member ``index`` in rounds of figures."""

    index: int
    group: Group
    signing: Ed25519PrivateKey = field(repr=False)
    secret: int = field(repr=False)
    source: RandomBytes

    def __post_init__(self) -> None:
        self._book = ReportBook(self.index, self.group, self.secret)

    def duties(
        self,
        state: State,
        found: FigureRound,
        fetch: FetchBundles,
        draw_secret: SecretOf,
        checking: Checking,
    ) -> Iterator[Record]:
        """What this trustee has to post now, from the round's opening on. Raises a ZkperfError if it cannot
        do what it should."""
        ledger, me, round_id = state.ledger, self.index, found.digest
        if found.phase in (Phase.OPEN, Phase.DRAINING, Phase.CHECKING):
            yield from checking(
                state,
                found,
                lambda: self._book.settle(state, found, fetch),
                lambda: self._complaints(state, found),
            )
        elif found.phase in STAGES and me not in found.sums:
            require_all(found, self._book.settle(state, found, fetch))
            yield self._post(state, found)
        elif found.phase is Phase.OPENED:
            units = compute_pools(found)
            yield signed(FiguresPublished, self.signing, ledger, round=round_id, trustee=me, units=units)
        elif found.phase is Phase.PUBLISHED and me not in found.draw_shares:
            share = sign_draw_share(state.pairing, draw_secret(found), point_of(state, found))
            encoded = state.pairing.g1.encode(share)
            yield signed(DrawShare, self.signing, ledger, round=round_id, trustee=me, share=encoded)
        if found.result is not None or found.phase is Phase.ABANDONED:
            self._book.forget(found)

    def _complaints(self, state: State, found: FigureRound) -> Iterator[Record]:
        for digest, report, bundle in self._book.bad(found):
            complaint = complain(
                self.group, state.ledger, digest, report, bundle, self.index, self.secret, self.source
            )
            yield signed(ComplaintPosted, self.signing, state.ledger, complaint=complaint)

    def _post(self, state: State, found: FigureRound) -> Record:
        """This trustee's sums of everything that is opened in the present stage."""
        sums = {(q, unit): self._book.sum(found, q, unit) for q, unit in expected_sums(found)}
        return signed(
            SumsPosted,
            self.signing,
            state.ledger,
            round=found.digest,
            trustee=self.index,
            stage=STAGES.index(found.phase),
            counted=found.counted_digest,
            sums=tuple(
                NodeSum(
                    commitment=q,
                    unit=unit,
                    values=tuple(self.group.encode_scalar(value) for value in share.values),
                    blinding=self.group.encode_scalar(share.blinding),
                )
                for (q, unit), share in sums.items()
            ),
        )
