//! Phone.com's routes: 405 comes before 401; authorization for the account and extension in the path comes before input.

use super::input::Rules;
use crate::api::route::{FromRequest, Grant, Handler, Protocol};
use serde_json::Value;

pub use crate::api::route::{Call, Head};

pub type Route = crate::api::route::Route<PhoneCom>;
pub type Operation = crate::api::route::Operation<PhoneCom>;

/// Phone.com's protocol.
pub struct PhoneCom;

impl Protocol for PhoneCom {
    const METHOD_FIRST: bool = true;
    type Document = Document;
}

/// What the document says of an operation.
#[derive(Default)]
pub struct Document {
    pub id: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub auth: Auth,
    pub rules: Rules,
    /// Example of a body.
    pub example: Option<Value>,
    /// Name of the schema of the response, and an example.
    pub answer: (&'static str, Value),
    /// Whether a resource is created: 201.
    pub creates: bool,
}

/// Who may call.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Open,
    Client,
    #[default]
    Token,
}

/// An operation of this method.
pub fn operation<G, I, H>(methods: &'static [&'static str], handler: H, document: Document) -> Operation
where
    G: Grant,
    I: FromRequest<PhoneCom, Rules = Rules>,
    H: Handler<PhoneCom, G, I>,
{
    Operation::new(methods, handler, None, Document { rules: I::rules(), ..document })
}
