//! What the benchmarks compare zkperf with, in the same process and from the same bytes: bare calls of
//! curve25519-dalek and blst, and other systems' crates. Nothing of zkperf itself is in here.
//!
//! Like the kernel, everything that takes many items uses all cores and releases the interpreter lock.

mod floor;
mod histogram;
mod range;

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// What a peer answers to what should have been accepted.
fn refused(what: &str) -> PyErr {
    PyValueError::new_err(format!("{what}: refused"))
}

#[pyo3::pymodule]
mod _peers {
    #[pymodule_export]
    use crate::floor::{ProofFloor, ShareFloor, TokenFloor, multiplications};
    #[pymodule_export]
    use crate::histogram::Histogram;
    #[pymodule_export]
    use crate::range::{BatchedRange, SingleRange};
}
