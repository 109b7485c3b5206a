//! One of each resource that a workspace can have, by the parameters that name it, and comparable forms of responses.

use crate::instant_keys;
use crate::support::client::{Client, Response};
use crate::support::world::{Tenant, text};
use handset::domain::id::WorkspaceId;
use handset::domain::token::Token;
use handset::random::Random;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The value of each parameter that names a resource, by the parameter's simplest name.
#[derive(Debug, Clone)]
pub struct Resources {
    by_name: Map<String, Value>,
}

/// A workspace with one of each resource, and an app with the client session of its person.
pub struct Fixture {
    pub tenant: Tenant,
    pub resources: Resources,
    pub session: Client,
}

impl Fixture {
    /// Creates the resources in a sandbox.
    pub async fn create(tenant: Tenant, label: &str, random: &Random) -> Fixture {
        let attempt = tenant.key().post("/workspaces/reset_sandbox", json!({})).await.ok()["action_attempt"].clone();
        let webhook =
            json!({ "url": "https://example.com/hook", "event_types": ["phone.deactivated", "phone.registered"] });
        let webhook = tenant.key().post("/webhooks/create", webhook).await.ok()["webhook"].clone();
        let (mut resources, session) = Resources::of_person(&tenant, label, random).await;
        resources.set("action_attempt_id", &attempt["action_attempt_id"]);
        resources.set("webhook_id", &webhook["webhook_id"]);
        let ping = json!({ "webhook_id": webhook["webhook_id"] });
        let delivery = tenant.key().post("/webhooks/ping", ping).await.ok()["webhook_delivery"].clone();
        resources.set("delivery_id", &delivery["delivery_id"]);
        Fixture { tenant, resources, session }
    }
}

impl Resources {
    /// Creates a person with a phone, a session, credentials and an event. All names begin with the label.
    pub async fn of_person(tenant: &Tenant, label: &str, random: &Random) -> (Resources, Client) {
        let key = tenant.key();
        let mut resources = Resources { by_name: Map::new() };
        resources.name_after(label, random);
        let named = |names: &[(&str, &str)]| -> Map<String, Value> {
            names.iter().map(|(field, name)| ((*field).to_owned(), resources.by_name[*name].clone())).collect()
        };

        let fields = named(&[
            ("user_identity_key", "user_identity_key"),
            ("email_address", "email_address"),
            ("phone_number", "phone_number"),
        ]);
        let person = key.post("/user_identities/create", fields.into()).await.ok()["user_identity"].clone();
        let fields = named(&[("user_identity_key", "merged_user_identity_key")]);
        let another = key.post("/user_identities/create", fields.into()).await.ok()["user_identity"].clone();
        let mut fields = named(&[("custom_sdk_installation_id", "custom_sdk_installation_id")]);
        fields.insert("user_identity_id".to_owned(), person["user_identity_id"].clone());
        let phone = key.post("/phones/simulate/create_sandbox_phone", fields.into()).await.ok()["phone"].clone();
        let mut fields = named(&[("name", "name"), ("custom_metadata", "custom_metadata_has")]);
        fields.insert("device_id".to_owned(), phone["device_id"].clone());
        key.post("/devices/update", fields.into()).await.ok();

        let credential = tenant.sync_credential(&text(&person["user_identity_id"])).await;
        let fields = named(&[("acs_user_id", "acs_user_id"), ("allowed_acs_entrance_ids", "any_ids")]);
        let mut fields = Value::from(fields);
        fields["access_method"] = json!("card");
        let card = key.post("/acs/credentials/create", fields).await.ok()["acs_credential"].clone();
        let mut fields = Value::from(named(&[
            ("user_identifier_key", "user_identity_key"),
            ("customer_key", "customer_key"),
            ("connect_webview_ids", "any_ids"),
            ("connected_account_ids", "any_ids"),
        ]));
        fields["user_identity_id"] = person["user_identity_id"].clone();
        let session = tenant.client_session(fields).await;

        let instant_key = instant_keys::generate(tenant, &text(&person["user_identity_id"]), json!({})).await;

        // A deactivated phone leaves an event.
        let gone = tenant.phone(&text(&person["user_identity_id"])).await;
        key.post("/phones/deactivate", json!({ "device_id": gone })).await.ok();
        let event = key.post("/events/get", json!({ "device_id": gone })).await.ok()["event"].clone();
        let device = key.post("/devices/get", json!({ "device_id": phone["device_id"] })).await.ok()["device"].clone();

        resources.set("user_identity_id", &person["user_identity_id"]);
        resources.set("merged_user_identity_id", &another["user_identity_id"]);
        resources.set("device_id", &phone["device_id"]);
        resources.set("acs_credential_id", &json!(credential));
        resources.set("client_session_id", &session["client_session_id"]);
        resources.set("instant_key_id", &instant_key["instant_key_id"]);
        resources.set("instant_key_url", &instant_key["instant_key_url"]);
        resources.set("event_id", &event["event_id"]);
        resources.set("event_device_id", &json!(gone));
        resources.set("card_id", &card["acs_credential_id"]);
        resources.set("acs_system_id", &card["acs_system_id"]);
        resources.set("connected_account_id", &device["connected_account_id"]);
        let session = key.anonymous().bearer(&text(&session["token"]));
        (resources, session)
    }

