//! One range proof: what it is about, its strict decoding, and its challenges as the crate derives them.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use merlin::Transcript;

use crate::error::{Error, Result};
use crate::ristretto;

const SIZE: usize = 32;
/// A, S, T_1, T_2.
const FIRST: usize = 4;

/// A value in a range: Σ coefficient·(value of a commitment) + constant.
pub struct Slot {
    pub terms: Vec<(usize, Scalar)>,
    pub constant: Scalar,
}

/// Which values of a list of commitments have at most `bits` bits.
pub struct Shape {
    pub bits: usize,
    pub slots: Vec<Slot>,
    /// One above the highest commitment that a slot is about.
    pub commitments: usize,
}

/// One proof with its statement, decoded, and its challenges.
pub struct Proof<'a> {
    pub shape: &'a Shape,
    pub commitments: Vec<RistrettoPoint>,
    /// A, S, T_1, T_2, then L and R of each round.
    pub points: Vec<RistrettoPoint>,
    pub t: Scalar,
    pub t_blinding: Scalar,
    pub e_blinding: Scalar,
    pub a: Scalar,
    pub b: Scalar,
    pub y: Scalar,
    pub z: Scalar,
    pub x: Scalar,
    pub w: Scalar,
    /// u of each round.
    pub rounds: Vec<Scalar>,
}

/// How many values a proof about `slots` of them has: aggregation takes powers of two.
pub fn padded(slots: usize) -> usize {
    slots.next_power_of_two()
}

/// Where both sides begin. The context says everything that the proof is for.
pub fn transcript(context: &[u8]) -> Transcript {
    let mut transcript = Transcript::new(b"ZKPERF-V01-range");
    transcript.append_message(b"context", context);
    transcript
}

impl Shape {
    /// How many rounds the inner product argument has.
    pub fn rounds(&self) -> usize {
        (self.bits * padded(self.slots.len())).ilog2() as usize
    }

    /// The commitment of each slot, Σ coefficient·V + constant·G, encoded. Padding is the identity.
    pub fn derived(
        &self,
        commitments: &[RistrettoPoint],
        constants: impl Fn(&Scalar) -> RistrettoPoint,
    ) -> Vec<CompressedRistretto> {
        let mut derived: Vec<_> = self
            .slots
            .iter()
            .map(|slot| {
                let mut sum = constants(&slot.constant);
                let (mut scalars, mut points) = (Vec::new(), Vec::new());
                for (index, coefficient) in &slot.terms {
                    // Most coefficients are 1 or -1, and adding is much faster than multiplying.
                    if *coefficient == Scalar::ONE {
                        sum += commitments[*index];
                    } else if *coefficient == -Scalar::ONE {
                        sum -= commitments[*index];
                    } else {
                        scalars.push(*coefficient);
                        points.push(commitments[*index]);
                    }
                }
                if !points.is_empty() {
                    sum += RistrettoPoint::vartime_multiscalar_mul(&scalars, &points);
                }
                sum.compress()
            })
            .collect();
        derived.resize(padded(self.slots.len()), CompressedRistretto([0; SIZE]));
        derived
    }
}

impl<'a> Proof<'a> {
    /// `Error::Encoding` unless `data` is as long as a proof of this shape and every part of it canonical.
    pub fn decode(
        shape: &'a Shape,
        commitments: Vec<RistrettoPoint>,
        context: &[u8],
        derived: &[CompressedRistretto],
        data: &[u8],
    ) -> Result<Self> {
        let rounds = shape.rounds();
        if data.len() != SIZE * (FIRST + 3 + 2 * rounds + 2) {
            return Err(Error::Encoding(format!("range proof: unexpected length {}", data.len())));
        }
        let parts: Vec<&[u8]> = data.chunks(SIZE).collect();
        let inner = FIRST + 3..FIRST + 3 + 2 * rounds;
        let points = parts[..FIRST].iter().chain(&parts[inner.clone()]);
        let points = points.map(|part| ristretto::decode(part)).collect::<Result<Vec<_>>>()?;
        let scalar = |index: usize| ristretto::decode_scalar(parts[index]);
        let mut transcript = transcript(context);
        transcript.append_message(b"dom-sep", b"rangeproof v1");
        transcript.append_u64(b"n", shape.bits as u64);
        transcript.append_u64(b"m", derived.len() as u64);
        for commitment in derived {
            transcript.append_message(b"V", commitment.as_bytes());
        }
        transcript.append_message(b"A", parts[0]);
        transcript.append_message(b"S", parts[1]);
        let (y, z) = (challenge(&mut transcript, b"y"), challenge(&mut transcript, b"z"));
        transcript.append_message(b"T_1", parts[2]);
        transcript.append_message(b"T_2", parts[3]);
        let x = challenge(&mut transcript, b"x");
        transcript.append_message(b"t_x", parts[FIRST]);
        transcript.append_message(b"t_x_blinding", parts[FIRST + 1]);
        transcript.append_message(b"e_blinding", parts[FIRST + 2]);
        let w = challenge(&mut transcript, b"w");
        transcript.append_message(b"dom-sep", b"ipp v1");
        transcript.append_u64(b"n", 1 << rounds);
        let mut challenges = Vec::with_capacity(rounds);
        for pair in parts[inner.clone()].chunks(2) {
            transcript.append_message(b"L", pair[0]);
            transcript.append_message(b"R", pair[1]);
            challenges.push(challenge(&mut transcript, b"u"));
        }
        Ok(Self {
            shape,
            commitments,
            points,
            t: scalar(FIRST)?,
            t_blinding: scalar(FIRST + 1)?,
            e_blinding: scalar(FIRST + 2)?,
            a: scalar(inner.end)?,
            b: scalar(inner.end + 1)?,
            y,
            z,
            x,
            w,
            rounds: challenges,
        })
    }
}

impl Proof<'_> {
    /// m: the number of values, with padding.
    pub fn values(&self) -> usize {
        padded(self.shape.slots.len())
    }
}

fn challenge(transcript: &mut Transcript, label: &'static [u8]) -> Scalar {
    let mut bytes = [0; 64];
    transcript.challenge_bytes(label, &mut bytes);
    Scalar::from_bytes_mod_order_wide(&bytes)
}
