"""The RFC 6962 Merkle tree: hashes, proofs, and a tree that grows by appending.

Notation of RFC 6962, section 2.1: D[a:b] are the leaves a to b-1, MTH is the Merkle tree hash, and a
tree of n > 1 leaves splits at k, the largest power of two below n. A *node* (level, index) is the hash
of the complete subtree over D[index·2^level : (index+1)·2^level]; it never changes once its leaves are
there, so the nodes are what a store keeps and every proof is put together from O(log n) of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from zkperf.errors import InvalidLogProof
from zkperf.ledger.log.textual import HASH_BYTES, MAX_SIZE

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""MTH of no leaves."""

NodeId = tuple[int, int]
"""(level, index) of a complete subtree."""

NodeReader = Callable[[Sequence[NodeId]], Sequence[bytes]]
"""Reads the hashes of the given nodes, in the given order, at once."""


@dataclass(frozen=True, slots=True)
class CompletedNode:
    """A complete subtree and its hash: what a store keeps."""

    level: int
    index: int
    hash: bytes


def leaf_hash(leaf: bytes) -> bytes:
    """MTH of one leaf: SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """MTH of two subtrees: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_leaf_hashes(leaf_hashes: Iterable[bytes]) -> bytes:
    """MTH over leaves that are given by their hashes."""
    tree = Tree()
    tree.extend(leaf_hashes)
    return tree.root()


def root_of(leaf: Callable[[int], bytes], size: int) -> bytes:
    """MTH of the first ``size`` leaves, each read again."""
    return root_from_leaf_hashes(leaf_hash(leaf(index)) for index in range(size))


class Tree:
    """A tree that knows only its size and its frontier: the complete subtrees it consists of.

    Appending costs O(1) hashes on average, the root O(log n); memory is O(log n).
    """

    def __init__(self) -> None:
        self._size = 0
        self._frontier: list[bytes] = []  # one hash per set bit of the size, largest subtree first

    @classmethod
    def from_nodes(cls, size: int, read: NodeReader) -> Self:
        """The tree of ``size`` leaves whose nodes are stored."""
        tree = cls()
        tree._size = size
        tree._frontier = list(read(_complete_subtrees(0, size)))
        return tree

    def copy(self) -> Tree:
        """The same tree, to append to."""
        tree = Tree()
        tree._size, tree._frontier = self._size, list(self._frontier)
        return tree

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def append(self, leaf_hash: bytes) -> list[CompletedNode]:
        """Add one leaf, by its hash. Returns the subtrees that it completes, the leaf itself first."""
        level, index, digest = 0, self._size, leaf_hash
        completed = [CompletedNode(level, index, digest)]
        # An odd index is a right child: its left sibling is the smallest subtree of the frontier.
        while index & 1:
            level, index, digest = level + 1, index >> 1, node_hash(self._frontier.pop(), digest)
            completed.append(CompletedNode(level, index, digest))
        self._frontier.append(digest)
        self._size += 1
        return completed

    def extend(self, leaf_hashes: Iterable[bytes]) -> list[CompletedNode]:
        """Add leaves in order. Returns all subtrees that they complete."""
        return [node for leaf_hash in leaf_hashes for node in self.append(leaf_hash)]

    def root(self) -> bytes:
        """MTH of all leaves."""
        return _fold(self._frontier) if self._frontier else EMPTY_ROOT


# -- proofs ---------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962, section 2.1.1, from the leaf's sibling up to the root's child.

    ``read`` must know the nodes of a tree of at least ``size`` leaves. Raises IndexError if there is no
    such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise IndexError(f"expected a leaf index below the size {size}, got {index}")
    ranges = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return _range_hashes(ranges[::-1], read)


