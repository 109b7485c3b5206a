//! Phone numbers of the Diga dialect, requests on them, and assertions on error responses.

use super::client::{Client, Response};
use super::world::{Tenant, text};
use serde_json::{Value, json};
use std::fmt::Debug;

/// Body of the 401 response.
pub const UNAUTHORIZED: &str = concat!(
    r#"{"status":"error","error_code":"UNAUTHORIZED","message":"Invalid or missing API key","#,
    r#""detail":"Not authenticated"}"#
);

/// Keys of a phone number object, in order.
pub const KEYS: [&str; 10] = [
    "id",
    "nickname",
    "number",
    "telephony_provider",
    "status",
    "released_at",
    "scheduled_release_at",
    "assigned_at",
    "inbound_agent_id",
    "outbound_agent_id",
];

/// A valid Spanish mobile number.
pub fn number(which: u32) -> String {
    assert!(which < 10_000_000, "there are no more");
    format!("+3461{which:07}")
}

impl Response {
    /// Asserts 200 and returns the phone number object.
    #[track_caller]
    pub fn phone_number(&self) -> Value {
        let phone_number = self.of_diga(200).body.clone();
        assert_eq!(self.keys(), KEYS, "{self:?}");
        phone_number
    }

    /// Asserts the form of a page and returns its phone numbers.
    #[track_caller]
    pub fn page(&self) -> Vec<Value> {
        let page = &self.of_diga(200).body;
        assert_eq!(self.keys(), ["data", "has_more", "first_id", "last_id", "current_page", "total_pages"], "{self:?}");
        let data = page["data"].as_array().unwrap_or_else(|| panic!("no data: {self:?}"));
        assert!(page["has_more"].is_boolean(), "{self:?}");
        let end =
            |phone_number: Option<&Value>| phone_number.map_or(Value::Null, |phone_number| phone_number["id"].clone());
        assert_eq!((&page["first_id"], &page["last_id"]), (&end(data.first()), &end(data.last())), "{self:?}");
        data.clone()
    }

    /// Ids of a page's phone numbers.
    #[track_caller]
    pub fn page_ids(&self) -> Vec<String> {
        self.page().iter().map(|phone_number| text(&phone_number["id"])).collect()
    }

    /// Asserts an error in the dialect's envelope and returns its message.
    #[track_caller]
    pub fn is_diga_error(&self, status: u16, code: &str) -> String {
        let body = &self.of_diga(status).body;
        assert_eq!((&body["status"], &body["error_code"]), (&json!("error"), &json!(code)), "{self:?}");
        let message = text(&body["message"]);
        assert!(!message.is_empty(), "{self:?}");
        message
    }

    /// Asserts 422 and returns the faults of the request.
    #[track_caller]
    pub fn validation_faults(&self) -> Vec<Value> {
        let body = &self.of_diga(422).body;
        assert_eq!(self.keys(), ["detail"], "{self:?}");
        let faults = body["detail"].as_array().unwrap_or_else(|| panic!("no list: {self:?}")).clone();
        assert!(!faults.is_empty(), "{self:?}");
        faults
    }

    /// The single fault of a 422 response.
    #[track_caller]
    pub fn validation_fault(&self) -> Value {
        let mut faults = self.validation_faults();
        assert_eq!(faults.len(), 1, "{self:?}");
        faults.remove(0)
    }

    /// Asserts the exact 401 response.
    #[track_caller]
    pub fn is_diga_unauthorized(&self, why: impl Debug) {
        let actual = (self.status, self.text.as_str(), self.header("www-authenticate"));
        assert_eq!(actual, (401, UNAUTHORIZED, Some("Bearer")), "{why:?}");
        self.of_diga(401);
    }

    /// Asserts a JSON response of this status.
    #[track_caller]
    pub fn of_diga(&self, status: u16) -> &Response {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        self
    }

    /// Keys of the body, in the order in which they are written.
    fn keys(&self) -> Vec<String> {
        keys_in_order(&self.text)
    }
}

/// Keys of a JSON object, in the order in which they are written.
pub fn keys_in_order(text: &str) -> Vec<String> {
    let (mut depth, mut keys, mut rest) = (0, Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut string = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let string_value = string.next().expect("a string").expect("it is JSON");
                length = string.byte_offset();
                if depth == 1 && rest[length..].trim_start().starts_with(':') {
                    keys.push(string_value);
                }
            }
            _ => {}
        }
        rest = &rest[length..];
    }
    keys
}

impl Tenant {
    /// Imports a number and returns it.
    pub async fn import_number(&self, number: &str) -> Value {
        self.key().post("/v1/phone/import", json!({ "phone_number": number })).await.phone_number()
    }

    /// Reserves a number and returns it.
    pub async fn reserve_number(&self, number: &str) -> Value {
        self.key().post("/v1/phone/reserve", json!({ "number": number })).await.phone_number()
    }

    /// Reserves and assigns a number and returns it.
    pub async fn reserve_and_assign_number(&self, number: &str) -> Value {
        let reserved = self.reserve_number(number).await;
        call_action(self.key(), &reserved, "assign", json!({})).await.phone_number()
    }

    /// Reads the current state of a phone number.
    pub async fn read_number(&self, phone_number: &Value) -> Value {
        self.key().get(&path(phone_number)).await.phone_number()
    }
}

/// Path of a phone number.
pub fn path(phone_number: &Value) -> String {
    format!("/v1/phone/{}", text(&phone_number["id"]))
}

/// Calls an action of a phone number.
pub async fn call_action(client: &Client, phone_number: &Value, verb: &str, body: Value) -> Response {
    client.post(&format!("{}/{verb}", path(phone_number)), body).await
}
