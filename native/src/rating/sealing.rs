//! What is sealed for a trustee, and under which key (`zkperf/sealing.py`, `circuits/rating/shares.py`).

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use curve25519_dalek::ristretto::CompressedRistretto;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::cbor;

const LABEL: &str = "zkperf rating share";
pub const SALT: usize = 64;

/// The fields of a rating that its shares and its proof are bound to. Elements are encoded.
pub struct Named<'a> {
    pub ledger: &'a [u8],
    pub round: &'a [u8],
    pub unit: u64,
    pub pseudonym: &'a [u8],
    pub ephemeral: &'a [u8],
    pub sequence: u64,
    /// C_q.
    pub commitments: Vec<&'a [u8]>,
    /// E_{q,k} by q.
    pub coefficients: Vec<Vec<&'a [u8]>>,
}

impl Named<'_> {
    /// The context of trustee j's shares: CBOR [label, ledger, round, unit, X, Y, sequence, j, [C_q], [[E_{q,k}]]].
    fn context(&self, trustee: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        cbor::write_array(10, &mut out);
        cbor::write_text(LABEL, &mut out);
        cbor::write_bytes(self.ledger, &mut out);
        cbor::write_bytes(self.round, &mut out);
        cbor::write_unsigned(self.unit, &mut out);
        cbor::write_bytes(self.pseudonym, &mut out);
        cbor::write_bytes(self.ephemeral, &mut out);
        cbor::write_unsigned(self.sequence, &mut out);
        cbor::write_unsigned(trustee, &mut out);
        self.write_commitments(&mut out);
        out
    }

    /// What of the proof's instance is the rating's own: the fields of its core but the last.
    pub fn instance(&self, token: &[u8], digest: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        cbor::write_bytes(self.round, &mut out);
        cbor::write_unsigned(self.unit, &mut out);
        cbor::write_bytes(self.pseudonym, &mut out);
        cbor::write_bytes(self.ephemeral, &mut out);
        cbor::write_bytes(token, &mut out);
        cbor::write_unsigned(self.sequence, &mut out);
        self.write_commitments(&mut out);
        cbor::write_bytes(digest, &mut out);
        out
    }

    /// [C_q], [[E_{q,k}]].
    fn write_commitments(&self, out: &mut Vec<u8>) {
        write_list(&self.commitments, out);
        cbor::write_array(self.coefficients.len() as u64, out);
        for row in &self.coefficients {
            write_list(row, out);
        }
    }

    /// Sealed for trustee j under D = y·T_j.
    pub fn seal(&self, trustee: u64, shared: &CompressedRistretto, plaintext: &[u8]) -> Vec<u8> {
        let sealed = self.cipher(trustee, shared).encrypt(&Nonce::default(), plaintext);
        sealed.expect("a share is far shorter than what the cipher can take")
    }

    /// The plaintext, given D = t_j·Y. None unless it was sealed under this point and context.
    pub fn open(
        &self,
        trustee: u64,
        shared: &CompressedRistretto,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.cipher(trustee, shared).decrypt(&Nonce::default(), sealed).ok().map(Zeroizing::new)
    }

    /// Keyed by HKDF-SHA256(D, no salt, context): no key seals twice, so the nonce is a constant.
    fn cipher(&self, trustee: u64, shared: &CompressedRistretto) -> ChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, shared.as_bytes())
            .expand(&self.context(trustee), key.as_mut())
            .expect("32 bytes are not too many");
        ChaCha20Poly1305::new((&*key).into())
    }
}

fn write_list(items: &[&[u8]], out: &mut Vec<u8>) {
    cbor::write_array(items.len() as u64, out);
    for item in items {
        cbor::write_bytes(item, out);
    }
}

/// d = SHA-256(h_1 ‖ … ‖ h_n), h_j = SHA-256(salt_j ‖ sealed_j).
pub fn bundle_digest<S: AsRef<[u8]>, T: AsRef<[u8]>>(pairs: impl Iterator<Item = (S, T)>) -> [u8; 32] {
    let mut bundle = Sha256::new();
    for (salt, sealed) in pairs {
        bundle.update(Sha256::new().chain_update(salt).chain_update(sealed).finalize());
    }
    bundle.finalize().into()
}
