//! `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` (RFC 7644, section 4), for directories that look before they call.

use super::answer::Answer;
use super::bulk::MAX_OPERATIONS;
use super::openapi::{examples, list, resource};
use super::route::{Call, Context, Nothing, Operation};
use super::schema::{ENTERPRISE, GROUP, GROUPS, ResourceType, Schema, USER, USERS};
use super::search::{DEFAULT_COUNT, MAX_COUNT};
use crate::error::{Error, ResourceKind, Result};
use crate::http::body;
use serde_json::{Value, json};

const TYPES: [&ResourceType; 2] = [&USERS, &GROUPS];
const SCHEMAS: [&Schema; 3] = [&USER, &ENTERPRISE, &GROUP];

/// Every route.
pub fn routes() -> Vec<Operation> {
    let base = "https://phones.example.com/scim/v2";
    vec![
        Operation::new("/scim/v2/ServiceProviderConfig", &["GET"], service_provider_config)
            .about("scim_get_service_provider_config", "Get the service provider configuration")
            .describe("Returns what the server supports of the protocol, and its limits.")
            .succeeds("200", resource("ServiceProviderConfig", "OK", "ScimDiscovery", config(base))),
        Operation::new("/scim/v2/ResourceTypes", &["GET"], resource_types)
            .about("scim_list_resource_types", "List resource types")
            .describe("Returns the types of resources: users and groups.")
            .succeeds("200", list("ResourceTypeList", resource_type(&USERS, base))),
        Operation::new("/scim/v2/ResourceTypes/{id}", &["GET"], get_resource_type)
            .about("scim_get_resource_type", "Get a resource type")
            .describe("Returns one type of resources, by its name.")
            .succeeds("200", resource("ResourceType", "OK", "ScimDiscovery", resource_type(&USERS, base)))
            .fails([Error::NotFound(ResourceKind::ResourceType, examples::ID.to_owned())]),
        Operation::new("/scim/v2/Schemas", &["GET"], schemas)
            .about("scim_list_schemas", "List schemas")
            .describe("Returns the schemas of users and groups, and the enterprise extension.")
            .succeeds("200", list("SchemaList", examples::schema(base))),
        Operation::new("/scim/v2/Schemas/{id}", &["GET"], get_schema)
            .about("scim_get_schema", "Get a schema")
            .describe("Returns one schema, by its URN.")
            .succeeds("200", resource("Schema", "OK", "ScimDiscovery", examples::schema(base)))
            .fails([Error::NotFound(ResourceKind::Schema, examples::ID.to_owned())]),
    ]
}

async fn service_provider_config(call: Call, _: Nothing) -> Result<Answer> {
    Ok(Answer::ok(config(&Context::of(&call).base)))
}

async fn resource_types(call: Call, _: Nothing) -> Result<Answer> {
    let base = Context::of(&call).base;
    Ok(Answer::ok(listed(TYPES.map(|of| resource_type(of, &base)).into())))
}

async fn get_resource_type(call: Call, _: Nothing) -> Result<Answer> {
    let (base, name) = (Context::of(&call).base, call.head.param(0));
    match TYPES.into_iter().find(|of| of.name == name) {
        Some(of) => Ok(Answer::ok(resource_type(of, &base))),
        None => Err(Error::NotFound(ResourceKind::ResourceType, name.to_owned())),
    }
}

async fn schemas(call: Call, _: Nothing) -> Result<Answer> {
    let base = Context::of(&call).base;
    Ok(Answer::ok(listed(SCHEMAS.map(|schema| with_metadata(schema, &base)).into())))
}

async fn get_schema(call: Call, _: Nothing) -> Result<Answer> {
    let (base, id) = (Context::of(&call).base, call.head.param(0));
    match SCHEMAS.into_iter().find(|schema| schema.id.eq_ignore_ascii_case(id)) {
        Some(schema) => Ok(Answer::ok(with_metadata(schema, &base))),
        None => Err(Error::NotFound(ResourceKind::Schema, id.to_owned())),
    }
}

fn listed(resources: Vec<Value>) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn config(base: &str) -> Value {
    let supported = |is: bool| json!({ "supported": is });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": supported(true),
        "bulk": { "supported": true, "maxOperations": MAX_OPERATIONS, "maxPayloadSize": body::LIMIT },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": supported(false),
        "sort": supported(true),
        "etag": supported(true),
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of the workspace, created with `handset scim-token create`",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

fn resource_type(of: &ResourceType, base: &str) -> Value {
    let extension = |schema: &&Schema| json!({ "schema": schema.id, "required": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": of.name,
        "name": of.name,
        "description": of.description,
        "endpoint": of.endpoint,
        "schema": of.schema.id,
        "schemaExtensions": of.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", of.name) },
    })
}

fn with_metadata(schema: &Schema, base: &str) -> Value {
    let mut json = schema.json();
    json["meta"] = json!({ "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) });
    json
}
