"""Whose signature a transaction needs, and when it may come: for every kind alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ledger.bench import Bench, before, in_phase
from tests.ledger.forgeries import posted_complaint
from zkperf.encoding import Record
from zkperf.errors import InvalidSignature, RuleViolation
from zkperf.ledger.rules.common import require
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    Batch,
    BundlesLost,
    Checked,
    ComplaintPosted,
    ComplaintRefused,
    Deadline,
    DealChallenged,
    DealCommitted,
    DealPosted,
    DealsAccepted,
    Issue,
    ResultPosted,
    RoundAbandoned,
    RoundClosed,
    RoundDrained,
    RoundKeys,
    RoundOpened,
    SchemePosted,
    SumsPosted,
    signed_digest,
)
from zkperf.tokens.dealing_complaint import complain

NAME = "totals"


def test_a_rule_that_is_broken_is_named() -> None:
    require(True, "rounds", "no")
    with pytest.raises(RuleViolation, match=r"^because$") as caught:
        require(False, "rounds", "because")
    assert caught.value.check == "rounds"


# -- members ----------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A transaction of member ``member`` that is due now, and how it says who posts it."""

    bench: Bench
    member: int
    transaction: Any
    check: str
    claim: Callable[[Any, int], dict[str, Any]]
    """The fields changed so that another member is named."""


def _plain(transaction: Any, member: int) -> dict[str, Any]:
    return {"trustee": member}


def _within(name: str, inner: str) -> Callable[[Any, int], dict[str, Any]]:
    return lambda transaction, member: {
        name: getattr(transaction, name).model_copy(update={inner: member}),
    }


def _on_the_log(kind: type[Record], check: str, claim: Callable[[Any, int], dict[str, Any]]) -> Case:
    """The first leaf of this kind, of member 1."""
    bench, transaction = before(kind, NAME)
    return Case(bench, 1, transaction, check, claim)


def _due(phase: Phase, check: str) -> Case:
    """What member 1 posts in this phase."""
    bench = in_phase(phase).fork()
    return Case(bench, 1, bench.duty(1), check, _plain)


def _challenge() -> Case:
    bench, _ = before(DealsAccepted, NAME)
    keygen = bench.round.keygens[0]
    trustee = bench.trustees[1]
    false = complain(keygen.context, keygen.deals[2], 1, trustee._secret)
    challenge = bench.signed(1, DealChallenged, complaint=false)
    return Case(bench, 1, challenge, "key generation", _within("complaint", "accuser"))


def _lost() -> Case:
    bench = in_phase(Phase.CHECKING).fork()
    entries = tuple(sorted(bench.round.entries))
    posted = bench.signed(1, BundlesLost, round=bench.round.digest, trustee=1, entries=entries)
    return Case(bench, 1, posted, "counted set", _plain)


def _given_up() -> Case:
    bench = in_phase(Phase.CHECKING).fork()
    return Case(bench, 1, bench.abandoned(1), "rounds", _plain)


def _complaint() -> Case:
    bench = in_phase(Phase.CHECKING).fork()
    rated = bench.ratings[0]
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    return Case(bench, 3, posted, "complaints", _within("complaint", "trustee"))


MEMBERS: dict[type[Record], Callable[[], Case]] = {
    DealCommitted: lambda: _on_the_log(DealCommitted, "key generation", _within("commitment", "dealer")),
    DealPosted: lambda: _on_the_log(DealPosted, "key generation", _within("deal", "dealer")),
    DealChallenged: _challenge,
    DealsAccepted: lambda: _on_the_log(DealsAccepted, "key generation", _plain),
    RoundKeys: lambda: _on_the_log(RoundKeys, "key generation", _plain),
    ComplaintPosted: _complaint,
    RoundAbandoned: lambda: _given_up(),
    BundlesLost: lambda: _lost(),
    Checked: lambda: _due(Phase.CHECKING, "counted set"),
    SumsPosted: lambda: _due(Phase.SUMMING, "openings"),
    ResultPosted: lambda: _due(Phase.OPENED, "results"),
}


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_a_member_signs_for_itself_alone(kind: type[Record]) -> None:
    bench, member, transaction, check, claim = MEMBERS[kind]()
    assert type(transaction) is kind
    for signer in (member % 3 + 1, "evaluator", "sequencer", "registrar"):
        forged = bench.resigned(signer, transaction)
        bench.refuse(forged, "signatures", f"not a signature of member {member}", InvalidSignature)
    # There is no member 0 either, whose key would be that of the last.
    for stranger in (0, 4):
        forged = bench.resigned(3, transaction, **claim(transaction, stranger))
        bench.refuse(forged, check, f"there is no member {stranger}")


