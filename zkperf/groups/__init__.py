"""Groups of prime order, chosen by the name they have on the wire."""

from __future__ import annotations

from zkperf.errors import InputError
from zkperf.groups.base import Group

SUITES = ("ristretto255", "P-256")
"""The commitment groups a round can use; the first is the default."""


def suite(name: str) -> Group:
    """The commitment group called ``name``. InputError if there is none of that name."""
    # Imported here, so that a round on ristretto255 does not load OpenSSL through petlib.
    if name == "ristretto255":
        from zkperf.groups.ristretto255 import RISTRETTO255

        return RISTRETTO255
    if name == "P-256":
        from zkperf.groups.p256 import NIST_P256

        return NIST_P256
    raise InputError(f"expected a suite out of {', '.join(SUITES)}, got {name!r}")
