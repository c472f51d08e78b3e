"""Puts things into stores, for the tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.merkle import leaf_hash
from zkperf.ledger.store.store import PendingRating, Store

ORIGIN = "zkperf.ledger/test"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
ROUND = bytes([1]) * 32


def note_after(store: Store, leaves: Sequence[bytes]) -> str:
    """The signed checkpoint of the store's tree with these leaves appended."""
    tree = store.tree()
    tree.extend(map(leaf_hash, leaves))
    return SIGNER.sign(Checkpoint(ORIGIN, tree.size, tree.root()))


def append(
    store: Store,
    leaves: Sequence[bytes],
    *,
    remove_pending: Sequence[bytes] = (),
    remove_bundles: Sequence[bytes] = (),
    refused: Sequence[bytes] = (),
) -> None:
    """Append leaves under a signed checkpoint."""
    note = note_after(store, leaves)
    store.append(
        leaves, note=note, remove_pending=remove_pending, remove_bundles=remove_bundles, refused=refused
    )


def rating(name: str, *, unit: int = 1, pseudonym: bytes = b"", sequence: int = 0) -> PendingRating:
    """A made-up rating whose every part is known by ``name``."""
    core, bundle = f"core of {name}".encode(), f"bundle of {name}".encode() * 20
    digest = hashlib.sha256(core).digest()
    return PendingRating(digest, ROUND, unit, pseudonym or name.encode(), sequence, core, bundle)
