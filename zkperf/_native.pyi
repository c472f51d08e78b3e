"""The Rust kernel (``native/``). Use it through `zkperf.groups`; this says what the binding offers.

Elements are immutable. Scalars are Python integers and are reduced modulo the group's order. Calls on
many elements release the interpreter lock and use all cores through a pool of threads that a forked
child does not inherit: start further processes with "spawn".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Self

class _Element:  # what the three classes share; it exists for type checkers only
    @classmethod
    def generator(cls) -> Self: ...
    @classmethod
    def identity(cls) -> Self: ...
    @classmethod
    def decode(cls, data: bytes) -> Self:
        """EncodingError unless canonical, in the group of prime order and not the identity."""

    @classmethod
    def decode_many(cls, data: Sequence[bytes]) -> list[Self]:
        """`decode` for each, in parallel; the error names the first bad item by its index."""

    @classmethod
    def hash_to_element(cls, message: bytes, dst: bytes) -> Self:
        """RFC 9380. ValueError unless ``dst`` has 1 to 255 bytes."""

    @classmethod
    def msm(cls, scalars: Sequence[int], elements: Sequence[Self]) -> Self:
        """Constant time. ValueError if the lengths differ."""

    @classmethod
    def msm_public(cls, scalars: Sequence[int], elements: Sequence[Self]) -> Self:
        """Variable time. ValueError if the lengths differ."""

    def encode(self) -> bytes:
        """ValueError for the identity."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __rmul__(self, scalar: int, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class RistrettoElement(_Element):
    @classmethod
    def from_uniform_bytes(cls, data: bytes) -> Self:
        """The one-way map of RFC 9496, section 4.3.4. ValueError unless there are 64 bytes."""

def sum_scalars(rows: Sequence[bytes]) -> bytes:
    """The sum of rows of ristretto255's scalars, place by place, in constant time; each has 32 bytes.

    EncodingError if one is not reduced; ValueError for no rows and for rows that differ in length.
    """

class RatingLeaf:
    """A leaf that is the one encoding of a rating. Its elements are not looked at yet."""

    def __new__(cls, data: bytes) -> Self:
        """EncodingError for anything else."""

    @property
    def data(self) -> bytes:
        """The leaf."""

    @property
    def round(self) -> bytes: ...
    @property
    def unit(self) -> int: ...
    @property
    def pseudonym(self) -> bytes: ...
    @property
    def sequence(self) -> int: ...
    @property
    def digest(self) -> bytes: ...

class IssuanceLeaf:
    """A leaf that is the one encoding of an issuance. Its point is not looked at yet."""

    def __new__(cls, data: bytes) -> Self:
        """EncodingError for anything else."""

    @property
    def data(self) -> bytes:
        """The leaf."""

    @property
    def voucher(self) -> bytes: ...
    @property
    def round(self) -> bytes: ...
    @property
    def unit(self) -> int: ...
    @property
    def blinded(self) -> bytes:
        """P', encoded."""

class IssuanceVerifier:
    """Verifies issuances of one round: see ``zkperf/ledger/rules/issuance.py``."""

    def __new__(cls, ledger: bytes, registrars: Mapping[int, bytes]) -> Self:
        """``registrars``: by unit, the key that signs its vouchers. EncodingError unless of 32 bytes."""

    def verify(self, leaves: Sequence[IssuanceLeaf]) -> list[tuple[str, str] | None]:
        """For each None, or what is wrong ("registrar", "voucher", "encoding") and a message. ValueError if a
        leaf's unit has no registrar."""

class VerifiedRating:
    """A rating that is valid by itself."""

    @property
    def sums(self) -> list[RistrettoElement]:
        """Every C_q, then E_{q,1} … E_{q,t-1} by q."""

class RatingVerifier:
    """Verifies ratings of one round: see ``circuits/rating`` and ``zkperf/tokens/blind.py``."""

    def __new__(
        cls,
        *,
        ledger: bytes,
        round: bytes,
        scheme: bytes,
        layout: bytes,
        members: int,
        threshold: int,
        session_id: bytes,
        size: int,
        rules: Sequence[tuple[int, int, Sequence[tuple[int, int]]]],
        commitments: Sequence[Sequence[Sequence[tuple[int, int]]]],
        auxiliary_bits: Sequence[int],
        slots: Sequence[RistrettoElement],
        auxiliary: Sequence[RistrettoElement],
        blinding: RistrettoElement,
        keys: Mapping[int, G2Element],
    ) -> Self: ...
    def verify(self, leaves: Sequence[RatingLeaf]) -> list[VerifiedRating | tuple[str, str]]:
        """For each the rating, or which check failed ("encoding", "tokens", "proofs") and a message."""

    def check_bundles(self, pairs: Sequence[tuple[RatingLeaf, bytes]]) -> list[tuple[str, str] | None]:
        """None for a bundle that is its rating's own, or which check failed ("encoding", "complaints") and a
        message."""

    def decode(self, leaves: Sequence[RatingLeaf]) -> list[VerifiedRating]:
        """Decoded only. EncodingError if one is malformed."""

