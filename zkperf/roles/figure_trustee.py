"""A trustee's part in a round of figures: shares checked, sums posted, the result, the draw.

Bits say who is at a target. Where all providers of a group are alike, their sum would tell about each of
them, so it is never posted, nor is anything from which it follows by subtraction: members show each other
their sums of bits first, off the ledger, and post those that may be (protocol, section 12.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import complain
from zkperf.encoding import Record
from zkperf.errors import InvalidOpening, InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.disclosure import mixed_throughout
from zkperf.ledger.figure_transactions import DrawShare, FiguresPublished
from zkperf.ledger.rules.figures.draw import point_of
from zkperf.ledger.rules.figures.pools import compute_pools
from zkperf.ledger.rules.tally import check_sum, expected_sums
from zkperf.ledger.signing import signed
from zkperf.ledger.state import FigureRound, Phase, State
from zkperf.ledger.transactions import Checked, ComplaintPosted, NodeSum, SumsPosted
from zkperf.randomness import RandomBytes
from zkperf.roles.report_book import ReportBook
from zkperf.roles.shares import FetchBundles
from zkperf.sharing import Share, interpolate
from zkperf.tokens.draw import sign_draw_share

Sums = Mapping[tuple[int, int], Share]
"""By (column, unit) one trustee's sum of shares."""

AskMembers = Callable[[FigureRound], Mapping[int, Sums]]
"""What the members answer who are asked for their sums of bits, by trustee."""

SecretOf = Callable[[FigureRound], int]
"""k_j of the round's draw."""


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
        ask: AskMembers,
        draw_secret: SecretOf,
    ) -> Iterator[Record]:
        """What this trustee has to post now, from the round's opening on. Raises a ZkperfError if it cannot
        do what it should."""
        ledger, me, round_id = state.ledger, self.index, found.digest
        if found.phase in (Phase.OPEN, Phase.CHECKING) and me not in found.checked:
            self._book.settle(state, found, fetch)
            yield from self._complaints(state, found)
            if found.phase is Phase.CHECKING:
                yield signed(Checked, self.signing, ledger, round=round_id, trustee=me)
        elif found.phase is Phase.SUMMING and me not in found.sums:
            self._book.settle(state, found, fetch)
            yield self._post(state, found, 0, self._sums(found))
        elif found.phase is Phase.TOTALLING and me not in found.sums:
            self._book.settle(state, found, fetch)
            yield self._post(state, found, 1, self._mixed(state, found, ask(found)))
        elif found.phase is Phase.OPENED:
            units = compute_pools(found)
            yield signed(FiguresPublished, self.signing, ledger, round=round_id, trustee=me, units=units)
        elif found.phase is Phase.PUBLISHED and me not in found.draw_shares:
            share = sign_draw_share(state.pairing, draw_secret(found), point_of(state, found))
            encoded = state.pairing.g1.encode(share)
            yield signed(DrawShare, self.signing, ledger, round=round_id, trustee=me, share=encoded)
        if found.result is not None:
            self._book.forget(found)

    def bit_sums(self, state: State, found: FigureRound, fetch: FetchBundles) -> Sums:
        """What another member is answered that asks for this one's sums of bits.

        Raises RuleViolation unless it is time for them: sums of another set of reports would tell single
        bits.
        """
        if found.phase is not Phase.TOTALLING:
            raise RuleViolation("the round is not at its sums of bits", check="disclosure")
        self._book.settle(state, found, fetch)
        return self._sums(found)

    def _complaints(self, state: State, found: FigureRound) -> Iterator[Record]:
        for digest, report, bundle in self._book.bad(found):
            complaint = complain(
                self.group, state.ledger, digest, report, bundle, self.index, self.secret, self.source
            )
            yield signed(ComplaintPosted, self.signing, state.ledger, complaint=complaint)

    def _sums(self, found: FigureRound) -> Sums:
        """Of everything that may be opened in the present stage."""
        return {(q, unit): self._book.sum(found, q, unit) for q, unit in expected_sums(found)}

    def _mixed(self, state: State, found: FigureRound, answers: Mapping[int, Sums]) -> Sums:
        """This trustee's sums of bits where neither they, nor what others leave over of them, are all alike.

        Every answer is checked against the commitments. InvalidShare if too few are right to know.
        """
        own = self._sums(found)
        at_target: dict[int, dict[int, int]] = {}
        for (q, unit), share in own.items():
            right = {self.index: share}
            for trustee, sums in answers.items():
                if len(right) < state.rules.threshold and trustee != self.index and (q, unit) in sums:
                    try:
                        check_sum(state, found, q, unit, trustee, sums[q, unit])
                    except InvalidOpening:
                        continue  # a member that lies is like one that does not answer
                    right[trustee] = sums[q, unit]
            if len(right) < state.rules.threshold:
                raise InvalidShare("too few members have shown their sums of bits")
            [at_target.setdefault(q, {})[unit]] = interpolate(self.group.order, right).values
        told = {
            (q, unit)
            for q, ones in at_target.items()
            for unit in mixed_throughout(found.tree, list(ones), found.pooled[found.indicator_of(q)], ones)
        }
        return {place: share for place, share in own.items() if place in told}

    def _post(self, state: State, found: FigureRound, stage: int, sums: Sums) -> Record:
        return signed(
            SumsPosted,
            self.signing,
            state.ledger,
            round=found.digest,
            trustee=self.index,
            stage=stage,
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
