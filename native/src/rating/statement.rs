//! The statement `rating` of one scheme (`circuits/rating`): decoding, challenge, and its equations as
//! scalars for generators that all ratings share and for the elements of each.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use sha3::Shake128;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::wire::Fields;
use crate::cbor;
use crate::error::{Error, Result};
use crate::ristretto;

const RATE: usize = 168;
const ELEMENT: usize = 32;
const SCALAR: usize = 32;

/// A sparse row: (bit, coefficient).
pub type Row = Vec<(usize, i64)>;

/// b[pivot] = constant + Σ coefficient·b[bit].
pub struct Rule {
    pub pivot: usize,
    pub constant: i64,
    pub terms: Row,
}

/// A compiled questionnaire (`circuits.layout.Layout`).
pub struct Layout {
    pub size: usize,
    pub rules: Vec<Rule>,
    pub commitments: Vec<Vec<Row>>,
    pub auxiliary: Vec<usize>,
    /// The bits that are not pivots, ascending.
    pub free: Vec<usize>,
}

/// Everything that is the same for every rating of one round.
pub struct Statement {
    pub layout: Layout,
    /// n.
    pub members: usize,
    /// E_1 … E_{t-1}: t - 1.
    pub degree: usize,
    pub session_id: [u8; 32],
    /// The transcript's instance up to the rating's own fields: array head, ledger, scheme, layout, n, t.
    pub prefix: Vec<u8>,
}

/// The elements of a rating that shares and sums are about.
pub struct Elements {
    /// Y.
    pub ephemeral: RistrettoPoint,
    /// Every C_q, then E_{q,1} … E_{q,t-1} by q.
    pub sums: Vec<RistrettoPoint>,
}

/// The elements and scalars of one rating's proof, and its challenge.
pub struct Proof {
    /// X, Y, then C_q, E_{q,k} by q, then A_q, U, V, R.
    elements: Vec<RistrettoPoint>,
    f: Vec<Scalar>,
    z_r: Vec<Scalar>,
    z_u: Scalar,
    z: Scalar,
    e: Scalar,
}

/// Scalars for the shared generators: one for each slot, auxiliary entry, for H and for B.
pub struct Shared {
    pub slots: Vec<Scalar>,
    pub auxiliary: Vec<Scalar>,
    pub blinding: Scalar,
    pub generator: Scalar,
}

impl Shared {
    pub fn zero(layout: &Layout) -> Self {
        let slots = layout.commitments.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            slots: vec![Scalar::ZERO; slots],
            auxiliary: vec![Scalar::ZERO; layout.auxiliary.len() + layout.size],
            blinding: Scalar::ZERO,
            generator: Scalar::ZERO,
        }
    }

    pub fn add(mut self, other: &Self) -> Self {
        self.slots.iter_mut().zip(&other.slots).for_each(|(sum, term)| *sum += term);
        self.auxiliary.iter_mut().zip(&other.auxiliary).for_each(|(sum, term)| *sum += term);
        self.blinding += other.blinding;
        self.generator += other.generator;
        self
    }
}

impl Statement {
    /// How many equations a rating has: one for each commitment, the bits, the pseudonym.
    pub fn equations(&self) -> usize {
        self.layout.commitments.len() + 2
    }

    /// Refuses another number of commitments or coefficients than the statement has.
    pub fn check_counts(&self, fields: &Fields) -> Result<()> {
        let (count, rows) = (self.layout.commitments.len(), &fields.coefficients);
        if fields.commitments.len() != count {
            return Err(bad(format!("expected {count} commitments, got {}", fields.commitments.len())));
        }
        if rows.len() != count || rows.iter().any(|row| row.len() != self.degree) {
            let degree = self.degree;
            return Err(bad(format!("expected {degree} coefficients for each of {count} commitments")));
        }
        Ok(())
    }

    /// What a rating commits to, strictly decoded; its proof is not looked at.
    pub fn committed(&self, leaf: &[u8], fields: &Fields) -> Result<Elements> {
        self.check_counts(fields)?;
        let sums = fields.commitments.iter().chain(fields.coefficients.iter().flatten());
        Ok(Elements {
            ephemeral: ristretto::decode(&leaf[fields.ephemeral.clone()])?,
            sums: sums.map(|range| ristretto::decode(&leaf[range.clone()])).collect::<Result<_>>()?,
        })
    }

    /// The proof of a rating, strictly decoded, with its challenge derived.
    pub fn decode(&self, leaf: &[u8], fields: &Fields) -> Result<Proof> {
        self.check_counts(fields)?;
        let count = self.layout.commitments.len();
        let first = (count + 3) * ELEMENT;
        let free = self.layout.free.len();
        let proof = &leaf[fields.proof.clone()];
        if proof.len() != first + (free + count + 2) * SCALAR {
            return Err(bad(format!("proof of the wrong size, {} bytes", proof.len())));
        }
        let named = [fields.pseudonym.clone(), fields.ephemeral.clone()];
        let elements = named
            .into_iter()
            .chain(fields.commitments.iter().cloned())
            .chain(fields.coefficients.iter().flatten().cloned())
            .map(|range| &leaf[range])
            .chain(proof[..first].chunks(ELEMENT))
            .map(ristretto::decode)
            .collect::<Result<Vec<_>>>()?;
        let mut scalars = proof[first..]
            .chunks(SCALAR)
            .map(ristretto::decode_scalar)
            .collect::<Result<Vec<_>>>()?
            .into_iter();
        let mut take = |number: usize| scalars.by_ref().take(number).collect::<Vec<_>>();
        let (f, z_r, last) = (take(free), take(count), take(2));
        let e = self.challenge(&leaf[fields.statement.clone()], &proof[..first]);
        Ok(Proof { elements, f, z_r, z_u: last[0], z: last[1], e })
    }

