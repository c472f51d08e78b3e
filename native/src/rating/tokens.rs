//! Tokens of many ratings at once: e(Σ w_i·σ_i, -g2) · Π_K e(Σ_{i under K} w_i·P_i, K) = 1.

use std::collections::BTreeMap;

use blst::*;

use crate::bls::G1Element;
use crate::cbor;
use crate::error::Result;

const DST: &[u8] = b"ZKPERF-V01-token-BLS12381G1_XMD:SHA-256_SSWU_RO_";
const WEIGHT_BITS: usize = 128;

/// A token σ, the point P that it should sign, and the cohort that it should be signed for.
pub struct Token {
    unit: u64,
    signature: blst_p1,
    point: blst_p1,
}

impl Token {
    pub fn decode(data: &[u8], ledger: &[u8], round: &[u8], unit: u64, pseudonym: &[u8]) -> Result<Self> {
        let signature = G1Element::strict(data)?.0;
        // P = H_G1([ledger, round, unit, pseudonym])
        let mut message = Vec::with_capacity(128);
        cbor::write_array(4, &mut message);
        cbor::write_bytes(ledger, &mut message);
        cbor::write_bytes(round, &mut message);
        cbor::write_unsigned(unit, &mut message);
        cbor::write_bytes(pseudonym, &mut message);
        Ok(Self { unit, signature, point: G1Element::hashed(&message, DST).0 })
    }
}

/// Whether all tokens hold, up to a chance of 2^-127. `keys` by unit; every token's unit has one.
pub fn hold(tokens: &[(&Token, [u8; 16])], keys: &BTreeMap<u64, blst_p2_affine>) -> bool {
    let mut by_unit: BTreeMap<u64, (Vec<blst_p1>, Vec<u8>)> = BTreeMap::new();
    let (mut signatures, mut weights) = (Vec::new(), Vec::new());
    for (token, weight) in tokens {
        let (points, point_weights) = by_unit.entry(token.unit).or_default();
        points.push(token.point);
        point_weights.extend(weight);
        signatures.push(token.signature);
        weights.extend(weight);
    }
    let mut sum = combined(&signatures, &weights);
    unsafe { blst_p1_cneg(&mut sum, true) };
    let (mut p, mut q) = (vec![affine(&sum)], vec![unsafe { *blst_p2_affine_generator() }]);
    for (unit, (points, point_weights)) in &by_unit {
        p.push(affine(&combined(points, point_weights)));
        q.push(keys[unit]);
    }
    // a pair with the identity contributes the factor 1
    let (p, q): (Vec<_>, Vec<_>) =
        p.into_iter().zip(q).filter(|(p, _)| unsafe { !blst_p1_affine_is_inf(p) }).unzip();
    p.is_empty() || blst_fp12::miller_loop_n(&q, &p).final_exp() == blst_fp12::default()
}

/// Σ w_i·P_i with weights of 16 little-endian bytes.
fn combined(points: &[blst_p1], weights: &[u8]) -> blst_p1 {
    p1_affines::from(points).mult(weights, WEIGHT_BITS)
}

fn affine(point: &blst_p1) -> blst_p1_affine {
    let mut affine = blst_p1_affine::default();
    unsafe { blst_p1_to_affine(&mut affine, point) };
    affine
}
