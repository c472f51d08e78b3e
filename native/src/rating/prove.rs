//! Making a rating: commit, share, seal and prove. The readable definition is `circuits/rating/prover.py`;
//! from the same random bytes this makes the same rating.
//!
//! Bits, scalars and shares are secret. Nothing branches on them and nothing is looked up by them: products
//! are dalek's in constant time, and a bit selects by a mask. What is looked at is whether bits fit the
//! questionnaire at all, and whether an element is the identity. All of it runs on one core: who makes many
//! ratings has a thread for each, since none holds the interpreter's lock.
//!
//! Tables for the fixed generators do not pay. With dalek's (30 KB and a millisecond each to build) a product
//! takes what it takes in a sum of five with AVX2 (Straus), and more than in a longer one; a device makes one
//! rating a round.

use std::collections::BTreeMap;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity, MultiscalarMul};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use super::sealing::{Named, SALT, bundle_digest};
use super::source::{Called, Secret, Source, System};
use super::statement::{Layout, apply, signed};
use super::{RatingVerifier, Round};
use crate::error::{Error, Result};
use crate::ristretto::{RistrettoElement, decode_scalar};

/// Makes ratings of one round.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RatingProver {
    verifier: Py<RatingVerifier>,
    /// T_1 … T_n.
    trustees: Vec<RistrettoPoint>,
    /// By commitment what each bit in it adds to it: Σ_j M_{q,j,i}·G_j.
    columns: Vec<Vec<(usize, RistrettoPoint)>>,
    /// 1/2 mod q.
    half: Scalar,
}

/// What a rating is made from.
struct Wanted<'a> {
    unit: u64,
    token: &'a [u8],
    sequence: u64,
    bits: &'a [u8],
    x: Zeroizing<Scalar>,
}

/// A rating: what is in its core and its bundle beyond what it was made from.
struct Made {
    /// X and Y.
    keys: Vec<CompressedRistretto>,
    commitments: Vec<CompressedRistretto>,
    /// E_{q,1} … E_{q,t-1} by q.
    coefficients: Vec<CompressedRistretto>,
    digest: [u8; 32],
    proof: Vec<u8>,
    salts: Vec<[u8; SALT]>,
    sealed: Vec<Vec<u8>>,
}

#[pymethods]
impl RatingProver {
    /// For the round of `verifier` and T_1 … T_n. ValueError for more or fewer of them than the round has.
    #[new]
    fn new(verifier: Bound<'_, RatingVerifier>, trustees: Vec<Bound<'_, RistrettoElement>>) -> Result<Self> {
        let (members, given) = (verifier.get().round.statement.members, trustees.len());
        if given != members {
            return Err(Error::Argument(format!("expected the keys of {members} trustees, got {given}")));
        }
        Ok(Self {
            columns: columns(&verifier.get().round),
            verifier: verifier.unbind(),
            trustees: trustees.iter().map(|element| element.get().0).collect(),
            half: Scalar::from(2u8).invert(),
        })
    }

    /// The rating's (X, Y, [C_q], [[E_{q,k}]], d, proof, salts, sealed). `secret` is x, `bits` has a byte for
    /// each bit, `source` is the operating system if it is None.
    #[pyo3(signature = (unit, secret, token, sequence, bits, source=None))]
    #[allow(clippy::too_many_arguments)]
    fn rate<'py>(
        &self,
        py: Python<'py>,
        unit: u64,
        secret: &[u8],
        token: &[u8],
        sequence: u64,
        bits: &[u8],
        source: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let round = &self.verifier.get().round;
        let x = Zeroizing::new(decode_scalar(secret)?);
        if *x == Scalar::ZERO {
            return Err(Error::Argument("the pseudonym's secret is 0".into()).into());
        }
        check_bits(&round.statement.layout, bits)?;
        let wanted = Wanted { unit, token, sequence, bits, x };
        let made = match source {
            Some(source) => self.make(round, &wanted, &mut Called(source)),
            None => py.detach(|| self.make(round, &wanted, &mut System::default())),
        };
        made?.into_python(py)
    }
}

