//! The dialect's part of the OpenAPI document. Its protocol has no published one, so this describes what is served: every
//! operation, each response in JSON and XML. Each has an example in JSON; the schemas of XML have one of a resource and one
//! of an error. Operations of applications are described below one base path; `x-base-paths` of the tag names it and the
//! others. Path-level `servers` would replace the server that users of generated clients configure.

pub mod examples;
pub mod inputs;
mod schemas;

use super::APPLICATIONS;
use super::error::{ErrorBody, body_of};
use super::input::fault;
use super::people;
use super::resource::Resource;
use super::route::{Access, Operation, Ucwa};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::{BodyFault, Denial, Error, Problem, ResourceKind};
use axum::http::StatusCode;
use inputs::{application_id, contact_id, person, slot};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The schemas of XML.
const RESOURCE_XML: &str = "UcwaResourceXml";
const ERROR_XML: &str = "UcwaErrorXml";

/// The security scheme.
const SCHEME: &str = "UcwaBearer";
pub const RESPONSES: Responses = Responses { prefix: "Ucwa", request_id: "x-request-id", media_type: JSON };

/// The header with the etag of a resource.
pub const ETAG: (&str, &str) = ("ETag", "The etag, in quotes");

/// Prefixes of operation ids by the paths of operations.
const IDS: [(&str, &str); 2] = [(APPLICATIONS[0], "ucwa_"), ("/me", "ucwa_own_")];

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let routes = super::routes().into_iter().filter(|operation| is_described(&operation.path));
    let scheme = "A client session; a token of /webticket/oauthtoken; or an API key with X-Ucwa-User";
    let security_schemes = json!({ SCHEME: security_scheme("bearer", scheme) });
    let [first, second, third] = APPLICATIONS;
    let description = format!(
        "The telephone numbers of a user identity, compatible with UCWA 1.0. \
        Paths of {first} are also served at {second} and {third}. application/vnd.microsoft.com.ucwa+json and …+xml \
        are accepted and returned like the listed media types"
    );
    let mut schemas = schemas::all();
    schemas.0[RESOURCE_XML]["example"] = text(people::example().xml());
    schemas.0[ERROR_XML]["example"] = text(body_of(&fault("number", Problem::Missing)).xml());
    let mut document = Ucwa::document(&description, routes.collect(), schemas, security_schemes);
    document["tags"][0]["x-base-paths"] = json!(APPLICATIONS);
    document
}

/// Operations below the other base paths are those below the first.
fn is_described(path: &str) -> bool {
    !APPLICATIONS[1..].iter().any(|base| path.starts_with(base))
}

impl Described for Ucwa {
    const TAG: &'static str = "ucwa";
    const RESPONSES: Responses = RESPONSES;

