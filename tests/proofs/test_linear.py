"""Linear relations: the vectors of draft-irtf-cfrg-sigma-protocols, and each check on its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zkperf.errors import EncodingError, InvalidProof
from zkperf.groups.base import Group
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.bls12381_reference import BLS12381_REFERENCE
from zkperf.groups.p256 import NIST_P256 as G
from zkperf.proofs.batch import verify_each
from zkperf.proofs.linear import equations, prove, prove_compact, size, verify, verify_compact
from zkperf.proofs.relation import LinearEquation, LinearRelation, same_logarithm
from zkperf.transcript import COMPACT, Transcript, derive_session_id, session_tag

FOLDER = Path(__file__).parents[2] / "../shared/vectors/cfrg-sigma"

Vector = dict[str, Any]


def vectors(name: str) -> list[Any]:
    path = FOLDER / name
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no test vectors at {path}"))]
    return [pytest.param(vector, id=vector["Id"].split("/", 2)[2]) for vector in json.loads(path.read_text())]


def parse_relation(group: Group, data: bytes) -> LinearRelation:
    """The inverse of `LinearRelation.serialize`."""
    position = 0

    def take(size: int) -> bytes:
        nonlocal position
        position += size
        if position > len(data):
            raise EncodingError("relation: truncated")
        return data[position - size : position]

    def number() -> int:
        return int.from_bytes(take(4), "little")

    def coefficient() -> int:
        return group.decode_scalar(take(group.scalar_size))

    rows = []
    for _ in range(number()):
        image = tuple((number(), coefficient()) for _ in range(number()))
        terms = tuple((number(), number(), coefficient()) for _ in range(number()))
        rows.append(LinearEquation(image, terms))
    rest = data[position:]
    if len(rest) % group.element_size:
        raise EncodingError("relation: not a whole number of elements")
    starts = range(0, len(rest), group.element_size)
    elements = [group.decode(rest[start : start + group.element_size]) for start in starts]
    return LinearRelation(group, (group.generator, *elements), tuple(rows))


def check(group: Group, vector: Vector) -> None:
    relation = parse_relation(group, bytes.fromhex(vector["Instance"]))
    assert relation.serialize().hex() == vector["Instance"]
    accept = verify if vector["Flavor"] == "batchable" else verify_compact
    accept(relation, bytes.fromhex(vector["NargString"]), vector["Tag"].encode())


def seeded(group: Group, vector: Vector) -> Callable[[int], bytes]:
    """The draft's seeded generator, as the random bytes that give those scalars by rejection sampling."""
    marker = {"batchable": "DSFS", "compact": "CMPT"}[vector["Flavor"]]
    tag = f"TestDRNG-SIGMA-PROOFS-{marker}-{vector['Ciphersuite']}-{vector['Relation']}"
    stream = Transcript(derive_session_id(tag.encode()))

    def source(size: int) -> bytes:
        return stream.challenge(group).to_bytes(size, "little")

    return source


def check_valid(group: Group, vector: Vector) -> None:
    assert derive_session_id(vector["Tag"].encode()).hex() == vector["SessionId"]
    check(group, vector)
    relation = parse_relation(group, bytes.fromhex(vector["Instance"]))
    data = bytes.fromhex(vector["Witness"])
    witness = [group.decode_scalar(data[start : start + 32]) for start in range(0, len(data), 32)]
    make = prove if vector["Flavor"] == "batchable" else prove_compact
    proof = make(relation, witness, vector["Tag"].encode(), seeded(group, vector))
    assert proof.hex() == vector["NargString"]


@pytest.mark.parametrize("vector", vectors("sigma-proofs_Shake128_P256.json"))
def test_valid_p256_vector(vector: Vector) -> None:
    check_valid(G, vector)


@pytest.mark.parametrize("vector", vectors("sigma-proofs_Shake128_BLS12381.json"))
@pytest.mark.parametrize("pairing", [BLS12381, BLS12381_REFERENCE], ids=["kernel", "py_ecc"])
def test_valid_bls12381_vector(vector: Vector, pairing: Any) -> None:
    check_valid(pairing.g1, vector)


REFUSALS = {
    "A": EncodingError,  # elements of the proof
    "B": EncodingError,  # scalars of the proof
    "C": EncodingError,  # length of the proof
    "D": InvalidProof,  # the all-zero proof
    "E": InvalidProof,  # the instance
    "F": InvalidProof,  # another tag, statement or flavour
    "H": InvalidProof,  # another response, commitment or challenge
}


@pytest.mark.parametrize("vector", vectors("sigma-proofs-invalid_Shake128_P256.json"))
def test_adversarial_p256_vector(vector: Vector) -> None:
    if vector["Expected"] == "accept":
        check(G, vector)
        return
    case = vector["Id"].rsplit("/", 1)[1]
    # An identity among the instance's elements has no encoding, so it is refused while decoding.
    error = EncodingError if case == "E3" else REFUSALS[case[0]]
    with pytest.raises(error) as caught:
        check(G, vector)
    assert type(caught.value) is error


