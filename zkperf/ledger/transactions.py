"""Everything that can be written to the ledger: typed, signed, and with one encoding each.

A transaction is the CBOR array ``[kind, field, field, …]``. Signed kinds have the Ed25519 signature
(RFC 8032) as their first field; it covers the ledger's digest, the kind and every other field, so
nothing signed for one ledger or purpose is valid for another. A rating has no signature: its proof of
knowledge of the pseudonym's secret key, with everything else in the transcript, is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from circuits.complaint import Complaint
from circuits.questionnaire import Questionnaire
from circuits.rating import Core
from zkperf import encoding
from zkperf._native import IssuanceLeaf, RatingLeaf
from zkperf.encoding import Bytes32, Bytes48, Bytes64, Integer, Record, Sequence, Text, Uint
from zkperf.errors import EncodingError
from zkperf.ledger.figure_transactions import (
    Attested,
    ClaimsPosted,
    DrawShare,
    FiguresOpened,
    FiguresPublished,
    ReportPosted,
    SchemeOfFigures,
)
from zkperf.ledger.signed import NO_SIGNATURE, Signed
from zkperf.tokens.dealing_complaint import DealComplaint
from zkperf.tokens.keygen import Deal, DealCommitment
from zkperf.tokens.keys import CohortKeys

MAX_TRANSACTION = 65_535
"""Bytes of the largest transaction: a C2SP entry bundle has 16-bit lengths."""


class Member(Record):
    """One organisation of the consortium: validator of the ledger and trustee."""

    name: Text
    signing_key: Bytes32
    sealing_key: bytes
    """T_j = t_j·B in the suite's group."""
    possession: bytes
    """Proof of knowledge of t_j, made for this member of this genesis."""
    signature: Bytes64
    """With its signing key, over the genesis' charter: it takes part in this ledger, with these others."""


class Genesis(Record):
    """Leaf 0. Its SHA-256 digest names the ledger and is the trust anchor of every verifier."""

    version: Uint
    name: Text
    suite: Text
    members: Sequence[Member]
    threshold: Uint
    log_key: Bytes32
    """The Ed25519 key under which checkpoints, promises and batches are signed."""
    evaluators: Sequence[Bytes32]
    """Who may publish schemes and open and close rounds."""
    min_cohort_floor: Uint
    """No round may have a smaller k_min."""
    max_sequence: Uint
    """How often one pseudonym may replace its rating."""
    stage_seconds: Uint
    """How long members have for each stage before the others may go on without them."""
    abandon_seconds: Uint
    """How long after the last time on a closed round any member may give it up."""
    rehearsal: bool
    """Nothing here is for real: stages may be shorter than an hour, and everybody is told."""
    nonce: Bytes32

    def charter(self) -> bytes:
        """What the members agree on, 32 bytes: SHA-256 of the genesis as a leaf, with every member's
        possession empty and every signature 64 zeros."""
        bare = {"possession": b"", "signature": NO_SIGNATURE}
        members = tuple(member.model_copy(update=bare) for member in self.members)
        return digest(self.model_copy(update={"members": members}))


class SchemePosted(Signed):
    """A questionnaire, published by an evaluator. Its digest is the scheme's identifier."""

    evaluator: Bytes32
    questionnaire: Questionnaire


class Unit(Record):
    """A node of a round's tree. Units are listed parents first; unit 0 is the root."""

    name: Text
    parent: Uint | None
    registrar: Bytes32 | None
    """The key that signs vouchers: given for leaves (services), and only for them."""


class RoundOpened(Signed):
    """A scheme applied to a period, with tree and k_min frozen. Its digest is the round's identifier."""

    evaluator: Bytes32
    scheme: Bytes32
    name: Text
    min_cohort: Uint
    """k_min: groups with fewer counted ratings are never opened."""
    units: Sequence[Unit]
    at: Uint
    """Unix time in seconds. Validators hold it against their clocks; the rules only compare such times."""
    until: Uint | None
    """The announced end: the round is not closed before it. None: none is announced."""


class DealCommitted(Signed):
    """A dealer commits to its deal before it sees any other."""

    commitment: DealCommitment


class DealPosted(Signed):
    """A dealer reveals the deal that it committed to."""

    deal: Deal


class DealChallenged(Signed):
    """A trustee shows that its share of a deal is bad: the dealer is out."""

    complaint: DealComplaint


class DealsAccepted(Signed):
    """A trustee's word that every share dealt to it, by dealers not disqualified, is good."""

    round: Bytes32
    trustee: Uint


class RoundKeys(Signed):
    """The keys of one part's cohorts, as they follow from its deals: a leaf, so that devices have proof."""

    trustee: Uint
    keys: CohortKeys


class Issue(Signed):
    """A blinded point for one voucher, for ever. Signed by the voucher's own key."""

    voucher: Bytes32
    round: Bytes32
    unit: Uint
    registrar_signature: Bytes64
    blinded: Bytes48


class Batch(Signed):
    """Announces that the next ``count`` leaves are ratings of one cohort, sorted by pseudonym."""

    round: Bytes32
    unit: Uint
    count: Annotated[int, Field(gt=0, lt=2**32)]
    final: bool


class RoundClosed(Signed):
    """The round takes nothing more. Its evaluator says so, for good."""

    evaluator: Bytes32
    round: Bytes32
    at: Uint


class RoundDrained(Signed):
    """Everything that waited when the round was closed is on the log. Nothing enters it any more."""

    round: Bytes32


class ComplaintPosted(Signed):
    """A trustee shows that its share of a rating, or of a report, is bad."""

    complaint: Complaint


class ComplaintRefused(Record):
    """A false complaint leaves no more than this: its digest and who signed it."""

    signature: Bytes64
    """The trustee's signature over the refused complaint."""
    round: Bytes32
    trustee: Uint
    digest: Bytes32


