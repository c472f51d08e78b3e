//! ristretto255 (RFC 9496) on curve25519-dalek.

use curve25519_dalek::constants::{RISTRETTO_BASEPOINT_POINT, RISTRETTO_BASEPOINT_TABLE};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity, MultiscalarMul, VartimeMultiscalarMul};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt};
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::boundary::{check_dst, name_item, same_length, scalar_bytes, sized};
use crate::error::{Error, Result};

const NAME: &str = "ristretto255";

/// Fewer terms than this are not worth a second thread: Pippenger's cost per term falls with their number.
const TERMS_PER_THREAD: usize = 512;

/// An element of ristretto255. Equality and `int * element` take constant time.
#[pyclass(frozen, module = "zkperf._native")]
pub struct RistrettoElement(pub RistrettoPoint);

/// The order of the group as a Python integer.
fn order(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static ORDER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let order = ORDER.get_or_try_init(py, || {
        let last = PyBytes::new(py, (-Scalar::ONE).as_bytes());
        let last = py.get_type::<PyInt>().call_method1("from_bytes", (last, "little"))?;
        last.add(1).map(Bound::unbind)
    })?;
    Ok(order.bind(py))
}

pub fn scalars(py: Python<'_>, integers: &[Bound<'_, PyInt>]) -> PyResult<Vec<Scalar>> {
    let order = order(py)?;
    integers.iter().map(|integer| scalar_bytes(integer, order).map(Scalar::from_bytes_mod_order)).collect()
}

fn points(elements: &[Bound<'_, RistrettoElement>]) -> Vec<RistrettoPoint> {
    elements.iter().map(|element| element.get().0).collect()
}

pub fn decode(data: &[u8]) -> Result<RistrettoPoint> {
    let point = CompressedRistretto(sized(NAME, data)?)
        .decompress()
        .ok_or_else(|| Error::Encoding(format!("{NAME}: not the canonical encoding of an element")))?;
    if point.is_identity() {
        return Err(Error::Encoding(format!("{NAME}: the identity is not accepted")));
    }
    Ok(point)
}

/// A scalar from its 32 bytes, which must be reduced.
pub fn decode_scalar(data: &[u8]) -> Result<Scalar> {
    Option::from(Scalar::from_canonical_bytes(sized(NAME, data)?))
        .ok_or_else(|| Error::Encoding(format!("{NAME}: scalar is not reduced")))
}

/// Σ scalars[i]·points[i] in variable time, on all cores when there are many.
pub fn public_sum(scalars: &[Scalar], points: &[RistrettoPoint]) -> RistrettoPoint {
    let chunk = points.len().div_ceil(rayon::current_num_threads()).max(TERMS_PER_THREAD);
    scalars
        .par_chunks(chunk)
        .zip(points.par_chunks(chunk))
        .map(|(scalars, points)| RistrettoPoint::vartime_multiscalar_mul(scalars, points))
        .sum()
}

/// The sum of rows of scalars, place by place: every row has 32 bytes for each. EncodingError for a scalar that is
/// not reduced, ValueError for rows that differ in length, or none.
#[pyfunction]
pub fn sum_scalars<'py>(py: Python<'py>, rows: Vec<Bound<'py, PyBytes>>) -> Result<Bound<'py, PyBytes>> {
    let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_bytes()).collect();
    let size = rows.first().ok_or(Error::Argument("expected at least one row".into()))?.len();
    if rows.iter().any(|row| row.len() != size) {
        return Err(Error::Argument("expected rows of one length".into()));
    }
    let sums = py.detach(|| -> Result<Zeroizing<Vec<Scalar>>> {
        let mut sums = Zeroizing::new(vec![Scalar::ZERO; size.div_ceil(32)]);
        for row in rows {
            for (sum, bytes) in sums.iter_mut().zip(row.chunks(32)) {
                *sum += decode_scalar(bytes)?;
            }
        }
        Ok(sums)
    })?;
    let sums: Zeroizing<Vec<u8>> = Zeroizing::new(sums.iter().flat_map(Scalar::to_bytes).collect());
    Ok(PyBytes::new(py, &sums))
}

