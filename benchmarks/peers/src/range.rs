//! Range proofs: `bulletproofs`, of one committed value (one proof at a time: the crate has no batches of several),
//! and `tari_bulletproofs_plus`, of one value or more (in batches). Both on the kernel's curve25519-dalek.

use bulletproofs::{BulletproofGens, PedersenGens, RangeProof};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use merlin::Transcript;
use pyo3::prelude::*;
use rand::thread_rng;
use rayon::prelude::*;
use tari_bulletproofs_plus::commitment_opening::CommitmentOpening;
use tari_bulletproofs_plus::generators::pedersen_gens::ExtensionDegree;
use tari_bulletproofs_plus::range_parameters::RangeParameters;
use tari_bulletproofs_plus::range_proof::VerifyAction;
use tari_bulletproofs_plus::range_statement::RangeStatement;
use tari_bulletproofs_plus::range_witness::RangeWitness;
use tari_bulletproofs_plus::ristretto::{RistrettoRangeProof, create_pedersen_gens_with_extension_degree};

use crate::refused;

const LABEL: &[u8] = b"zkperf benchmark";

/// A value, committed to, and the proof that it has so many bits.
type Proved = (CompressedRistretto, Vec<u8>);

#[pyclass(frozen, module = "benchmarks._peers")]
pub struct SingleRange {
    bits: usize,
    generators: BulletproofGens,
    pedersen: PedersenGens,
    proofs: Vec<Proved>,
}

#[pymethods]
impl SingleRange {
    /// So many proofs, each about one value of so many bits (8, 16, 32 or 64).
    #[new]
    fn new(bits: usize, proofs: usize) -> PyResult<Self> {
        let mut made = Self {
            bits,
            generators: BulletproofGens::new(bits, 1),
            pedersen: PedersenGens::default(),
            proofs: Vec::new(),
        };
        for _ in 0..proofs {
            made.proofs.push(made.proved().ok_or_else(|| refused("a value"))?);
        }
        Ok(made)
    }

    /// Bytes of one: commitment and proof.
    #[getter]
    fn size(&self) -> usize {
        32 + self.proofs[0].1.len()
    }

    fn prove(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.proved()).map(drop).ok_or_else(|| refused("a value"))
    }

    /// All proofs, each by itself, from their bytes on.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        let good = py.detach(|| self.proofs.par_iter().all(|proved| self.accepts(proved)));
        if good { Ok(()) } else { Err(refused("a range proof")) }
    }
}

impl SingleRange {
    fn proved(&self) -> Option<Proved> {
        let blinding = Scalar::random(&mut thread_rng());
        let transcript = &mut Transcript::new(LABEL);
        let (proof, commitment) =
            RangeProof::prove_single(&self.generators, &self.pedersen, transcript, 93, &blinding, self.bits)
                .ok()?;
        Some((commitment, proof.to_bytes()))
    }

    fn accepts(&self, (commitment, proof): &Proved) -> bool {
        RangeProof::from_bytes(proof).is_ok_and(|proof| {
            let transcript = &mut Transcript::new(LABEL);
            proof.verify_single(&self.generators, &self.pedersen, transcript, commitment, self.bits).is_ok()
        })
    }
}

/// Values, committed to, and the proof that each has so many bits.
type AllProved = (Vec<CompressedRistretto>, Vec<u8>);

#[pyclass(frozen, module = "benchmarks._peers")]
pub struct BatchedRange {
    parameters: RangeParameters<RistrettoPoint>,
    values: usize,
    proofs: Vec<AllProved>,
}

#[pymethods]
impl BatchedRange {
    /// So many proofs, each about so many values (a power of two) of so many bits (a power of two up to 64).
    #[new]
    fn new(bits: usize, values: usize, proofs: usize) -> PyResult<Self> {
        let pedersen = create_pedersen_gens_with_extension_degree(ExtensionDegree::DefaultPedersen);
        let parameters =
            RangeParameters::init(bits, values, pedersen).map_err(|_| refused("these parameters"))?;
        let mut made = Self { parameters, values, proofs: Vec::new() };
        for _ in 0..proofs {
            made.proofs.push(made.proved().ok_or_else(|| refused("a value"))?);
        }
        Ok(made)
    }

    /// Bytes of one: commitments and proof.
    #[getter]
    fn size(&self) -> usize {
        32 * self.values + self.proofs[0].1.len()
    }

    fn prove(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.proved()).map(drop).ok_or_else(|| refused("a value"))
    }

    /// So many proofs, the ones that there are over and over, as one batch on each core, from their bytes on.
    fn verify(&self, py: Python<'_>, count: usize) -> PyResult<()> {
        let good = py.detach(|| {
            let proofs: Vec<&AllProved> = self.proofs.iter().cycle().take(count).collect();
            let size = count.div_ceil(rayon::current_num_threads());
            proofs.par_chunks(size).all(|part| self.accepts(part).is_some())
        });
        if good { Ok(()) } else { Err(refused("a range proof")) }
    }
}

impl BatchedRange {
    fn proved(&self) -> Option<AllProved> {
        let (mut commitments, mut openings) = (Vec::new(), Vec::new());
        for _ in 0..self.values {
            let (value, blinding) = (93, Scalar::random(&mut thread_rng()));
            commitments.push(self.parameters.pc_gens().commit(&Scalar::from(value), &[blinding]).ok()?);
            openings.push(CommitmentOpening::new(value, vec![blinding]));
        }
        let statement = self.statement(commitments.clone())?;
        let witness = RangeWitness::init(openings).ok()?;
        let proof = RistrettoRangeProof::prove(&mut Transcript::new(LABEL), &statement, &witness).ok()?;
        Some((commitments.iter().map(RistrettoPoint::compress).collect(), proof.to_bytes()))
    }

    fn statement(&self, commitments: Vec<RistrettoPoint>) -> Option<RangeStatement<RistrettoPoint>> {
        RangeStatement::init(self.parameters.clone(), commitments, vec![None; self.values], None).ok()
    }

    fn accepts(&self, part: &[&AllProved]) -> Option<()> {
        let (mut statements, mut proofs) = (Vec::new(), Vec::new());
        for (commitments, proof) in part {
            let points = commitments.iter().map(|one| one.decompress()).collect::<Option<Vec<_>>>()?;
            statements.push(self.statement(points)?);
            proofs.push(RistrettoRangeProof::from_bytes(proof).ok()?);
        }
        let mut transcripts = vec![Transcript::new(LABEL); part.len()];
        RistrettoRangeProof::verify_batch(&mut transcripts, &statements, &proofs, VerifyAction::VerifyOnly)
            .ok()
            .map(drop)
    }
}
