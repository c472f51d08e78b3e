"""Proving a dealer wrong: a trustee shows that the key shares sealed for it are bad.

    PK{ (t): T_j = t·B,  D = t·Y }

D is the point under which dealer i sealed for trustee j. With it anybody opens the shares on the ledger
and sees for themselves. The dealer has proved that it knows y, and D = y·T_j: showing D tells nothing that
the dealer did not know, and cannot be made to open what somebody else has sealed.
"""

from __future__ import annotations

from zkperf.encoding import Bytes32, Record, Uint, encode
from zkperf.errors import EncodingError, InvalidShare, ZkperfError
from zkperf.proofs import linear
from zkperf.proofs.relation import LinearRelation, same_logarithm
from zkperf.randomness import RandomBytes, system
from zkperf.tokens.keygen import CheckedDeal, KeygenContext, open_with
from zkperf.transcript import COMPACT, session_tag


class FalseDealComplaint(ZkperfError):
    """A complaint about shares that open and match: it counts against the trustee who made it."""

    check = "key generation"


class DealComplaint(Record):
    """Trustee ``accuser`` says that the shares that ``dealer`` sealed for it are bad."""

    round: Bytes32
    part: Uint
    dealer: Uint
    accuser: Uint
    point: bytes
    """D = t_j·Y in the suite's group."""
    proof: bytes
    """Compact proof of the relation above, bound to the run, the deal and the accuser."""


def complain(
    context: KeygenContext, checked: CheckedDeal, trustee: int, secret: int, source: RandomBytes = system
) -> DealComplaint:
    """Trustee j's complaint, ``secret`` being t_j. Only to be made after `open_deal_shares` has refused:
    it shows the shares to everybody."""
    # D = t_j·Y
    point = context.group.msm([secret], [checked.ephemeral])
    relation = _relation(context, checked, trustee, point)
    return DealComplaint(
        round=context.round,
        part=context.part,
        dealer=checked.deal.dealer,
        accuser=trustee,
        point=context.group.encode(point),
        proof=linear.prove_compact(relation, [secret], _tag(context, checked, trustee), source),
    )


def judge_deal_complaint(
    context: KeygenContext, checked: CheckedDeal, complaint: DealComplaint, source: RandomBytes = system
) -> None:
    """Returns if the complaint is true: the dealer is then disqualified.

    Raises EncodingError if it is malformed or about another deal, InvalidProof if D is not shown to be
    t_j·Y, and FalseDealComplaint if the shares open and match.
    """
    subject = (context.round, context.part, checked.deal.dealer)
    if (complaint.round, complaint.part, complaint.dealer) != subject:
        raise EncodingError("complaint: it is about another deal")
    if not 1 <= complaint.accuser <= context.members:
        raise EncodingError(f"complaint: expected an accuser from 1 to {context.members}")
    point = context.group.decode(complaint.point)
    relation = _relation(context, checked, complaint.accuser, point)
    linear.verify_compact(relation, complaint.proof, _tag(context, checked, complaint.accuser))
    try:
        open_with(context, checked, complaint.accuser, point, source)
    except InvalidShare:
        return
    raise FalseDealComplaint(
        f"the shares that member {complaint.dealer} dealt to trustee {complaint.accuser} are good"
    )


def _relation(context: KeygenContext, checked: CheckedDeal, trustee: int, point: object) -> LinearRelation:
    # T_j = t·B, D = t·Y
    return same_logarithm(context.group, context.trustees[trustee - 1], checked.ephemeral, point)


def _tag(context: KeygenContext, checked: CheckedDeal, trustee: int) -> bytes:
    # The deal's digest binds the run as well.
    bound = encode([checked.digest, trustee])
    return session_tag("deal-complaint", context.group, bound, flavour=COMPACT)
