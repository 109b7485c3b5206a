//! Diga's routes: 405 comes before 401, as in FastAPI's router.

use super::access::Project;
use super::input::Rules;
use crate::api::route::{FromRequest, Handler, Protocol};
use crate::error::Error;
use serde_json::Value;

pub use crate::api::route::Call;

pub type Route = crate::api::route::Route<Diga>;
pub type Operation = crate::api::route::Operation<Diga>;

/// Diga's protocol.
pub struct Diga;

impl Protocol for Diga {
    const METHOD_FIRST: bool = true;
    type Document = Document;
}

/// What the document says of an operation.
#[derive(Default)]
pub struct Document {
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub rules: Rules,
    /// Example of a body.
    pub example: Option<Value>,
    /// Status, and the name and example of the response; null if it has no body.
    pub success: Success,
    /// Errors beyond those of every operation.
    pub errors: Vec<Error>,
}

/// The response of an operation that succeeds.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    #[default]
    Phone,
    Page,
    NoContent,
}

/// An operation of this method.
pub fn operation<I, H>(methods: &'static [&'static str], handler: H, document: Document) -> Operation
where
    I: FromRequest<Diga, Rules = Rules>,
    H: Handler<Diga, Project, I>,
{
    Operation::new(methods, handler, None, Document { rules: I::rules(), ..document })
}
