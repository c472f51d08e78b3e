//! A rating's leaf, read strictly: the deterministic CBOR array (RFC 8949, section 4.2.1)
//! `[10, round, unit, X, Y, token, sequence, [C_q], [[E_{q,k}]], d, proof]`, and nothing else.

use std::ops::Range;

use crate::cbor::Reader;
use crate::error::Result;

/// A C2SP entry bundle has 16-bit lengths.
const MAX_LEAF: usize = 65_535;
const KIND: u64 = 10;
const FIELDS: u64 = 11;

/// Where in a leaf its fields are.
pub struct Fields {
    pub round: Range<usize>,
    pub unit: u64,
    pub pseudonym: Range<usize>,
    pub ephemeral: Range<usize>,
    pub token: Range<usize>,
    pub sequence: u64,
    pub commitments: Vec<Range<usize>>,
    pub coefficients: Vec<Vec<Range<usize>>>,
    /// d, of the bundle.
    pub digest: Range<usize>,
    pub proof: Range<usize>,
    /// The encoded fields from `round` to `d`, one after the other: what the proof's transcript takes in.
    pub statement: Range<usize>,
}

/// The fields of `leaf`. `Error::Encoding` unless it is the one encoding of a rating.
pub fn read(leaf: &[u8]) -> Result<Fields> {
    let mut reader = Reader::new("rating", leaf);
    if leaf.len() > MAX_LEAF {
        return Err(reader.malformed("longer than a leaf may be"));
    }
    reader.transaction(FIELDS, KIND)?;
    let start = reader.at;
    let round = reader.fixed_bytes(32)?;
    let unit = reader.unsigned()?;
    let (pseudonym, ephemeral) = (reader.bytes()?, reader.bytes()?);
    let token = reader.fixed_bytes(48)?;
    let sequence = reader.unsigned()?;
    let commitments = reader.array(Reader::bytes)?;
    let coefficients = reader.array(|reader| reader.array(Reader::bytes))?;
    let digest = reader.fixed_bytes(32)?;
    let statement = start..reader.at;
    let proof = reader.bytes()?;
    reader.end()?;
    Ok(Fields {
        round,
        unit,
        pseudonym,
        ephemeral,
        token,
        sequence,
        commitments,
        coefficients,
        digest,
        proof,
        statement,
    })
}
