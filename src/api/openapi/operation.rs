//! The frame of an operation in the document: what is the same in every dialect.

use super::{Kind, Schemas, component, example, extract_components, pascal_case, reference};
use crate::api::input::Field;
use crate::api::route::{Operation, Protocol, Rules};
use crate::error::{Error, Throttle};
use crate::http::{body, dialect};
use axum::http::StatusCode;
use chrono::DateTime;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One operation of the document.
#[derive(Serialize)]
pub struct Description<'a> {
    #[serde(rename = "operationId")]
    pub id: String,
    pub summary: &'a str,
    /// Empty if the summary says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub tags: [&'a str; 1],
    /// Alternative security requirements; none if there is no authentication, null for those of the document.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub security: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Value>,
    #[serde(rename = "requestBody", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    pub responses: Map<String, Value>,
}

/// A dialect's part of the document.
pub trait Described: Protocol + Sized {
    const TAG: &'static str;
    const RESPONSES: Responses;

    /// The id of an operation.
    fn id(operation: &Operation<Self>) -> String {
        operation.id.to_owned()
    }

    /// Alternative security requirements.
    fn security(operation: &Operation<Self>) -> Value;

    /// A parameter of the path, by its name and its rule.
    fn path_parameter(name: &str, field: Option<&Field>) -> Value;

    /// Parameters beyond those of the rules.
    fn parameters(_operation: &Operation<Self>) -> Vec<Value> {
        Vec::new()
    }

    /// The responses of errors by status.
    fn errors(operation: &Operation<Self>) -> Map<String, Value>;

    /// The dialect's tag with its description, paths and components.
    fn document(
        description: &str,
        operations: Vec<Operation<Self>>,
        mut schemas: Schemas,
        security_schemes: Value,
    ) -> Value {
        let paths = Self::paths(operations, &mut schemas);
        extract_components(json!({
            "tags": [{ "name": Self::TAG, "description": description }],
            "paths": paths,
            "components": { "schemas": schemas.0, "securitySchemes": security_schemes },
        }))
    }

    /// The paths of operations; the schemas of their bodies are added to the given ones.
    fn paths(operations: Vec<Operation<Self>>, schemas: &mut Schemas) -> Map<String, Value> {
        for body in operations.iter().filter_map(|operation| operation.rules.body.as_ref()) {
            schemas.0.insert(body.schema.clone(), Field::object(body.description, &body.fields));
            body.fields.iter().for_each(|field| field.shape.define(schemas));
        }
        let described =
            |operation: Operation<Self>| (operation.path.to_string(), operation.methods[0], describe(operation));
        paths(operations.into_iter().filter(|operation| !operation.methods.is_empty()).map(described))
    }
}

fn describe<P: Described>(operation: Operation<P>) -> Value {
    let Rules { is_public: _, path: of_path, query, parameters, body } = &*operation.rules;
    let of_path =
        path_names(&operation.path).enumerate().map(|(index, name)| P::path_parameter(name, of_path.get(index)));
    let query = query.iter().map(|field| parameter(field, "query"));
    let shared = |parameter: Value| {
        let prefix = P::RESPONSES.prefix;
        let name = pascal_case(parameter["name"].as_str().unwrap_or_default().trim_start_matches("X-"));
        component(Kind::Parameter, &format!("{prefix}{}", name.strip_prefix(prefix).unwrap_or(&name)), parameter)
    };
    let mut responses = P::errors(&operation);
    responses.extend(operation.success.iter().map(|(status, success)| ((*status).to_owned(), success.clone())));
    let body =
        body.as_ref().map(|body| json_body(reference(&body.schema), body.is_required, operation.example.clone()));
    json!(Description {
        id: P::id(&operation),
        summary: operation.summary,
        description: operation.description.to_owned(),
        tags: [P::TAG],
        security: P::security(&operation),
        parameters: of_path
            .chain(query)
            .chain(parameters.iter().cloned())
            .chain(P::parameters(&operation))
            .map(shared)
            .collect(),
        body: body.or(Some(operation.example).filter(|_| operation.rules.body.is_none()).filter(|it| !it.is_null())),
        responses,
    })
}

