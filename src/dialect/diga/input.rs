//! Request values, parsed as pydantic does. Each reader records errors and continues, so that one response reports all.

pub mod body;
pub mod query;

use super::fault::Faults;
use crate::model::id::PhoneNumberId;
use axum::http::Uri;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

/// Phone number id in the path, `/phone/{…}/…`; an error uses the parameter's declared name.
pub fn register_id(uri: &Uri, name: &str, faults: &mut Faults) -> Option<PhoneNumberId> {
    let segment = uri.path().split('/').skip_while(|segment| *segment != "phone").nth(1).unwrap_or_default();
    let text = percent_decode_str(segment).decode_utf8_lossy();
    uuid(&text, &["path", name], faults).map(PhoneNumberId)
}

/// Parses a UUID in any format. pydantic uses the same library, so the reasons in errors are the same.
fn uuid(text: &str, loc: &[&str], faults: &mut Faults) -> Option<Uuid> {
    match Uuid::parse_str(text) {
        Ok(id) => Some(id),
        Err(fault) => {
            let reason = fault.to_string();
            let message = format!("Input should be a valid UUID, {reason}");
            faults.add("uuid_parsing", loc, message, Value::from(text), Some(json!({ "error": reason })));
            None
        }
    }
}
