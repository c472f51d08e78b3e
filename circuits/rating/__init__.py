"""The statement `rating`: a pseudonym's well-formed, hidden answers, shared among the trustees.

    PK{ (b, r, x, y):  C_q = Com_G(M_q·b; r_q) for each commitment q,  b_i(1 - b_i) = 0,  L·b = c,
                       X = x·B,  Y = y·B }

`core` holds what is written and how it is read, `prover` makes a rating, `verifier` checks it, and
`shares` seals and opens what the trustees get. `kernel` has the Rust kernel do the same on ristretto255.
"""

from circuits.rating.core import (
    Bundle,
    Core,
    Dealt,
    DecodedCore,
    RatingContext,
    auxiliary_key,
    commitment_keys,
    decode_core,
    proof_size,
)
from circuits.rating.kernel import build_rating_in_kernel, kernel_verifier
from circuits.rating.prover import Witness, build_rating, prove
from circuits.rating.shares import (
    check_bundle,
    check_sealed,
    check_shares,
    open_shares,
    seal_shares,
    sealing_context,
    share_equations,
)
from circuits.rating.verifier import rating_equations, verify_rating

__all__ = [
    "Bundle",
    "Core",
    "Dealt",
    "DecodedCore",
    "RatingContext",
    "Witness",
    "auxiliary_key",
    "build_rating",
    "build_rating_in_kernel",
    "check_bundle",
    "check_sealed",
    "check_shares",
    "commitment_keys",
    "decode_core",
    "kernel_verifier",
    "open_shares",
    "proof_size",
    "prove",
    "rating_equations",
    "seal_shares",
    "sealing_context",
    "share_equations",
    "verify_rating",
]
