//! What a directory learns of the server before it calls.

use crate::support::scim::USERS;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};

#[tokio::test]
async fn the_configuration_types_and_schemas_are_those_of_the_server() {
    let world = World::new().await;
    let directory = world.directory().await;
    let config = directory.get("/scim/v2/ServiceProviderConfig").await.of_scim(200).clone();
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!((&config["pagination"]["cursor"], &config["pagination"]["index"]), (&json!(true), &json!(true)));
    for endpoint in ["ResourceTypes", "Schemas"] {
        let listed = directory.get(&format!("/scim/v2/{endpoint}")).await.of_scim(200).clone();
        let resources = list(&listed["Resources"]);
        assert_eq!(listed["totalResults"], resources.len());
        for resource in resources {
            let location = text(&resource["meta"]["location"]);
            let path = &location[location.find("/scim").expect("a path")..];
            assert_eq!(directory.get(path).await.of_scim(200), &resource, "{path}");
        }
        directory.get(&format!("/scim/v2/{endpoint}/none")).await.scim_error(404, None);
        let refused = directory.post(&format!("/scim/v2/{endpoint}"), json!({})).await;
        refused.scim_error(405, None);
    }
    let types = directory.get("/scim/v2/ResourceTypes").await.of_scim(200).clone();
    assert_eq!(types["Resources"][0]["endpoint"], USERS.trim_start_matches("/scim/v2"));
}

#[tokio::test]
async fn the_schemas_say_what_can_be_written() {
    let world = World::new().await;
    let directory = world.directory().await;
    let schema =
        directory.get("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await.of_scim(200).clone();
    let attribute =
        |name: &str| list(&schema["attributes"]).into_iter().find(|it| it["name"] == name).unwrap_or_default();
    for (name, member, expected) in [
        ("userName", "required", json!(true)),
        ("userName", "uniqueness", json!("server")),
        ("groups", "mutability", json!("readOnly")),
        ("emails", "multiValued", json!(true)),
        ("active", "type", json!("boolean")),
        ("password", "type", Value::Null),
    ] {
        assert_eq!(attribute(name)[member], expected, "{name} {member}");
    }
}
