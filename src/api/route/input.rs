//! What an operation takes from a request.

use super::{Head, Protocol};
use crate::api::input::Field;
use crate::error::Result;
use crate::http::{App, body};
use axum::body::{Body, Bytes};
use serde_json::Value;

/// The values that a handler takes from a request.
pub trait FromRequest<P: Protocol>: Sized + Send + 'static {
    /// Rules of the input, made once for each operation.
    fn rules() -> Rules;

    /// Reads the input. Its errors are reported after those of authentication, even if it is read first.
    fn read(rules: &Rules, app: &App, head: &Head, body: Body) -> impl Future<Output = Result<Self>> + Send;
}

/// Fields of an input, for its reader and for the document.
#[derive(Debug, Default)]
pub struct Rules {
    /// Whether the operation is for anyone, so that its body is read within the limits for those.
    pub is_public: bool,
    pub path: Vec<Field>,
    /// Of the query; of the query and the body together in a dialect that reads them alike.
    pub query: Vec<Field>,
    /// Parameters that are not fields, as they stand in the document.
    pub parameters: Vec<Value>,
    pub body: Option<BodyRules>,
}

impl Rules {
    /// Reads a body, within the limits that the access to the operation sets.
    pub async fn read_body(&self, body: Body) -> Result<Bytes> {
        if self.is_public { body::read_unauthenticated(body).await } else { body::read(body).await }
    }
}

/// Fields of a body, and the name of its schema.
#[derive(Debug)]
pub struct BodyRules {
    pub schema: String,
    pub description: &'static str,
    pub fields: Vec<Field>,
    pub is_required: bool,
}

/// No input.
pub struct Nothing;

impl<P: Protocol> FromRequest<P> for Nothing {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, _: Body) -> Result<Nothing> {
        Ok(Nothing)
    }
}

/// The bytes of the body of an operation that is for anyone.
pub struct Raw(pub Bytes);

impl<P: Protocol> FromRequest<P> for Raw {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, body: Body) -> Result<Raw> {
        body::read_unauthenticated(body).await.map(Raw)
    }
}
