//! Input: JSON bodies, whatever their content type is, and the parameters of queries by their names in any case.

use super::path::member;
use super::projection::Projection;
use super::route::{Head, Scim};
use crate::api::openapi::optional_parameter;
use crate::api::route::{FromRequest, Rules};
use crate::domain::limits::MAX_ITEMS;
use crate::error::{BodyFault, Error, Issue, Limit, Problem, RequestPart, Result, Unit};
use crate::http::{App, body};
use axum::body::Body;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// What a client wants to see of a resource.
pub struct Viewed(pub Projection);

/// A body, an object, and what the client wants to see of the resource.
pub struct Written {
    pub body: Map<String, Value>,
    pub projection: Projection,
}

/// A query of a list, from its parameters.
pub struct Listed(pub Query);

/// A query of a list, from a body.
pub struct Searched(pub Query);

/// A body of operations that has no other parameters.
pub struct Operations(pub Map<String, Value>);

/// A query of a list as it was given.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub projection: Projection,
    pub filter: Option<String>,
    pub sort_by: Option<String>,
    pub is_descending: bool,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
    /// Empty for the first page by cursor.
    pub cursor: Option<String>,
}

impl FromRequest<Scim> for Viewed {
    fn rules() -> Rules {
        Rules { parameters: projection_parameters(), ..Rules::default() }
    }

    async fn read(_: &Rules, _: &App, head: &Head, _: Body) -> Result<Viewed> {
        query(head, RequestPart::Query).map(|query| Viewed(query.projection))
    }
}

impl FromRequest<Scim> for Written {
    fn rules() -> Rules {
        Viewed::rules()
    }

    async fn read(_: &Rules, _: &App, head: &Head, body: Body) -> Result<Written> {
        let Query { projection, .. } = query(head, RequestPart::Query)?;
        Ok(Written { body: object(body).await?, projection })
    }
}

impl FromRequest<Scim> for Operations {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, body: Body) -> Result<Operations> {
        object(body).await.map(Operations)
    }
}

impl FromRequest<Scim> for Listed {
    fn rules() -> Rules {
        let text = || json!({ "type": "string" });
        let number = || json!({ "type": "integer" });
        let own = [
            ("filter", "Only resources that pass this filter (RFC 7644, section 3.4.2.2)", text()),
            ("sortBy", "The attribute by which the list is sorted; by default in order of creation", text()),
            ("sortOrder", "The order", json!({ "type": "string", "enum": ["ascending", "descending"] })),
            ("startIndex", "The first resource of the page, from 1", number()),
            ("count", "The maximum number of resources", number()),
            ("cursor", "Pages by cursor (RFC 9865): empty for the first one, then `nextCursor`", text()),
        ];
        let own = own.map(|(name, description, schema)| optional_parameter(name, "query", description, schema));
        Rules { parameters: own.into_iter().chain(projection_parameters()).collect(), ..Rules::default() }
    }

    async fn read(_: &Rules, _: &App, head: &Head, _: Body) -> Result<Listed> {
        query(head, RequestPart::Query).map(Listed)
    }
}

impl FromRequest<Scim> for Searched {
    fn rules() -> Rules {
        Rules::default()
    }

    async fn read(_: &Rules, _: &App, _: &Head, body: Body) -> Result<Searched> {
        read_query(&object(body).await?, RequestPart::Body).map(Searched)
    }
}

fn projection_parameters() -> Vec<Value> {
    let text = || json!({ "type": "string" });
    vec![
        optional_parameter("attributes", "query", "Only these attributes, separated by commas", text()),
        optional_parameter("excludedAttributes", "query", "Not these attributes, separated by commas", text()),
    ]
}

/// Reads a body, a JSON object.
async fn object(body: Body) -> Result<Map<String, Value>> {
    let unreadable = |reason: String| Error::Unreadable(BodyFault::Syntax(reason));
    match serde_json::from_slice(&body::read(body).await?) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(unreadable("it must be a JSON object".to_owned())),
        Err(fault) => Err(unreadable(fault.to_string())),
    }
}

/// The query of a request. Of several parameters of a name the last one counts.
fn query(head: &Head, place: RequestPart) -> Result<Query> {
    let text = head.parts.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
    read_query(&pairs.map(|(name, value)| (name, value.into())).collect(), place)
}

fn read_query(given: &Map<String, Value>, place: RequestPart) -> Result<Query> {
    let reader = QueryReader { given, place };
    Ok(Query {
        projection: Projection {
            attributes: reader.names("attributes")?,
            excluded_attributes: reader.names("excludedAttributes")?,
        },
        filter: reader.text("filter")?.filter(|text| !text.is_empty()),
        sort_by: reader.text("sortBy")?.filter(|text| !text.is_empty()),
        is_descending: reader.is_descending()?,
        start_index: reader.number("startIndex")?,
        count: reader.number("count")?,
        cursor: reader.text("cursor")?,
    })
}

struct QueryReader<'q> {
    given: &'q Map<String, Value>,
    place: RequestPart,
}

impl QueryReader<'_> {
    fn fault<T>(&self, name: &str, problem: Problem) -> Result<T> {
        Err(Error::Invalid(vec![Issue { place: self.place, ..Issue::field(name, problem) }]))
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        match member(self.given, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => self.fault(name, Problem::NullCharacter),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => self.fault(name, Problem::Rule("a text is expected".into())),
        }
    }

    /// A number, saturated at the limits of its type.
    fn number(&self, name: &str) -> Result<Option<i64>> {
        let no_number = || self.fault(name, Problem::Rule("a whole number is expected".into()));
        match member(self.given, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(number) => Ok(Some(number)),
                None if number.is_u64() => Ok(Some(i64::MAX)),
                None => no_number(),
            },
            Some(Value::String(text)) => {
                let digits = text.trim().trim_start_matches(['-', '+']);
                let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
                let saturated = if text.trim().starts_with('-') { i64::MIN } else { i64::MAX };
                if is_number { Ok(Some(text.trim().parse().unwrap_or(saturated))) } else { no_number() }
            }
            Some(_) => no_number(),
        }
    }

    fn is_descending(&self) -> Result<bool> {
        let order = self.text("sortOrder")?.unwrap_or_default().to_ascii_lowercase();
        match order.as_str() {
            "" | "ascending" => Ok(false),
            "descending" => Ok(true),
            _ => {
                let problem = Problem::Choice { expected: vec!["ascending", "descending"], received: order };
                self.fault("sortOrder", problem)
            }
        }
    }

    /// Names, as a list or separated by commas.
    fn names(&self, name: &str) -> Result<Vec<String>> {
        let names: Vec<String> = match member(self.given, name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
            Some(Value::Array(names)) => {
                let texts = names.iter().map(|name| name.as_str().map(|name| name.trim().to_owned()));
                match texts.collect() {
                    Some(names) => names,
                    None => return self.fault(name, Problem::Rule("a list of texts is expected".into())),
                }
            }
            Some(_) => return self.fault(name, Problem::Rule("a list of texts is expected".into())),
        };
        if names.len() > MAX_ITEMS {
            return self.fault(name, Problem::Length { limit: Limit::AtMost(MAX_ITEMS), unit: Unit::Items });
        }
        Ok(names.into_iter().filter(|name| !name.is_empty()).collect())
    }
}
