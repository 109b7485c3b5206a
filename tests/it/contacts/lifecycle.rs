//! Lifecycle of a contact: create, get in full and in brief, replace, update in part, delete.

use crate::support::numbers::keys_in_order;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};

const SUMMARY: [&str; 8] = ["id", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname", "company"];
const FULL: [&str; 19] = [
    "id",
    "prefix",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "nickname",
    "company",
    "phonetic_first_name",
    "phonetic_middle_name",
    "phonetic_last_name",
    "department",
    "job_title",
    "emails",
    "phone_numbers",
    "addresses",
    "group",
    "created_at",
    "updated_at",
];

/// Every field of a contact except its group.
fn everything() -> Value {
    json!({
        "prefix": "Dr", "first_name": "Jane", "middle_name": "Q", "last_name": "Doe", "suffix": "Jr",
        "nickname": "JD", "company": "Acme", "phonetic_first_name": "Jayn", "phonetic_middle_name": "Kyoo",
        "phonetic_last_name": "Doh", "department": "Sales", "job_title": "Chief",
        "emails": [
            { "type": "primary", "email": "jane@example.com" },
            { "type": "alternate", "email": "jd@example.org" },
        ],
        "phone_numbers": [{ "type": "mobile", "number": "(999) 999-9999" }],
        "addresses": [{
            "type": "business", "street": "1 Main St", "city": "Springfield", "state": "IL", "zip": "62701",
            "country": "USA",
        }],
    })
}

#[tokio::test]
async fn create_contact_returns_all_keys_in_order_and_a_location() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let group = extension.add_group("Family").await;
    let mut fields = everything();
    fields["group"] = json!({ "id": group["id"] });
    let made = extension.client.post(&extension.contacts(), fields.clone()).await;
    assert_eq!(keys_in_order(&made.text), FULL);
    let contact = made.created();
    let now = world.clock.now().timestamp();
    let mut expected = fields;
    expected["id"] = contact["id"].clone();
    expected["group"] = group;
    expected["phone_numbers"][0]["normalized"] = json!("+19999999999");
    expected["created_at"] = json!(now);
    expected["updated_at"] = json!(now);
    assert_eq!(contact, expected);
    assert_eq!(made.header("location"), Some(extension.contact(&contact["id"]).as_str()));
    let returned = extension.client.get(&extension.contact(&contact["id"])).await;
    assert_eq!(
        (returned.of_phone_com(200), keys_in_order(&returned.text).as_slice()),
        (&expected, &FULL.map(str::to_owned)[..])
    );
    for keys in [
        r#"{"type":"primary","email":"#,
        r#"{"type":"mobile","number":"(999) 999-9999","normalized":"#,
        r#"{"type":"business","street":"1 Main St","city":"Springfield","state":"IL","zip":"62701","country":"USA"}"#,
    ] {
        assert!(returned.text.contains(keys), "{keys}: {}", returned.text);
    }
}

#[tokio::test]
async fn create_contact_without_fields_returns_empty_values() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let nothing = extension.client.call("POST", &extension.contacts()).await.created();
    let empty = extension.add_contact(json!({})).await;
    let mut nulls: Value =
        FULL.iter().map(|key| ((*key).to_owned(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
    nulls["notes"] = json!(5);
    let of_nulls = extension.add_contact(nulls).await;
    for contact in [nothing, empty, of_nulls] {
        for key in &FULL[1..13] {
            assert_eq!(contact[key], "", "{key}");
        }
        let lists = (&contact["emails"], &contact["phone_numbers"], &contact["addresses"], &contact["group"]);
        assert_eq!(lists, (&json!([]), &json!([]), &json!([]), &Value::Null));
    }
    let defaults = extension
        .add_contact(json!({
            "emails": [{ "email": "a@b.example" }, { "type": null, "email": "c@d.example" }],
            "phone_numbers": [{ "number": "4255550100" }], "addresses": [{}],
        }))
        .await;
    assert_eq!(defaults["emails"][0]["type"], "primary");
    assert_eq!(defaults["emails"][1]["type"], "primary", "two emails may have one type");
    assert_eq!(defaults["phone_numbers"][0]["type"], "home");
    let address = json!({ "type": "home", "street": "", "city": "", "state": "", "zip": "", "country": "" });
    assert_eq!(defaults["addresses"], json!([address]));
}

#[tokio::test]
async fn read_only_fields_of_a_contact_are_ignored_in_requests() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let mut contact = extension.add_contact(everything()).await;
    let stale = json!({
        "id": 1, "created_at": 5, "updated_at": 5,
        "phone_numbers": [{ "number": "2530000", "normalized": "+15550000000" }],
    });
    let other = extension.add_contact(stale).await;
    assert_ne!(other["id"], 1);
    assert_eq!(other["created_at"], world.clock.now().timestamp());
    assert_eq!(other["phone_numbers"][0]["normalized"], "+12530000");
    // A response can be sent back as a request.
    contact["nickname"] = json!("Janie");
    let back = extension.client.put(&extension.contact(&contact["id"]), contact.clone()).await;
    assert_eq!(back.of_phone_com(200), &contact);
}

#[tokio::test]
async fn organization_and_title_are_aliases_of_company_and_job_title() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let made = extension.add_contact(json!({ "organization": "Acme", "title": "Chief" })).await;
    assert_eq!((&made["company"], &made["job_title"]), (&json!("Acme"), &json!("Chief")));
    let made =
        extension.add_contact(json!({ "organization": "A", "company": "B", "title": "C", "job_title": "D" })).await;
    assert_eq!((&made["company"], &made["job_title"]), (&json!("B"), &json!("D")));
    assert!(made.get("organization").is_none() && made.get("title").is_none());
}

