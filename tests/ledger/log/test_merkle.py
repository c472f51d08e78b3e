"""RFC 6962, section 2.1: against its definitions, and against the vectors of transparency-dev/merkle."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from zkperf.errors import InvalidLogProof
from zkperf.ledger.log.merkle import (
    EMPTY_ROOT,
    NodeId,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_leaf_hashes,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[3] / "../shared/vectors/merkle"
CASES = sorted(path for kind in ("inclusion", "consistency") for path in (VECTORS / kind).glob("**/*.json"))
LEAVES = [f"leaf {i}".encode() for i in range(40)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


class Nodes:
    """A node store in memory that counts how it is asked."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.tree = Tree()
        self.hashes = {(n.level, n.index): n.hash for n in self.tree.extend(leaf_hashes)}
        self.asked: list[int] = []

    def __call__(self, ids: Sequence[NodeId]) -> list[bytes]:
        self.asked.append(len(ids))
        return [self.hashes[i] for i in ids]


NODES = Nodes(HASHES)


# -- the definitions of the RFC, word by word ------------------------------------------------------


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


# -- hashes and the growing tree --------------------------------------------------------------------


def test_hashes_are_domain_separated() -> None:
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert node_hash(b"a" * 32, b"b" * 32) == hashlib.sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_root_is_the_merkle_tree_hash(size: int) -> None:
    assert root_from_leaf_hashes(HASHES[:size]) == mth(LEAVES[:size])


def test_appending_returns_exactly_the_complete_subtrees() -> None:
    tree = Tree()
    seen: dict[NodeId, bytes] = {}
    for size, digest in enumerate(HASHES, start=1):
        completed = tree.append(digest)
        assert [(n.level, n.index) for n in completed] == [
            (level, (size >> level) - 1) for level in range(8) if size % (1 << level) == 0
        ]
        seen |= {(n.level, n.index): n.hash for n in completed}
        assert tree.size == size
    for (level, index), digest in seen.items():
        assert digest == mth(LEAVES[index << level : (index + 1) << level])


@pytest.mark.parametrize("size", range(len(LEAVES)))
def test_a_tree_from_stored_nodes_grows_like_the_original(size: int) -> None:
    tree = Tree.from_nodes(size, NODES)
    assert tree.root() == mth(LEAVES[:size])
    tree.extend(HASHES[size:])
    assert tree.root() == mth(LEAVES)


