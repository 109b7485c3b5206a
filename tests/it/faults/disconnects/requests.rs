//! Requests of disconnecting clients: changes of every dialect, sign-ins and event streams, as bytes of HTTP.

use crate::support::numbers::number;
use crate::support::phone_com::Extension;
use crate::support::world::{Tenant, World, text};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const FORM: &str = "application/x-www-form-urlencoded";

/// Number of shared resources of each kind.
const SHARED: usize = 12;

/// The resources of a workspace that requests use.
pub struct Targets {
    key: String,
    workspace: String,
    persons: Vec<String>,
    phones: Vec<String>,
    contacts_path: String,
    contacts: Vec<i64>,
    phone_numbers: Vec<String>,
    /// Tokens of client sessions, one per person.
    sessions: Vec<String>,
}

impl Targets {
    pub async fn new(world: &World, tenant: &Tenant) -> Targets {
        let (mut persons, mut phones, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut contacts, mut phone_numbers) = (Vec::new(), Vec::new());
        for which in 0..SHARED {
            let person = tenant.person(&format!("{}-{which}", tenant.id)).await;
            phones.push(tenant.phone(&person).await);
            sessions.push(lasting_session(tenant, &person).await);
            persons.push(person);
        }
        let extension = Extension::of_person(tenant.key(), &persons[0]).await;
        for which in (0_u32..).take(SHARED) {
            let contact = extension.add_contact(json!({ "first_name": format!("c{which}") })).await;
            contacts.push(contact["id"].as_i64().expect("an id is an integer"));
            // Not reserved: by the server's system clock a reservation of the world's has expired.
            let phone_number = tenant.import_number(&number(9_000_000 + which)).await;
            phone_numbers.push(text(&phone_number["id"]));
        }
        let console = world.console_session(&[tenant]).await;
        let password = json!({ "user_identity_id": persons[0], "password": PASSWORD });
        let console = tenant.key().anonymous().bearer(console.reveal()).in_workspace(&tenant.id);
        console.post("/user_identities/set_password", password).await.ok();
        Targets {
            key: tenant.api_key.reveal().to_owned(),
            workspace: tenant.id.clone(),
            persons,
            phones,
            contacts_path: extension.contacts(),
            contacts,
            phone_numbers,
            sessions,
        }
    }

    /// The next request: mostly creations of phones, since the cheapest changes collide most often.
    pub fn request(&self, random: &mut StdRng) -> Vec<u8> {
        let person = pick(&self.persons, random);
        match random.random_range(0..100) {
            0..35 => self.post("/phones/simulate/create_sandbox_phone", &json!({ "user_identity_id": person })),
            35..45 => self.post("/user_identities/create", &json!({ "full_name": "Vanishing" })),
            45..52 => self.post("/user_identities/deactivate_phones", &json!({ "user_identity_id": person })),
            52..57 => self.post("/phones/deactivate", &json!({ "device_id": pick(&self.phones, random) })),
            57..72 => self.contact(random),
            72..87 => self.number(random),
            87..92 => self.change_number(random),
            92..96 => self.post("/client_sessions/create", &json!({ "user_identity_id": person })),
            96..99 => http("GET", "/events/stream", &self.key, ""),
            _ => self.sign_in(),
        }
    }

    fn contact(&self, random: &mut StdRng) -> Vec<u8> {
        let numbers = json!([{ "number": number(random.random_range(0..1_000)), "type": "business" }]);
        let fields = json!({ "first_name": "Vanishing", "phone_numbers": numbers });
        let path = format!("{}/{}", self.contacts_path, pick(&self.contacts, random));
        match random.random_range(0..10) {
            0..6 => self.json("POST", &self.contacts_path, &fields),
            6..9 => self.json("PUT", &path, &fields),
            // Contact ids are small, so that some contacts of disconnecting clients are deleted, too.
            _ => http("DELETE", &format!("{}/{}", self.contacts_path, random.random_range(1..500)), &self.key, ""),
        }
    }

    fn number(&self, random: &mut StdRng) -> Vec<u8> {
        let number = number(random.random_range(0..5_000));
        let path = format!("/v1/phone/{}", pick(&self.phone_numbers, random));
        match random.random_range(0..10) {
            0..3 => self.post("/v1/phone/reserve", &json!({ "number": number })),
            3..6 => self.post("/v1/phone/import", &json!({ "phone_number": number })),
            6..9 => {
                let person = random.random_bool(0.5).then(|| pick(&self.persons, random));
                self.post(&format!("{path}/assign"), &json!({ "user_identity_id": person }))
            }
            _ => http("DELETE", &path, &self.key, ""),
        }
    }

    fn change_number(&self, random: &mut StdRng) -> Vec<u8> {
        let number = format!("tel:{}", number(random.random_range(0..5_000)));
        let body = json!({ "number": number, "includeInContactCard": random.random_bool(0.5) }).to_string();
        let slot = pick(&["mobile", "home", "other"], random);
        let path = format!("/me/phones/{slot}/changeNumber");
        let token = pick(&self.sessions, random);
        http("POST", &path, token, &with_type("application/json", &body))
    }

    fn sign_in(&self) -> Vec<u8> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "password")
            .append_pair("username", &format!("{}-0", self.workspace))
            .append_pair("password", PASSWORD)
            .finish();
        http("POST", "/WebTicket/oauthtoken", "", &with_type(FORM, &form))
    }

    fn post(&self, path: &str, body: &Value) -> Vec<u8> {
        self.json("POST", path, body)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Vec<u8> {
        http(method, path, &self.key, &with_type("application/json", &body.to_string()))
    }
}

/// The token of a client session that has not expired by the system's clock.
pub async fn lasting_session(tenant: &Tenant, person: &str) -> String {
    let fields = json!({ "user_identity_id": person, "expires_at": "2100-01-01T00:00:00Z" });
    text(&tenant.client_session(fields).await["token"])
}

fn pick<'a, T>(things: &'a [T], random: &mut StdRng) -> &'a T {
    &things[random.random_range(0..things.len())]
}

/// The headers of a body, and the body.
fn with_type(content_type: &str, body: &str) -> String {
    format!("content-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A request that closes its connection. `rest` follows the common headers; empty for no body.
fn http(method: &str, path: &str, token: &str, rest: &str) -> Vec<u8> {
    let credential = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    let rest = if rest.is_empty() { "\r\n" } else { rest };
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{credential}{rest}").into_bytes()
}
