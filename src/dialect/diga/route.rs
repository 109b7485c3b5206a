//! Diga's routes: 405 comes before 401, as in FastAPI's router.

use super::openapi::{RESPONSES, phone_example};
use crate::api::route::Protocol;

pub use crate::api::route::Call;

pub type Operation = crate::api::route::Operation<Diga>;

/// Diga's protocol.
pub struct Diga;

impl Protocol for Diga {
    const METHOD_FIRST: bool = true;
    const ALLOWS_TRAILING_SLASH: bool = true;
    const ALLOWS_HEAD: bool = false;
    type Document = ();
}

impl Operation {
    /// Responds with a phone.
    pub fn returns_phone(self) -> Operation {
        self.succeeds("200", RESPONSES.json("Phone", "OK", "DigaPhone", Some(phone_example())))
    }
}
