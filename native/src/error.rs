//! The one error of the kernel and what it becomes in Python.

use pyo3::exceptions::PyValueError;
use pyo3::{PyErr, import_exception};

import_exception!(zkperf.errors, EncodingError);
import_exception!(zkperf.errors, InvalidShare);
import_exception!(zkperf.errors, InvalidToken);

pub enum Error {
    /// Bytes from outside that encode nothing: `zkperf.errors.EncodingError`.
    Encoding(String),
    /// A product of pairings other than 1: `zkperf.errors.InvalidToken`.
    Pairing,
    /// Sealed shares that are not their rating's: `zkperf.errors.InvalidShare`.
    Share(String),
    /// A mistake of the caller: `ValueError`.
    Argument(String),
}

impl Error {
    /// What went wrong, for people.
    pub fn message(&self) -> String {
        match self {
            Error::Encoding(message) | Error::Share(message) | Error::Argument(message) => message.clone(),
            Error::Pairing => "the product of the pairings is not 1".into(),
        }
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        let message = error.message();
        match error {
            Error::Encoding(_) => EncodingError::new_err(message),
            Error::Pairing => InvalidToken::new_err(message),
            Error::Share(_) => InvalidShare::new_err(message),
            Error::Argument(_) => PyValueError::new_err(message),
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
