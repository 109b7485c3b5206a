//! Responses: always `application/scim+json`, with the entity tag of a resource, which is weak as in the RFC's examples.

use super::route::{Head, Scim};
use crate::api;
use crate::error::{Error, Result};
use crate::http::conditional::{self, Preconditions};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::prelude::*;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub const MEDIA_TYPE: &str = "application/scim+json";

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// JSON; None for no content.
    pub body: Option<String>,
    /// The entity tag of the resource, without mark and quotes.
    pub tag: Option<String>,
    /// The URI of a resource that was created or changed.
    pub location: Option<String>,
}

impl Answer {
    /// 200 with a body that is no resource.
    pub fn ok(body: Value) -> Answer {
        Answer::json(body.to_string())
    }

    /// 200 with this JSON, which is no resource.
    pub fn json(body: String) -> Answer {
        Answer { status: StatusCode::OK, body: Some(body), tag: None, location: None }
    }

    /// 204.
    pub fn no_content() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, body: None, tag: None, location: None }
    }
}

impl api::route::Answer<Scim> for Answer {
    fn respond(self, head: &Head, _: &'static str) -> Response {
        let is_known = self.tag.as_ref().is_some_and(|tag| conditional::is_known(head.headers(), tag));
        let mut response = match self.body {
            Some(_) if is_known && head.parts.method == Method::GET => {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response
            }
            Some(body) => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = self.status;
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
                response
            }
            None => {
                let mut response = Response::default();
                *response.status_mut() = self.status;
                response
            }
        };
        let headers = response.headers_mut();
        if let Some(tag) = self.tag {
            headers.insert(ETAG, HeaderValue::from_str(&version(&tag)).expect("base64 is ASCII"));
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            headers.insert(LOCATION, location);
        }
        response
    }
}

/// The entity tag of a resource as it is shown, without its metadata.
pub fn tag_of(resource: &Map<String, Value>) -> String {
    let text = serde_json::to_vec(resource).expect("a resource has text keys");
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12])
}

/// The version of a resource, which is the value of its ETag.
pub fn version(tag: &str) -> String {
    format!("W/\"{tag}\"")
}

/// The preconditions of a request, on the tag of what it changes.
pub fn precondition(headers: &HeaderMap) -> impl FnOnce(&str) -> Result<()> + Send + 'static {
    let preconditions = Preconditions::of(headers);
    move |tag| match preconditions {
        Some(preconditions) if !preconditions.hold_weakly(tag) => Err(Error::PreconditionFailed),
        _ => Ok(()),
    }
}
