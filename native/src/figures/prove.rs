//! Making range proofs: the crate's prover, with every mask exactly uniform.

use bulletproofs::RangeProof;
use curve25519_dalek::scalar::Scalar;
use rand_core::{CryptoRng, RngCore};

use super::generators::Generators;
use super::proof::{padded, transcript};
use crate::error::{Error, Result};
use crate::rating::source::{Source, System};

/// A proof that every value has at most `bits` bits. Bound to `context`, `bits` and the commitments.
pub fn prove(
    generators: &Generators,
    context: &[u8],
    bits: usize,
    values: &[u64],
    blindings: &[Scalar],
) -> Result<Vec<u8>> {
    let count = padded(values.len());
    let (mut values, mut blindings) = (values.to_vec(), blindings.to_vec());
    // 0 = 0·G + 0·H is in every range.
    values.resize(count, 0);
    blindings.resize(count, Scalar::ZERO);
    let (proof, _) = RangeProof::prove_multiple_with_rng(
        &generators.bits(count).crates,
        &generators.pedersen,
        &mut transcript(context),
        &values,
        &blindings,
        bits,
        &mut Uniform::default(),
    )
    .map_err(|_| Error::Argument("no range proof can be made of this".into()))?;
    Ok(proof.to_bytes())
}

/// Randomness of which the crate makes exactly uniform scalars. It reduces 64 bytes modulo the group's order; here
/// they are a scalar below it already, drawn by rejection, and zeros. So proofs hide perfectly, not nearly.
#[derive(Default)]
struct Uniform(System);

impl RngCore for Uniform {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        const GIVES: &str = "the operating system gives random bytes";
        if into.len() == 64 {
            into[32..].fill(0);
            into[..32].copy_from_slice(self.0.scalar().expect(GIVES).as_bytes());
        } else {
            self.0.fill(into).expect(GIVES);
        }
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> std::result::Result<(), rand_core::Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for Uniform {}
