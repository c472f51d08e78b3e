//! Ed25519 signatures under ZIP 215, which says to the last bit what is valid, and under which a batch says
//! the same as each signature by itself.

use ed25519_zebra::batch::{Item, Verifier};
use ed25519_zebra::{Signature, SigningKey, VerificationKeyBytes};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rand_core::OsRng;
use rayon::prelude::*;

use crate::boundary::sized;
use crate::error::Result;

/// Signatures that are verified as one equation.
const BATCH: usize = 256;

/// A signature over a message, by a key. Whether key and signature encode anything is found out by verifying.
pub fn item(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Item {
    Item::from((VerificationKeyBytes::from(*key), Signature::from(*signature), &message))
}

/// The places, ascending, of the signatures that do not verify.
pub fn culprits(items: &[Item]) -> Vec<usize> {
    items.par_chunks(BATCH).enumerate().flat_map_iter(|(chunk, items)| bad(chunk * BATCH, items)).collect()
}

fn bad(first: usize, items: &[Item]) -> Vec<usize> {
    let mut batch = Verifier::new();
    items.iter().for_each(|item| batch.queue(item.clone()));
    if batch.verify(OsRng).is_ok() {
        return Vec::new();
    }
    let fails = |item: &Item| item.clone().verify_single().is_err();
    items.iter().enumerate().filter(|(_, item)| fails(item)).map(|(place, _)| first + place).collect()
}

/// The signatures of the key with this seed over each message (RFC 8032). On the caller's thread: all the
/// others may be at work on a block, and would begin with these only when they are done with it.
#[pyfunction]
pub fn sign_all<'py>(
    py: Python<'py>,
    seed: &[u8],
    messages: Vec<Bound<'py, PyBytes>>,
) -> Result<Vec<Bound<'py, PyBytes>>> {
    let key = SigningKey::from(sized::<32>("signing key", seed)?);
    let messages: Vec<&[u8]> = messages.iter().map(|message| message.as_bytes()).collect();
    let signatures: Vec<[u8; 64]> =
        py.detach(|| messages.iter().map(|message| key.sign(message).to_bytes()).collect());
    Ok(signatures.iter().map(|signature| PyBytes::new(py, signature)).collect())
}

/// The places of those of `items` (key, message, signature) that do not verify.
#[pyfunction]
pub fn bad_signatures(py: Python<'_>, items: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>) -> Vec<usize> {
    py.detach(|| {
        let decoded: Vec<Option<Item>> = items
            .par_iter()
            .map(|(key, message, signature)| {
                let key = <&[u8; 32]>::try_from(&key[..]).ok()?;
                Some(item(key, message, <&[u8; 64]>::try_from(&signature[..]).ok()?))
            })
            .collect();
        let (places, sized): (Vec<usize>, Vec<Item>) =
            decoded.iter().enumerate().filter_map(|(place, item)| Some((place, item.clone()?))).unzip();
        let mut found: Vec<usize> = culprits(&sized).into_iter().map(|culprit| places[culprit]).collect();
        found.extend(decoded.iter().enumerate().filter(|(_, item)| item.is_none()).map(|(place, _)| place));
        found.sort_unstable();
        found
    })
}
