//! The attributes of users and groups as values. These tables are the only list of attributes: `/Schemas`, what requests may
//! have, what responses return, how filters compare, and the OpenAPI document are derived from them.

mod tables;

pub use tables::{ENTERPRISE, GROUP, GROUPS, USER, USERS};

use serde_json::{Value, json};
use strum::IntoStaticStr;

/// A schema: attributes under one URN.
#[derive(Debug)]
pub struct Schema {
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub attributes: &'static [Attribute],
}

/// A type of resource: its endpoint, its schema and the extensions that are known.
#[derive(Debug)]
pub struct ResourceType {
    pub name: &'static str,
    pub description: &'static str,
    /// Path of its resources below the base path.
    pub endpoint: &'static str,
    pub schema: &'static Schema,
    pub extensions: &'static [&'static Schema],
}

/// An attribute, with the characteristics of RFC 7643, section 7.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: Kind,
    pub description: &'static str,
    pub is_multi_valued: bool,
    pub is_required: bool,
    /// Whether its text is compared with case.
    pub is_case_exact: bool,
    pub mutability: Mutability,
    pub returned: Returned,
    pub uniqueness: Uniqueness,
    /// Values that are suggested.
    pub canonical_values: &'static [&'static str],
    pub reference_types: &'static [&'static str],
    /// Of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum Kind {
    String,
    Boolean,
    DateTime,
    Reference,
    Binary,
    Complex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum Returned {
    Always,
    Default,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum Uniqueness {
    None,
    Server,
}

impl Attribute {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Attribute {
        Attribute {
            name,
            kind,
            description,
            is_multi_valued: false,
            is_required: false,
            is_case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(name, Kind::String, description)
    }

    const fn complex(name: &'static str, description: &'static str, sub_attributes: &'static [Attribute]) -> Attribute {
        Attribute { sub_attributes, ..Attribute::new(name, Kind::Complex, description) }
    }

    /// A complex attribute with several values.
    const fn list(name: &'static str, description: &'static str, sub_attributes: &'static [Attribute]) -> Attribute {
        Attribute { is_multi_valued: true, ..Attribute::complex(name, description, sub_attributes) }
    }

    const fn reference(
        name: &'static str,
        description: &'static str,
        reference_types: &'static [&'static str],
    ) -> Attribute {
        Attribute { reference_types, is_case_exact: true, ..Attribute::new(name, Kind::Reference, description) }
    }

    const fn exact(self) -> Attribute {
        Attribute { is_case_exact: true, ..self }
    }

    const fn required(self) -> Attribute {
        Attribute { is_required: true, ..self }
    }

    const fn read_only(self) -> Attribute {
        Attribute { mutability: Mutability::ReadOnly, ..self }
    }

    const fn immutable(self) -> Attribute {
        Attribute { mutability: Mutability::Immutable, ..self }
    }

    const fn always_returned(self) -> Attribute {
        Attribute { returned: Returned::Always, ..self }
    }

    const fn unique(self) -> Attribute {
        Attribute { uniqueness: Uniqueness::Server, ..self }
    }

    const fn one_of(self, canonical_values: &'static [&'static str]) -> Attribute {
        Attribute { canonical_values, ..self }
    }

    /// Whether requests may set it.
    pub fn is_writable(&self) -> bool {
        self.mutability != Mutability::ReadOnly
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }

    /// As `/Schemas` describes it.
    fn json(&self) -> Value {
        let mut json = json!({
            "name": self.name,
            "type": self.kind.into_str(),
            "multiValued": self.is_multi_valued,
            "description": self.description,
            "required": self.is_required,
            "mutability": self.mutability.into_str(),
            "returned": self.returned.into_str(),
        });
        if self.kind != Kind::Complex {
            json["uniqueness"] = self.uniqueness.into_str().into();
            json["caseExact"] = self.is_case_exact.into();
        }
        if !self.canonical_values.is_empty() {
            json["canonicalValues"] = json!(self.canonical_values);
        }
        if !self.reference_types.is_empty() {
            json["referenceTypes"] = json!(self.reference_types);
        }
        if !self.sub_attributes.is_empty() {
            json["subAttributes"] = self.sub_attributes.iter().map(Attribute::json).collect();
        }
        json
    }
}

impl Schema {
    /// As `/Schemas` describes it, without its metadata.
    pub fn json(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(Attribute::json).collect::<Value>(),
        })
    }
}

impl ResourceType {
    /// The extension of this URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions.iter().copied().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The attribute of this name, in any case: of an extension, or else of the schema or common to all resources.
    pub fn attribute(&self, extension: Option<&str>, name: &str) -> Option<&'static Attribute> {
        match extension {
            Some(urn) => self.extension(urn).and_then(|schema| find(schema.attributes, name)),
            None => find(self.schema.attributes, name).or_else(|| find(tables::COMMON, name)),
        }
    }
}

/// The attribute of this name, in any case.
fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_in_any_case() {
        assert_eq!(USERS.attribute(None, "USERNAME").map(|attribute| attribute.name), Some("userName"));
        assert_eq!(USERS.attribute(None, "externalid").map(|attribute| attribute.name), Some("externalId"));
        assert_eq!(USERS.attribute(Some(ENTERPRISE.id), "Department").map(|found| found.name), Some("department"));
        assert!(USERS.attribute(None, "department").is_none() && GROUPS.attribute(None, "userName").is_none());
    }

    #[test]
    fn names_are_unique_within_each_schema() {
        for schema in [&USER, &GROUP, &ENTERPRISE] {
            for attribute in schema.attributes {
                let same = schema.attributes.iter().filter(|other| other.name.eq_ignore_ascii_case(attribute.name));
                assert_eq!(same.count(), 1, "{}: {}", schema.id, attribute.name);
                assert_eq!(attribute.kind == Kind::Complex, !attribute.sub_attributes.is_empty(), "{}", attribute.name);
            }
        }
    }
}