fn columns(round: &Round) -> Vec<Vec<(usize, RistrettoPoint)>> {
    let commitments = round.statement.layout.commitments.iter();
    let each = commitments.map(|rows| {
        let mut columns = BTreeMap::new();
        for (row, slot) in rows.iter().zip(&round.slots) {
            for (bit, coefficient) in row {
                let term = if *coefficient == 1 { *slot } else { signed(*coefficient) * slot };
                *columns.entry(*bit).or_insert_with(RistrettoPoint::identity) += term;
            }
        }
        columns.into_iter().collect()
    });
    each.collect()
}

/// Refuses what is no layout's bits for any answers: b_i in {0, 1} and L·b = c.
fn check_bits(layout: &Layout, bits: &[u8]) -> Result<()> {
    if bits.len() != layout.size {
        return Err(Error::Argument(format!("expected {} bits, got {}", layout.size, bits.len())));
    }
    // One answer for all of them, when every bit and every rule has been looked at.
    let mut wrong = bits.iter().fold(0, |wrong, bit| wrong | i64::from(bit & !1));
    for rule in &layout.rules {
        let terms = rule.terms.iter().map(|(bit, coefficient)| coefficient * i64::from(bits[*bit]));
        wrong |= rule.constant + terms.sum::<i64>() - i64::from(bits[rule.pivot]);
    }
    if wrong != 0 {
        return Err(Error::Argument("the bits are no answers to this questionnaire".into()));
    }
    Ok(())
}

/// The scalars of a rating, and the salts. Vectors that are committed to end with their blinding.
struct Drawn {
    b: Secret,
    /// By commitment the coefficients of its polynomial: (w_q, r_q), then (φ_k, ψ_k).
    polynomials: Vec<Vec<Secret>>,
    y: Zeroizing<Scalar>,
    salts: Vec<[u8; SALT]>,
    a: Secret,
    /// (M_q·a, r_{A,q}).
    masks: Vec<Secret>,
    /// (b_aux ‖ a∘(1 - 2b), u).
    linear: Secret,
    /// (a_aux ‖ -a∘a, v).
    constant: Secret,
    k: Zeroizing<Scalar>,
}

impl Drawn {
    /// Draws in the order of the readable definition.
    fn new(round: &Round, members: usize, bits: &[u8], source: &mut dyn Source) -> PyResult<Self> {
        let (layout, degree) = (&round.statement.layout, round.statement.degree);
        let b: Secret = exactly(bits.iter().map(|bit| Scalar::from(*bit)));
        let mut polynomials = Vec::with_capacity(layout.commitments.len());
        for rows in &layout.commitments {
            // w_q = M_q·b
            let w = exactly(rows.iter().map(|row| apply(row, &b)));
            let mut coefficients = vec![source.after(&w, 1)?];
            for _ in 0..degree {
                coefficients.push(source.after(&[], rows.len() + 1)?);
            }
            polynomials.push(coefficients);
        }
        let y = source.nonzero()?;
        let mut salts = vec![[0; SALT]; members];
        for salt in &mut salts {
            source.fill(salt)?;
        }
        // a uniform with L·a = 0
        let mut a: Secret = Zeroizing::new(vec![Scalar::ZERO; layout.size]);
        for bit in &layout.free {
            a[*bit] = source.scalar()?;
        }
        for rule in &layout.rules {
            a[rule.pivot] = apply(&rule.terms, &a);
        }
        let mut masks = Vec::with_capacity(layout.commitments.len());
        for rows in &layout.commitments {
            let masked = exactly(rows.iter().map(|row| apply(row, &a)));
            masks.push(source.after(&masked, 1)?);
        }
        let auxiliary = layout.auxiliary.iter();
        let pairs = a.iter().zip(b.iter());
        let linear = exactly(
            auxiliary.clone().map(|bit| b[*bit]).chain(pairs.map(|(a, b)| a * (Scalar::ONE - (b + b)))),
        );
        let linear = source.after(&linear, 1)?;
        let constant = exactly(auxiliary.map(|bit| a[*bit]).chain(a.iter().map(|a| -(a * a))));
        let constant = source.after(&constant, 1)?;
        let k = source.nonzero()?;
        Ok(Self { b, polynomials, y, salts, a, masks, linear, constant, k })
    }