#[tokio::test]
async fn replace_contact_clears_omitted_fields() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    extension.add_group("Family").await;
    let mut fields = everything();
    fields["group"] = json!("Family");
    let contact = extension.add_contact(fields).await;
    world.advance(TimeDelta::seconds(5));
    let replaced = extension.client.put(&extension.contact(&contact["id"]), json!({ "first_name": "Janet" })).await;
    let replaced = replaced.of_phone_com(200);
    assert_eq!((&replaced["first_name"], &replaced["last_name"]), (&json!("Janet"), &json!("")));
    for list in ["emails", "phone_numbers", "addresses"] {
        assert_eq!(replaced[list], json!([]), "{list}");
    }
    assert_eq!(replaced["group"], Value::Null);
    assert_eq!((&replaced["id"], &replaced["created_at"]), (&contact["id"], &contact["created_at"]));
    assert_eq!(replaced["updated_at"], world.clock.now().timestamp());
    assert_eq!(
        extension.first_names("filters[phone]=9999999999").await,
        Vec::<String>::new(),
        "its phone number is deleted"
    );
    let emptied = extension.client.call("PUT", &extension.contact(&contact["id"])).await;
    assert_eq!(emptied.of_phone_com(200)["first_name"], "");
}

#[tokio::test]
async fn update_contact_keeps_omitted_fields() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let group = extension.add_group("Family").await;
    let mut fields = everything();
    fields["group"] = json!("Family");
    let contact = extension.add_contact(fields).await;
    let at = extension.contact(&contact["id"]);
    world.advance(TimeDelta::seconds(5));
    let mut expected = contact.clone();
    expected["updated_at"] = json!(world.clock.now().timestamp());
    for (change, key, value) in [
        (json!({ "last_name": "Roe" }), "last_name", json!("Roe")),
        (json!({ "nickname": null }), "nickname", json!("")),
        (json!({ "emails": [] }), "emails", json!([])),
        (json!({ "group": null }), "group", Value::Null),
        (json!({ "group": { "name": "family" } }), "group", group),
        (json!({ "addresses": null }), "addresses", json!([])),
        (json!({}), "id", contact["id"].clone()),
    ] {
        let changed = extension.client.patch(&at, change.clone()).await;
        expected[key] = value;
        assert_eq!(changed.of_phone_com(200), &expected, "{change}");
        assert_eq!(extension.client.get(&at).await.body, expected, "{change}");
    }
}

#[tokio::test]
async fn a_deleted_contact_is_not_found_and_its_id_is_not_reused() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contact = extension.add_contact(everything()).await;
    let at = extension.contact(&contact["id"]);
    let deleted = extension.client.delete(&format!("{at}?force=1")).await;
    deleted.of_phone_com(200);
    assert_eq!(deleted.text, r#"{"success":true}"#);
    for response in [
        extension.client.get(&at).await,
        extension.client.delete(&at).await,
        extension.client.put(&at, json!({})).await,
        extension.client.patch(&at, json!({})).await,
    ] {
        response.is_error(404);
    }
    assert_eq!(extension.search("").await.body["total"], 0);
    assert_eq!(extension.first_names("filters[phone]=9999999999").await, Vec::<String>::new());
    let next = extension.add_contact(everything()).await;
    assert!(next["id"].as_i64() > contact["id"].as_i64(), "{next}");
    assert_eq!(extension.first_names("filters[phone]=9999999999").await, ["Jane"]);
}

#[tokio::test]
async fn brief_contacts_have_eight_keys() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contact = extension.add_contact(everything()).await;
    for query in ["fields=brief", "mode=brief", "fields=brief&mode=full"] {
        let brief = extension.search(query).await;
        let item = &brief.items()[0];
        assert_eq!(item.as_object().map(|item| item.len()), Some(SUMMARY.len()), "{query}");
        let text = brief.text.split(r#""items":["#).nth(1).expect("items");
        assert_eq!(keys_in_order(text.trim_end_matches("]}")), SUMMARY, "{query}");
        for key in SUMMARY {
            assert_eq!(item[key], contact[key], "{query}");
        }
    }
    for query in ["", "fields=full", "fields=all", "mode=full", "fields=all&mode=brief"] {
        assert_eq!(extension.search(query).await.items(), std::slice::from_ref(&contact), "{query}");
    }
}
