"""Claims about committed figures, proved to everyone: what kinds there are, and how one is proved.

    PK{ (v, r): V_k = v_k·G + r_k·H for each figure that the claim needs, and what its kind says of v }

Each figure is known to lie in its indicator's range, because its report proved that; so a claim proves no
more than its own relation. To add a kind: a file with its relation on top, a class with a few lines, and an
entry in `KINDS` (docs/indicators.md walks through one).
"""

from __future__ import annotations

from circuits.claims.catalogue import (
    INDEX,
    KINDS,
    POOLED,
    Asked,
    check_claims,
    claim_at,
    index_outcome,
    is_made,
    longest_proof,
    needs,
    state_claim,
    statement_of,
)
from circuits.claims.index import has_index
from circuits.claims.kinds import Grades, Kind, Need, Published, Setting
from circuits.claims.parts import tied_to_total, ties
from circuits.claims.proofs import ClaimContext, Opening, ProvedClaim, prove_claim, verify_claims
from circuits.claims.truth import figures_of, truths

__all__ = [
    "INDEX",
    "KINDS",
    "POOLED",
    "Asked",
    "ClaimContext",
    "Grades",
    "Kind",
    "Need",
    "Opening",
    "ProvedClaim",
    "Published",
    "Setting",
    "check_claims",
    "claim_at",
    "figures_of",
    "has_index",
    "index_outcome",
    "is_made",
    "longest_proof",
    "needs",
    "prove_claim",
    "state_claim",
    "statement_of",
    "tied_to_total",
    "ties",
    "truths",
    "verify_claims",
]
