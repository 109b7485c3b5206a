//! Credentials of phones: multi-phone sync credentials and their children, filters of lists, and validation.

mod assignment;
mod changes;

use crate::phones::filters::{TwoPhones, two_phones};
use crate::support::concurrency::{CONNECTIONS, count};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

#[tokio::test]
async fn each_phone_has_a_child_of_a_multi_phone_sync_credential() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let first = world.phone(&jane).await;
    world.advance(TimeDelta::seconds(1));
    let parent = world.sync_credential(&jane).await;
    world.advance(TimeDelta::seconds(1));
    let second = world.phone(&jane).await;

    let children = children(&world.credentials(&jane).await, &parent);
    assert_eq!(children.len(), 2, "one from the creation of the credential, one from the registration");
    let holders = async |credential: &str| {
        let listed = world.key().get(&format!("/phones/list?acs_credential_id={credential}")).await.ok();
        list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect::<Vec<_>>()
    };
    assert_eq!(holders(&parent).await, [first.clone(), second.clone()]);
    assert_eq!(holders(&children[0]).await, [first.as_str()]);
    assert_eq!(holders(&children[1]).await, [second.as_str()]);

    world.key().post("/phones/deactivate", json!({ "device_id": first })).await.ok();
    let left: Vec<String> =
        world.credentials(&jane).await.iter().map(|credential| text(&credential["acs_credential_id"])).collect();
    assert_eq!(left, [parent.clone(), children[1].clone()], "the parent and the other phone's child stay");
    for event_type in ["acs_credential.invalidated", "acs_credential.deleted"] {
        let events = world.events(event_type).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["acs_credential_id"], children[0]);
    }
    assert_eq!(holders(&parent).await, [second]);
}

fn children(credentials: &[Value], parent: &str) -> Vec<String> {
    let is_child = |credential: &&Value| credential["parent_acs_credential_id"] == *parent;
    credentials.iter().filter(is_child).map(|child| text(&child["acs_credential_id"])).collect()
}

#[tokio::test]
async fn a_mobile_key_is_issued_when_a_phone_is_registered() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let fields = json!({ "user_identity_id": jane, "access_method": "mobile_key" });
    let key = world.key().post("/acs/credentials/create", fields).await.ok()["acs_credential"].clone();
    assert_eq!((&key["is_issued"], &key["issued_at"]), (&json!(false), &Value::Null));
    assert!(world.events("acs_credential.issued").await.is_empty());
    world.advance(TimeDelta::minutes(5));
    world.phone(&jane).await;
    let issued = &world.credentials(&jane).await[0];
    assert_eq!((&issued["is_issued"], &issued["issued_at"]), (&json!(true), &json!("2026-01-01T12:05:00Z")));
    assert_eq!(world.events("acs_credential.issued").await.len(), 1);
}

#[tokio::test]
async fn delete_credential_deletes_its_children() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let parent = world.sync_credential(&jane).await;
    world.key().delete(&format!("/acs/credentials/delete?acs_credential_id={parent}")).await.ok();
    assert!(world.credentials(&jane).await.is_empty());
    assert_eq!(world.events("acs_credential.deleted").await.len(), 2);
    let again = world.key().delete(&format!("/acs/credentials/delete?acs_credential_id={parent}")).await;
    again.refused(404, "acs_credential_not_found");
    assert_eq!(world.phone_ids().await.len(), 1);
}

#[tokio::test]
async fn list_credentials_filters_by_owner_and_property() {
    let TwoPhones { world, jane, joe, .. } = two_phones().await;
    let parent = world.sync_credential(&jane).await;
    let user = "00000000-0000-4000-8000-000000000001";
    let system = "00000000-0000-4000-8000-000000000002";
    let card = json!({ "acs_user_id": user, "acs_system_id": system, "access_method": "card" });
    let card =
        text(&world.key().post("/acs/credentials/create", card).await.ok()["acs_credential"]["acs_credential_id"]);
    let count = async |filter: Value| {
        let listed = world.key().post("/acs/credentials/list", filter).await.ok();
        list(&listed["acs_credentials"]).len()
    };
    for (filter, expected) in [
        (json!({}), 3),
        (json!({ "user_identity_id": jane }), 2),
        (json!({ "user_identity_id": joe }), 0),
        (json!({ "acs_user_id": user }), 1),
        (json!({ "acs_system_id": system }), 1),
        (json!({ "is_multi_phone_sync_credential": true }), 1),
        (json!({ "is_multi_phone_sync_credential": false }), 2),
        (json!({ "search": "card" }), 1),
        (json!({ "created_before": "2026-01-01T13:00:00Z" }), 0),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter}");
    }
    let returned = world.key().get(&format!("/acs/credentials/get?acs_credential_id={card}")).await.ok();
    assert_eq!(returned["acs_credential"]["is_issued"], json!(false), "a card is not issued on creation");
    let returned = world.key().get(&format!("/acs/credentials/get?acs_credential_id={parent}")).await.ok();
    assert_eq!(returned["acs_credential"]["is_multi_phone_sync_credential"], json!(true));
}