/// Paths with their operations, by path and method.
pub fn paths<P: Into<String>>(operations: impl IntoIterator<Item = (P, &'static str, Value)>) -> Map<String, Value> {
    let mut paths = Map::new();
    for (path, method, operation) in operations {
        paths.entry(path).or_insert_with(|| json!({}))[method.to_lowercase()] = operation;
    }
    paths
}

/// The names in braces of a path.
pub fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}']).skip(1).step_by(2)
}

/// A parameter of this field, in `path` or `query`.
pub fn parameter(field: &Field, place: &str) -> Value {
    let mut schema = field.schema();
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description")).unwrap_or_default();
    let mut parameter = json!({ "name": field.name, "in": place, "schema": schema });
    if !description.is_null() {
        parameter["description"] = description;
    }
    if field.required {
        parameter["required"] = true.into();
        parameter["example"] = example(&parameter["schema"], &Schemas::default());
    }
    parameter
}

/// A parameter of the path that no rule has.
pub fn path_parameter(name: &str, description: &str, schema: Value, example: impl Into<Value>) -> Value {
    let example = example.into();
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema,
        "example": example })
}

/// An optional parameter in `query` or `header` that no rule has.
pub fn optional_parameter(name: &str, place: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "description": description, "schema": schema })
}

/// A scheme of HTTP authentication.
pub fn security_scheme(scheme: &str, description: &str) -> Value {
    json!({ "type": "http", "scheme": scheme, "description": description })
}

/// The media type of JSON, unless a dialect has its own.
pub const JSON: &str = "application/json";

/// A JSON body.
pub fn json_body(schema: Value, is_required: bool, example: Value) -> Value {
    request_body(is_required, json!({ JSON: { "schema": schema, "example": example } }))
}

/// A body with content by media type. Without `required` it is optional.
pub fn request_body(is_required: bool, content: Value) -> Value {
    if is_required { json!({ "required": true, "content": content }) } else { json!({ "content": content }) }
}

/// How a dialect renders an error, as an example.
pub struct ErrorExample {
    pub status: StatusCode,
    /// The code of the error, if the document names it.
    pub code: Option<String>,
    /// The name of the response; that of the code or of the status if there is none.
    pub name: Option<&'static str>,
    /// The name of the schema.
    pub schema: &'static str,
    pub body: Value,
}

/// Makes the responses of a dialect: the prefix of their names, the header with the request id, and the media type of JSON.
#[derive(Clone, Copy)]
pub struct Responses {
    pub prefix: &'static str,
    pub request_id: &'static str,
    pub media_type: &'static str,
}

impl Responses {
    /// A response with content by media type; none if it has no body.
    pub fn response(self, name: &str, description: &str, content: Value) -> Value {
        let mut response = json!({ "description": description });
        if !content.is_null() {
            response["content"] = content;
        }
        component(Kind::Response, &format!("{}{name}", self.prefix), response)
    }

    /// A response with a JSON body. Without an example, readers compose one from the examples in the schema.
    pub fn json(self, name: &str, description: &str, schema: &str, example: Option<Value>) -> Value {
        let mut content = json!({ "schema": reference(schema) });
        if let Some(example) = example {
            content["example"] = example;
        }
        self.response(name, description, json!({ self.media_type: content }))
    }

    /// The responses of these errors by status. Of several with one status, the first is the example, and the
    /// description lists the code of each.
    pub fn errors(self, examples: impl IntoIterator<Item = ErrorExample>) -> Map<String, Value> {
        let mut by_status: BTreeMap<StatusCode, Vec<ErrorExample>> = BTreeMap::new();
        examples.into_iter().for_each(|example| by_status.entry(example.status).or_default().push(example));
        let response = |(status, examples): (StatusCode, Vec<ErrorExample>)| {
            (status.as_str().to_owned(), self.error(status, examples))
        };
        by_status.into_iter().map(response).collect()
    }

