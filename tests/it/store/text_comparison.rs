//! Rows from before texts were compared in one way: they are found, and duplicates keep what they were given.

use crate::support::client::Client;
use crate::support::shared_postgres::Database;
use crate::support::world::{World, list, seal, text};
use handset::domain::text::caseless;
use handset::store::Store;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::borrow::Cow;
use std::path::Path;

/// Rows of the previous schema: "Café" composed and decomposed, and texts that the previous rule did not normalise.
const ROWS: &str = r"
    insert into workspace (workspace_id, name, is_sandbox, publishable_key, created_at)
        values ('11111111-1111-4111-8111-111111111111', U&'Cafe\0301', true, 'seam_pk1old', now());
    insert into user_identity (workspace_id, user_identity_id, user_identity_key, full_name, phone_number, created_at)
        select workspace_id, gen_random_uuid(), key, full_name, phone_number, now() + place * interval '1 second'
        from workspace cross join (values
            (1, U&'Cafe\0301', U&'\017b\00f3\0142\0107', ''), (2, U&'Caf\00e9', 'Zolc', ' '),
            (3, 'plain', U&'I\0307lker', '+14255550100'), (4, 'ext1', 'Ext', U&'+1425 E\0301'),
            (5, 'ext2', 'Ext', U&'+1425 \00e9'), (6, 'ext3', 'Ext', '+1425 e')
        ) as person (place, key, full_name, phone_number);
    insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identifier_key,
            connected_account_ids, connect_webview_ids, created_at, expires_at)
        select workspace_id, gen_random_uuid(), '\x00', '\x00', key, '{}', '{}', now() + place * interval '1 second',
            '2030-01-01'
        from workspace cross join (values (1, U&'Cafe\0301'), (2, U&'Caf\00e9')) as session (place, key);
    insert into contact_group (workspace_id, user_identity_id, name)
        select workspace_id, user_identity_id, U&'Cafe\0301' from user_identity where user_identity_key = 'plain';
    insert into contact (workspace_id, user_identity_id, prefix, first_name, middle_name, last_name, suffix, nickname,
            company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title, emails,
            phone_numbers, addresses, created_at, updated_at)
        select workspace_id, user_identity_id, '', U&'Zoe\0308', '', 'Doe', '', '', '', '', '', '', '', '', '[]', '[]',
            '[]', now(), now()
        from user_identity where user_identity_key = 'plain';
    update user_identity set contact_count = 1 where user_identity_key = 'plain';
    insert into phone (workspace_id, device_id, user_identity_id, custom_sdk_installation_id, operating_system, os_version,
            device_manufacturer, device_model, custom_metadata, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, U&'J\030c', 'ios', '1', 'x', U&'Mu\0308ller', '{}', now()
        from user_identity where user_identity_key = 'plain';
";

/// Letters that got their case after Unicode 15, and U+11A7, which some versions of Postgres compose.
const OTHER: [std::ops::RangeInclusive<u32>; 7] = [
    0x11a7..=0x11a7,
    0x1c89..=0x1c8a,
    0xa7cb..=0xa7cf,
    0xa7d2..=0xa7d5,
    0xa7da..=0xa7dd,
    0x1_0d50..=0x1_0d85,
    0x1_6ea0..=0x1_6ed3,
];

#[tokio::test]
async fn texts_are_folded_alike_by_the_database_and_by_the_server() {
    let database = Database::new(2).await;
    let mut connection = PgConnection::connect(&database.url).await.expect("the database accepts");
    let characters: Vec<char> = (1..0x2_0000)
        .filter(|code| !OTHER.iter().any(|other| other.contains(code)))
        .filter_map(char::from_u32)
        .collect();
    let alone = characters.iter().map(|it| it.to_string());
    let letters = characters.iter().filter(|it| **it < '\u{11000}' && it.is_alphanumeric());
    let in_words = letters.map(|it| format!("A\u{30c}{it}\u{301}Éσς{it}{it}ỮІ"));
    let marks = ('\u{300}'..='\u{36f}').map(|it| format!("E{it}\u{323}i{it}Ῥ{it}"));
    let texts: Vec<String> = alone.chain(in_words).chain(marks).collect();
    let folded: Vec<String> = sqlx::query_scalar("select caseless(text) from unnest($1::text[]) as text")
        .bind(&texts)
        .fetch_all(&mut connection)
        .await
        .expect("the database answers");
    let different: Vec<_> = texts
        .iter()
        .zip(&folded)
        .filter(|(text, folded)| caseless(text) != **folded)
        .map(|(text, folded)| (text, text.chars().map(u32::from).collect::<Vec<_>>(), folded, caseless(text)))
        .collect();
    assert!(different.is_empty(), "{} differ: {:x?}", different.len(), &different[..different.len().min(40)]);
}

async fn found(client: &Client, path: &str, key: &str, field: &str, search: &str) -> Vec<Value> {
    let listed = client.post(path, json!({ "search": search })).await.ok();
    list(&listed[key]).into_iter().map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn rows_from_before_texts_were_compared_in_one_way_are_found() {
    let database = Database::empty(8).await;
    let mut connection = PgConnection::connect(&database.url).await.expect("the database accepts");
    let mut migrator = sqlx::migrate::Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")))
        .await
        .expect("the migrations are read");
    migrator.migrations = Cow::Owned(migrator.iter().filter(|it| it.version < 36).cloned().collect());
    migrator.run(&mut connection).await.expect("it is the previous schema");
    sqlx::raw_sql(ROWS).execute(&mut connection).await.expect("two forms were allowed");
    let store = Store::open(&database.url, 2, seal()).await.expect("it opens");
    store.migrate().await.expect("it is migrated");
    store.close().await;

    let world = World::at(&database.url, 5).await;
    let record = world.store.workspaces_called("Café").await.expect("the database answers").remove(0);
    let (_, key) = world.store.create_api_key(&record, "test", world.clock.now(), &world.random).await.expect("a key");
    let client = world.anonymous().bearer(key.reveal());

    for (search, expected) in [("żółć", "Żółć"), ("İLKER", "I\u{307}lker"), ("plain", "I\u{307}lker")] {
        let names = found(&client, "/user_identities/list", "user_identities", "full_name", search).await;
        assert_eq!(names, [expected], "{search}");
    }
    assert_eq!(found(&client, "/phones/list", "phones", "display_name", "MÜLLER").await, ["Mu\u{308}ller"]);
    let people = client.post("/user_identities/list", json!({})).await.ok();
    let numbers: Vec<Value> = list(&people["user_identities"]).iter().map(|it| it["phone_number"].clone()).collect();
    let kept = ["+14255550100", "+1425 E\u{301}", "+1425 \u{e9}", "+1425 e"].map(Value::from);
    assert_eq!(numbers, [&[Value::Null, Value::Null], kept.as_slice()].concat(), "a blank number is none");
    // Each of the two forms of a number is found; a third user identity gets neither.
    let ids: Vec<String> = list(&people["user_identities"]).iter().map(|it| text(&it["user_identity_id"])).collect();
    for search in ["+1425 É", "+1425 e\u{301}"] {
        let holders = found(&client, "/user_identities/list", "user_identities", "user_identity_id", search).await;
        assert_eq!(holders, [ids[3].as_str(), ids[4].as_str()], "{search}");
        let taken = client.post("/user_identities/create", json!({ "phone_number": search })).await;
        taken.refused(400, "user_identity_already_exists");
    }
    let change = |id: &str, number: &str| json!({ "user_identity_id": id, "phone_number": number });
    client.post("/user_identities/update", change(&ids[4], "+1426")).await.ok();
    let again = client.post("/user_identities/update", change(&ids[4], "+1425 \u{e9}")).await;
    again.refused(400, "user_identity_already_exists");

    // Each of the two keys is found in its own form; a third user identity gets neither.
    for key in ["Café", "Cafe\u{301}"] {
        let got = client.post("/user_identities/get", json!({ "user_identity_key": key })).await.ok();
        assert_eq!(got["user_identity"]["user_identity_key"], key);
        let taken = client.post("/user_identities/create", json!({ "user_identity_key": key })).await;
        taken.refused(400, "user_identity_already_exists");
    }
    let sessions: Vec<String> =
        sqlx::query_scalar("select user_identifier_key from client_session where revoked_at is null")
            .fetch_all(&mut connection)
            .await
            .expect("the database answers");
    assert_eq!(sessions, ["Café"], "the newest stays");

    let account = client.get("/v4/accounts").await.items()[0]["id"].clone();
    let extensions = client.get(&format!("/v4/accounts/{account}/extensions?filters[name]=İLKER")).await.items();
    let contacts = format!("/v4/accounts/{account}/extensions/{}/contacts", extensions[0]["id"]);
    let by_name = client.get(&format!("{contacts}?filters[name]=ZOË%20DOE")).await.items();
    assert_eq!(by_name[0]["first_name"], "Zoe\u{308}");
    let made = client.post(&contacts, json!({ "group": "CAFÉ" })).await.created();
    assert_eq!(made["group"]["name"], "Cafe\u{301}");
    let person = text(&extensions[0]["user_identity_id"]);
    let again = json!({ "user_identity_id": person, "custom_sdk_installation_id": "\u{1f0}" });
    let phone = client.post("/phones/simulate/create_sandbox_phone", again).await.ok();
    assert_eq!(phone["phone"]["display_name"], "Mu\u{308}ller", "it is the same installation");
}
