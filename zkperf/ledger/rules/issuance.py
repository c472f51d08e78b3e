"""Issuance: one blinded point per voucher, for ever (protocol, section 4).

What of an issuance can be checked without knowing what else is on the ledger, its signatures and its
point, is verified for many at a time. `verify_issuance` is the readable definition; the kernel does the
same from the leaves' bytes. A test holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence

from zkperf import signatures
from zkperf._native import IssuanceLeaf, IssuanceVerifier
from zkperf.errors import EncodingError, RuleViolation, ZkperfError, bare
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.rules.common import find_round, require
from zkperf.ledger.signing import verify_signed, voucher_message
from zkperf.ledger.state import Phase, Round, State
from zkperf.ledger.transactions import Issue, decode_transaction

CHECK = "issuance"
REGISTRAR, VOUCHER = "this service's registrar", "the voucher"

Verdict = ZkperfError | None


def verify_issuances(state: State, issuances: Sequence[IssuanceLeaf]) -> list[Verdict]:
    """For each issuance why it is refused, whatever else is on the ledger; None if it is not."""
    verdicts: list[Verdict] = [RuleViolation("its round has no such service", check=CHECK)] * len(issuances)
    rounds: dict[bytes, list[int]] = {}
    for place, leaf in enumerate(issuances):
        if is_for_service(state, leaf):
            rounds.setdefault(leaf.round, []).append(place)
    for round_id, places in rounds.items():
        found = state.rounds[round_id]
        task = _verify_readably if found.registrars is None else _verify_in_kernel
        judged = task(state, found, [issuances[place] for place in places])
        for place, verdict in zip(places, judged, strict=True):
            verdicts[place] = verdict
    return verdicts


def is_for_service(state: State, leaf: IssuanceLeaf) -> bool:
    """Its round is on the ledger and has the service."""
    found = state.rounds.get(leaf.round)
    return found is not None and leaf.unit in found.cohorts


def verify_issuance(state: State, found: Round, issue: Issue) -> None:
    """The registrar of this service signed the voucher; the voucher's own key signed this point."""
    registrar = found.opened.units[issue.unit].registrar
    assert registrar is not None  # leaves have one: process_round_opened
    message = voucher_message(state.ledger, issue.round, issue.unit, issue.voucher)
    signatures.verify(registrar, message, issue.registrar_signature, whose=REGISTRAR)
    verify_signed(issue, issue.voucher, state.ledger, whose=VOUCHER)
    state.pairing.g1.decode(issue.blinded)


def _verify_readably(state: State, found: Round, issuances: Sequence[IssuanceLeaf]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for leaf in issuances:
        try:
            verify_issuance(state, found, decode_transaction(leaf.data))
        except ZkperfError as error:
            verdicts.append(bare(error))
        else:
            verdicts.append(None)
    return verdicts


def issuance_verifier(state: State, found: Round) -> IssuanceVerifier | None:
    """The kernel's verifier of a round's issuances. None where the kernel has not got the pairing."""
    if state.pairing is not BLS12381:
        return None
    keys = {unit: found.opened.units[unit].registrar for unit in found.cohorts}
    return IssuanceVerifier(state.ledger, {unit: key for unit, key in keys.items() if key is not None})


def _verify_in_kernel(state: State, found: Round, issuances: Sequence[IssuanceLeaf]) -> list[Verdict]:
    return [None if refusal is None else _refused(*refusal) for refusal in found.registrars.verify(issuances)]


def _refused(what: str, message: str) -> ZkperfError:
    if what == "encoding":
        return EncodingError(message)
    return signatures.refused(REGISTRAR if what == "registrar" else VOUCHER)


def process_issue(state: State, leaf: IssuanceLeaf, verdict: Verdict) -> None:
    """A voucher is used, for the first time. ``verdict`` comes from `verify_issuances`."""
    found = find_round(state, leaf.round, CHECK, Phase.OPEN)
    require(leaf.unit in found.cohorts, CHECK, f"unit {leaf.unit} is not a service of this round")
    voucher = leaf.voucher
    require(
        voucher not in state.vouchers,
        CHECK,
        "this voucher is used: ask for its token shares again instead",
    )
    if verdict is not None:
        raise verdict
    most = found.most_ratings
    require(
        found.issued < most,
        CHECK,
        f"all {most} tokens of this round are issued: its totals could get no larger",
    )
    state.vouchers[voucher] = state.size
    found.issued += 1
    found.cohort(leaf.unit).issued += 1
