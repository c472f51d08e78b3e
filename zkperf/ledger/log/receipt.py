"""Receipts (C2SP tlog-proof): everything it takes to show, offline, that a transaction is in the log.

    c2sp.org/tlog-proof@v1
    extra <base64 of the transaction>
    index <leaf index>
    <inclusion proof: one hash in base64 per line>
    <empty line>
    <checkpoint, a signed note>

The specification leaves ``extra`` to the application. A receipt always has it, and carries the leaf's
bytes there: the leaf hash is computed from them, so changing them breaks the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from zkperf.errors import EncodingError
from zkperf.ledger.log.checkpoint import Checkpoint, Policy
from zkperf.ledger.log.merkle import NodeReader, inclusion_proof, leaf_hash, verify_inclusion
from zkperf.ledger.log.textual import decode_base64, decode_decimal, decode_hash, encode_base64
from zkperf.ledger.log.tiles import check_entry

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PROOF = 63


@dataclass(frozen=True)
class Receipt:
    """Leaf number ``index`` is ``leaf``, by ``proof`` under the checkpoint ``note``."""

    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def issue(cls, leaf: bytes, index: int, note: str, read: NodeReader) -> Self:
        """The receipt of a leaf under a checkpoint of its log. IndexError if it does not cover the leaf."""
        size = Checkpoint.unverified(note).size
        return cls(leaf, index, tuple(inclusion_proof(index, size, read)), note)

    def verify(self, policy: Policy) -> Checkpoint:
        """Check the checkpoint against the policy and the proof against the checkpoint.

        Returns the checkpoint under which the leaf is in the log. Raises InvalidLogProof.
        """
        checkpoint = policy.verify(self.note)
        verify_inclusion(leaf_hash(self.leaf), self.index, checkpoint.size, self.proof, checkpoint.root)
        return checkpoint

    def format(self) -> str:
        """The receipt as text: what `parse` reads. Files with it are named ``*.tlog-proof``."""
        lines = [_HEADER, f"extra {encode_base64(self.leaf)}", f"index {self.index}"]
        lines += [encode_base64(step) for step in self.proof]
        return "\n".join(lines) + "\n\n" + self.note

    @classmethod
    def parse(cls, text: str) -> Self:
        """The receipt with exactly this text. EncodingError otherwise. Nothing is verified yet."""
        head, _, note = text.partition("\n\n")
        lines = head.split("\n")
        if len(lines) < 3 or lines[0] != _HEADER:
            raise EncodingError("receipt: not a C2SP tlog-proof with a transaction")
        if len(lines) - 3 > _MAX_PROOF:
            raise EncodingError(f"receipt: more than {_MAX_PROOF} hashes")
        leaf = decode_base64(_value(lines[1], "extra"), what="receipt extra")
        check_entry(leaf)
        index = decode_decimal(_value(lines[2], "index"), what="receipt index")
        proof = tuple(decode_hash(line, what="receipt proof") for line in lines[3:])
        Checkpoint.unverified(note)
        return cls(leaf, index, proof, note)


def _value(line: str, key: str) -> str:
    if not line.startswith(f"{key} "):
        raise EncodingError(f"receipt: expected the line '{key} …'")
    return line.removeprefix(f"{key} ")
