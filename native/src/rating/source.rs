//! Where a prover's random bytes come from (`zkperf/randomness.py`): the operating system, or a test.

use curve25519_dalek::scalar::Scalar;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

/// Secret scalars that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<Scalar>>;

pub trait Source {
    fn fill(&mut self, bytes: &mut [u8]) -> PyResult<()>;

    /// Exactly uniform in [0, q), by rejection: 253 random bits until they are below q.
    fn scalar(&mut self) -> PyResult<Scalar> {
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            self.fill(bytes.as_mut())?;
            bytes[31] &= 0x1f;
            if let Some(scalar) = Scalar::from_canonical_bytes(*bytes).into() {
                return Ok(scalar);
            }
        }
    }

    /// Exactly uniform in [1, q): one more than what is uniform in [0, q - 1).
    fn nonzero(&mut self) -> PyResult<Zeroizing<Scalar>> {
        loop {
            let next = self.scalar()? + Scalar::ONE;
            if next != Scalar::ZERO {
                return Ok(Zeroizing::new(next));
            }
        }
    }

    /// `first`, then so many uniform scalars.
    fn after(&mut self, first: &[Scalar], count: usize) -> PyResult<Secret> {
        // No vector of secrets ever grows: it would leave its old place unwiped.
        let mut scalars = Zeroizing::new(Vec::with_capacity(first.len() + count));
        scalars.extend_from_slice(first);
        for _ in 0..count {
            scalars.push(self.scalar()?);
        }
        Ok(scalars)
    }
}

const DRAWN: usize = 1024;

/// The operating system, asked for many bytes at a time.
pub struct System {
    drawn: Zeroizing<[u8; DRAWN]>,
    used: usize,
}

impl Default for System {
    fn default() -> Self {
        Self { drawn: Zeroizing::new([0; DRAWN]), used: DRAWN }
    }
}

impl Source for System {
    fn fill(&mut self, bytes: &mut [u8]) -> PyResult<()> {
        if self.used + bytes.len() > DRAWN {
            getrandom::fill(self.drawn.as_mut()).expect("the operating system gives random bytes");
            self.used = 0;
        }
        bytes.copy_from_slice(&self.drawn[self.used..self.used + bytes.len()]);
        self.used += bytes.len();
        Ok(())
    }
}

/// A function of Python's, from a number to so many bytes.
pub struct Called<'py>(pub Bound<'py, PyAny>);

impl Source for Called<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> PyResult<()> {
        let drawn = self.0.call1((bytes.len(),))?;
        let drawn = drawn.cast::<PyBytes>()?.as_bytes();
        if drawn.len() != bytes.len() {
            return Err(PyValueError::new_err("a source gave another number of bytes than it was asked for"));
        }
        bytes.copy_from_slice(drawn);
        Ok(())
    }
}
