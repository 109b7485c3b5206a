//! The committed OpenAPI document as tests use it: its operations, their security schemes, their fields, and requests made
//! from these. The document itself is tested elsewhere.

mod composed;
mod resolved;
pub mod schema;

use super::client::{Client, Response};
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use url::form_urlencoded::Serializer;

/// The methods that an operation may have.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The committed document.
pub fn committed() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let text = std::fs::read_to_string(path).expect("openapi.json is committed");
        serde_json::from_str(&text).expect("openapi.json is JSON")
    })
}

/// The same without references between its parts.
fn resolved() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| resolved::resolved(committed()))
}

/// Whose words an operation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Seam,
    Diga,
    PhoneCom,
    Scim,
    Ucwa,
}

impl Dialect {
    pub const ALL: [Dialect; 5] = [Dialect::Ucwa, Dialect::Diga, Dialect::PhoneCom, Dialect::Scim, Dialect::Seam];

    /// The server's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Seam => "seam",
            Dialect::Diga => "diga",
            Dialect::PhoneCom => "phone_com",
            Dialect::Scim => "scim",
            Dialect::Ucwa => "ucwa",
        }
    }

    /// The header with the request id, which each response has.
    pub fn request_id_header(self) -> &'static str {
        let named = handset::dialect::ALL.into_iter().find(|dialect| dialect.name == self.name());
        named.expect("there is a dialect called so").request_id_header
    }

    /// The dialect of a path.
    pub fn of(path: &str) -> Dialect {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            ["me" | "ucwa", ..] | ["v1", "applications", ..] => Dialect::Ucwa,
            [first, ..] if ["autodiscover", "webticket"].iter().any(|it| it.eq_ignore_ascii_case(first)) => {
                Dialect::Ucwa
            }
            ["v1", ..] if path.starts_with("/v1") => Dialect::Diga,
            ["v4", ..] if path.starts_with("/v4") => Dialect::PhoneCom,
            ["scim", "v2", ..] if path.starts_with("/scim/v2") => Dialect::Scim,
            _ => Dialect::Seam,
        }
    }
}

/// One path with one method.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub path: &'static str,
    /// In upper case.
    pub method: &'static str,
    pub value: &'static Value,
}

/// A parameter, or a property of the body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub location: Location,
    pub is_required: bool,
    pub schema: &'static Value,
}

/// Location of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    Path,
    Query,
    Header,
    Body,
}

/// Every operation of the committed document, once for each base path of its tag.
pub fn operations() -> Vec<Operation> {
    let operations = operations_in(resolved());
    assert!(operations.len() > 50, "the document has lost its operations: {}", operations.len());
    operations
}

/// The operations of one dialect.
pub fn operations_of(dialect: Dialect) -> Vec<Operation> {
    let its_own: Vec<_> = operations().into_iter().filter(|operation| operation.dialect() == dialect).collect();
    assert!(its_own.len() >= 8, "too few operations of {dialect:?}: {}", its_own.len());
    its_own
}

/// Every operation of a document.
pub fn operations_in(document: &'static Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("the document has paths");
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("a path has methods");
        methods.iter().map(move |(name, value)| {
            let method = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(name));
            Operation { path, method: method.unwrap_or_else(|| panic!("{path}: unknown method {name}")), value }
        })
    });
    operations.collect()
}

