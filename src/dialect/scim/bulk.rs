//! `/Bulk` (RFC 7644, section 3.7): several operations in one request. Each is a unit of work of its own. A reference to a resource
//! that another operation creates waits for that one.

use super::answer::Answer;
use super::error;
use super::input::Operations;
use super::openapi::{body, examples, resource, too_many_operations};
use super::path::member;
use super::route::{Call, Context, Operation, Shown};
use super::{groups, users};
use crate::error::{Error, Issue, Problem, Result, Step};
use axum::http::header::{HeaderValue, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Maximum number of operations of a request.
pub const MAX_OPERATIONS: usize = 100;

/// Prefix of a reference to a resource by the `bulkId` of the operation that creates it.
const REFERENCE: &str = "bulkId:";

/// Every route.
pub fn routes() -> Vec<Operation> {
    vec![
        Operation::new("/scim/v2/Bulk", &["POST"], bulk)
            .about("scim_bulk", "Apply operations in bulk")
            .describe(
                "Applies up to 100 operations on users and groups, each by itself, and returns the outcome of each. After \
                 `failOnErrors` errors the rest is left out.",
            )
            .example(body("ScimBulkRequest", examples::bulk()))
            .succeeds("200", resource("BulkResponse", "OK", "ScimBulkResponse", examples::bulk_response()))
            .fails([too_many_operations(MAX_OPERATIONS)])
            .urgent(),
    ]
}

/// An operation of a request.
struct BulkOperation {
    method: String,
    bulk_id: Option<String>,
    version: Option<HeaderValue>,
    path: String,
    data: Map<String, Value>,
}

async fn bulk(call: Call, Operations(given): Operations) -> Result<Answer> {
    let context = Context::of(&call);
    let operations = read(&given)?;
    let most_errors = member(&given, "failOnErrors").and_then(Value::as_u64).filter(|most| *most > 0);
    let mut run = Run { context: &context, ids: BTreeMap::new(), outcomes: BTreeMap::new(), errors: 0, most_errors };
    run.all(&operations).await;
    Ok(Answer::ok(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": run.outcomes.into_values().collect::<Vec<_>>(),
    })))
}

fn read(given: &Map<String, Value>) -> Result<Vec<BulkOperation>> {
    let Some(operations) = member(given, "Operations").and_then(Value::as_array) else {
        return Err(Error::Invalid(vec![Issue::field("Operations", Problem::Missing)]));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(too_many_operations(MAX_OPERATIONS));
    }
    operations.iter().enumerate().map(|(index, operation)| read_operation(index, operation)).collect()
}

fn read_operation(index: usize, operation: &Value) -> Result<BulkOperation> {
    let fault = |name: &str| {
        let path = vec![Step::Key("Operations".to_owned()), Step::Index(index), Step::Key(name.to_owned())];
        let rule = match name {
            "method" => "POST, PUT, PATCH or DELETE is expected",
            "version" => "an entity tag is expected",
            "bulkId" => "an operation that creates a resource needs an id",
            _ => "a path below the base URL is expected, such as /Users",
        };
        Error::Invalid(vec![Issue::new(path, Problem::Rule(rule.into()))])
    };
    let none = Map::new();
    let members = operation.as_object().unwrap_or(&none);
    let text = |name: &str| member(members, name).and_then(Value::as_str).map(str::to_owned);
    let method = text("method").unwrap_or_default().to_ascii_uppercase();
    if !["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
        return Err(fault("method"));
    }
    let bulk_id = text("bulkId").filter(|id| !id.is_empty());
    if method == "POST" && bulk_id.is_none() {
        return Err(fault("bulkId"));
    }
    let version = match member(members, "version") {
        None | Some(Value::Null) => None,
        Some(version) => Some(version.as_str().and_then(|tag| tag.parse().ok()).ok_or_else(|| fault("version"))?),
    };
    Ok(BulkOperation {
        method,
        bulk_id,
        version,
        path: text("path").filter(|path| path.starts_with('/')).ok_or_else(|| fault("path"))?,
        data: member(members, "data").and_then(Value::as_object).cloned().unwrap_or_default(),
    })
}

/// A request in progress.
struct Run<'c> {
    context: &'c Context,
    /// Ids of the resources that were created, by the `bulkId` of their operation.
    ids: BTreeMap<String, String>,
    /// By the index of the operation.
    outcomes: BTreeMap<usize, Value>,
    errors: u64,
    most_errors: Option<u64>,
}