    /// Trustee j's plaintext: f_q(j), then g_q(j), for each commitment.
    fn shares(&self, trustee: u64) -> Zeroizing<Vec<u8>> {
        let j = Scalar::from(trustee);
        let size: usize = self.polynomials.iter().map(|coefficients| coefficients[0].len() * 32).sum();
        let mut plaintext = Zeroizing::new(Vec::with_capacity(size));
        for coefficients in &self.polynomials {
            for place in 0..coefficients[0].len() {
                // Horner: the coefficient of the highest power comes last
                let value = coefficients.iter().rev().fold(Scalar::ZERO, |sum, row| sum * j + row[place]);
                plaintext.extend_from_slice(value.as_bytes());
            }
        }
        plaintext
    }
}

/// Secrets in a vector that never grew: growing would leave its old place unwiped.
fn exactly(scalars: impl Iterator<Item = Scalar>) -> Secret {
    let mut exact = Zeroizing::new(Vec::with_capacity(scalars.size_hint().1.expect("a known number")));
    exact.extend(scalars);
    exact
}

impl RatingProver {
    fn make(&self, round: &Round, wanted: &Wanted<'_>, source: &mut dyn Source) -> PyResult<Made> {
        // An element that is the identity, which has no encoding, has everything drawn again. Each is then
        // uniform among the others, as where its own blinding alone is drawn again.
        loop {
            let drawn = Drawn::new(round, self.trustees.len(), wanted.bits, source)?;
            if let Some(made) = self.finish(round, wanted, drawn) {
                return Ok(made);
            }
        }
    }

    /// None if an element is the identity.
    fn finish(&self, round: &Round, wanted: &Wanted<'_>, drawn: Drawn) -> Option<Made> {
        let (statement, layout) = (&round.statement, &round.statement.layout);
        let commitments = self.commitments(round, wanted.bits, &drawn)?;
        let halves = self.halves(round, wanted, &drawn);
        if halves.iter().any(RistrettoPoint::is_identity) {
            return None;
        }
        let mut elements = RistrettoPoint::double_and_compress_batch(halves.iter()).into_iter();
        let mut take = |count: usize| elements.by_ref().take(count).collect::<Vec<_>>();
        let keys = take(2);
        let coefficients = take(commitments.len() * statement.degree);
        let first = take(commitments.len() + 3);
        let shared = Zeroizing::new(take(self.trustees.len()));

        let rows = |q: usize| &coefficients[q * statement.degree..(q + 1) * statement.degree];
        let named = Named {
            ledger: &round.ledger,
            round: &round.round,
            unit: wanted.unit,
            pseudonym: encoding(&keys[0]),
            ephemeral: encoding(&keys[1]),
            sequence: wanted.sequence,
            commitments: commitments.iter().map(encoding).collect(),
            coefficients: (0..commitments.len()).map(|q| rows(q).iter().map(encoding).collect()).collect(),
        };
        let shares = (1..).zip(shared.iter());
        let sealed: Vec<_> = shares.map(|(j, point)| named.seal(j, point, &drawn.shares(j))).collect();
        let digest = bundle_digest(drawn.salts.iter().zip(&sealed));

        let mut proof = first.iter().map(encoding).collect::<Vec<_>>().concat();
        let e = statement.challenge(&named.instance(wanted.token, &digest), &proof);
        let blindings = drawn.polynomials.iter().map(|rows| &rows[0]).zip(&drawn.masks);
        let response = layout
            .free
            .iter()
            // f = e·b + a, without the pivots
            .map(|bit| e * drawn.b[*bit] + drawn.a[*bit])
            // z_{r,q} = e·r_q + r_{A,q}
            .chain(blindings.map(|(opening, mask)| e * blinding(opening) + blinding(mask)))
            // z_u = e·u + v
            .chain([e * blinding(&drawn.linear) + blinding(&drawn.constant)])
            // z = k + e·x + e²·y
            .chain([*drawn.k + e * *wanted.x + e * e * *drawn.y]);
        proof.extend(response.flat_map(|scalar| scalar.to_bytes()));
        drop(named);
        Some(Made { keys, commitments, coefficients, digest, proof, salts: drawn.salts, sealed })
    }

