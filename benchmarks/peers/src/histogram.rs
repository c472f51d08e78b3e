//! Prio3Histogram (draft-irtf-cfrg-vdaf) of the `prio` crate: one answer among several, counted.
//!
//! Another class of trust. Its proof convinces the aggregators, each about a share of its own, while they talk
//! to each other; nobody else can check it later, and one aggregator alone can spoil a total unnoticed.

use prio::codec::{Encode, ParameterizedDecode};
use prio::vdaf::prio3::{Prio3Histogram, Prio3InputShare, Prio3PublicShare, optimal_chunk_length};
use prio::vdaf::{Aggregator, Client, VerifyTransition};
use pyo3::prelude::*;
use rand::random;
use rayon::prelude::*;

use crate::refused;

const CONTEXT: &[u8] = b"zkperf benchmark";

struct Report {
    nonce: [u8; 16],
    public: Vec<u8>,
    inputs: Vec<Vec<u8>>,
}

#[pyclass(frozen, module = "benchmarks._peers")]
pub struct Histogram {
    vdaf: Prio3Histogram,
    verify_key: [u8; 32],
    reports: Vec<Report>,
}

#[pymethods]
impl Histogram {
    /// So many reports of one bucket each, for so many aggregators.
    #[new]
    fn new(aggregators: u8, buckets: usize, reports: usize) -> PyResult<Self> {
        let vdaf = Prio3Histogram::new_histogram(aggregators, buckets, optimal_chunk_length(buckets))
            .map_err(|_| refused("these parameters"))?;
        let reports = (0..reports).map(|number| sharded(&vdaf, number % buckets)).collect::<Option<_>>();
        Ok(Self { vdaf, verify_key: random(), reports: reports.ok_or_else(|| refused("a measurement"))? })
    }

    /// Bytes of one report: the public share and every aggregator's.
    #[getter]
    fn size(&self) -> usize {
        let report = &self.reports[0];
        report.public.len() + report.inputs.iter().map(Vec::len).sum::<usize>()
    }

    /// What a client does: one report, encoded.
    fn shard(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| sharded(&self.vdaf, 0)).map(drop).ok_or_else(|| refused("a measurement"))
    }

    /// What all aggregators together do with all reports, from their bytes on.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        let good = py.detach(|| self.reports.par_iter().all(|report| self.accepts(report).is_some()));
        if good { Ok(()) } else { Err(refused("a report")) }
    }
}

fn sharded(vdaf: &Prio3Histogram, bucket: usize) -> Option<Report> {
    let nonce = random();
    let (public, inputs) = vdaf.shard(CONTEXT, &bucket, &nonce).ok()?;
    let inputs = inputs.iter().map(|input| input.get_encoded().ok()).collect::<Option<_>>()?;
    Some(Report { nonce, public: public.get_encoded().ok()?, inputs })
}

impl Histogram {
    fn accepts(&self, report: &Report) -> Option<()> {
        let (vdaf, key) = (&self.vdaf, &self.verify_key);
        let (mut states, mut shares) = (Vec::new(), Vec::new());
        for (aggregator, input) in report.inputs.iter().enumerate() {
            let public = Prio3PublicShare::get_decoded_with_param(vdaf, &report.public).ok()?;
            let input = Prio3InputShare::get_decoded_with_param(&(vdaf, aggregator), input).ok()?;
            let nonce = &report.nonce;
            let (state, share) =
                vdaf.verify_init(key, CONTEXT, aggregator, &(), nonce, &public, &input).ok()?;
            states.push(state);
            shares.push(share);
        }
        let message = vdaf.verifier_shares_to_message(CONTEXT, &(), shares).ok()?;
        states
            .into_iter()
            .all(|state| {
                matches!(vdaf.verify_next(CONTEXT, state, message.clone()), Ok(VerifyTransition::Finish(_)))
            })
            .then_some(())
    }
}
