//! Requests of the Diga dialect as its clients send them: responses, changes, and errors with their wording. Authentication
//! of every operation, lists and the shape of requests are tested elsewhere.

use crate::support::numbers::{KEYS, call_action, keys_in_order, number, path};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

const UNKNOWN: &str = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";

fn agent(world: &World) -> String {
    world.random.id::<Uuid>(world.clock.now()).to_string()
}

#[tokio::test]
async fn an_imported_number_is_assigned_at_once_and_has_ten_keys_in_order() {
    let world = World::new().await;
    let body = json!({ "phone_number": "+34675897654", "nickname": "Front desk", "unknown_key": [1] });
    let response = world.key().post("/v1/phone/import", body).await;
    let phone_number = response.phone_number();
    let id = text(&phone_number["id"]);
    let expected = format!(
        concat!(
            r#"{{"id":"{}","nickname":"Front desk","number":"+34675897654","telephony_provider":"custom","#,
            r#""status":"assigned","released_at":null,"scheduled_release_at":null,"#,
            r#""assigned_at":"2026-01-01T12:00:00Z","inbound_agent_id":null,"outbound_agent_id":null}}"#
        ),
        id
    );
    assert_eq!(response.text, expected, "compact, with every key");
    assert_eq!(id.parse::<Uuid>().expect("an id is a UUID").to_string(), id);
    assert_eq!(world.key().get(&path(&phone_number)).await.text, expected);
}

#[tokio::test]
async fn fractional_times_have_six_digits() {
    let world = World::new().await;
    world.advance(TimeDelta::milliseconds(123));
    assert_eq!(world.import_number(&number(1)).await["assigned_at"], "2026-01-01T12:00:00.123000Z");
    world.advance(TimeDelta::microseconds(4));
    assert_eq!(world.import_number(&number(2)).await["assigned_at"], "2026-01-01T12:00:00.123004Z");
}

#[tokio::test]
async fn both_spellings_of_every_path_work_without_a_redirect() {
    let world = World::new().await;
    for (which, slash) in [(1, ""), (2, "/")] {
        let body = json!({ "phone_number": number(which) });
        let imported = world.key().post(&format!("/v1/phone/import{slash}"), body).await.phone_number();
        assert_eq!(world.key().get(&format!("{}{slash}", path(&imported))).await.phone_number(), imported);
        let renamed = world.key().patch(&format!("{}{slash}", path(&imported)), json!({ "nickname": "n" })).await;
        assert_eq!(renamed.phone_number()["nickname"], "n");
        assert_eq!(world.key().get(&format!("/v1/phone{slash}")).await.page().len(), 2 * which as usize - 1);
        let body = json!({ "number": number(which + 10) });
        let reserved = world.key().post(&format!("/v1/phone/reserve{slash}"), body).await.phone_number();
        let bought = call_action(world.key(), &reserved, &format!("assign{slash}"), json!({})).await.phone_number();
        assert_eq!(bought["status"], "assigned");
        assert_eq!(world.key().delete(&format!("{}{slash}", path(&bought))).await.status, 204);
        let kept = call_action(world.key(), &bought, &format!("cancel_release{slash}"), json!({})).await.phone_number();
        assert_eq!(kept, bought);
    }
}

#[tokio::test]
async fn get_accepts_every_spelling_of_a_uuid() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    let id: Uuid = text(&phone_number["id"]).parse().expect("an id");
    for spelling in
        [id.to_string().to_uppercase(), id.simple().to_string(), format!("%7B{id}%7D"), format!("urn:uuid:{id}")]
    {
        assert_eq!(world.key().get(&format!("/v1/phone/{spelling}")).await.phone_number(), phone_number, "{spelling}");
    }
}