# -- proofs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 24))
def test_inclusion_proofs_are_the_paths_and_verify(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(index, size, NODES)
        assert proof == path(index, LEAVES[:size])
        verify_inclusion(HASHES[index], index, size, proof, mth(LEAVES[:size]))


@pytest.mark.parametrize("size", range(1, 24))
def test_consistency_proofs_are_the_subproofs_and_verify(size: int) -> None:
    for earlier in range(1, size + 1):
        proof = consistency_proof(earlier, size, NODES)
        assert proof == subproof(earlier, LEAVES[:size], True)
        verify_consistency(earlier, size, mth(LEAVES[:earlier]), mth(LEAVES[:size]), proof)


def test_proofs_take_one_read_of_few_nodes() -> None:
    nodes = Nodes([leaf_hash(bytes([i % 256, i >> 8])) for i in range(1023)])
    inclusion_proof(511, 1023, nodes)
    consistency_proof(767, 1023, nodes)
    assert len(nodes.asked) == 2
    assert max(nodes.asked) <= 20


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_inclusion_proof_outside_of_the_tree(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(index, size, NODES)


@pytest.mark.parametrize(("size1", "size2"), [(0, 5), (6, 5), (-1, 5)])
def test_no_consistency_proof_between_impossible_sizes(size1: int, size2: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(size1, size2, NODES)


# -- refusals ---------------------------------------------------------------------------------------


def test_inclusion_refuses_another_place_leaf_root_or_proof() -> None:
    root, proof = mth(LEAVES[:13]), inclusion_proof(6, 13, NODES)
    verify_inclusion(HASHES[6], 6, 13, proof, root)
    bad = [
        (HASHES[5], 6, 13, proof, root),
        (HASHES[6], 7, 13, proof, root),
        (HASHES[6], -1, 13, proof, root),
        (HASHES[6], 13, 13, proof, root),
        (HASHES[6], 6, 0, proof, root),
        (HASHES[6], 6, 13, proof, mth(LEAVES[:12])),
        (HASHES[6], 6, 13, proof[:-1], root),
        (HASHES[6], 6, 13, proof[1:], root),
        (HASHES[6], 6, 13, [*proof, proof[0]], root),
        (HASHES[6], 6, 13, [proof[0], *proof], root),
        (HASHES[6], 6, 13, [], root),
        (HASHES[0], 0, 1, [proof[0]], HASHES[0]),
        (b"", 0, 1, [], b""),
    ]
    for case in bad:
        with pytest.raises(InvalidLogProof):
            verify_inclusion(*case)


def test_an_index_outside_of_the_tree_is_refused_although_its_path_would_fit() -> None:
    # Read as a path, index 4 of 4 leaves, and index -1, go where some other leaf is.
    for index in (4, -1):
        place = 3 if index == 4 else 0
        with pytest.raises(InvalidLogProof, match="index below"):
            verify_inclusion(HASHES[place], index, 4, inclusion_proof(place, 4, NODES), mth(LEAVES[:4]))


def test_steps_of_another_length_than_a_hash_are_refused() -> None:
    step = bytes(31)
    with pytest.raises(InvalidLogProof, match="32 bytes"):
        verify_inclusion(HASHES[0], 0, 2, [step], node_hash(HASHES[0], step))
    with pytest.raises(InvalidLogProof, match="32 bytes"):
        verify_consistency(1, 2, HASHES[0], node_hash(HASHES[0], step), [step])


def test_sizes_beyond_63_bits_are_refused() -> None:
    root, steps = HASHES[0], [bytes([i]) * 32 for i in range(63)]
    for step in steps:
        root = node_hash(root, step)
    with pytest.raises(InvalidLogProof, match="tree size"):
        verify_inclusion(HASHES[0], 0, 2**63, steps, root)
    with pytest.raises(InvalidLogProof, match="tree size"):
        verify_consistency(1, 2**63, HASHES[0], root, steps)


def test_consistency_refuses_another_size_root_or_proof() -> None:
    root6, root13, proof = mth(LEAVES[:6]), mth(LEAVES[:13]), consistency_proof(6, 13, NODES)
    verify_consistency(6, 13, root6, root13, proof)
    bad = [
        (5, 13, root6, root13, proof),
        (7, 13, root6, root13, proof),
        (0, 13, root6, root13, proof),
        (0, 13, EMPTY_ROOT, root13, []),
        (6, 8, root6, root13, [*proof, proof[0]]),
        (14, 13, root6, root13, proof),
        (6, 13, mth(LEAVES[:5]), root13, proof),
        (6, 13, root6, mth(LEAVES[:12]), proof),
        (6, 13, root6, root13, proof[:-1]),
        (6, 13, root6, root13, proof[1:]),
        (6, 13, root6, root13, [*proof, proof[0]]),
        (6, 13, root6, root13, [proof[0], *proof]),
        (6, 13, root6, root13, []),
        (6, 6, root6, root6, [root6]),
        (6, 6, root6, root13, []),
    ]
    for case in bad:
        with pytest.raises(InvalidLogProof):
            verify_consistency(*case)


def test_all_cases_of_the_vectors_are_here() -> None:
    if not VECTORS.is_dir():
        pytest.skip("../shared/vectors/merkle is missing")
    assert len(CASES) == 196


@pytest.mark.parametrize("case", CASES, ids=lambda path: "/".join(path.parts[-3:]))
def test_vectors(case: Path) -> None:
    vector: dict[str, Any] = json.loads(case.read_text())
    proof = [base64.b64decode(step) for step in vector["proof"] or []]

    def verify() -> None:
        if "leafIdx" in vector:
            digest, root = base64.b64decode(vector["leafHash"]), base64.b64decode(vector["root"])
            verify_inclusion(digest, vector["leafIdx"], vector["treeSize"], proof, root)
        else:
            root1, root2 = base64.b64decode(vector["root1"]), base64.b64decode(vector["root2"])
            verify_consistency(vector["size1"], vector["size2"], root1, root2, proof)

    if vector["wantErr"]:
        with pytest.raises(InvalidLogProof):
            verify()
    else:
        verify()
