"""A ledger that shows a device whatever it likes: any leaves, under a checkpoint of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from zkperf.ledger.log.checkpoint import Checkpoint
from zkperf.ledger.log.merkle import NodeId, Tree, leaf_hash
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.promises import Promise
from zkperf.roles.view import RoundLeaves


@dataclass
class Fork:
    """Answers a device from these leaves. ``overrides`` are receipts shown in place of others."""

    leaves: Sequence[bytes]
    places: RoundLeaves
    note: str
    overrides: dict[int, str] = field(default_factory=dict)

    def round_leaves(self, round_id: bytes) -> RoundLeaves:
        return self.places

    def receipt(self, leaf: int) -> str:
        return self.overrides.get(leaf) or self.honest_receipt(leaf).format()

    def honest_receipt(self, leaf: int) -> Receipt:
        """The receipt of a leaf under this fork's checkpoint."""
        nodes: dict[NodeId, bytes] = {}
        for node in Tree().extend(leaf_hash(data) for data in self.leaves):
            nodes[node.level, node.index] = node.hash
        assert Checkpoint.unverified(self.note).size == len(self.leaves)
        return Receipt.issue(self.leaves[leaf], leaf, self.note, lambda ids: [nodes[i] for i in ids])

    def show(self, leaf: int, data: bytes) -> None:
        """Pretends that a leaf holds something else, with the proof of what it does hold."""
        self.overrides[leaf] = replace(self.honest_receipt(leaf), leaf=data).format()

    def submit(self, data: bytes) -> int:
        raise NotImplementedError

    def token_shares(self, voucher: bytes) -> dict[int, bytes]:
        raise NotImplementedError

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        raise NotImplementedError
