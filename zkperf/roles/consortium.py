"""All members of a ledger in one process: the embedded mode.

The trustees stay separate objects with separate keys, and exchange nothing but messages: transactions
through the ledger, token shares towards devices. Towards its operator this mode keeps no secret, since
one process holds every trustee's keys; it is for trying out, for tests, and for offices that need the
public proofs but not the separation.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from zkperf._native import RatingLeaf
from zkperf.errors import InvalidShare, RuleViolation, ZkperfError, bare
from zkperf.ledger.engines.bundles import AT_ONCE, unreadable
from zkperf.ledger.engines.door import Examined
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.engines.posting import Posting
from zkperf.ledger.figure_transactions import FiguresOpened
from zkperf.ledger.promises import Promise
from zkperf.ledger.state import Accepted, Filed, Phase
from zkperf.ledger.transactions import RoundClosed, RoundOpened
from zkperf.roles.outlook import Outlook, OutlookAsked, renewed
from zkperf.roles.trustee import Trustee
from zkperf.roles.view import RoundLeaves

log = logging.getLogger("zkperf")

OPENED_AT_ONCE = 256
SEALED = (Phase.OPEN, Phase.DRAINING, Phase.CHECKING, Phase.SUMMING, Phase.TOTALLING)
"""Phases in which bundles are needed."""
UNOPENED = 10_000
"""How many ratings may wait for the trustees in memory."""


@dataclass
class Consortium:
    """A ledger and the trustees that serve it. Also the nearest `LedgerClient`."""

    ledger: EmbeddedLedger
    trustees: Sequence[Trustee]
    absent: Mapping[int, str] = field(default_factory=dict)
    """The members who take no part because their keys are not here, and why not."""
    refusals: deque[tuple[int, ZkperfError]] = field(default_factory=lambda: deque(maxlen=100))
    """What trustees could not do, or the ledger refused: (trustee, why), the latest last."""
    _unopened: deque[tuple[RatingLeaf, bytes]] = field(
        default_factory=lambda: deque(maxlen=UNOPENED), repr=False
    )
    """Ratings and bundles that no trustee has seen yet. What falls out they ask for after close."""
    damaged: dict[int, str] = field(default_factory=dict)
    """Leaves whose stored bundle was found to be missing or not their own, and what is wrong."""
    _rounds_to_check: deque[bytes] | None = field(default=None, repr=False)
    _round_checked: bytes = field(default=b"", repr=False)
    _entries_to_check: deque[Accepted | Filed] = field(default_factory=deque, repr=False)
    _outlooks: dict[bytes, Outlook] = field(default_factory=dict, repr=False)
    """By round the one that is told for an hour."""

    # -- writing ----------------------------------------------------------------------------------

    def submit(self, data: bytes) -> int:
        """Submits one transaction, lets the trustees react, and gives the index of its leaf."""
        [verdict] = self.submit_all([data])
        if isinstance(verdict, ZkperfError):
            raise verdict
        return verdict

    def submit_all(self, items: Sequence[bytes]) -> list[int | ZkperfError]:
        """Submits transactions one after the other, then lets the trustees react."""
        return self.post(self.look_at([(data, None) for data in items]))

    def submit_reports(self, items: Sequence[tuple[bytes, bytes]]) -> list[int | ZkperfError]:
        """Submits (report, bundle) pairs; the trustees open and check their shares of those taken in."""
        return self.post(self.look_at(items))

    def look_at(self, items: Sequence[tuple[bytes, bytes | None]]) -> list[Posting]:
        """What can be said about transactions other than ratings; the first half of the two above, which may
        go on in one thread while another one writes."""
        postings = self.ledger.look_at(items)
        for posting in postings:
            if posting.error is None:
                posting.error = self._barred(posting.transaction)
        return postings

    def post(self, postings: Sequence[Posting]) -> list[int | ZkperfError]:
        """Submits what was looked at, then lets the trustees react, if the log has grown."""
        before = self.ledger.state.size
        verdicts = self.ledger.post(postings)
        if self.ledger.state.size != before:
            self._react()
        return verdicts

    def _barred(self, transaction: object) -> RuleViolation | None:
        """Why a transaction is not submitted that would begin what the members who are here cannot finish:
        the opening of a round, or the closing of an open one."""
        state = self.ledger.state
        if state.members - len(self.absent) >= state.enough:
            return None
        if isinstance(transaction, RoundClosed):
            found = state.all_rounds.get(transaction.round)
            if found is None or found.phase is not Phase.OPEN:
                return None
        elif not isinstance(transaction, RoundOpened | FiguresOpened):
            return None
        absent = ", ".join(map(str, self.absent))
        return RuleViolation(
            f"a round takes {state.enough} of the {state.members} members, and the keys of {absent} are not "
            "here: restore one first",
            check="rounds",
        )

    def _react(self) -> None:
        """Lets the trustees react to what is new on the ledger. After a close they catch up first."""
        rounds = self.ledger.state.rounds.values()
        if any(found.phase is Phase.CHECKING for found in rounds):
            while self.rest():
                pass
        self.settle()

    def submit_ratings(self, items: Sequence[tuple[bytes, bytes]]) -> list[Promise | ZkperfError]:
        """Submits (rating, bundle) pairs; the trustees open and check their shares of those taken in."""
        verdicts = self.take(self.examine(items))
        while self.rest():
            pass
        return verdicts

    def examine(self, items: Sequence[tuple[bytes, bytes]]) -> list[Examined]:
        """What is right and wrong with (rating, bundle) pairs; the first half of `submit_ratings`, which may
        go on in one thread while another one writes."""
        return self.ledger.examine(items)

    def take(self, items: Sequence[Examined]) -> list[Promise | ZkperfError]:
        """Submits what was examined. The trustees see to it when there is time: see `rest`."""
        verdicts = self.ledger.take(items)
        for item, verdict in zip(items, verdicts, strict=True):
            if isinstance(verdict, Promise):
                assert item.leaf is not None
                # The one object of the rating, for all trustees: it keeps its elements once they are decoded.
                self._unopened.append((item.leaf, item.bundle))
        return verdicts

    def rest(self) -> bool:
        """Does some of what nobody waits for: the trustees open and check their shares of ratings that were
        taken in. Whether there is more of it."""
        if not self._unopened:
            self.ledger.rest()
            return False
        count = min(OPENED_AT_ONCE, len(self._unopened))
        taken = [self._unopened.popleft() for _ in range(count)]
        for trustee in self.trustees:
            trustee.receive(self.ledger.state, taken)
        self.settle()
        return bool(self._unopened)

    def check_bundles(self) -> bool:
        """Holds some of the stored bundles against their digests, all of them once after the start; whether
        there are more. A damaged one is named early, while a copy may still be at hand."""
        state = self.ledger.state
        if self._rounds_to_check is None:
            self._rounds_to_check = deque([*state.rounds, *state.figure_rounds])
        if not self._entries_to_check and not self._rounds_to_check:
            return False
        if not self._entries_to_check:
            self._round_checked = self._rounds_to_check.popleft()
        found = state.rounds.get(self._round_checked) or state.figure_rounds[self._round_checked]
        if found.phase not in SEALED:
            self._entries_to_check.clear()
            return bool(self._rounds_to_check)
        if not self._entries_to_check:
            self._entries_to_check.extend(entry for entry in found.taken() if not entry.struck)
        count = min(AT_ONCE, len(self._entries_to_check))
        some = [self._entries_to_check.popleft() for _ in range(count)]
        for entry, why in unreadable(state, found, some, self.ledger.bundles):
            # It may have been replaced since.
            if any(entry.digest == current.digest and not current.struck for current in found.taken()):
                self.damaged[entry.index] = why
                log.error("leaf %d: %s; restore it from a copy of ledger.db", entry.index, why)
        return bool(self._entries_to_check or self._rounds_to_check)

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        """Submits one rating. Raises the reason if it is refused."""
        [verdict] = self.submit_ratings([(core, bundle)])
        if isinstance(verdict, ZkperfError):
            raise verdict
        return verdict

    def settle(self) -> None:
        """Lets every trustee do what the ledger's state asks of it, until there is nothing left to do."""
        stuck: set[tuple[int, bytes]] = set()
        progress = True
        while progress:
            progress = False
            state = self.ledger.state
            for trustee, round_id in product(self.trustees, state.all_rounds):
                if (trustee.index, round_id) in stuck:
                    continue
                state = self.ledger.state
                found = state.all_rounds[round_id]
                try:
                    for transaction in trustee.duties_in(state, found, self.ledger.bundles):
                        self.ledger.submit(transaction)
                        progress = True
                except ZkperfError as error:
                    # A member that errs or lies must not stop the others, nor one round the next.
                    self.refusals.append((trustee.index, bare(error)))
                    stuck.add((trustee.index, round_id))

    # -- reading ----------------------------------------------------------------------------------

    def token_shares(self, voucher: bytes) -> dict[int, bytes]:
        """The trustees' shares of the signature on the point recorded for a voucher.

        Raises RuleViolation if none is recorded.
        """
        state, shares = self.ledger.state, {}
        for trustee in self.trustees:
            try:
                shares[trustee.index] = trustee.token_share(state, voucher)
            except InvalidShare as error:
                # A member that cannot sign, having been dealt a bad key share, must not stop the others.
                self.refusals.append((trustee.index, bare(error)))
        return shares

    def outlook(self, asked: OutlookAsked, now: float) -> Outlook:
        """What closing a round would publish, for an evaluator; the same for an hour. Raises what
        `OutlookAsked.check` does."""
        found, waiting = asked.check(self.ledger.state, now), self.ledger.waiting_pseudonyms
        before = self._outlooks.get(found.digest)
        told = renewed(before, found, lambda unit: waiting(found.digest, unit), now)
        self._outlooks[found.digest] = told
        return told

    def receipt(self, leaf: int) -> str:
        """Proof that a leaf is on the log (C2SP tlog-proof). IndexError if there is none."""
        return self.ledger.receipt(leaf)

    def round_leaves(self, round_id: bytes) -> RoundLeaves:
        """Where a round's foundations are on the log. KeyError if there is no such round."""
        found = self.ledger.state.rounds[round_id]
        keys = tuple(keygen.keys_index for keygen in found.keygens if keygen.keys_index is not None)
        return RoundLeaves(scheme=found.scheme.index, round=found.index, keys=keys)

    def close(self) -> None:
        """Releases the ledger's folder."""
        self.ledger.close()
