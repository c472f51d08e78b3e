"""The records that roles keep and exchange: every field has its type and size and takes nothing else."""

from __future__ import annotations

import pytest

from tests.misfits import refuses_misfits
from zkperf.encoding import Record
from zkperf.roles.citizen import Token
from zkperf.roles.outlook import Outlook, OutlookAsked
from zkperf.roles.provider import Openings
from zkperf.roles.registrar import Voucher
from zkperf.roles.showing import KeptOpening, Shown
from zkperf.roles.wallet import Entry, Outgoing, Requested
from zkperf.roles.wire import Submission

D, S, G1 = b"D" * 32, b"S" * 64, b"1" * 48
VOUCHER = Voucher(ledger=D, round=D, unit=1, secret=D, registrar_signature=S)
REQUESTED = Requested(voucher=VOUCHER, blinding=D, issue=b"issue")
OUTGOING = Outgoing(core=b"core", bundle=b"bundle")


@pytest.mark.parametrize(
    "record",
    [
        Token(round=D, unit=1, secret=D, token=G1, next_sequence=2),
        VOUCHER,
        OutlookAsked(signature=S, evaluator=D, round=D, at=5),
        Outlook(round=D, at=5, enough=(True,)),
        Submission(transaction=b"transaction", bundle=b"bundle"),
        Submission(transaction=b"transaction", bundle=None),
    ],
    ids=lambda record: type(record).__name__,
)
def test_fields_of_the_wrong_type_are_refused(record: Record) -> None:
    refuses_misfits(record, "transaction", "bundle")


@pytest.mark.parametrize(
    "record",
    [
        KeptOpening(indicator=1, value=-5, blinding=D),
        Openings(report=D, figures=(KeptOpening(indicator=1, value=-5, blinding=D),)),
        Shown(round=D, unit=1, report=D, ephemeral=b"Y", sealed=b"sealed"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_providers_keep_and_show(record: Record) -> None:
    refuses_misfits(record, "ephemeral", "sealed")


@pytest.mark.parametrize("requested", [REQUESTED, None])
@pytest.mark.parametrize("outgoing", [OUTGOING, None])
def test_what_a_wallet_keeps(requested: Requested | None, outgoing: Outgoing | None) -> None:
    entry = Entry(
        ledger=D,
        round=D,
        unit=1,
        secret=D,
        requested=requested,
        token=G1,
        next_sequence=0,
        outgoing=outgoing,
        rated=D,
    )
    refuses_misfits(entry, "issue", "core", "bundle")