#[tokio::test]
async fn create_credential_requires_one_owner_and_ends_at_after_starts_at() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let user = "00000000-0000-4000-8000-000000000001";
    for (fields, message) in [
        (json!({}), "Must specify either user_identity_id or acs_user_id"),
        (
            json!({ "user_identity_id": jane, "acs_user_id": user }),
            "Must specify either user_identity_id or acs_user_id",
        ),
        (
            json!({ "user_identity_id": jane, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z" }),
            "ends_at must be after starts_at",
        ),
    ] {
        let mut body = fields;
        body["access_method"] = json!("mobile_key");
        world.key().post("/acs/credentials/create", body).await.invalid("", message);
    }
    let card = json!({ "user_identity_id": jane, "access_method": "card", "is_multi_phone_sync_credential": true });
    world.key().post("/acs/credentials/create", card).await.refused(400, "invalid_input");
    let unknown = json!({ "user_identity_id": user, "access_method": "mobile_key" });
    world.key().post("/acs/credentials/create", unknown).await.refused(404, "user_identity_not_found");
    world
        .key()
        .post("/acs/credentials/create", json!({ "user_identity_id": jane, "access_method": "key" }))
        .await
        .invalid(
            "access_method",
            "Invalid enum value. Expected 'code' | 'card' | 'mobile_key' | 'cloud_key', received 'key'",
        );
}

const CREDENTIALS_OF_DEACTIVATED_PHONES: &str =
    "select count(*) from credential join phone using (workspace_id, device_id) where deactivated_at is not null";

const PHONES_WITHOUT_CHILD_CREDENTIAL: &str = "
    select count(*) from phone join credential as parent using (workspace_id, user_identity_id)
    where phone.deactivated_at is null and parent.is_multi_phone_sync_credential
        and not exists (
            select from credential as child
            where child.workspace_id = phone.workspace_id and child.device_id = phone.device_id
                and child.parent_acs_credential_id = parent.acs_credential_id)";

#[tokio::test(flavor = "multi_thread")]
async fn create_credential_during_deactivation_leaves_none_on_deactivated_phones() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..40 {
        let person = world.person(&format!("person{round}")).await;
        let (one, _other) = (world.phone(&person).await, world.phone(&person).await);
        let credential = json!({
            "user_identity_id": person, "access_method": "mobile_key", "is_multi_phone_sync_credential": true,
        });
        let all = json!({ "user_identity_id": person });
        let (created, simple, deactivated, all_deactivated) = tokio::join!(
            world.key().post("/acs/credentials/create", credential),
            world
                .key()
                .post("/acs/credentials/create", json!({ "user_identity_id": person, "access_method": "mobile_key" })),
            world.key().post("/phones/deactivate", json!({ "device_id": one })),
            async {
                match round % 2 {
                    0 => Some(world.key().post("/user_identities/deactivate_phones", all).await),
                    _ => None,
                }
            },
        );
        [Some(created), Some(simple), Some(deactivated), all_deactivated]
            .into_iter()
            .flatten()
            .for_each(|response| _ = response.ok());
        assert_eq!(count(&world, CREDENTIALS_OF_DEACTIVATED_PHONES).await, 0, "round {round}");
        assert_eq!(count(&world, PHONES_WITHOUT_CHILD_CREDENTIAL).await, 0, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_registered_while_a_sync_credential_is_created_gets_one_child() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..30 {
        let person = world.person(&format!("person{round}")).await;
        let (_, _) = tokio::join!(world.phone(&person), world.sync_credential(&person));
        assert_eq!(world.credentials(&person).await.len(), 2, "round {round}");
    }
    assert_eq!(count(&world, PHONES_WITHOUT_CHILD_CREDENTIAL).await, 0);
}
