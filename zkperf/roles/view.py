"""What a device believes about a round: only what is proved to be on the log.

The device starts from the genesis digest (it comes with the voucher) and its policy: the ledger's own
signature, and cosignatures of as many outside witnesses as the policy asks for. Members' keys, scheme,
tree, k_min and cohort keys are taken by inclusion proof under such a checkpoint: a private cohort key
shown to one victim would undo the blindness, false trustees' keys the secrecy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

from circuits.layout import Layout, compile_questionnaire
from circuits.questionnaire import Questionnaire
from circuits.rating import RatingContext, commitment_keys, kernel_verifier
from zkperf._native import RatingProver
from zkperf.commitments import CommitmentKey
from zkperf.encoding import Record
from zkperf.errors import InvalidLogProof, InvalidSignature, RuleViolation
from zkperf.groups import suite
from zkperf.groups.base import Group
from zkperf.groups.ristretto255 import RISTRETTO255
from zkperf.ledger.log.checkpoint import Policy
from zkperf.ledger.log.keys import SignatureType, VerifierKey
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.ledger.rules.genesis import verify_members
from zkperf.ledger.signing import log_origin, verify_signed
from zkperf.ledger.transactions import (
    Genesis,
    RoundAbandoned,
    RoundKeys,
    RoundOpened,
    SchemePosted,
    decode_transaction,
    digest,
)
from zkperf.tokens.keys import CohortKeys


@dataclass(frozen=True)
class RoundLeaves:
    """Where on the log a round's foundations are: leaf indices."""

    scheme: int
    round: int
    keys: tuple[int, ...]


class LedgerClient(Protocol):
    """What a device needs from a ledger, near or far. Everything it returns is verified by the device."""

    def round_leaves(self, round_id: bytes) -> RoundLeaves: ...
    def receipt(self, leaf: int) -> str: ...
    def submit(self, data: bytes) -> int: ...
    def token_shares(self, voucher: bytes) -> dict[int, bytes]: ...
    def submit_rating(self, core: bytes, bundle: bytes) -> Promise: ...


@dataclass(frozen=True)
class Witnesses:
    """Which outside witnesses a device asks for, and how many of them."""

    keys: tuple[VerifierKey, ...] = ()
    quorum: int = 0


