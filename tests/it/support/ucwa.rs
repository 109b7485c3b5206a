//! User identities with sessions, their applications and slots, and assertions on responses of the UCWA dialect.

use super::client::{Client, Response};
use super::world::{Tenant, World, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Collections of applications, in each spelling.
pub const COLLECTIONS: [&str; 3] = ["/ucwa/oauth/v1/applications", "/ucwa/v1/applications", "/v1/applications"];

/// The slots, in order.
pub const SLOTS: [&str; 4] = ["work", "mobile", "home", "other"];

/// XML namespace of the dialect.
pub const NAMESPACE: &str = "http://schemas.microsoft.com/rtc/2012/03/ucwa";

/// A phone number in its stored form.
pub const NUMBER: &str = "tel:+14255550199";

/// A user identity with a client session.
pub struct Person {
    pub id: String,
    pub client: Client,
}

impl Person {
    pub async fn new(tenant: &Tenant, key: &str) -> Person {
        let id = tenant.person(key).await;
        Person { client: tenant.session(&id).await, id }
    }

    /// Creates an application and returns its path.
    pub async fn begin(&self, collection: &str, endpoint: &str) -> String {
        href(&self.create_application(collection, endpoint).await, "self")
    }

    /// Creates an application and returns the response.
    pub async fn create_application(&self, collection: &str, endpoint: &str) -> Value {
        self.client.post(collection, new_application(endpoint)).await.of_ucwa(201).body.clone()
    }

    /// The path prefixes of `/me`: an application under each collection, and the root without one.
    pub async fn bases(&self) -> Vec<String> {
        let mut bases = vec![String::new()];
        for collection in COLLECTIONS {
            bases.push(self.begin(collection, collection).await);
        }
        bases
    }

    /// Reads a slot.
    pub async fn slot(&self, kind: &str) -> Value {
        self.client.get(&format!("/me/phones/{kind}")).await.of_ucwa(200).body.clone()
    }

    /// A slot's number, and whether it is shared.
    pub async fn number_and_visibility(&self, kind: &str) -> (String, bool) {
        let slot = self.slot(kind).await;
        (text(&slot["number"]), slot["includeInContactCard"].as_bool().expect("a boolean"))
    }

    /// Writes a number to a slot.
    pub async fn put(&self, kind: &str, number: &str, is_shared: bool) {
        let body = json!({ "number": number, "includeInContactCard": is_shared });
        self.client.post(&format!("/me/phones/{kind}/changeNumber"), body).await.is_no_content();
    }
}

/// A world with one user identity, Jane.
pub async fn jane() -> (World, Person) {
    let world = World::new().await;
    let jane = Person::new(&world, "jane").await;
    (world, jane)
}

pub fn new_application(endpoint: &str) -> Value {
    json!({ "culture": "en-US", "endpointId": endpoint, "userAgent": "tests" })
}

/// Target of a resource's link.
#[track_caller]
pub fn href(resource: &Value, rel: &str) -> String {
    text(&resource["_links"][rel]["href"])
}

/// Link relations of a resource.
pub fn links(resource: &Value) -> BTreeSet<&str> {
    resource["_links"].as_object().into_iter().flatten().map(|(rel, _)| rel.as_str()).collect()
}

/// All link targets within a response.
pub fn hrefs(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("href").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(hrefs)).collect()
        }
        Value::Array(items) => items.iter().flat_map(hrefs).collect(),
        _ => Vec::new(),
    }
}

impl Response {
    /// Asserts a JSON response of this status, in the dialect's default form.
    #[track_caller]
    pub fn of_ucwa(&self, status: u16) -> &Response {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert!(self.body.is_object(), "{self:?}");
        self.is_numbered()
    }

    /// Asserts 204 without a body.
    #[track_caller]
    pub fn is_no_content(&self) {
        assert_eq!((self.status, self.text.as_str(), self.header("content-type")), (204, "", None), "{self:?}");
        self.is_numbered();
    }

    /// Asserts an error, without a subcode if that is empty, and returns its body.
    #[track_caller]
    pub fn is_ucwa_error(&self, status: u16, code: &str, subcode: &str) -> Value {
        let body = self.of_ucwa(status).body.clone();
        assert_eq!(body["code"], code, "{self:?}");
        assert_eq!(body.get("subcode").and_then(Value::as_str), Some(subcode).filter(|it| !it.is_empty()), "{self:?}");
        assert!(!text(&body["message"]).is_empty(), "{self:?}");
        let known = ["code", "subcode", "message", "parameters"];
        assert!(body.as_object().is_some_and(|it| it.keys().all(|name| known.contains(&&**name))), "{self:?}");
        assert_eq!(body.get("parameters").is_some(), subcode == "ParameterValidationFailure", "{self:?}");
        body
    }

    /// Asserts an error for exactly these inputs and returns the reasons.
    #[track_caller]
    pub fn is_invalid(&self, names: &[&str]) -> Vec<String> {
        let body = self.is_ucwa_error(400, "BadRequest", "ParameterValidationFailure");
        let parameters = body["parameters"].as_array().unwrap_or_else(|| panic!("no list: {self:?}"));
        let actual: Vec<&str> = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
        assert_eq!(actual, names, "{self:?}");
        parameters.iter().map(|parameter| text(&parameter["reason"])).collect()
    }

    /// Asserts the 401 challenge with the address of the token endpoint.
    #[track_caller]
    pub fn is_challenge(&self, host: &str) {
        let why = format!("{self:?}");
        assert_eq!((self.status, self.header("content-type")), (401, Some("text/html")), "{why}");
        let domain = host.split(':').next().unwrap_or_default();
        let expected = [
            format!(
                "Bearer trusted_issuers=\"00000002-0000-0ff1-ce00-000000000000@{domain}\", \
                 client_id=\"00000004-0000-0ff1-ce00-000000000000\""
            ),
            format!("MsRtcOAuth href=\"http://{host}/WebTicket/oauthtoken\",grant_type=\"password\""),
        ];
        let actual: Vec<&[u8]> = self.headers.get_all("www-authenticate").iter().map(|it| it.as_bytes()).collect();
        assert_eq!(actual, expected.each_ref().map(|it| it.as_bytes()), "{why}");
        assert!(self.text.contains('<') && self.text.len() < 1000, "{why}");
        self.is_numbered();
    }

    #[track_caller]
    fn is_numbered(&self) -> &Response {
        let number = self.header("x-request-id").unwrap_or_else(|| panic!("no number: {self:?}"));
        number.parse::<Uuid>().expect("a request id is a UUID");
        self
    }
}