impl Operation {
    /// The dialect of its path.
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.path)
    }

    /// Its path with an example of each parameter.
    pub fn example_path(&self) -> String {
        let parameters = self.fields().into_iter().filter(|field| field.location == Location::Path);
        let arguments = parameters.map(|field| (field.name.to_owned(), example(field.schema))).collect();
        self.path_with(&arguments)
    }

    /// Its path with these arguments.
    pub fn path_with(&self, arguments: &Map<String, Value>) -> String {
        let parameters = self.fields().into_iter().filter(|field| field.location == Location::Path);
        let path = parameters.fold(self.path.to_owned(), |path, field| {
            let value = arguments.get(field.name).unwrap_or_else(|| panic!("{self}: no {}", field.name));
            path.replace(&format!("{{{}}}", field.name), &plain(value))
        });
        assert!(!path.contains('{'), "{self}: the path has an undescribed parameter");
        path
    }

    /// Its alternative security requirements: its own, or those of the document.
    pub fn security(&self) -> &'static [Value] {
        let own = self.value.get("security").unwrap_or(&committed()["security"]);
        own.as_array().unwrap_or_else(|| panic!("{self}: no security"))
    }

    /// Names of the security schemes that it accepts.
    pub fn schemes(&self) -> Vec<&'static str> {
        let ways = self.security();
        let names = ways.iter().flat_map(|way| way.as_object().expect("a security requirement").keys());
        names.map(String::as_str).filter(|name| *name != "workspace").collect()
    }

    /// Whether it accepts any of these schemes.
    pub fn takes_any(&self, schemes: &[&str]) -> bool {
        self.schemes().iter().any(|scheme| schemes.contains(scheme))
    }

    /// Whether it needs no credential.
    pub fn is_open(&self) -> bool {
        self.schemes().is_empty()
    }

    /// Whether it only reads.
    pub fn only_reads(&self) -> bool {
        let verb = self.path.rsplit('/').next().unwrap_or_default();
        verb == "get" || verb == "list" || verb.starts_with("list_")
    }

    /// Its parameters and the properties of its body.
    pub fn fields(&self) -> Vec<Field> {
        let parameters = self.value["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
            name: parameter["name"].as_str().expect("a parameter has a name"),
            location: match parameter["in"].as_str() {
                Some("path") => Location::Path,
                Some("query") => Location::Query,
                Some("header") => Location::Header,
                other => panic!("{self}: a parameter in {other:?}"),
            },
            is_required: parameter["required"] == true,
            schema: &parameter["schema"],
        });
        let body = &self.value["requestBody"]["content"]["application/json"]["schema"];
        let properties = body["properties"].as_object().into_iter().flatten().map(|(name, schema)| Field {
            name,
            location: Location::Body,
            is_required: body["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name)),
            schema,
        });
        parameters.chain(properties).collect()
    }

    /// The schema of its 200 response.
    pub fn answer_schema(&self) -> &'static Value {
        &self.value["responses"]["200"]["content"]["application/json"]["schema"]
    }

    /// The statuses that the document describes as `default`: those of any operation of the dialect, some of them only of
    /// operations that need a credential.
    pub fn statuses_of_default(&self) -> BTreeSet<u16> {
        let of_all: &[u16] = match self.dialect() {
            Dialect::Ucwa => &[405, 413, 429, 500, 503],
            _ => &[405, 413, 414, 429, 500, 503],
        };
        let own: &[u16] = match self.dialect() {
            Dialect::Seam if self.is_open() => &[400],
            Dialect::Seam => &[400, 401],
            Dialect::Diga => &[401, 403],
            Dialect::PhoneCom if self.takes_any(&["PhoneComOAuth"]) => &[401, 403],
            Dialect::Scim => &[401],
            Dialect::Ucwa if !self.is_open() => &[401, 403, 404],
            Dialect::Ucwa | Dialect::PhoneCom => &[],
        };
        own.iter().chain(of_all).copied().collect()
    }

    /// The documented response of a status: its own, or `default` if it is one of its statuses.
    pub fn response(&self, status: u16) -> Option<&'static Value> {
        let responses = &self.value["responses"];
        let default = || Some(&responses["default"]).filter(|_| self.statuses_of_default().contains(&status));
        responses.get(status.to_string()).or_else(default)
    }

    /// Whether this path matches its path, with any values of the parameters.
    pub fn is_at(&self, path: &str) -> bool {
        let [own, other] = [self.path, path.strip_suffix('/').unwrap_or(path)].map(|path| path.split('/'));
        own.clone().count() == other.clone().count()
            && own.zip(other).all(|(own, other)| own == other || own.starts_with('{'))
    }

    /// Whether its response is an event stream.
    pub fn is_stream(&self) -> bool {
        self.value["responses"]["200"]["content"]["text/event-stream"].is_object()
    }

    /// Sends its request with these arguments.
    pub async fn call(&self, client: &Client, arguments: &Map<String, Value>) -> Response {
        client.send(self.request(client, arguments)).await
    }

    /// Its request with these arguments: in the path, the headers and the query where the document says so, otherwise in a
    /// JSON body.
    pub fn request(&self, client: &Client, arguments: &Map<String, Value>) -> RequestBuilder {
        let mut rest = arguments.clone();
        let path = self.path_with(arguments);
        let headers = self.fields().into_iter().filter(|field| field.location == Location::Header);
        let client = &headers.fold(client.clone(), |client, field| match rest.remove(field.name) {
            Some(value) => client.with(field.name, &plain(&value)),
            None => client,
        });
        rest.retain(|name, _| !self.path.contains(&format!("{{{name}}}")));
        match (self.method, self.dialect()) {
            ("GET" | "DELETE", Dialect::Seam) => {
                rest.insert("_strict".to_owned(), json!(true));
                client.request(self.method, &format!("{path}?{}", query(&rest)))
            }
            ("GET" | "DELETE", Dialect::Diga | Dialect::Ucwa | Dialect::PhoneCom | Dialect::Scim) => {
                client.request(self.method, &format!("{path}?{}", query(&rest)))
            }
            (method, _) => client.request(method, &path).json(&Value::from(rest)),
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Arguments as a query string, as the official clients encode it.
fn query(arguments: &Map<String, Value>) -> String {
    let mut pairs = Serializer::new(String::new());
    for (name, value) in arguments {
        match value {
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
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A valid value of a field.
pub fn example(schema: &Value) -> Value {
    if let Some(given) = schema.get("example").or(schema.get("default")).or(schema["enum"].get(0)) {
        return given.clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => json!("0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f"),
        (Some("string"), Some("date-time")) => json!("2026-01-01T00:00:00Z"),
        (Some("string"), Some("uri")) => json!("https://example.com/hook"),
        (Some("string"), Some("email")) => json!("someone@example.com"),
        (Some("string"), Some("phone")) => json!("+34600000000"),
        (Some("string"), None) => {
            let least = schema["minLength"].as_u64().unwrap_or(0).div_ceil(4).max(1);
            json!("text".repeat(usize::try_from(least).expect("a length fits")))
        }
        (Some("boolean"), None) => json!(true),
        (Some("integer" | "number"), None | Some("int64")) => json!(1),
        (Some("array"), None) => json!([]),
        (Some("object"), None) => json!({}),
        other => panic!("no example of {other:?}: {schema}"),
    }
}

/// The examples of a content: its own, or the one that readers compose from its schema.
pub fn examples_of(content: &Value) -> Vec<Value> {
    let named = content["examples"].as_object().map(|named| named.values().map(|it| it["value"].clone()).collect());
    let own = content.get("example").map(|example| vec![example.clone()]);
    own.or(named).unwrap_or_else(|| vec![composed::composed(committed(), &content["schema"])])
}

/// Whether a content has an example, or its schema, or a part of that.
pub fn has_example(content: &Value) -> bool {
    content.get("example").or(content.get("examples")).is_some() || is_exemplified(&content["schema"])
}

fn is_exemplified(schema: &Value) -> bool {
    let schema = schema["$ref"].as_str().and_then(|name| schema::resolve(committed(), name)).unwrap_or(schema);
    let properties = schema["properties"].as_object().into_iter().flat_map(|properties| properties.values());
    let parts = schema["allOf"].as_array().into_iter().flatten();
    schema.get("example").is_some() || properties.chain(parts).chain(schema.get("items")).any(is_exemplified)
}

/// The content of a response in each of its types; 204 and 304 have none.
pub fn contents(status: &str, response: &'static Value) -> Vec<&'static Value> {
    let contents: Vec<&Value> = response["content"].as_object().into_iter().flat_map(|types| types.values()).collect();
    assert_eq!(contents.is_empty(), ["204", "304"].contains(&status), "{status} has content: {response}");
    contents
}