    /// C_q = Com_G(M_q·b; r_q). None if one is the identity.
    fn commitments(&self, round: &Round, bits: &[u8], drawn: &Drawn) -> Option<Vec<CompressedRistretto>> {
        let each = self.columns.iter().zip(&drawn.polynomials).map(|(columns, rows)| {
            // Σ_i b_i·(Σ_j M_{q,j,i}·G_j): an addition for each bit, of its column or of the identity.
            let sum = columns.iter().fold(blinding(&rows[0]) * round.blinding, |sum, (bit, column)| {
                let chosen = Choice::from(bits[*bit]);
                sum + RistrettoPoint::conditional_select(&RistrettoPoint::identity(), column, chosen)
            });
            (!sum.is_identity()).then(|| sum.compress())
        });
        each.collect()
    }

    /// Half of X, Y, each E_{q,k}, each A_q, U, V, R and each D_j.
    ///
    /// Encoding an element takes a root in the field. For the double of an element it takes an inversion, and
    /// one inversion does for all. Every element has a half: the group's order is odd.
    fn halves(&self, round: &Round, wanted: &Wanted<'_>, drawn: &Drawn) -> Zeroizing<Vec<RistrettoPoint>> {
        let half = |scalar: &Scalar| Zeroizing::new(scalar * self.half);
        let generator = |scalar: &Scalar| RISTRETTO_BASEPOINT_TABLE * &*half(scalar);
        let commitment = |vector: &Secret, generators: &[RistrettoPoint]| {
            let scalars = exactly(vector.iter().map(|scalar| scalar * self.half));
            let points = generators[..vector.len() - 1].iter().chain([&round.blinding]);
            RistrettoPoint::multiscalar_mul(scalars.iter(), points)
        };
        let sums = round.statement.layout.commitments.len() * (round.statement.degree + 1);
        let mut halves = Zeroizing::new(Vec::with_capacity(sums + 5 + self.trustees.len()));
        // X = x·B, Y = y·B
        halves.extend([generator(&wanted.x), generator(&drawn.y)]);
        // E_{q,k} = Com_G(φ_{q,k}; ψ_{q,k})
        let sharing = drawn.polynomials.iter().flat_map(|rows| &rows[1..]);
        // A_q = Com_G(M_q·a; r_{A,q})
        halves.extend(sharing.chain(&drawn.masks).map(|vector| commitment(vector, &round.slots)));
        // U = Com_K(b_aux ‖ a∘(1 - 2b); u), V = Com_K(a_aux ‖ -a∘a; v), R = k·B
        halves.extend([&drawn.linear, &drawn.constant].map(|vector| commitment(vector, &round.auxiliary)));
        halves.push(generator(&drawn.k));
        // D_j = y·T_j
        let y = half(&drawn.y);
        halves.extend(self.trustees.iter().map(|trustee| *y * trustee));
        halves
    }
}

fn encoding(element: &CompressedRistretto) -> &[u8] {
    element.as_bytes()
}

/// What a vector is blinded with.
fn blinding(vector: &Secret) -> &Scalar {
    vector.last().expect("a vector ends with its blinding")
}

impl Made {
    fn into_python<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let degree = self.coefficients.len() / self.commitments.len();
        let rows = (0..self.commitments.len()).map(|q| &self.coefficients[q * degree..(q + 1) * degree]);
        let rows = rows.map(|row| tuple(py, row.iter().map(encoding)));
        (
            PyBytes::new(py, encoding(&self.keys[0])),
            PyBytes::new(py, encoding(&self.keys[1])),
            tuple(py, self.commitments.iter().map(encoding))?,
            PyTuple::new(py, rows.collect::<PyResult<Vec<_>>>()?)?,
            PyBytes::new(py, &self.digest),
            PyBytes::new(py, &self.proof),
            tuple(py, self.salts.iter().map(|salt| &salt[..]))?,
            tuple(py, self.sealed.iter().map(|sealed| &sealed[..]))?,
        )
            .into_pyobject(py)
    }
}

fn tuple<'py, 'a>(
    py: Python<'py>,
    items: impl ExactSizeIterator<Item = &'a [u8]>,
) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, items.map(|item| PyBytes::new(py, item)))
}
