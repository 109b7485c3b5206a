//! Filters of a list of contacts: every operator in every spelling, and its result for empty values.

use crate::support::phone_com::Extension;
use crate::support::world::{World, list};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Ann, Bob and Cléo, created a second apart, and one without a name; Ann and Bob are in groups.
async fn contacts(world: &World) -> (Extension, Vec<Value>) {
    let extension = Extension::new(world).await;
    extension.add_group("Family").await;
    extension.add_group("Friends").await;
    let mut all = Vec::new();
    for fields in [
        json!({ "first_name": "Ann", "last_name": "O'Hara", "group": "Family",
            "phone_numbers": [{ "number": "(425) 555-0100" }, { "number": "1-800-FLOWERS" }] }),
        json!({ "first_name": "Bob", "middle_name": "100%", "last_name": "Smith, John", "group": "Friends",
            "phone_numbers": [{ "number": "+34 675 89 76 54" }] }),
        json!({ "first_name": "Cléo", "last_name": "ÉTÉ_D" }),
        json!({ "company": "Nameless" }),
    ] {
        all.push(extension.add_contact(fields).await);
        world.advance(TimeDelta::seconds(1));
    }
    (extension, all)
}

/// Id of a list item.
fn id(contact: &Value) -> i64 {
    contact["id"].as_i64().expect("an id is an integer")
}

#[tokio::test]
async fn operators_compare_numbers() {
    let world = World::new().await;
    let (extension, all) = contacts(&world).await;
    let [a, b, c, d] = [id(&all[0]), id(&all[1]), id(&all[2]), id(&all[3])];
    for (filter, expected) in [
        (format!("{b}"), vec![b]),
        (format!("eq:{b}"), vec![b]),
        (format!("ne:{b}"), vec![a, c, d]),
        (format!("lt:{b}"), vec![a]),
        (format!("lte:{b}"), vec![a, b]),
        (format!("gt:{b}"), vec![c, d]),
        (format!("gte:{b}"), vec![b, c, d]),
        (format!("between:{b},{c}"), vec![b, c]),
        (format!("between:{c},{b}"), vec![]),
        (format!("not-between:{b},{c}"), vec![a, d]),
        (format!("in:{d}, {a},999999"), vec![a, d]),
        (format!("in:{d}"), vec![d]),
        (format!("not-in:{d},{a}"), vec![b, c]),
        ("empty".to_owned(), vec![]),
        ("not-empty".to_owned(), vec![a, b, c, d]),
        (format!("starts-with:{b}"), vec![b]),
        (format!("not-ends-with:{b}"), vec![a, c, d]),
    ] {
        assert_eq!(extension.search(&format!("filters[id]={filter}")).await.ids(), expected, "{filter}");
    }
}

