//! Cursors (RFC 9865): where the next page of a query begins, as a text of unreserved characters. A cursor fits its query only,
//! and does not expire.

use super::input::Query;
use super::search::Source;
use crate::domain::page::Position;
use crate::error::{Error, Format, Issue, Problem, RequestPart, Result};
use base64::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// Behind a resource, in order of creation: the index of its source, and its position.
    Behind(usize, Position),
    /// At an index of a sorted list.
    At(usize),
}

#[derive(Serialize, Deserialize)]
struct Payload {
    start: Start,
    /// A digest of the query.
    query: String,
}

/// The cursor of a page.
pub fn encode(start: Start, query: &Query, sources: &[Source]) -> String {
    let payload = Payload { start, query: digest(query, sources) };
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&payload).expect("a payload has text keys"))
}

/// Where a page begins; None for the first one.
pub fn decode(cursor: &str, query: &Query, sources: &[Source]) -> Result<Option<Start>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    let payload = payload.and_then(|payload| serde_json::from_slice::<Payload>(&payload).ok());
    match payload.filter(|payload| payload.query == digest(query, sources)) {
        Some(payload) => Ok(Some(payload.start)),
        None => {
            let issue = Issue::field("cursor", Problem::Format(Format::Cursor));
            Err(Error::Invalid(vec![Issue { place: RequestPart::Query, ..issue }]))
        }
    }
}

fn digest(query: &Query, sources: &[Source]) -> String {
    let text = format!("{:?} {:?} {} {sources:?}", query.filter, query.sort_by, query.is_descending);
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..9])
}
