//! Sign-in by password: one notion of sameness, no lock-out by another tenant, and no oracle.

use crate::support::client::{Client, Response};
use crate::support::shared_postgres::Database;
use crate::support::world::{Tenant, World, seal, text};
use chrono::TimeDelta;
use handset::store::Store;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};
use url::form_urlencoded::Serializer;

const UCWA: &str = "/WebTicket/oauthtoken";
const PHONE_COM: &str = "/v4/oauth/access-token";
const EMAIL: &str = "jane@example.com";
const PASSWORD: &str = "correct horse";
const OTHER: &str = "battery staple";

async fn send(client: &Client, path: &str, name: &str, password: &str, more: &[(&str, &str)]) -> Response {
    let mut form = Serializer::new(String::new());
    form.extend_pairs([("grant_type", "password"), ("username", name), ("password", password)]).extend_pairs(more);
    client.bytes(path, Some("application/x-www-form-urlencoded"), form.finish()).await
}

async fn set_password(world: &World, tenant: &Tenant, person: &str, password: &str) {
    let token = world.console_session(&[tenant]).await;
    let console = world.anonymous().bearer(token.reveal()).in_workspace(&tenant.id);
    let body = json!({ "user_identity_id": person, "password": password });
    console.post("/user_identities/set_password", body).await.ok();
}

/// A person `jane` of a tenant, with this password.
async fn jane(world: &World, tenant: &Tenant, password: &str) -> String {
    let jane = tenant.person("jane").await;
    set_password(world, tenant, &jane, password).await;
    jane
}

/// The user identity that a token is of.
async fn owner(world: &World, response: &Response) -> String {
    assert_eq!(response.status, 200, "{response:?}");
    let token = text(&response.body["access_token"]);
    let client = world.anonymous().bearer(token.trim_start_matches("cwt="));
    text(&client.get("/client_sessions/get").await.ok()["client_session"]["user_identity_id"])
}

async fn key_id(world: &World, tenant: &Tenant) -> String {
    world.store.api_keys(Some(tenant.record.workspace_id)).await.expect("keys")[0].api_key_id.to_string()
}

#[tokio::test]
async fn a_user_identity_of_another_tenant_with_the_same_email_address_locks_no_user_out() {
    let world = World::new().await;
    let victim = jane(&world, &world, PASSWORD).await;
    world.advance(TimeDelta::seconds(1));
    let mut impostors = Vec::new();
    for name in ["One", "Two", "Three", "Four", "Five"] {
        let tenant = world.sandbox(name).await;
        impostors.push((jane(&world, &tenant, OTHER).await, tenant));
    }
    let (anonymous, own_key) = (world.anonymous(), key_id(&world, &world).await);
    for path in [UCWA, PHONE_COM] {
        for name in [EMAIL, "JANE@Example.com", "jane"] {
            assert_eq!(owner(&world, &send(&anonymous, path, name, PASSWORD, &[]).await).await, victim);
        }
        for client_id in [&own_key, &world.id] {
            let response = send(&anonymous, path, EMAIL, PASSWORD, &[("client_id", client_id)]).await;
            assert_eq!(owner(&world, &response).await, victim);
        }
        // The impostors have their own sessions at most, and only the client of the victim's workspace has the victim's.
        for (impostor, tenant) in &impostors {
            let client = [("client_id", tenant.id.as_str())];
            assert_eq!(owner(&world, &send(&anonymous, path, EMAIL, OTHER, &client).await).await, *impostor);
            assert_eq!(send(&anonymous, path, EMAIL, PASSWORD, &client).await.status, 400);
        }
    }
    let with_secret = [("client_id", own_key.as_str()), ("client_secret", world.api_key.reveal())];
    assert_eq!(owner(&world, &send(&anonymous, PHONE_COM, EMAIL, PASSWORD, &with_secret).await).await, victim);
}

#[tokio::test]
async fn a_client_id_signs_in_a_user_identity_whose_name_many_others_had_before() {
    let world = World::new().await;
    for name in ["One", "Two", "Three", "Four"] {
        jane(&world, &world.sandbox(name).await, OTHER).await;
    }
    world.advance(TimeDelta::seconds(1));
    let victim = jane(&world, &world, PASSWORD).await;
    for path in [UCWA, PHONE_COM] {
        for client_id in [key_id(&world, &world).await, world.id.clone()] {
            let response = send(&world.anonymous(), path, EMAIL, PASSWORD, &[("client_id", &client_id)]).await;
            assert_eq!(owner(&world, &response).await, victim);
        }
        // A client id that names nothing here is ignored, as before: some clients send the vendor's own.
        for client_id in ["x", "00000004-0000-0ff1-ce00-000000000000"] {
            let response = send(&world.anonymous(), path, EMAIL, PASSWORD, &[("client_id", client_id)]).await;
            assert_eq!(response.status, 400, "the oldest four are tried: {response:?}");
        }
    }
}

