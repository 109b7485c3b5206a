//! Lists: filters, sorting, attributes, and both ways to page.

use crate::support::client::Client;
use crate::support::scim::{GROUPS, USERS, new_user, operations, path_of};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// A directory with five users, in order of creation.
async fn people() -> (World, Client) {
    let world = World::new().await;
    let directory = world.directory().await;
    for (name, department) in [("eve", "Sales"), ("Bob", "IT"), ("alice", "Sales"), ("dave", "IT"), ("carol", "HR")] {
        let mut user = new_user(name);
        user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = json!({ "department": department });
        user["emails"] = json!([
            { "value": format!("{name}@example.com"), "type": "work", "primary": true },
            { "value": format!("{name}@home.org"), "type": "home" },
        ]);
        directory.post(USERS, user).await.of_scim(201);
        world.advance(TimeDelta::seconds(1));
    }
    (world, directory)
}

fn names(listed: &Value) -> Vec<String> {
    list(&listed["Resources"]).iter().map(|user| text(&user["userName"]).replace("@example.com", "")).collect()
}

#[tokio::test]
async fn filters_find_users_by_any_attribute() {
    let (_world, directory) = people().await;
    for (filter, expected) in [
        ("userName eq \"BOB@example.com\"", vec!["Bob"]),
        ("externalId eq \"ext-Bob\"", vec!["Bob"]),
        ("externalId eq \"EXT-BOB\"", vec![]),
        ("emails.value eq \"Dave@home.org\"", vec!["dave"]),
        ("emails[type eq \"home\" and value sw \"carol\"]", vec!["carol"]),
        ("emails[type eq \"work\"].value eq \"eve@example.com\"", vec!["eve"]),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"sales\"", vec!["eve", "alice"]),
        ("displayName co \"PERSON\" and not (userName sw \"a\" or userName sw \"b\")", vec!["eve", "dave", "carol"]),
        ("userName eq \"eve@example.com\" and displayName co \"absent\"", vec![]),
        ("meta.lastModified gt \"2026-01-01T12:00:02Z\"", vec!["dave", "carol"]),
        ("meta.lastModified ge \"2026-01-01T12:00:03Z\" and active eq true", vec!["dave", "carol"]),
        ("title pr", vec![]),
        ("id eq \"no id\"", vec![]),
        ("userName gt \"c\" and userName lt \"e\"", vec!["dave", "carol"]),
    ] {
        let found = directory.user_names(filter).await;
        let found: Vec<String> = found.iter().map(|name| name.replace("@example.com", "")).collect();
        assert_eq!(found, expected, "{filter}");
        let searched = directory.post(&format!("{USERS}/.search"), json!({ "filter": filter })).await;
        assert_eq!(names(searched.of_scim(200)), expected, "{filter}");
    }
    for filter in ["", "userName", "userName zz \"x\"", "(userName pr", "active gt true"] {
        let response = directory.post(&format!("{USERS}/.search"), json!({ "filter": filter })).await;
        if filter.is_empty() {
            assert_eq!(response.of_scim(200)["totalResults"], 5);
        } else {
            response.scim_error(400, Some("invalidFilter"));
        }
    }
}