    /// The response of the errors that every operation may have, whatever their status: those of the dialect, with an
    /// example for each status, and those of all dialects, with one example.
    pub fn fallback(self, name: &str, own: &[Error], example_of: impl Fn(&Error) -> ErrorExample) -> Value {
        let of_all = errors_of_every_operation();
        let [own, of_all] = [own, &of_all].map(|errors| errors.iter().map(&example_of).collect::<Vec<_>>());
        let all = || own.iter().chain(&of_all);
        let schemas: BTreeSet<&str> = all().map(|example| example.schema).collect();
        let mut references: Vec<Value> = schemas.into_iter().map(reference).collect();
        let schema = if references.len() == 1 { references.remove(0) } else { json!({ "anyOf": references }) };
        let description = fallback_description(all().map(|example| (example.status, example.code.as_deref())));
        let unavailable = of_all.iter().filter(|example| example.status == StatusCode::SERVICE_UNAVAILABLE);
        let examples = fallback_examples(own.iter().chain(unavailable).map(|example| (example.status, &example.body)));
        let content = json!({ self.media_type: { "schema": schema, "examples": examples } });
        self.fallback_response(name, &description, content)
    }

    /// The same with content by media type. It describes the header that every response has.
    pub fn fallback_response(self, name: &str, description: &str, content: Value) -> Value {
        let header = json!({
            "description": "The id of the request, also in the log. Every response has it",
            "schema": { "type": "string", "format": "uuid" },
        });
        let mut response = self.response(name, description, content);
        response["headers"] = json!({ self.request_id: component(Kind::Header, self.request_id, header) });
        response
    }

    fn error(self, status: StatusCode, examples: Vec<ErrorExample>) -> Value {
        let reason = status.canonical_reason().unwrap_or_default();
        let codes: Vec<&str> = examples.iter().filter_map(|example| example.code.as_deref()).collect();
        let quoted: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        let names: Vec<String> = codes.iter().map(|code| pascal_case(&code.to_lowercase())).collect();
        let (description, name) = match codes.is_empty() {
            true => (reason.to_owned(), pascal_case(&reason.to_lowercase())),
            false => (format!("{reason}: {}", quoted.join(", ")), one_name(&names)),
        };
        let name = examples.iter().find_map(|example| example.name).unwrap_or(&name);
        let ErrorExample { schema, body, .. } = &examples[0];
        self.json(name, &description, schema, Some(body.clone()))
    }
}

/// A name for several names; of many, the first and the last are enough.
fn one_name(names: &[String]) -> String {
    match names {
        [first, _, _, .., last] => format!("{first}To{last}"),
        few => few.join("Or"),
    }
}

/// The key of the response to errors that every operation may have.
pub const FALLBACK: &str = "default";

/// Its name as a component, after the dialect's prefix.
pub const FALLBACK_NAME: &str = "Failure";

/// The same of operations that need no credential.
pub const PUBLIC_FALLBACK_NAME: &str = "PublicFailure";

/// Its description: the statuses of these errors, with their codes.
pub fn fallback_description<'a>(errors: impl IntoIterator<Item = (StatusCode, Option<&'a str>)>) -> String {
    let mut codes: BTreeMap<StatusCode, Vec<String>> = BTreeMap::new();
    for (status, code) in errors {
        codes.entry(status).or_default().extend(code.map(|code| format!("`{code}`")));
    }
    let named = codes.into_iter().map(|(status, codes)| match codes.is_empty() {
        true => status.to_string(),
        false => format!("{status} ({})", codes.join(", ")),
    });
    format!("An error of any operation: {}. 429 and 503 have `Retry-After`", named.collect::<Vec<_>>().join(", "))
}

/// Its examples: the first of each status, by the reason phrase.
pub fn fallback_examples<'a>(errors: impl IntoIterator<Item = (StatusCode, &'a Value)>) -> Map<String, Value> {
    let mut examples = Map::new();
    for (status, body) in errors {
        let reason = pascal_case(status.canonical_reason().unwrap_or_default());
        examples.entry(reason).or_insert_with(|| json!({ "value": body }));
    }
    examples
}

/// The errors that every operation may respond with, for examples.
pub fn errors_of_every_operation() -> [Error; 7] {
    let throttle = Throttle { limit: 120, remaining: 0, reset: DateTime::UNIX_EPOCH, retry_after: 1 };
    [
        Error::MethodNotAllowed(vec!["GET", "POST"]),
        Error::TooLarge(body::LIMIT),
        Error::AddressTooLong(dialect::LONGEST_ADDRESS),
        Error::Throttled(throttle),
        Error::Internal("an example".into()),
        Error::Unavailable("an example".to_owned()),
        Error::StatementTimeout,
    ]
}
