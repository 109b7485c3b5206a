//! Pagination in the Seam dialect: every item once and in order, and cursors that are valid for one list only.

use crate::support::world::{World, list, text};
use base64::prelude::*;
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn world_of_five() -> World {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for number in 0..5 {
        // Some with the same time, so that the id decides the order.
        world.advance(TimeDelta::seconds(number % 2));
        world.phone(&jane).await;
    }
    world
}

#[tokio::test]
async fn pages_contain_every_item_once_and_in_order() {
    let world = world_of_five().await;
    for (path, key) in [("/devices/list", "devices"), ("/phones/list", "phones")] {
        let all = world.key().get(path).await.ok()[key].clone();
        for limit in 1..=6 {
            let mut seen = Vec::new();
            let mut cursor = Value::Null;
            let mut pages = 0;
            loop {
                let page = world.key().post(path, json!({ "limit": limit, "page_cursor": cursor })).await.ok();
                seen.extend(list(&page[key]));
                pages += 1;
                cursor = page["pagination"]["next_page_cursor"].clone();
                assert_eq!(page["pagination"]["has_next_page"], json!(!cursor.is_null()));
                if cursor.is_null() {
                    assert_eq!(page["pagination"]["next_page_url"], Value::Null);
                    break;
                }
                BASE64_STANDARD.decode(text(&cursor)).expect("clients require standard base64");
            }
            assert_eq!(json!(seen), all, "{path} by {limit}");
            assert_eq!(pages, 5_usize.div_ceil(limit), "{path} by {limit}");
        }
    }
}

#[tokio::test]
async fn phones_of_a_user_identity_are_listed_completely_and_in_order() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.phone(&joe).await;
    let mut phones: Vec<String> = Vec::new();
    for length in 1..=103 {
        world.advance(TimeDelta::seconds(1));
        // A user may have more phones than the maximum from before there was one.
        phones.push(if length <= 100 { world.phone(&jane).await } else { copy_of(&world, &phones[0]).await });
        if [1, 99, 100, 101, 102, 103].contains(&length) {
            let path = format!("/phones/list?owner_user_identity_id={jane}");
            let (all, page) = futures_util::join!(world.key().get(&path), async {
                world.key().get(&format!("{path}&limit=100")).await.ok()
            });
            let ids = |response: &Value| -> Vec<String> {
                list(&response["phones"]).iter().map(|phone| text(&phone["device_id"])).collect()
            };
            assert_eq!(ids(&all.ok()), phones);
            assert_eq!(ids(&page), phones[..length.min(100)]);
        }
    }
}

/// Stores a copy of a phone, registered now, and returns its id.
async fn copy_of(world: &World, phone: &str) -> String {
    let copy = "
        insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version, device_manufacturer,
            device_model, created_at)
        select workspace_id, gen_random_uuid(), user_identity_id, operating_system, os_version, device_manufacturer,
            device_model, $2
        from phone where device_id = $1::text::uuid
        returning device_id::text";
    let now = world.clock.now();
    let copied = sqlx::query_scalar(copy).bind(phone).bind(now).fetch_one(&mut world.database().await).await;
    copied.expect("the phone is copied")
}

#[tokio::test]
async fn next_page_url_returns_the_next_page() {
    let world = world_of_five().await;
    let first = world.key().get("/devices/list?limit=2&custom_metadata_has.x=&_strict=true").await.ok();
    let address = text(&first["pagination"]["next_page_url"]);
    let path = address.strip_prefix(&world.url).unwrap_or_else(|| panic!("elsewhere: {address}")).to_owned();
    let cursor = first["pagination"]["next_page_cursor"].clone();
    let body = json!({ "limit": 2, "custom_metadata_has": { "x": null }, "page_cursor": cursor });
    let second = world.key().post("/devices/list", body).await.ok();
    assert_eq!(world.key().get(&path).await.ok(), second);
    assert_eq!(list(&second["devices"]).len(), 2);
}

#[tokio::test]
async fn a_deactivated_phone_does_not_shift_later_pages() {
    let world = world_of_five().await;
    let ids = world.phone_ids().await;
    let first = world.key().get("/phones/list?limit=2").await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": ids[0] })).await.ok();
    let cursor = first["pagination"]["next_page_cursor"].clone();
    let second = world.key().post("/phones/list", json!({ "limit": 2, "page_cursor": cursor })).await.ok();
    let seen: Vec<String> = list(&second["phones"]).iter().map(|phone| text(&phone["device_id"])).collect();
    assert_eq!(seen, ids[2..4]);
    // Even if the phone that the cursor names is deactivated.
    world.key().post("/phones/deactivate", json!({ "device_id": ids[2] })).await.ok();
    let again = world.key().post("/phones/list", json!({ "limit": 2, "page_cursor": cursor })).await.ok();
    let seen: Vec<String> = list(&again["phones"]).iter().map(|phone| text(&phone["device_id"])).collect();
    assert_eq!(seen, ids[3..5]);
}

