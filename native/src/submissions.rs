//! The bodies of submissions, split into transactions and bundles without looking into either.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cbor::Reader;
use crate::error::{Error, Result};

type Split = (Range<usize>, Option<Range<usize>>);
type PySplit<'py> = (Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>);

/// The transaction and the bundle of `[transaction, bundle | null]`. EncodingError unless `body` is the one
/// encoding of that.
#[pyfunction]
pub fn split_submission<'py>(py: Python<'py>, body: &[u8]) -> Result<PySplit<'py>> {
    let mut reader = Reader::new("submission", body);
    let split = submission(&mut reader)?;
    reader.end()?;
    Ok(slices(py, body, split))
}

/// The same for an array of 1 to `most` submissions. EncodingError, naming the place, otherwise.
#[pyfunction]
pub fn split_submissions<'py>(py: Python<'py>, body: &[u8], most: u64) -> Result<Vec<PySplit<'py>>> {
    let mut reader = Reader::new("batch", body);
    let count = reader.length()?;
    if !(1..=most).contains(&count) {
        return Err(reader.malformed(&format!("expected 1 to {most} submissions")));
    }
    let mut found = Vec::new();
    for place in 0..count {
        found.push(submission(&mut reader).map_err(|error| match error {
            Error::Encoding(message) => Error::Encoding(format!("{message}, at place {place}")),
            other => other,
        })?);
    }
    reader.end()?;
    Ok(found.into_iter().map(|split| slices(py, body, split)).collect())
}

fn submission(reader: &mut Reader<'_>) -> Result<Split> {
    reader.fields(2)?;
    let transaction = reader.bytes()?;
    Ok((transaction, if reader.null() { None } else { Some(reader.bytes()?) }))
}

fn slices<'py>(py: Python<'py>, body: &[u8], (transaction, bundle): Split) -> PySplit<'py> {
    (PyBytes::new(py, &body[transaction]), bundle.map(|bundle| PyBytes::new(py, &body[bundle])))
}
