//! Arguments of the SCIM dialect's operations.

use super::Arguments;
use crate::support::client::Client;
use crate::support::document::Operation;
use crate::support::scim::{active, new_user, operations, path_of};
use crate::support::world::{World, text};
use reqwest::RequestBuilder;
use serde_json::json;

/// A directory with a user in a group.
pub struct Scim {
    directory: Client,
    user: serde_json::Value,
    group: serde_json::Value,
}

impl Scim {
    /// A user with a phone, which a change can end.
    async fn with_phone(&self, world: &World, serial: u32) -> serde_json::Value {
        let user = self.directory.create_scim_user(&format!("user{serial}")).await;
        world.phone(&text(&user["id"])).await;
        user
    }
}

impl Arguments for Scim {
    async fn new(world: &World) -> Scim {
        let directory = world.directory().await;
        let user = directory.create_scim_user("jane").await;
        let group = directory.create_scim_group("Sales", &[&user]).await;
        Scim { directory, user, group }
    }

    fn variants(operation: &Operation) -> usize {
        match (operation.method, operation.path) {
            ("GET", "/scim/v2/Users" | "/scim/v2/Groups") | ("PATCH", "/scim/v2/Users/{id}") => 2,
            _ => 1,
        }
    }

    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder {
        let client = &self.directory;
        let name = format!("made{serial}");
        let group = || json!({ "displayName": name, "members": [{ "value": self.user["id"] }] });
        match (operation.method, operation.path, variant) {
            ("GET", "/scim/v2/Users", 0) => client.request("GET", "/scim/v2/Users"),
            ("GET", "/scim/v2/Users", _) => client.request("GET", "/scim/v2/Users?filter=title%20pr&sortBy=userName"),
            ("GET", "/scim/v2/Groups", 0) => client.request("GET", "/scim/v2/Groups"),
            ("GET", "/scim/v2/Groups", _) => client.request("GET", "/scim/v2/Groups?cursor&count=1"),
            ("POST", path, _) if path.ends_with("/.search") => {
                client.request("POST", path).json(&json!({ "count": 3 }))
            }
            ("POST", "/scim/v2/Users", _) => client.request("POST", "/scim/v2/Users").json(&new_user(&name)),
            ("POST", "/scim/v2/Groups", _) => client.request("POST", "/scim/v2/Groups").json(&group()),
            ("POST", "/scim/v2/Bulk", _) => {
                let user = self.with_phone(world, serial).await;
                let body = json!({ "Operations": [
                    { "method": "POST", "path": "/Users", "bulkId": "a", "data": new_user(&name) },
                    { "method": "DELETE", "path": format!("/Users/{}", text(&user["id"])) },
                ] });
                client.request("POST", "/scim/v2/Bulk").json(&body)
            }
            ("GET", "/scim/v2/Users/{id}", _) => client.request("GET", &path_of(&self.user)),
            ("GET", "/scim/v2/Groups/{id}", _) => client.request("GET", &path_of(&self.group)),
            ("GET", "/scim/v2/ResourceTypes/{id}", _) => client.request("GET", "/scim/v2/ResourceTypes/User"),
            ("GET", "/scim/v2/Schemas/{id}", _) => {
                client.request("GET", "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
            }
            ("GET", path, _) => client.request("GET", path),
            ("PUT", "/scim/v2/Users/{id}", _) => {
                let user = self.with_phone(world, serial).await;
                let mut body = new_user(&name);
                body["active"] = json!(false);
                client.request("PUT", &path_of(&user)).json(&body)
            }
            ("PATCH", "/scim/v2/Users/{id}", 0) => {
                let user = self.with_phone(world, serial).await;
                client.request("PATCH", &path_of(&user)).json(&active(false))
            }
            ("PATCH", "/scim/v2/Users/{id}", _) => {
                let body = operations(json!([{ "op": "add", "path": "title", "value": name }]));
                client.request("PATCH", &path_of(&self.user)).json(&body)
            }
            ("DELETE", "/scim/v2/Users/{id}", _) => {
                let user = self.with_phone(world, serial).await;
                client.request("DELETE", &path_of(&user))
            }
            ("PUT", "/scim/v2/Groups/{id}", _) => client.request("PUT", &path_of(&self.group)).json(&group()),
            ("PATCH", "/scim/v2/Groups/{id}", _) => {
                let body = operations(json!([{ "op": "replace", "path": "displayName", "value": name }]));
                client.request("PATCH", &path_of(&self.group)).json(&body)
            }
            ("DELETE", "/scim/v2/Groups/{id}", _) => {
                let made = client.create_scim_group(&name, &[&self.user]).await;
                client.request("DELETE", &path_of(&made))
            }
            _ => panic!("{operation} has no arguments here yet"),
        }
    }
}
