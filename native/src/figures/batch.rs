//! Many range proofs at once: the crate's two verification equations, each times a fresh random weight, in one sum.
//! The crate verifies one proof at a time and pays for the bit generators each time; here they are paid for once.

use std::collections::BTreeMap;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rayon::prelude::*;

use super::generators::Generators;
use super::proof::{Proof, Shape};
use crate::error::{Error, Result};
use crate::rating::batch::{Weight, culprits, random_weights, scalar};
use crate::ristretto::public_sum;

/// Proofs whose scalars are computed as one piece of work.
const PIECE: usize = 16;

/// A proof and what it claims.
pub struct Claim<'a> {
    pub context: &'a [u8],
    pub shape: &'a Shape,
    pub commitments: Vec<RistrettoPoint>,
    pub proof: &'a [u8],
}

struct Candidate<'a> {
    proof: Proof<'a>,
    weights: Vec<Weight>,
}

/// Why each claim is refused, or None.
pub fn verify(generators: &Generators, claims: &[Claim<'_>]) -> Vec<Option<(&'static str, String)>> {
    let constants = constants(generators, claims);
    let candidates: Vec<Result<Candidate<'_>>> =
        claims.par_iter().map(|claim| candidate(claim, &constants)).collect();
    let places: Vec<usize> = (0..claims.len()).filter(|place| candidates[*place].is_ok()).collect();
    let good: Vec<&Candidate<'_>> = candidates.iter().flatten().collect();
    let bad = culprits(&good, &|part| hold(generators, part));
    let mut verdicts: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.as_ref().err().map(|error| ("encoding", error.message())))
        .collect();
    for culprit in bad {
        verdicts[places[culprit]] = Some(("proofs", "the range proof does not hold".into()));
    }
    verdicts
}

/// constant·G for every constant that occurs: most proofs of a batch have the same few.
fn constants(generators: &Generators, claims: &[Claim<'_>]) -> BTreeMap<[u8; 32], RistrettoPoint> {
    let slots = claims.iter().flat_map(|claim| &claim.shape.slots);
    let distinct: BTreeMap<[u8; 32], Scalar> =
        slots.map(|slot| (slot.constant.to_bytes(), slot.constant)).collect();
    distinct.into_iter().map(|(key, constant)| (key, constant * generators.pedersen.B)).collect()
}

fn candidate<'a>(claim: &Claim<'a>, constants: &BTreeMap<[u8; 32], RistrettoPoint>) -> Result<Candidate<'a>> {
    if claim.commitments.len() < claim.shape.commitments {
        return Err(Error::Encoding("range proof: a commitment is missing".into()));
    }
    let derived = claim.shape.derived(&claim.commitments, |constant| constants[&constant.to_bytes()]);
    let commitments = claim.commitments.clone();
    let proof = Proof::decode(claim.shape, commitments, claim.context, &derived, claim.proof)?;
    // Drawn once everything they weigh is fixed.
    Ok(Candidate { proof, weights: random_weights(2) })
}

/// Scalars for the generators that all proofs share.
struct Shared {
    /// By value, then bit.
    left: Vec<Scalar>,
    right: Vec<Scalar>,
    value: Scalar,
    blinding: Scalar,
}