#[tokio::test]
async fn operators_compare_times_in_seconds() {
    let world = World::new().await;
    let (extension, all) = contacts(&world).await;
    let at = |index: usize| all[index]["updated_at"].as_i64().expect("seconds");
    for (filter, expected) in [
        (format!("{}", at(1)), vec!["Bob"]),
        (format!("gt:{}", at(1)), vec!["Cléo", ""]),
        (format!("gte:{}", at(1)), vec!["Bob", "Cléo", ""]),
        (format!("lt:{}", at(1)), vec!["Ann"]),
        (format!("between:{},{}", at(1), at(2)), vec!["Bob", "Cléo"]),
        (format!("in:{},{}", at(0), at(2)), vec!["Ann", "Cléo"]),
        (format!("ne:{}", at(0)), vec!["Bob", "Cléo", ""]),
        (format!("contains:{}", at(3)), vec![""]),
    ] {
        assert_eq!(extension.first_names(&format!("filters[updated_at]={filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn operators_compare_names_without_regard_to_case() {
    let world = World::new().await;
    let (extension, _) = contacts(&world).await;
    for (filter, expected) in [
        ("ANN O'HARA", vec!["Ann"]),
        ("cléo été_d", vec!["Cléo"]),
        ("CLÉO ÉTÉ_D", vec!["Cléo"]),
        ("eq:bob 100%25 smith\\, john", vec!["Bob"]),
        ("ne:ann o'hara", vec!["Bob", "Cléo", ""]),
        ("starts-with:CLÉ", vec!["Cléo"]),
        ("ends-with:été_D", vec!["Cléo"]),
        ("contains:O'h", vec!["Ann"]),
        ("contains:%25", vec!["Bob"]),
        ("contains:_", vec!["Cléo"]),
        ("starts-with:_", vec![]),
        ("starts-with:%25", vec![]),
        ("ends-with:%25", vec![]),
        ("not-starts-with:a", vec!["Bob", "Cléo", ""]),
        ("not-ends-with:D", vec!["Ann", "Bob", ""]),
        ("not-contains:o", vec![""]),
        ("lt:b", vec!["Ann", ""]),
        ("gte:b", vec!["Bob", "Cléo"]),
        ("between:b,d", vec!["Bob", "Cléo"]),
        ("in:ann o'hara,CLÉO été_d", vec!["Ann", "Cléo"]),
        ("not-in:ann o'hara,CLÉO été_d", vec!["Bob", ""]),
        ("empty", vec![""]),
        ("not-empty", vec!["Ann", "Bob", "Cléo"]),
        ("", vec![""]),
        ("eq:", vec![""]),
        ("in", vec![]),
        ("gt", vec![]),
        ("Smith: John", vec![]),
    ] {
        assert_eq!(extension.first_names(&format!("filters[name]={filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn group_filters_treat_no_group_as_empty_and_unequal_to_every_group() {
    let world = World::new().await;
    let (extension, all) = contacts(&world).await;
    let (family, friends) = (&all[0]["group"]["id"], &all[1]["group"]["id"]);
    for (filter, expected) in [
        (format!("{family}"), vec!["Ann"]),
        (format!("ne:{family}"), vec!["Bob", "Cléo", ""]),
        (format!("not-between:{family},{family}"), vec!["Bob", "Cléo", ""]),
        (format!("not-in:{family},{friends}"), vec!["Cléo", ""]),
        (format!("in:{family},{friends}"), vec!["Ann", "Bob"]),
        (format!("gt:{family}"), vec!["Bob"]),
        (format!("not-contains:{family}"), vec!["Bob", "Cléo", ""]),
        ("empty".to_owned(), vec!["Cléo", ""]),
        ("not-empty".to_owned(), vec!["Ann", "Bob"]),
        ("eq:0".to_owned(), vec![]),
    ] {
        assert_eq!(extension.first_names(&format!("filters[group_id]={filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn phone_filters_match_each_spelling_of_a_number() {
    let world = World::new().await;
    let (extension, _) = contacts(&world).await;
    for (filter, expected) in [
        ("%2B14255550100", vec!["Ann"]),
        ("425.555.0100", vec!["Ann"]),
        ("(425) 555-0100", vec!["Ann"]),
        ("1-800-flowers", vec!["Ann"]),
        ("%2B18003569377", vec!["Ann"]),
        ("%2B34675897654", vec!["Bob"]),
        ("ne:%2B34675897654", vec!["Ann", "Cléo", ""]),
        ("in:4255550100,%2B34675897654", vec!["Ann", "Bob"]),
        ("starts-with:%2B34", vec!["Bob"]),
        ("starts-with:(425)", vec!["Ann"]),
        ("contains:FLOW", vec!["Ann"]),
        ("contains:5550100", vec!["Ann"]),
        ("ends-with:7654", vec!["Bob"]),
        ("not-starts-with:%2B1", vec!["Bob", "Cléo", ""]),
        ("empty", vec!["Cléo", ""]),
        ("not-empty", vec!["Ann", "Bob"]),
        ("%2B14255550199", vec![]),
    ] {
        assert_eq!(extension.first_names(&format!("filters[phone]={filter}")).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn repeated_filters_are_combined_with_and_in_every_bracket_notation() {
    let world = World::new().await;
    let (extension, all) = contacts(&world).await;
    let (a, d) = (id(&all[0]), id(&all[3]));
    let both = format!("gt:{a}");
    for (query, echo) in [
        (format!("filters[id]=gt:{a}&filters[id]=lt:{d}"), json!([both, format!("lt:{d}")])),
        (format!("filters%5Bid%5D=gt%3A{a}&filters%5Bid%5D=lt%3A{d}"), json!([both, format!("lt:{d}")])),
        (format!("filters[id][]=gt:{a}&filters[id][]=lt:{d}"), json!([both, format!("lt:{d}")])),
        (format!("filters[id][0]=gt:{a}&filters[id][1]=lt:{d}"), json!([both, format!("lt:{d}")])),
        (format!("filters%5Bid%5D%5B0%5D=gt%3A{a}&filters[id]=lt:{d}"), json!([both, format!("lt:{d}")])),
    ] {
        let response = extension.search(&query).await;
        let names: Vec<Value> = response.items().iter().map(|contact| contact["first_name"].clone()).collect();
        assert_eq!(names, ["Bob", "Cléo"], "{query}");
        assert_eq!(response.body["filters"], json!({ "id": echo }), "{query}");
    }
    let one = extension.search(&format!("filters[id]=gt:{a}")).await;
    assert_eq!(one.body["filters"], json!({ "id": both }));
    let listed = extension.search(&format!("filters[id][]=gt:{a}")).await;
    assert_eq!(listed.body["filters"], json!({ "id": [both] }));
    let across = extension.search("filters[phone]=not-empty&filters[name]=contains:o&filters[id]=lt:99999999").await;
    assert_eq!(list(&across.body["items"]).len(), 2);
    let order = r#"{"filters":{"phone":"not-empty","name":"contains:o","id":"lt:99999999"},"sort":{"id":"asc"}"#;
    assert!(across.text.starts_with(order), "{}", across.text);
    assert_eq!(
        extension.first_names("filters=5&filters[id=5&other=x&filters[name]=contains:o&force=1").await,
        ["Ann", "Bob", "Cléo"]
    );
}

#[tokio::test]
async fn a_filter_fault_is_reported_under_its_field() {
    let world = World::new().await;
    let (extension, _) = contacts(&world).await;
    for (query, paths) in [
        ("filters[name]=Smith, John", vec!["filters.name"]),
        ("filters[id]=gt:1,2", vec!["filters.id"]),
        ("filters[id]=between:1", vec!["filters.id"]),
        ("filters[id]=abc", vec!["filters.id"]),
        ("filters[id]=in:1,x", vec!["filters.id"]),
        ("filters[id]=empty:5", vec!["filters.id"]),
        ("filters[name]=sounds:ann", vec!["filters.name"]),
        ("filters[name]=not-sounds:ann", vec!["filters.name"]),
        ("filters[first_name]=ann", vec!["filters.first_name"]),
        ("filters[]=ann", vec!["filters."]),
        (
            "filters[id]=x&filters[zip]=1&sort[name]=asc&sort[id]=up&limit=0&offset=-1&fields=some&mode=all",
            vec!["fields", "filters.id", "filters.zip", "limit", "mode", "offset", "sort.id", "sort.name"],
        ),
    ] {
        extension.search(query).await.faults(&paths);
    }
}

#[tokio::test]
async fn a_query_string_full_of_filters_is_served() {
    let world = World::new().await;
    let (extension, all) = contacts(&world).await;
    for (filter, expected) in [
        ("filters[phone]=not-empty", vec!["Ann", "Bob"]),
        ("filters[phone]=contains:675897654", vec!["Bob"]),
        ("filters[phone]=ne:1-800-flowers", vec!["Bob", "Cléo", ""]),
        ("filters[name]=contains:n", vec!["Ann", "Bob"]),
        ("filters[group_id]=not-empty", vec!["Ann", "Bob"]),
    ] {
        let again_and_again = vec![filter; 30_000 / (filter.len() + 1)].join("&");
        assert_eq!(extension.first_names(&again_and_again).await, expected, "{filter}");
    }
    let different: Vec<String> = (0..1_000).map(|at| format!("filters[phone]=ne:{at}")).collect();
    assert_eq!(extension.first_names(&different.join("&")).await.len(), all.len());
}