    /// The same names for resources that do not exist, each as long as a real one.
    pub fn nonexistent(label: &str, random: &Random) -> Resources {
        let mut resources = Resources { by_name: Map::new() };
        resources.name_after(label, random);
        let unknown_code = Token::short_code(WorkspaceId(unknown(random)), random);
        resources.set("instant_key_url", &json!(format!("http://127.0.0.1/ik/{}", unknown_code.reveal())));
        for name in [
            "user_identity_id",
            "merged_user_identity_id",
            "device_id",
            "acs_credential_id",
            "card_id",
            "client_session_id",
            "instant_key_id",
            "event_id",
            "event_device_id",
            "webhook_id",
            "delivery_id",
            "action_attempt_id",
            "acs_system_id",
            "connected_account_id",
        ] {
            resources.set(name, &json!(unknown(random)));
        }
        resources
    }

    /// Names that a workspace or its clients choose.
    fn name_after(&mut self, label: &str, random: &Random) {
        assert_eq!(label.len(), 4, "all labels have the same length");
        let digits: String = label.bytes().map(|letter| format!("{letter:03}")).collect();
        let alien = unknown(random);
        self.set("user_identity_key", &json!(format!("{label}-key")));
        self.set("merged_user_identity_key", &json!(format!("{label}-more")));
        self.set("user_identifier_key", &json!(format!("{label}-key")));
        self.set("customer_key", &json!(format!("{label}-customer")));
        self.set("customer_id", &json!(format!("{label}-customer")));
        self.set("email_address", &json!(format!("{label}@example.com")));
        self.set("phone_number", &json!(format!("+49{digits}")));
        self.set("name", &json!(format!("{label} phone")));
        self.set("custom_sdk_installation_id", &json!(format!("{label}-installation")));
        self.set("custom_metadata_has", &json!({ "tag": format!("{label}-tag") }));
        self.set("acs_user_id", &json!(alien));
        // Ids of resources of other systems, which are only stored here.
        self.set("any_id", &json!(alien));
        self.set("any_ids", &json!([alien]));
    }

    fn set(&mut self, name: &str, value: &Value) {
        assert!(!value.is_null(), "no {name}");
        self.by_name.insert(name.to_owned(), value.clone());
    }

    /// The value for the field `name` of an operation; None if that field names nothing.
    pub fn value(&self, path: &str, name: &str) -> Option<Value> {
        let name = match name {
            "without_user_identifier_key" | "customization_profile_id" => return None,
            // There it is a credential.
            "instant_key_url" if path.starts_with("/seam/instant_key/") => return None,
            "owner_user_identity_id" => "user_identity_id",
            "merged_user_identity_keys" => return Some(json!([self.by_name["merged_user_identity_key"]])),
            "credential_manager_acs_system_id" => "acs_system_id",
            // The phone that the event is about.
            "device_id" if path.starts_with("/events/") => "event_device_id",
            // Lists also search by id.
            "search" if path.starts_with("/user_identities/") => "user_identity_id",
            "search" if path.starts_with("/acs/credentials/") => "acs_credential_id",
            "search" => "device_id",
            name => name,
        };
        if let Some(value) = self.by_name.get(name) {
            return Some(value.clone());
        }
        if let Some(singular) = name.strip_suffix("_ids").map(|stem| format!("{stem}_id")) {
            return Some(json!([self.value(path, &singular)?]));
        }
        assert!(!name.ends_with("_key"), "{path}: unknown parameter {name}");
        name.ends_with("_id").then(|| self.by_name["any_id"].clone())
    }

    /// Every text that would reveal one of the resources.
    pub fn identifying_texts(&self) -> Vec<String> {
        let mut identifying_texts = Vec::new();
        self.by_name.values().for_each(|value| collect(value, &mut identifying_texts));
        identifying_texts.sort();
        identifying_texts.dedup();
        identifying_texts
    }
}

fn unknown(random: &Random) -> Uuid {
    random.id(crate::support::world::noon())
}

/// A response without its request id and date.
pub fn whole(response: &Response) -> (u16, Vec<String>, String) {
    let headers = response.headers.iter().filter(|(name, _)| *name != "date" && !name.as_str().ends_with("request-id"));
    let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    (response.status, headers, response.text.clone())
}

/// All texts within a value.
pub fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

/// A body without the texts of the request.
pub fn without_request_texts(body: &str, given: &Map<String, Value>) -> String {
    let mut texts = Vec::new();
    given.values().for_each(|value| collect(value, &mut texts));
    without(body, texts)
}

/// The same without any id or token. Ids of the request may be sorted among others, so they are masked as any id.
pub fn masked(body: &str, given: &Map<String, Value>) -> String {
    let mut texts = Vec::new();
    given.values().for_each(|value| collect(value, &mut texts));
    texts.retain(|text| Uuid::try_parse(text).is_err());
    without_ids(&without(body, texts))
}

fn without(body: &str, mut texts: Vec<String>) -> String {
    texts.retain(|text| !text.is_empty());
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts.iter().fold(body.to_owned(), |body, text| {
        // As in JSON, without the quotes.
        let quoted = json!(text).to_string();
        body.replace(&quoted[1..quoted.len() - 1], "(given)")
    })
}

fn without_ids(body: &str) -> String {
    let mut rest = body;
    let mut masked = String::new();
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..36).filter(|text| Uuid::try_parse(text).is_ok());
        let token = ["seam_", "whsec_"].iter().find(|identifying_text| rest.starts_with(**identifying_text));
        let (identifying_text, length) = match (id, token) {
            (Some(_), _) => ("(id)", 36),
            (_, Some(_)) => ("(token)", rest.find('"').unwrap_or(rest.len())),
            _ => ("", first.len_utf8()),
        };
        masked.push_str(if identifying_text.is_empty() { &rest[..length] } else { identifying_text });
        rest = &rest[length..];
    }
    masked
}
