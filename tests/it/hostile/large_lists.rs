//! Lists over rows that are larger than the API admits today: rows of an older version, or many. A response has a maximum, and
//! what is read for all of them together, too, whatever `limit` says. The server is a process of its own where its peak
//! memory is read.

use crate::support::client::{Client, Response};
use crate::support::private_postgres::TestDir;
use crate::support::program::Server;
use crate::support::world::{Tenant, World, text};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

const MIB: usize = 1024 * 1024;

/// Resident memory that no attack may exceed.
const LIMIT: usize = 200 * MIB;

/// 500 user identities, contacts of the first and events, of 40 KiB each.
const OTHER_ROWS: &str = "
    insert into user_identity (workspace_id, user_identity_id, user_identity_key, full_name, created_at)
    select workspace_id, gen_random_uuid(), 'copy ' || n, repeat('x', 40960), created_at
    from user_identity cross join generate_series(1, 500) as n where user_identity_key = 'jane';
    insert into contact (workspace_id, user_identity_id, prefix, first_name, middle_name, last_name, suffix, nickname,
        company, phonetic_first_name, phonetic_middle_name, phonetic_last_name, department, job_title, emails,
        phone_numbers, addresses, created_at, updated_at)
    select workspace_id, user_identity_id, '', 'Joe', '', '', '', '', repeat('x', 40960), '', '', '', '', '', '[]', '[]', '[]',
        created_at, created_at
    from user_identity cross join generate_series(1, 500) where user_identity_key = 'jane';
    update user_identity set contact_count = 500 where user_identity_key = 'jane';
    insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, user_identity_id, details)
    select workspace_id, gen_random_uuid(), 'phone.activated', false, created_at - n * interval '1 second', created_at,
        user_identity_id, jsonb_build_object('x', repeat('x', 40960))
    from user_identity cross join generate_series(1, 500) as n where user_identity_key = 'jane'";

/// Inserts phones of the person, each with a `device_model` of this length.
async fn insert_phones(world: &World, tenant: &Tenant, person: &str, count: usize, length: usize) {
    let sql = format!(
        "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version,
            device_manufacturer, device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, 'ios', '26', 'Apple', repeat('x', {length}), created_at
        from user_identity cross join generate_series(1, {count})
        where workspace_id = '{}' and user_identity_id = '{person}'",
        tenant.record.workspace_id.0,
    );
    run(world, &sql).await;
}

async fn run(world: &World, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut world.database().await).await;
    done.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
}

async fn at_once(client: &Client, count: usize, path: &str) -> Vec<Response> {
    futures_util::future::join_all((0..count).map(|_| client.get(path))).await
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn ten_lists_of_everything_use_little_memory_and_delay_no_other_workspace() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let person = world.person("jane").await;
    insert_phones(&world, &world, &person, 400, 300 * 1024).await;
    let victim = world.sandbox("victim").await;
    let phone = victim.phone(&victim.person("joe").await).await;
    let server = Server::beside(&world, &[], &test_dir).await;
    let attacker = server.client(world.api_key.reveal());
    let other = server.client(victim.api_key.reveal());
    let lists = tokio::spawn(async move { at_once(&attacker, 10, "/devices/list?limit=100000").await });
    other.get(&format!("/phones/get?device_id={phone}")).await.ok();
    other.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let lists = lists.await.expect("the task does not panic");
    let peak = server.peak_memory();
    let statuses: Vec<u16> = lists.iter().map(|response| response.status).collect();
    println!("{} MiB at most, {statuses:?}", peak / MIB);
    assert!(peak < LIMIT, "{peak} bytes, {statuses:?}");
    // One that waited in vain for the others is asked to come back.
    assert!(statuses.iter().all(|status| [400, 503].contains(status)), "{statuses:?}");
    lists.iter().find(|response| response.status == 400).expect("one is judged").refused(400, "list_too_large");
    let page = server.client(world.api_key.reveal()).get("/devices/list?limit=10").await.ok();
    assert_eq!(page["devices"].as_array().map(Vec::len), Some(10));
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn lists_just_below_the_limit_use_little_memory() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let second = world.sandbox("second").await;
    for (tenant, name) in [(&*world, "jane"), (&second, "joe")] {
        let person = tenant.person(name).await;
        insert_phones(&world, tenant, &person, 12, 300 * 1024).await;
    }
    let server = Server::beside(&world, &["--connections", "16"], &test_dir).await;
    println!("{} MiB at start", server.peak_memory() / MIB);
    let (client, other) = (server.client(world.api_key.reveal()), server.client(second.api_key.reveal()));
    let path = "/devices/list?limit=100000";
    let (first, second) = tokio::join!(at_once(&client, 10, path), at_once(&other, 10, path));
    let peak = server.peak_memory();
    let sizes: Vec<(u16, usize)> = first.iter().chain(&second).map(|list| (list.status, list.text.len())).collect();
    println!("{} MiB at most, {sizes:?}", peak / MIB);
    assert!(peak < LIMIT, "{peak} bytes, {sizes:?}");
    // Others get 503: one client has one such response at a time.
    assert!(sizes.iter().any(|(status, size)| *status == 200 && *size > 14 * MIB), "{sizes:?}");
    // Few rows, of which the response repeats too much.
    let person = world.person("jim").await;
    insert_phones(&world, &world, &person, 10, 300 * 1024).await;
    let refused = at_once(&client, 10, path).await;
    let peak = server.peak_memory();
    println!("{} MiB at most", peak / MIB);
    assert!(peak < LIMIT, "{peak} bytes");
    refused.iter().find(|response| response.status == 400).expect("one is judged").refused(400, "list_too_large");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_a_few_megabytes_wait_for_each_other() {
    let world = World::new().await;
    let person = world.person("jane").await;
    insert_phones(&world, &world, &person, 120, 10 * 1024).await;
    for path in ["/devices/list?limit=100000", "/phones/list"] {
        for response in at_once(world.key(), 3, path).await {
            assert!(response.text.len() > MIB, "{path}: {} {:.200}", response.status, response.text);
            response.ok();
        }
    }
}

#[tokio::test]
async fn a_list_that_is_too_large_is_refused_and_can_be_paged() {
    let world = World::new().await;
    let person = world.person("jane").await;
    insert_phones(&world, &world, &person, 60, 300 * 1024).await;
    run(&world, OTHER_ROWS).await;
    let key = world.key();
    for path in
        ["/phones/list?", "/devices/list?", "/user_identities/list?", "/events/list?since=2020-01-01T00:00:00Z&"]
    {
        let error = key.get(&format!("{path}limit=10000")).await.refused(400, "list_too_large");
        assert!(text(&error["message"]).contains("limit"), "{path}: {error}");
        key.get(&format!("{path}limit=2")).await.ok();
    }
    key.get("/phones/list").await.refused(400, "list_too_large");
    let extension = "select extension_id from user_identity where user_identity_key = 'jane'";
    let extension = sqlx::query_scalar::<_, i64>(extension).fetch_one(&mut world.database().await).await;
    let contacts = format!("/v4/accounts/1/extensions/{}/contacts", extension.expect("it is there"));
    for path in [contacts.as_str(), "/v4/accounts/1/extensions"] {
        for sorted in ["limit=500", "limit=500&sort[id]=desc", "limit=500&filters[id]=gt:0"] {
            let refused = key.get(&format!("{path}?{sorted}")).await;
            assert_eq!((refused.status, &refused.body["error"]), (400, &Value::from("list_too_large")), "{refused:?}");
        }
        assert_eq!(key.get(&format!("{path}?limit=2")).await.status, 200);
    }
}