def test_a_refused_complaint_was_signed_by_its_member() -> None:
    bench = in_phase(Phase.CHECKING).fork()
    rated = bench.ratings[0]
    posted = posted_complaint(bench, 3, rated.core, rated.bundle)
    refused = ComplaintRefused(
        signature=posted.signature, round=bench.round.digest, trustee=3, digest=signed_digest(posted)
    )
    for stranger in (0, 4):
        forged = refused.model_copy(update={"trustee": stranger})
        bench.refuse(forged, "complaints", f"there is no member {stranger}")
    for changes in ({"trustee": 1}, {"digest": bytes(32)}, {"signature": bytes(64)}):
        forged = refused.model_copy(update=changes)
        bench.refuse(forged, "signatures", "not a signature of member", InvalidSignature)
    bench.apply(refused)
    assert bench.round.refused_complaints == {3: 1}


# -- evaluators -------------------------------------------------------------------------------------


def _closing() -> tuple[Bench, Any]:
    bench = in_phase(Phase.OPEN).fork()
    return bench, bench.close()


def _ending() -> tuple[Bench, Any]:
    bench = in_phase(Phase.COMMITTING).fork()
    return bench, bench.deadline()


EVALUATORS: dict[type[Signed], Callable[[], tuple[Bench, Any]]] = {
    SchemePosted: lambda: before(SchemePosted, NAME),
    RoundOpened: lambda: before(RoundOpened, NAME),
    RoundClosed: _closing,
}


@pytest.mark.parametrize("kind", EVALUATORS, ids=lambda kind: kind.__name__)
def test_only_evaluators_run_rounds(kind: type[Signed]) -> None:
    bench, transaction = EVALUATORS[kind]()
    check = "schemes" if kind is SchemePosted else "rounds"
    for signer in (1, "sequencer", "registrar"):
        named = bench.resigned(signer, transaction, evaluator=public_bytes(bench.key(signer)))
        bench.refuse(named, check, "the signer is not one of the ledger's evaluators")
        unnamed = bench.resigned(signer, transaction)
        bench.refuse(unnamed, "signatures", "not a signature of the evaluator", InvalidSignature)


def test_members_and_evaluators_end_stages() -> None:
    bench, deadline = _ending()
    for signer in ("sequencer", "registrar"):
        named = bench.resigned(signer, deadline, signer=public_bytes(bench.key(signer)))
        bench.refuse(named, "rounds", "the signer is neither a member nor one of the ledger's evaluators")
    for signer in (1, "evaluator"):
        named = bench.resigned("sequencer", deadline, signer=public_bytes(bench.key(signer)))
        bench.refuse(named, "signatures", "not a signature of this member or evaluator", InvalidSignature)


# -- rounds and phases ------------------------------------------------------------------------------

