"""What devices and the service say to each other over HTTP: bodies, media types, names of problems."""

from __future__ import annotations

from collections.abc import Sequence

from zkperf import encoding
from zkperf._native import split_submission, split_submissions
from zkperf.encoding import Record
from zkperf.ledger.transactions import REPORT

CBOR = "application/cbor"
PROBLEMS = "https://zkperf.org/problems/"
"""A problem's type is this and the name of the check that failed, blanks written as dashes."""
MAX_SUBMISSIONS = 1000
"""How many submissions one batch may hold."""


Posted = tuple[bytes, bytes | None]
"""A submission as the service handles it: the bytes of a transaction and, with a rating or a report, of its
bundle."""


def is_report(posted: Posted) -> bool:
    """A provider's report with its bundle; everything else that has a bundle is a rating, or nothing."""
    return posted[1] is not None and posted[0].startswith(REPORT)


def is_rating(posted: Posted) -> bool:
    """A rating with its bundle, for all one can see without decoding it."""
    return posted[1] is not None and not posted[0].startswith(REPORT)


class Submission(Record):
    """The body of ``POST /v1/transactions``: a transaction and, with a rating or a report, its bundle."""

    transaction: bytes
    bundle: bytes | None

    def __repr__(self) -> str:
        return "<submission>"

    __str__ = __repr__


def encode_submissions(items: Sequence[Submission]) -> bytes:
    """The body of ``POST /v1/transactions/batch``: the CBOR array of the submissions."""
    return encoding.encode([item.to_array() for item in items])


def read_submission(body: bytes) -> Posted:
    """What the body of a single submission holds. EncodingError unless it is the one encoding of that."""
    return split_submission(body)


def read_submissions(body: bytes) -> list[Posted]:
    """What the body of a batch holds. EncodingError, naming the place, for anything else."""
    return split_submissions(body, MAX_SUBMISSIONS)
