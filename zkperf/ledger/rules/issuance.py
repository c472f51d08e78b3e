"""Issuance: one blinded point per voucher, for ever (protocol, section 4)."""

from __future__ import annotations

from zkperf.ledger.rules.common import find_round, require
from zkperf.ledger.rules.sizes import most_ratings
from zkperf.ledger.signing import verify_bytes, verify_signed, voucher_message
from zkperf.ledger.state import Issuance, Phase, State
from zkperf.ledger.transactions import Issue

CHECK = "issuance"


def process_issue(state: State, issue: Issue) -> None:
    """The registrar of this service signed the voucher; the voucher's own key signed this point."""
    found = find_round(state, issue.round, CHECK, Phase.OPEN)
    require(issue.unit in found.cohorts, CHECK, f"unit {issue.unit} is not a service of this round")
    require(
        issue.voucher not in state.vouchers,
        CHECK,
        "this voucher is used: ask for its token shares again instead",
    )
    registrar = found.opened.units[issue.unit].registrar
    assert registrar is not None  # leaves have one: process_round_opened
    message = voucher_message(state.ledger, issue.round, issue.unit, issue.voucher)
    verify_bytes(registrar, message, issue.registrar_signature, whose="this service's registrar")
    verify_signed(issue, issue.voucher, state.ledger, whose="the voucher")
    most = most_ratings(found.scheme.questionnaire)
    issued = sum(cohort.issued for cohort in found.cohorts.values())
    require(
        issued < most, CHECK, f"all {most} tokens of this round are issued: its totals could get no larger"
    )
    blinded = state.pairing.g1.decode(issue.blinded)
    state.vouchers[issue.voucher] = Issuance(state.size, issue.round, issue.unit, blinded)
    found.cohort(issue.unit).issued += 1
