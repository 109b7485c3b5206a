//! Assignment of credentials to user identities and ACS users, and its end.

use super::{CREDENTIALS_OF_DEACTIVATED_PHONES, PHONES_WITHOUT_CHILD_CREDENTIAL, children};
use crate::support::concurrency::{CONNECTIONS, count};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const USER: &str = "00000000-0000-4000-8000-000000000001";

/// Calls the operation with a credential and a person, and returns the credential.
async fn call(world: &World, operation: &str, credential: &str, person: &str) -> Value {
    let body = json!({ "acs_credential_id": credential, "user_identity_id": person });
    world.key().patch(&format!("/acs/credentials/{operation}"), body).await.ok()["acs_credential"].clone()
}

async fn mobile_key(world: &World, person: &str) -> String {
    let fields = json!({ "user_identity_id": person, "access_method": "mobile_key" });
    let made = world.key().post("/acs/credentials/create", fields).await.ok();
    text(&made["acs_credential"]["acs_credential_id"])
}

#[tokio::test]
async fn a_multi_phone_sync_credential_changes_hands_with_its_children() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (_, first, second) = (world.phone(&jane).await, world.phone(&joe).await, world.phone(&joe).await);
    let parent = world.sync_credential(&jane).await;
    let lost = children(&world.credentials(&jane).await, &parent);
    world.advance(TimeDelta::seconds(1));

    let unassigned = call(&world, "unassign", &parent, &jane).await;
    assert_eq!((&unassigned["is_issued"], unassigned.get("user_identity_id")), (&json!(false), None));
    assert!(world.credentials(&jane).await.is_empty());
    let ids = async |event_type: &str| {
        let events = world.events(event_type).await;
        events.iter().map(|event| text(&event["acs_credential_id"])).collect::<Vec<_>>()
    };
    assert_eq!(ids("acs_credential.deleted").await, lost);
    let mut invalidated = ids("acs_credential.invalidated").await;
    invalidated.sort();
    let mut expected = vec![parent.clone(), lost[0].clone()];
    expected.sort();
    assert_eq!(invalidated, expected);
    assert_eq!(call(&world, "unassign", &parent, &jane).await, unassigned, "idempotent");

    world.advance(TimeDelta::seconds(1));
    let assigned = call(&world, "assign", &parent, &joe).await;
    assert_eq!((&assigned["user_identity_id"], &assigned["is_issued"]), (&json!(joe), &json!(true)));
    assert_eq!(children(&world.credentials(&joe).await, &parent).len(), 2);
    assert_eq!(ids("acs_credential.issued").await.len(), 5, "two at first, then three");
    assert_eq!(call(&world, "assign", &parent, &joe).await, assigned, "idempotent");
    assert_eq!(ids("acs_credential.issued").await.len(), 5);

    // A phone that is registered later, one that is lost, and the whole way once more.
    world.advance(TimeDelta::seconds(1));
    world.phone(&joe).await;
    assert_eq!(children(&world.credentials(&joe).await, &parent).len(), 3);
    world.key().post("/phones/deactivate", json!({ "device_id": first })).await.ok();
    for holder in [&joe, &joe, &jane] {
        call(&world, "unassign", &parent, &joe).await;
        call(&world, "assign", &parent, holder).await;
    }
    assert_eq!(children(&world.credentials(&jane).await, &parent).len(), 1);
    world.key().post("/phones/deactivate", json!({ "device_id": second })).await.ok();
    world.key().post("/acs/credentials/delete", json!({ "acs_credential_id": parent })).await.ok();
}

