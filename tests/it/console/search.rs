//! The search over people, phones and numbers.

use crate::support::console::Browser;
use crate::support::html::{link, links, visible};
use crate::support::world::{World, text};
use handset::domain::operator::Role;
use serde_json::{Value, json};
use sqlx::Connection;
use url::form_urlencoded;

/// More rows than are searched for a part of a text.
const MANY: i64 = 1_100;

async fn person(world: &World, fields: Value) -> String {
    let made = world.key().post("/user_identities/create", fields).await.ok();
    text(&made["user_identity"]["user_identity_id"])
}

async fn named_phone(world: &World, person: &str, name: &str, metadata: Value) -> String {
    let phone = world.phone(person).await;
    let change = json!({ "device_id": phone, "name": name, "custom_metadata": metadata });
    world.key().post("/devices/update", change).await.ok();
    phone
}

/// The results of a search, as the script loads them.
async fn results(world: &World, browser: &Browser, search: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", search).finish();
    let page = browser.get(&world.page(&format!("/search?{query}&fragment=1"))).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.text.contains("<html"), "{page:?}");
    page.text
}

/// The ids that a search finds among these.
async fn found<'a>(world: &World, browser: &Browser, search: &str, ids: &[&'a str]) -> Vec<&'a str> {
    let links = links(&results(world, browser, search).await);
    ids.iter().copied().filter(|id| links.iter().any(|link| link.ends_with(id))).collect()
}

#[tokio::test]
async fn the_search_finds_people_phones_and_numbers() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = person(
        &world,
        json!({
            "full_name": "Żaneta Ågren-O'Neil", "email_address": "jane.doe@example.com", "user_identity_key": "K-77",
            "phone_number": "+1 (425) 555-0123",
        }),
    )
    .await;
    let john = person(&world, json!({ "full_name": "John" })).await;
    let phone = named_phone(&world, &john, "Дмитрия", json!({ "desk": "North 4" })).await;
    let number = text(&world.import_number("+43664123456").await["id"]);
    let ids = [jane.as_str(), phone.as_str(), number.as_str()];
    for (search, expected) in [
        ("żaneta", &ids[..1]),
        ("ÅGREN", &ids[..1]),
        ("z\u{307}aneta", &ids[..1]),
        ("ågren-o'", &ids[..1]),
        ("DOE@example", &ids[..1]),
        ("k-77", &ids[..1]),
        ("4255550123", &ids[..1]),
        ("425 555", &ids[..1]),
        ("555-0123", &ids[..1]),
        ("дмит", &ids[1..2]),
        ("north 4", &ids[1..2]),
        ("0664 123456", &ids[2..]),
        ("+43 664 123", &ids[2..]),
        ("123456", &ids[2..]),
        ("unheard of here", &[]),
    ] {
        assert_eq!(found(&world, &viewer, search, &ids).await, expected, "{search}");
    }
    for id in ids {
        for part in [id, &id[..30], &id.to_uppercase()] {
            assert!(found(&world, &viewer, part, &ids).await.contains(&id), "{part}");
        }
    }
    let shown = visible(&results(&world, &viewer, "дмит").await);
    assert!(shown.contains("0 people, 1 phone, 0 numbers") && shown.contains("John"), "{shown}");
}

#[tokio::test]
async fn the_search_page_works_without_the_script() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = person(&world, json!({ "full_name": "Jane Doe" })).await;
    let start = viewer.get(&world.page("")).await;
    assert!(start.text.contains("<form class=\"search\" role=\"search\" method=\"get\""), "{start:?}");
    let page = viewer.get(&world.page("/search?q=jane+d")).await;
    assert!(page.text.contains("value=\"jane d\""), "{page:?}");
    link(&page.text, &format!("/users/{jane}"));
    for (search, says) in
        [("", "Your role may look"), ("j", "at least two letters"), ("%E2%80%8Bj%E2%80%8B", "at least two letters")]
    {
        let page = visible(&viewer.get(&world.page(&format!("/search?q={search}"))).await.text);
        assert!(page.contains(says), "{search:?}: {page}");
    }
    let operator = world.operator(Role::Operator).await;
    assert!(visible(&operator.get(&world.page("")).await.text).contains("A lost phone?"));
    let nothing = visible(&viewer.get(&world.page("/search?q=nothing+like+it")).await.text);
    assert!(nothing.contains("Nothing matches nothing like it"), "{nothing}");
}

