//! An extension of the Phone.com dialect, and assertions on the response envelope.

use super::client::{Client, Response};
use super::numbers::keys_in_order;
use super::world::{Tenant, World, list};
use serde_json::{Value, json};

/// An extension (a user identity), and the client that calls it.
pub struct Extension {
    pub client: Client,
    pub account: i64,
    pub extension_id: i64,
    pub person: String,
}

impl Extension {
    /// Creates a user identity in the first workspace and calls it with the workspace's API key.
    pub async fn new(world: &World) -> Extension {
        Extension::of(world, "line").await
    }

    /// Creates a user identity with this key.
    pub async fn of(tenant: &Tenant, key: &str) -> Extension {
        let person = tenant.person(key).await;
        Extension::of_person(tenant.key(), &person).await
    }

    /// Finds the extension of a user identity through the API.
    pub async fn of_person(client: &Client, person: &str) -> Extension {
        let account = client.get("/v4/accounts").await.items()[0]["id"].as_i64().expect("an account has an id");
        let extensions = client.get(&format!("/v4/accounts/{account}/extensions?limit=500")).await.items();
        let own = extensions.iter().find(|extension| extension["user_identity_id"] == person);
        let extension_id = own.and_then(|own| own["id"].as_i64()).unwrap_or_else(|| panic!("{extensions:?}"));
        Extension { client: client.clone(), account, extension_id, person: person.to_owned() }
    }

    /// The same extension, called by another client.
    pub fn with_client(&self, client: &Client) -> Extension {
        Extension { client: client.clone(), person: self.person.clone(), ..*self }
    }

    pub fn contacts(&self) -> String {
        format!("/v4/accounts/{}/extensions/{}/contacts", self.account, self.extension_id)
    }

    pub fn groups(&self) -> String {
        format!("/v4/accounts/{}/extensions/{}/contact-groups", self.account, self.extension_id)
    }

    pub fn contact(&self, id: &Value) -> String {
        format!("{}/{id}", self.contacts())
    }

    pub fn group(&self, id: &Value) -> String {
        format!("{}/{id}", self.groups())
    }

    /// Creates a contact and returns it.
    pub async fn add_contact(&self, fields: Value) -> Value {
        self.client.post(&self.contacts(), fields).await.created()
    }

    /// Creates a group and returns it.
    pub async fn add_group(&self, name: &str) -> Value {
        self.client.post(&self.groups(), json!({ "name": name })).await.created()
    }

    /// Lists contacts with this query.
    pub async fn search(&self, query: &str) -> Response {
        self.client.get(&format!("{}?{query}", self.contacts())).await
    }

    /// First names of the contacts that match a query, in order.
    pub async fn first_names(&self, query: &str) -> Vec<String> {
        let response = self.search(query).await;
        let items = response.items();
        assert_eq!(response.body["total"], items.len(), "{response:?}");
        items.iter().map(|contact| contact["first_name"].as_str().expect("a text").to_owned()).collect()
    }
}

impl Response {
    /// Asserts a JSON response of this status in the dialect's form.
    #[track_caller]
    pub fn of_phone_com(&self, status: u16) -> &Value {
        assert_eq!((self.status, self.header("content-type")), (status, Some("application/json")), "{self:?}");
        assert!(self.header("x-request-id").is_some(), "{self:?}");
        &self.body
    }

    /// Asserts a 201 response with a location, and returns the created object.
    #[track_caller]
    pub fn created(&self) -> Value {
        let body = self.of_phone_com(201);
        let location = self.header("location").unwrap_or_else(|| panic!("no location: {self:?}"));
        assert!(location.starts_with("/v4/accounts/") && location.ends_with(&format!("/{}", body["id"])), "{self:?}");
        body.clone()
    }

    /// Asserts the envelope of a list and returns its items.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        let body = self.of_phone_com(200);
        let expected = ["filters", "sort", "total", "offset", "limit", "items"];
        assert_eq!(keys_in_order(&self.text), expected, "{self:?}");
        assert!(body["filters"].is_object() && body["sort"].is_object(), "{self:?}");
        assert!(body["total"].is_i64() && body["offset"].is_i64() && body["limit"].is_i64(), "{self:?}");
        list(&body["items"])
    }

    /// Ids of a list's items.
    #[track_caller]
    pub fn ids(&self) -> Vec<i64> {
        self.items().iter().map(|item| item["id"].as_i64().expect("an id is an integer")).collect()
    }

    /// Asserts an error envelope of this status.
    #[track_caller]
    pub fn is_error(&self, status: u16) -> Value {
        let body = self.of_phone_com(status);
        let error = &body["@error"];
        assert_eq!(error["@httpStatusCode"], status, "{self:?}");
        assert!(error["@message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        let time = error["@time"].as_str().unwrap_or_else(|| panic!("no time: {self:?}"));
        assert!(time.ends_with('Z') && time.len() == "2026-11-21T13:37:16.903Z".len(), "{self:?}");
        let has_pair = status == 401 || status >= 500;
        assert_eq!(body["error"].is_string() && body["error_description"].is_string(), has_pair, "{self:?}");
        error.clone()
    }

    /// Asserts a 422 response with faults at exactly these paths.
    #[track_caller]
    pub fn faults(&self, paths: &[&str]) {
        let error = self.is_error(422);
        let fields = error["fields"].as_object().unwrap_or_else(|| panic!("no fields: {self:?}"));
        let mut expected = paths.to_vec();
        expected.sort_unstable();
        let actual: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(actual, expected, "{self:?}");
        for messages in fields.values() {
            let messages = messages.as_array().unwrap_or_else(|| panic!("no list: {self:?}"));
            assert!(!messages.is_empty() && messages.iter().all(Value::is_string), "{self:?}");
        }
    }
}