class RatingProver:
    """Makes ratings of one round: see ``circuits/rating/prover.py``. Constant time in everything secret."""

    def __new__(cls, verifier: RatingVerifier, trustees: Sequence[RistrettoElement]) -> Self:
        """``trustees``: T_1 … T_n. ValueError unless they are as many as the verifier was told."""

    def rate(
        self,
        unit: int,
        secret: bytes,
        token: bytes,
        sequence: int,
        bits: bytes,
        source: Callable[[int], bytes] | None = None,
    ) -> tuple[
        bytes,
        bytes,
        tuple[bytes, ...],
        tuple[tuple[bytes, ...], ...],
        bytes,
        bytes,
        tuple[bytes, ...],
        tuple[bytes, ...],
    ]:
        """(X, Y, [C_q], [[E_{q,k}]], d, proof, salts, sealed) of a rating. ``secret`` is x, ``bits`` holds a
        byte for each bit; without ``source`` random bytes are the operating system's.

        EncodingError unless ``secret`` is a reduced scalar, ValueError if it is 0 or the bits do not fit.
        """

class ShareOpener:
    """Opens and checks trustee j's shares."""

    def __new__(cls, trustee: int, secret: bytes) -> Self:
        """``secret``: the 32 bytes of t_j. EncodingError unless they are a reduced scalar."""

    def open(
        self, verifier: RatingVerifier, ratings: Sequence[tuple[RatingLeaf, bytes]]
    ) -> list[bytes | None]:
        """For each rating, given with its bundle, the scalars of its shares, or None where they do not open
        or match.

        EncodingError or InvalidShare if a bundle is not its rating's; ValueError if there is no such trustee.
        """

class RangeShape:
    """Which linear combinations of a list of commitments have at most ``bits`` bits."""

    def __new__(cls, bits: int, slots: Sequence[tuple[Sequence[tuple[int, int]], int]]) -> Self:
        """Each slot is (terms (index, coefficient), constant). ValueError unless there are 8, 16, 32 or 64
        bits and from 1 to 1,024 slots."""

_RangeClaim = tuple[bytes, RangeShape, Sequence[RistrettoElement], bytes]
"""(context, shape, commitments, proof)"""

class RangeProofs:
    """Makes and verifies aggregated range proofs about commitments v·G + r·H."""

    def __new__(cls, value: RistrettoElement, blinding: RistrettoElement) -> Self:
        """``value`` is G and ``blinding`` H."""

    def prove(self, context: bytes, bits: int, values: Sequence[int], blindings: Sequence[int]) -> bytes:
        """Does not look at the values: one with more bits gives a proof that does not verify.

        Masks are exactly uniform, from the operating system.
        """

    def verify(self, claims: Sequence[_RangeClaim]) -> list[tuple[str, str] | None]:
        """For each None, or which check failed ("encoding", "proofs") and a message. One batch."""

    def verify_by_crate(self, claims: Sequence[_RangeClaim]) -> list[bool]:
        """Whether the crate's verifier accepts each, one at a time."""

class G1Element(_Element): ...
class G2Element(_Element): ...

class CurvePoint:
    """A point of the curve that G1 is a part of, and not the identity; perhaps outside of G1."""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """EncodingError unless canonical, on the curve and not the identity."""

def clear_cofactor(weights: Sequence[int], signatures: Sequence[CurvePoint | G1Element]) -> G1Element:
    """h_eff·Σ weights[i]·signatures[i], in variable time. OverflowError for a weight outside of [0, 2^128),
    ValueError if the lengths differ."""

def sign_all(seed: bytes, messages: Sequence[bytes]) -> list[bytes]:
    """Ed25519 signatures (RFC 8032). EncodingError unless the seed has 32 bytes."""

def bad_signatures(items: Sequence[tuple[bytes, bytes, bytes]]) -> list[int]:
    """The places of those (key, message, signature) that do not verify (Ed25519 under ZIP 215)."""

def pairing_check(pairs: Sequence[tuple[G1Element, G2Element]]) -> None:
    """InvalidToken unless Π e(P_i, Q_i) = 1."""

def split_submission(body: bytes) -> tuple[bytes, bytes | None]:
    """Transaction and bundle. EncodingError unless ``body`` is the one encoding of a submission."""

def split_submissions(body: bytes, most: int) -> list[tuple[bytes, bytes | None]]:
    """The same for an array of 1 to ``most`` submissions. EncodingError otherwise."""

def name_fault(text: str) -> tuple[str, int] | None:
    """Why ``text`` is no name, and the place of the code point that shows it (`zkperf.names_reference`)."""

def fold_name(text: str) -> str:
    """toNFKC_Casefold of ``text``. EncodingError for half a surrogate pair."""
