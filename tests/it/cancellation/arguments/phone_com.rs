//! Arguments of the Phone.com dialect's operations.

use super::Arguments;
use crate::support::document::{Location, Operation};
use crate::support::phone_com::Extension;
use crate::support::world::World;
use handset::domain::id::UserIdentityId;
use handset::domain::password::Password;
use handset::random::Random;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

const PASSWORD: &str = "correct horse";

/// An extension with a contact in a group.
pub struct PhoneCom {
    extension: Extension,
    contact: Value,
    group: Value,
    client_id: String,
}

impl Arguments for PhoneCom {
    async fn new(world: &World) -> PhoneCom {
        let extension = Extension::of(world, "line").await;
        let group = extension.add_group("group").await;
        let contact = extension.add_contact(contact("contact", &group)).await;
        let id = UserIdentityId(extension.person.parse().expect("an id"));
        let password = Password::chosen(PASSWORD).expect("it is long enough");
        let kept = world.store.set_password_anywhere(id, password, &Random::seeded(3), world.clock.now()).await;
        kept.expect("the person is there");
        let keys = world.store.api_keys(Some(world.record.workspace_id)).await.expect("the database answers");
        // By its id only, since its name changes.
        let group = json!({ "id": group["id"] });
        PhoneCom { extension, contact, group, client_id: keys[0].api_key_id.to_string() }
    }

    fn variants(operation: &Operation) -> usize {
        let is_list = operation.method == "GET" && operation.fields().iter().any(|field| field.name == "filters[id]");
        let is_grant = is_grant(operation);
        let takes_group = operation.fields().iter().any(|field| field.name == "group");
        let is_conditional = operation.fields().iter().any(|field| field.name == "If-Match");
        if is_list || is_grant || takes_group || is_conditional { 2 } else { 1 }
    }

    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder {
        if operation.path.starts_with("/v4/oauth") && !is_grant(operation) {
            // A deletion consumes the token.
            let session = world.session(&self.extension.person).await;
            return operation.request(&session, &Map::new());
        }
        let name = format!("name {serial}");
        let mut arguments = Map::new();
        for field in operation.fields() {
            let value = match (field.location, field.name) {
                (Location::Path, "account_id") => json!(self.extension.account),
                (Location::Path, "extension_id") => json!(self.extension.extension_id),
                (Location::Path, "contact_id") if operation.method == "DELETE" => {
                    self.extension.add_contact(contact(&name, &self.group)).await["id"].clone()
                }
                (Location::Path, "group_id") if operation.method == "DELETE" => {
                    let group = self.extension.add_group(&name).await;
                    self.extension.add_contact(contact(&name, &group)).await;
                    group["id"].clone()
                }
                (Location::Path, "contact_id") => self.contact["id"].clone(),
                (Location::Path, "group_id") => self.group["id"].clone(),
                (Location::Path, other) => panic!("{operation}: unknown path parameter {other}"),
                (Location::Query, "filters[name]") if variant == 1 => json!("contains:n"),
                (Location::Query, "filters[group_id]") if variant == 1 => self.group["id"].clone(),
                (Location::Query, "filters[phone]") if variant == 1 => json!("4255550199"),
                (Location::Query, "filters[updated_at]") if variant == 1 => json!("gt:0"),
                (Location::Query, "sort[id]" | "sort[updated_at]") if variant == 1 => json!("desc"),
                (Location::Header, "If-Match") if variant == 1 => json!("*"),
                (Location::Body, "name") => json!(name),
                (Location::Body, "first_name") => json!(name),
                (Location::Body, "group") if variant == 1 => json!({ "name": name }),
                (Location::Body, "phone_numbers") => json!([{ "number": "425 555 0199" }]),
                _ => continue,
            };
            arguments.insert(field.name.to_owned(), value);
        }
        match (operation.path, variant) {
            ("/v4/oauth/access-token", 0) => {
                arguments.insert("grant_type".to_owned(), json!("client_credentials"));
                arguments.insert("client_id".to_owned(), json!(self.client_id));
                arguments.insert("client_secret".to_owned(), json!(world.api_key.reveal()));
            }
            ("/v4/oauth/access-token", _) => {
                arguments.insert("grant_type".to_owned(), json!("password"));
                arguments.insert("username".to_owned(), json!("line"));
                arguments.insert("password".to_owned(), json!(PASSWORD));
            }
            ("/v4/accounts/{account_id}/extensions/{extension_id}/contacts", 1) if operation.method == "POST" => {
                self.extension.add_group(&name).await;
            }
            (path, 1) if path.ends_with("/contacts/{contact_id}") => _ = self.extension.add_group(&name).await,
            _ => {}
        }
        let client = if operation.is_open() || operation.path.starts_with("/v4/oauth") {
            &world.key().anonymous()
        } else {
            world.key()
        };
        operation.request(client, &arguments)
    }
}

/// Whether the operation grants a token.
fn is_grant(operation: &Operation) -> bool {
    operation.path == "/v4/oauth/access-token" && operation.method == "POST"
}

/// A contact in a group.
fn contact(name: &str, group: &Value) -> Value {
    json!({ "first_name": name, "group": group, "phone_numbers": [{ "number": "425 555 0199" }] })
}
