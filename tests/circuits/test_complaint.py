"""Complaints: true ones are believed, false ones are found out, and forged ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from circuits.complaint import Complaint, FalseComplaint, complain, judge
from circuits.rating import Bundle, Core, decode_core, open_shares, sealing_context
from tests.circuits.rating.world import World
from tests.misfits import refuses_misfits
from tests.suites import EVERY
from tests.toygroup import TOY
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidProof
from zkperf.groups.base import Group
from zkperf.proofs.linear import verify_compact
from zkperf.proofs.relation import same_logarithm
from zkperf.sealing import bundle_digest, encode_shares, salted_digest, seal
from zkperf.sharing import Share
from zkperf.transcript import COMPACT, session_tag

RATING = b"D" * 32
J = 2


def accuse(world: World, core: Core, bundle: Bundle, j: int = J) -> Complaint:
    return complain(world.group, world.context.ledger, RATING, core, bundle, j, world.secrets[j - 1])


def verdict(world: World, core: Core, complaint: Complaint, **changes: Any) -> None:
    decoded = decode_core(world.group, world.layout, world.context.threshold, core)
    judge(
        world.group,
        changes.get("ledger", world.context.ledger),
        core,
        complaint,
        trustee_key=changes.get("trustee_key") or world.trustees[complaint.trustee - 1],
        keys=world.keys,
        commitments=decoded.commitments,
        coefficients=decoded.coefficients,
    )


def with_sealed(core: Core, bundle: Bundle, sealed: bytes, j: int = J) -> tuple[Core, Bundle]:
    """The rating of a rater who has put this under trustee j's digest."""
    sealed_shares = (*bundle.sealed[: j - 1], sealed, *bundle.sealed[j:])
    changed = bundle.model_copy(update={"sealed": sealed_shares})
    digest = bundle_digest([*map(salted_digest, changed.salts, changed.sealed)])
    return core.model_copy(update={"digest": digest}), changed


def with_plaintext(world: World, core: Core, bundle: Bundle, plaintext: bytes) -> tuple[Core, Bundle]:
    """The same, sealed correctly: trustee j opens it and finds ``plaintext``."""
    context = sealing_context(world.context.ledger, core, J)
    ephemeral = world.group.decode(core.ephemeral)
    sealed = seal(world.group, world.secrets[J - 1], ephemeral, context, plaintext)
    return with_sealed(core, bundle, sealed)


def honest_shares(world: World, core: Core, bundle: Bundle) -> tuple[Share, ...]:
    point = world.shared_point(core, J)
    ledger = world.context.ledger
    return open_shares(world.group, world.keys, ledger, core, J, point, bundle.sealed[J - 1])


# -- true complaints --------------------------------------------------------------------------------


@pytest.mark.parametrize("group", EVERY)
def test_a_share_that_does_not_open(group: Group) -> None:
    world = World(group=group)
    core, bundle = world.rate()
    broken = bytes([bundle.sealed[J - 1][0] ^ 1]) + bundle.sealed[J - 1][1:]
    core, bundle = with_sealed(core, bundle, broken)
    complaint = accuse(world, core, bundle)
    verdict(world, core, Complaint.decode(complaint.encode()))


@pytest.mark.parametrize("group", EVERY)
def test_a_share_that_does_not_match(group: Group) -> None:
    """In any of its commitments, in a value or in the blinding."""
    world = World(group=group)
    core, bundle = world.rate()
    shares = honest_shares(world, core, bundle)
    for q, share in enumerate(shares):
        for wrong in (
            Share(share.values, (share.blinding + 1) % group.order),
            Share((*share.values[:-1], (share.values[-1] + 1) % group.order), share.blinding),
        ):
            plaintext = encode_shares(group, [*shares[:q], wrong, *shares[q + 1 :]])
            spoilt = with_plaintext(world, core, bundle, plaintext)
            verdict(world, spoilt[0], accuse(world, *spoilt))


