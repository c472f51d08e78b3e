"""Transactions: one of each kind, every field of which has its type and size and takes nothing else."""

from __future__ import annotations

import pytest

from circuits.complaint import Complaint
from circuits.questionnaire import Questionnaire
from circuits.rating import Core
from circuits.report import Report
from tests.circuits.claims.world import claim, index, scheme
from tests.circuits.strategies import question
from tests.misfits import refuses_misfits
from zkperf.encoding import Record
from zkperf.ledger import figure_transactions as ftx
from zkperf.ledger import transactions as tx
from zkperf.tokens.dealing_complaint import DealComplaint
from zkperf.tokens.keygen import Deal, DealCommitment
from zkperf.tokens.keys import CohortKeys

D, S, G1, G2 = b"D" * 32, b"S" * 64, b"1" * 48, b"2" * 96

LOOSE = (
    *("sealing_key", "possession", "ephemeral", "knowledge", "sealed", "point", "proof"),
    *("pseudonym", "commitments", "coefficients"),
)
"""Byte strings whose size depends on the suite, the round or the scheme: rules check them."""

MEMBER = tx.Member(name="a", signing_key=D, sealing_key=b"T", possession=b"p", signature=S)
RESULT = tx.QuestionResult(
    question="q",
    status="published",
    reason="none",
    answered=4,
    counts=(tx.OptionCount(option="a", count=4),),
    total=-7,
    mean="-1.750000",
)
UNIT_RESULT = tx.UnitResult(
    unit=0, name="all", status="published", reason="none", counted=4, lost=1, questions=(RESULT,)
)
DEAL = Deal(
    round=D,
    part=0,
    dealer=1,
    salt=D,
    ephemeral=b"Y",
    knowledge=b"k",
    coefficients=((G2,),),
    possession=(G1,),
    sealed=(b"s",),
)
COMPLAINT = Complaint(
    round=D, unit=1, rating=D, trustee=1, digests=(D,), salt=S, sealed=b"s", point=b"D", proof=b"p"
)
POOL = ftx.Pool(
    indicator="i",
    status="published",
    reason="none",
    count=4,
    sum=-7,
    mean="-1.750000",
    share="0.5",
    share_of=4,
    share_from="bits",
)
POOLS = ftx.PoolUnit(unit=0, name="all", status="published", reason="none", count=4, lost=1, pools=(POOL,))
CORE = Core(
    round=D,
    unit=1,
    pseudonym=b"X",
    ephemeral=b"Y",
    token=G1,
    sequence=0,
    commitments=(b"C",),
    coefficients=((b"E",),),
    digest=D,
    proof=b"p",
)

ONE_OF_EACH: list[Record] = [
    tx.Genesis(
        version=1,
        name="ledger",
        suite="P-256",
        members=(MEMBER,),
        threshold=1,
        log_key=D,
        evaluators=(D,),
        min_cohort_floor=2,
        max_sequence=3,
        stage_seconds=4,
        abandon_seconds=16,
        rehearsal=True,
        nonce=D,
    ),
    tx.SchemePosted(
        signature=S,
        evaluator=D,
        questionnaire=Questionnaire(id="f", title={}, questions=(question("q", "number", bounds=(1, 2)),)),
    ),
    tx.RoundOpened(
        signature=S,
        evaluator=D,
        scheme=D,
        name="round",
        min_cohort=2,
        units=(tx.Unit(name="unit", parent=0, registrar=D),),
        at=5,
        until=6,
    ),
    tx.DealCommitted(signature=S, commitment=DealCommitment(round=D, part=0, dealer=1, digest=D)),
    tx.DealPosted(signature=S, deal=DEAL),
    tx.DealChallenged(
        signature=S,
        complaint=DealComplaint(round=D, part=0, dealer=1, accuser=2, point=b"D", proof=b"p"),
    ),
    tx.DealsAccepted(signature=S, round=D, trustee=1),
    tx.RoundKeys(signature=S, trustee=1, keys=CohortKeys(round=D, part=0, keys=(G2,), shares=((G2,),))),
    tx.Issue(signature=S, voucher=D, round=D, unit=1, registrar_signature=S, blinded=G1),
    tx.Batch(signature=S, round=D, unit=1, count=7, final=False),
    CORE,
    tx.RoundClosed(signature=S, evaluator=D, round=D, at=5),
    tx.ComplaintPosted(signature=S, complaint=COMPLAINT),
    tx.ComplaintRefused(signature=S, round=D, trustee=1, digest=D),
    tx.Checked(signature=S, round=D, trustee=1, mark=7, root=D, entries=D),
    tx.Deadline(signature=S, signer=D, round=D, at=5),
    tx.SumsPosted(
        signature=S,
        round=D,
        trustee=1,
        stage=0,
        counted=D,
        sums=(tx.NodeSum(commitment=0, unit=1, values=(D,), blinding=D),),
    ),
    tx.ResultPosted(signature=S, round=D, trustee=1, units=(UNIT_RESULT,)),
    ftx.SchemeOfFigures(signature=S, evaluator=D, scheme=scheme(claim("target", "quality"), index=index())),
    ftx.FiguresOpened(
        signature=S,
        evaluator=D,
        scheme=D,
        period="2018",
        previous=D,
        ratings=(D,),
        min_cohort=2,
        units=(ftx.Place(name="unit", parent=0, provider=D),),
        auditors=(ftx.Auditor(name="auditor", key=D),),
        at=5,
        until=6,
    ),
    ftx.ReportPosted(
        signature=S,
        report=Report(
            round=D,
            unit=1,
            sequence=0,
            reported=(0,),
            ephemeral=b"Y",
            commitments=(b"V",),
            coefficients=((b"E",),),
            digest=D,
            proof=b"p",
        ),
    ),
    ftx.ClaimsPosted(
        signature=S,
        round=D,
        unit=1,
        report=D,
        claims=(ftx.Proven(claim=0, outcome=-1, proof=b"p"),),
    ),
    ftx.FiguresPublished(signature=S, round=D, trustee=1, units=(POOLS,)),
    ftx.Attested(signature=S, auditor=D, round=D, unit=1, report=D, indicators=(0,)),
    ftx.DrawShare(signature=S, round=D, trustee=1, share=G1),
    tx.RoundDrained(signature=S, round=D),
    tx.RoundAbandoned(signature=S, round=D, trustee=1, at=5),
    tx.BundlesLost(signature=S, round=D, trustee=1, entries=(D,)),
]


def test_there_is_one_of_each_kind() -> None:
    assert [type(transaction) for transaction in ONE_OF_EACH] == list(tx.KINDS.values())


@pytest.mark.parametrize("transaction", ONE_OF_EACH, ids=lambda transaction: type(transaction).__name__)
def test_fields_of_the_wrong_type_are_refused(transaction: Record) -> None:
    refuses_misfits(transaction, *LOOSE)
