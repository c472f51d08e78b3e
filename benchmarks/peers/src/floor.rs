//! The operations on groups that verifying a given batch takes, and nothing else.
//!
//! Encodings, scalars and messages are those of a real batch, weights included, so that a floor comes to
//! the batch's own verdict. What it leaves out is everything that is not group arithmetic: parsing,
//! transcripts, drawing weights, computing scalars.

use std::collections::HashMap;

use blst::*;
use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, MultiscalarMul, VartimeMultiscalarMul};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;

use crate::refused;

const G1: usize = 48;
const G2: usize = 96;
const WEIGHT: usize = 16;

/// Smaller parts of a sum are not worth a thread of their own.
const POINTS_PER_THREAD: usize = 256;
const TERMS_PER_THREAD: usize = 512;

/// |z| + 1: multiplying by it takes any point of the curve of BLS12-381 G1 into the group.
const COFACTOR: u64 = 0xd201_0000_0001_0001;

type Bytes<const N: usize> = [u8; N];

/// On curve25519-dalek: so many decompressions, and one sum of products of so many terms.
#[pyclass(frozen, module = "benchmarks._peers")]
pub struct ProofFloor {
    encodings: Vec<CompressedRistretto>,
    scalars: Vec<Scalar>,
    /// The decompressed encoding that a term is about, or one of the fixed elements after them.
    terms: Vec<usize>,
    fixed: Vec<RistrettoPoint>,
}

#[pymethods]
impl ProofFloor {
    /// `elements` and `scalars` of the sum; those elements that are not in `encodings` are fixed generators.
    #[new]
    fn new(encodings: Vec<Bytes<32>>, elements: Vec<Bytes<32>>, scalars: Vec<Bytes<32>>) -> PyResult<Self> {
        let places: HashMap<_, _> =
            encodings.iter().enumerate().map(|(place, data)| (*data, place)).collect();
        let (mut fixed, mut terms) = (Vec::new(), Vec::new());
        for element in elements {
            terms.push(match places.get(&element) {
                Some(place) => *place,
                None => {
                    let point = CompressedRistretto(element).decompress();
                    fixed.push(point.ok_or_else(|| refused("a generator"))?);
                    encodings.len() + fixed.len() - 1
                }
            });
        }
        Ok(Self {
            encodings: encodings.into_iter().map(CompressedRistretto).collect(),
            scalars: scalars.into_iter().map(Scalar::from_bytes_mod_order).collect(),
            terms,
            fixed,
        })
    }

    /// How many of each operation a run does.
    #[getter]
    fn operations(&self) -> HashMap<&str, usize> {
        HashMap::from([
            ("decompressions", self.encodings.len()),
            ("terms", self.terms.len()),
            ("fixed terms", self.fixed.len()),
        ])
    }

    /// ValueError unless every encoding is good and the sum the identity.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let mut points: Vec<RistrettoPoint> = self
                .encodings
                .par_iter()
                .map(|data| data.decompress())
                .collect::<Option<_>>()
                .ok_or_else(|| refused("an encoding"))?;
            points.extend(&self.fixed);
            let size = self.terms.len().div_ceil(rayon::current_num_threads()).max(TERMS_PER_THREAD);
            let sum: RistrettoPoint = self
                .terms
                .par_chunks(size)
                .zip(self.scalars.par_chunks(size))
                .map(|(terms, scalars)| {
                    RistrettoPoint::vartime_multiscalar_mul(scalars, terms.iter().map(|place| points[*place]))
                })
                .sum();
            if sum.is_identity() { Ok(()) } else { Err(refused("the sum")) }
        })
    }
}

struct Cohort {
    key: blst_p2_affine,
    messages: Vec<Vec<u8>>,
    weights: Vec<u8>,
}

/// On blst: so many decompressions and hashes to the curve, a sum of products for the signatures and one for
/// each cohort, and one product of Miller loops.
#[pyclass(frozen, module = "benchmarks._peers")]
pub struct TokenFloor {
    dst: Vec<u8>,
    signatures: Vec<Bytes<G1>>,
    weights: Vec<u8>,
    /// What the sum of the signatures, cleared of the cofactor, is paired with.
    against: blst_p2_affine,
    cohorts: Vec<Cohort>,
}

#[pymethods]
impl TokenFloor {
    /// `weights` of 16 bytes, little endian. `cohorts`: (key, [(message, its weight)]).
    #[new]
    #[allow(clippy::type_complexity)]
    fn new(
        dst: Vec<u8>,
        signatures: Vec<(Bytes<G1>, Bytes<WEIGHT>)>,
        against: Bytes<G2>,
        cohorts: Vec<(Bytes<G2>, Vec<(Vec<u8>, Bytes<WEIGHT>)>)>,
    ) -> PyResult<Self> {
        let cohorts = cohorts
            .into_iter()
            .map(|(key, members)| {
                let (messages, weights): (Vec<_>, Vec<_>) = members.into_iter().unzip();
                Ok(Cohort { key: key_of(&key)?, messages, weights: weights.concat() })
            })
            .collect::<PyResult<_>>()?;
        let (signatures, weights): (Vec<_>, Vec<_>) = signatures.into_iter().unzip();
        Ok(Self { dst, signatures, weights: weights.concat(), against: key_of(&against)?, cohorts })
    }