#[tokio::test]
async fn the_search_of_a_large_workspace_finds_old_rows_by_the_beginnings_of_words() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let other = world.sandbox("Other").await;
    let jane = person(&world, json!({ "full_name": "Jane Émilie", "phone_number": "+14255550123" })).await;
    // Results link to the person of a phone, too.
    let john = world.person("john").await;
    let phone = named_phone(&world, &john, "Blue Élan", json!({ "desk": "North-7" })).await;
    let number = text(&world.import_number("+43664123456").await["id"]);
    let stranger = other.person("jane").await;
    other.phone(&stranger).await;
    fill(&world).await;
    let ids = [jane.as_str(), phone.as_str(), number.as_str(), stranger.as_str()];
    for (search, expected) in [
        ("émi", &ids[..1]),
        ("ÉMILIE JAN", &ids[..1]),
        ("555-0123", &ids[..1]),
        ("élan", &ids[1..2]),
        ("north 7", &ids[1..2]),
        ("664123", &[]),
        ("43664", &ids[2..3]),
        ("123456", &ids[2..3]),
        ("milie", &[]),
    ] {
        assert_eq!(found(&world, &viewer, search, &ids).await, expected, "{search}");
    }
    let many = visible(&results(&world, &viewer, "filler").await);
    assert!(many.contains("10 or more people, 10 or more phones"), "{many}");
    // A deactivated phone is found by its id, and no longer by its name.
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(found(&world, &viewer, "élan", &ids).await, Vec::<&str>::new());
    assert_eq!(found(&world, &viewer, &phone, &ids).await, [phone.as_str()]);
}

#[tokio::test]
async fn pages_scan_no_table_of_a_large_workspace() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    fill(&world).await;
    for _ in 0..8 {
        for page in [
            "/search?q=jane".to_owned(),
            "/search?q=0123456".to_owned(),
            format!("/search?q={phone}"),
            format!("/users/{jane}"),
            format!("/phones/{phone}"),
            "/installations".to_owned(),
            "/timeline".to_owned(),
            format!("/timeline?person={jane}&type=phone.registered"),
            format!("/timeline?phone={phone}"),
            format!("/timeline?by={jane}&type=phone.registered"),
        ] {
            let page = viewer.get(&world.page(&page)).await;
            assert_eq!(page.status, 200, "{page:?}");
        }
    }
    // A session reports its statistics when it ends.
    world.store.close().await;
    let mut database = world.database().await;
    let scanned = "select relname || ': ' || seq_scan from pg_stat_user_tables where seq_scan > 0 and relname in \
        ('phone', 'user_identity', 'number_register', 'event', 'audit', 'delivery', 'credential', 'client_session', 'contact')";
    let scanned: Vec<String> = sqlx::query_scalar(scanned).fetch_all(&mut database).await.expect("the query succeeds");
    assert_eq!(scanned, Vec::<String>::new());
    let used = "select indexrelname::text from pg_stat_user_indexes where idx_scan > 0 and indexrelname like any (array[\
        '%\\_by\\_word', 'number\\_register\\_by\\_%', 'audit\\_of\\_user\\_identity', 'phone\\_barred', 'phone\\_deactivated%']) \
        order by 1";
    let used: Vec<String> = sqlx::query_scalar(used).fetch_all(&mut database).await.expect("the query succeeds");
    let expected = [
        "audit_of_user_identity",
        "number_register_by_last_digits",
        "number_register_by_number",
        "phone_barred",
        "phone_by_word",
        "phone_deactivated_of_user_identity",
        "user_identity_by_word",
    ];
    assert_eq!(used, expected);
}

/// Adds many people, phones and numbers that are newer than all others.
async fn fill(world: &World) {
    let mut database = world.database().await;
    let mut transaction = database.begin().await.expect("a transaction begins");
    for statement in [
        "insert into user_identity (workspace_id, user_identity_id, full_name, created_at)
            select $1, gen_random_uuid(), 'Filler Person ' || number, $2 + number * interval '1 second'
            from generate_series(1, $3) as number",
        "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version, device_manufacturer,
                device_model, nickname, created_at)
            select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '1', 'Acme', 'One', 'Filler phone', created_at
            from user_identity where workspace_id = $1 and full_name like 'Filler%' and created_at > $2 limit $3",
        "insert into number_register (workspace_id, register_id, number, telephony_provider, status, assigned_at, created_at)
            select $1, gen_random_uuid(), '+1999' || 5000000 + number, 'custom', 'assigned', $2,
                $2 + number * interval '1 second'
            from generate_series(1, $3) as number",
    ] {
        sqlx::query(statement)
            .bind(world.record.workspace_id.0)
            .bind(world.clock.now())
            .bind(MANY)
            .execute(&mut *transaction)
            .await
            .expect("the rows are inserted");
    }
    transaction.commit().await.expect("it commits");
    // As Postgres does by itself soon after.
    sqlx::query("analyze").execute(&mut database).await.expect("it is analyzed");
}