impl Run<'_> {
    async fn all(&mut self, operations: &[BulkOperation]) {
        let mut left: Vec<usize> = (0..operations.len()).collect();
        while !left.is_empty() {
            let before = left.len();
            for index in std::mem::take(&mut left) {
                if self.most_errors.is_some_and(|most| self.errors >= most) {
                    return;
                }
                let operation = &operations[index];
                match self.awaits(operation, operations) {
                    true => left.push(index),
                    false => self.one(index, operation).await,
                }
            }
            if left.len() == before {
                break;
            }
        }
        // What refers to each other in a circle cannot be created.
        for index in left {
            let issue = Issue::field("data", Problem::Rule("the references by bulkId form a circle".into()));
            self.fail(index, &operations[index], &Error::Invalid(vec![issue]));
        }
    }

    /// Whether an operation refers to one that has not been tried yet.
    fn awaits(&self, operation: &BulkOperation, operations: &[BulkOperation]) -> bool {
        let mut references = Vec::new();
        collect(&Value::from(operation.data.clone()), &mut references);
        references.extend(reference_in(&operation.path).map(str::to_owned));
        references.iter().any(|reference| {
            operations
                .iter()
                .enumerate()
                .any(|(index, other)| other.bulk_id.as_ref() == Some(reference) && !self.outcomes.contains_key(&index))
        })
    }

    async fn one(&mut self, index: usize, operation: &BulkOperation) {
        match self.apply(operation).await {
            Ok((status, shown)) => {
                let mut outcome = outcome(operation, status);
                if let Some(Shown { resource, tag, location }) = shown {
                    if let (Some(bulk_id), Some(id)) = (&operation.bulk_id, resource["id"].as_str()) {
                        self.ids.insert(bulk_id.clone(), id.to_owned());
                    }
                    outcome["location"] = location.into();
                    if let Some(tag) = tag {
                        outcome["version"] = super::answer::version(&tag).into();
                    }
                }
                self.outcomes.insert(index, outcome);
            }
            Err(error) => self.fail(index, operation, &error),
        }
    }

    fn fail(&mut self, index: usize, operation: &BulkOperation, error: &Error) {
        let (status, body) = error::body_of(error);
        let mut outcome = outcome(operation, status);
        outcome["response"] = json!(body);
        if operation.method != "POST" {
            outcome["location"] = format!("{}{}", self.context.base, operation.path).into();
        }
        self.errors += 1;
        self.outcomes.insert(index, outcome);
    }

    async fn apply(&self, operation: &BulkOperation) -> Result<(StatusCode, Option<Shown>)> {
        let path = self.resolved_text(&operation.path);
        let mut segments = path.trim_matches('/').splitn(2, '/');
        let (endpoint, id) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let data = match self.resolved(Value::from(operation.data.clone())) {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        let mut headers = HeaderMap::new();
        if let Some(version) = &operation.version {
            headers.insert(IF_MATCH, version.clone());
        }
        let context = self.context;
        let shown = match (operation.method.as_str(), endpoint, id.is_empty()) {
            ("POST", "Users", true) => return Ok((StatusCode::CREATED, Some(users::create(context, data).await?))),
            ("POST", "Groups", true) => return Ok((StatusCode::CREATED, Some(groups::create(context, data).await?))),
            ("PUT", "Users", false) => users::replace(context, id, data, &headers).await?,
            ("PUT", "Groups", false) => groups::replace(context, id, data, &headers).await?,
            ("PATCH", "Users", false) => users::update(context, id, &data, &headers).await?,
            ("PATCH", "Groups", false) => groups::update(context, id, &data, &headers).await?,
            ("DELETE", "Users", false) => {
                users::delete(context, id, &headers).await?;
                return Ok((StatusCode::NO_CONTENT, None));
            }
            ("DELETE", "Groups", false) => {
                groups::delete(context, id, &headers).await?;
                return Ok((StatusCode::NO_CONTENT, None));
            }
            _ => return Err(Error::NoRoute),
        };
        Ok((StatusCode::OK, Some(shown)))
    }

    /// A value with ids in place of references.
    fn resolved(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.resolved_text(&text).into(),
            Value::Array(values) => values.into_iter().map(|value| self.resolved(value)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name, self.resolved(value))).collect::<Map<_, _>>().into()
            }
            value => value,
        }
    }

    fn resolved_text(&self, text: &str) -> String {
        match reference_in(text).and_then(|reference| self.ids.get(reference)) {
            Some(id) => format!("{}{id}", &text[..text.find(REFERENCE).unwrap_or_default()]),
            None => text.to_owned(),
        }
    }
}

/// What each outcome has.
fn outcome(operation: &BulkOperation, status: StatusCode) -> Value {
    let mut outcome = json!({ "method": operation.method, "status": status.as_str() });
    if let Some(bulk_id) = &operation.bulk_id {
        outcome["bulkId"] = bulk_id.as_str().into();
    }
    outcome
}

/// The `bulkId` that a text, or the end of a path, refers to.
fn reference_in(text: &str) -> Option<&str> {
    text.rsplit('/').next()?.strip_prefix(REFERENCE)
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::String(text) => references.extend(reference_in(text).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        Value::Object(members) => members.values().for_each(|value| collect(value, references)),
        _ => {}
    }
}