    /// How many of each operation a run does.
    #[getter]
    fn operations(&self) -> HashMap<&str, usize> {
        HashMap::from([
            ("decompressions", self.signatures.len()),
            ("hashes to the curve", self.cohorts.iter().map(|cohort| cohort.messages.len()).sum()),
            ("sums", 1 + self.cohorts.len()),
            ("Miller loops", 1 + self.cohorts.len()),
            ("cofactors cleared", 1),
        ])
    }

    /// ValueError unless every encoding is good and the product of the pairings 1.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let signatures: Vec<blst_p1_affine> = self
                .signatures
                .par_iter()
                .map(on_curve)
                .collect::<Option<_>>()
                .ok_or_else(|| refused("a signature"))?;
            let sum = summed(&signatures, &self.weights);
            let mut cleared = blst_p1::default();
            unsafe { blst_p1_mult(&mut cleared, &sum, COFACTOR.to_le_bytes().as_ptr(), 64) };
            let mut pairs = vec![(affine(&cleared), self.against)];
            pairs.par_extend(self.cohorts.par_iter().map(|cohort| {
                let points: Vec<blst_p1> =
                    cohort.messages.par_iter().map(|message| self.hashed(message)).collect();
                (affine(&summed(p1_affines::from(&points).as_slice(), &cohort.weights)), cohort.key)
            }));
            let product = pairs
                .par_chunks(pairs.len().div_ceil(rayon::current_num_threads()))
                .map(|pairs| {
                    let (p, q): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
                    blst_fp12::miller_loop_n(&q, &p)
                })
                .reduce(blst_fp12::default, |left, right| left * right);
            let one = product.final_exp() == blst_fp12::default();
            if one { Ok(()) } else { Err(refused("the product of the pairings")) }
        })
    }
}

impl TokenFloor {
    fn hashed(&self, message: &[u8]) -> blst_p1 {
        let mut point = blst_p1::default();
        let (none, dst) = (std::ptr::null(), &self.dst);
        unsafe {
            blst_hash_to_g1(&mut point, message.as_ptr(), message.len(), dst.as_ptr(), dst.len(), none, 0);
        }
        point
    }
}

/// A point of the curve: nothing says that it is in the group.
fn on_curve(data: &Bytes<G1>) -> Option<blst_p1_affine> {
    let mut point = blst_p1_affine::default();
    (unsafe { blst_p1_uncompress(&mut point, data.as_ptr()) } == BLST_ERROR::BLST_SUCCESS).then_some(point)
}

/// Σ w_i·P_i with weights of 16 bytes, in a part for each core.
fn summed(points: &[blst_p1_affine], weights: &[u8]) -> blst_p1 {
    let size = points.len().div_ceil(rayon::current_num_threads()).max(POINTS_PER_THREAD);
    points
        .par_chunks(size)
        .zip(weights.par_chunks(size * WEIGHT))
        .map(|(points, weights)| points.mult(weights, 8 * WEIGHT))
        .reduce(blst_p1::default, |left, right| {
            let mut sum = blst_p1::default();
            unsafe { blst_p1_add_or_double(&mut sum, &left, &right) };
            sum
        })
}

fn key_of(data: &Bytes<G2>) -> PyResult<blst_p2_affine> {
    let mut key = blst_p2_affine::default();
    match unsafe { blst_p2_uncompress(&mut key, data.as_ptr()) } {
        BLST_ERROR::BLST_SUCCESS => Ok(key),
        _ => Err(refused("a key")),
    }
}

fn affine(point: &blst_p1) -> blst_p1_affine {
    let mut affine = blst_p1_affine::default();
    unsafe { blst_p1_to_affine(&mut affine, point) };
    affine
}

/// One decompression and one multiplication in constant time for each encoding.
#[pyclass(frozen, module = "benchmarks._peers")]
pub struct ShareFloor {
    secret: Scalar,
    encodings: Vec<CompressedRistretto>,
}

#[pymethods]
impl ShareFloor {
    #[new]
    fn new(secret: Bytes<32>, encodings: Vec<Bytes<32>>) -> Self {
        let encodings = encodings.into_iter().map(CompressedRistretto).collect();
        Self { secret: Scalar::from_bytes_mod_order(secret), encodings }
    }

    fn run(&self, py: Python<'_>) -> PyResult<()> {
        let good = py.detach(|| {
            self.encodings
                .par_iter()
                .all(|data| data.decompress().is_some_and(|point| !(self.secret * point).is_identity()))
        });
        if good { Ok(()) } else { Err(refused("an encoding")) }
    }
}

/// Sums of products in constant time, one of each of these sizes, and so many products of the generator by
/// its table. What is summed and multiplied does not matter: the time is the same.
#[pyfunction]
pub fn multiplications<'py>(
    py: Python<'py>,
    scalar: Bytes<32>,
    sums: Vec<usize>,
    fixed: usize,
) -> Bound<'py, PyBytes> {
    let sum = py.detach(|| {
        let scalar = Scalar::from_bytes_mod_order(scalar);
        let mut point = RISTRETTO_BASEPOINT_TABLE * &scalar;
        for _ in 1..fixed {
            point += RISTRETTO_BASEPOINT_TABLE * &scalar;
        }
        for size in sums {
            point = RistrettoPoint::multiscalar_mul(vec![scalar; size], vec![point; size]);
        }
        point.compress()
    });
    PyBytes::new(py, sum.as_bytes())
}
