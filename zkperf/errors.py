"""Every way in which zkperf refuses something, by name.

Verification raises one of these; it never returns a boolean that a caller could forget to look at.
``check`` is the stable name of the check that failed: it is what `zkperf audit` lists and what the
HTTP service puts into the ``type`` of a problem document.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

_Error = TypeVar("_Error", bound=BaseException)


class ZkperfError(Exception):
    """Something was refused. ``check`` names the rule that refused it."""

    check = "refused"


def bare(error: _Error) -> _Error:
    """``error`` without where it was raised and what it was raised from: for every refusal that is kept.

    A traceback holds the frames that the error passed, and they hold all that was decoded there. Whoever
    raises the error again makes a circle of them, which only the garbage collector takes apart.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


class EncodingError(ZkperfError):
    """Bytes that are not the one canonical encoding of a valid object."""

    check = "encoding"


class InvalidProof(ZkperfError):
    """A zero-knowledge proof whose equations do not hold."""

    check = "proofs"


class InvalidSignature(ZkperfError):
    """A signature that its key did not make over these bytes."""

    check = "signatures"


class InvalidToken(ZkperfError):
    """A token, or a share of one, that is not a signature under the expected key."""

    check = "tokens"


class InvalidOpening(ZkperfError):
    """Values and randomness that do not open the commitment they are shown for."""

    check = "openings"


class InvalidShare(ZkperfError):
    """A sealed share that does not decrypt, is malformed or does not match the commitments."""

    check = "complaints"


class InvalidLogProof(ZkperfError):
    """An inclusion or consistency proof, or a checkpoint, that does not verify."""

    check = "log"


class OldCopy(ZkperfError):
    """A copy of a ledger that is older than what its key has signed, or another continuation of it: to write
    to it would fork the ledger."""

    check = "log"


class RuleViolation(ZkperfError):
    """A transaction that is well formed, but that the ledger's rules do not allow now.

    ``check`` is given by the rule that raises it.
    """

    def __init__(self, message: str, *, check: str) -> None:
        super().__init__(message)
        self.check = check

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        # By default an exception crosses to another process without its keyword arguments.
        return partial(type(self), check=self.check), self.args


class InputError(ZkperfError):
    """A file from a user that cannot be used. The message names the file, row and field."""

    check = "input"


class InvalidName(InputError):
    """What a person calls something by, and what cannot be a name. The message says where and why."""

    check = "names"
