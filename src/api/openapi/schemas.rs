//! Schemas derived from types.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Schemas by name, each with those that it refers to.
#[derive(Debug, Default)]
pub struct Schemas(pub Map<String, Value>);

impl Schemas {
    /// Adds the schema of a type and those that it refers to.
    #[must_use]
    pub fn with<T: ToSchema>(mut self) -> Schemas {
        self.add::<T>();
        self
    }

    /// Adds the schema of a type and those that it refers to.
    pub fn add<T: ToSchema>(&mut self) {
        self.0.insert(T::name().into_owned(), own_schema::<T>());
        self.add_referenced::<T>();
    }

    /// Adds the schemas that the schema of a type refers to.
    pub fn add_referenced<T: ToSchema>(&mut self) {
        let mut referenced = Vec::new();
        T::schemas(&mut referenced);
        self.0.extend(referenced.into_iter().map(|(name, schema)| (name, json(&schema))));
    }

    /// The schema that a value is or refers to.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        name.and_then(|name| self.0.get(name)).unwrap_or(schema)
    }
}

/// The schema of a type, with references to the named types in it.
pub fn own_schema<T: PartialSchema>() -> Value {
    json(&T::schema())
}

fn json(schema: &RefOr<Schema>) -> Value {
    let mut schema = serde_json::to_value(schema).expect("a schema has text keys");
    drop_idle_property_names(&mut schema);
    schema
}

/// Of every map it is said that its keys are text, which they are anyway.
fn drop_idle_property_names(schema: &mut Value) {
    if schema["propertyNames"] == json!({ "type": "string" }) {
        schema.as_object_mut().map(|keywords| keywords.remove("propertyNames"));
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(drop_idle_property_names),
        Value::Array(items) => items.iter_mut().for_each(drop_idle_property_names),
        _ => {}
    }
}

/// Describes an enum in the document: the type, and the name and the description of its schema.
macro_rules! enum_schema {
    ($type:ty, $name:literal, $description:literal $(,)?) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::api::openapi::schema_of_names($description, $crate::api::input::names::<$type>())
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}
pub(crate) use enum_schema;

/// The schema of a text that is one of these names.
pub fn schema_of_names(description: &str, names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    let mut schema = Object::with_type(Type::String);
    schema.description = Some(description.to_owned());
    schema.enum_values = Some(names.into_iter().map(Value::from).collect());
    schema.into()
}

/// A reference to the schema of this name.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
