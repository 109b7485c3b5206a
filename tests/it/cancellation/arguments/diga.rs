//! Arguments of the Diga dialect's operations.

use super::Arguments;
use crate::support::document::Operation;
use crate::support::numbers::{call_action, number, path};
use crate::support::world::World;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

/// A workspace with an imported number.
pub struct Diga {
    imported: Value,
}

impl Arguments for Diga {
    async fn new(world: &World) -> Diga {
        Diga { imported: world.import_number(&number(0)).await }
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
            ("DELETE", "/v1/phone/{phone_id}", 0) => json!({ "phone_id": world.import_number(&number).await["id"] }),
            ("DELETE", "/v1/phone/{phone_id}", 1) => {
                json!({ "phone_id": world.reserve_and_assign_number(&number).await["id"] })
            }
            ("DELETE", "/v1/phone/{phone_id}", _) => {
                let (phone_number, person) =
                    (world.import_number(&number).await, world.person(&format!("{serial}")).await);
                call_action(key, &phone_number, "assign", json!({ "user_identity_id": person })).await.phone_number();
                json!({ "phone_id": phone_number["id"] })
            }
            ("POST", "/v1/phone/{phone_id}/assign", 0) => {
                json!({ "phone_id": world.reserve_number(&number).await["id"] })
            }
            ("POST", "/v1/phone/{phone_id}/assign", _) => {
                let person = world.person(&format!("{serial}")).await;
                json!({ "phone_id": world.import_number(&number).await["id"], "user_identity_id": person })
            }
            ("POST", "/v1/phone/{phone_id}/cancel_release", _) => {
                let phone_number = world.reserve_and_assign_number(&number).await;
                assert_eq!(key.delete(&path(&phone_number)).await.status, 204);
                json!({ "phone_id": phone_number["id"] })
            }
            _ => panic!("{operation} has no arguments here yet"),
        };
        let arguments: Map<String, Value> = serde_json::from_value(arguments).expect("an object");
        operation.request(key, &arguments)
    }
}
