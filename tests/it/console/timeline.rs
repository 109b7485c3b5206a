//! The timeline: events and the audit trail as one list, its filters, its pages, and that it is live.

use crate::support::html::{attributes, links, visible};
use crate::support::wait::TIMEOUT;
use crate::support::world::{World, text};
use chrono::TimeDelta;
use handset::domain::operator::Role;
use serde_json::json;
use std::collections::BTreeSet;
use tokio::time::timeout;

/// The ids of the rows of a page, in order.
fn rows(page: &str) -> Vec<String> {
    let body = page.split_once("data-rows").map_or("", |(_, body)| body);
    attributes(body, "id").into_iter().filter(|id| id.starts_with("event-") || id.starts_with("change-")).collect()
}

/// The link to the next page.
fn next(page: &str) -> Option<String> {
    let next = page.split_once("rel=\"next\" href=\"").map(|(_, rest)| rest.split('"').next().unwrap_or_default());
    next.map(|next| next.replace("&amp;", "&"))
}

#[tokio::test]
async fn the_timeline_shows_who_changed_what_from_where() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    for metadata in [json!({ "desk": "North" }), json!({ "desk": "South", "room": "4" })] {
        let change = json!({ "device_id": phone, "name": "Blue", "custom_metadata": metadata });
        world.key().post("/devices/update", change).await.ok();
        world.advance(TimeDelta::seconds(1));
    }
    let page = viewer.get(&world.page("/timeline")).await;
    let says = visible(&page.text);
    for part in [
        "phone.registered",
        "phone.updated",
        "Blue of Person jane",
        "API key test",
        "127.0.0.1",
        "2026-01-01 12:00:00 UTC",
    ] {
        assert!(says.contains(part), "{part}: {says}");
    }
    assert!(says.contains("custom_metadata.desk before: North → after: South"), "{says}");
    assert!(says.contains("custom_metadata.room after: 4"), "{says}");
    let kinds = rows(&page.text);
    assert_eq!(kinds.iter().filter(|id| id.starts_with("event-")).count(), 3);
    assert_eq!(kinds.iter().filter(|id| id.starts_with("change-")).count(), 3);
    let linked = links(&page.text);
    assert!(linked.iter().any(|link| link.contains("/events/")), "{linked:?}");
    assert!(linked.iter().any(|link| link.contains("/timeline?by=")), "{linked:?}");
}

#[tokio::test]
async fn filters_of_the_timeline_stand_in_its_address() {
    let world = World::new().await;
    let operator = world.operator(Role::Operator).await;
    let (jane, john) = (world.person("jane").await, world.person("john").await);
    let phones = [world.phone(&jane).await, world.phone(&john).await];
    world.sync_credential(&jane).await;
    world.advance(TimeDelta::hours(1));
    operator.post(&world.page(&format!("/phones/{}/deactivate", phones[0])), &[]).await.location();
    let author = operator.operator_id.expect("it is signed in");
    let count = async |query: &str| {
        let page = operator.get(&world.page(&format!("/timeline?{query}"))).await;
        assert_eq!(page.status, 200, "{page:?}");
        let rows = rows(&page.text);
        let events = rows.iter().filter(|id| id.starts_with("event-")).count();
        (events, rows.len() - events)
    };
    let all = count("").await;
    for (query, expected) in [
        ("log=events".to_owned(), (all.0, 0)),
        ("log=changes".to_owned(), (0, all.1)),
        (format!("phone={}", phones[1]), (1, 1)),
        ("type=phone.registered".to_owned(), (2, 2)),
        (format!("type=phone.registered&person={jane}"), (1, 1)),
        (format!("type=phone.deactivated&phone={}", phones[0]), (1, 1)),
        (format!("type=phone.deactivated&phone={}", phones[1]), (0, 0)),
        (format!("by={author}&type=phone.deactivated"), (0, 1)),
        (format!("by={jane}"), (0, 0)),
        ("type=phone.registered&until=2026-01-01T12:30".to_owned(), (2, 2)),
        ("type=phone.registered&since=2026-01-01T12:30".to_owned(), (0, 0)),
        ("type=phone.deactivated&since=2026-01-01T12:30&until=2026-01-02".to_owned(), (1, 1)),
    ] {
        assert_eq!(count(&query).await, expected, "{query}");
    }
    let of_jane = count(&format!("person={jane}")).await;
    let of_john = count(&format!("person={john}")).await;
    assert_eq!((of_jane.0 + of_john.0, of_jane.1 + of_john.1), all);
    let page = operator.get(&world.page(&format!("/timeline?log=changes&person={jane}&type=phone.registered"))).await;
    assert!(page.text.contains("value=\"changes\" selected"), "{page:?}");
    assert!(attributes(&page.text, "value").contains(&jane), "{page:?}");
}

