//! Many ratings at once: decoded in parallel, then one random linear combination for the proofs and one for
//! the tokens (Bellare, Garay, Rabin 1998: small exponents). Where one does not hold, halves find the culprits.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use rayon::prelude::*;

use super::statement::{Proof, Shared};
use super::tokens::{self, Token};
use super::{RatingLeaf, Round, VerifiedRating};
use crate::error::{Error, Result};
use crate::ristretto::public_sum;

pub enum Verdict {
    Valid(VerifiedRating),
    /// The check that failed, and a message.
    Refused(&'static str, String),
}

const WEIGHT: usize = 16;
/// Ratings whose scalars are computed as one piece of work.
const PIECE: usize = 64;

pub type Weight = [u8; WEIGHT];

struct Candidate {
    proof: Proof,
    token: Token,
    /// One for each equation of the proof, and one for the token.
    weights: Vec<Weight>,
}

/// The verdict for each leaf.
pub fn verify(round: &Round, leaves: &[&RatingLeaf]) -> Vec<Verdict> {
    let mut candidates: Vec<Result<Candidate>> =
        leaves.par_iter().map(|leaf| candidate(round, leaf)).collect();
    draw_weights(round, &mut candidates);
    let among = |places: &[usize], holds: &dyn Fn(&[&Candidate]) -> bool| -> Vec<usize> {
        let items: Vec<&Candidate> = places.iter().flat_map(|place| &candidates[*place]).collect();
        culprits(&items, holds).into_iter().map(|culprit| places[culprit]).collect()
    };
    // One after the other: each divides itself evenly between all cores.
    let mut places: Vec<usize> = (0..leaves.len()).filter(|place| candidates[*place].is_ok()).collect();
    let bad_tokens = among(&places, &|part| tokens_hold(round, part));
    // The transcript takes in the token: where both fail, the token is the cause, and the proof is not asked.
    places.retain(|place| bad_tokens.binary_search(place).is_err());
    let bad_proofs = among(&places, &|part| proofs_hold(round, part));
    let mut verdicts: Vec<Verdict> = candidates
        .iter()
        .zip(leaves)
        .map(|(candidate, leaf)| match candidate {
            Ok(candidate) => Verdict::Valid(VerifiedRating::new(round, leaf, &candidate.proof)),
            Err(error) => Verdict::Refused("encoding", error.message()),
        })
        .collect();
    for culprit in bad_proofs {
        verdicts[culprit] = Verdict::Refused("proofs", "the rating's proof does not hold".into());
    }
    for culprit in bad_tokens {
        let message = "the token is not a signature of the cohort's key";
        verdicts[culprit] = Verdict::Refused("tokens", message.into());
    }
    verdicts
}

/// What ratings commit to, decoded only.
pub fn decode(round: &Round, leaves: &[&RatingLeaf]) -> Result<Vec<VerifiedRating>> {
    leaves.par_iter().map(|leaf| leaf.elements(round).map(VerifiedRating)).collect()
}

fn candidate(round: &Round, leaf: &RatingLeaf) -> Result<Candidate> {
    let (data, fields) = (&leaf.data, &leaf.fields);
    if data[fields.round.clone()] != round.round || !round.keys.contains_key(&fields.unit) {
        return Err(Error::Encoding("rating: for another round or unit".into()));
    }
    let proof = round.statement.decode(data, fields)?;
    let pseudonym = &data[fields.pseudonym.clone()];
    let token =
        Token::decode(&data[fields.token.clone()], &round.ledger, &round.round, fields.unit, pseudonym)?;
    Ok(Candidate { proof, token, weights: Vec::new() })
}

/// Weights are drawn once everything they weigh is fixed.
fn draw_weights(round: &Round, candidates: &mut [Result<Candidate>]) {
    let each = round.statement.equations() + 1;
    let mut weights = random_weights(each * candidates.iter().flatten().count()).into_iter();
    for candidate in candidates.iter_mut().flatten() {
        candidate.weights = weights.by_ref().take(each).collect();
    }
}

/// Weights from the operating system. Never zero: the lowest bit of each is set, which leaves 2^127 values.
pub fn random_weights(count: usize) -> Vec<Weight> {
    let mut bytes = vec![0; count * WEIGHT];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
        .chunks_exact(WEIGHT)
        .map(|chunk| {
            let mut weight: Weight = chunk.try_into().expect("chunks of this size");
            weight[0] |= 1;
            weight
        })
        .collect()
}

fn tokens_hold(round: &Round, part: &[&Candidate]) -> bool {
    let weighted: Vec<(&Token, Weight)> = part
        .iter()
        .map(|candidate| (&candidate.token, *candidate.weights.last().expect("one for the token")))
        .collect();
    tokens::hold(&weighted, &round.keys)
}

fn proofs_hold(round: &Round, part: &[&Candidate]) -> bool {
    let statement = &round.statement;
    let (shared, scalars, points) = part
        .par_chunks(PIECE)
        .map(|piece| {
            let (mut shared, mut scalars, mut points) =
                (Shared::zero(&statement.layout), Vec::new(), Vec::new());
            for candidate in piece {
                let weights: Vec<Scalar> = candidate.weights.iter().map(scalar).collect();
                statement.weigh(&candidate.proof, &weights, &mut shared, &mut scalars);
                points.extend(candidate.proof.own(statement));
            }
            (shared, scalars, points)
        })
        .reduce(
            || (Shared::zero(&statement.layout), Vec::new(), Vec::new()),
            |(shared, mut scalars, mut points), (more, more_scalars, more_points)| {
                scalars.extend(more_scalars);
                points.extend(more_points);
                (shared.add(&more), scalars, points)
            },
        );
    let (mut all_scalars, mut all_points) = (scalars, points);
    all_scalars.extend(shared.slots);
    all_points.extend(&round.slots);
    all_scalars.extend(shared.auxiliary);
    all_points.extend(&round.auxiliary);
    all_scalars.extend([shared.blinding, shared.generator]);
    all_points.extend([round.blinding, RISTRETTO_BASEPOINT_POINT]);
    public_sum(&all_scalars, &all_points).is_identity()
}

pub fn scalar(weight: &Weight) -> Scalar {
    let mut bytes = [0; 32];
    bytes[..WEIGHT].copy_from_slice(weight);
    Scalar::from_bytes_mod_order(bytes)
}

/// The places, ascending, of the items for which `holds` fails on their own.
pub fn culprits<T>(items: &[&T], holds: &dyn Fn(&[&T]) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    if !items.is_empty() && !holds(items) {
        split(items, 0, holds, &mut found);
    }
    found
}

/// `items`, which start at `offset`, do not hold together.
fn split<T>(items: &[&T], offset: usize, holds: &dyn Fn(&[&T]) -> bool, found: &mut Vec<usize>) {
    if items.len() == 1 {
        found.push(offset);
        return;
    }
    let (left, right) = items.split_at(items.len() / 2);
    let left_holds = holds(left);
    if !left_holds {
        split(left, offset, holds, found);
    }
    // Where the left half holds the right one cannot.
    if left_holds || !holds(right) {
        split(right, offset + left.len(), holds, found);
    }
}