#[tokio::test]
async fn a_mobile_key_goes_to_the_newest_phone_of_its_new_holder_or_waits_for_one() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.phone(&jane).await;
    world.advance(TimeDelta::seconds(1));
    let newest = world.phone(&jane).await;
    let key = mobile_key(&world, &jane).await;
    let holders = async || {
        let listed = world.key().get(&format!("/phones/list?acs_credential_id={key}")).await.ok();
        listed["phones"].as_array().expect("a list").iter().map(|phone| text(&phone["device_id"])).collect::<Vec<_>>()
    };
    assert_eq!(holders().await, std::slice::from_ref(&newest));
    for round in 0..2 {
        world.advance(TimeDelta::seconds(1));
        let unassigned = call(&world, "unassign", &key, &jane).await;
        assert_eq!((&unassigned["issued_at"], holders().await.len()), (&Value::Null, 0));
        // Joe has no phone yet; the key is issued to the one that is registered.
        let waiting = call(&world, "assign", &key, &joe).await;
        assert_eq!((&waiting["is_issued"], holders().await.len()), (&json!(false), 0));
        let body = json!({ "user_identity_id": joe, "custom_sdk_installation_id": format!("Installation {round}") });
        let phone = world.key().post("/phones/simulate/create_sandbox_phone", body).await.ok();
        assert_eq!(holders().await, [text(&phone["phone"]["device_id"])]);
        call(&world, "unassign", &key, &joe).await;
        world.key().post("/user_identities/deactivate_phones", json!({ "user_identity_id": joe })).await.ok();
        let issued = call(&world, "assign", &key, &jane).await;
        assert_eq!((&issued["is_issued"], holders().await), (&json!(true), vec![newest.clone()]));
    }
    assert_eq!(world.events("acs_credential.issued").await.len(), 5);
    assert_eq!(world.events("acs_credential.invalidated").await.len(), 4);
    assert_eq!(world.events("acs_credential.deleted").await.len(), 0, "a lost phone had none");
    world.key().post("/phones/deactivate", json!({ "device_id": newest })).await.ok();
    assert!(world.credentials(&jane).await.is_empty());
    assert_eq!(world.events("acs_credential.deleted").await.len(), 1);
}

#[tokio::test]
async fn assign_credential_refuses_two_holders_and_a_credential_of_another_one() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.phone(&jane).await;
    let parent = world.sync_credential(&jane).await;
    let child = children(&world.credentials(&jane).await, &parent)[0].clone();
    let before = world.credentials(&jane).await;
    for operation in ["/acs/credentials/assign", "/acs/credentials/unassign"] {
        for holder in [json!({}), json!({ "user_identity_id": jane, "acs_user_id": USER })] {
            let mut body = holder;
            body["acs_credential_id"] = json!(parent);
            let message = "Must specify either user_identity_id or acs_user_id";
            world.key().post(operation, body).await.invalid("", message);
        }
        let body = json!({ "acs_credential_id": child, "user_identity_id": jane });
        let message = "The credential of a phone follows its parent_acs_credential_id. Assign or unassign that one";
        world.key().post(operation, body).await.invalid("", message);
        let body = json!({ "acs_credential_id": parent, "acs_user_id": USER });
        let message = "A multi-phone sync credential must have a user_identity_id";
        world.key().post(operation, body).await.invalid("", message);
        let body = json!({ "acs_credential_id": USER, "user_identity_id": jane });
        world.key().post(operation, body).await.refused(404, "acs_credential_not_found");
    }
    let body = json!({ "acs_credential_id": parent, "user_identity_id": joe });
    world.key().post("/acs/credentials/assign", body.clone()).await.refused(400, "acs_credential_already_assigned");
    world.key().post("/acs/credentials/unassign", body).await.refused(400, "acs_credential_not_assigned");
    let body = json!({ "acs_credential_id": parent, "user_identity_id": USER });
    world.key().post("/acs/credentials/assign", body).await.refused(404, "user_identity_not_found");
    assert_eq!(world.credentials(&jane).await, before);
}

