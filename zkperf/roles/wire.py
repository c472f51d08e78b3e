"""What devices and the service say to each other over HTTP: bodies, media types, names of problems."""

from __future__ import annotations

from collections.abc import Sequence

from zkperf import encoding
from zkperf.encoding import Record
from zkperf.errors import EncodingError

CBOR = "application/cbor"
PROBLEMS = "https://zkperf.org/problems/"
"""A problem's type is this and the name of the check that failed, blanks written as dashes."""
MAX_SUBMISSIONS = 1000
"""How many submissions one batch may hold."""


class Submission(Record):
    """The body of ``POST /v1/transactions``: a transaction and, with a rating, its bundle."""

    transaction: bytes
    bundle: bytes | None

    def __repr__(self) -> str:
        return "<submission>"

    __str__ = __repr__


def encode_submissions(items: Sequence[Submission]) -> bytes:
    """The body of ``POST /v1/transactions/batch``: the CBOR array of the submissions."""
    return encoding.encode([item.to_array() for item in items])


def decode_submissions(data: bytes) -> list[Submission]:
    """The submissions of a batch. EncodingError, naming the place, for anything else."""
    items = encoding.decode(data, what="batch")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_SUBMISSIONS:
        raise EncodingError(f"batch: expected an array of 1 to {MAX_SUBMISSIONS} submissions")
    decoded = []
    for place, item in enumerate(items):
        try:
            decoded.append(Submission.from_array(item))
        except EncodingError as error:
            raise EncodingError(f"batch, place {place}: {error}") from None
    return decoded
