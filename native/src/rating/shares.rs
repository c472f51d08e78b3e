//! A trustee's shares of many ratings: opened, and checked against their commitments as one batch. The readable
//! definition is `circuits/rating/shares.py`.

use std::ops::Range;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::batch::{Weight, culprits, random_weights, scalar};
use super::bundle::sealed_shares;
use super::sealing::Named;
use super::{Elements, RatingLeaf, RatingVerifier, Round};
use crate::error::{Error, Result};
use crate::ristretto::{decode_scalar, public_sum};

const SCALAR: usize = 32;
/// Ratings whose shared points are encoded together.
const PIECE: usize = 64;

/// Opens and checks the shares of trustee j.
#[pyclass(frozen, module = "zkperf._native")]
pub struct ShareOpener {
    trustee: u64,
    /// t_j/2: see `open_piece`.
    half_secret: Zeroizing<Scalar>,
}

type Plaintext = Zeroizing<Vec<u8>>;

/// A share that has opened and is not checked yet.
struct Opened {
    plaintext: Plaintext,
    /// By commitment: values, then blinding.
    scalars: Zeroizing<Vec<Scalar>>,
    /// C_q + Σ_k j^k·E_{q,k} for each commitment.
    expected: Vec<RistrettoPoint>,
    weights: Vec<Weight>,
}

#[pymethods]
impl ShareOpener {
    /// Of trustee j, from 1, with the 32 bytes of t_j. EncodingError if they are no reduced scalar.
    #[new]
    fn new(trustee: u64, secret: &[u8]) -> Result<Self> {
        let half = Scalar::from(2u8).invert();
        Ok(Self { trustee, half_secret: Zeroizing::new(decode_scalar(secret)? * half) })
    }

    /// For each rating the scalars of this trustee's shares, 32 bytes each (values and blinding of every
    /// commitment), or None where the share does not open, is malformed or does not match.
    ///
    /// EncodingError or InvalidShare if one of the bundles is not its rating's.
    fn open<'py>(
        &self,
        py: Python<'py>,
        verifier: &RatingVerifier,
        ratings: Vec<(Bound<'py, RatingLeaf>, Bound<'py, PyBytes>)>,
    ) -> Result<Vec<Option<Bound<'py, PyBytes>>>> {
        let ratings: Vec<(&RatingLeaf, &[u8])> =
            ratings.iter().map(|(leaf, bundle)| (leaf.get(), bundle.as_bytes())).collect();
        let shares = py.detach(|| self.open_all(&verifier.round, &ratings))?;
        Ok(shares.into_iter().map(|share| share.map(|bytes| PyBytes::new(py, &bytes))).collect())
    }
}

impl ShareOpener {
    fn open_all(&self, round: &Round, ratings: &[(&RatingLeaf, &[u8])]) -> Result<Vec<Option<Plaintext>>> {
        if !(1..=round.statement.members as u64).contains(&self.trustee) {
            return Err(Error::Argument(format!("there is no trustee {}", self.trustee)));
        }
        let pieces = ratings.par_chunks(PIECE).map(|piece| self.open_piece(round, piece));
        let mut opened: Vec<Option<Opened>> =
            pieces.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        for share in opened.iter_mut().flatten() {
            share.weights = random_weights(round.statement.layout.commitments.len());
        }
        let places: Vec<usize> = (0..opened.len()).filter(|place| opened[*place].is_some()).collect();
        let good: Vec<&Opened> = opened.iter().flatten().collect();
        let bad = culprits(&good, &|part| match_commitments(round, part));
        for culprit in bad {
            opened[places[culprit]] = None;
        }
        Ok(opened.into_iter().map(|share| share.map(|share| share.plaintext)).collect())
    }

