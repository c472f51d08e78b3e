"""A public draw that nobody can choose or predict: seeded by a threshold BLS signature.

    P = H_G1([ledger, round, root])      S_j = k_j·P      σ = k·P = Σ λ_j·S_j      seed = SHA-256(σ)

σ is determined by the key and by P: whichever t members take part, and however they would like it to come
out, it is the same. It is not known before t of them have signed, and they sign after the round is closed,
which fixes P and everything that is drawn from (protocol, section 12.11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256, shake_128
from typing import Any, TypeVar

from zkperf.encoding import encode
from zkperf.groups.pairing import Pairing
from zkperf.tokens.blind import combine, verify_token

DRAW_DST = b"ZKPERF-V01-draw-BLS12381G1_XMD:SHA-256_SSWU_RO_"
WORD = 8
"""Bytes of each number that is drawn."""

_Item = TypeVar("_Item")


def draw_point(pairing: Pairing, ledger: bytes, round_id: bytes, root: bytes) -> Any:
    """P, of the root of the log up to the leaf that closed the round."""
    return pairing.g1.hash_to_element(encode([ledger, round_id, root]), DRAW_DST)


def sign_draw_share(pairing: Pairing, secret: int, point: Any) -> Any:
    """S_j = k_j·P."""
    return pairing.g1.msm([secret], [point])


def verify_draw_share(pairing: Pairing, key: Any, point: Any, share: Any) -> None:
    """InvalidToken unless the share, an element of G1, is k_j·P under the member's key K_j."""
    verify_token(pairing, key, point, share)


def draw_seed(pairing: Pairing, shares: Mapping[int, Any], threshold: int) -> bytes:
    """SHA-256 of σ's encoding, from t verified shares."""
    return sha256(pairing.g1.encode(combine(pairing, shares, threshold))).digest()


def select(items: Sequence[_Item], count: int, seed: bytes) -> list[_Item]:
    """``count`` of the items (all, if there are no more), each subset and order equally likely: the first
    places of a Fisher-Yates shuffle with numbers of 64 bits from SHAKE128(seed), those beyond the largest
    multiple of the number of choices left out.
    """
    left, chosen = list(items), []
    words = _Words(seed)
    for place in range(min(count, len(left))):
        pick = place + words.below(len(left) - place)
        left[place], left[pick] = left[pick], left[place]
        chosen.append(left[place])
    return chosen


class _Words:
    """Numbers from SHAKE128, big-endian, one after the other."""

    def __init__(self, seed: bytes) -> None:
        self._hash, self._stream, self._at = shake_128(seed), b"", 0

    def below(self, bound: int) -> int:
        """Uniform in [0, bound)."""
        limit = 2 ** (8 * WORD) // bound * bound
        while True:
            if self._at == len(self._stream):
                # The output of SHAKE128 only gets longer: what came before stays.
                self._stream = self._hash.digest(max(1024, 2 * len(self._stream)))
            word = int.from_bytes(self._stream[self._at : self._at + WORD], "big")
            self._at += WORD
            if word < limit:
                return word % bound
