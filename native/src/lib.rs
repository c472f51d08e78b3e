//! The kernel of zkperf: the group arithmetic that is hot, for Python. It knows no policy of any kind.
//!
//! Heavy calls release the interpreter lock, calls on many items use all cores. Scalars arrive as Python
//! integers, which are never constant time; from the conversion on, nothing branches on a secret scalar.

mod bls;
mod boundary;
mod cbor;
mod ed25519;
mod error;
mod figures;
mod issuance;
mod names;
mod rating;
mod ristretto;
mod submissions;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::bls::{CurvePoint, G1Element, G2Element, clear_cofactor, pairing_check};
    #[pymodule_export]
    use crate::ed25519::{bad_signatures, sign_all};
    #[pymodule_export]
    use crate::figures::{RangeProofs, RangeShape};
    #[pymodule_export]
    use crate::issuance::{IssuanceLeaf, IssuanceVerifier};
    #[pymodule_export]
    use crate::names::{fold_name, name_fault};
    #[pymodule_export]
    use crate::rating::{RatingLeaf, RatingProver, RatingVerifier, ShareOpener, VerifiedRating};
    #[pymodule_export]
    use crate::ristretto::{RistrettoElement, sum_scalars};
    #[pymodule_export]
    use crate::submissions::{split_submission, split_submissions};
}
