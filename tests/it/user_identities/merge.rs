//! Merge of user identities: what belongs to them is the primary's afterwards.

use crate::support::concurrency::count;
use crate::support::numbers::{call_action, number};
use crate::support::phone_com::Extension;
use crate::support::scim::new_user;
use crate::support::ucwa::{COLLECTIONS, NUMBER, Person};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Another phone number in its stored form.
const OTHER: &str = "tel:+14255550123";

impl World {
    /// Merges user identities by id.
    pub async fn merge(&self, primary: &str, merged: &[&str]) {
        let body = json!({ "user_identity_id": primary, "merged_user_identity_ids": merged });
        assert_eq!(self.key().post("/user_identities/merge", body).await.ok(), json!({ "ok": true }));
    }

    /// A user identity by its id.
    pub async fn user_identity(&self, id: &str) -> Value {
        self.key().post("/user_identities/get", json!({ "user_identity_id": id })).await.ok()["user_identity"].clone()
    }

    /// The changes of an action in the audit trail, in order.
    async fn audited(&self, action: &str) -> Vec<(Value, Value)> {
        sqlx::query_as(
            "select coalesce(before, 'null'), coalesce(after, 'null') from audit where action = $1 order by subject_id",
        )
        .bind(action)
        .fetch_all(&mut self.database().await)
        .await
        .expect("the audit trail")
    }
}

#[tokio::test]
async fn merge_moves_phones_and_gives_each_a_child_of_each_sync_credential() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (janes, joes) = (world.phone(&jane).await, world.phone(&joe).await);
    let lost = world.phone(&joe).await;
    world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
    let parents = [world.sync_credential(&jane).await, world.sync_credential(&joe).await];
    let deleted = world.credentials(&jane).await.into_iter().find(|key| key["parent_acs_credential_id"] == parents[0]);
    let deleted = text(&deleted.expect("a child")["acs_credential_id"]);
    world.key().post("/acs/credentials/delete", json!({ "acs_credential_id": deleted })).await.ok();
    let issued = world.events("acs_credential.issued").await.len();
    world.advance(TimeDelta::minutes(1));
    world.merge(&jane, &[&joe]).await;

    let listed = world.key().post("/phones/list", json!({ "owner_user_identity_id": jane })).await.ok();
    let devices: Vec<String> = list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect();
    assert_eq!(devices, [janes.as_str(), joes.as_str()]);
    let of_merged = world.key().post("/phones/list", json!({ "owner_user_identity_id": joe })).await.ok();
    assert_eq!(of_merged, listed, "the id of the merged user identity names the primary");
    let both = json!({ "user_identity_ids": [joe, jane], "include_deactivated": true });
    assert_eq!(list(&world.key().post("/phones/list", both).await.ok()["phones"]).len(), 3, "the lost one moves, too");
    let credentials = world.credentials(&joe).await;
    let children: BTreeSet<String> =
        credentials.iter().map(|key| key["parent_acs_credential_id"].to_string()).collect();
    assert_eq!(
        (credentials.len(), children.len()),
        (5, 3),
        "two parents, a child of each on the other's phone, {credentials:#?}"
    );
    assert!(credentials.iter().all(|key| key["user_identity_id"] == jane));
    for (parent, devices) in [(&parents[0], vec![&joes]), (&parents[1], vec![&janes, &joes])] {
        let filter = json!({ "acs_credential_id": parent });
        let holders = list(&world.key().post("/phones/list", filter).await.ok()["phones"]);
        let holders: Vec<String> = holders.iter().map(|phone| text(&phone["device_id"])).collect();
        assert_eq!(holders.iter().collect::<Vec<_>>(), devices, "a child that was deleted stays so");
    }
    assert_eq!(world.events("acs_credential.issued").await.len(), issued + 2);
    let doubles = "select count(*) from (select from credential where device_id is not null
        group by device_id, parent_acs_credential_id having count(*) > 1) as double";
    assert_eq!(count(&world, doubles).await, 0);
    // A new phone gets a child of each.
    let third = world.phone(&joe).await;
    let of_third = "select count(*) from credential join phone using (workspace_id, device_id, user_identity_id)";
    assert_eq!(count(&world, of_third).await, 3 + 2, "{third}");
    assert_eq!(world.audited("phone.moved").await.len(), 2);
}

