//! Lists of numbers: pages, cursors, both orders, and filters.

use crate::support::client::Response;
use crate::support::numbers::{number, path};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

/// Imports this many numbers, a day apart; returns their ids, oldest first.
async fn phone_numbers(world: &World, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for which in 0..count {
        ids.push(text(&world.import_number(&number(which)).await["id"]));
        world.advance(TimeDelta::days(1));
    }
    ids
}

async fn list(world: &World, query: &str) -> Response {
    world.key().get(&format!("/v1/phone/?{query}")).await
}

/// Ids, `has_more`, `current_page` and `total_pages` of a page.
fn page_summary(response: &Response) -> (Vec<String>, bool, Value, Value) {
    let page = &response.body;
    let ids = response.page_ids();
    (ids, page["has_more"] == true, page["current_page"].clone(), page["total_pages"].clone())
}

fn reversed(ids: &[String]) -> Vec<String> {
    ids.iter().rev().cloned().collect()
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let world = World::new().await;
    let ids = reversed(&phone_numbers(&world, 5).await);
    for (query, expected, has_more, page, pages) in [
        ("", &ids[..], false, 1, 1),
        ("limit=5", &ids[..], false, 1, 1),
        ("limit=2", &ids[..2], true, 1, 3),
        ("limit=2&page=2", &ids[2..4], true, 2, 3),
        ("limit=2&page=3", &ids[4..], false, 3, 3),
        ("limit=2&page=4", &[], false, 4, 3),
        ("limit=100&order=desc", &ids[..], false, 1, 1),
    ] {
        let response = list(&world, query).await;
        assert_eq!(page_summary(&response), (expected.to_vec(), has_more, json!(page), json!(pages)), "{query}");
    }
    let ids = reversed(&ids);
    let response = list(&world, "order=asc&limit=3").await;
    assert_eq!(page_summary(&response), (ids[..3].to_vec(), true, json!(1), json!(2)));
    let response = list(&world, "order=asc&limit=3&page=2").await;
    assert_eq!(page_summary(&response), (ids[3..].to_vec(), false, json!(2), json!(2)));
}

#[tokio::test]
async fn an_empty_list_has_no_first_and_last_id() {
    let world = World::new().await;
    let response = list(&world, "").await;
    let (ids, has_more, page, pages) = page_summary(&response);
    assert_eq!((ids.len(), has_more, page), (0, false, json!(1)));
    assert!(pages.is_u64(), "{response:?}");
    assert!(
        response.text.starts_with(r#"{"data":[],"has_more":false,"first_id":null,"last_id":null,"current_page":1,"#)
    );
}

#[tokio::test]
async fn a_page_far_beyond_the_end_is_empty() {
    let world = World::new().await;
    phone_numbers(&world, 1).await;
    for page in ["92233720368547759", "9223372036854775807", "99999999999999999999999"] {
        let response = list(&world, &format!("limit=100&page={page}")).await;
        assert!(response.page().is_empty(), "{page}");
        assert_eq!((&response.body["has_more"], &response.body["total_pages"]), (&json!(false), &json!(1)), "{page}");
    }
}

#[tokio::test]
async fn the_default_page_size_is_twenty() {
    let world = World::new().await;
    let ids = reversed(&phone_numbers(&world, 21).await);
    assert_eq!(page_summary(&list(&world, "").await), (ids[..20].to_vec(), true, json!(1), json!(2)));
    let after = list(&world, &format!("after={}", ids[0])).await;
    assert_eq!(page_summary(&after), (ids[1..].to_vec(), false, Value::Null, Value::Null));
}

#[tokio::test]
async fn cursors_continue_after_an_entry_or_end_before_one() {
    let world = World::new().await;
    let oldest_first = phone_numbers(&world, 5).await;
    for (order, ids) in [("desc", reversed(&oldest_first)), ("asc", oldest_first)] {
        for (query, expected, has_more) in [
            (format!("after={}", ids[0]), &ids[1..], false),
            (format!("after={}&limit=2", ids[0]), &ids[1..3], true),
            (format!("after={}&limit=2", ids[2]), &ids[3..], false),
            (format!("after={}", ids[4]), &[], false),
            (format!("before={}", ids[4]), &ids[..4], false),
            (format!("before={}&limit=2", ids[3]), &ids[1..3], true),
            (format!("before={}&limit=2", ids[2]), &ids[..2], false),
            (format!("before={}", ids[0]), &[], false),
        ] {
            let response = list(&world, &format!("{query}&order={order}")).await;
            assert_eq!(
                page_summary(&response),
                (expected.to_vec(), has_more, Value::Null, Value::Null),
                "{order} {query}"
            );
        }
    }
}

#[tokio::test]
async fn a_walk_by_cursors_returns_each_number_once_although_all_have_the_same_time() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for which in 0..7 {
        ids.push(text(&world.import_number(&number(which)).await["id"]));
    }
    for order in ["asc", "desc"] {
        let mut walked = Vec::new();
        let mut query = format!("order={order}&limit=2");
        loop {
            let response = list(&world, &query).await;
            walked.extend(response.page_ids());
            assert!(walked.len() <= ids.len(), "the walk does not end: {walked:?}");
            if response.body["has_more"] == false {
                break;
            }
            query = format!("order={order}&limit=2&after={}", text(&response.body["last_id"]));
        }
        let mut sorted = walked.clone();
        sorted.sort();
        let mut all = ids.clone();
        all.sort();
        assert_eq!(sorted, all, "{order}");
        assert_eq!(list(&world, &format!("order={order}")).await.page_ids(), walked);
    }
}

