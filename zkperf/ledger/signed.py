"""What every signed transaction has."""

from __future__ import annotations

from zkperf.encoding import Bytes64, Record

NO_SIGNATURE = bytes(64)


class Signed(Record):
    """A transaction that somebody signs. The rule for its kind says whose key it must be."""

    signature: Bytes64
