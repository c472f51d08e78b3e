//! A rating's leaf, read strictly: the deterministic CBOR array (RFC 8949, section 4.2.1)
//! `[10, round, unit, X, Y, token, sequence, [C_q], [[E_{q,k}]], d, proof]`, and nothing else.

use std::ops::Range;

use crate::error::{Error, Result};

const KIND: u64 = 10;
const FIELDS: u64 = 11;
const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

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
    pub proof: Range<usize>,
    /// The encoded fields from `round` to `d`, one after the other: what the proof's transcript takes in.
    pub statement: Range<usize>,
}

/// The fields of `leaf`. `Error::Encoding` unless it is the one encoding of a rating.
pub fn read(leaf: &[u8]) -> Result<Fields> {
    let mut reader = Reader { data: leaf, at: 0 };
    reader.expect(ARRAY, FIELDS)?;
    reader.expect(UNSIGNED, KIND)?;
    let start = reader.at;
    let round = reader.fixed_bytes(32)?;
    let unit = reader.unsigned()?;
    let (pseudonym, ephemeral) = (reader.bytes()?, reader.bytes()?);
    let token = reader.fixed_bytes(48)?;
    let sequence = reader.unsigned()?;
    let commitments = reader.array(Reader::bytes)?;
    let coefficients = reader.array(|reader| reader.array(Reader::bytes))?;
    reader.fixed_bytes(32)?;
    let statement = start..reader.at;
    let proof = reader.bytes()?;
    if reader.at != leaf.len() {
        return Err(malformed("bytes after its end"));
    }
    Ok(Fields {
        round,
        unit,
        pseudonym,
        ephemeral,
        token,
        sequence,
        commitments,
        coefficients,
        proof,
        statement,
    })
}

/// The head of an item of major type `major` with the argument `value`, in its shortest form.
fn head(major: u8, value: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match value {
        0..=23 => out.push(major | value as u8),
        24..=0xff => out.extend([major | 24, value as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(value.to_be_bytes());
        }
    }
}

/// Appends a byte string.
pub fn write_bytes(data: &[u8], out: &mut Vec<u8>) {
    head(BYTES, data.len() as u64, out);
    out.extend_from_slice(data);
}

/// Appends a text string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    head(TEXT, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends an unsigned integer.
pub fn write_unsigned(value: u64, out: &mut Vec<u8>) {
    head(UNSIGNED, value, out);
}

/// Appends the head of an array.
pub fn write_array(length: u64, out: &mut Vec<u8>) {
    head(ARRAY, length, out);
}

fn malformed(what: &str) -> Error {
    Error::Encoding(format!("rating: {what}"))
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Result<Range<usize>> {
        if self.data.len() - self.at < count {
            return Err(malformed("shorter than it says"));
        }
        self.at += count;
        Ok(self.at - count..self.at)
    }

    /// The argument of the next item, which must be of this major type and in its shortest form.
    fn argument(&mut self, major: u8) -> Result<u64> {
        let first = self.data[self.take(1)?][0];
        if first >> 5 != major {
            return Err(malformed("a field of another type"));
        }
        let (size, least) = match first & 31 {
            short @ 0..=23 => return Ok(short.into()),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(malformed("a length that is not definite")),
        };
        let bytes = &self.data[self.take(size)?];
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(malformed("an integer that is not in its shortest form"));
        }
        Ok(value)
    }

    fn expect(&mut self, major: u8, value: u64) -> Result<()> {
        if self.argument(major)? == value { Ok(()) } else { Err(malformed("not a rating")) }
    }

    /// An unsigned integer below 2^63.
    fn unsigned(&mut self) -> Result<u64> {
        let value = self.argument(UNSIGNED)?;
        if value < 1 << 63 { Ok(value) } else { Err(malformed("an integer of 2^63 or more")) }
    }

    fn bytes(&mut self) -> Result<Range<usize>> {
        let length = self.argument(BYTES)?;
        self.take(usize::try_from(length).map_err(|_| malformed("shorter than it says"))?)
    }

    fn fixed_bytes(&mut self, size: usize) -> Result<Range<usize>> {
        let range = self.bytes()?;
        if range.len() == size { Ok(range) } else { Err(malformed("a field of the wrong size")) }
    }

    fn array<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.argument(ARRAY)?;
        // No capacity in advance: the length is the sender's word, each item at least one byte of theirs.
        (0..length).map(|_| item(self)).collect()
    }
}
