//! Arguments of the Diga dialect's operations.

use super::Arguments;
use crate::support::document::Operation;
use crate::support::numbers::{act, number, path};
use crate::support::world::World;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

/// A workspace with an imported number.
pub struct Diga {
    imported: Value,
}

impl Arguments for Diga {
    async fn new(world: &World) -> Diga {
        Diga { imported: world.imported(&number(0)).await }
    }

    fn variants(operation: &Operation) -> usize {
        match (operation.method, operation.path) {
            ("GET", "/v1/phone/") | ("POST", "/v1/phone/import" | "/v1/phone/{phone_id}/assign") => 2,
            ("DELETE", "/v1/phone/{phone_id}") => 3,
            _ => 1,
        }
    }

    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder {
        let (key, number) = (world.key(), number(serial));
        let arguments = match (operation.method, operation.path, variant) {
            ("GET", "/v1/phone/", 0) => json!({}),
            ("GET", "/v1/phone/", _) => {
                json!({ "status": "assigned", "start_assigned_at": "2000-01-01", "order": "asc", "limit": 5 })
            }
            ("POST", "/v1/phone/import", 0) => json!({ "phone_number": number }),
            ("POST", "/v1/phone/import", _) => {
                json!({ "phone_number": number, "sip_config": { "termination_uri": "sip.example.com" } })
            }
            ("POST", "/v1/phone/reserve", _) => json!({ "number": number }),
            ("GET", "/v1/phone/{phone_id}", _) => json!({ "phone_id": self.imported["id"] }),
            ("PATCH", "/v1/phone/{phone_id}", _) => {
                json!({ "phone_id": self.imported["id"], "nickname": format!("line {serial}") })
            }
            ("DELETE", "/v1/phone/{phone_id}", 0) => json!({ "phone_id": world.imported(&number).await["id"] }),
            ("DELETE", "/v1/phone/{phone_id}", 1) => json!({ "phone_id": world.bought(&number).await["id"] }),
            ("DELETE", "/v1/phone/{phone_id}", _) => {
                let (register, person) = (world.imported(&number).await, world.person(&format!("{serial}")).await);
                act(key, &register, "assign", json!({ "user_identity_id": person })).await.register();
                json!({ "phone_id": register["id"] })
            }
            ("POST", "/v1/phone/{phone_id}/assign", 0) => json!({ "phone_id": world.reserved(&number).await["id"] }),
            ("POST", "/v1/phone/{phone_id}/assign", _) => {
                let person = world.person(&format!("{serial}")).await;
                json!({ "phone_id": world.imported(&number).await["id"], "user_identity_id": person })
            }
            ("POST", "/v1/phone/{phone_id}/cancel_release", _) => {
                let register = world.bought(&number).await;
                assert_eq!(key.delete(&path(&register)).await.status, 204);
                json!({ "phone_id": register["id"] })
            }
            _ => panic!("{operation} has no arguments here yet"),
        };
        let arguments: Map<String, Value> = serde_json::from_value(arguments).expect("an object");
        operation.request(key, &arguments)
    }
}
