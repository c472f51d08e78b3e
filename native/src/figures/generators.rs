//! The generators of range proofs: two for values and blindings, which the caller brings, and two for each bit of
//! each value, which are the crate's.

use std::sync::{Arc, RwLock};

use bulletproofs::{BulletproofGens, PedersenGens};
use curve25519_dalek::ristretto::RistrettoPoint;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

/// Bits of the longest value.
pub const MOST_BITS: usize = 64;

/// Bit generators for so many values, both as the crate wants them and as plain vectors.
pub struct Bits {
    pub crates: BulletproofGens,
    /// Σ over values: 64 generators each, G then H.
    pub left: Vec<[RistrettoPoint; MOST_BITS]>,
    pub right: Vec<[RistrettoPoint; MOST_BITS]>,
}

pub struct Generators {
    pub pedersen: PedersenGens,
    bits: RwLock<Arc<Bits>>,
}

impl Generators {
    /// `value` is G and `blinding` is H of commitments v·G + r·H.
    pub fn new(value: RistrettoPoint, blinding: RistrettoPoint) -> Self {
        Self {
            pedersen: PedersenGens { B: value, B_blinding: blinding },
            bits: RwLock::new(Arc::new(Bits::new(1))),
        }
    }

    /// Bit generators for at least `values` values. Made once for each power of two.
    pub fn bits(&self, values: usize) -> Arc<Bits> {
        let known = self.bits.read().expect("no panic holds the lock").clone();
        if known.left.len() >= values {
            return known;
        }
        let made = Arc::new(Bits::new(values.next_power_of_two()));
        *self.bits.write().expect("no panic holds the lock") = made.clone();
        made
    }
}

impl Bits {
    fn new(values: usize) -> Self {
        Self {
            crates: BulletproofGens::new(MOST_BITS, values),
            left: (0..values).map(|value| chain(b'G', value)).collect(),
            right: (0..values).map(|value| chain(b'H', value)).collect(),
        }
    }
}

/// The crate keeps its generators to itself; they are the first outputs of SHAKE256 over a label, mapped to the group.
fn chain(side: u8, value: usize) -> [RistrettoPoint; MOST_BITS] {
    let mut hash = Shake256::default();
    hash.update(b"GeneratorsChain");
    hash.update(&[side]);
    hash.update(&(value as u32).to_le_bytes());
    let mut reader = hash.finalize_xof();
    std::array::from_fn(|_| {
        let mut uniform = [0; 64];
        reader.read(&mut uniform);
        RistrettoPoint::from_uniform_bytes(&uniform)
    })
}
