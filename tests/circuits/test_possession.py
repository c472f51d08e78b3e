"""Proofs of possession hold for one element in one context, and for nothing else."""

from __future__ import annotations

import pytest

from circuits.possession import prove_possession, verify_possession
from zkperf.errors import EncodingError, InvalidProof
from zkperf.groups.base import Group
from zkperf.groups.bls12381 import BLS12381
from zkperf.groups.p256 import NIST_P256
from zkperf.groups.ristretto255 import RISTRETTO255

GROUPS = [RISTRETTO255, NIST_P256, BLS12381.g1, BLS12381.g2]
all_groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


@all_groups
def test_a_proof_holds(group: Group) -> None:
    secret = group.random_nonzero_scalar()
    element = secret * group.generator
    proof = prove_possession(group, secret, element, b"trustee 1")
    assert len(proof) == 2 * group.scalar_size
    verify_possession(group, element, b"trustee 1", proof)
    assert proof != prove_possession(group, secret, element, b"trustee 1")


@all_groups
def test_a_proof_holds_for_nothing_else(group: Group) -> None:
    secret = group.random_nonzero_scalar()
    element = secret * group.generator
    proof = prove_possession(group, secret, element, b"trustee 1")
    for context in (b"", b"trustee 2", b"trustee 1\x00"):
        with pytest.raises(InvalidProof):
            verify_possession(group, element, context, proof)
    for other in (-element, element + group.generator, 2 * element):
        with pytest.raises(InvalidProof):
            verify_possession(group, other, b"trustee 1", proof)
    with pytest.raises(InvalidProof, match="identity"):
        verify_possession(group, group.identity, b"trustee 1", proof)
    for bad in (b"", proof[:-1], proof + b"\x00"):
        with pytest.raises(EncodingError):
            verify_possession(group, element, b"trustee 1", bad)
    for position in (0, 31, 32, 63):
        changed = bytearray(proof)
        changed[position] ^= 1
        with pytest.raises((EncodingError, InvalidProof)):
            verify_possession(group, element, b"trustee 1", bytes(changed))


def test_a_proof_of_one_group_is_none_of_another() -> None:
    # Both groups of the pairing have the same order: the name in the tag, and the elements, tell them apart.
    g1, g2 = BLS12381.g1, BLS12381.g2
    proof = prove_possession(g1, 5, 5 * g1.generator, b"")
    with pytest.raises(InvalidProof):
        verify_possession(g2, 5 * g2.generator, b"", proof)


def test_the_prover_wants_the_logarithm() -> None:
    group = RISTRETTO255
    with pytest.raises(ValueError, match="does not satisfy"):
        prove_possession(group, 5, 6 * group.generator, b"")
    with pytest.raises(InvalidProof, match="identity"):
        prove_possession(group, 0, group.identity, b"")