class Checked(Signed):
    """A trustee's word that it has opened and checked its share of every entry and has no complaint left.

    It names the log that it is about, and so is no word about another one.
    """

    round: Bytes32
    trustee: Uint
    mark: Uint
    """The leaf that ended draining."""
    root: Bytes32
    """Of the log's leaves up to and including the mark."""
    entries: Bytes32
    """The digest (`set_digest`) of the entries then on the log and not replaced, struck out or not."""


class BundlesLost(Signed):
    """A trustee has no bundle of these entries that is theirs: it can neither check nor sum its shares."""

    round: Bytes32
    trustee: Uint
    entries: Sequence[Bytes32]
    """Digests of ratings or reports, in order, each once."""


class Deadline(Signed):
    """The time for the present stage is over. Any member and any evaluator may say so."""

    signer: Bytes32
    round: Bytes32
    at: Uint


class RoundAbandoned(Signed):
    """A member gives up a closed round whose counted set is not fixed: nothing of it will ever be opened."""

    round: Bytes32
    trustee: Uint
    at: Uint


class NodeSum(Record):
    """Σ of a trustee's shares over the counted ratings below a node, for one commitment of the scheme."""

    commitment: Uint
    unit: Uint
    values: Sequence[Bytes32]
    blinding: Bytes32


class SumsPosted(Signed):
    """A trustee's sums of shares, for everything that may be opened in this stage."""

    round: Bytes32
    trustee: Uint
    stage: Uint
    """0: the main commitment; 1: optional questions, once the numbers of those who answered are open."""
    counted: Bytes32
    """The digest (`set_digest`) of the entries that are summed."""
    sums: Sequence[NodeSum]


class OptionCount(Record):
    """How many chose one option."""

    option: Text
    count: Uint


class QuestionResult(Record):
    """What is published of one question in one unit; null where there is nothing, or it is withheld."""

    question: Text
    status: Text
    reason: Text | None
    answered: Uint | None
    counts: Sequence[OptionCount] | None
    total: Integer | None
    mean: Text | None


class UnitResult(Record):
    """What is published of one unit: every question, or why it is withheld."""

    unit: Uint
    name: Text
    status: Text
    reason: Text | None
    counted: Uint
    lost: Uint
    """Ratings that fell out because too few members could read their bundles."""
    questions: Sequence[QuestionResult]


class ResultPosted(Signed):
    """The round's published figures. Follows from the openings; the rules recompute and compare it."""

    round: Bytes32
    trustee: Uint
    units: Sequence[UnitResult]


KINDS: dict[int, type[Record]] = {
    0: Genesis,
    1: SchemePosted,
    2: RoundOpened,
    3: DealCommitted,
    4: DealPosted,
    5: DealChallenged,
    6: DealsAccepted,
    7: RoundKeys,
    8: Issue,
    9: Batch,
    10: Core,
    11: RoundClosed,
    12: ComplaintPosted,
    13: ComplaintRefused,
    14: Checked,
    15: Deadline,
    16: SumsPosted,
    17: ResultPosted,
    18: SchemeOfFigures,
    19: FiguresOpened,
    20: ReportPosted,
    21: ClaimsPosted,
    22: FiguresPublished,
    23: Attested,
    24: DrawShare,
    25: RoundDrained,
    26: RoundAbandoned,
    27: BundlesLost,
}
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}
RATING, _ISSUANCE, REPORT = (
    encoding.encode([_KIND_OF[cls], *cls.model_fields])[:2] for cls in (Core, Issue, ReportPosted)
)
"""What every rating, issuance and report begins with: the array's head and the kind."""


def encode_transaction(transaction: Record) -> bytes:
    """The transaction's one encoding: a leaf of the log."""
    return encoding.encode([_KIND_OF[type(transaction)], *transaction.to_array()])


def decode_transaction(data: bytes) -> Any:
    """The transaction that ``data`` encodes. EncodingError for anything else, or if it is too long."""
    if len(data) > MAX_TRANSACTION:
        raise EncodingError(f"transaction: expected at most {MAX_TRANSACTION} bytes, got {len(data)}")
    value = encoding.decode(data, what="transaction")
    if not isinstance(value, list) or not value or type(value[0]) is not int:
        raise EncodingError("transaction: expected an array that starts with its kind")
    cls = KINDS.get(value[0])
    if cls is None:
        raise EncodingError(f"transaction: unknown kind {value[0]}")
    return cls.from_array(value[1:])


def decode_leaf(data: bytes) -> Any:
    """`decode_transaction`, but ratings and issuances, of which there are many, stay the bytes that they are:
    the kernel finds their fields."""
    if stays_bytes(data):
        return RatingLeaf(data) if data.startswith(RATING) else IssuanceLeaf(data)
    return decode_transaction(data)


def stays_bytes(data: bytes) -> bool:
    """`decode_leaf` makes no object for each of its fields: decoded it takes not much more memory."""
    return data.startswith((RATING, _ISSUANCE))


def digest(transaction: Record) -> bytes:
    """SHA-256 of the transaction's bytes: the identifier of ledgers, schemes, rounds and ratings."""
    return sha256(encode_transaction(transaction)).digest()


def set_digest(digests: Iterable[bytes]) -> bytes:
    """SHA-256 of the digests one after the other, sorted: the identifier of a set of entries."""
    return sha256(b"".join(sorted(digests))).digest()


def signed_digest(transaction: Signed) -> bytes:
    """SHA-256 of the CBOR array of all fields except the signature."""
    return sha256(encoding.encode(transaction.to_array()[1:])).digest()


def kind_of(cls: type[Record]) -> int:
    """The number that transactions of this kind start with."""
    return _KIND_OF[cls]