#[tokio::test]
async fn a_name_and_a_password_of_two_workspaces_sign_in_to_the_older_one_unless_a_client_id_selects() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let first = jane(&world, &world, PASSWORD).await;
    world.advance(TimeDelta::seconds(1));
    let second = jane(&world, &other, PASSWORD).await;
    for path in [UCWA, PHONE_COM] {
        assert_eq!(owner(&world, &send(&world.anonymous(), path, EMAIL, PASSWORD, &[]).await).await, first);
        for (tenant, person) in [(&*world, &first), (&other, &second)] {
            let response = send(&world.anonymous(), path, EMAIL, PASSWORD, &[("client_id", &tenant.id)]).await;
            assert_eq!(owner(&world, &response).await, *person);
        }
    }
}

#[tokio::test]
async fn a_sign_in_does_not_tell_whether_the_password_is_also_that_of_a_newer_user_identity() {
    let world = World::new().await;
    let attacker = world.sandbox("Attacker").await;
    let own = jane(&world, &attacker, OTHER).await;
    world.advance(TimeDelta::seconds(1));
    jane(&world, &world, PASSWORD).await;
    for guess in [OTHER, PASSWORD] {
        set_password(&world, &attacker, &own, guess).await;
        for path in [UCWA, PHONE_COM] {
            assert_eq!(owner(&world, &send(&world.anonymous(), path, EMAIL, guess, &[]).await).await, own);
        }
    }
}

#[tokio::test]
async fn refused_sign_ins_have_the_same_answer_and_cost_the_same_work() {
    let world = World::new().await;
    jane(&world, &world, PASSWORD).await;
    for name in ["One", "Two", "Three"] {
        jane(&world, &world.sandbox(name).await, OTHER).await;
    }
    world.person("joe").await;
    let client = [("client_id", world.id.as_str())];
    let none: &[(&str, &str)] = &[];
    let cases = [
        ("unknown", "wrong horse", none),
        ("joe@example.com", "wrong horse", none),
        (EMAIL, "wrong horse", none),
        (EMAIL, "wrong horse", &client),
        (EMAIL, OTHER, &client),
    ];
    let mut bodies = Vec::new();
    let mut fastest = [Duration::MAX; 5];
    let is_alike = |fastest: &[Duration; 5]| {
        let (least, most) = (fastest.iter().min().expect("five"), fastest.iter().max().expect("five"));
        most.as_secs_f64() < 1.7 * least.as_secs_f64()
    };
    // On a busy machine the fastest of a few is no measure of the work; one hash more would stay visible in many.
    for round in 0..40 {
        if round >= 5 && is_alike(&fastest) {
            break;
        }
        for (fastest, (name, password, more)) in fastest.iter_mut().zip(cases) {
            let begun = Instant::now();
            let response = send(&world.anonymous(), UCWA, name, password, more).await;
            *fastest = (*fastest).min(begun.elapsed());
            assert_eq!(response.status, 400);
            bodies.push(response.text);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert!(is_alike(&fastest), "one takes more hashes than another: {fastest:?}");
}

#[tokio::test]
async fn two_spellings_of_one_email_address_are_the_same_when_written_and_when_looked_up() {
    let world = World::new().await;
    let create =
        async |email: &str| world.key().post("/user_identities/create", json!({ "email_address": email })).await;
    let ann = text(&create("Ann@Example.com").await.ok()["user_identity"]["user_identity_id"]);
    for spelling in ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com"] {
        let error = create(spelling).await.refused(400, "user_identity_already_exists");
        assert_eq!(error["data"]["field"], "email_address");
    }
    let bob = text(&create("bob@example.com").await.ok()["user_identity"]["user_identity_id"]);
    let update = async |person: &str, email: Value| {
        let body = json!({ "user_identity_id": person, "email_address": email });
        world.key().post("/user_identities/update", body).await
    };
    update(&bob, json!("aNN@example.com")).await.refused(400, "user_identity_already_exists");
    update(&ann, json!("ann@example.com")).await.ok();
    set_password(&world, &world, &ann, PASSWORD).await;
    for path in [UCWA, PHONE_COM] {
        for spelling in ["ann@example.com", "Ann@Example.com", "ANN@EXAMPLE.COM"] {
            let response = send(&world.anonymous(), path, spelling, PASSWORD, &[]).await;
            assert_eq!(owner(&world, &response).await, ann);
        }
    }
    // Another workspace has its own.
    let other = world.sandbox("Other").await;
    let body = json!({ "email_address": "ann@example.com" });
    other.key().post("/user_identities/create", body).await.ok();
    update(&ann, Value::Null).await.ok();
    update(&bob, json!("aNN@example.com")).await.ok();
}

#[tokio::test]
async fn email_addresses_that_differ_in_case_survive_the_migration() {
    let database = Database::empty(4).await;
    let mut connection = PgConnection::connect(&database.url).await.expect("the database accepts");
    let mut migrator = sqlx::migrate::Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")))
        .await
        .expect("the migrations are read");
    migrator.migrations = Cow::Owned(migrator.iter().filter(|it| it.version < 27).cloned().collect());
    migrator.run(&mut connection).await.expect("it is the previous schema");
    let inserts = "
        insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
            values (gen_random_uuid(), 'Old', false, 'seam_pk1old', now()),
                (gen_random_uuid(), 'Old sandbox', true, 'seam_pk1sandbox', now());
        insert into user_identity (workspace_id, user_identity_id, user_identity_key, email_address, password_hash, created_at)
            select workspace_id, gen_random_uuid(), key, email_address, hash, now() + place * interval '1 second'
            from workspace cross join (values
                (1, 'first', 'ann@example.com', null), (2, 'second', 'Ann@example.com', 'x'),
                (3, 'third', 'ANN@example.com', 'x'), (4, 'other', 'bob@example.com', null)
            ) as person (place, key, email_address, hash)";
    sqlx::raw_sql(inserts).execute(&mut connection).await.expect("two spellings were allowed");
    let store = Store::open(&database.url, 2, seal()).await.expect("it opens");
    store.migrate().await.expect("it is migrated");
    store.close().await;

    let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "select user_identity_key, email_address, email_address_folded
         from user_identity join workspace using (workspace_id) where name = 'Old' order by user_identity.created_at",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the database answers");
    let expected = [
        ("first", "ann@example.com", None),
        // The oldest with a password is the one who signs in.
        ("second", "Ann@example.com", Some("ann@example.com")),
        ("third", "ANN@example.com", None),
        ("other", "bob@example.com", Some("bob@example.com")),
    ];
    let expected = expected.map(|(key, email, folded)| (key.to_owned(), email.to_owned(), folded.map(str::to_owned)));
    assert_eq!(rows, expected);
    let settings: Vec<(String, String)> =
        sqlx::query_as("select name, publishable_key_sessions from workspace order by name")
            .fetch_all(&mut connection)
            .await
            .expect("the database answers");
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(settings, [setting("Old", "off"), setting("Old sandbox", "anonymous")]);
    let insert = "insert into user_identity (workspace_id, user_identity_id, email_address, created_at)
        select workspace_id, gen_random_uuid(), 'aNN@example.com', now() from workspace";
    let refused = sqlx::raw_sql(insert).execute(&mut connection).await.expect_err("another spelling is refused");
    let constraint = refused.as_database_error().and_then(|fault| fault.constraint());
    assert_eq!(constraint, Some("user_identity_email_address_folded_unique"));
}

