//! Paths to attributes (RFC 7644, sections 3.4.2.2 and 3.10): a name, perhaps below the URN of a schema, perhaps with a
//! sub-attribute.

use super::schema::{Attribute, ResourceType};
use serde_json::{Map, Value};

/// A path to an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    /// The URN of an extension; None for the core schema and what all resources have.
    pub extension: Option<String>,
    /// The attribute; empty for the extension as a whole.
    pub name: String,
    pub sub: Option<String>,
}

impl AttributePath {
    /// Parses a path; None if it is none.
    pub fn parse(text: &str, of: &ResourceType) -> Option<AttributePath> {
        let (extension, rest) = split_urn(text, of);
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let is_whole = extension.is_some() && rest.is_empty();
        let is_valid = (is_whole || is_name(name)) && sub.is_none_or(is_name);
        is_valid.then(|| AttributePath { extension, name: name.to_owned(), sub: sub.map(str::to_owned) })
    }

    /// As [`AttributePath::parse`], in a resource: the text may be the URN of an unknown extension that the resource has, which
    /// need not end with the name of a resource type.
    pub fn parse_in(text: &str, of: &ResourceType, resource: &Map<String, Value>) -> Option<AttributePath> {
        let is_own = is_urn(text) && of.extension(text).is_none() && member(resource, text).is_some();
        match is_own {
            true => Some(AttributePath { extension: Some(text.to_owned()), name: String::new(), sub: None }),
            false => AttributePath::parse(text, of),
        }
    }

    /// What the schemas say of the attribute.
    pub fn attribute(&self, of: &ResourceType) -> Option<&'static Attribute> {
        of.attribute(self.extension.as_deref(), &self.name)
    }

    /// The value in a resource, without regard to the sub-attribute.
    pub fn value<'r>(&self, resource: &'r Map<String, Value>) -> Option<&'r Value> {
        let own = match &self.extension {
            None => resource,
            Some(urn) if self.name.is_empty() => return member(resource, urn),
            Some(urn) => member(resource, urn)?.as_object()?,
        };
        member(own, &self.name)
    }
}

/// The member of this name, in any case.
pub fn member<'r>(object: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    object.get(name).or_else(|| object.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The name of a member as it is written in an object, or else as given.
pub fn own_name(object: &Map<String, Value>, name: &str) -> String {
    let own = object.keys().find(|own| own.eq_ignore_ascii_case(name));
    own.cloned().unwrap_or_else(|| name.to_owned())
}

/// Splits the URN of a schema from the path below it. That of the core schema is none.
fn split_urn<'t>(text: &'t str, of: &ResourceType) -> (Option<String>, &'t str) {
    let below = |urn: &str| {
        let (start, rest) = text.split_at_checked(urn.len())?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(':')? };
        start.eq_ignore_ascii_case(urn).then_some(rest)
    };
    if let Some(rest) = below(of.schema.id) {
        return (None, rest);
    }
    if let Some((schema, rest)) = of.extensions.iter().find_map(|schema| Some((schema, below(schema.id)?))) {
        return (Some(schema.id.to_owned()), rest);
    }
    match is_urn(text).then(|| text.rsplit_once(':')).flatten() {
        // The URN of an extension ends with the name of a resource type, as those of the RFC do.
        Some((_, last)) if last.eq_ignore_ascii_case(of.name) => (Some(text.to_owned()), ""),
        Some((urn, name)) => (Some(urn.to_owned()), name),
        None => (None, text),
    }
}

/// Whether a name is the URN of a schema.
pub fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// ATTRNAME of the grammar, and `$ref`.
fn is_name(name: &str) -> bool {
    let mut letters = name.strip_prefix('$').unwrap_or(name).chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::super::schema::{ENTERPRISE, USERS};
    use super::*;

    fn parts(text: &str) -> Option<(Option<String>, String, Option<String>)> {
        AttributePath::parse(text, &USERS).map(|path| (path.extension, path.name, path.sub))
    }

    #[test]
    fn paths_name_attributes_below_schemas() {
        let plain = |name: &str, sub: Option<&str>| Some((None, name.to_owned(), sub.map(str::to_owned)));
        assert_eq!(parts("name.givenName"), plain("name", Some("givenName")));
        assert_eq!(parts("urn:ietf:params:scim:schemas:core:2.0:User:userName"), plain("userName", None));
        let enterprise = |name: &str, sub: Option<&str>| {
            Some((Some(ENTERPRISE.id.to_owned()), name.to_owned(), sub.map(str::to_owned)))
        };
        assert_eq!(parts(&format!("{}:manager.value", ENTERPRISE.id)), enterprise("manager", Some("value")));
        assert_eq!(parts(&ENTERPRISE.id.to_uppercase()), enterprise("", None));
        let of_acme = |name: &str| Some((Some("urn:acme:2.0:User".to_owned()), name.to_owned(), None));
        assert_eq!(parts("urn:acme:2.0:User:tag"), of_acme("tag"));
        assert_eq!(parts("urn:acme:2.0:User"), of_acme(""));
        assert_eq!(parts("manager.$ref"), plain("manager", Some("$ref")));
    }

    #[test]
    fn extensions_of_a_resource_have_any_urn() {
        let resource = Map::from_iter([("urn:okta:APP:1.0:user:custom".to_owned(), Value::Null)]);
        let parsed =
            |text: &str| AttributePath::parse_in(text, &USERS, &resource).map(|path| (path.extension, path.name));
        let below = |urn: &str, name: &str| Some((Some(urn.to_owned()), name.to_owned()));
        assert_eq!(parsed("urn:okta:app:1.0:user:custom"), below("urn:okta:app:1.0:user:custom", ""));
        assert_eq!(parsed("urn:okta:APP:1.0:user:custom:tag"), below("urn:okta:APP:1.0:user:custom", "tag"));
        assert_eq!(parsed("urn:okta:APP:1.0:user:other"), below("urn:okta:APP:1.0:user", "other"));
        assert_eq!(parsed(ENTERPRISE.id), below(ENTERPRISE.id, ""));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".", "a.b.c", "1a", "a b", "name.", "emails[type eq \"work\"]", "urn:ietf", "a:b"] {
            let is_refused = parts(text).is_none();
            assert!(is_refused || text == "urn:ietf", "{text}");
        }
    }
}
