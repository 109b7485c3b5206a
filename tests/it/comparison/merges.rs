//! Merges of user identities that have something of each kind, and access to devices.

use crate::support::numbers::{call_action, number};
use crate::support::phone_com::Extension;
use crate::support::ucwa::{COLLECTIONS, NUMBER, Person};
use crate::support::world::World;
use serde_json::{Value, json};

pub async fn play(world: &World) {
    let directory = world.directory().await;
    let mut persons = Vec::new();
    for (which, key) in [(801, "merged-first"), (802, "merged-second"), (803, "merged-third")] {
        let person = Person::new(world, key).await;
        world.phone(&person.id).await;
        let lost = world.phone(&person.id).await;
        world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
        world.sync_credential(&person.id).await;
        person.put("home", NUMBER, true).await;
        person.begin(COLLECTIONS[0], "desk").await;
        let managed = world.import_number(&number(which)).await;
        call_action(world.key(), &managed, "assign", json!({ "user_identity_id": person.id })).await.phone_number();
        let extension = Extension::of_person(world.key(), &person.id).await;
        extension.add_group("Family").await;
        extension.add_contact(json!({ "group": "Family", "phone_numbers": [{ "number": "4255550100" }] })).await;
        let whole = json!({ "id": person.id });
        directory.create_scim_group(key, &[&whole]).await;
        persons.push(person.id);
    }
    let empty = world.person("merged-empty").await;
    let waiting = json!({ "user_identity_id": empty, "access_method": "mobile_key" });
    world.key().post("/acs/credentials/create", waiting).await.ok();
    let others = world.phone(&world.person("merged-owner").await).await;
    grant(world, "grant", &persons[1], &others).await;
    grant(world, "grant", &empty, &others).await;
    grant(world, "revoke", &empty, &others).await;
    world.merge(&persons[0], &[&persons[1], &empty]).await;
    // With the managed number of the second primary.
    world.merge(&persons[2], &[&persons[0]]).await;
    world.merge(&world.person("merged-last").await, &[&persons[2]]).await;
}

async fn grant(world: &World, verb: &str, person: &str, device: &str) {
    let path = format!("/user_identities/{verb}_access_to_device");
    let body: Value = json!({ "user_identity_id": person, "device_id": device });
    world.key().post(&path, body).await.ok();
}