#[tokio::test]
async fn merge_gives_a_waiting_mobile_key_the_newest_phone() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let waiting = json!({ "user_identity_id": joe, "access_method": "mobile_key" });
    let waiting = world.key().post("/acs/credentials/create", waiting).await.ok()["acs_credential"].clone();
    assert_eq!(waiting["is_issued"], json!(false));
    world.phone(&jane).await;
    world.advance(TimeDelta::minutes(1));
    let newest = world.phone(&jane).await;
    world.merge(&jane, &[&joe]).await;
    let filter = json!({ "acs_credential_id": waiting["acs_credential_id"] });
    let issued = world.key().post("/acs/credentials/get", filter.clone()).await.ok()["acs_credential"].clone();
    assert_eq!(issued["is_issued"], json!(true));
    assert_eq!(world.key().post("/phones/list", filter).await.ok()["phones"][0]["device_id"], newest);
    assert_eq!(world.events("acs_credential.issued").await.len(), 1);
}

#[tokio::test]
async fn merge_moves_client_sessions_and_a_deactivated_phone_stays_barred() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let app = world.session(&joe).await;
    let register = json!({ "custom_sdk_installation_id": "app", "phone_os": "ios" });
    let path = "/seam/mobile_sdk/v1/phone_sessions/get_or_create";
    let first = app.post(path, register.clone()).await.ok()["phone_session"].clone();
    world.merge(&jane, &[&joe]).await;

    let again = app.post(path, register.clone()).await.ok()["phone_session"].clone();
    assert_eq!(again["user_identity"]["user_identity_id"], jane, "the token of the merged one acts for the primary");
    let device =
        |session: &Value| text(&session["provider_sessions"][0]["phone_registration"]["phone_registration_id"]);
    assert_eq!(device(&again), device(&first), "the same installation is the same phone");
    assert_eq!(list(&app.get("/devices/list").await.ok()["devices"]).len(), 1);
    let sessions = world.key().post("/client_sessions/list", json!({ "user_identity_id": joe })).await.ok();
    assert_eq!(sessions["client_sessions"][0]["user_identity_id"], jane);
    // A new session by the merged id.
    let other = world.session(&joe).await;
    world.key().post("/phones/deactivate", json!({ "device_id": device(&first) })).await.ok();
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    other.post(path, register).await.refused(400, "phone_deactivated");
    let events = other.post("/events/list", json!({ "since": "2000-01-01" })).await.ok();
    assert!(!list(&events["events"]).is_empty(), "the session sees the events of its person, also earlier ones");
}

#[tokio::test]
async fn merge_moves_instant_keys() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let generate = json!({ "user_identity_id": joe });
    let generated = world.key().post("/user_identities/generate_instant_key", generate.clone()).await.ok();
    world.merge(&jane, &[&joe]).await;
    for person in [&jane, &joe] {
        let keys = world.key().post("/instant_keys/list", json!({ "user_identity_id": person })).await.ok();
        assert_eq!(keys["instant_keys"][0]["instant_key_id"], generated["instant_key"]["instant_key_id"]);
        assert_eq!(keys["instant_keys"][0]["user_identity_id"], jane);
    }
    let another = world.key().post("/user_identities/generate_instant_key", generate).await.ok();
    assert_eq!(another["instant_key"]["user_identity_id"], jane);
}

#[tokio::test]
async fn merge_fills_empty_slots_and_moves_a_managed_number() {
    let world = World::new().await;
    let (jane, joe) = (Person::new(&world, "jane").await, Person::new(&world, "joe").await);
    let jim = Person::new(&world, "jim").await;
    jane.put("home", NUMBER, true).await;
    jane.put("other", "", true).await;
    joe.put("home", OTHER, false).await;
    joe.put("mobile", OTHER, true).await;
    jim.put("mobile", NUMBER, true).await;
    jim.put("work", NUMBER, false).await;
    let managed = world.import_number(&number(1)).await;
    call_action(world.key(), &managed, "assign", json!({ "user_identity_id": joe.id })).await.phone_number();
    let other = world.import_number(&number(2)).await;
    call_action(world.key(), &other, "assign", json!({ "user_identity_id": jim.id })).await.phone_number();
    world.merge(&jane.id, &[&joe.id, &jim.id]).await;

    assert_eq!(jane.number_and_visibility("home").await, (NUMBER.to_owned(), true), "the primary's own stays");
    assert_eq!(jane.number_and_visibility("mobile").await, (OTHER.to_owned(), true), "the first merged one's");
    assert_eq!(jane.number_and_visibility("work").await, (format!("tel:{}", number(1)), true), "managed");
    let lost: Vec<Value> = world.audited("slot.deleted").await.into_iter().map(|(before, _)| before).collect();
    assert!(lost.iter().any(|slot| slot["slot_type"] == "home" && slot["number"] == OTHER), "{lost:#?}");
    assert_eq!(world.audited("number.taken_back").await.len(), 1, "the primary has one number");
    let assigned = json!({ "since": "2000-01-01", "event_type": "phone_number.assigned" });
    assert_eq!(list(&world.key().post("/events/list", assigned).await.ok()["events"]).len(), 5);
    // The number that was taken back stays with the workspace.
    call_action(world.key(), &other, "assign", json!({ "user_identity_id": joe.id }))
        .await
        .is_diga_error(409, "USER_ALREADY_HAS_NUMBER");
    call_action(world.key(), &managed, "assign", json!({})).await.phone_number();
    assert_eq!(jane.number_and_visibility("work").await, (NUMBER.to_owned(), false), "what the managed one has hidden");
    call_action(world.key(), &other, "assign", json!({ "user_identity_id": joe.id })).await.phone_number();
    assert_eq!(jane.number_and_visibility("work").await.0, format!("tel:{}", number(2)), "assigned by a merged id");
}

