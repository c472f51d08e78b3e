"""A trustee: one member's part in key generation, issuance and tally.

It holds its own keys and its own shares, reads the ledger's state (in a consortium: its own replica's)
and answers with signed transactions. What it learns of another trustee it learns from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import complain
from circuits.possession import prove_possession
from zkperf import encoding
from zkperf._native import IssuanceLeaf
from zkperf.encoding import Record
from zkperf.errors import InputError, InvalidShare, RuleViolation
from zkperf.groups.base import Group
from zkperf.ledger.rules.figures.draw import DRAW
from zkperf.ledger.rules.genesis import founding_message, possession_context
from zkperf.ledger.rules.results import compute_result
from zkperf.ledger.rules.tally import expected_sums
from zkperf.ledger.signed import NO_SIGNATURE
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import BEFORE_OPEN, FigureRound, Keygen, Phase, Round, State, Tallied
from zkperf.ledger.transactions import (
    BundlesLost,
    Checked,
    ComplaintPosted,
    DealChallenged,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    Genesis,
    Member,
    NodeSum,
    ResultPosted,
    RoundKeys,
    SumsPosted,
    digest,
    encode_transaction,
)
from zkperf.randomness import RandomBytes, system
from zkperf.roles.figure_trustee import FigureTrustee
from zkperf.roles.keystore import KeyStore
from zkperf.roles.shares import Complaints, FetchBundles, Sealed, Settle, ShareBook, require_all
from zkperf.tokens.blind import sign_share
from zkperf.tokens.dealing_complaint import complain as complain_about_deal
from zkperf.tokens.keygen import Deal, commit, make_deal, open_deal_shares
from zkperf.tokens.keys import cohort_keys, secret_keys

LOST_AT_ONCE = 1000
"""Entries in one declaration: it has to fit into a leaf."""
COUNTED = (Phase.SUMMING, Phase.TOTALLING, Phase.CLAIMING, Phase.OPENED, Phase.PUBLISHED)
"""Phases in which the counted set is fixed."""


@dataclass
class Trustee:
    """Member ``index`` (1..n) of a ledger."""

    index: int
    store: KeyStore
    group: Group
    source: RandomBytes = system
    _cohort_secrets: dict[tuple[bytes, int], tuple[int, ...]] = field(default_factory=dict, repr=False)
    _settled: set[bytes] = field(default_factory=set)
    """Rounds whose counted set is known to be the one that this trustee has kept."""

    def __post_init__(self) -> None:
        self._signing: Ed25519PrivateKey = self.store.signing_key()
        self._secret: int = self.store.sealing_key(self.group)
        self._shares = ShareBook(self.index, self.group, self._secret)
        self._figures = FigureTrustee(self.index, self.group, self._signing, self._secret, self.source)

    @staticmethod
    def enrol(name: str, store: KeyStore, group: Group, source: RandomBytes = system) -> Member:
        """Fresh keys for a member to be, and its entry in the draft of a genesis: see `join`."""
        signing = public_bytes(store.new_signing_key())
        # T_j = t_j·B
        element = group.msm([store.new_sealing_key(group, source)], [group.generator])
        sealing = group.encode(element)
        return Member(
            name=name, signing_key=signing, sealing_key=sealing, possession=b"", signature=NO_SIGNATURE
        )

    def join(self, draft: Genesis) -> Member:
        """This member's entry in the genesis of a ledger that it has seen the draft of, and agrees to.

        InputError if the draft names other keys than its own.
        """
        element = self.check_named(draft)
        entry, charter = draft.members[self.index - 1], draft.charter()
        context = possession_context(charter, self.index)
        proof = prove_possession(self.group, self._secret, element, context, self.source)
        signature = self._signing.sign(founding_message(charter))
        return entry.model_copy(update={"possession": proof, "signature": signature})

    def check_named(self, genesis: Genesis) -> Any:
        """T_j. InputError unless the genesis names it and this member's signing key, in this place."""
        entry = genesis.members[self.index - 1]
        element = self.group.msm([self._secret], [self.group.generator])
        mine = public_bytes(self._signing), self.group.encode(element)
        if (entry.signing_key, entry.sealing_key) != mine:
            raise InputError(f"member {self.index}: the genesis does not name this member's keys")
        return element

    def __repr__(self) -> str:
        return f"<trustee {self.index}>"

    # -- what a trustee is asked ------------------------------------------------------------------

    def receive(self, state: State, ratings: Sequence[Sealed]) -> None:
        """Opens and checks this trustee's shares of ratings that have just been taken in."""
        self._shares.receive(state, ratings)

    def token_share(self, state: State, voucher: bytes) -> bytes:
        """S_j = k_{j,c}·P' for the point recorded for this voucher: only such points are signed.

        Raises RuleViolation if none is recorded. Asking again gives the same answer.
        """
        index = state.vouchers.get(voucher)
        if index is None:
            raise RuleViolation("no point is recorded for this voucher", check="issuance")
        issuance = IssuanceLeaf(state.leaf(index))
        found = state.rounds[issuance.round]
        keygen = found.keygen_of(issuance.unit)
        secrets = self._secrets(found, keygen)
        secret = secrets[keygen.context.cohorts.index(issuance.unit)]
        blinded = state.pairing.g1.decode(issuance.blinded)
        return state.pairing.g1.encode(sign_share(state.pairing, secret, blinded))

    def duties(self, state: State, fetch: FetchBundles) -> Iterator[bytes]:
        """The transactions that this trustee has to post now, each decided on the state of that moment."""
        rounds: list[Round | FigureRound] = [*state.rounds.values(), *state.figure_rounds.values()]
        for found in rounds:
            yield from self.duties_in(state, found, fetch)

    def duties_in(
        self,
        state: State,
        found: Round | FigureRound,
        fetch: FetchBundles,
    ) -> Iterator[bytes]:
        """The same for one round. Raises a ZkperfError if the trustee cannot do what it should."""
        for transaction in self._duties_of_round(state, found, fetch):
            yield encode_transaction(transaction)

    # -- round by round ---------------------------------------------------------------------------

    def _duties_of_round(
        self, state: State, found: Round | FigureRound, fetch: FetchBundles
    ) -> Iterator[Record]:
        if found.phase in COUNTED:
            self._settle_on(found)
        if found.phase in BEFORE_OPEN:
            yield from self._make_keys(state, found)
        elif isinstance(found, FigureRound):
            yield from self._figures.duties(state, found, fetch, self._draw_secret, self._checking)
        else:
            yield from self._rating_duties(state, found, fetch)

    def _make_keys(self, state: State, found: Tallied) -> Iterator[Record]:
        ledger, me = state.ledger, self.index
        if found.phase is Phase.COMMITTING:
            for keygen in found.keygens:
                if me not in keygen.commitments:
                    commitment = commit(keygen.context, self._deal(keygen))
                    yield signed(DealCommitted, self._signing, ledger, commitment=commitment)
        elif found.phase is Phase.DEALING:
            for keygen in found.keygens:
                if me in keygen.commitments and me not in keygen.deals:
                    yield signed(DealPosted, self._signing, ledger, deal=self._deal(keygen))
                    self.store.delete(_deal_file(keygen))
        elif found.phase is Phase.ACCEPTING and me not in found.deals_accepted:
            for keygen in found.keygens:
                yield from self._challenges(state, keygen)
            yield signed(DealsAccepted, self._signing, ledger, round=found.digest, trustee=me)
        elif found.phase is Phase.KEYED:
            for keygen in found.keygens:
                if keygen.keys is None:
                    keys = cohort_keys(keygen.context, keygen.qualified())
                    yield signed(RoundKeys, self._signing, ledger, trustee=me, keys=keys)

    def _rating_duties(self, state: State, found: Round, fetch: FetchBundles) -> Iterator[Record]:
        ledger, me = state.ledger, self.index
        if found.phase in (Phase.OPEN, Phase.DRAINING, Phase.CHECKING):
            yield from self._checking(
                state,
                found,
                lambda: self._shares.settle(state, found, fetch),
                lambda: self._rating_complaints(state, found),
            )
        elif found.phase in (Phase.SUMMING, Phase.TOTALLING) and me not in found.sums:
            require_all(found, self._shares.settle(state, found, fetch))
            yield self._sums(state, found)
        elif found.phase is Phase.OPENED:
            result = compute_result(found)
            yield signed(ResultPosted, self._signing, ledger, round=found.digest, trustee=me, units=result)
        elif found.phase in (Phase.PUBLISHED, Phase.ABANDONED):
            self._shares.forget(found)

    def _deal(self, keygen: Keygen) -> Deal:
        """This trustee's deal: made once, kept until posted, so that a restart deals what was committed."""
        name = _deal_file(keygen)
        if not self.store.has(name):
            self.store.write(name, make_deal(keygen.context, self.index, self.source).encode())
        return Deal.decode(self.store.read(name))

    def _challenges(self, state: State, keygen: Keygen) -> Iterator[Record]:
        for dealer, checked in sorted(keygen.deals.items()):
            if dealer in keygen.disqualified:
                continue
            try:
                open_deal_shares(keygen.context, checked, self.index, self._secret)
            except InvalidShare:
                complaint = complain_about_deal(
                    keygen.context, checked, self.index, self._secret, self.source
                )
                yield signed(DealChallenged, self._signing, state.ledger, complaint=complaint)

    def _draw_secret(self, found: FigureRound) -> int:
        """k_j of the one key that a round of figures has, for its draw."""
        [secret] = self._secrets(found, found.keygen_of(DRAW))
        return secret

    def _secrets(self, found: Tallied, keygen: Keygen) -> tuple[int, ...]:
        """k_{j,c} of every cohort of a part, from the deals on the ledger."""
        place = (found.digest, keygen.context.part)
        if place not in self._cohort_secrets:
            rows = [
                open_deal_shares(keygen.context, checked, self.index, self._secret)
                for checked in keygen.qualified()
            ]
            self._cohort_secrets[place] = secret_keys(keygen.context, rows)
        return self._cohort_secrets[place]

    def _rating_complaints(self, state: State, found: Round) -> Iterator[Record]:
        for core, bundle in self._shares.bad_on_log(found):
            complaint = complain(
                self.group,
                state.ledger,
                digest(core),
                core,
                bundle,
                self.index,
                self._secret,
                self.source,
            )
            yield signed(ComplaintPosted, self._signing, state.ledger, complaint=complaint)

    def _checking(
        self, state: State, found: Round | FigureRound, settle: Settle, complaints: Complaints
    ) -> Iterator[Record]:
        """Complaints about bad shares of what is on the log. Once nothing more enters, which bundles are lost
        to this trustee, and the word that all is checked if none of them still counts."""
        me, complete = self.index, found.phase is Phase.CHECKING
        # Others miss a bundle that this trustee has not looked for since it has checked.
        asked = any(me not in members for members in found.lost.values())
        if me in found.checked and not asked:
            return
        lost = settle() if complete or isinstance(found, FigureRound) else []
        if me not in found.checked:
            yield from complaints()
        if not complete:
            return
        undeclared = [entry for entry in lost if me not in found.lost.get(entry, ())]
        for start in range(0, len(undeclared), LOST_AT_ONCE):
            entries = tuple(undeclared[start : start + LOST_AT_ONCE])
            yield signed(
                BundlesLost, self._signing, state.ledger, round=found.digest, trustee=me, entries=entries
            )
        if me not in found.checked and all(found.entries[entry][1].struck for entry in lost):
            yield self._checked(state, found)

    def _checked(self, state: State, found: Tallied) -> Record:
        """The word that everything is checked, about the log that this trustee sees and no other."""
        mark = found.mark
        assert mark is not None
        said = {"mark": mark.index, "root": mark.root(state), "entries": mark.entries}
        self._only_once(found, "checked", encoding.encode([*said.values()]), "has checked another log")
        return signed(Checked, self._signing, state.ledger, round=found.digest, trustee=self.index, **said)

    def _settle_on(self, found: Tallied) -> None:
        """Keeps durably, before any sum leaves, which counted set a round has: it never sums another."""
        if found.digest not in self._settled:
            self._only_once(found, "counted", found.counted_digest, "knows another counted set")
            self._settled.add(found.digest)

    def _only_once(self, found: Tallied, what: str, value: bytes, refusal: str) -> None:
        """Keeps durably what this trustee has said about a round, before it says so: never anything else.

        A ledger that was set back, to a backup say, and closed again could have a second counted set opened;
        the difference of the two would be somebody's answer. Raises RuleViolation then.
        """
        name = f"{what}-{found.digest.hex()[:32]}"
        if not self.store.has(name):
            self.store.write(name, value)
        if self.store.read(name) != value:
            raise RuleViolation(f"this member {refusal} of the round", check="counted set")

    def _sums(self, state: State, found: Round) -> Record:
        """Σ of this trustee's shares over the counted ratings of everything that may be published."""
        sums = []
        for q, unit in expected_sums(found):
            total = self._shares.total(found, (rating.digest for rating in found.counted_below(unit)), q)
            sums.append(
                NodeSum(
                    commitment=q,
                    unit=unit,
                    values=tuple(self.group.encode_scalar(value) for value in total.values),
                    blinding=self.group.encode_scalar(total.blinding),
                )
            )
        stage = 0 if found.phase is Phase.SUMMING else 1
        return signed(
            SumsPosted,
            self._signing,
            state.ledger,
            round=found.digest,
            trustee=self.index,
            stage=stage,
            counted=found.counted_digest,
            sums=tuple(sums),
        )


def _deal_file(keygen: Keygen) -> str:
    return f"deal-{keygen.context.round.hex()[:32]}-{keygen.context.part}.cbor"
