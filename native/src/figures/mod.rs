//! Range proofs about committed figures on ristretto255 (Bünz, Bootle, Boneh, Poelstra, Wuille, Maxwell, "Bulletproofs",
//! IEEE S&P 2018): made by the crate `bulletproofs`, and verified many at once.

mod batch;
mod generators;
mod proof;
mod prove;

use bulletproofs::RangeProof;
use curve25519_dalek::scalar::Scalar;
use pyo3::prelude::*;
use pyo3::types::PyInt;
use rand_core::OsRng;

use crate::boundary::same_length;
use crate::error::{Error, Result};
use crate::ristretto::{RistrettoElement, scalars};
use batch::Claim;
use generators::{Generators, MOST_BITS};
use proof::{Shape, Slot, transcript};

/// More values than this in one proof are refused: their generators would be made and kept.
const MOST_VALUES: usize = 1024;

/// Which linear combinations of a list of commitments have at most so many bits.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RangeShape {
    shape: Shape,
}

type PySlot<'py> = (Vec<(usize, Bound<'py, PyInt>)>, Bound<'py, PyInt>);

#[pymethods]
impl RangeShape {
    /// Each slot is (terms (index, coefficient), constant). ValueError unless there are 8, 16, 32 or 64 bits and from
    /// 1 to 1,024 slots.
    #[new]
    fn new(bits: usize, slots: Vec<PySlot<'_>>) -> PyResult<Self> {
        check_bits(bits)?;
        check_count(slots.len())?;
        let slots = slots
            .into_iter()
            .map(|(terms, constant)| {
                let py = constant.py();
                let (indices, coefficients): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
                let terms = indices.into_iter().zip(scalars(py, &coefficients)?).collect();
                Ok(Slot { terms, constant: scalars(py, &[constant])?[0] })
            })
            .collect::<PyResult<Vec<_>>>()?;
        let highest = slots.iter().flat_map(|slot| slot.terms.iter().map(|(index, _)| index + 1)).max();
        Ok(Self { shape: Shape { bits, slots, commitments: highest.unwrap_or(0) } })
    }
}

/// Makes and verifies range proofs about commitments v·G + r·H.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RangeProofs {
    generators: Generators,
}

type PyClaim<'py> = (Vec<u8>, Bound<'py, RangeShape>, Vec<Bound<'py, RistrettoElement>>, Vec<u8>);

#[pymethods]
impl RangeProofs {
    #[new]
    fn new(value: &RistrettoElement, blinding: &RistrettoElement) -> Self {
        Self { generators: Generators::new(value.0, blinding.0) }
    }

    /// A proof that each v_i has at most `bits` bits, for the commitments v_i·G + r_i·H. Does not look at the values:
    /// one that has more gives a proof that does not verify.
    fn prove(
        &self,
        py: Python<'_>,
        context: &[u8],
        bits: usize,
        values: Vec<u64>,
        blindings: Vec<Bound<'_, PyInt>>,
    ) -> PyResult<Vec<u8>> {
        check_bits(bits)?;
        check_count(values.len())?;
        same_length(values.len(), blindings.len())?;
        let blindings = scalars(py, &blindings)?;
        Ok(py.detach(|| prove::prove(&self.generators, context, bits, &values, &blindings))?)
    }

    /// For each (context, shape, commitments, proof) None, or ("encoding" | "proofs", message). One sum for all.
    fn verify(&self, py: Python<'_>, claims: Vec<PyClaim<'_>>) -> Vec<Option<(&'static str, String)>> {
        let claims: Vec<Claim<'_>> = claims.iter().map(claim).collect();
        py.detach(|| batch::verify(&self.generators, &claims))
    }

    /// The same verdicts from the crate itself, one proof at a time: whether each is accepted.
    fn verify_by_crate(&self, py: Python<'_>, claims: Vec<PyClaim<'_>>) -> Vec<bool> {
        let claims: Vec<Claim<'_>> = claims.iter().map(claim).collect();
        py.detach(|| claims.iter().map(|claim| self.accepted_by_crate(claim)).collect())
    }
}

impl RangeProofs {
    fn accepted_by_crate(&self, claim: &Claim<'_>) -> bool {
        let pedersen = &self.generators.pedersen;
        if claim.commitments.len() < claim.shape.commitments {
            return false;
        }
        let derived = claim.shape.derived(&claim.commitments, |constant: &Scalar| constant * pedersen.B);
        RangeProof::from_bytes(claim.proof).is_ok_and(|proof| {
            let bits = &self.generators.bits(derived.len()).crates;
            let mut transcript = transcript(claim.context);
            let n = claim.shape.bits;
            proof.verify_multiple_with_rng(bits, pedersen, &mut transcript, &derived, n, &mut OsRng).is_ok()
        })
    }
}

fn claim<'a>((context, shape, commitments, proof): &'a PyClaim<'_>) -> Claim<'a> {
    let commitments = commitments.iter().map(|element| element.get().0).collect();
    Claim { context, shape: &shape.get().shape, commitments, proof }
}

fn check_bits(bits: usize) -> Result<()> {
    if [8, 16, 32, MOST_BITS].contains(&bits) {
        return Ok(());
    }
    Err(Error::Argument(format!("expected 8, 16, 32 or 64 bits, got {bits}")))
}

fn check_count(values: usize) -> Result<()> {
    if (1..=MOST_VALUES).contains(&values) {
        return Ok(());
    }
    Err(Error::Argument(format!("expected 1 to {MOST_VALUES} values, got {values}")))
}
