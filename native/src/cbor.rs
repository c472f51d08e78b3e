//! Deterministic CBOR (RFC 8949, section 4.2.1), as little of it as the kernel reads and writes.

use std::ops::Range;

use crate::error::{Error, Result};

const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const NULL: u8 = 0xf6;

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

/// Reads items of deterministic CBOR one after the other; what it refuses is `Error::Encoding`.
pub struct Reader<'a> {
    what: &'static str,
    data: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// `what` is being read, for error messages.
    pub fn new(what: &'static str, data: &'a [u8]) -> Self {
        Self { what, data, at: 0 }
    }

    pub fn malformed(&self, reason: &str) -> Error {
        Error::Encoding(format!("{}: {reason}", self.what))
    }

    /// Refuses what follows the last item.
    pub fn end(&self) -> Result<()> {
        if self.at == self.data.len() { Ok(()) } else { Err(self.malformed("bytes after its end")) }
    }

    fn take(&mut self, count: usize) -> Result<Range<usize>> {
        if self.data.len() - self.at < count {
            return Err(self.malformed("shorter than it says"));
        }
        self.at += count;
        Ok(self.at - count..self.at)
    }

    /// The argument of the next item, which must be of this major type and in its shortest form.
    fn argument(&mut self, major: u8) -> Result<u64> {
        let first = self.data[self.take(1)?][0];
        if first >> 5 != major {
            return Err(self.malformed("a field of another type"));
        }
        let (size, least) = match first & 31 {
            short @ 0..=23 => return Ok(short.into()),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(self.malformed("a length that is not definite")),
        };
        let bytes = &self.data[self.take(size)?];
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(self.malformed("an integer that is not in its shortest form"));
        }
        Ok(value)
    }

    /// The number of items in an array, which follow.
    pub fn length(&mut self) -> Result<u64> {
        self.argument(ARRAY)
    }

    /// An array of exactly so many fields, which follow.
    pub fn fields(&mut self, count: u64) -> Result<()> {
        if self.length()? == count { Ok(()) } else { Err(self.malformed("another number of fields")) }
    }

    /// Whether null is next; it is passed over.
    pub fn null(&mut self) -> bool {
        let found = self.data.get(self.at) == Some(&NULL);
        self.at += usize::from(found);
        found
    }

    /// An array of `length` fields of which the first is `kind`: the beginning of a transaction.
    pub fn transaction(&mut self, length: u64, kind: u64) -> Result<()> {
        let expected = self.argument(ARRAY)? == length && self.argument(UNSIGNED)? == kind;
        if expected { Ok(()) } else { Err(self.malformed("another kind of transaction")) }
    }

    /// An unsigned integer below 2^63.
    pub fn unsigned(&mut self) -> Result<u64> {
        let value = self.argument(UNSIGNED)?;
        if value < 1 << 63 { Ok(value) } else { Err(self.malformed("an integer of 2^63 or more")) }
    }

    pub fn bytes(&mut self) -> Result<Range<usize>> {
        let length = self.argument(BYTES)?;
        self.take(usize::try_from(length).map_err(|_| self.malformed("shorter than it says"))?)
    }

    pub fn fixed_bytes(&mut self, size: usize) -> Result<Range<usize>> {
        let range = self.bytes()?;
        if range.len() == size { Ok(range) } else { Err(self.malformed("a field of the wrong size")) }
    }

    pub fn array<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.argument(ARRAY)?;
        // No capacity in advance: the length is the sender's word, each item at least one byte of theirs.
        (0..length).map(|_| item(self)).collect()
    }
}
