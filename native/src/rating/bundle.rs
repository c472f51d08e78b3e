//! Bundles read strictly and held against their ratings. `check_bundle` in `circuits/rating/shares.py` is the
//! readable definition, after `Bundle.decode`; a test holds the two to the same verdict.

use std::ops::Range;

use rayon::prelude::*;

use super::sealing::{SALT, bundle_digest};
use super::{RatingLeaf, Round};
use crate::cbor::Reader;
use crate::error::{Error, Result};

const TAG: usize = 16;
const SCALAR: usize = 32;

/// The check that failed, and a message.
pub type Refusal = (&'static str, String);

/// For each pair nothing if the bundle is the rating's own.
pub fn check(round: &Round, pairs: &[(&RatingLeaf, &[u8])]) -> Vec<Option<Refusal>> {
    pairs
        .par_iter()
        .map(|(leaf, data)| {
            let error = sealed_shares(round, leaf, data).err()?;
            let check = if matches!(error, Error::Share(_)) { "complaints" } else { "encoding" };
            Some((check, error.message()))
        })
        .collect()
}

type Places = Vec<Range<usize>>;

/// Where the sealed shares are, by trustee. `Error::Encoding` unless `data` is the one encoding of a bundle for
/// the round's trustees and questionnaire, `Error::Share` if it is another rating's.
pub fn sealed_shares(round: &Round, leaf: &RatingLeaf, data: &[u8]) -> Result<Places> {
    let (salts, sealed) = read(data)?;
    let members = round.statement.members;
    if (salts.len(), sealed.len()) != (members, members) {
        let message = format!("bundle: expected salts and sealed shares for {members} trustees");
        return Err(Error::Encoding(message));
    }
    let scalars: usize = round.statement.layout.commitments.iter().map(|rows| rows.len() + 1).sum();
    let size = scalars * SCALAR + TAG;
    if sealed.iter().any(|share| share.len() != size) {
        return Err(Error::Encoding(format!("bundle: expected sealed shares of {size} bytes")));
    }
    let pairs = salts.iter().zip(&sealed).map(|(salt, share)| (&data[salt.clone()], &data[share.clone()]));
    if bundle_digest(pairs) != leaf.data[leaf.fields.digest.clone()] {
        return Err(Error::Share("the bundle is not the one that the rating was made with".into()));
    }
    Ok(sealed)
}

/// Where the salts and the sealed shares are. `Error::Encoding` unless `data` is the one encoding of a bundle.
fn read(data: &[u8]) -> Result<(Places, Places)> {
    let mut reader = Reader::new("bundle", data);
    reader.fields(2)?;
    let salts = reader.array(|reader| reader.fixed_bytes(SALT))?;
    let sealed = reader.array(Reader::bytes)?;
    reader.end()?;
    Ok((salts, sealed))
}