#[tokio::test]
async fn filters_that_are_none_are_refused_with_what_they_should_be() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    for (query, says) in [
        ("person=jane", "Person is an id"),
        ("phone=%3Cscript%3E", "Phone is an id"),
        ("by=1", "By is an id"),
        ("since=yesterday", "From is a day or a time in UTC"),
        ("until=2026-13-01", "Until is a day or a time in UTC"),
    ] {
        let page = viewer.get(&world.page(&format!("/timeline?{query}"))).await;
        assert_eq!(page.status, 422, "{page:?}");
        assert!(visible(&page.text).contains(says), "{query}: {page:?}");
        assert!(!page.text.contains("<script>") && !page.text.contains("data-stream="), "{page:?}");
    }
}

#[tokio::test]
async fn the_pages_of_the_timeline_have_each_entry_once() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let jane = world.person("jane").await;
    // Several entries of both logs have one time.
    for index in 0..40 {
        world.phone(&jane).await;
        if index % 3 == 0 {
            world.advance(TimeDelta::milliseconds(1));
        }
    }
    for query in
        ["", "?log=events", "?log=changes", "?type=phone.registered", &format!("?person={jane}&type=phone.registered")]
    {
        let (mut seen, mut count) = (BTreeSet::new(), 0);
        let mut path = world.page(&format!("/timeline{query}"));
        loop {
            let page = viewer.get(&path).await.text;
            let rows = rows(&page);
            assert!(rows.len() <= 50, "{}", rows.len());
            count += rows.len();
            seen.extend(rows);
            match next(&page) {
                Some(next) => path = next,
                None => break,
            }
        }
        let expected = if query.starts_with("?log") { 40 } else { 80 };
        assert_eq!((seen.len(), count), (expected, expected), "{query}");
    }
    for cursor in ["x", "1.2", "-62135596800000001.0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f"] {
        let page = viewer.get(&world.page(&format!("/timeline?after={cursor}"))).await;
        assert_eq!(page.status, 200, "{cursor}: {page:?}");
    }
}

#[tokio::test]
async fn a_rare_change_among_many_is_found_by_the_next_pages() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let phone = world.phone(&world.person("jane").await).await;
    let many = "insert into audit (workspace_id, at, audit_id, credential_kind, action, subject_id, after)
        select $1, $2 + number * interval '1 second', gen_random_uuid(), 'sweeper', 'number.finished', gen_random_uuid(),
            '{\"number\": \"+1\"}'
        from generate_series(1, 7000) as number";
    let mut database = world.database().await;
    let many = sqlx::query(many).bind(world.record.workspace_id.0).bind(world.clock.now());
    many.execute(&mut database).await.expect("the rows are inserted");
    let first = viewer.get(&world.page("/timeline?log=changes&type=phone.registered")).await.text;
    assert_eq!(rows(&first).len(), 0);
    assert!(visible(&first).contains("Nothing matches so far"), "{first}");
    let second = viewer.get(&next(&first).expect("it continues")).await.text;
    assert_eq!((rows(&second).len(), next(&second)), (1, None));
    assert!(second.contains(&phone), "{second}");
}

#[tokio::test]
async fn the_stream_of_the_timeline_tells_of_new_events_until_the_operator_signs_out() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let page = viewer.get(&world.page("/timeline")).await;
    let address = attributes(&page.text, "data-stream").pop().expect("it is live");
    let mut stream = viewer.open(&address).await;
    assert_eq!(
        (stream.status().as_u16(), stream.headers()["content-type"].to_str().ok()),
        (200, Some("text/event-stream"))
    );
    let phone = world.phone(&world.person("jane").await).await;
    let mut heard = String::new();
    while !heard.contains("data: new") {
        let chunk = timeout(TIMEOUT, stream.chunk()).await.expect("it is in time").expect("the stream is whole");
        heard.push_str(std::str::from_utf8(&chunk.expect("the stream goes on")).expect("text"));
    }
    let fragment = viewer.get(&attributes(&page.text, "data-fragment")[0]).await.text;
    assert!(fragment.contains(&phone) && !fragment.contains("<html"), "{fragment}");
    viewer.post("/console/sign-out-everywhere", &[]).await;
    world.phone(&text(&json!(world.person("john").await))).await;
    let end = async { while stream.chunk().await.expect("the stream is whole").is_some() {} };
    timeout(TIMEOUT, end).await.expect("the stream ends with the session");
    assert_ne!(viewer.get(&address).await.status, 200);
}

#[tokio::test]
async fn an_open_timeline_does_not_keep_an_idle_session() {
    let world = World::new().await;
    let viewer = world.operator(Role::Viewer).await;
    let mut stream = viewer.open(&world.page("/timeline/stream")).await;
    // Half of the idle time passes, then an event, for which the session is judged.
    for person in ["jane", "john"] {
        world.advance(TimeDelta::hours(7));
        world.phone(&world.person(person).await).await;
        let chunk = async {
            loop {
                match stream.chunk().await.expect("the stream is whole") {
                    Some(chunk) if chunk.starts_with(b":") => {}
                    chunk => return chunk,
                }
            }
        };
        if timeout(TIMEOUT, chunk).await.expect("it is in time").is_none() {
            break;
        }
    }
    let page = viewer.get(&world.page("/timeline")).await;
    assert!(page.location().starts_with("/console/sign-in"), "{page:?}");
}