def consistency_proof(size1: int, size2: int, read: NodeReader) -> list[bytes]:
    """PROOF(size1, D[0:size2]) of RFC 6962, section 2.1.2.

    Raises IndexError unless 0 < size1 <= size2: nothing can be proved about the empty tree.
    """
    if not 0 < size1 <= size2:
        raise IndexError(f"expected sizes 0 < size1 <= size2, got {size1} and {size2}")
    ranges = []
    start, stop = 0, size2
    while stop > size1:
        middle = start + _split(stop - start)
        if size1 <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:  # the old tree ends in this subtree, and is more than it: its hash is not known yet
        ranges.append((start, stop))
    return _range_hashes(ranges[::-1], read)


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with this hash is D[index] of the tree of ``size`` leaves with this root.

    Raises InvalidLogProof.
    """
    _check_shape(size, [leaf_hash, *proof])
    if not 0 <= index < size:
        raise InvalidLogProof(f"inclusion: expected an index below the size {size}, got {index}")
    if not hmac.compare_digest(_root_from_path(leaf_hash, index, size, proof), root):
        raise InvalidLogProof("inclusion: the proof does not lead to the root")


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (size1, root1) is a prefix of the tree (size2, root2).

    Raises InvalidLogProof, also for an empty first tree, about which no proof says anything.
    """
    _check_shape(size2, proof)
    if not 0 < size1 <= size2:
        raise InvalidLogProof(f"consistency: expected 0 < size1 <= size2, got {size1} and {size2}")
    old, new = _roots_from_proof(size1, size2, root1, proof, whole=True)
    if not hmac.compare_digest(old, root1):
        raise InvalidLogProof("consistency: the proof does not lead to the first root")
    if not hmac.compare_digest(new, root2):
        raise InvalidLogProof("consistency: the proof does not lead to the second root")


def _check_shape(size: int, hashes: Sequence[bytes]) -> None:
    if size >= MAX_SIZE:
        raise InvalidLogProof(f"expected a tree size below 2^63, got {size}")
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise InvalidLogProof(f"expected hashes of {HASH_BYTES} bytes in the proof")


def _root_from_path(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """MTH(D[0:size]) as a path claims it: PATH, read from the root down, tells which side each hash is on."""
    if size == 1:
        if proof:
            raise InvalidLogProof("inclusion: the proof is too long")
        return leaf_hash
    if not proof:
        raise InvalidLogProof("inclusion: the proof is too short")
    *below, sibling = proof
    k = _split(size)
    if index < k:
        return node_hash(_root_from_path(leaf_hash, index, k, below), sibling)
    return node_hash(sibling, _root_from_path(leaf_hash, index - k, size - k, below))


def _roots_from_proof(
    size1: int, size2: int, root1: bytes, proof: Sequence[bytes], *, whole: bool
) -> tuple[bytes, bytes]:
    """(MTH(D[0:size1]), MTH(D[0:size2])) as SUBPROOF(size1, D[0:size2], whole) claims them.

    ``whole``: the first tree is the very tree whose root is ``root1``, which a proof leaves out.
    """
    if size1 == size2:
        if len(proof) != (0 if whole else 1):
            raise InvalidLogProof("consistency: the proof has the wrong length")
        same = root1 if whole else proof[0]
        return same, same
    if not proof:
        raise InvalidLogProof("consistency: the proof is too short")
    *below, sibling = proof
    k = _split(size2)
    if size1 <= k:
        old, new = _roots_from_proof(size1, k, root1, below, whole=whole)
        return old, node_hash(new, sibling)
    old, new = _roots_from_proof(size1 - k, size2 - k, root1, below, whole=False)
    return node_hash(sibling, old), node_hash(sibling, new)


# -- ranges ---------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two below ``size`` > 1."""
    return 1 << ((size - 1).bit_length() - 1)


def _complete_subtrees(start: int, stop: int) -> list[NodeId]:
    """The complete subtrees, largest first, that make up a subtree D[start:stop] of a tree."""
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _fold(hashes: Sequence[bytes]) -> bytes:
    """MTH of a subtree from the hashes of its complete subtrees, largest first."""
    *left, digest = hashes
    for sibling in reversed(left):
        digest = node_hash(sibling, digest)
    return digest


def _range_hashes(ranges: Sequence[tuple[int, int]], read: NodeReader) -> list[bytes]:
    """MTH of each range, with one read for all of them."""
    needed = [_complete_subtrees(start, stop) for start, stop in ranges]
    hashes = iter(read([node for nodes in needed for node in nodes]))
    return [_fold([next(hashes) for _ in nodes]) for nodes in needed]
