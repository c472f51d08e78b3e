"""Whose signature a transaction needs, told from its outside (`zkperf.ledger.envelope`).

The rules say the same of the decoded transaction, and have the last word. This says it before anything is
decoded, so that work is done for parties of the ledger only. A rating and an issuance have rules of their
own: the one has no signature, and of the other the voucher's key can be anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zkperf import signatures
from zkperf.errors import RuleViolation, ZkperfError, bare
from zkperf.ledger import figure_transactions as ftx
from zkperf.ledger import transactions as tx
from zkperf.ledger.envelope import Envelope, kind_of
from zkperf.ledger.rules.common import find_figures, require, require_party
from zkperf.ledger.rules.figures.reports import provider_key
from zkperf.ledger.rules.genesis import CHECK as GENESIS
from zkperf.ledger.signed import Signed
from zkperf.ledger.signing import transaction_message
from zkperf.ledger.state import State

Named = tuple[bytes, str]
"""A key, and whose it is."""
Signer = Callable[[State, Envelope], Named]


def _evaluator(check: str) -> Signer:
    def find(state: State, envelope: Envelope) -> Named:
        key = envelope.bytes_at("evaluator")
        require(key in state.rules.evaluators, check, "the signer is not one of the ledger's evaluators")
        return key, "the evaluator"

    return find


def _party(state: State, envelope: Envelope) -> Named:
    key = envelope.bytes_at("signer")
    require_party(state, key, "rounds")
    return key, "this member or evaluator"


def _member(check: str, *path: str) -> Signer:
    def find(state: State, envelope: Envelope) -> Named:
        member = envelope.number(*path)
        require(1 <= member <= state.members, check, f"there is no member {member}")
        return state.rules.members[member - 1].signing_key, f"member {member}"

    return find


def _provider(check: str, *path: str) -> Signer:
    def find(state: State, envelope: Envelope) -> Named:
        found = find_figures(state, envelope.bytes_at(*path, "round"), check)
        unit = envelope.number(*path, "unit")
        key = provider_key(found, unit)
        if key is None:
            raise RuleViolation(f"unit {unit} is not a provider of this round", check=check)
        return key, "this provider"

    return find


def _auditor(state: State, envelope: Envelope) -> Named:
    found = find_figures(state, envelope.bytes_at("round"), "attestations")
    key = envelope.bytes_at("auditor")
    known = key in {auditor.key for auditor in found.opened.auditors}
    require(known, "attestations", "the signer is not one of the round's auditors")
    return key, "the auditor"


SIGNERS: dict[type[Signed], Signer] = {
    tx.SchemePosted: _evaluator("schemes"),
    tx.RoundOpened: _evaluator("rounds"),
    tx.DealCommitted: _member("key generation", "commitment", "dealer"),
    tx.DealPosted: _member("key generation", "deal", "dealer"),
    tx.DealChallenged: _member("key generation", "complaint", "accuser"),
    tx.DealsAccepted: _member("key generation", "trustee"),
    tx.RoundKeys: _member("key generation", "trustee"),
    tx.RoundClosed: _evaluator("rounds"),
    tx.ComplaintPosted: _member("complaints", "complaint", "trustee"),
    tx.Checked: _member("counted set", "trustee"),
    tx.BundlesLost: _member("counted set", "trustee"),
    tx.Deadline: _party,
    tx.RoundAbandoned: _member("rounds", "trustee"),
    tx.SumsPosted: _member("openings", "trustee"),
    tx.ResultPosted: _member("results", "trustee"),
    ftx.SchemeOfFigures: _evaluator("schemes"),
    ftx.FiguresOpened: _evaluator("rounds"),
    ftx.ReportPosted: _provider("reports", "report"),
    ftx.ClaimsPosted: _provider("claims"),
    ftx.FiguresPublished: _member("pools", "trustee"),
    ftx.Attested: _auditor,
    ftx.DrawShare: _member("draw", "trustee"),
}
"""By kind. What is not here comes from nobody but the engine itself, or is a rating or an issuance."""


def refuse_strangers(state: State, items: Sequence[bytes]) -> list[ZkperfError | None]:
    """For each transaction why it is refused unseen; None if it is signed by whose signature it needs.

    All signatures are verified as one batch, by the kernel, without the interpreter's lock.
    """
    refusals: list[ZkperfError | None] = [None] * len(items)
    places: list[int] = []
    signed: list[tuple[bytes, bytes, bytes]] = []
    names: list[str] = []
    for place, data in enumerate(items):
        try:
            kind = kind_of(data)
            require(kind is not tx.Genesis, GENESIS, "a ledger has one genesis, its first leaf")
            if kind not in SIGNERS:
                raise RuleViolation(
                    "ratings come with their bundle; batches are the sequencer's", check="batches"
                )
            envelope = Envelope.open(data)
            key, whose = SIGNERS[envelope.kind](state, envelope)
        except ZkperfError as error:
            refusals[place] = bare(error)
            continue
        message = transaction_message(state.ledger, envelope.kind, envelope.covered)
        places.append(place)
        signed.append((key, message, envelope.signature))
        names.append(whose)
    for culprit in signatures.culprits(signed):
        refusals[places[culprit]] = signatures.refused(names[culprit])
    return refusals