#[tokio::test]
async fn a_cursor_is_valid_only_with_the_parameters_of_its_list() {
    let world = world_of_five().await;
    let first = world.key().get("/devices/list?limit=2").await.ok();
    let cursor = &first["pagination"]["next_page_cursor"];
    for other in [
        json!({ "limit": 3, "page_cursor": cursor }),
        json!({ "page_cursor": cursor }),
        json!({ "limit": 2, "page_cursor": cursor, "device_type": "ios_phone" }),
        json!({ "limit": 2, "page_cursor": cursor, "custom_metadata_has": { "a": "b" } }),
    ] {
        world.key().post("/devices/list", other).await.refused(400, "mismatched_page_parameters");
    }
    let people = json!({ "limit": 2, "page_cursor": cursor });
    world.key().post("/user_identities/list", people).await.refused(400, "mismatched_page_parameters");
    // Unknown parameters do not count.
    let same = json!({ "limit": 2, "page_cursor": cursor, "unknown": 1 });
    world.key().post("/devices/list", same).await.ok();
}

#[tokio::test]
async fn a_cursor_is_valid_with_the_default_limit_given_or_omitted() {
    let world = World::new().await;
    let mut connection = world.database().await;
    sqlx::query(
        "insert into user_identity (workspace_id, user_identity_id, created_at)
         select $1::uuid, gen_random_uuid(), now() from generate_series(1, 501)",
    )
    .bind(world.record.workspace_id.0)
    .execute(&mut connection)
    .await
    .expect("the user identities are inserted");
    let unsaid = world.key().get("/user_identities/list").await.ok();
    assert_eq!(list(&unsaid["user_identities"]).len(), 500);
    let cursor = &unsaid["pagination"]["next_page_cursor"];
    for body in [json!({ "page_cursor": cursor }), json!({ "limit": 500, "page_cursor": cursor })] {
        let last = world.key().post("/user_identities/list", body).await.ok();
        assert_eq!(list(&last["user_identities"]).len(), 1);
    }
}

#[tokio::test]
async fn an_empty_cursor_is_the_first_page_and_an_invalid_one_is_refused() {
    let world = world_of_five().await;
    let first = world.key().get("/devices/list?limit=2").await.ok();
    for path in ["/devices/list?limit=2&page_cursor=", "/devices/list?limit=2&page_cursor=&_strict=true"] {
        assert_eq!(world.key().get(path).await.ok(), first);
    }
    let null = json!({ "limit": 2, "page_cursor": null });
    assert_eq!(world.key().post("/devices/list", null).await.ok(), first);
    for wrong in ["?", "x", "bm8ganNvbg==", "W10=", "bnVsbA=="] {
        let response = world.key().post("/devices/list", json!({ "limit": 2, "page_cursor": wrong })).await;
        response.invalid("page_cursor", "Invalid base64");
    }
}

#[tokio::test]
async fn a_forged_cursor_causes_no_server_error() {
    let world = world_of_five().await;
    let first = world.key().get("/devices/list?limit=2").await.ok();
    let cursor = BASE64_STANDARD.decode(text(&first["pagination"]["next_page_cursor"])).expect("base64");
    let cursor: Value = serde_json::from_slice(&cursor).expect("it is JSON inside");
    for time in
        ["-262143-01-01T00:00:00Z", "-4713-01-01T00:00:00Z", "+262142-12-31T23:59:59Z", "+294277-01-01T00:00:00Z"]
    {
        let mut forged = cursor.clone();
        forged[1]["created_at"] = json!(time);
        let forged = BASE64_STANDARD.encode(forged.to_string());
        let response = world.key().post("/devices/list", json!({ "limit": 2, "page_cursor": forged })).await;
        assert!(response.status == 200 || response.error()["type"] == "invalid_input", "{time}: {response:?}");
    }
}

#[tokio::test]
async fn list_phones_is_paginated_only_on_request() {
    let world = world_of_five().await;
    let plain = world.key().get("/phones/list").await.ok();
    assert_eq!(list(&plain["phones"]).len(), 5);
    assert_eq!(plain.get("pagination"), None);
    for path in ["/phones/list?limit=5", "/phones/list?page_cursor="] {
        let paged = world.key().get(path).await.ok();
        let end = json!({ "has_next_page": false, "next_page_cursor": null, "next_page_url": null });
        assert_eq!((&paged["phones"], &paged["pagination"]), (&plain["phones"], &end), "{path}");
    }
}

#[tokio::test]
async fn lists_that_clients_expect_without_pagination_have_none() {
    let world = World::new().await;
    for path in ["/events/list?since=2000-01-01", "/webhooks/list", "/client_sessions/list", "/workspaces/list"] {
        assert_eq!(world.key().get(path).await.ok().get("pagination"), None, "{path}");
    }
    for path in ["/user_identities/list", "/devices/list", "/acs/credentials/list"] {
        assert!(world.key().get(path).await.ok()["pagination"].is_object(), "{path}");
    }
}
