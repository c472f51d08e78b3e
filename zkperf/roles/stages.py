"""What members do about a round that does not go on: end its stage, or give it up."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkperf.ledger.signing import public_bytes, signed
from zkperf.ledger.transactions import Deadline, RoundAbandoned, encode_transaction


def deadline(key: Ed25519PrivateKey, ledger: bytes, round_id: bytes, at: int) -> bytes:
    """The word of a member or an evaluator that the time for the round's present stage is over."""
    ended = signed(Deadline, key, ledger, signer=public_bytes(key), round=round_id, at=at)
    return encode_transaction(ended)


def abandonment(key: Ed25519PrivateKey, ledger: bytes, round_id: bytes, member: int, at: int) -> bytes:
    """Member ``member`` (1..n) gives up a closed round."""
    given_up = signed(RoundAbandoned, key, ledger, round=round_id, trustee=member, at=at)
    return encode_transaction(given_up)
