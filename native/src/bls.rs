//! BLS12-381 on blst: two groups of the same order and the pairing of them.
//!
//! Every element is in the subgroup of prime order: decoding checks it, hashing clears the cofactor and
//! the operations stay inside. The scalar multiplications of blst rely on that. A `CurvePoint` may be
//! outside, and can only be summed and cleared.
//!
//! blst is built without its own threads: rayon's are the only ones, so that no pool waits for another.

use blst::*;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt};
use rayon::prelude::*;

use crate::boundary::{check_dst, name_item, same_length, scalar_bytes, sized};
use crate::error::{Error, Result};

/// Bits of a reduced scalar.
const SCALAR_BITS: usize = 255;
/// Bits of the weights in a small exponents test.
pub const WEIGHT_BITS: usize = 128;
/// Sums of fewer points are not divided: Pippenger's method takes a tenth longer for two halves of a thousand.
const POINTS_PER_THREAD: usize = 1024;
/// Pairs whose Miller loops share their squarings, on one thread.
const PAIRS_PER_LOOP: usize = 8;

/// h_eff = 1 - z, little endian: h_eff·S is in G1 for every point S of its curve (RFC 9380, section 8.8.1).
pub const EFFECTIVE_COFACTOR: [u8; 8] = 0xd201_0000_0001_0001_u64.to_le_bytes();
const COFACTOR_BITS: usize = 64;

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
            /// The point of the curve, not the identity, that `data` is the one encoding of.
            fn on_curve(data: &[u8]) -> Result<$affine> {
                let data: [u8; $size] = sized($name, data)?;
                let mut affine = $affine::default();
                let error = unsafe { $uncompress(&mut affine, data.as_ptr()) };
                if error != BLST_ERROR::BLST_SUCCESS {
                    return Err(refusal($name, error));
                }
                if unsafe { $affine_is_inf(&affine) } {
                    return Err(refusal($name, BLST_ERROR::BLST_PK_IS_INFINITY));
                }
                Ok(affine)
            }

            pub fn strict(data: &[u8]) -> Result<Self> {
                let affine = Self::on_curve(data)?;
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

            /// h_eff·P. For this few bits blst multiplies any point of the curve.
            pub fn cleared(&self) -> Self {
                let mut product = $point::default();
                unsafe { $mult(&mut product, &self.0, EFFECTIVE_COFACTOR.as_ptr(), COFACTOR_BITS) };
                Self(product)
            }

            /// Σ scalars[i]·points[i] in variable time (Pippenger), on all cores when there are many. No point
            /// is the identity; scalars have `bits` bits, little endian in whole bytes.
            pub fn public_sum(scalars: &[u8], bits: usize, points: &[$affine]) -> Self {
                let chunk = points.len().div_ceil(rayon::current_num_threads()).max(POINTS_PER_THREAD);
                points
                    .par_chunks(chunk)
                    .zip(scalars.par_chunks(chunk * bits.div_ceil(8)))
                    .map(|(points, scalars)| Self(points.mult(scalars, bits)))
                    .reduce(Self::identity, |left, right| left.plus(&right.0))
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
                Ok(py.detach(|| Self::public_sum(&scalars, SCALAR_BITS, $affines::from(&points).as_slice())))
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

/// A point of the curve that G1 is a part of, and not the identity. Nothing says that it is in G1.
#[pyclass(frozen, module = "zkperf._native")]
pub struct CurvePoint(pub blst_p1_affine);

impl CurvePoint {
    pub fn strict(data: &[u8]) -> Result<Self> {
        G1Element::on_curve(data).map(Self)
    }
}

#[pymethods]
impl CurvePoint {
    #[staticmethod]
    fn decode(data: &[u8]) -> Result<Self> {
        Self::strict(data)
    }
}

#[derive(FromPyObject)]
pub enum Signature<'py> {
    Point(Bound<'py, CurvePoint>),
    Element(Bound<'py, G1Element>),
}

/// h_eff·Σ weights[i]·signatures[i]: an element of G1, whatever the points are.
#[pyfunction]
pub fn clear_cofactor(
    py: Python<'_>,
    weights: Vec<u128>,
    signatures: Vec<Signature<'_>>,
) -> Result<G1Element> {
    same_length(weights.len(), signatures.len())?;
    let (mut scalars, mut points) = (Vec::new(), Vec::new());
    for (weight, signature) in weights.iter().zip(&signatures) {
        let point = match signature {
            Signature::Point(point) => point.get().0,
            Signature::Element(element) => element.get().affine(),
        };
        // The identity adds nothing.
        if !unsafe { blst_p1_affine_is_inf(&point) } {
            scalars.extend(weight.to_le_bytes());
            points.push(point);
        }
    }
    Ok(py.detach(|| G1Element::public_sum(&scalars, WEIGHT_BITS, &points).cleared()))
}

/// Whether Π e(P_i, Q_i) = 1: Miller loops on all cores when there are many, one final exponentiation.
pub fn product_is_one(p: &[blst_p1_affine], q: &[blst_p2_affine]) -> bool {
    // A pair with an identity in it contributes the factor 1; blst's Miller loop does not expect one.
    let (p, q): (Vec<_>, Vec<_>) = p
        .iter()
        .zip(q)
        .filter(|(p, q)| unsafe { !blst_p1_affine_is_inf(*p) && !blst_p2_affine_is_inf(*q) })
        .unzip();
    let product = p
        .par_chunks(PAIRS_PER_LOOP)
        .zip(q.par_chunks(PAIRS_PER_LOOP))
        .map(|(p, q)| blst_fp12::miller_loop_n(q, p))
        .reduce(blst_fp12::default, |left, right| left * right);
    product.final_exp() == blst_fp12::default()
}

/// Accept if Π e(P_i, Q_i) = 1.
#[pyfunction]
pub fn pairing_check(py: Python<'_>, pairs: Vec<(Bound<'_, G1Element>, Bound<'_, G2Element>)>) -> Result<()> {
    let (p, q): (Vec<_>, Vec<_>) = pairs.iter().map(|(p, q)| (p.get().affine(), q.get().affine())).unzip();
    let one = py.detach(|| product_is_one(&p, &q));
    if one { Ok(()) } else { Err(Error::Pairing) }
}