def test_another_trustees_share() -> None:
    world = World()
    core, bundle = world.rate()
    core, bundle = with_sealed(core, bundle, bundle.sealed[0])
    verdict(world, core, accuse(world, core, bundle))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: b"",
        lambda good: good[:-1],
        lambda good: good[:-32],
        lambda good: good + bytes(32),
        lambda good: TOY.order.to_bytes(32, "big") + good[32:],
        lambda good: good[:-32] + b"\xff" * 32,
    ],
    ids=["empty", "short", "a scalar less", "a scalar more", "not reduced", "blinding not reduced"],
)
def test_a_share_that_is_malformed(spoil: Callable[[bytes], bytes]) -> None:
    world = World()
    core, bundle = world.rate()
    plaintext = spoil(encode_shares(TOY, honest_shares(world, core, bundle)))
    core, bundle = with_plaintext(world, core, bundle, plaintext)
    verdict(world, core, accuse(world, core, bundle))


def test_a_second_representative_of_the_right_scalars_is_malformed_too() -> None:
    world = World()
    core, bundle = world.rate()
    shares = honest_shares(world, core, bundle)
    lifted = (shares[0].values[0] + TOY.order).to_bytes(32, "big")
    plaintext = lifted + encode_shares(TOY, shares)[32:]
    core, bundle = with_plaintext(world, core, bundle, plaintext)
    verdict(world, core, accuse(world, core, bundle))


# -- false complaints -------------------------------------------------------------------------------


@pytest.mark.parametrize("group", EVERY)
def test_a_complaint_about_a_good_share_is_false(group: Group) -> None:
    world = World(group=group)
    core, bundle = world.rate()
    for j in range(1, world.context.members + 1):
        with pytest.raises(FalseComplaint, match=f"trustee {j}'s share"):
            verdict(world, core, accuse(world, core, bundle, j))


def test_only_the_trustee_with_the_bad_share_is_right() -> None:
    world = World()
    core, bundle = world.rate()
    core, bundle = with_sealed(core, bundle, b"\x00" * 100)
    verdict(world, core, accuse(world, core, bundle, J))
    with pytest.raises(FalseComplaint):
        verdict(world, core, accuse(world, core, bundle, J + 1))


def test_a_share_that_is_sealed_well_again_is_good() -> None:
    world = World()
    core, bundle = world.rate()
    plaintext = encode_shares(TOY, honest_shares(world, core, bundle))
    core, bundle = with_plaintext(world, core, bundle, plaintext)
    with pytest.raises(FalseComplaint):
        verdict(world, core, accuse(world, core, bundle))


# -- forged complaints about a good share: each would strike out an honest rating -------------------


class Forger:
    """An honest rating, the true proof of trustee J about it, and changes that somebody tries."""

    def __init__(self) -> None:
        self.world = World()
        self.core, self.bundle = self.world.rate()
        self.complaint = accuse(self.world, self.core, self.bundle)

    def refused(self, match: str, error: type[Exception] = InvalidProof, **changes: Any) -> None:
        complaint = self.complaint.model_copy(update=changes)
        with pytest.raises(error, match=match) as caught:
            verdict(self.world, self.core, complaint)
        assert type(caught.value) is error


def test_another_sealed_share_than_the_ratings() -> None:
    forger = Forger()
    sealed, digests = forger.complaint.sealed, forger.complaint.digests
    forger.refused("not the one in the rating", sealed=sealed[:-1])
    forger.refused("not the one in the rating", sealed=sealed + b"\x00")
    forger.refused("not the one in the rating", sealed=forger.bundle.sealed[0])
    forger.refused("not the one in the rating", salt=forger.bundle.salts[0])
    # A byte moved from the salt to the share would give the same digest, had the salt no fixed size.
    with pytest.raises(EncodingError):
        fields = forger.complaint.to_array()
        fields[5:7] = [fields[5][:-1], fields[5][-1:] + fields[6]]
        Complaint.from_array(fields)
    forged = (*digests[: J - 1], salted_digest(bytes(64), b"garbage"), *digests[J:])
    forger.refused("not those of the rating", digests=forged, salt=bytes(64), sealed=b"garbage")
    forger.refused("not those of the rating", digests=digests[:-1])
    forger.refused("not those of the rating", digests=(*digests, digests[0]))
    forger.refused("not those of the rating", digests=digests[::-1])