fn hold(generators: &Generators, part: &[&Candidate<'_>]) -> bool {
    let bits = part.iter().map(|candidate| candidate.proof.shape.bits).max().unwrap_or(0);
    let values = part.iter().map(|candidate| candidate.proof.values()).max().unwrap_or(0);
    let zero = || Shared {
        left: vec![Scalar::ZERO; bits * values],
        right: vec![Scalar::ZERO; bits * values],
        value: Scalar::ZERO,
        blinding: Scalar::ZERO,
    };
    let (shared, mut scalars, mut points) = part
        .par_chunks(PIECE)
        .map(|piece| {
            let (mut shared, mut scalars, mut points) = (zero(), Vec::new(), Vec::new());
            for candidate in piece {
                weigh(candidate, bits, &mut shared, &mut scalars);
                points.extend(&candidate.proof.points);
                points.extend(&candidate.proof.commitments);
            }
            (shared, scalars, points)
        })
        .reduce(
            || (zero(), Vec::new(), Vec::new()),
            |(mut shared, mut scalars, mut points), (more, more_scalars, more_points)| {
                for (sum, term) in shared.left.iter_mut().zip(&more.left) {
                    *sum += term;
                }
                for (sum, term) in shared.right.iter_mut().zip(&more.right) {
                    *sum += term;
                }
                shared.value += more.value;
                shared.blinding += more.blinding;
                scalars.extend(more_scalars);
                points.extend(more_points);
                (shared, scalars, points)
            },
        );
    let known = generators.bits(values);
    for (sums, side) in [(&shared.left, &known.left), (&shared.right, &known.right)] {
        for (value, chunk) in sums.chunks(bits.max(1)).enumerate() {
            scalars.extend(chunk);
            points.extend(&side[value][..chunk.len()]);
        }
    }
    scalars.extend([shared.value, shared.blinding]);
    points.extend([generators.pedersen.B, generators.pedersen.B_blinding]);
    public_sum(&scalars, &points).is_identity()
}

/// Adds the two equations of a proof over m values of n bits, each times its weight: scalars for shared generators
/// into `shared`, in rows of `stride`, and for the proof's points and commitments into `own`.
fn weigh(candidate: &Candidate<'_>, stride: usize, shared: &mut Shared, own: &mut Vec<Scalar>) {
    let proof = &candidate.proof;
    let weights = [scalar(&candidate.weights[0]), scalar(&candidate.weights[1])];
    let [c, d] = weights;
    let Proof { shape, t, a, b, y, z, x, w, .. } = proof;
    let n = shape.bits;
    let m = proof.values();
    let size = n * m;
    let mut inverses = proof.rounds.clone();
    inverses.push(*y);
    Scalar::batch_invert(&mut inverses);
    let y_inverse = inverses.pop().expect("y was the last");
    let squares: Vec<Scalar> = proof.rounds.iter().map(|u| u * u).collect();
    // s_i = Π u_k^{±1}
    let mut s = Vec::with_capacity(size);
    s.push(inverses.iter().product::<Scalar>());
    for index in 1..size {
        let high = index.ilog2() as usize;
        s.push(s[index - (1 << high)] * squares[squares.len() - 1 - high]);
    }
    // Inner product:  A + x·S + Σ u²·L + Σ u⁻²·R - e_blinding·H + w·(t - a·b)·G
    //                 - Σ (z + a·s_i)·G_i + Σ (z + y⁻ⁱ·(z²⁺ʲ·2ᵏ - b/s_i))·H_i  =  0,  i = j·n + k
    let (dz, da, db) = (d * z, d * a, d * b);
    let mut y_power = Scalar::ONE;
    let mut z_power = z * z;
    // Σ_j z^{2+j}, Σ_i y^i
    let (mut z_sum, mut y_sum, mut y_up) = (Scalar::ZERO, Scalar::ZERO, Scalar::ONE);
    // Polynomial:  x·T_1 + x²·T_2 - t_blinding·H + (δ(y, z) - t)·G + Σ z^{2+j}·V_j  =  0
    let mut values = vec![Scalar::ZERO; proof.commitments.len()];
    for j in 0..m {
        let mut bit = d * z_power;
        for k in 0..n {
            let (i, place) = (j * n + k, j * stride + k);
            shared.left[place] -= dz + da * s[i];
            shared.right[place] += dz + y_power * (bit - db * s[size - 1 - i]);
            y_power *= y_inverse;
            y_sum += y_up;
            y_up *= y;
            bit += bit;
        }
        if let Some(slot) = shape.slots.get(j) {
            let weight = c * z_power;
            for (index, coefficient) in &slot.terms {
                values[*index] += weight * coefficient;
            }
            shared.value += weight * slot.constant;
        }
        z_sum += z_power;
        z_power *= z;
    }
    // δ(y, z) = (z - z²)·Σ y^i - Σ z^{3+j}·(2ⁿ - 1)
    let ones = Scalar::from(u64::MAX >> (64 - n));
    let delta = (z - z * z) * y_sum - z * z_sum * ones;
    shared.value += d * w * (t - a * b) + c * (delta - t);
    shared.blinding -= d * proof.e_blinding + c * proof.t_blinding;
    own.extend([d, d * x, c * x, c * x * x]);
    for (square, inverse) in squares.iter().zip(&inverses) {
        own.extend([d * square, d * inverse * inverse]);
    }
    own.extend(values);
}
