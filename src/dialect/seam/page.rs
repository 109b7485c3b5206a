//! Cursors. A cursor contains the first entry of the next page and is bound to the path and the parameters of its list:
//! with others it is refused, since it would point into another list.

use super::answer::Paged;
use crate::api::input::Field;
use crate::domain::page::{Page, Paging, Position};
use crate::error::{Error, Format, Issue, Problem, Reason, Result};
use base64::prelude::*;
use chrono::Datelike;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

/// The parameter that carries a cursor.
const CURSOR: &str = "page_cursor";

/// The next page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pagination {
    /// Whether another page follows.
    pub has_next_page: bool,
    /// The `page_cursor` of the next page.
    #[schema(required)]
    pub next_page_cursor: Option<String>,
    /// The URL of the next page.
    #[schema(required, format = "uri")]
    pub next_page_url: Option<String>,
}

/// The parameters of a request, which its cursors are bound to.
#[derive(Debug, Clone, Default)]
pub struct CursorScope {
    hash: String,
    /// URL of the same list, up to the cursor.
    address: String,
    /// Whether the list has a limit, given or by default, or a cursor.
    pub is_paged: bool,
}

/// Content of a cursor: the hash of its scope, and the first entry of the next page.
type CursorPayload = (String, Position);

impl CursorScope {
    /// Scope of a request. Defaults count as given, so that an explicit default changes nothing.
    pub fn of(
        fields: &[Field],
        query: &Map<String, Value>,
        body: &Map<String, Value>,
        path: &str,
        base_url: impl FnOnce() -> String,
    ) -> CursorScope {
        let given = |name: &str| body.get(name).or_else(|| query.get(name));
        let parameters: Vec<(&str, &Value)> = fields
            .iter()
            .filter(|field| field.name != CURSOR)
            .filter_map(|field| Some((field.name, given(field.name).or(field.default.as_ref())?)))
            .collect();
        let is_paged = given(CURSOR).is_some() || parameters.iter().any(|(name, _)| *name == "limit");
        if !is_paged {
            return CursorScope::default();
        }
        let hash = Sha256::digest(json!([path, parameters]).to_string());
        CursorScope {
            hash: BASE64_STANDARD.encode(&hash[..12]),
            address: format!("{}{path}?{}", base_url(), query_string(&parameters)),
            is_paged,
        }
    }

    /// The page for a limit and a cursor.
    pub fn paging(&self, limit: Option<u32>, cursor: Option<&str>) -> Result<Paging> {
        let from = cursor.map(|cursor| self.place(cursor)).transpose()?;
        Ok(Paging { limit, from })
    }

    fn place(&self, cursor: &str) -> Result<Position> {
        let inside: Option<CursorPayload> =
            BASE64_STANDARD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // Cursors of this server have four-digit years; Postgres might refuse others.
        let ours = inside.filter(|(_, place)| (0..=9999).contains(&place.created_at.year()));
        let Some((hash, place)) = ours else {
            return Err(Error::Invalid(vec![Issue::field(CURSOR, Problem::Format(Format::Cursor))]));
        };
        if hash != self.hash {
            return Err(Error::Conflict(Reason::CursorOfAnotherQuery));
        }
        Ok(place)
    }

    /// A page with its pagination, in the form of the wire.
    pub fn paged<T, W: From<T>>(&self, page: Page<T>) -> Paged<W> {
        let pagination = self.pagination(&page);
        Paged { items: page.items.into_iter().map(W::from).collect(), pagination }
    }

    /// The next page's cursor and URL.
    pub fn pagination<T>(&self, page: &Page<T>) -> Pagination {
        let cursor = page.next.map(|place| BASE64_STANDARD.encode(json!([self.hash, place]).to_string()));
        let next_page_url = cursor.as_ref().map(|cursor| {
            let cursor: String = Serializer::new(String::new()).append_pair(CURSOR, cursor).finish();
            let glue = if self.address.ends_with('?') { "" } else { "&" };
            format!("{}{glue}{cursor}", self.address)
        });
        Pagination { has_next_page: cursor.is_some(), next_page_cursor: cursor, next_page_url }
    }
}

/// Parameters as a query string that parses to the same: lists repeat their key, records have dotted keys.
fn query_string(parameters: &[(&str, &Value)]) -> String {
    let mut pairs = Serializer::new(String::new());
    for (name, value) in parameters {
        match value {
            Value::Array(items) if items.is_empty() => _ = pairs.append_pair(name, ""),
            Value::Array(items) => items.iter().for_each(|item| _ = pairs.append_pair(name, &plain(item))),
            Value::Object(record) => {
                record.iter().for_each(|(key, item)| _ = pairs.append_pair(&format!("{name}.{key}"), &plain(item)));
            }
            value => _ = pairs.append_pair(name, &plain(value)),
        }
    }
    pairs.finish()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn cursor_scope(hash: &str) -> CursorScope {
        CursorScope { hash: hash.to_owned(), ..CursorScope::default() }
    }

    proptest! {
        #[test]
        fn a_page_cursor_round_trips_and_is_refused_for_another_query(
            seconds in 0_i64..250_000_000_000,
            micros in 0_u32..1_000_000,
            id in any::<u128>(),
        ) {
            let created_at = DateTime::from_timestamp(seconds, micros * 1_000).expect("a time");
            let place = Position { created_at, id: Uuid::from_u128(id) };
            let page: Page<()> = Page { items: Vec::new(), next: Some(place) };
            let cursor = cursor_scope("one").pagination(&page).next_page_cursor.expect("another page");
            let read = cursor_scope("one").place(&cursor).expect("a valid cursor");
            prop_assert_eq!((read.created_at, read.id), (created_at, Uuid::from_u128(id)));
            prop_assert!(matches!(cursor_scope("other").place(&cursor), Err(Error::Conflict(_))));
        }

        #[test]
        fn malformed_page_cursors_are_refused(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            for cursor in [text, BASE64_STANDARD.encode(bytes)] {
                prop_assert!(matches!(cursor_scope("one").place(&cursor), Err(Error::Invalid(_))));
            }
        }
    }
}