# -- each check of the verifiers --------------------------------------------------------------------

H = G.hash_to_element(b"H", b"test")
TAG = session_tag("test", G)
COMPACT_TAG = session_tag("test", G, flavour=COMPACT)


def dleq(secret: int) -> LinearRelation:
    """PK{ (x): X = x·B, Y = x·H }"""
    return same_logarithm(G, secret * G.generator, H, secret * H)


@pytest.mark.parametrize(
    ("make", "accept", "tag"),
    [(prove, verify, TAG), (prove_compact, verify_compact, COMPACT_TAG)],
    ids=["batchable", "compact"],
)
class TestBothFlavours:
    def test_every_byte_counts(self, make: Any, accept: Any, tag: bytes) -> None:
        relation = dleq(7)
        proof = make(relation, [7], tag)
        accept(relation, proof, tag)
        for position in range(0, len(proof), 5):
            changed = bytearray(proof)
            changed[position] ^= 1
            with pytest.raises((EncodingError, InvalidProof)):
                accept(relation, bytes(changed), tag)
        for wrong in (b"", proof[:-1], proof + b"\x00", proof + proof):
            with pytest.raises(EncodingError, match="length"):
                accept(relation, wrong, tag)

    def test_another_statement_or_tag(self, make: Any, accept: Any, tag: bytes) -> None:
        proof = make(dleq(7), [7], tag)
        with pytest.raises(InvalidProof):
            accept(dleq(8), proof, tag)
        with pytest.raises(InvalidProof):
            accept(dleq(7), proof, tag + b"/00")

    def test_responses_are_reduced(self, make: Any, accept: Any, tag: bytes) -> None:
        # Here z + q fits into 32 bytes: the same proof in other bytes, were it not refused.
        group = BLS12381.g1
        one = group.generator
        relation = LinearRelation(group, (one, 7 * one), (LinearEquation(((1, 1),), ((0, 0, 1),)),))
        proof = make(relation, [7], tag)
        lifted = int.from_bytes(proof[-32:], "big") + group.order
        with pytest.raises(EncodingError, match="not reduced"):
            accept(relation, proof[:-32] + lifted.to_bytes(32, "big"), tag)

    def test_proofs_are_fresh(self, make: Any, accept: Any, tag: bytes) -> None:
        assert make(dleq(7), [7], tag) != make(dleq(7), [7], tag)

    def test_the_prover_wants_a_witness(self, make: Any, accept: Any, tag: bytes) -> None:
        with pytest.raises(ValueError, match="does not satisfy"):
            make(dleq(7), [8], tag)
        for witness in ([], [7, 7]):
            with pytest.raises(ValueError, match="1 scalars"):
                make(dleq(7), witness, tag)

    def test_one_of_two_equations_is_not_enough(self, make: Any, accept: Any, tag: bytes) -> None:
        good = dleq(7)
        bad = LinearRelation(G, (*good.elements[:3], 8 * H), good.equations)
        object.__setattr__(bad, "images", good.images)  # a prover who does not look
        proof = make(bad, [7], tag)
        honest = LinearRelation(G, bad.elements, bad.equations)
        with pytest.raises(InvalidProof):
            accept(honest, proof, tag)


def test_the_same_logarithm() -> None:
    for key, point in ((7, 8), (8, 7)):
        with pytest.raises(ValueError, match="does not satisfy"):
            prove(same_logarithm(G, key * G.generator, H, point * H), [7], TAG)


def test_the_flavours_are_kept_apart() -> None:
    relation = dleq(7)
    with pytest.raises((EncodingError, InvalidProof)):
        verify(relation, prove_compact(relation, [7], TAG), TAG)
    # The same transcript, rewritten as a compact proof, derives another challenge.
    proof = prove(relation, [7], TAG)
    transcript = Transcript(derive_session_id(TAG))
    transcript.absorb(relation.serialize() + proof[:66])
    rewritten = G.encode_scalar(transcript.challenge(G)) + proof[66:]
    verify_compact(relation, rewritten, TAG)
    with pytest.raises(InvalidProof, match="challenge"):
        verify_compact(relation, rewritten, COMPACT_TAG)


def test_a_compact_proof_with_an_identity_commitment() -> None:
    relation = dleq(7)
    zero = G.encode_scalar(0)
    with pytest.raises(InvalidProof, match="commitment is the identity"):
        verify_compact(relation, zero + zero, COMPACT_TAG)


