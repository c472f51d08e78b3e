//! Tokens of many ratings at once: e(h·Σ w_i·σ_i, -g2) · Π_K e(h·Σ_{i under K} w_i·P_i, K) = 1, with h = h_eff.
//!
//! σ_i is a point of the curve and nothing more: the cofactor is cleared once, of the sum.

use std::collections::BTreeMap;

use blst::*;
use rayon::prelude::*;

use crate::bls::{CurvePoint, G1Element, G2Element, WEIGHT_BITS, product_is_one};
use crate::cbor;
use crate::error::Result;

const DST: &[u8] = b"ZKPERF-V01-token-BLS12381G1_XMD:SHA-256_SSWU_RO_";

/// A token σ, the point P that it should sign, and the cohort that it should be signed for.
pub struct Token {
    unit: u64,
    signature: blst_p1_affine,
    point: blst_p1,
}

impl Token {
    pub fn decode(data: &[u8], ledger: &[u8], round: &[u8], unit: u64, pseudonym: &[u8]) -> Result<Self> {
        let signature = CurvePoint::strict(data)?.0;
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

/// A cohort's key as `hold` takes it: h·K, because e(h·P, K) = e(P, h·K) for all P.
pub fn cleared_key(key: &G2Element) -> blst_p2_affine {
    key.cleared().affine()
}

/// Whether all tokens hold, up to a chance of 2^-127. `keys`: h·K by unit; every token's unit has one.
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
    let (signed, (mut p, mut q)): (_, (Vec<_>, Vec<_>)) = rayon::join(
        || G1Element::public_sum(&weights, WEIGHT_BITS, &signatures).cleared().affine(),
        || {
            by_unit
                .par_iter()
                .map(|(unit, (points, weights))| {
                    let points = p1_affines::from(points);
                    let sum = G1Element::public_sum(weights, WEIGHT_BITS, points.as_slice());
                    (sum.affine(), keys[unit])
                })
                .unzip()
        },
    );
    p.push(signed);
    q.push(unsafe { BLS12_381_NEG_G2 });
    product_is_one(&p, &q)
}
