//! Input: the query of a list, and JSON bodies whatever their content type is.

pub mod contact;
pub mod filter;
pub mod query;

use super::openapi::RESPONSES;
use super::route::PhoneCom;
use crate::api::input::{Input, Reader, Rule, Shape, text};
use crate::api::route::{BodyRules, FromRequest, Head, Rules};
use crate::error::{BodyFault, Error, Problem, Result};
use crate::http::{App, body};
use axum::body::Body;
use serde_json::{Map, Value};
use std::marker::PhantomData;

/// A body that the handler reads once it knows that the resource in the path exists: 404 comes before 422.
pub struct Unread<T>(Body, PhantomData<fn() -> T>);

impl<T: Input> Unread<T> {
    /// Reads the body, an object; an absent body is an empty one.
    pub async fn read(self) -> Result<T> {
        let (read, at) = self.read_with_issues().await?;
        at.finish(read)
    }

    /// Reads the body, and returns its issues beside what was read.
    pub async fn read_with_issues(self) -> Result<(Option<T>, Reader)> {
        let bytes = body::read(self.0).await?;
        let unreadable = |reason: String| Error::Unreadable(BodyFault::Syntax(reason));
        let mut members = match serde_json::from_slice(&bytes) {
            _ if bytes.is_empty() => Map::new(),
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(unreadable("it must be a JSON object".to_owned())),
            Err(fault) => return Err(unreadable(fault.to_string())),
        };
        let mut at = Reader::default();
        Ok((T::read(&mut members, &mut at), at))
    }
}

impl<T: Input> FromRequest<PhoneCom> for Unread<T> {
    fn rules() -> Rules {
        let fields = T::fields();
        let is_required = fields.iter().any(|field| field.required);
        let schema = format!("{}{}", RESPONSES.prefix, T::NAME);
        let body = Some(BodyRules { schema, description: T::DESCRIPTION, fields, is_required });
        Rules { body, ..Rules::default() }
    }

    async fn read(_: &Rules, _: &App, _: &Head, body: Body) -> Result<Unread<T>> {
        Ok(Unread(body, PhantomData))
    }
}

/// Text that is not empty. Null and the empty text count as absent.
pub struct Filled;

impl Rule for Filled {
    type Output = String;

    fn shape(&self) -> Shape {
        text().min(1).shape()
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<String> {
        let value = value.filter(|value| !value.is_null() && *value != "");
        if value.is_none() {
            at.fault(Problem::Missing);
            return None;
        }
        text().read(value, at)
    }
}
