//! Phone.com's routes: 405 comes before 401; authorization for the account and extension in the path comes before input.

use super::openapi::RESPONSES;
use crate::api::route::Protocol;
use serde_json::Value;

pub use crate::api::route::{Call, Head, Nothing, Public, Raw};

pub type Operation = crate::api::route::Operation<PhoneCom>;

/// Phone.com's protocol.
pub struct PhoneCom;

impl Protocol for PhoneCom {
    const METHOD_FIRST: bool = true;
    const ALLOWS_TRAILING_SLASH: bool = true;
    const ALLOWS_HEAD: bool = true;
    type Document = Auth;
}

/// Who may call.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Open,
    Client,
    #[default]
    Token,
}

impl Operation {
    /// Sets who may call.
    pub fn auth(mut self, auth: Auth) -> Operation {
        self.document = auth;
        self
    }

    /// Responds with 200 and a body of this schema.
    pub fn returns(self, schema: &str, example: Value) -> Operation {
        self.returns_with(schema, Some(example))
    }

    /// Responds with 200 and a list, whose example has that of the item.
    pub fn lists(self, schema: &str) -> Operation {
        self.returns_with(schema, None)
    }

    fn returns_with(self, schema: &str, example: Option<Value>) -> Operation {
        self.succeeds("200", RESPONSES.json(schema.trim_start_matches(RESPONSES.prefix), "OK", schema, example))
    }

    /// Responds with 201 and a body of this schema.
    pub fn creates(self, schema: &str, example: Value) -> Operation {
        let name = format!("{}Created", schema.trim_start_matches(RESPONSES.prefix));
        self.succeeds("201", RESPONSES.json(&name, "Created", schema, Some(example)))
    }
}