#[tokio::test]
async fn invalid_cursors_are_refused_in_the_dialects_own_envelope() {
    let world = World::new().await;
    let ids = phone_numbers(&world, 2).await;
    let unknown: Uuid = world.random.id(world.clock.now());
    for query in
        [format!("after={}&before={}", ids[0], ids[1]), format!("after={unknown}"), format!("before={unknown}")]
    {
        list(&world, &query).await.is_diga_error(422, "INVALID_PAGINATION_PARAMETERS");
    }
}

#[tokio::test]
async fn filters_exclude_other_numbers_from_pages_and_counts() {
    let world = World::new().await;
    let ids = phone_numbers(&world, 4).await;
    let reserved = text(&world.reserve_number(&number(100)).await["id"]);
    let at = |which: usize| format!("/v1/phone/{}", ids[which]);
    let (inbound, outbound): (Uuid, Uuid) = (world.random.id(world.clock.now()), world.random.id(world.clock.now()));
    world
        .key()
        .patch(&at(1), json!({ "inbound_agent_id": inbound, "outbound_agent_id": outbound }))
        .await
        .phone_number();
    world.key().patch(&at(2), json!({ "inbound_agent_id": inbound })).await.phone_number();
    assert_eq!(world.key().delete(&at(3)).await.status, 204);
    let some = |which: &[usize]| -> Vec<String> { which.iter().map(|index| ids[*index].clone()).collect() };
    for (query, expected) in [
        ("status=assigned".to_owned(), some(&[0, 1, 2])),
        ("status=finished".to_owned(), some(&[3])),
        ("status=released".to_owned(), vec![]),
        ("status=reserved".to_owned(), vec![reserved]),
        (format!("inbound_agent_id={inbound}"), some(&[1, 2])),
        (format!("outbound_agent_id={outbound}"), some(&[1])),
        (format!("inbound_agent_id={outbound}"), vec![]),
        (format!("inbound_agent_id={inbound}&outbound_agent_id={outbound}"), some(&[1])),
        ("start_assigned_at=2026-01-02T00:00:00Z".to_owned(), some(&[1, 2, 3])),
        ("start_assigned_at=2026-01-02".to_owned(), some(&[1, 2, 3])),
        ("end_assigned_at=2026-01-02T23:00:00%2B00:00".to_owned(), some(&[0, 1])),
        ("start_assigned_at=2026-01-02T00:00:00&end_assigned_at=2026-01-03T13:00:00Z".to_owned(), some(&[1, 2])),
        ("start_assigned_at=2026-01-02&status=assigned".to_owned(), some(&[1, 2])),
        ("start_assigned_at=2027-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        let response = list(&world, &format!("{query}&order=asc")).await;
        assert_eq!(response.page_ids(), expected, "{query}");
    }
    let counted = page_summary(&list(&world, "status=assigned&limit=2&order=asc").await);
    assert_eq!(counted, (some(&[0, 1]), true, json!(1), json!(2)));
    let onward = page_summary(&list(&world, &format!("status=assigned&limit=2&order=asc&after={}", ids[1])).await);
    assert_eq!(onward, (some(&[2]), false, Value::Null, Value::Null));
}

#[tokio::test]
async fn numbers_in_a_query_are_parsed_leniently_and_the_last_value_of_a_name_counts() {
    let world = World::new().await;
    let ids = reversed(&phone_numbers(&world, 3).await);
    for query in ["limit=2.0", "limit=%202", "limit=abc&limit=2", "limit=1&limit=2", "limit=2&unknown=1"] {
        assert_eq!(list(&world, query).await.page_ids(), ids[..2], "{query}");
    }
    let last = list(&world, "order=up&order=asc&status=gone&status=assigned").await;
    assert_eq!(last.page_ids(), reversed(&ids));
}

#[tokio::test]
async fn list_returns_the_same_numbers_as_get() {
    let world = World::new().await;
    phone_numbers(&world, 2).await;
    let bought = world.reserve_and_assign_number(&number(50)).await;
    assert_eq!(world.key().delete(&path(&bought)).await.status, 204);
    let listed = list(&world, "").await.page();
    assert_eq!(listed.len(), 3);
    for phone_number in listed {
        assert_eq!(world.read_number(&phone_number).await, phone_number);
    }
}
