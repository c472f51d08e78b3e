"""Every way in which zkperf refuses something, by name.

Verification raises one of these; it never returns a boolean that a caller could forget to look at.
``check`` is the stable name of the check that failed: it is what `zkperf audit` lists and what the
HTTP service puts into the ``type`` of a problem document.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class ZkperfError(Exception):
    """Something was refused. ``check`` names the rule that refused it."""

    check = "refused"


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
