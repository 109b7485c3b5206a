//! Tickets for event streams. A browser's `EventSource` cannot send a header, and a credential in an address would be logged
//! by proxies; so a caller gets a ticket that is valid for a minute, for opening streams, and with its own credential only.

use super::access::{ByKeyOrSession, CREDENTIAL_HEADERS};
use super::answer::Members;
use super::route::*;
use crate::domain::token::Token;
use crate::error::{AuthFailure, Error, Rejection, Result, Scheme};
use crate::http::App;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::ToSchema;

/// The query parameter with a ticket.
pub const PARAMETER: &str = "ticket";

/// Lifetime of a ticket. It limits when a stream is opened, not how long it stays open.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

pub fn routes() -> Vec<Operation> {
    vec![
        route("/events/create_stream_ticket", &[POST], create)
            .summary("Create a ticket that opens an event stream")
            .describe(
                "For clients that cannot send a header, as a browser's `EventSource`: `/events/stream?ticket=…`. The ticket \
                 is valid for one minute, for opening event streams only. Its streams have the caller's scope and end with \
                 its credential.",
            ),
    ]
}

/// A ticket for event streams.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamTicket {
    /// The value of the parameter `ticket` of `/events/stream`.
    #[schema(example = "kTTm6gqXyWvT0Z8b…")]
    ticket: String,
    /// When streams can no longer be opened with it.
    expires_at: DateTime<Utc>,
}

/// What a ticket seals.
#[derive(Serialize, Deserialize)]
struct Contents {
    expires_at: DateTime<Utc>,
    /// The caller's credential, as the headers of its request.
    headers: Vec<(String, String)>,
}

async fn create(call: Call<ByKeyOrSession>, _: Nothing) -> Result<Members<StreamTicket>> {
    let expires_at = call.now + LIFETIME;
    let header = |name: &&str| Some(((*name).to_owned(), call.head.headers().get(*name)?.to_str().ok()?.to_owned()));
    let headers = CREDENTIAL_HEADERS.iter().filter_map(header).collect();
    let contents =
        serde_json::to_string(&Contents { expires_at, headers }).map_err(|fault| Error::Internal(fault.into()))?;
    let ticket = call.app.store.seal_stream_ticket(&Token::from(contents));
    Ok(Members(StreamTicket { ticket, expires_at }))
}

/// The headers of the caller that has created the ticket in a query; `None` if there is no ticket.
pub fn headers_of(app: &App, query: Option<&str>, now: DateTime<Utc>) -> Result<Option<HeaderMap>> {
    let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let Some((_, ticket)) = parameters.find(|(name, _)| name == PARAMETER) else { return Ok(None) };
    let rejected = |failure| Error::Unauthenticated(Rejection::of(Scheme::StreamTicket, failure));
    let contents = app.store.open_stream_ticket(&ticket);
    let contents: Option<Contents> = contents.and_then(|contents| serde_json::from_str(contents.reveal()).ok());
    let Contents { expires_at, headers } = contents.ok_or_else(|| rejected(AuthFailure::Unknown))?;
    if now >= expires_at {
        return Err(rejected(AuthFailure::Expired));
    }
    let headers = headers
        .into_iter()
        .map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
    headers.collect::<Option<HeaderMap>>().map(Some).ok_or_else(|| rejected(AuthFailure::Unknown))
}
