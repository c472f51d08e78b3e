//! BLS12-381 on blst: two groups of the same order and the pairing of them.
//!
//! Every element is in the subgroup of prime order: decoding checks it, hashing clears the cofactor and
//! the operations stay inside. The scalar multiplications of blst rely on that.

use blst::*;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt};
use rayon::prelude::*;

use crate::boundary::{check_dst, name_item, same_length, scalar_bytes, sized};
use crate::error::{Error, Result};

/// Bits of a reduced scalar.
const SCALAR_BITS: usize = 255;

/// The order of both groups as a Python integer (draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1).
fn order(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static ORDER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let order = ORDER.get_or_try_init(py, || {
        let digits = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
        py.get_type::<PyInt>().call1((digits, 16)).map(Bound::unbind)
    })?;
    Ok(order.bind(py))
}

fn refusal(group: &str, error: BLST_ERROR) -> Error {
    let reason = match error {
        BLST_ERROR::BLST_POINT_NOT_ON_CURVE => "not a point of the curve",
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => "not in the subgroup of prime order",
        BLST_ERROR::BLST_PK_IS_INFINITY => "the identity is not accepted",
        _ => "not the canonical encoding of a point",
    };
    Error::Encoding(format!("{group}: {reason}"))
}

/// One of the two groups: blst has a function for each, so the class is written once for both.
macro_rules! group {
    (
        $element:ident, $name:literal, $size:literal, $point:ident, $affine:ident, $affines:ident,
        $generator:ident, $uncompress:ident, $in_group:ident, $affine_is_inf:ident, $from_affine:ident,
        $to_affine:ident, $compress:ident, $is_inf:ident, $add:ident, $negate:ident, $mult:ident, $hash:ident
    ) => {
        #[doc = concat!("An element of ", $name, ". `int * element` takes constant time.")]
        #[pyclass(frozen, module = "zkperf._native")]
        pub struct $element(pub $point);

        impl $element {
            pub fn strict(data: &[u8]) -> Result<Self> {
                let data: [u8; $size] = sized($name, data)?;
                let mut affine = $affine::default();
                let error = unsafe { $uncompress(&mut affine, data.as_ptr()) };
                if error != BLST_ERROR::BLST_SUCCESS {
                    return Err(refusal($name, error));
                }
                if unsafe { $affine_is_inf(&affine) } {
                    return Err(refusal($name, BLST_ERROR::BLST_PK_IS_INFINITY));
                }
                if !unsafe { $in_group(&affine) } {
                    return Err(refusal($name, BLST_ERROR::BLST_POINT_NOT_IN_GROUP));
                }
                let mut point = $point::default();
                unsafe { $from_affine(&mut point, &affine) };
                Ok(Self(point))
            }

            fn compressed(&self) -> [u8; $size] {
                let mut data = [0; $size];
                unsafe { $compress(data.as_mut_ptr(), &self.0) };
                data
            }

            fn is_identity(&self) -> bool {
                unsafe { $is_inf(&self.0) }
            }

            pub fn affine(&self) -> $affine {
                let mut affine = $affine::default();
                unsafe { $to_affine(&mut affine, &self.0) };
                affine
            }

            fn plus(&self, other: &$point) -> Self {
                let mut sum = $point::default();
                unsafe { $add(&mut sum, &self.0, other) };
                Self(sum)
            }

            /// `dst` has 1 to 255 bytes.
            pub fn hashed(message: &[u8], dst: &[u8]) -> Self {
                let mut point = $point::default();
                let none = std::ptr::null();
                let (text, length) = (message.as_ptr(), message.len());
                unsafe { $hash(&mut point, text, length, dst.as_ptr(), dst.len(), none, 0) };
                Self(point)
            }

            fn times(&self, scalar: &[u8; 32]) -> Self {
                let mut product = $point::default();
                unsafe { $mult(&mut product, &self.0, scalar.as_ptr(), SCALAR_BITS) };
                Self(product)
            }
        }

        #[pymethods]
        impl $element {
            #[staticmethod]
            fn generator() -> Self {
                Self(unsafe { *$generator() })
            }

            #[staticmethod]
            fn identity() -> Self {
                Self($point::default())
            }

            #[staticmethod]
            fn decode(data: &[u8]) -> Result<Self> {
                Self::strict(data)
            }

            #[staticmethod]
            fn decode_many(py: Python<'_>, data: Vec<Bound<'_, PyBytes>>) -> Result<Vec<Self>> {
                let data: Vec<&[u8]> = data.iter().map(|item| item.as_bytes()).collect();
                py.detach(|| {
                    let decoded: Vec<_> = data.par_iter().map(|item| Self::strict(item)).collect();
                    decoded.into_iter().enumerate().map(|(index, item)| name_item(index, item)).collect()
                })
            }

            #[staticmethod]
            fn hash_to_element(message: &[u8], dst: &[u8]) -> Result<Self> {
                check_dst(dst)?;
                Ok(Self::hashed(message, dst))
            }

            /// Σ scalars[i]·elements[i] in constant time.
            #[staticmethod]
            fn msm(
                py: Python<'_>,
                integers: Vec<Bound<'_, PyInt>>,
                elements: Vec<Bound<'_, Self>>,
            ) -> PyResult<Self> {
                same_length(integers.len(), elements.len())?;
                let order = order(py)?;
                let terms = integers
                    .iter()
                    .zip(&elements)
                    .map(|(integer, element)| Ok((scalar_bytes(integer, order)?, element.get())))
                    .collect::<PyResult<Vec<_>>>()?;
                Ok(py.detach(|| {
                    terms
                        .iter()
                        .fold(Self::identity(), |sum, (scalar, element)| element.times(scalar).plus(&sum.0))
                }))
            }

            /// Σ scalars[i]·elements[i] in variable time (Pippenger), on all cores when there are many.
            #[staticmethod]
            fn msm_public(
                py: Python<'_>,
                integers: Vec<Bound<'_, PyInt>>,
                elements: Vec<Bound<'_, Self>>,
            ) -> PyResult<Self> {
                same_length(integers.len(), elements.len())?;
                let order = order(py)?;
                let (mut scalars, mut points) = (Vec::new(), Vec::new());
                for (integer, element) in integers.iter().zip(&elements) {
                    // The identity adds nothing, and blst's conversion of many points does not expect it.
                    if !element.get().is_identity() {
                        scalars.extend(scalar_bytes(integer, order)?);
                        points.push(element.get().0);
                    }
                }
                if points.is_empty() {
                    return Ok(Self::identity());
                }
                Ok(Self(py.detach(|| $affines::from(&points).mult(&scalars, SCALAR_BITS))))
            }

            fn encode<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
                if self.is_identity() {
                    return Err(Error::Argument(format!("{}: the identity has no encoding", $name)));
                }
                Ok(PyBytes::new(py, &self.compressed()))
            }

            fn __add__(&self, other: &Self) -> Self {
                self.plus(&other.0)
            }

            fn __sub__(&self, other: &Self) -> Self {
                self.plus(&other.__neg__().0)
            }

            fn __neg__(&self) -> Self {
                let mut point = self.0;
                unsafe { $negate(&mut point, true) };
                Self(point)
            }

            fn __rmul__(&self, scalar: &Bound<'_, PyInt>) -> PyResult<Self> {
                let scalar = scalar_bytes(scalar, order(scalar.py())?)?;
                Ok(self.times(&scalar))
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.0 == other.0
            }

            fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
                PyBytes::new(py, &self.compressed()).hash()
            }
        }
    };
}

