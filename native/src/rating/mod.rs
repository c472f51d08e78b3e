//! Ratings verified in blocks, from their leaves' bytes to a verdict each, on ristretto255.
//!
//! The readable definition is `circuits/rating` with `zkperf/tokens/blind.py` and `zkperf/proofs/batch.py`;
//! this is the same, hot. A test holds the two to the same verdict on good and on mutated blocks.

pub mod batch;
mod bundle;
mod prove;
mod sealing;
mod shares;
pub mod source;
mod statement;
mod tokens;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use blst::blst_p2_affine;
use curve25519_dalek::ristretto::RistrettoPoint;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};

use crate::bls::G2Element;
use crate::boundary::sized;
use crate::error::{Error, Result};
use crate::ristretto::RistrettoElement;
use batch::{Verdict, verify};
pub use prove::RatingProver;
pub use shares::ShareOpener;
use statement::{Elements, Layout, Proof, Row, Rule, Statement};
use wire::Fields;

/// A leaf that is the encoding of a rating. What is in its fields is not looked at yet.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RatingLeaf {
    data: Vec<u8>,
    fields: Fields,
    /// Once it was decoded: who verified a leaf and then opens its shares decompresses nothing twice.
    elements: OnceLock<Arc<Elements>>,
}

impl RatingLeaf {
    /// What it commits to. `Error::Encoding` unless that is as many valid elements as `round`'s statement has.
    fn elements(&self, round: &Round) -> Result<Arc<Elements>> {
        round.statement.check_counts(&self.fields)?;
        if let Some(elements) = self.elements.get() {
            return Ok(elements.clone());
        }
        let elements = Arc::new(round.statement.committed(&self.data, &self.fields)?);
        Ok(self.elements.get_or_init(|| elements).clone())
    }
}

#[pymethods]
impl RatingLeaf {
    /// EncodingError unless `data` is the one encoding of a rating.
    #[new]
    fn new(data: &[u8]) -> Result<Self> {
        Ok(Self { fields: wire::read(data)?, data: data.to_vec(), elements: OnceLock::new() })
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data)
    }

    #[getter]
    fn round<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data[self.fields.round.clone()])
    }

    #[getter]
    fn unit(&self) -> u64 {
        self.fields.unit
    }

    #[getter]
    fn pseudonym<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data[self.fields.pseudonym.clone()])
    }

    #[getter]
    fn sequence(&self) -> u64 {
        self.fields.sequence
    }

    /// SHA-256 of the leaf.
    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &Sha256::digest(&self.data))
    }
}

/// A rating that is valid by itself: the elements that shares and sums are about.
#[pyclass(frozen, module = "zkperf._native")]
pub struct VerifiedRating(Arc<Elements>);

impl VerifiedRating {
    fn new(round: &Round, leaf: &RatingLeaf, proof: &Proof) -> Self {
        Self(leaf.elements.get_or_init(|| Arc::new(proof.committed(&round.statement))).clone())
    }
}

#[pymethods]
impl VerifiedRating {
    /// Every C_q, then E_{q,1} … E_{q,t-1} by q.
    #[getter]
    fn sums(&self) -> Vec<RistrettoElement> {
        self.0.sums.iter().copied().map(RistrettoElement).collect()
    }
}

type PyRule = (usize, i64, Row);

/// Verifies ratings of one round.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RatingVerifier {
    round: Round,
}

/// What all ratings of a round are verified against.
pub struct Round {
    ledger: Vec<u8>,
    round: Vec<u8>,
    statement: Statement,
    slots: Vec<RistrettoPoint>,
    auxiliary: Vec<RistrettoPoint>,
    blinding: RistrettoPoint,
    /// By unit, as `tokens::hold` takes them.
    keys: BTreeMap<u64, blst_p2_affine>,
}

#[pymethods]
impl RatingVerifier {
    #[new]
    #[pyo3(signature = (
        *, ledger, round, scheme, layout, members, threshold, session_id, size, rules, commitments,
        auxiliary_bits, slots, auxiliary, blinding, keys
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        ledger: &[u8],
        round: &[u8],
        scheme: &[u8],
        layout: &[u8],
        members: usize,
        threshold: usize,
        session_id: &[u8],
        size: usize,
        rules: Vec<PyRule>,
        commitments: Vec<Vec<Row>>,
        auxiliary_bits: Vec<usize>,
        slots: Vec<Bound<'_, RistrettoElement>>,
        auxiliary: Vec<Bound<'_, RistrettoElement>>,
        blinding: &RistrettoElement,
        keys: BTreeMap<u64, Bound<'_, G2Element>>,
    ) -> Result<Self> {
        let pivots: Vec<usize> = rules.iter().map(|(pivot, _, _)| *pivot).collect();
        let statement = Statement {
            degree: threshold.checked_sub(1).ok_or(Error::Argument("expected a threshold".into()))?,
            session_id: sized("session identifier", session_id)?,
            members,
            prefix: statement::prefix(ledger, scheme, layout, members as u64, threshold as u64),
            layout: Layout {
                size,
                rules: rules
                    .into_iter()
                    .map(|(pivot, constant, terms)| Rule { pivot, constant, terms })
                    .collect(),
                commitments,
                auxiliary: auxiliary_bits,
                free: (0..size).filter(|bit| !pivots.contains(bit)).collect(),
            },
        };
        let points = |elements: &[Bound<'_, RistrettoElement>]| elements.iter().map(|e| e.get().0).collect();
        Ok(Self {
            round: Round {
                ledger: ledger.to_vec(),
                round: round.to_vec(),
                statement,
                slots: points(&slots),
                auxiliary: points(&auxiliary),
                blinding: blinding.0,
                keys: keys.into_iter().map(|(unit, key)| (unit, tokens::cleared_key(key.get()))).collect(),
            },
        })
    }

    /// For each rating what it commits to, or why it is refused: ("encoding" | "tokens" | "proofs", message).
    fn verify(&self, py: Python<'_>, leaves: Vec<Bound<'_, RatingLeaf>>) -> PyResult<Vec<Py<PyAny>>> {
        let leaves: Vec<&RatingLeaf> = leaves.iter().map(Bound::get).collect();
        let verdicts = py.detach(|| verify(&self.round, &leaves));
        verdicts.into_iter().map(|verdict| verdict.into_python(py)).collect()
    }

    /// For each rating and bundle nothing if they belong together, or why not: ("encoding" | "complaints",
    /// message).
    fn check_bundles(
        &self,
        py: Python<'_>,
        pairs: Vec<(Bound<'_, RatingLeaf>, Bound<'_, PyBytes>)>,
    ) -> Vec<Option<bundle::Refusal>> {
        let pairs: Vec<(&RatingLeaf, &[u8])> =
            pairs.iter().map(|(leaf, data)| (leaf.get(), data.as_bytes())).collect();
        py.detach(|| bundle::check(&self.round, &pairs))
    }

    /// What ratings commit to that were verified before. EncodingError if one is not even well formed.
    fn decode(&self, py: Python<'_>, leaves: Vec<Bound<'_, RatingLeaf>>) -> Result<Vec<VerifiedRating>> {
        let leaves: Vec<&RatingLeaf> = leaves.iter().map(Bound::get).collect();
        py.detach(|| batch::decode(&self.round, &leaves))
    }
}

impl Verdict {
    fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Verdict::Valid(rating) => Ok(Py::new(py, rating)?.into_any()),
            Verdict::Refused(check, message) => Ok((check, message).into_pyobject(py)?.into_any().unbind()),
        }
    }
}
