//! A trustee's shares of many ratings: opened, and checked against their commitments as one batch.

use std::ops::Range;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::batch::{Weight, culprits, random_weights, scalar};
use super::sealing::Named;
use super::{RatingLeaf, RatingVerifier, Round, VerifiedRating};
use crate::error::Result;
use crate::ristretto::{decode_scalar, public_sum};

const SCALAR: usize = 32;

/// Opens and checks the shares of trustee j.
#[pyclass(frozen, module = "zkperf._native")]
pub struct ShareOpener {
    trustee: u64,
    secret: Scalar,
}

struct Opened<'a> {
    rating: &'a VerifiedRating,
    /// By commitment: values, then blinding.
    scalars: Vec<Scalar>,
    plaintext: Zeroizing<Vec<u8>>,
    weights: Vec<Weight>,
}

#[pymethods]
impl ShareOpener {
    /// Of trustee j, from 1, with the 32 bytes of t_j. EncodingError if they are no reduced scalar.
    #[new]
    fn new(trustee: u64, secret: &[u8]) -> Result<Self> {
        Ok(Self { trustee, secret: decode_scalar(secret)? })
    }

    /// For each rating the scalars of this trustee's shares, 32 bytes each (values and blinding of every
    /// commitment), or None where the share does not open, is malformed or does not match.
    fn open<'py>(
        &self,
        py: Python<'py>,
        verifier: &RatingVerifier,
        leaves: Vec<Bound<'py, RatingLeaf>>,
        ratings: Vec<Bound<'py, VerifiedRating>>,
        sealed: Vec<Bound<'py, PyBytes>>,
    ) -> Vec<Option<Bound<'py, PyBytes>>> {
        let items: Vec<(&RatingLeaf, &VerifiedRating, &[u8])> = leaves
            .iter()
            .zip(&ratings)
            .zip(&sealed)
            .map(|((leaf, rating), sealed)| (leaf.get(), rating.get(), sealed.as_bytes()))
            .collect();
        let shares = py.detach(|| self.open_all(&verifier.round, &items));
        shares.into_iter().map(|share| share.map(|bytes| PyBytes::new(py, &bytes))).collect()
    }
}

impl ShareOpener {
    fn open_all(
        &self,
        round: &Round,
        items: &[(&RatingLeaf, &VerifiedRating, &[u8])],
    ) -> Vec<Option<Zeroizing<Vec<u8>>>> {
        let mut opened: Vec<Option<Opened<'_>>> = items
            .par_iter()
            .map(|(leaf, rating, sealed)| self.open_one(round, leaf, rating, sealed))
            .collect();
        for share in opened.iter_mut().flatten() {
            share.weights = random_weights(round.statement.layout.commitments.len());
        }
        let places: Vec<usize> = (0..items.len()).filter(|place| opened[*place].is_some()).collect();
        let good: Vec<&Opened<'_>> = opened.iter().flatten().collect();
        let bad = culprits(&good, &|part| self.match_commitments(round, part));
        let mut shares: Vec<Option<Zeroizing<Vec<u8>>>> =
            opened.iter().map(|share| share.as_ref().map(|share| share.plaintext.clone())).collect();
        for culprit in bad {
            shares[places[culprit]] = None;
        }
        shares
    }

    fn open_one<'a>(
        &self,
        round: &Round,
        leaf: &RatingLeaf,
        rating: &'a VerifiedRating,
        sealed: &[u8],
    ) -> Option<Opened<'a>> {
        // D = t_j·Y
        let shared = (self.secret * rating.ephemeral).compress();
        let plaintext = named(round, leaf).open(self.trustee, &shared, sealed)?;
        let expected: usize = round.statement.layout.commitments.iter().map(|rows| rows.len() + 1).sum();
        if plaintext.len() != expected * SCALAR {
            return None;
        }
        let scalars = plaintext.chunks(SCALAR).map(decode_scalar).collect::<Result<Vec<_>>>().ok()?;
        Some(Opened { rating, scalars, plaintext, weights: Vec::new() })
    }

    /// Com(f_q(j); g_q(j)) = C_q + Σ_k j^k·E_{q,k} for all of them, up to a chance of 2^-127.
    fn match_commitments(&self, round: &Round, part: &[&Opened<'_>]) -> bool {
        let layout = &round.statement.layout;
        let mut slots = vec![Scalar::ZERO; round.slots.len()];
        let mut blinding = Scalar::ZERO;
        let (mut scalars, mut points): (Vec<Scalar>, Vec<RistrettoPoint>) = (Vec::new(), Vec::new());
        for share in part {
            let mut values = share.scalars.iter();
            for (rows, weight) in layout.commitments.iter().zip(&share.weights) {
                let weight = scalar(weight);
                for slot in &mut slots[..rows.len()] {
                    *slot -= weight * values.next().expect("as many scalars as slots");
                }
                blinding -= weight * values.next().expect("a blinding for each commitment");
            }
            // C_q of every commitment come first, then the rows of E
            let count = layout.commitments.len();
            let (commitments, coefficients) = share.rating.sums.split_at(count);
            for (q, weight) in share.weights.iter().enumerate() {
                let mut power = scalar(weight);
                scalars.push(power);
                points.push(commitments[q]);
                for k in 0..round.statement.degree {
                    power *= Scalar::from(self.trustee);
                    scalars.push(power);
                    points.push(coefficients[q * round.statement.degree + k]);
                }
            }
        }
        scalars.extend(slots);
        points.extend(&round.slots);
        scalars.push(blinding);
        points.push(round.blinding);
        public_sum(&scalars, &points).is_identity()
    }
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
