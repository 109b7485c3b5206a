//! Shapes as OpenAPI 3.1 schemas.

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::schema::{AdditionalProperties, Array, Object, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::shape::one_line;
use super::{Field, Shape};

impl Shape {
    /// The shape as a schema of OpenAPI 3.1.
    pub fn schema(&self) -> RefOr<Schema> {
        match self {
            Shape::Named(name, _) | Shape::Reference(name) => Ref::from_schema_name(*name).into(),
            Shape::Nullable(shape) => nullable(shape.schema()),
            shape => shape.plain_schema().into(),
        }
    }

    /// The schema of a shape that is neither named nor nullable.
    fn plain_schema(&self) -> Schema {
        match self {
            Shape::Named(_, shape) | Shape::Nullable(shape) => shape.plain_schema(),
            Shape::Reference(_) => Schema::Object(Object::new()),
            Shape::Text { min, max, format } => {
                let mut object = text(*min, *max);
                object.format = format.map(|name| SchemaFormat::Custom(name.to_owned()));
                Schema::Object(object)
            }
            Shape::Number { whole, least, above, most } => {
                let mut object = Object::with_type(if *whole { Type::Integer } else { Type::Number });
                object.minimum = least.map(Number::Float);
                object.exclusive_minimum = above.map(Number::Float);
                object.maximum = most.map(Number::Float);
                Schema::Object(object)
            }
            Shape::Boolean => Schema::Object(Object::with_type(Type::Boolean)),
            Shape::Choice(names) => {
                let mut object = Object::with_type(Type::String);
                object.enum_values = Some(names.iter().map(|name| Value::from(*name)).collect());
                Schema::Object(object)
            }
            Shape::List { items, min, max } => {
                let mut array = Array::new(items.schema());
                array.min_items = *min;
                array.max_items = *max;
                Schema::Array(array)
            }
            Shape::Object(description, fields) => Schema::Object(Field::object(description, fields)),
            Shape::Metadata { most_keys, key_max, text_max } => {
                Schema::Object(metadata(*most_keys, *key_max, *text_max))
            }
        }
    }
}

impl Field {
    /// The field's schema, with its description and default.
    pub fn schema(&self) -> RefOr<Schema> {
        let description = Some(self.description.clone()).filter(|text| !text.is_empty());
        match self.shape.schema() {
            RefOr::Ref(mut reference) => {
                reference.description = description.unwrap_or_default();
                reference.into()
            }
            RefOr::T(Schema::Object(mut object)) => {
                object.description = description;
                object.default = self.default.clone();
                object.into()
            }
            RefOr::T(Schema::Array(mut array)) => {
                array.description = description;
                array.default = self.default.clone();
                array.into()
            }
            RefOr::T(Schema::OneOf(mut choice)) => {
                choice.description = description;
                Schema::OneOf(choice).into()
            }
            other => other,
        }
    }

    /// The schema of an object of these fields.
    pub fn object(description: &str, fields: &[Field]) -> Object {
        let mut object = Object::with_type(Type::Object);
        object.description = Some(one_line(description)).filter(|text| !text.is_empty());
        for field in fields {
            object.properties.insert(field.name.to_owned(), field.schema());
        }
        object.required = fields.iter().filter(|field| field.required).map(|field| field.name.to_owned()).collect();
        object
    }
}

fn text(min: Option<usize>, max: Option<usize>) -> Object {
    let mut object = Object::with_type(Type::String);
    object.min_length = min;
    object.max_length = max;
    object
}

fn metadata(most_keys: Option<usize>, key_max: Option<usize>, text_max: Option<usize>) -> Object {
    let mut key = text(None, key_max);
    key.pattern = Some("^[^.]*$".to_owned());
    let mut value = text(None, text_max);
    value.schema_type = SchemaType::Array(vec![Type::String, Type::Boolean, Type::Null]);

    let mut object = Object::with_type(Type::Object);
    object.max_properties = most_keys;
    object.property_names = Some(Box::new(Schema::Object(key)));
    object.additional_properties = Some(Box::new(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value)))));
    object
}

fn nullable(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.schema_type = or_null(object.schema_type);
            if let Some(values) = &mut object.enum_values {
                values.push(Value::Null);
            }
            object.into()
        }
        RefOr::T(Schema::Array(mut array)) => {
            array.schema_type = or_null(array.schema_type);
            array.into()
        }
        other => OneOfBuilder::new().item(other).item(Object::with_type(Type::Null)).into(),
    }
}

fn or_null(schema_type: SchemaType) -> SchemaType {
    match schema_type {
        SchemaType::Type(one) => SchemaType::Array(vec![one, Type::Null]),
        other => other,
    }
}
