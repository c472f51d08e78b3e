"""Whether a time that somebody states is now: rules only compare times, whoever takes them in has a clock."""

from __future__ import annotations

from zkperf.errors import RuleViolation

CLOCK_SKEW = 300
"""Seconds by which a stated time may differ from the clock of whoever hears it."""


def require_now(at: int, now: float, check: str) -> None:
    """RuleViolation, saying by how much it is off, unless ``at`` is ``now`` or nearly so."""
    away, which = abs(at - now), "ahead of" if at > now else "behind"
    if away > CLOCK_SKEW:
        raise RuleViolation(
            f"its time is not now: is your clock right? It is {away:,.0f} seconds {which} the ledger's; set "
            "the one that is wrong",
            check=check,
        )