def test_another_point_than_the_trustees() -> None:
    forger = Forger()
    world = forger.world
    point = world.shared_point(forger.core, J)
    for other in (-point, point + TOY.generator, world.shared_point(forger.core, J + 1)):
        forger.refused("challenge", point=TOY.encode(other))
    for malformed in (b"", bytes(32), forger.complaint.point + b"\x00", b"\xff" * 32):
        forger.refused("toy", EncodingError, point=malformed)


def test_a_trustee_with_two_secrets() -> None:
    """The point of another secret than the key's: the first equation catches it."""
    forger = Forger()
    ledger, secret = forger.world.context.ledger, forger.world.secrets[J - 1] + 1
    forged = complain(TOY, ledger, RATING, forger.core, forger.bundle, J, secret)
    with pytest.raises(InvalidProof, match="challenge"):
        verdict(forger.world, forger.core, forged)


def test_another_proof() -> None:
    forger = Forger()
    proof = forger.complaint.proof
    assert len(proof) == 64
    for malformed in (b"", proof[:-1], proof + b"\x00"):
        forger.refused("length", EncodingError, proof=malformed)
    forger.refused("not reduced", EncodingError, proof=b"\xff" * 64)
    forger.refused("challenge", proof=proof[32:] + proof[:32])
    forger.refused("identity", proof=bytes(64))


def test_another_trustee() -> None:
    forger = Forger()
    forger.refused("not the one in the rating", trustee=J + 1)
    for nobody in (0, 5):
        with pytest.raises(InvalidProof, match="no digest for this trustee"):
            complaint = forger.complaint.model_copy(update={"trustee": nobody})
            verdict(forger.world, forger.core, complaint, trustee_key=forger.world.trustees[J - 1])
    with pytest.raises(InvalidProof, match="challenge"):
        verdict(forger.world, forger.core, forger.complaint, trustee_key=forger.world.trustees[J])


def test_a_complaint_cannot_be_moved() -> None:
    forger = Forger()
    forger.refused("another round or unit", round=b"r" * 32)
    forger.refused("another round or unit", unit=8)
    forger.refused("challenge", rating=b"d" * 32)
    with pytest.raises(InvalidProof, match="challenge"):
        verdict(forger.world, forger.core, forger.complaint, ledger=b"l" * 32)
    other = forger.core.model_copy(update={"sequence": 1})
    with pytest.raises(InvalidProof, match="challenge"):
        verdict(forger.world, other, forger.complaint)


def test_fields_of_the_wrong_type_are_refused() -> None:
    world = World()
    refuses_misfits(accuse(world, *world.rate()), "sealed", "point", "proof")


def test_the_proof_is_bound_to_everything_else_that_is_said() -> None:
    world = World()
    core, bundle = world.rate()
    complaint = accuse(world, core, bundle)
    fields = complaint.to_array()[:7]
    assert fields == [
        *(core.round, core.unit, RATING, J),
        list(map(salted_digest, bundle.salts, bundle.sealed)),
        *(bundle.salts[J - 1], bundle.sealed[J - 1]),
    ]
    bound = encode([world.context.ledger, sha256(core.encode()).digest(), *fields])
    tag = session_tag("complaint", TOY, bound, flavour=COMPACT)
    ephemeral, point = TOY.decode(core.ephemeral), TOY.decode(complaint.point)
    relation = same_logarithm(TOY, world.trustees[J - 1], ephemeral, point)
    verify_compact(relation, complaint.proof, tag)


# -- what a complaint tells -------------------------------------------------------------------------


@pytest.mark.parametrize("group", EVERY)
def test_the_rater_knew_the_point_before(group: Group) -> None:
    """D = y·T_j: nothing that the rater, who has proved to know y, could not have computed."""
    world = World(group=group)
    draws: list[bytes] = []

    def recorded(size: int) -> bytes:
        draws.append(world.group.random_scalar().to_bytes(size, "little") if size == 32 else bytes(size))
        return draws[-1]

    core, bundle = world.rate(source=recorded)
    candidates = [1 + int.from_bytes(draw, "little") for draw in draws if len(draw) == 32]
    [y] = {y for y in candidates if group.encode(y * group.generator) == core.ephemeral}
    assert accuse(world, core, bundle).point == group.encode(y * world.trustees[J - 1])