#[tokio::test]
async fn an_unknown_id_is_not_found_by_any_operation_with_the_same_body() {
    let world = World::new().await;
    let expected = format!(
        r#"{{"status":"error","error_code":"PHONE_NOT_FOUND","message":"Phone {UNKNOWN} not found","detail":"Phone {UNKNOWN} not found"}}"#
    );
    for id in [UNKNOWN.to_owned(), UNKNOWN.to_uppercase()] {
        let path = format!("/v1/phone/{id}");
        for response in [
            world.key().get(&path).await,
            world.key().patch(&path, json!({ "nickname": "x" })).await,
            world.key().delete(&path).await,
            world.key().post(&format!("{path}/assign"), json!({})).await,
            world.key().post(&format!("{path}/cancel_release"), json!({})).await,
        ] {
            assert_eq!(response.of_diga(404).text, expected);
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_404_without_a_key_and_unknown_methods_are_405() {
    let world = World::new().await;
    for client in [world.key(), &world.anonymous()] {
        for path in ["/v1/phones", "/v1/phone/import/more", "/v1/agent/", "/v1/call"] {
            assert_eq!(client.get(path).await.of_diga(404).text, r#"{"detail":"Not Found"}"#, "{path}");
        }
    }
    for (method, path, allowed) in [
        ("PUT", format!("/v1/phone/{UNKNOWN}"), vec!["DELETE", "GET", "PATCH"]),
        ("PUT", "/v1/phone/import".to_owned(), vec!["POST"]),
        ("DELETE", "/v1/phone/".to_owned(), vec!["GET"]),
        ("GET", format!("/v1/phone/{UNKNOWN}/assign"), vec!["POST"]),
    ] {
        let response = world.key().call(method, &path).await;
        assert_eq!(response.of_diga(405).text, r#"{"detail":"Method Not Allowed"}"#, "{method} {path}");
        let mut actual: Vec<&str> = response.header("allow").expect("a 405 has an allow header").split(", ").collect();
        actual.sort_unstable();
        assert_eq!(actual, allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn authentication_precedes_validation_of_path_and_body() {
    let world = World::new().await;
    world.anonymous().get("/v1/phone/nope").await.is_diga_unauthorized("no key and an invalid id");
    assert_eq!(world.key().get("/v1/phone/nope").await.validation_fault()["type"], "uuid_parsing");
    world.anonymous().post("/v1/phone/import", json!([])).await.is_diga_unauthorized("no key and an invalid body");
    assert_eq!(world.key().post("/v1/phone/import", json!([])).await.validation_fault()["loc"], json!(["body"]));
}

#[tokio::test]
async fn patch_changes_named_fields_clears_nulls_and_keeps_the_rest() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    let (inbound, outbound) = (agent(&world), agent(&world));
    let patch = async |body: Value| world.key().patch(&path(&phone_number), body).await.phone_number();
    let expect = |nickname: Value, inbound: Value, outbound: Value| {
        let mut expected = phone_number.clone();
        expected["nickname"] = nickname;
        expected["inbound_agent_id"] = inbound;
        expected["outbound_agent_id"] = outbound;
        expected
    };
    let all = expect(json!("Desk"), json!(inbound), json!(outbound));
    let named = json!({ "nickname": "Desk", "inbound_agent_id": inbound, "outbound_agent_id": outbound });
    assert_eq!(patch(named).await, all);
    assert_eq!(patch(json!({})).await, all, "an empty body changes nothing");
    assert_eq!(patch(json!({ "status": "finished", "number": number(2), "assigned_at": null })).await, all);
    let one = expect(json!("Desk"), Value::Null, json!(outbound));
    assert_eq!(patch(json!({ "inbound_agent_id": null })).await, one);
    let one = expect(Value::Null, Value::Null, json!(outbound));
    assert_eq!(patch(json!({ "nickname": null })).await, one);
    // Versions are not distinguished from agents here; clients may name versions.
    let by_version = expect(Value::Null, json!(outbound), json!(inbound));
    assert_eq!(patch(json!({ "inbound_version_id": outbound, "outbound_version_id": inbound })).await, by_version);
    let none = expect(Value::Null, Value::Null, Value::Null);
    assert_eq!(patch(json!({ "inbound_version_id": null, "outbound_version_id": null })).await, none);
    assert_eq!(world.read_number(&phone_number).await, none);
}

#[tokio::test]
async fn agents_can_be_set_on_assigned_numbers_only() {
    let world = World::new().await;
    let gone = world.import_number(&number(1)).await;
    assert_eq!(world.key().delete(&path(&gone)).await.status, 204);
    for phone_number in [world.reserve_number(&number(2)).await, world.read_number(&gone).await] {
        for name in ["inbound_agent_id", "outbound_agent_id", "inbound_version_id", "outbound_version_id"] {
            let body = json!({ name: agent(&world), "nickname": "not even this" });
            world.key().patch(&path(&phone_number), body).await.is_diga_error(409, "PHONE_NOT_ASSIGNED");
        }
        assert_eq!(world.read_number(&phone_number).await, phone_number);
        let named = world.key().patch(&path(&phone_number), json!({ "nickname": "Later" })).await.phone_number();
        assert_eq!((&named["nickname"], &named["status"]), (&json!("Later"), &phone_number["status"]));
    }
}

#[tokio::test]
async fn a_number_is_bought_by_reserving_and_assigning_it() {
    let world = World::new().await;
    let body = json!({ "number": number(1), "nickname": "Shop" });
    let reserved = world.key().post("/v1/phone/reserve", body).await.phone_number();
    assert_eq!(reserved["number"], number(1));
    assert_eq!(reserved["nickname"], "Shop");
    assert_eq!((&reserved["telephony_provider"], &reserved["status"]), (&json!("netelip"), &json!("reserved")));
    for name in &KEYS[5..] {
        assert!(reserved[*name].is_null(), "{name}: {reserved}");
    }
    world.advance(TimeDelta::minutes(5));
    let assigned = call_action(world.key(), &reserved, "assign", json!({})).await.phone_number();
    let mut expected = reserved.clone();
    expected["status"] = json!("assigned");
    expected["assigned_at"] = json!("2026-01-01T12:05:00Z");
    assert_eq!(assigned, expected);
    assert_eq!(world.read_number(&reserved).await, expected);
}

#[tokio::test]
async fn a_bought_number_is_released_at_the_end_of_the_month_unless_cancelled() {
    let world = World::new().await;
    let bought = world.reserve_and_assign_number(&number(1)).await;
    call_action(world.key(), &bought, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
    let response = world.key().delete(&path(&bought)).await;
    assert_eq!((response.status, response.text.as_str(), response.header("content-type")), (204, "", None));
    let mut leaving = bought.clone();
    leaving["scheduled_release_at"] = json!("2026-02-01T12:00:00Z");
    assert_eq!(world.read_number(&bought).await, leaving, "it is still assigned");
    let used = world.key().patch(&path(&bought), json!({ "inbound_agent_id": agent(&world) })).await.phone_number();
    assert!(used["inbound_agent_id"].is_string());

    world.advance(TimeDelta::days(3));
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    assert_eq!(world.read_number(&bought).await["scheduled_release_at"], "2026-02-01T12:00:00Z", "the date stays");
    let kept = call_action(world.key(), &bought, "cancel_release", json!({})).await.phone_number();
    assert!(kept["scheduled_release_at"].is_null());
    assert_eq!(kept["assigned_at"], bought["assigned_at"]);
    call_action(world.key(), &bought, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
}

#[tokio::test]
async fn deleting_an_imported_number_finishes_it_at_once_and_it_stays_readable() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    let agents = json!({ "inbound_agent_id": agent(&world), "outbound_agent_id": agent(&world) });
    world.key().patch(&path(&phone_number), agents).await.phone_number();
    world.advance(TimeDelta::days(1));
    assert_eq!(world.key().delete(&path(&phone_number)).await.status, 204);
    let mut finished = phone_number.clone();
    finished["status"] = json!("finished");
    finished["released_at"] = json!("2026-01-02T12:00:00Z");
    assert_eq!(world.read_number(&phone_number).await, finished, "agents are removed");
    assert_eq!(world.key().get("/v1/phone/?status=finished").await.page(), [finished]);
}

#[tokio::test]
async fn operations_that_the_status_forbids_are_refused_and_change_nothing() {
    let world = World::new().await;
    let reserved = world.reserve_number(&number(1)).await;
    world.key().delete(&path(&reserved)).await.is_diga_error(409, "PHONE_NOT_RELEASABLE");
    call_action(world.key(), &reserved, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
    assert_eq!(world.read_number(&reserved).await, reserved);

    let imported = world.import_number(&number(2)).await;
    world.key().delete(&path(&imported)).await;
    let finished = world.read_number(&imported).await;
    world.key().delete(&path(&finished)).await.is_diga_error(409, "PHONE_NOT_RELEASABLE");
    call_action(world.key(), &finished, "assign", json!({})).await.is_diga_error(409, "PHONE_NOT_ASSIGNABLE");
    call_action(world.key(), &finished, "cancel_release", json!({})).await.is_diga_error(409, "RELEASE_NOT_SCHEDULED");
    assert_eq!(world.read_number(&finished).await, finished);
}

#[tokio::test]
async fn a_number_in_use_cannot_be_claimed_again_in_any_workspace() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    world.import_number(&number(1)).await;
    world.reserve_number(&number(2)).await;
    world.reserve_and_assign_number(&number(3)).await;
    for which in [1, 2, 3] {
        for tenant in [&*world, &other] {
            let import = json!({ "phone_number": number(which) });
            tenant.key().post("/v1/phone/import", import).await.is_diga_error(409, "PHONE_ALREADY_IN_USE");
            let reserve = json!({ "number": number(which) });
            tenant.key().post("/v1/phone/reserve", reserve).await.is_diga_error(409, "PHONE_ALREADY_IN_USE");
        }
    }
    assert_eq!(world.key().get("/v1/phone/").await.page().len(), 3);
    assert!(other.key().get("/v1/phone/").await.page().is_empty());
}

#[tokio::test]
async fn one_of_many_concurrent_claims_of_a_number_succeeds() {
    let world = World::with_connections(10).await;
    let mut tenants = Vec::new();
    for _ in 0..8 {
        tenants.push(world.sandbox("Claimant").await);
    }
    for round in 0..5 {
        let claims = tenants.iter().enumerate().map(|(index, tenant)| {
            let client = tenant.key().clone();
            tokio::spawn(async move {
                match index % 2 {
                    0 => client.post("/v1/phone/import", json!({ "phone_number": number(round) })).await,
                    _ => client.post("/v1/phone/reserve", json!({ "number": number(round) })).await,
                }
            })
        });
        let mut had = 0;
        for claim in claims.collect::<Vec<_>>() {
            let response = claim.await.expect("no claim panics");
            if response.status == 200 {
                had += 1;
            } else {
                response.is_diga_error(409, "PHONE_ALREADY_IN_USE");
            }
        }
        assert_eq!(had, 1, "round {round}");
    }
}

#[tokio::test]
async fn a_person_has_at_most_one_assigned_number() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (first, second) = (world.import_number(&number(1)).await, world.reserve_number(&number(2)).await);
    let give = async |phone_number: &Value, person: Value| {
        call_action(world.key(), phone_number, "assign", json!({ "user_identity_id": person })).await
    };
    assert_eq!(give(&first, json!(jane)).await.phone_number(), first, "an imported number is already assigned");
    give(&second, json!(jane)).await.is_diga_error(409, "USER_ALREADY_HAS_NUMBER");
    assert_eq!(world.read_number(&second).await["status"], "reserved", "it is not assigned without a person");
    give(&first, json!(jane)).await.phone_number();
    give(&first, json!(joe)).await.phone_number();
    assert_eq!(give(&second, json!(jane)).await.phone_number()["status"], "assigned");
    let message = give(&first, json!(jane)).await.is_diga_error(409, "USER_ALREADY_HAS_NUMBER");
    assert!(message.ends_with("Unassign that one first (assign it to null)"), "{message}");
    give(&second, Value::Null).await.phone_number();
    give(&first, json!(jane)).await.phone_number();
    for unknown in [UNKNOWN, text(&first["id"]).as_str()] {
        give(&second, json!(unknown)).await.is_diga_error(404, "USER_IDENTITY_NOT_FOUND");
    }
    // A person whose number is finished may have another.
    assert_eq!(world.key().delete(&path(&first)).await.status, 204);
    give(&second, json!(jane)).await.phone_number();
}

#[tokio::test]
async fn a_sip_password_is_not_returned_and_not_stored_in_plain_text() {
    let world = World::new().await;
    let sip = json!({ "termination_uri": "sip.example.com", "username": "us", "password": "hunter2-secret" });
    let body = json!({ "phone_number": number(1), "nickname": null, "sip_config": sip });
    let imported = world.key().post("/v1/phone/import", body).await;
    let phone_number = imported.phone_number();
    for response in [imported, world.key().get(&path(&phone_number)).await, world.key().get("/v1/phone/").await] {
        assert!(!response.text.contains("hunter2") && !response.text.contains("sip"), "{response:?}");
    }
    let rows: Vec<String> = sqlx::query_scalar("select to_jsonb(it)::text from number_register as it")
        .fetch_all(&mut world.database().await)
        .await
        .expect("the query succeeds");
    let in_hex: String = "hunter2".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains("hunter2") && !rows[0].contains(&in_hex), "{rows:?}");
}

#[test]
fn keys_as_written_returns_keys_in_order() {
    assert_eq!(keys_in_order(r#"{"b":{"x":"y:"},"a":["c",{"d":1}],"q\"":":"}"#), ["b", "a", "q\""]);
    assert_eq!(keys_in_order("{}"), [] as [&str; 0]);
}
