"""Possession: whoever publishes an element knows its logarithm.

    PK{ (t): T = t·B }

For trustees' keys T_j, and for the ephemeral keys Y of dealings. The proof is compact, (e, z), and bound
to a context: a byte string that says whose element this is and what for. It is part of the tag, so a
proof does not pass in any other context, and nobody can enter another's element as their own.

Sound: knowledge soundness of `zkperf.proofs.linear` with one equation. Hiding: the proof is simulated from
T alone; T itself hides t as long as logarithms are hard to find, which is all that a key has to do.
"""

from __future__ import annotations

from typing import Any

from zkperf.groups.base import Group
from zkperf.proofs.linear import prove_compact, verify_compact
from zkperf.proofs.relation import LinearEquation, LinearRelation
from zkperf.randomness import RandomBytes, system
from zkperf.transcript import COMPACT, session_tag


def prove_possession(
    group: Group, secret: int, element: Any, context: bytes, source: RandomBytes = system
) -> bytes:
    """Two scalars that show knowledge of t = ``secret`` with T = ``element`` = t·B, in this context.

    Raises ValueError if it is another element's logarithm, and InvalidProof for the identity.
    """
    return prove_compact(_relation(group, element), [secret], _tag(group, context), source)


def verify_possession(group: Group, element: Any, context: bytes, proof: bytes) -> None:
    """Accept if whoever made ``proof`` for this context knew the logarithm of ``element``.

    Raises EncodingError if the proof is malformed, and InvalidProof if it does not hold or if the
    element is the identity.
    """
    verify_compact(_relation(group, element), proof, _tag(group, context))


def _relation(group: Group, element: Any) -> LinearRelation:
    # T = t·B
    return LinearRelation(group, (group.generator, element), (LinearEquation(((1, 1),), ((0, 0, 1),)),))


def _tag(group: Group, context: bytes) -> bytes:
    return session_tag("possession", group, context, flavour=COMPACT)