#[tokio::test]
async fn pages_by_index_are_of_the_given_size() {
    let (_world, directory) = people().await;
    for (query, expected, total) in [
        ("", vec!["eve", "Bob", "alice", "dave", "carol"], 5),
        ("?startIndex=1&count=2", vec!["eve", "Bob"], 5),
        ("?startIndex=5&count=2", vec!["carol"], 5),
        ("?startIndex=6&count=2", vec![], 5),
        ("?startIndex=0&count=1", vec!["eve"], 5),
        ("?startIndex=-3&count=-1", vec![], 5),
        ("?count=0", vec![], 5),
        ("?sortBy=userName", vec!["alice", "Bob", "carol", "dave", "eve"], 5),
        ("?sortBy=userName&sortOrder=descending&count=2", vec!["eve", "dave"], 5),
        ("?sortBy=userName&startIndex=2&count=2", vec!["Bob", "carol"], 5),
        ("?filter=userName%20co%20%22a%22&startIndex=2&count=2", vec!["Bob", "alice"], 5),
        ("?filter=title%20pr&sortBy=title", vec![], 0),
        ("?sortBy=unknown", vec!["eve", "Bob", "alice", "dave", "carol"], 5),
    ] {
        let listed = directory.get(&format!("{USERS}{query}")).await;
        let listed = listed.of_scim(200);
        assert_eq!(names(listed), expected, "{query}");
        assert_eq!(
            (&listed["totalResults"], &listed["itemsPerPage"]),
            (&json!(total), &json!(expected.len())),
            "{query}"
        );
        assert_eq!(listed["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    }
    directory.get(&format!("{USERS}?sortOrder=up")).await.scim_error(400, Some("invalidValue"));
    directory.get(&format!("{USERS}?count=x")).await.scim_error(400, Some("invalidCount"));
    let large = directory.get(&format!("{USERS}?count=99999999999999999999&startIndex=99999999999999999999")).await;
    assert_eq!(large.of_scim(200)["Resources"], json!([]));
}

#[tokio::test]
async fn pages_by_cursor_contain_each_user_once() {
    let (_world, directory) = people().await;
    for query in ["", "&filter=emails%20pr", "&sortBy=userName", "&sortBy=userName&sortOrder=descending"] {
        let (mut cursor, mut found, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            let page = directory.get(&format!("{USERS}?count=2&cursor={cursor}{query}")).await;
            let page = page.of_scim(200);
            found.extend(names(page));
            pages += 1;
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        found.sort();
        assert_eq!((found.len(), pages), (5, 3), "{query}: {found:?}");
        found.dedup();
        assert_eq!(found.len(), 5, "{query}");
    }
    let first = directory.get(&format!("{USERS}?cursor&count=1")).await;
    let cursor = text(&first.of_scim(200)["nextCursor"]);
    for wrong in [format!("cursor={cursor}&filter=title%20pr"), "cursor=x".to_owned(), "cursor=%00".to_owned()] {
        let response = directory.get(&format!("{USERS}?{wrong}")).await;
        let keyword = if wrong.ends_with("%00") { "invalidValue" } else { "invalidCursor" };
        response.scim_error(400, Some(keyword));
    }
    directory.get(&format!("{GROUPS}?cursor={cursor}")).await.scim_error(400, Some("invalidCursor"));
    directory.get(&format!("{USERS}?cursor&count=x")).await.scim_error(400, Some("invalidCount"));
    // RFC 9865, section 2, as RFC 7644, section 3.4.2.4: a negative count is zero, and zero returns the number only.
    for (query, total) in [("", 5), ("&filter=userName%20sw%20%22a%22", 1), ("&sortBy=userName", 5)] {
        for count in [0, -1] {
            let listed = directory.get(&format!("{USERS}?cursor&count={count}{query}")).await;
            let body = listed.of_scim(200);
            assert_eq!((&body["totalResults"], &body["Resources"]), (&json!(total), &json!([])), "{query}");
            assert!(body["nextCursor"].is_null(), "{body}");
        }
    }
    assert_eq!(first.body["totalResults"], 5);
    let searched = directory.post(&format!("{USERS}/.search"), json!({ "cursor": "", "count": 4 })).await;
    assert!(searched.of_scim(200)["nextCursor"].is_string());
}

#[tokio::test]
async fn responses_have_the_attributes_that_are_asked_for() {
    let (_world, directory) = people().await;
    let eve = directory.get(&format!("{USERS}?count=1")).await.of_scim(200)["Resources"][0].clone();
    for (query, expected) in [
        ("attributes=userName", vec!["id", "schemas", "userName"]),
        ("attributes=USERNAME,emails.value", vec!["emails", "id", "schemas", "userName"]),
        ("attributes=unknown", vec!["id", "schemas"]),
        (
            "attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            vec!["id", "schemas", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        ),
        (
            "excludedAttributes=emails,id,schemas,meta.version,displayName,externalId,active",
            vec!["id", "meta", "schemas", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "userName"],
        ),
    ] {
        for path in [format!("{}?{query}", path_of(&eve)), format!("{USERS}?count=1&{query}")] {
            let response = directory.get(&path).await;
            let body = response.of_scim(200);
            let user = if body["Resources"].is_array() { &body["Resources"][0] } else { body };
            let mut members: Vec<&String> = user.as_object().into_iter().flat_map(|user| user.keys()).collect();
            members.sort();
            assert_eq!(members, expected, "{path}");
            assert!(user["meta"]["version"].is_null(), "{path}: {user}");
        }
    }
    let part = directory.get(&format!("{}?attributes=emails.value", path_of(&eve))).await;
    assert_eq!(part.of_scim(200)["emails"], json!([{ "value": "eve@example.com" }, { "value": "eve@home.org" }]));
    let change = operations(json!([{ "op": "add", "path": "title", "value": "CEO" }]));
    let patched = directory.patch(&format!("{}?attributes=title", path_of(&eve)), change).await;
    assert_eq!(patched.of_scim(200)["title"], "CEO");
    assert_eq!(patched.body["userName"], Value::Null);
}

#[tokio::test]
async fn searches_at_the_root_find_users_and_groups() {
    let (_world, directory) = people().await;
    directory.create_scim_group("Sales", &[]).await;
    let search = async |query: Value| directory.post("/scim/v2/.search", query).await.of_scim(200).clone();
    let all = search(json!({})).await;
    assert_eq!((&all["totalResults"], &all["Resources"][5]["displayName"]), (&json!(6), &json!("Sales")));
    let last = search(json!({ "startIndex": 5, "count": 2 })).await;
    assert_eq!(list(&last["Resources"]).len(), 2);
    let labels = search(json!({ "cursor": "", "sortBy": "displayName", "count": 1 })).await;
    assert_eq!((&labels["totalResults"], list(&labels["Resources"]).len()), (&json!(6), 1));
    let groups = search(json!({ "filter": "meta.resourceType eq \"Group\"" })).await;
    assert_eq!((&groups["totalResults"], &groups["Resources"][0]["displayName"]), (&json!(1), &json!("Sales")));
    let named =
        search(json!({ "filter": "displayName co \"s\"", "sortBy": "displayName", "attributes": ["displayName"] }))
            .await;
    assert_eq!(named["totalResults"], 6);
    assert_eq!(named["Resources"][5]["displayName"], "Sales");
    let (mut cursor, mut count) = (String::new(), 0);
    loop {
        let page = search(json!({ "cursor": cursor, "count": 4 })).await;
        count += list(&page["Resources"]).len();
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(count, 6);
}
