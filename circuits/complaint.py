"""A trustee proves that its share of a rating is bad, without showing its key.

    PK{ (t): T_j = t·B,  D = t·Y }

D is the point under which the rater sealed for trustee j. With it anyone derives the key, opens the sealed
share, which the salted digest h_j in the rating pins, and sees for themselves.

Sound: d in the core binds h_1 … h_n, and h_j the sealed share; D is y·T_j, because both equations have the
same t. So an honest rating's share opens and matches: nobody can get it struck out, its trustee included.

Hides: the rater has proved knowledge of y, and D = y·T_j, so a complaint can be simulated from what the
rater knows. It opens nothing that somebody else has sealed, and tells nothing about t_j.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from hashlib import sha256
from typing import Any

from circuits.rating import Bundle, Dealt, check_shares, open_shares
from zkperf.commitments import CommitmentKey
from zkperf.encoding import UNSHOWN, Bytes32, Bytes64, Record, Sequence, Uint, encode
from zkperf.errors import InvalidProof, InvalidShare, ZkperfError
from zkperf.groups.base import Group
from zkperf.proofs.linear import prove_compact, verify_compact
from zkperf.proofs.relation import same_logarithm
from zkperf.randomness import RandomBytes, system
from zkperf.sealing import bundle_digest, salted_digest
from zkperf.transcript import COMPACT, session_tag


class FalseComplaint(ZkperfError):
    """A complaint about a share that opens and matches: it counts against the trustee who made it."""

    check = "complaints"


class Complaint(Record):
    """Trustee j says that its share of a rating is bad. If that is false it shows an honest share, and never
    enters the log: nor any other."""

    round: Bytes32
    unit: Uint
    rating: Bytes32
    """The digest that the ledger knows the rating by."""
    trustee: Uint
    """j, from 1."""
    digests: Sequence[Bytes32]
    """h_1 … h_n of the rating's bundle."""
    salt: Bytes64 = UNSHOWN
    sealed: bytes = UNSHOWN
    """Trustee j's sealed share."""
    point: bytes = UNSHOWN
    """D = t_j·Y."""
    proof: bytes
    """Compact proof of the relation above, bound to everything else in the complaint and to the core."""


def complain(
    group: Group,
    ledger: bytes,
    rating: bytes,
    core: Dealt,
    bundle: Bundle,
    trustee: int,
    secret: int,
    source: RandomBytes = system,
) -> Complaint:
    """The complaint of the trustee with this index and ``secret`` t_j about its share of ``core``.

    ``rating`` is the digest that the ledger knows the core by. Only to be made once the share was found
    to be bad: it shows the share to everybody.
    """
    ephemeral = group.decode(core.ephemeral)
    # T_j = t_j·B, D = t_j·Y
    key, point = group.msm([secret], [group.generator]), group.msm([secret], [ephemeral])
    unproved = Complaint(
        round=core.round,
        unit=core.unit,
        rating=rating,
        trustee=trustee,
        digests=tuple(map(salted_digest, bundle.salts, bundle.sealed)),
        salt=bundle.salts[trustee - 1],
        sealed=bundle.sealed[trustee - 1],
        point=group.encode(point),
        proof=b"",
    )
    relation = same_logarithm(group, key, ephemeral, point)
    proof = prove_compact(relation, [secret], _tag(group, ledger, core, unproved), source)
    return unproved.model_copy(update={"proof": proof})


def judge(
    group: Group,
    ledger: bytes,
    core: Dealt,
    complaint: Complaint,
    *,
    trustee_key: Any,
    keys: SequenceOf[CommitmentKey],
    commitments: SequenceOf[Any],
    coefficients: SequenceOf[SequenceOf[Any]],
) -> None:
    """Returns if the complaint is true: the rating is then struck out.

    ``core`` is the rating that the ledger knows by ``complaint.rating``, ``trustee_key`` is T_j, and the
    rest are the keys and the core's decoded commitments C_q and E_{q,k}. Raises InvalidProof or
    EncodingError if the complaint is not about this rating, shows another sealed share than the rating's
    or does not prove D, and FalseComplaint if the share opens and matches.
    """
    j = complaint.trustee
    if (complaint.round, complaint.unit) != (core.round, core.unit):
        raise InvalidProof("complaint: the rating is for another round or unit")
    if not 1 <= j <= len(complaint.digests):
        raise InvalidProof("complaint: there is no digest for this trustee")
    # d = SHA-256(h_1 ‖ … ‖ h_n), h_j = SHA-256(salt_j ‖ sealed_j)
    if bundle_digest(complaint.digests) != core.digest:
        raise InvalidProof("complaint: the digests are not those of the rating")
    if salted_digest(complaint.salt, complaint.sealed) != complaint.digests[j - 1]:
        raise InvalidProof("complaint: the sealed share is not the one in the rating")
    point = group.decode(complaint.point)
    relation = same_logarithm(group, trustee_key, group.decode(core.ephemeral), point)
    verify_compact(relation, complaint.proof, _tag(group, ledger, core, complaint))
    try:
        shares = open_shares(group, keys, ledger, core, j, point, complaint.sealed)
        check_shares(keys, commitments, coefficients, j, shares)
    except InvalidShare:
        return
    raise FalseComplaint(f"trustee {j}'s share of the rating is good")


def _tag(group: Group, ledger: bytes, core: Dealt, complaint: Complaint) -> bytes:
    # Point and proof are the last two fields; the point is an element of the relation.
    bound = [ledger, sha256(core.encode()).digest(), *complaint.to_array()[:-2]]
    return session_tag("complaint", group, encode(bound), flavour=COMPACT)