#[tokio::test]
async fn a_card_is_assigned_to_an_acs_user_and_to_a_user_identity() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let card = json!({ "acs_user_id": USER, "access_method": "card" });
    let card = world.key().post("/acs/credentials/create", card).await.ok()["acs_credential"].clone();
    let id = text(&card["acs_credential_id"]);
    let of_user = json!({ "acs_credential_id": id, "acs_user_id": USER });
    let unassigned = world.key().post("/acs/credentials/unassign", of_user.clone()).await.ok();
    assert_eq!(unassigned["acs_credential"].get("acs_user_id"), None);
    let assigned = call(&world, "assign", &id, &jane).await;
    assert_eq!((&assigned["user_identity_id"], &assigned["is_issued"]), (&json!(jane), &json!(false)));
    world.key().post("/acs/credentials/assign", of_user.clone()).await.refused(400, "acs_credential_already_assigned");
    call(&world, "unassign", &id, &jane).await;
    let assigned = world.key().post("/acs/credentials/assign", of_user).await.ok();
    assert_eq!(assigned["acs_credential"], card);
    assert!(world.events("acs_credential.issued").await.is_empty(), "a card is not issued here");
    let audited: Vec<String> = sqlx::query_scalar(
        "select action from audit where subject_id::text = $1 and action like 'credential.%assigned' order by at, audit_id",
    )
    .bind(&id)
    .fetch_all(&mut world.database().await)
    .await
    .expect("the query succeeds");
    assert_eq!(audited.len(), 4, "{audited:?}");
}

#[tokio::test]
async fn a_credential_is_not_assigned_to_a_suspended_user_identity() {
    let world = World::new().await;
    let directory = world.directory().await;
    let sue = directory.create_scim_user("sue").await;
    let jane = world.person("jane").await;
    let parent = world.sync_credential(&jane).await;
    call(&world, "unassign", &parent, &jane).await;
    directory.patch(&crate::support::scim::path_of(&sue), crate::support::scim::active(false)).await.of_scim(200);
    let body = json!({ "acs_credential_id": parent, "user_identity_id": sue["id"] });
    world.key().post("/acs/credentials/assign", body).await.refused(400, "user_identity_suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn assign_and_unassign_during_deactivation_and_registration_leave_no_phone_without_its_credential() {
    let world = World::with_connections(CONNECTIONS).await;
    for round in 0..20 {
        let (from, to) = (world.person(&format!("from{round}")).await, world.person(&format!("to{round}")).await);
        let (one, _, two) = (world.phone(&from).await, world.phone(&to).await, world.phone(&to).await);
        let (parent, key) = (world.sync_credential(&from).await, mobile_key(&world, &from).await);
        let body =
            |credential: &str, person: &str| json!({ "acs_credential_id": credential, "user_identity_id": person });
        let (unassigned, deactivated, also, _) = tokio::join!(
            world.key().post("/acs/credentials/unassign", body(&parent, &from)),
            world.key().post("/phones/deactivate", json!({ "device_id": one })),
            world.key().post(
                "/acs/credentials/update",
                json!({ "acs_credential_id": parent, "ends_at": "2027-01-01T00:00:00Z" })
            ),
            world.key().post("/acs/credentials/unassign", body(&key, &from)),
        );
        [unassigned, deactivated, also].iter().for_each(|response| _ = response.ok());
        let (assigned, deactivated, _, again, _) = tokio::join!(
            world.key().post("/acs/credentials/assign", body(&parent, &to)),
            world.key().post("/phones/deactivate", json!({ "device_id": two })),
            world.phone(&to),
            world.key().post("/acs/credentials/assign", body(&parent, &to)),
            world.key().post("/acs/credentials/assign", body(&key, &to)),
        );
        [assigned, deactivated, again].iter().for_each(|response| _ = response.ok());
        assert_eq!(count(&world, CREDENTIALS_OF_DEACTIVATED_PHONES).await, 0, "round {round}");
        assert_eq!(count(&world, PHONES_WITHOUT_CHILD_CREDENTIAL).await, 0, "round {round}");
        let ends = world.credentials(&to).await;
        let synced =
            ends.iter().filter(|it| it["acs_credential_id"] == *parent || !it["parent_acs_credential_id"].is_null());
        assert!(synced.into_iter().all(|it| it["ends_at"] == "2027-01-01T00:00:00Z"), "round {round}: {ends:?}");
    }
}
