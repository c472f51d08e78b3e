//! What crosses from Python into the kernel, and the checks that every group makes on it.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

use crate::error::{Error, Result};

/// The 32 little-endian bytes of `scalar` mod `order`.
pub fn scalar_bytes(scalar: &Bound<'_, PyInt>, order: &Bound<'_, PyAny>) -> PyResult<[u8; 32]> {
    let py = scalar.py();
    let reduced = scalar.as_any().rem(order)?;
    let bytes = reduced.call_method1(pyo3::intern!(py, "to_bytes"), (32, pyo3::intern!(py, "little")))?;
    bytes.cast::<PyBytes>()?.as_bytes().try_into().map_err(PyErr::from)
}

/// An array of exactly `N` bytes.
pub fn sized<const N: usize>(group: &str, data: &[u8]) -> Result<[u8; N]> {
    data.try_into().map_err(|_| Error::Encoding(format!("{group}: expected {N} bytes, got {}", data.len())))
}

/// Refuse sums of products whose two sequences differ in length.
pub fn same_length(scalars: usize, elements: usize) -> Result<()> {
    if scalars == elements {
        return Ok(());
    }
    Err(Error::Argument(format!("expected as many scalars as elements, got {scalars} and {elements}")))
}

/// Refuse a domain separation tag that RFC 9380, section 3.1, does not allow or would first hash.
pub fn check_dst(dst: &[u8]) -> Result<()> {
    if (1..=255).contains(&dst.len()) {
        return Ok(());
    }
    Err(Error::Argument(format!("expected a domain separation tag of 1 to 255 bytes, got {}", dst.len())))
}

/// Say which item of many was bad. `Error::Encoding` only: the rest says nothing about an item.
pub fn name_item<T>(index: usize, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Encoding(message) => Error::Encoding(format!("item {index}: {message}")),
        other => other,
    })
}
