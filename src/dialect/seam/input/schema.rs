//! Shapes as OpenAPI 3.1 schemas.

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::schema::{AdditionalProperties, Array, Object, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use super::{Field, Shape};

impl Shape {
    /// The shape as a schema of OpenAPI 3.1.
    pub fn schema(&self) -> RefOr<Schema> {
        RefOr::T(self.plain_schema())
    }

    fn plain_schema(&self) -> Schema {
        match self {
            Shape::Text { min, max } => Schema::Object(text(*min, *max)),
            Shape::Format(name) => {
                let mut object = Object::with_type(Type::String);
                object.format = Some(SchemaFormat::Custom((*name).to_owned()));
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
            Shape::Object(fields) => Schema::Object(Field::object(fields)),
            Shape::Metadata { most_keys, key_max, text_max } => {
                Schema::Object(metadata(*most_keys, *key_max, *text_max))
            }
            Shape::Nullable(shape) => nullable(shape.plain_schema()),
        }
    }
}

impl Field {
    /// The field's schema, with its description and default.
    pub fn schema(&self) -> RefOr<Schema> {
        let description = Some(self.description.clone()).filter(|text| !text.is_empty());
        RefOr::T(match self.shape.plain_schema() {
            Schema::Object(mut object) => {
                object.description = description;
                object.default = self.default.clone();
                Schema::Object(object)
            }
            Schema::Array(mut array) => {
                array.description = description;
                array.default = self.default.clone();
                Schema::Array(array)
            }
            other => other,
        })
    }

    /// The schema of an object of these fields.
    pub fn object(fields: &[Field]) -> Object {
        let mut object = Object::with_type(Type::Object);
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

fn nullable(schema: Schema) -> Schema {
    match schema {
        Schema::Object(mut object) => {
            object.schema_type = or_null(object.schema_type);
            if let Some(values) = &mut object.enum_values {
                values.push(Value::Null);
            }
            Schema::Object(object)
        }
        Schema::Array(mut array) => {
            array.schema_type = or_null(array.schema_type);
            Schema::Array(array)
        }
        other => other,
    }
}

fn or_null(schema_type: SchemaType) -> SchemaType {
    match schema_type {
        SchemaType::Type(one) => SchemaType::Array(vec![one, Type::Null]),
        other => other,
    }
}