    /// e = SHAKE128(session ‖ 0… ‖ instance ‖ first message), 48 bytes read little endian, modulo q. `own` is
    /// what of the instance comes after `prefix`: the encoded fields of the core but the last.
    pub fn challenge(&self, own: &[u8], first: &[u8]) -> Scalar {
        let mut sponge = Shake128::default();
        sponge.update(&self.session_id);
        sponge.update(&[0; RATE - 32]);
        sponge.update(&self.prefix);
        sponge.update(own);
        sponge.update(first);
        let mut wide = [0; 64];
        sponge.finalize_xof().read(&mut wide[..SCALAR + 16]);
        Scalar::from_bytes_mod_order_wide(&wide)
    }

    /// Adds a rating's equations, each times its weight: scalars for the shared generators into `shared`, and
    /// for the rating's own elements, in the order of `Proof::own`, into `own`.
    pub fn weigh(&self, proof: &Proof, weights: &[Scalar], shared: &mut Shared, own: &mut Vec<Scalar>) {
        let (layout, e) = (&self.layout, proof.e);
        let f = self.responses(proof);
        let count = layout.commitments.len();
        let (bits, key) = (weights[count], weights[count + 1]);
        // z·B = R + e·X + e²·Y
        own.extend([key * e, key * e * e]);
        shared.generator -= key * proof.z;
        // e·C_q + A_q = Com_G(M_q·f; z_{r,q})
        own.extend(weights[..count].iter().map(|weight| weight * e));
        own.extend(&weights[..count]);
        for ((rows, weight), z_r) in layout.commitments.iter().zip(weights).zip(&proof.z_r) {
            for (slot, row) in shared.slots.iter_mut().zip(rows) {
                *slot -= weight * apply(row, &f);
            }
            shared.blinding -= weight * z_r;
        }
        // e·U + V = Com_K(f_aux ‖ f∘(e - f); z_u)
        own.extend([bits * e, bits, key]);
        let (auxiliary, products) = shared.auxiliary.split_at_mut(layout.auxiliary.len());
        for (entry, bit) in auxiliary.iter_mut().zip(&layout.auxiliary) {
            *entry -= bits * f[*bit];
        }
        for (entry, f) in products.iter_mut().zip(&f) {
            *entry += bits * f * (f - e);
        }
        shared.blinding -= bits * proof.z_u;
    }

    /// f with the entries that L·f = e·c determines.
    fn responses(&self, proof: &Proof) -> Vec<Scalar> {
        let mut f = vec![Scalar::ZERO; self.layout.size];
        for (bit, value) in self.layout.free.iter().zip(&proof.f) {
            f[*bit] = *value;
        }
        for rule in &self.layout.rules {
            f[rule.pivot] = signed(rule.constant) * proof.e + apply(&rule.terms, &f);
        }
        f
    }
}

impl Proof {
    /// The elements that a rating's equations are about: X, Y, C_q, A_q, U, V, R. Not E, which only shares need.
    pub fn own<'a>(&'a self, statement: &Statement) -> impl Iterator<Item = &'a RistrettoPoint> {
        let count = statement.layout.commitments.len();
        let skipped = 2 + count..2 + count + count * statement.degree;
        self.elements
            .iter()
            .enumerate()
            .filter(move |(index, _)| !skipped.contains(index))
            .map(|(_, point)| point)
    }

    /// What the rating commits to.
    pub fn committed(&self, statement: &Statement) -> Elements {
        let count = statement.layout.commitments.len() * (1 + statement.degree);
        Elements { ephemeral: self.elements[1], sums: self.elements[2..2 + count].to_vec() }
    }
}

impl Elements {
    /// C_q and E_{q,1} … E_{q,t-1} for each q.
    pub fn by_commitment(
        &self,
        statement: &Statement,
    ) -> impl Iterator<Item = (&RistrettoPoint, &[RistrettoPoint])> {
        let (degree, count) = (statement.degree, statement.layout.commitments.len());
        (0..count).map(move |q| {
            let row = count + q * degree;
            (&self.sums[q], &self.sums[row..row + degree])
        })
    }
}

fn bad(what: String) -> Error {
    Error::Encoding(format!("rating: {what}"))
}

/// Σ coefficient·v[bit].
pub fn apply(row: &Row, vector: &[Scalar]) -> Scalar {
    row.iter().map(|(bit, coefficient)| signed(*coefficient) * vector[*bit]).sum()
}

pub fn signed(value: i64) -> Scalar {
    let magnitude = Scalar::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The instance's part before the rating's own fields.
pub fn prefix(ledger: &[u8], scheme: &[u8], layout: &[u8], members: u64, threshold: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // five values here, and nine fields of the rating: all but its proof
    cbor::write_array(14, &mut out);
    cbor::write_bytes(ledger, &mut out);
    cbor::write_bytes(scheme, &mut out);
    cbor::write_bytes(layout, &mut out);
    cbor::write_unsigned(members, &mut out);
    cbor::write_unsigned(threshold, &mut out);
    out
}
