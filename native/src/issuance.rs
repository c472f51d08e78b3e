//! Issuances verified in blocks: two signatures and a blinded point each.
//!
//! The readable definition is `verify_issuance` in `zkperf/ledger/rules/issuance.py`; a test holds the two to
//! the same verdict.

use std::collections::BTreeMap;
use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::bls::G1Element;
use crate::boundary::sized;
use crate::cbor::{self, Reader};
use crate::ed25519;
use crate::error::{Error, Result};

const KIND: u64 = 8;
const FIELDS: u64 = 6;
const TRANSACTION: &[u8] = b"zkperf/v1/transaction";
const VOUCHER: &[u8] = b"zkperf/v1/voucher";

/// A leaf that is the encoding of an issuance:
/// `[8, signature, voucher, round, unit, registrar_signature, blinded]`.
#[pyclass(frozen, module = "zkperf._native")]
pub struct IssuanceLeaf {
    data: Vec<u8>,
    signature: [u8; 64],
    voucher: [u8; 32],
    round: [u8; 32],
    unit: u64,
    registrar_signature: [u8; 64],
    blinded: Range<usize>,
    /// The encoded fields after the signature: what it covers.
    covered: Range<usize>,
}

#[pymethods]
impl IssuanceLeaf {
    /// EncodingError unless `data` is the one encoding of an issuance.
    #[new]
    fn new(data: &[u8]) -> Result<Self> {
        let mut reader = Reader::new("issuance", data);
        reader.transaction(FIELDS + 1, KIND)?;
        let signature = array(data, reader.fixed_bytes(64)?);
        let start = reader.at;
        let voucher = array(data, reader.fixed_bytes(32)?);
        let round = array(data, reader.fixed_bytes(32)?);
        let unit = reader.unsigned()?;
        let registrar_signature = array(data, reader.fixed_bytes(64)?);
        let blinded = reader.fixed_bytes(48)?;
        reader.end()?;
        let covered = start..data.len();
        Ok(Self {
            data: data.to_vec(),
            signature,
            voucher,
            round,
            unit,
            registrar_signature,
            blinded,
            covered,
        })
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data)
    }

    #[getter]
    fn voucher<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.voucher)
    }

    #[getter]
    fn round<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.round)
    }

    #[getter]
    fn unit(&self) -> u64 {
        self.unit
    }

    /// P', the blinded point's encoding.
    #[getter]
    fn blinded<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data[self.blinded.clone()])
    }
}

impl IssuanceLeaf {
    /// What the voucher's key signs: SHA-256 of the array of the covered fields, bound to ledger and kind.
    fn transaction_message(&self, ledger: &[u8]) -> Vec<u8> {
        let mut covered = Vec::with_capacity(self.data.len());
        cbor::write_array(FIELDS - 1, &mut covered);
        covered.extend(&self.data[self.covered.clone()]);
        [TRANSACTION, ledger, &[KIND as u8], &Sha256::digest(&covered)].concat()
    }

    /// What the registrar signs: the cohort and the voucher.
    fn voucher_message(&self, ledger: &[u8]) -> Vec<u8> {
        let mut message = VOUCHER.to_vec();
        cbor::write_array(4, &mut message);
        cbor::write_bytes(ledger, &mut message);
        cbor::write_bytes(&self.round, &mut message);
        cbor::write_unsigned(self.unit, &mut message);
        cbor::write_bytes(&self.voucher, &mut message);
        message
    }
}

/// Verifies issuances of one round.
#[pyclass(frozen, module = "zkperf._native")]
pub struct IssuanceVerifier {
    ledger: Vec<u8>,
    registrars: BTreeMap<u64, [u8; 32]>,
}

#[pymethods]
impl IssuanceVerifier {
    /// `registrars`: by unit, the key that signs its vouchers.
    #[new]
    fn new(ledger: &[u8], registrars: BTreeMap<u64, Vec<u8>>) -> Result<Self> {
        let registrars = registrars
            .into_iter()
            .map(|(unit, key)| Ok((unit, sized("registrar's key", &key)?)))
            .collect::<Result<_>>()?;
        Ok(Self { ledger: ledger.to_vec(), registrars })
    }

    /// For each issuance None, or why it is refused: "registrar", "voucher", or else the point's fault.
    fn verify(
        &self,
        py: Python<'_>,
        leaves: Vec<Bound<'_, IssuanceLeaf>>,
    ) -> Result<Vec<Option<(&'static str, String)>>> {
        let leaves: Vec<&IssuanceLeaf> = leaves.iter().map(Bound::get).collect();
        py.detach(|| self.judge(&leaves))
    }
}

impl IssuanceVerifier {
    fn judge(&self, leaves: &[&IssuanceLeaf]) -> Result<Vec<Option<(&'static str, String)>>> {
        let items = leaves
            .par_iter()
            .map(|leaf| {
                let registrar = self.registrars.get(&leaf.unit);
                let registrar = registrar.ok_or(Error::Argument("an issuance of another round".into()))?;
                let (voucher, whole) =
                    (leaf.voucher_message(&self.ledger), leaf.transaction_message(&self.ledger));
                Ok([
                    ed25519::item(registrar, &voucher, &leaf.registrar_signature),
                    ed25519::item(&leaf.voucher, &whole, &leaf.signature),
                ])
            })
            .collect::<Result<Vec<_>>>()?
            .concat();
        let mut verdicts: Vec<Option<(&'static str, String)>> = leaves
            .par_iter()
            .map(|leaf| {
                let refused = G1Element::strict(&leaf.data[leaf.blinded.clone()]).err()?;
                Some(("encoding", refused.message()))
            })
            .collect();
        // The registrar's signature is looked at first: backwards, so that its fault is the one that stays.
        for culprit in ed25519::culprits(&items).into_iter().rev() {
            let whose = if culprit % 2 == 0 { "registrar" } else { "voucher" };
            verdicts[culprit / 2] = Some((whose, String::new()));
        }
        Ok(verdicts)
    }
}

fn array<const N: usize>(data: &[u8], range: Range<usize>) -> [u8; N] {
    data[range].try_into().expect("a field of this size")
}