@dataclass(frozen=True)
class RoundView:
    """A round as its foundations on the log define it."""

    ledger: bytes
    genesis: Genesis
    policy: Policy
    group: Group
    trustees: tuple[Any, ...]
    """T_1..T_n, whose owners have shown that they know the secrets and have signed the genesis."""
    round: bytes
    opened: RoundOpened
    scheme: bytes
    questionnaire: Questionnaire
    layout: Layout
    commitment_keys: tuple[CommitmentKey, ...]
    cohort_keys: tuple[CohortKeys, ...]
    services: tuple[int, ...]
    """The round's services: its leaves, in order."""

    @classmethod
    def load(
        cls, client: LedgerClient, ledger: bytes, round_id: bytes, witnesses: Witnesses = Witnesses()
    ) -> RoundView:
        """Fetches and verifies everything. Raises InvalidLogProof, InvalidProof, InvalidSignature or
        EncodingError if the ledger shows anything that is not proved to be on its log, or was founded
        without one of its members."""
        first = Receipt.parse(client.receipt(0))
        if sha256(first.leaf).digest() != ledger:
            raise InvalidLogProof("the ledger shown is not the one that the voucher names")
        genesis = _expect(Genesis, first.leaf)
        policy = ledger_policy(ledger, genesis.log_key, witnesses)
        first.verify(policy)
        group = suite(genesis.suite)
        trustees = verify_members(group, genesis)

        places = client.round_leaves(round_id)
        round_leaf = proved(client, places.round, policy)
        opened = _expect(RoundOpened, round_leaf)
        if sha256(round_leaf).digest() != round_id:
            raise InvalidLogProof("the round shown is not the one that the voucher names")
        scheme_leaf = proved(client, places.scheme, policy)
        if sha256(scheme_leaf).digest() != opened.scheme:
            raise InvalidLogProof("the scheme shown is not the round's")
        questionnaire = _expect(SchemePosted, scheme_leaf).questionnaire
        posted = [_expect(RoundKeys, proved(client, leaf, policy)) for leaf in places.keys]
        for leaf in posted:
            # Inclusion alone would let the holder of the log key put in keys of its own.
            verify_member(leaf, genesis, ledger)
        keys = tuple(leaf.keys for leaf in posted)
        if any(part.round != round_id for part in keys):
            raise InvalidLogProof("the keys shown are another round's")
        # Every cohort of a part has its K_c and its K_{1,c} … K_{n,c}.
        if any([len(row) for row in part.shares] != [len(trustees)] * len(part.keys) for part in keys):
            raise InvalidLogProof("the keys shown are not one of each trustee for each cohort")
        parents = {unit.parent for unit in opened.units}
        layout = compile_questionnaire(questionnaire)
        return cls(
            ledger=ledger,
            genesis=genesis,
            policy=policy,
            group=group,
            trustees=trustees,
            round=round_id,
            opened=opened,
            scheme=opened.scheme,
            questionnaire=questionnaire,
            layout=layout,
            commitment_keys=commitment_keys(group, layout),
            cohort_keys=tuple(sorted(keys, key=lambda part: part.part)),
            services=tuple(unit for unit in range(len(opened.units)) if unit not in parents),
        )

    def context(self, unit: int) -> RatingContext:
        """What a rating of ``unit`` is made for."""
        return RatingContext(
            ledger=self.ledger,
            round=self.round,
            unit=unit,
            scheme=self.scheme,
            threshold=self.genesis.threshold,
            members=len(self.genesis.members),
        )

    @cached_property
    def prover(self) -> RatingProver | None:
        """What makes ratings in the kernel. None where the kernel has not got the suite."""
        if self.group is not RISTRETTO255:
            return None
        # Nothing here is verified, so no cohort's key is needed; nor does the unit matter.
        return RatingProver(kernel_verifier(self.layout, self.context(0), {}), self.trustees)

    def keys_of(self, unit: int) -> tuple[bytes, Sequence[bytes]]:
        """(K_c, [K_{1,c}, …, K_{n,c}]) of a service, encoded. Raises RuleViolation if it is none."""
        place = self.services.index(unit) if unit in self.services else -1
        if place >= 0 and [part.part for part in self.cohort_keys] == list(range(len(self.cohort_keys))):
            for part in self.cohort_keys:
                if place < len(part.keys):
                    return part.keys[place], part.shares[place]
                place -= len(part.keys)
        raise RuleViolation(f"unit {unit} is not a service with a key in this round", check="tokens")


def ledger_policy(ledger: bytes, log_key: bytes, witnesses: Witnesses = Witnesses()) -> Policy:
    """Accepts checkpoints of this ledger that its log key and enough witnesses have signed."""
    origin = log_origin(ledger)
    return Policy(
        origin, VerifierKey(origin, SignatureType.ED25519, log_key), witnesses.keys, witnesses.quorum
    )


def verify_member(transaction: RoundKeys, genesis: Genesis, ledger: bytes) -> None:
    """Raises InvalidSignature unless the member that the transaction names has signed it."""
    if not 1 <= transaction.trustee <= len(genesis.members):
        raise InvalidSignature(f"there is no member {transaction.trustee}")
    member = genesis.members[transaction.trustee - 1]
    verify_signed(transaction, member.signing_key, ledger, whose=f"member {transaction.trustee}")


def proved(client: LedgerClient, index: int, policy: Policy) -> bytes:
    """Leaf ``index``, with proof. Raises InvalidLogProof if it does not verify."""
    receipt = Receipt.parse(client.receipt(index))
    if receipt.index != index:
        raise InvalidLogProof(f"expected a receipt for leaf {index}, got one for {receipt.index}")
    receipt.verify(policy)
    return receipt.leaf


def who_abandoned(genesis: Genesis, round_id: bytes, leaf: bytes) -> str:
    """The name of the member who gave up a round by this leaf. Raises InvalidLogProof if the leaf does not
    say that, InvalidSignature unless the member has signed it."""
    given_up: RoundAbandoned = _expect(RoundAbandoned, leaf)
    if given_up.round != round_id or not 1 <= given_up.trustee <= len(genesis.members):
        raise InvalidLogProof("the leaf shown does not say that a member abandoned this round")
    member = genesis.members[given_up.trustee - 1]
    verify_signed(given_up, member.signing_key, digest(genesis), whose=f"member {given_up.trustee}")
    return member.name


def _expect(kind: type[Any], leaf: bytes) -> Any:
    transaction: Record = decode_transaction(leaf)
    if not isinstance(transaction, kind):
        raise InvalidLogProof(f"expected a {kind.__name__} leaf, got a {type(transaction).__name__}")
    return transaction
