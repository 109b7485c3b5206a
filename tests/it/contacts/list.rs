//! Lists of contacts: pagination, order, and `ETag` with `If-None-Match`.

use crate::support::client::Response;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::json;

/// Seven contacts A to G, created a second apart; C was updated last.
async fn seven_contacts(world: &World) -> Extension {
    let extension = Extension::new(world).await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D", "E", "F", "G"] {
        ids.push(extension.add_contact(json!({ "first_name": name })).await["id"].clone());
        world.advance(TimeDelta::seconds(1));
    }
    extension.client.patch(&extension.contact(&ids[2]), json!({ "nickname": "Sea" })).await.of_phone_com(200);
    extension
}

/// First names on a page, concatenated.
fn names(response: &Response) -> String {
    response.items().iter().map(|contact| contact["first_name"].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn a_page_starts_at_the_offset_and_holds_at_most_limit_items() {
    let world = World::new().await;
    let extension = seven_contacts(&world).await;
    for (query, expected) in [
        ("", "ABCDEFG"),
        ("limit=2", "AB"),
        ("limit=2&offset=2", "CD"),
        ("limit=2&offset=4", "EF"),
        ("limit=2&offset=6", "G"),
        ("limit=3&offset=3", "DEF"),
        ("limit=500&offset=5", "FG"),
        ("limit=1&offset=6", "G"),
        ("limit=5&offset=7", ""),
        ("offset=1000", ""),
        ("limit=2&limit=3", "ABC"),
        ("limit=2&offset=1&filters[name]=gt:b", "DE"),
        ("limit=2&offset=3&filters[name]=gt:b", "FG"),
    ] {
        let response = extension.search(query).await;
        assert_eq!(names(&response), expected, "{query}");
        let total = if query.contains("filters") { 5 } else { 7 };
        assert_eq!(response.body["total"], total, "{query}");
    }
    let response = extension.search("limit=3&offset=9").await;
    let (filters, sort) = (json!({}), json!({ "id": "asc" }));
    let expected = json!({ "filters": filters, "sort": sort, "total": 7, "offset": 9, "limit": 3, "items": [] });
    assert_eq!(response.of_phone_com(200), &expected);
    assert_eq!(extension.search("").await.body["limit"], 25);
}

#[tokio::test]
async fn concurrent_page_requests_get_their_own_pages() {
    let world = World::new().await;
    let letters = seven_contacts(&world).await;
    let other = Extension::of(&world, "other").await;
    let friends = other.add_group("Friends").await;
    for name in ["X", "Y", "Z"] {
        other.add_contact(json!({ "first_name": name, "group": { "id": friends["id"] } })).await;
    }
    let anonymous = Extension::of(&world, "empty").await;
    let extensions = [(&letters, "ABCDEFG"), (&other, "XYZ"), (&anonymous, "")];
    let request = (0..120).map(|turn| (extensions[turn % 3], turn % 4 + 1, turn / 3 % 9));
    let responses = request.map(async |((extension, names), limit, offset)| {
        (names, limit, offset, extension.search(&format!("limit={limit}&offset={offset}")).await)
    });
    for (all, limit, offset, response) in futures_util::future::join_all(responses).await {
        let expected: String = all.chars().skip(offset).take(limit).collect();
        assert_eq!(
            (names(&response), &response.body["total"]),
            (expected, &json!(all.len())),
            "{limit} behind {offset}"
        );
        let group = if all == "XYZ" { &friends } else { &json!(null) };
        response.items().iter().for_each(|contact| assert_eq!(&contact["group"], group));
    }
}

/// An extension with 2,400 contacts named by number, of which 1151 to 1250 are deleted.
async fn many(world: &World) -> Extension {
    let extension = Extension::new(world).await;
    let mut database = world.database().await;
    for statement in [
        "insert into contact (workspace_id, user_identity_id, created_at, updated_at, deleted_at, first_name, prefix,
             middle_name, last_name, suffix, nickname, company, phonetic_first_name, phonetic_middle_name,
             phonetic_last_name, department, job_title, emails, phone_numbers, addresses)
         select workspace_id, user_identity_id, now(), now(), case when number between 1151 and 1250 then now() end,
             number::text, '', '', '', '', '', '', '', '', '', '', '', '[]', '[]', '[]'
         from user_identity cross join generate_series(1, 2400) as numbers (number)
         where user_identity_id = $1::uuid
         order by numbers.number",
        "update user_identity set contact_count = 2300 where user_identity_id = $1::uuid",
    ] {
        sqlx::query(statement).bind(&extension.person).execute(&mut database).await.expect("the statement is right");
    }
    extension
}

#[tokio::test]
async fn pages_of_a_long_list_are_right_at_every_offset() {
    let world = World::new().await;
    let extension = many(&world).await;
    let all: Vec<String> = (1..=1150).chain(1251..=2400).map(|number: u32| number.to_string()).collect();
    let offsets = [0, 1, 999, 1000, 1001, 1149, 1150, 1151, 1298, 1299, 1300, 1301, 2275, 2298, 2299, 2300, 2301, 9999];
    for offset in offsets {
        for limit in [1, 3, 100, 101] {
            let response = extension.search(&format!("limit={limit}&offset={offset}")).await;
            let items = response.items();
            let returned: Vec<&str> = items.iter().filter_map(|contact| contact["first_name"].as_str()).collect();
            let expected: Vec<&str> = all.iter().skip(offset).take(limit).map(String::as_str).collect();
            assert_eq!((returned, &response.body["total"]), (expected, &json!(2300)), "{limit} behind {offset}");
        }
    }
}

#[tokio::test]
async fn limit_and_offset_out_of_bounds_are_refused_and_not_clamped() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for query in ["limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=99999999999999999999"] {
        extension.search(query).await.faults(&["limit"]);
    }
    for query in ["offset=-1", "offset=x", "offset=", "offset=0x1"] {
        extension.search(query).await.faults(&["offset"]);
    }
    extension.search("fields=tiny").await.faults(&["fields"]);
    extension.search("mode=all").await.faults(&["mode"]);
    assert_eq!(extension.search("limit=500&offset=0").await.items(), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_list_is_sorted_by_several_fields_from_left_to_right() {
    let world = World::new().await;
    let extension = seven_contacts(&world).await;
    for (query, expected, echo) in [
        ("sort[id]=desc", "GFEDCBA", r#""sort":{"id":"desc"}"#),
        ("sort[updated_at]=asc", "ABDEFGC", r#""sort":{"updated_at":"asc"}"#),
        ("sort[updated_at]=desc&sort[id]=asc", "CGFEDBA", r#""sort":{"updated_at":"desc","id":"asc"}"#),
        ("sort%5Bid%5D=desc&sort[updated_at]=asc", "GFEDCBA", r#""sort":{"id":"desc","updated_at":"asc"}"#),
        ("sort[id]=desc&sort[id]=asc", "ABCDEFG", r#""sort":{"id":"asc"}"#),
    ] {
        let response = extension.search(query).await;
        assert_eq!(names(&response), expected, "{query}");
        assert!(response.text.contains(echo), "{query}: {}", response.text);
        // One-item pages together make the whole list.
        let mut pieced = String::new();
        for offset in 0..7 {
            pieced += &names(&extension.search(&format!("{query}&limit=1&offset={offset}")).await);
        }
        assert_eq!(pieced, expected, "{query}");
    }
    for query in ["sort[id]=up", "sort[id]=", "sort[id]=ASC"] {
        extension.search(query).await.faults(&["sort.id"]);
    }
    extension.search("sort[name]=asc").await.faults(&["sort.name"]);
}

#[tokio::test]
async fn a_list_can_be_walked_by_id_without_offsets() {
    let world = World::new().await;
    let extension = seven_contacts(&world).await;
    let (mut walked, mut last) = (String::new(), 0);
    loop {
        let page = extension.search(&format!("limit=3&filters[id]=gt:{last}")).await;
        let Some(id) = page.ids().last().copied() else { break };
        walked += &names(&page);
        last = id;
    }
    assert_eq!(walked, "ABCDEFG");
}

#[tokio::test]
async fn if_none_match_with_the_current_etag_gets_304() {
    let world = World::new().await;
    let extension = seven_contacts(&world).await;
    let contact = extension.search("limit=1").await.items()[0].clone();
    let places =
        [extension.contact(&contact["id"]), extension.contacts(), extension.groups(), "/v4/accounts".to_owned()];
    for at in places {
        let first = extension.client.get(&at).await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("no tag: {first:?}")).to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), "*".to_owned(), format!("\"other\", {tag}")] {
            let same = extension.client.with("if-none-match", &known).get(&at).await;
            assert_eq!(
                (same.status, same.text.as_str(), same.header("etag")),
                (304, "", Some(tag.as_str())),
                "{known}"
            );
        }
        for other in ["\"other\"", "other", "W/\"x\"", ""] {
            let response = extension.client.with("if-none-match", other).get(&at).await;
            assert_eq!((response.status, &response.text), (200, &first.text), "{other}");
        }
    }
    let at = extension.contact(&contact["id"]);
    let tag = extension.client.get(&at).await.header("etag").expect("a tag").to_owned();
    let changed = extension.client.with("if-none-match", &tag).patch(&at, json!({ "nickname": "x" })).await;
    assert_eq!((changed.status, changed.header("etag")), (200, None), "only reads have an ETag");
    assert_eq!(extension.client.with("if-none-match", &tag).get(&at).await.status, 200);
    let missing = extension.client.with("if-none-match", "*").get(&extension.contact(&json!(999_999))).await;
    missing.is_error(404);
}