    fn open_piece(&self, round: &Round, piece: &[(&RatingLeaf, &[u8])]) -> Result<Vec<Option<Opened>>> {
        let sealed = piece
            .iter()
            .map(|(leaf, bundle)| sealed_shares(round, leaf, bundle))
            .collect::<Result<Vec<_>>>()?;
        let elements = piece.iter().map(|(leaf, _)| leaf.elements(round)).collect::<Result<Vec<_>>>()?;
        // D = t_j·Y, as the double of t_j/2·Y: to encode doubles takes one inversion for all of them, where
        // each point would take a root. Dividing t_j by 2 is exact, since the group's order is odd.
        let halves: Zeroizing<Vec<RistrettoPoint>> =
            Zeroizing::new(elements.iter().map(|elements| *self.half_secret * elements.ephemeral).collect());
        let shared = Zeroizing::new(RistrettoPoint::double_and_compress_batch(halves.iter()));
        let opened = piece.iter().zip(sealed).zip(&elements).zip(shared.iter());
        Ok(opened
            .map(|((((leaf, bundle), sealed), elements), shared)| {
                let mine = &bundle[sealed[self.trustee as usize - 1].clone()];
                let plaintext = named(round, leaf).open(self.trustee, shared, mine)?;
                self.read(round, elements, plaintext)
            })
            .collect())
    }

    /// None unless the plaintext consists of reduced scalars.
    fn read(&self, round: &Round, elements: &Elements, plaintext: Plaintext) -> Option<Opened> {
        let mut scalars = Zeroizing::new(Vec::with_capacity(plaintext.len() / SCALAR));
        for bytes in plaintext.chunks(SCALAR) {
            scalars.push(decode_scalar(bytes).ok()?);
        }
        let expected = elements.by_commitment(&round.statement).map(|(commitment, coefficients)| {
            // Horner: ((E_{q,t-1}·j + E_{q,t-2})·j + …)·j + C_q. With a multiple of few bits this is less than
            // giving each of them to the batch's sum.
            let next = |sum, element| small_multiple(self.trustee, sum) + element;
            [commitment].into_iter().chain(coefficients).rev().copied().reduce(next).expect("a commitment")
        });
        Some(Opened { expected: expected.collect(), plaintext, scalars, weights: Vec::new() })
    }
}

/// factor·P in variable time, for a public factor of few bits that is not 0.
fn small_multiple(factor: u64, point: RistrettoPoint) -> RistrettoPoint {
    let below_the_highest = (0..factor.ilog2()).rev();
    below_the_highest.fold(point, |sum, bit| {
        let doubled = sum + sum;
        if factor >> bit & 1 == 1 { doubled + point } else { doubled }
    })
}

/// Com(f_q(j); g_q(j)) = C_q + Σ_k j^k·E_{q,k} for all of them, up to a chance of 2^-127.
fn match_commitments(round: &Round, part: &[&Opened]) -> bool {
    let mut slots = vec![Scalar::ZERO; round.slots.len()];
    let mut blinding = Scalar::ZERO;
    let (mut scalars, mut points): (Vec<Scalar>, Vec<RistrettoPoint>) = (Vec::new(), Vec::new());
    for share in part {
        let mut values = share.scalars.iter();
        for (rows, weight) in round.statement.layout.commitments.iter().zip(&share.weights) {
            let weight = scalar(weight);
            scalars.push(weight);
            for slot in &mut slots[..rows.len()] {
                *slot -= weight * values.next().expect("as many scalars as slots");
            }
            blinding -= weight * values.next().expect("a blinding for each commitment");
        }
        points.extend(&share.expected);
    }
    scalars.extend(slots);
    points.extend(&round.slots);
    scalars.push(blinding);
    points.push(round.blinding);
    public_sum(&scalars, &points).is_identity()
}

fn named<'a>(round: &'a Round, leaf: &'a RatingLeaf) -> Named<'a> {
    let (data, fields) = (&leaf.data, &leaf.fields);
    let bytes = |range: &Range<usize>| &data[range.clone()];
    Named {
        ledger: &round.ledger,
        round: &round.round,
        unit: fields.unit,
        pseudonym: bytes(&fields.pseudonym),
        ephemeral: bytes(&fields.ephemeral),
        sequence: fields.sequence,
        commitments: fields.commitments.iter().map(bytes).collect(),
        coefficients: fields.coefficients.iter().map(|row| row.iter().map(bytes).collect()).collect(),
    }
}