BEFORE_OPEN = {Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.KEYED}
ALLOWED: dict[type[Record], tuple[str, set[Phase]]] = {
    DealCommitted: ("key generation", {Phase.COMMITTING}),
    DealPosted: ("key generation", {Phase.DEALING}),
    DealChallenged: ("key generation", {Phase.ACCEPTING}),
    DealsAccepted: ("key generation", {Phase.ACCEPTING}),
    RoundKeys: ("key generation", {Phase.KEYED}),
    Issue: ("issuance", {Phase.OPEN}),
    Batch: ("batches", {Phase.OPEN, Phase.DRAINING}),
    RoundClosed: ("rounds", BEFORE_OPEN | {Phase.OPEN}),
    ComplaintPosted: ("complaints", {Phase.OPEN, Phase.DRAINING, Phase.CHECKING}),
    ComplaintRefused: ("complaints", {Phase.OPEN, Phase.DRAINING, Phase.CHECKING}),
    RoundDrained: ("counted set", {Phase.DRAINING}),
    BundlesLost: ("counted set", {Phase.CHECKING}),
    RoundAbandoned: ("rounds", {Phase.DRAINING, Phase.CHECKING}),
    Checked: ("counted set", {Phase.CHECKING}),
    SumsPosted: ("openings", {Phase.SUMMING, Phase.TOTALLING}),
    Deadline: ("rounds", {Phase.COMMITTING, Phase.DEALING, Phase.ACCEPTING, Phase.CHECKING}),
    ResultPosted: ("results", {Phase.OPENED}),
}


@cache
def sample(kind: type[Record]) -> Any:
    """A transaction of this kind that was fine at its time."""
    if kind is Issue:
        return before(Issue, NAME)[1]
    if kind is Batch:
        opened = in_phase(Phase.OPEN)
        return opened.batch([rated.core for rated in opened.of(1)])[0]
    if kind is RoundClosed:
        return _closing()[1]
    if kind is RoundDrained:
        return in_phase(Phase.DRAINING).drained()
    if kind is Deadline:
        return _ending()[1]
    if kind is ComplaintRefused:
        posted = sample(ComplaintPosted)
        return ComplaintRefused(
            signature=posted.signature, round=posted.complaint.round, trustee=3, digest=signed_digest(posted)
        )
    return MEMBERS[kind]().transaction


def about(kind: type[Record], round_id: bytes) -> Any:
    """The sample, about another round."""
    bench, transaction = in_phase(Phase.OPEN), sample(kind)
    if isinstance(transaction, ComplaintRefused):
        return transaction.model_copy(update={"round": round_id})
    if hasattr(transaction, "round"):
        changes: dict[str, Any] = {"round": round_id}
    else:
        [name] = set(type(transaction).model_fields) - {"signature", "trustee"}
        changes = {name: getattr(transaction, name).model_copy(update={"round": round_id})}
    by_member: dict[type[Record], str | int] = {
        Issue: "registrar",
        Batch: "sequencer",
        RoundDrained: "sequencer",
        RoundClosed: "evaluator",
        Deadline: "evaluator",
    }
    signer = by_member.get(kind) or MEMBERS[kind]().member
    return bench.resigned(signer, transaction, **changes)


FIGURES_ONLY = (Phase.CLAIMING, Phase.INSPECTING, Phase.CONCLUDED)


@pytest.mark.parametrize("kind", ALLOWED, ids=lambda kind: kind.__name__)
def test_a_transaction_is_about_a_round_on_the_ledger(kind: type[Record]) -> None:
    check, allowed = ALLOWED[kind]
    in_phase(min(allowed)).refuse(about(kind, b"\x11" * 32), check, "there is no round 1111111111111111")


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in FIGURES_ONLY])
@pytest.mark.parametrize("kind", ALLOWED, ids=lambda kind: kind.__name__)
def test_everything_has_its_time(kind: type[Record], phase: Phase) -> None:
    check, allowed = ALLOWED[kind]
    if phase not in allowed:
        in_phase(phase).refuse(sample(kind), check, f"the round is in the phase “{phase}”")


def test_a_member_may_not_be_heard_for_another_ledger() -> None:
    """The same transaction, signed for another ledger, has no valid signature here."""
    bench, transaction = before(DealCommitted, NAME)
    elsewhere = signed(DealCommitted, bench.key(1), bytes(32), commitment=transaction.commitment)
    bench.refuse(elsewhere, "signatures", error=InvalidSignature)


def test_a_made_up_key_is_nobodys() -> None:
    bench, transaction = before(DealCommitted, NAME)
    mine = Ed25519PrivateKey.generate()
    forged = signed(DealCommitted, mine, bench.state.ledger, commitment=transaction.commitment)
    bench.refuse(forged, "signatures", error=InvalidSignature)
