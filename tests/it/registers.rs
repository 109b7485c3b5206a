//! What tests of the Diga dialect stand on: numbers to be had, registers made and asked for, refusals in its words.

use crate::client::{Answer, Client};
use crate::world::{Tenant, text};
use serde_json::{Value, json};
use std::fmt::Debug;

/// What somebody is told who has not said who they are, or not well.
pub const UNAUTHORIZED: &str = concat!(
    r#"{"status":"error","error_code":"UNAUTHORIZED","message":"Invalid or missing API key","#,
    r#""detail":"Not authenticated"}"#
);

/// The keys of a register, in order.
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

/// A Spanish mobile number that is valid.
pub fn number(which: u32) -> String {
    assert!(which < 10_000_000, "there are no more");
    format!("+3461{which:07}")
}

impl Answer {
    /// The register that an answer of success is.
    #[track_caller]
    pub fn register(&self) -> Value {
        let register = self.of_diga(200).body.clone();
        assert_eq!(self.keys(), KEYS, "{self:?}");
        register
    }

    /// The registers of a page.
    #[track_caller]
    pub fn page(&self) -> Vec<Value> {
        let page = &self.of_diga(200).body;
        assert_eq!(self.keys(), ["data", "has_more", "first_id", "last_id", "current_page", "total_pages"], "{self:?}");
        let data = page["data"].as_array().unwrap_or_else(|| panic!("no data: {self:?}"));
        assert!(page["has_more"].is_boolean(), "{self:?}");
        let end = |register: Option<&Value>| register.map_or(Value::Null, |register| register["id"].clone());
        assert_eq!((&page["first_id"], &page["last_id"]), (&end(data.first()), &end(data.last())), "{self:?}");
        data.clone()
    }

    /// The ids of a page's registers.
    #[track_caller]
    pub fn page_ids(&self) -> Vec<String> {
        self.page().iter().map(|register| text(&register["id"])).collect()
    }

    /// A refusal in the dialect's own envelope; gives the message.
    #[track_caller]
    pub fn told(&self, status: u16, code: &str) -> String {
        let body = &self.of_diga(status).body;
        assert_eq!((&body["status"], &body["error_code"]), (&json!("error"), &json!(code)), "{self:?}");
        let message = text(&body["message"]);
        assert!(!message.is_empty(), "{self:?}");
        message
    }

    /// The faults of a request's shape.
    #[track_caller]
    pub fn shape_faults(&self) -> Vec<Value> {
        let body = &self.of_diga(422).body;
        assert_eq!(self.keys(), ["detail"], "{self:?}");
        let faults = body["detail"].as_array().unwrap_or_else(|| panic!("no list: {self:?}")).clone();
        assert!(!faults.is_empty(), "{self:?}");
        faults
    }

    /// The one fault of a request's shape.
    #[track_caller]
    pub fn shape_fault(&self) -> Value {
        let mut faults = self.shape_faults();
        assert_eq!(faults.len(), 1, "{self:?}");
        faults.remove(0)
    }

    /// The answer to somebody who is not let in, to the letter.
    #[track_caller]
    pub fn is_stranger(&self, why: impl Debug) {
        let told = (self.status, self.text.as_str(), self.header("www-authenticate"));
        assert_eq!(told, (401, UNAUTHORIZED, Some("Bearer")), "{why:?}");
        self.of_diga(401);
    }

    /// An answer in JSON of this status, as the dialect writes it.
    #[track_caller]
    pub fn of_diga(&self, status: u16) -> &Answer {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        self
    }

    /// The keys of the body, in the order in which they were written.
    fn keys(&self) -> Vec<String> {
        keys_as_written(&self.text)
    }
}

/// The keys of an object in JSON, in the order in which they stand.
pub fn keys_as_written(text: &str) -> Vec<String> {
    let (mut depth, mut keys, mut rest) = (0, Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut string = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let said = string.next().expect("a string").expect("it is JSON");
                length = string.byte_offset();
                if depth == 1 && rest[length..].trim_start().starts_with(':') {
                    keys.push(said);
                }
            }
            _ => {}
        }
        rest = &rest[length..];
    }
    keys
}

impl Tenant {
    /// An imported number; gives the register.
    pub async fn imported(&self, number: &str) -> Value {
        self.key().post("/v1/phone/import", json!({ "phone_number": number })).await.register()
    }

    /// A reserved number; gives the register.
    pub async fn reserved(&self, number: &str) -> Value {
        self.key().post("/v1/phone/reserve", json!({ "number": number })).await.register()
    }

    /// A number that was bought; gives the register.
    pub async fn bought(&self, number: &str) -> Value {
        let reserved = self.reserved(number).await;
        act(self.key(), &reserved, "assign", json!({})).await.register()
    }

    /// A register as it is now.
    pub async fn register(&self, register: &Value) -> Value {
        self.key().get(&path(register)).await.register()
    }
}

/// Where a register is.
pub fn path(register: &Value) -> String {
    format!("/v1/phone/{}", text(&register["id"]))
}

/// What is done with a register.
pub async fn act(client: &Client, register: &Value, verb: &str, body: Value) -> Answer {
    client.post(&format!("{}/{verb}", path(register)), body).await
}
