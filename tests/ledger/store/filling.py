"""Puts things into stores, for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.merkle import leaf_hash
from zkperf.ledger.store.block import Block, PendingRating
from zkperf.ledger.store.store import Store

ORIGIN = "zkperf.ledger/test"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
ROUND = bytes([1]) * 32


def note_after(store: Store, leaves: Sequence[bytes]) -> str:
    """The signed checkpoint of the store's tree with these leaves appended."""
    tree = store.tree()
    tree.extend(map(leaf_hash, leaves))
    return SIGNER.sign(Checkpoint(ORIGIN, tree.size, tree.root()))


def append(
    store: Store, leaves: Sequence[bytes], *, waiting: Sequence[PendingRating] = (), **block: Any
) -> None:
    """Append a block of these leaves, and whatever else is in it, under a signed checkpoint."""
    store.append(Block(store.size, list(leaves), **block), note=note_after(store, leaves), waiting=waiting)


def rating(name: str, *, unit: int = 1, pseudonym: bytes = b"", sequence: int = 0) -> PendingRating:
    """A made-up rating whose every part is known by ``name``."""
    core, bundle = f"core of {name}".encode(), f"bundle of {name}".encode() * 20
    return PendingRating(ROUND, unit, pseudonym or name.encode(), sequence, core, bundle)
