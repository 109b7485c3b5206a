//! Responses as FastAPI writes them: compact JSON, content type without a charset.

use super::route::Diga;
use crate::api::route::{Answer, Head};

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

/// JSON response.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("response values have string keys only");
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// 200 with a JSON body.
pub struct Body<T>(pub T);

impl<T: Serialize + Send> Answer<Diga> for Body<T> {
    fn respond(self, _: &Head, _: &'static str) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

/// 204 without a body.
pub struct NoContent;

impl Answer<Diga> for NoContent {
    fn respond(self, _: &Head, _: &'static str) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    }
}