/// `expand_message_xmd` (RFC 9380, section 5.3.1) with SHA-512, for exactly the 64 bytes that one block gives.
fn expand_message(message: &[u8], dst: &[u8]) -> [u8; 64] {
    let dst_length = [dst.len() as u8];
    // b_0 = H(Z_pad ‖ msg ‖ l_i_b_str ‖ I2OSP(0, 1) ‖ DST_prime)
    let block = Sha512::new()
        .chain_update([0; 128])
        .chain_update(message)
        .chain_update([0, 64, 0])
        .chain_update(dst)
        .chain_update(dst_length)
        .finalize();
    // b_1 = H(b_0 ‖ I2OSP(1, 1) ‖ DST_prime)
    Sha512::new()
        .chain_update(block)
        .chain_update([1])
        .chain_update(dst)
        .chain_update(dst_length)
        .finalize()
        .into()
}

#[pymethods]
impl RistrettoElement {
    #[staticmethod]
    fn generator() -> Self {
        Self(RISTRETTO_BASEPOINT_POINT)
    }

    #[staticmethod]
    fn identity() -> Self {
        Self(RistrettoPoint::identity())
    }

    #[staticmethod]
    fn decode(data: &[u8]) -> Result<Self> {
        decode(data).map(Self)
    }

    #[staticmethod]
    fn decode_many(py: Python<'_>, data: Vec<Bound<'_, PyBytes>>) -> Result<Vec<Self>> {
        let data: Vec<&[u8]> = data.iter().map(|item| item.as_bytes()).collect();
        py.detach(|| {
            let decoded: Vec<_> = data.par_iter().map(|item| decode(item).map(Self)).collect();
            // In order, so that the index named is the first bad one whatever thread came first.
            decoded.into_iter().enumerate().map(|(index, item)| name_item(index, item)).collect()
        })
    }

    /// The one-way map of RFC 9496, section 4.3.4.
    #[staticmethod]
    fn from_uniform_bytes(data: &[u8]) -> Result<Self> {
        let data =
            data.try_into().map_err(|_| Error::Argument(format!("expected 64 bytes, got {}", data.len())))?;
        Ok(Self(RistrettoPoint::from_uniform_bytes(data)))
    }

    /// `ristretto255_XMD:SHA-512_R255MAP_RO_` (RFC 9380, appendix B).
    #[staticmethod]
    fn hash_to_element(message: &[u8], dst: &[u8]) -> Result<Self> {
        check_dst(dst)?;
        Self::from_uniform_bytes(&expand_message(message, dst))
    }

    /// Σ scalars[i]·elements[i] in constant time (Straus).
    #[staticmethod]
    fn msm(
        py: Python<'_>,
        integers: Vec<Bound<'_, PyInt>>,
        elements: Vec<Bound<'_, Self>>,
    ) -> PyResult<Self> {
        same_length(integers.len(), elements.len())?;
        let (scalars, points) = (scalars(py, &integers)?, points(&elements));
        Ok(Self(py.detach(|| RistrettoPoint::multiscalar_mul(&scalars, &points))))
    }

    /// Σ scalars[i]·elements[i] in variable time (Straus, Pippenger when there are many), on all cores.
    #[staticmethod]
    fn msm_public(
        py: Python<'_>,
        integers: Vec<Bound<'_, PyInt>>,
        elements: Vec<Bound<'_, Self>>,
    ) -> PyResult<Self> {
        same_length(integers.len(), elements.len())?;
        let (scalars, points) = (scalars(py, &integers)?, points(&elements));
        Ok(Self(py.detach(|| public_sum(&scalars, &points))))
    }

    fn encode<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        if self.0.is_identity() {
            return Err(Error::Argument(format!("{NAME}: the identity has no encoding")));
        }
        Ok(PyBytes::new(py, self.0.compress().as_bytes()))
    }

    fn __add__(&self, other: &Self) -> Self {
        Self(self.0 + other.0)
    }

    fn __sub__(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }

    fn __neg__(&self) -> Self {
        Self(-self.0)
    }

    fn __rmul__(&self, scalar: &Bound<'_, PyInt>) -> PyResult<Self> {
        let scalar = Scalar::from_bytes_mod_order(scalar_bytes(scalar, order(scalar.py())?)?);
        // The generator has a table. Which element this is, is no secret: only the scalar is.
        if self.0 == RISTRETTO_BASEPOINT_POINT {
            return Ok(Self(RISTRETTO_BASEPOINT_TABLE * &scalar));
        }
        Ok(Self(self.0 * scalar))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyBytes::new(py, self.0.compress().as_bytes()).hash()
    }
}