#[tokio::test]
async fn merge_keeps_the_number_of_the_primary() {
    let world = World::new().await;
    let (jane, joe) = (Person::new(&world, "jane").await, Person::new(&world, "joe").await);
    for (which, person) in [(1, &jane), (2, &joe)] {
        let managed = world.import_number(&number(which)).await;
        call_action(world.key(), &managed, "assign", json!({ "user_identity_id": person.id })).await.phone_number();
    }
    world.merge(&jane.id, &[&joe.id]).await;
    assert_eq!(jane.number_and_visibility("work").await.0, format!("tel:{}", number(1)));
    assert_eq!(world.audited("number.taken_back").await.len(), 1);
}

#[tokio::test]
async fn merge_moves_applications() {
    let world = World::new().await;
    let (jane, joe) = (Person::new(&world, "jane").await, Person::new(&world, "joe").await);
    let own = jane.begin(COLLECTIONS[0], "desk").await;
    let clashing = joe.begin(COLLECTIONS[0], "desk").await;
    let moved = joe.begin(COLLECTIONS[0], "car").await;
    world.merge(&jane.id, &[&joe.id]).await;
    for path in [&own, &moved] {
        joe.client.get(path).await.of_ucwa(200);
    }
    joe.client.get(&clashing).await.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
    // An API key names the person by the merged id.
    world.key().with("x-ucwa-user", &joe.id).get("/me/phones").await.of_ucwa(200);
}

#[tokio::test]
async fn merge_moves_access_to_devices_and_records_each() {
    let world = World::new().await;
    let (jane, joe, jim) = (world.person("jane").await, world.person("joe").await, world.person("jim").await);
    let owner = world.person("owner").await;
    let (known, moved) = (world.phone(&owner).await, world.phone(&owner).await);
    for (person, device) in [(&jane, &known), (&joe, &known), (&joe, &moved), (&jim, &moved)] {
        let access = json!({ "user_identity_id": person, "device_id": device });
        world.key().post("/user_identities/grant_access_to_device", access).await.ok();
        world.advance(TimeDelta::minutes(1));
    }
    world.merge(&jane, &[&jim, &joe]).await;

    let access = |person: &str, device: &str| json!({ "device_id": device, "user_identity_id": person });
    let rows = world.audited("device_access.moved").await;
    assert_eq!(rows, [(access(&joe, &moved), access(&jane, &moved))], "the access that was granted first");
    let mut ended: Vec<Value> =
        world.audited("device_access.revoked").await.into_iter().map(|(before, _)| before).collect();
    ended.sort_by_key(|row| row["user_identity_id"] != joe);
    assert_eq!(ended, [access(&joe, &known), access(&jim, &moved)], "what the primary has already");
    let listed = world.key().post("/user_identities/list_accessible_devices", json!({ "user_identity_id": jim })).await;
    assert_eq!(list(&listed.ok()["devices"]).len(), 2);
}