@pytest.mark.parametrize(("make", "tag"), [(prove, TAG), (prove_compact, COMPACT_TAG)])
def test_proofs_do_not_depend_on_the_witness(make: Any, tag: bytes) -> None:
    """Here log H = 9 is known, so C = 5·B + 3·H has another opening. Its proofs are the very same bytes."""
    H9 = 9 * G.generator
    relation = LinearRelation(
        G, (G.generator, H9, 32 * G.generator), (LinearEquation(((2, 1),), ((0, 0, 1), (1, 1, 1))),)
    )

    def proof_with(witness: list[int], nonces: list[int]) -> bytes:
        draws = iter(nonces)
        proof: bytes = make(relation, witness, tag, lambda size: next(draws).to_bytes(size, "little"))
        return proof

    proof = proof_with([5, 3], [11, 13])
    challenge = (G.decode_scalar(proof[-64:-32]) - 11) * pow(5, -1, G.order) % G.order
    # k' = k + e·(s - s')
    nonces = [(11 + challenge * (5 - 14)) % G.order, (13 + challenge * (3 - 2)) % G.order]
    assert proof_with([14, 2], nonces) == proof


# -- each condition on an instance ------------------------------------------------------------------

X = 7 * G.generator
ROW = LinearEquation(((1, 1),), ((0, 0, 1),))
ONE = G.order - 1  # that is, -1


@pytest.mark.parametrize(
    ("reason", "elements", "equations"),
    [
        ("without an equation", (G.generator,), ()),
        ("without an image", (G.generator, X), (ROW, LinearEquation((), ((0, 0, 1),)))),
        ("without terms", (G.generator, X), (ROW, LinearEquation(((1, 1),), ()))),
        ("negative index", (G.generator, X), (LinearEquation(((-1, 1),), ((0, 0, 1),)),)),
        ("negative index", (G.generator, X), (LinearEquation(((1, 1),), ((-1, 0, 1), (0, 0, 1))),)),
        ("negative index", (G.generator, X), (LinearEquation(((1, 1),), ((0, -2, 1),)),)),
        ("index without an element", (G.generator, X), (LinearEquation(((2, 1),), ((0, 0, 1),)),)),
        ("index without an element", (G.generator, X), (LinearEquation(((1, 1),), ((0, 2, 1),)),)),
        ("index without an element", (), (LinearEquation(((0, 1),), ((0, 0, 1),)),)),
        ("no equation uses", (G.generator, X, H), (ROW,)),
        ("no equation constrains", (G.generator, X), (LinearEquation(((1, 1),), ((1, 0, 1),)),)),
        ("not the generator", (H, X), (ROW,)),
        ("identity is an element", (G.generator, G.identity), (ROW,)),
        ("image is the identity", (G.generator, X), (LinearEquation(((1, 1), (1, ONE)), ((0, 0, 1),)),)),
        ("image is the identity", (G.generator, X), (LinearEquation(((1, 0),), ((0, 0, 1),)),)),
        ("cancels", (G.generator, X), (LinearEquation(((1, 1),), ((0, 0, 1), (1, 0, 1), (1, 0, ONE))),)),
        ("cancels", (G.generator, X), (LinearEquation(((1, 1),), ((0, 0, 0),)),)),
    ],
)
def test_an_invalid_instance(reason: str, elements: tuple[Any, ...], equations: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidProof, match=reason):
        LinearRelation(G, elements, equations)


def test_a_scalar_may_cancel_in_one_equation() -> None:
    rows = (LinearEquation(((1, 1),), ((0, 0, 1), (0, 0, ONE))), ROW)
    relation = LinearRelation(G, (G.generator, X), rows)
    assert relation.num_scalars == 1


def test_the_generator_need_not_be_used() -> None:
    relation = LinearRelation(G, (G.generator, H, 3 * H), (LinearEquation(((2, 1),), ((0, 1, 1),)),))
    verify(relation, prove(relation, [3], TAG), TAG)


def test_coefficients_are_reduced() -> None:
    relation = LinearRelation(G, (G.generator, X), (LinearEquation(((1, 1),), ((0, 0, G.order + 1),)),))
    with pytest.raises(ValueError, match="reduced"):
        relation.serialize()


def test_equations_hold_exactly_when_the_proof_does() -> None:
    """As `verify`, and for many proofs in one batch."""
    secret = G.random_nonzero_scalar()
    base = G.random_nonzero_scalar() * G.generator
    relation = same_logarithm(G, secret * G.generator, base, secret * base)
    tag = session_tag("test", G)
    proof = prove(relation, [secret], tag)
    assert len(proof) == size(relation)
    verify(relation, proof, tag)
    assert verify_each(G, [equations(relation, proof, tag)] * 2) == []
    wrong = proof[:-1] + bytes([proof[-1] ^ 1])
    for items in ([wrong, proof], [proof, wrong]):
        assert verify_each(G, [equations(relation, item, tag) for item in items]) == [items.index(wrong)]
    assert verify_each(G, [equations(relation, proof, session_tag("other", G))]) == [0]
    for malformed in (proof[:-1], proof + b"\0", b"\0" * 33 + proof[33:], proof[:-32] + b"\xff" * 32):
        with pytest.raises(EncodingError):
            equations(relation, malformed, tag)