    fn id(operation: &Operation) -> String {
        let is_below = |(base, prefix): (&str, &'static str)| operation.path.starts_with(base).then_some(prefix);
        format!("{}{}", IDS.into_iter().find_map(is_below).unwrap_or_default(), operation.id)
    }

    fn security(operation: &Operation) -> Value {
        if is_open(operation) { json!([]) } else { json!([{ SCHEME: [] }]) }
    }

    fn path_parameter(name: &str, _: Option<&Field>) -> Value {
        match name {
            "type" => slot(),
            "contact_id" => contact_id(),
            _ => application_id(),
        }
    }

    fn parameters(operation: &Operation) -> Vec<Value> {
        let caller = (!is_open(operation)).then(person);
        caller.into_iter().chain(operation.document.parameters.iter().cloned()).collect()
    }

    fn errors(operation: &Operation) -> Map<String, Value> {
        let mut responses = match operation.document.access {
            Access::OAuth => errors_of_oauth(),
            _ => failures(errors(operation)),
        };
        responses.insert(FALLBACK.to_owned(), fallback(operation));
        if operation.document.parameters.iter().any(|parameter| parameter["name"] == "If-None-Match") {
            responses.insert("304".to_owned(), RESPONSES.response("NotModified", "Not modified", Value::Null));
        }
        responses
    }
}

fn is_open(operation: &Operation) -> bool {
    matches!(operation.document.access, Access::Open | Access::OAuth)
}

/// The errors of an operation that its fallback does not have, or has with the same status.
fn errors(operation: &Operation) -> Vec<ErrorBody> {
    let mut errors: Vec<ErrorBody> = operation.errors.iter().map(body_of).collect();
    let of_any = errors_of_any_caller()
        .into_iter()
        .filter(|common| errors.iter().any(|error| error.status() == common.status()));
    errors.extend(of_any.collect::<Vec<_>>());
    if operation.document.access == Access::Subscribed && operation.methods != ["GET"] {
        let reason = "EOF while parsing an object at line 1 column 1";
        errors.push(body_of(&Error::Unreadable(BodyFault::Syntax(reason.to_owned()))));
        errors.push(body_of(&Error::Unreadable(BodyFault::ContentType)));
    }
    errors
}

/// The errors of every operation that needs a credential, beyond 401.
fn errors_of_any_caller() -> [ErrorBody; 4] {
    let not_found = |kind| Error::NotFound(kind, String::new());
    [
        Error::Forbidden(Denial::Anonymous),
        not_found(ResourceKind::Version),
        not_found(ResourceKind::Application),
        not_found(ResourceKind::UserIdentity),
    ]
    .map(|error| body_of(&error))
}

/// The responses of errors by status, each in JSON and XML: the first is the example, and the description names each.
fn failures(mut errors: Vec<ErrorBody>) -> Map<String, Value> {
    // Those with a subcode first: they make the better example.
    errors.sort_by_key(|error| (!error.name().contains('/'), error.name()));
    let statuses: BTreeSet<StatusCode> = errors.iter().map(ErrorBody::status).collect();
    let response = |status: StatusCode| {
        let of_status: Vec<&ErrorBody> = errors.iter().filter(|error| error.status() == status).collect();
        (status.as_str().to_owned(), failure(status, &of_status))
    };
    statuses.into_iter().map(response).collect()
}

fn failure(status: StatusCode, errors: &[&ErrorBody]) -> Value {
    let mut names: Vec<String> = errors.iter().map(|error| error.name()).collect();
    names.dedup();
    let reason = pascal_case(status.canonical_reason().unwrap_or_default());
    let subcode = |name: &str| {
        let (_, subcode) = name.split_once('/')?;
        Some(subcode.strip_suffix(&reason).unwrap_or(subcode).to_owned())
    };
    let subcodes: Vec<String> = match names.as_slice() {
        [only] => subcode(only).into_iter().collect(),
        several => several.iter().map(|name| subcode(name).unwrap_or_else(|| "General".to_owned())).collect(),
    };
    // Those of one input only differ by its name.
    let parameter = match (names.as_slice(), errors) {
        ([_], [error, ..]) => error.first_parameter().map(pascal_case).unwrap_or_default(),
        _ => String::new(),
    };
    let codes: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let content = in_json_and_xml("UcwaError", json!(errors[0]), ERROR_XML);
    RESPONSES.response(&format!("{reason}{}{parameter}", subcodes.join("Or")), &codes.join(", "), content)
}

/// The response of the errors that every operation may have.
fn fallback(operation: &Operation) -> Value {
    let (description, content) = fallback_of(&[], &[]);
    match operation.document.access {
        Access::OAuth => {
            let example = json!({ "error": "temporarily_unavailable" });
            let content = json!({ JSON: { "schema": reference("UcwaTokenError"), "example": example } });
            RESPONSES.fallback_response(&format!("Token{FALLBACK_NAME}"), &description, content)
        }
        Access::Open => RESPONSES.fallback_response(PUBLIC_FALLBACK_NAME, &description, content),
        Access::User | Access::Subscribed => fallback_of_any_caller(),
    }
}

/// The same of the operations that need a credential. Clients read from the headers of 401 where to get one.
fn fallback_of_any_caller() -> Value {
    let (description, mut content) = fallback_of(&[StatusCode::UNAUTHORIZED], &errors_of_any_caller());
    let description = format!("{description}. 401 is an HTML page with two `WWW-Authenticate` headers");
    let page = "<!DOCTYPE html><html><body>…</body></html>";
    content["text/html"] = json!({ "schema": reference("UcwaPage"), "example": page });
    let mut response = RESPONSES.fallback_response(FALLBACK_NAME, &description, content);
    response["headers"]["WWW-Authenticate"] = json!({
        "description": "Of 401, where to get a token: `Bearer …`, and in a second header `MsRtcOAuth href=\"…\"`",
        "schema": { "type": "string" },
    });
    response
}

/// The description, and the content in JSON and XML, of these statuses and errors and those of all dialects.
fn fallback_of(statuses: &[StatusCode], own: &[ErrorBody]) -> (String, Value) {
    let of_all = errors_of_every_operation().map(|error| body_of(&error));
    let names: Vec<(StatusCode, String)> = own.iter().map(|error| (error.status(), error.name())).collect();
    let named = names.iter().map(|(status, name)| (*status, Some(name.as_str())));
    let unnamed = statuses.iter().copied().chain(of_all.iter().map(ErrorBody::status));
    let description = fallback_description(named.chain(unnamed.map(|status| (status, None))));
    let unavailable = of_all.iter().filter(|error| error.status() == StatusCode::SERVICE_UNAVAILABLE);
    let examples: Vec<(StatusCode, Value)> = own.iter().chain(unavailable).map(|it| (it.status(), json!(it))).collect();
    let examples = fallback_examples(examples.iter().map(|(status, body)| (*status, body)));
    let json = json!({ "schema": reference("UcwaError"), "examples": examples });
    (description, json!({ JSON: json, "application/xml": { "schema": reference(ERROR_XML) } }))
}

/// The errors of OAuth.
fn errors_of_oauth() -> Map<String, Value> {
    let codes = "`invalid_grant`, `invalid_request` or `unsupported_grant_type`";
    let response =
        RESPONSES.json("TokenInvalidRequest", codes, "UcwaTokenError", Some(json!({ "error": "invalid_grant" })));
    Map::from_iter([("400".to_owned(), response)])
}

/// A resource in JSON and XML, with these headers.
pub fn resource(name: &str, schema: &str, extra: &[(&str, &str)], example: &Resource) -> Value {
    let mut response = RESPONSES.response(name, "OK", in_json_and_xml(schema, example.json(), RESOURCE_XML));
    for (header, description) in extra {
        response["headers"][header] = json!({ "description": description, "schema": { "type": "string" } });
    }
    response
}

fn in_json_and_xml(schema: &str, example: Value, xml: &str) -> Value {
    json!({
        "application/json": { "schema": reference(schema), "example": example },
        "application/xml": { "schema": reference(xml) },
    })
}

fn text(xml: Vec<u8>) -> Value {
    String::from_utf8(xml).expect("what is written is UTF-8").into()
}

/// An HTML page.
pub fn page(example: &str) -> Value {
    let content = json!({ "text/html": { "schema": reference("UcwaPage"), "example": example } });
    RESPONSES.response("Page", "OK", content)
}
