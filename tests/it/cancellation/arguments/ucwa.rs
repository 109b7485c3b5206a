//! Arguments of the UCWA dialect's operations.

use super::Arguments;
use crate::support::document::{Location, Operation};
use crate::support::ucwa::{COLLECTIONS, Person, new_application};
use crate::support::world::World;
use handset::domain::id::UserIdentityId;
use handset::domain::password::Password;
use handset::random::Random;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

const PASSWORD: &str = "correct horse";

/// A person with an application and a password.
pub struct Ucwa {
    person: Person,
    application: String,
}

impl Arguments for Ucwa {
    async fn new(world: &World) -> Ucwa {
        let person = Person::new(world, "jane").await;
        let id = UserIdentityId(person.id.parse().expect("an id"));
        let password = Password::chosen(PASSWORD).expect("it is long enough");
        let kept = world.store.set_password_anywhere(id, password, &Random::seeded(3), world.clock.now()).await;
        kept.expect("the person is there");
        let base = person.begin(COLLECTIONS[0], "endpoint").await;
        person.client.call("POST", &format!("{base}/me/makeMeAvailable")).await.is_no_content();
        let application = id_of(&base);
        Ucwa { person, application }
    }

    /// With the person's session, and with the workspace's key in the person's name. For the other base paths of
    /// applications, the first is enough.
    fn variants(operation: &Operation) -> usize {
        if operation.is_open() || COLLECTIONS[1..].iter().any(|other| operation.path.starts_with(other)) {
            1
        } else {
            2
        }
    }

    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder {
        let number = format!("+1425555{:04}", serial % 10_000);
        let path = operation.path;
        if path == "/webticket/oauthtoken" {
            let form = "grant_type=password&username=jane&password=correct+horse";
            let request = world.key().anonymous().request("POST", path);
            return request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let mut arguments = Map::new();
        for field in operation.fields().into_iter().filter(|field| field.location == Location::Path) {
            let value = match field.name {
                "application_id" => self.application(operation, serial).await,
                "type" => "mobile".to_owned(),
                "contact_id" => self.person.id.clone(),
                other => panic!("{operation}: unknown path parameter {other}"),
            };
            arguments.insert(field.name.to_owned(), json!(value));
        }
        let more = match (operation.method, path) {
            ("GET", path) if path.ends_with("/people/search") => json!({ "query": "jane" }),
            ("GET", path) if path.ends_with("/events") => json!({ "timeout": 0 }),
            ("POST", path) if path.ends_with("/applications") => new_application(&format!("endpoint {serial}")),
            ("POST", path) if path.ends_with("/me/phones") => {
                self.person.client.delete("/me/phones/mobile").await.is_no_content();
                json!({ "type": "mobile", "number": number })
            }
            ("POST", path) if path.ends_with("/changeNumber") => json!({ "number": number }),
            ("POST", path) if path.ends_with("/changeVisibility") => {
                json!({ "includeInContactCard": serial.is_multiple_of(2) })
            }
            ("DELETE", path) if path.ends_with("/me/phones/{type}") => {
                self.person.put("mobile", &number, true).await;
                json!({})
            }
            _ => json!({}),
        };
        if variant == 1 && operation.fields().iter().any(|field| field.name == "If-Match") {
            arguments.insert("If-Match".to_owned(), json!("*"));
        }
        arguments.extend::<Map<String, Value>>(serde_json::from_value(more).expect("an object"));
        let by_key = world.key().with("x-ucwa-user", &self.person.id);
        operation.request(if variant == 0 { &self.person.client } else { &by_key }, &arguments)
    }
}

impl Ucwa {
    /// The application for an operation; a new one if the operation works only once.
    async fn application(&self, operation: &Operation, serial: u32) -> String {
        let is_end = operation.method == "DELETE" && operation.path.ends_with("{application_id}");
        if is_end || operation.path.ends_with("/makeMeAvailable") {
            id_of(&self.person.begin(COLLECTIONS[0], &format!("endpoint {serial}")).await)
        } else {
            self.application.clone()
        }
    }
}

fn id_of(address: &str) -> String {
    address.rsplit('/').next().expect("an id").to_owned()
}
