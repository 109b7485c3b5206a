//! Signature headers of Standard Webhooks 1.0, under its own names and under Svix's, which Seam's clients look for
//! first. The standard's own library signs.

use super::Message;
use super::fault::Fault;
use crate::domain::token::Token;
use base64::prelude::*;
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;

const ID: [HeaderName; 2] = [HeaderName::from_static("svix-id"), HeaderName::from_static("webhook-id")];
const TIMESTAMP: [HeaderName; 2] =
    [HeaderName::from_static("svix-timestamp"), HeaderName::from_static("webhook-timestamp")];
const SIGNATURE: [HeaderName; 2] =
    [HeaderName::from_static("svix-signature"), HeaderName::from_static("webhook-signature")];

/// Headers for the message id, the timestamp and the signatures.
pub fn headers(message: &Message, now: DateTime<Utc>) -> Result<HeaderMap, Fault> {
    let timestamp = now.timestamp();
    let signatures = message.secrets.iter().enumerate().map(|(index, secret)| {
        let signed = key(secret)
            .and_then(|key| Webhook::from_bytes(key).ok()?.sign(&message.message_id, timestamp, &message.body).ok());
        signed.ok_or(Fault::Secret(index + 1))
    });
    let signatures = signatures.collect::<Result<Vec<String>, Fault>>()?;
    if signatures.is_empty() {
        return Err(Fault::Unsigned);
    }
    let mut headers = HeaderMap::new();
    let id = HeaderValue::from_str(&message.message_id).map_err(|_| Fault::MessageId)?;
    let signatures = HeaderValue::from_str(&signatures.join(" ")).expect("base64 is valid in a header");
    for (names, value) in [(ID, id), (TIMESTAMP, timestamp.into()), (SIGNATURE, signatures)] {
        headers.extend(names.map(|name| (name, value.clone())));
    }
    Ok(headers)
}

/// The bytes of a secret: base64 after `whsec_`. An empty key is refused: it proves nothing.
fn key(secret: &Token) -> Option<Vec<u8>> {
    let text = secret.reveal();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    BASE64_STANDARD.decode(text).ok().filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests;