#[tokio::test]
async fn merge_moves_contacts_and_joins_groups_of_the_same_name() {
    let world = World::new().await;
    let (jane, joe) = (Extension::of(&world, "jane").await, Extension::of(&world, "joe").await);
    let family = jane.add_group("Family").await;
    jane.add_contact(json!({ "first_name": "Ann", "group": "Family" })).await;
    joe.add_group("FAMILY").await;
    let sports = joe.add_group("Sports").await;
    joe.add_contact(json!({ "first_name": "Bob", "group": "FAMILY", "phone_numbers": [{ "number": "4255550100" }] }))
        .await;
    let tennis = joe.add_contact(json!({ "first_name": "Cid", "group": "Sports" })).await;
    let gone = joe.add_contact(json!({ "first_name": "Dan" })).await;
    joe.client.delete(&joe.contact(&gone["id"])).await.of_phone_com(200);
    world.advance(TimeDelta::minutes(1));
    let since = world.clock.now().timestamp();
    world.merge(&jane.person, &[&joe.person]).await;

    assert_eq!(jane.first_names("").await, ["Ann", "Bob", "Cid"]);
    assert_eq!(jane.first_names(&format!("filters[group_id]=eq:{}", family["id"])).await, ["Ann", "Bob"]);
    assert_eq!(jane.first_names(&format!("filters[group_id]=eq:{}", sports["id"])).await, ["Cid"]);
    assert_eq!(jane.first_names("filters[phone]=eq:%2B14255550100").await, ["Bob"]);
    assert_eq!(jane.first_names(&format!("filters[updated_at]=gte:{since}")).await, ["Bob", "Cid"], "as changed ones");
    let groups = jane.client.get(&jane.groups()).await.items();
    assert_eq!(groups.iter().map(|group| text(&group["name"])).collect::<Vec<_>>(), ["Family", "Sports"]);
    jane.client.get(&jane.contact(&tennis["id"])).await.of_phone_com(200);
    joe.search("").await.is_error(404);
    jane.client.delete(&jane.contact(&tennis["id"])).await.of_phone_com(200);
    assert_eq!(jane.first_names("").await, ["Ann", "Bob"], "the number of contacts is right");
    assert_eq!(count(&world, "select count(*) from contact where deleted_at is not null").await, 1);
}

#[tokio::test]
async fn merge_completes_the_primary_and_names_what_was_merged() {
    let world = World::new().await;
    let jane = text(
        &world.key().post("/user_identities/create", json!({ "full_name": "Jane" })).await.ok()["user_identity"]["user_identity_id"],
    );
    let (joe, jim) = (world.person("joe").await, world.person("jim").await);
    let change = json!({ "user_identity_id": jim, "phone_number": "+34675897654" });
    world.key().post("/user_identities/update", change).await.ok();
    let password = json!({ "user_identity_id": joe, "password": "correct horse" });
    world.console().await.post("/user_identities/set_password", password).await.ok();
    world.merge(&jane, &[&joe, &jim]).await;

    let merged = world.user_identity(&jane).await;
    assert_eq!(merged["email_address"], "joe@example.com");
    assert_eq!((&merged["phone_number"], &merged["full_name"]), (&json!("+34675897654"), &json!("Jane")));
    assert_eq!(merged["user_identity_key"], Value::Null);
    let mut ids = [joe.as_str(), jim.as_str()];
    ids.sort_unstable();
    assert_eq!(merged["merged_user_identity_ids"], json!(ids));
    assert_eq!(list(&merged["merged_user_identity_keys"]).len(), 2);
    let sign_in = "grant_type=password&username=joe@example.com&password=correct%20horse";
    let signed_in =
        world.anonymous().bytes("/WebTicket/oauthtoken", Some("application/x-www-form-urlencoded"), sign_in).await;
    assert_eq!(signed_in.status, 200, "the primary had no password: {signed_in:?}");
    let audited = world.audited("user_identity.merged").await;
    assert_eq!(audited.len(), 2);
    assert!(
        audited.iter().all(|(before, after)| before["email_address"].is_string() && after["user_identity_id"] == jane)
    );
    assert!(audited.iter().all(|(before, _)| !before.to_string().contains("argon2")), "no hash is in the audit trail");
}

#[tokio::test]
async fn merge_keeps_the_directory_record_of_the_primary() {
    let world = World::new().await;
    let directory = world.directory().await;
    let (jane, joe) = (directory.create_scim_user("jane").await, directory.create_scim_user("joe").await);
    let api = world.person("api").await;
    let group = directory.create_scim_group("Staff", &[&joe]).await;
    let [jane_id, joe_id] = [&jane, &joe].map(|user| text(&user["id"]));
    let error = json!({ "user_identity_id": api, "merged_user_identity_ids": [joe_id] });
    world.key().post("/user_identities/merge", error).await.refused(400, "user_identity_in_directory");
    world.merge(&jane_id, &[&joe_id, &api]).await;

    directory.get(&format!("/scim/v2/Users/{joe_id}")).await.of_scim(404);
    let group = directory.get(&format!("/scim/v2/Groups/{}", text(&group["id"]))).await.of_scim(200).clone();
    assert_eq!(group["members"][0]["value"], jane_id);
    assert_eq!(world.audited("scim_user.deleted").await.len(), 1);
    // The directory creates a user that it misses anew, as another one.
    let anew = directory.post("/scim/v2/Users", new_user("joe")).await.of_scim(201).clone();
    assert!(text(&anew["id"]) != jane_id && text(&anew["id"]) != joe_id, "{anew}");
    let phone = world.phone(&api).await;
    assert_eq!(directory.delete(&format!("/scim/v2/Users/{jane_id}")).await.status, 204);
    assert!(!world.phone_ids().await.contains(&phone), "who leaves loses the phones of all merged user identities");
}