#[tokio::test]
async fn a_duplicate_email_address_from_before_the_rule_keeps_its_key_and_gets_a_new_address() {
    let world = World::new().await;
    let create = async |key: &str, email: Option<&str>| {
        let body = json!({ "user_identity_key": key, "email_address": email });
        text(&world.key().post("/user_identities/create", body).await.ok()["user_identity"]["user_identity_id"])
    };
    let (first, second) = (create("first", Some("ann@example.com")).await, create("second", None).await);
    let duplicate =
        "update user_identity set email_address = 'Ann@example.com', duplicate_email_address = 'Ann@example.com'
        where user_identity_key = 'second'";
    sqlx::query(duplicate).execute(&mut world.database().await).await.expect("it is as after the migration");
    set_password(&world, &world, &first, PASSWORD).await;
    set_password(&world, &world, &second, OTHER).await;
    let sign_in = async |name: &str, password| send(&world.anonymous(), UCWA, name, password, &[]).await;
    assert_eq!(owner(&world, &sign_in("Ann@example.com", PASSWORD).await).await, first);
    assert_eq!(sign_in("Ann@example.com", OTHER).await.status, 400);
    assert_eq!(owner(&world, &sign_in("second", OTHER).await).await, second);
    let update = async |email: Value| {
        let body = json!({ "user_identity_id": second, "email_address": email, "full_name": "Ann" });
        world.key().post("/user_identities/update", body).await
    };
    // Sending the same address again changes nothing.
    update(json!("Ann@example.com")).await.ok();
    update(json!("ANN@example.com")).await.refused(400, "user_identity_already_exists");
    update(json!("ann2@example.com")).await.ok();
    assert_eq!(owner(&world, &sign_in("ANN2@example.com", OTHER).await).await, second);
    update(json!("Ann@example.com")).await.refused(400, "user_identity_already_exists");
}
