//! SCIM's routes.

use super::access::CompanyDirectory;
use super::answer::{Answer, tag_of, version};
use super::path::is_urn;
use super::projection::Projection;
use super::schema::ResourceType;
use crate::api::route::Protocol;
use crate::http::App;
use crate::http::base_url::BaseUrl;
use crate::store::Workspace;
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub use crate::api::route::{Head, Nothing};

pub type Operation = crate::api::route::Operation<Scim>;
pub type Call = crate::api::route::Call<CompanyDirectory>;

/// SCIM's protocol.
pub struct Scim;

impl Protocol for Scim {
    const METHOD_FIRST: bool = false;
    const ALLOWS_TRAILING_SLASH: bool = true;
    const ALLOWS_HEAD: bool = false;
    type Document = Document;
}

/// What the document needs of an operation.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Whether it shows or changes one resource with an entity tag.
    pub is_conditional: bool,
}

impl Operation {
    /// Marks an operation on a resource with an entity tag.
    pub fn conditional(mut self) -> Operation {
        self.document.is_conditional = true;
        self
    }
}

/// What operations on resources need, also those of a bulk request.
pub struct Context {
    pub workspace: Workspace,
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    /// Base URL of all resources, as the client has addressed it.
    pub base: String,
}

impl Context {
    pub fn of(call: &Call) -> Context {
        let base = BaseUrl::of(&call.app, &call.head.parts.extensions).resolve(call.head.headers());
        Context {
            workspace: call.grant.workspace.clone(),
            app: Arc::clone(&call.app),
            now: call.now,
            base: format!("{base}{}", super::PREFIX),
        }
    }
}

/// A resource as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub resource: Map<String, Value>,
    /// The entity tag, without mark and quotes; None if not all of the resource has been read.
    pub tag: Option<String>,
    pub location: String,
}

impl Shown {
    /// A resource of a type, with its metadata.
    pub fn new(
        of: &ResourceType,
        mut resource: Map<String, Value>,
        is_whole: bool,
        location: String,
        [created, last_modified]: [DateTime<Utc>; 2],
    ) -> Shown {
        let known = of.extensions.iter().map(|schema| schema.id);
        let extensions = resource.keys().filter(|name| is_urn(name) && !known.clone().any(|id| id == *name));
        let extensions: Vec<String> = extensions.cloned().collect();
        let known = known.filter(|id| resource.contains_key(*id)).map(str::to_owned);
        let schemas = [of.schema.id.to_owned()].into_iter().chain(known).chain(extensions);
        resource.insert("schemas".to_owned(), schemas.collect());
        let tag = is_whole.then(|| tag_of(&resource));
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut meta = json!({
            "resourceType": of.name,
            "created": time(created),
            "lastModified": time(last_modified),
            "location": location,
        });
        if let Some(tag) = &tag {
            meta["version"] = version(tag).into();
        }
        resource.insert("meta".to_owned(), meta);
        Shown { resource, tag, location }
    }

    /// The response with this status.
    pub fn answer(self, status: StatusCode, of: &ResourceType, projection: &Projection) -> Answer {
        let Shown { resource, tag, location } = self;
        let body = Value::from(projection.apply(resource, of)).to_string();
        Answer { status, body: Some(body), tag, location: Some(location) }
    }
}

/// The URI of a resource.
pub fn location(base: &str, of: &ResourceType, id: impl std::fmt::Display) -> String {
    format!("{base}{}/{id}", of.endpoint)
}
