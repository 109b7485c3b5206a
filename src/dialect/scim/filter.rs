//! Filters (RFC 7644, section 3.4.2.2): parsed here, evaluated over resources as they are shown, and searched for what an index
//! finds.

mod evaluate;
mod parse;

use super::path::AttributePath;
use super::schema::ResourceType;
use crate::error::{Error, Issue, Problem, RequestPart, Result};
use serde_json::Value;
use strum::EnumString;

/// Maximum length of a filter, in bytes.
pub const MAX_FILTER: usize = 8 * 1024;

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Compare(AttributePath, Comparison, Value),
    Present(AttributePath),
    /// A value of a complex attribute passes the filter.
    AnyValue(AttributePath, Box<Filter>),
}

/// A comparison operator, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(ascii_case_insensitive)]
pub enum Comparison {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Filter {
    /// Parses a filter of a list.
    pub fn parse(text: &str, of: &'static ResourceType) -> Result<Filter> {
        parse::whole(text, of).map_err(invalid)
    }

    /// Parses a filter as part of the path of a PATCH, up to its closing bracket; returns the rest behind it.
    pub fn parse_value_filter<'t>(text: &'t str, of: &'static ResourceType) -> Result<(Filter, &'t str), String> {
        parse::up_to_bracket(text, of)
    }

    /// The conditions that all must hold.
    pub fn conditions(&self) -> &[Filter] {
        match self {
            Filter::And(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// The text that an attribute must be equal to, if this is such a condition.
    pub fn equals(&self, name: &str) -> Option<&str> {
        match self {
            Filter::Compare(path, Comparison::Eq, Value::String(text)) if is_plain(path, name, None) => Some(text),
            _ => None,
        }
    }

    /// As [`Filter::equals`], for the `value` of a complex attribute in each of its spellings.
    pub fn equals_value(&self, name: &str) -> Option<&str> {
        let is_value = |path: &AttributePath| is_plain(path, name, None) || is_plain(path, name, Some("value"));
        match self {
            Filter::Compare(path, Comparison::Eq, Value::String(text)) if is_value(path) => Some(text),
            Filter::AnyValue(path, within) if is_plain(path, name, None) => {
                within.conditions().iter().find_map(|condition| condition.equals("value"))
            }
            _ => None,
        }
    }

    /// The text that `meta.lastModified` must be greater than, or equal to.
    pub fn modified_since(&self) -> Option<&str> {
        match self {
            Filter::Compare(path, Comparison::Gt | Comparison::Ge, Value::String(text))
                if is_plain(path, "meta", Some("lastModified")) =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    /// What an evaluation compares: conditions, and pieces of long texts.
    pub fn weight(&self) -> usize {
        match self {
            Filter::And(all) | Filter::Or(all) => all.iter().map(Filter::weight).sum(),
            Filter::Not(one) | Filter::AnyValue(_, one) => one.weight(),
            Filter::Compare(.., wanted) => 1 + wanted.as_str().map_or(0, |text| text.len() / 64),
            Filter::Present(_) => 1,
        }
    }

    /// Whether any part names this attribute.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Filter::And(all) | Filter::Or(all) => all.iter().any(|one| one.names(name)),
            Filter::Not(one) => one.names(name),
            Filter::Compare(path, ..) | Filter::Present(path) | Filter::AnyValue(path, _) => {
                path.name.eq_ignore_ascii_case(name)
            }
        }
    }
}

/// Whether a path is this attribute of the core schema, with this sub-attribute.
fn is_plain(path: &AttributePath, name: &str, sub: Option<&str>) -> bool {
    let same_sub = match (&path.sub, sub) {
        (None, None) => true,
        (Some(own), Some(sub)) => own.eq_ignore_ascii_case(sub),
        _ => false,
    };
    path.extension.is_none() && path.name.eq_ignore_ascii_case(name) && same_sub
}

/// The error of an invalid filter.
fn invalid(reason: String) -> Error {
    let issue = Issue::field("filter", Problem::Rule(reason.into()));
    Error::Invalid(vec![Issue { place: RequestPart::Query, ..issue }])
}