group!(
    G1Element,
    "BLS12-381 G1",
    48,
    blst_p1,
    blst_p1_affine,
    p1_affines,
    blst_p1_generator,
    blst_p1_uncompress,
    blst_p1_affine_in_g1,
    blst_p1_affine_is_inf,
    blst_p1_from_affine,
    blst_p1_to_affine,
    blst_p1_compress,
    blst_p1_is_inf,
    blst_p1_add_or_double,
    blst_p1_cneg,
    blst_p1_mult,
    blst_hash_to_g1
);

group!(
    G2Element,
    "BLS12-381 G2",
    96,
    blst_p2,
    blst_p2_affine,
    p2_affines,
    blst_p2_generator,
    blst_p2_uncompress,
    blst_p2_affine_in_g2,
    blst_p2_affine_is_inf,
    blst_p2_from_affine,
    blst_p2_to_affine,
    blst_p2_compress,
    blst_p2_is_inf,
    blst_p2_add_or_double,
    blst_p2_cneg,
    blst_p2_mult,
    blst_hash_to_g2
);

/// Accept if Π e(P_i, Q_i) = 1: one product of Miller loops, one final exponentiation.
#[pyfunction]
pub fn pairing_check(py: Python<'_>, pairs: Vec<(Bound<'_, G1Element>, Bound<'_, G2Element>)>) -> Result<()> {
    // A pair with an identity in it contributes the factor 1; blst's Miller loop does not expect one.
    let (p, q): (Vec<_>, Vec<_>) = pairs
        .iter()
        .map(|(p, q)| (p.get(), q.get()))
        .filter(|(p, q)| !p.is_identity() && !q.is_identity())
        .map(|(p, q)| (p.affine(), q.affine()))
        .unzip();
    if p.is_empty() {
        return Ok(());
    }
    let one = py.detach(|| blst_fp12::miller_loop_n(&q, &p).final_exp() == blst_fp12::default());
    if one { Ok(()) } else { Err(Error::Pairing) }
}
