//! A company's directory that calls by SCIM, and assertions on its responses.

use super::client::{Client, Response};
use super::world::{Tenant, World, text};
use handset::domain::token::Token;
use serde_json::{Value, json};

pub const USERS: &str = "/scim/v2/Users";
pub const GROUPS: &str = "/scim/v2/Groups";

impl World {
    /// Creates a token of a directory in a workspace.
    pub async fn scim_token(&self, of: &Tenant) -> Token {
        let created = self.store.create_scim_token(&of.record, "test", self.clock.now(), &self.random).await;
        created.expect("the workspace exists").1
    }

    /// A directory of the first workspace.
    pub async fn directory(&self) -> Client {
        self.directory_of(self).await
    }

    /// A directory of a workspace.
    pub async fn directory_of(&self, of: &Tenant) -> Client {
        self.anonymous().bearer(self.scim_token(of).await.reveal())
    }
}

/// What a user of this name is created with.
pub fn new_user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{name}@example.com"),
        "externalId": format!("ext-{name}"),
        "displayName": format!("Person {name}"),
        "emails": [{ "value": format!("{name}@example.com"), "type": "work", "primary": true }],
        "active": true,
    })
}

/// The path of a user or group.
pub fn path_of(resource: &Value) -> String {
    let endpoint = if resource["userName"].is_string() { USERS } else { GROUPS };
    format!("{endpoint}/{}", text(&resource["id"]))
}

/// A body of operations.
pub fn operations(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// A body with one operation on whether a user is active.
pub fn active(value: impl Into<Value>) -> Value {
    operations(json!([{ "op": "Replace", "path": "active", "value": value.into() }]))
}

/// The path of a list with this filter.
pub fn filtered(path: &str, filter: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    format!("{path}?{query}")
}

impl Client {
    /// Creates a user and returns it.
    pub async fn create_scim_user(&self, name: &str) -> Value {
        self.post(USERS, new_user(name)).await.of_scim(201).clone()
    }

    /// Creates a group and returns it.
    pub async fn create_scim_group(&self, name: &str, members: &[&Value]) -> Value {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member["id"] })).collect();
        self.post(GROUPS, json!({ "displayName": name, "members": members })).await.of_scim(201).clone()
    }

    /// The user names of a list with this filter, in order.
    pub async fn user_names(&self, filter: &str) -> Vec<String> {
        let listed = self.get(&filtered(USERS, filter)).await;
        let resources = listed.of_scim(200)["Resources"].as_array().cloned().unwrap_or_default();
        assert_eq!(listed.body["totalResults"], resources.len(), "{listed:?}");
        resources.iter().map(|user| text(&user["userName"])).collect()
    }
}

impl Response {
    /// Asserts a response of this status in the dialect's media type.
    #[track_caller]
    pub fn of_scim(&self, status: u16) -> &Value {
        let media_type = self.header("content-type");
        assert_eq!((self.status, media_type), (status, Some("application/scim+json")), "{self:?}");
        assert!(self.header("x-request-id").is_some(), "{self:?}");
        &self.body
    }

    /// Asserts an error in the form of RFC 7644, and returns its detail.
    #[track_caller]
    pub fn scim_error(&self, status: u16, scim_type: Option<&str>) -> String {
        let body = self.of_scim(status);
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{self:?}");
        assert_eq!(body["status"], status.to_string(), "{self:?}");
        assert_eq!(body["scimType"].as_str(), scim_type, "{self:?}");
        assert_eq!(self.header("www-authenticate").is_some(), status == 401, "{self:?}");
        text(&body["detail"])
    }
}
