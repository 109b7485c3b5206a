//! Validation of contacts in request bodies; all faults of a body are reported at once.

use crate::support::phone_com::Extension;
use crate::support::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn phone_numbers_are_stored_as_entered_and_normalized_to_e164() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for (entered, normalized) in [
        ("(999) 999-9999", "+19999999999"),
        ("2530000", "+12530000"),
        ("1-800-FLOWERS", "+18003569377"),
        ("4255552222", "+14255552222"),
        ("425 555 0100 ext. 7", "+14255550100"),
        ("+1 425 555 0100 x100", "+14255550100"),
        ("+1 (425) 555-0100;100", "+14255550100"),
        ("+1 (425) 555-0100,100", "+14255550100"),
        ("+1 (425) 555-0100;ext=100", "+14255550100"),
        ("+54 11 2345-6789", "+541123456789"),
        ("+55 11 98765-4321", "+5511987654321"),
        ("+34 675 89 76 54", "+34675897654"),
        ("011 34 675 89 76 54", "+34675897654"),
        ("\u{202a}+34 675 89 76 54\u{202c}", "+34675897654"),
        ("＋３４６７５８９７６５４", "+34675897654"),
        ("٤٢٥ ٥٥٥ ٢٢٢٢", "+14255552222"),
    ] {
        let made = extension.add_contact(json!({ "phone_numbers": [{ "type": "fax", "number": entered }] })).await;
        let number = json!({ "type": "fax", "number": entered, "normalized": normalized });
        assert_eq!(made["phone_numbers"], json!([number]));
    }
    for wrong in ["911", "+1-212", "abc", "+12", "425555010042555501004255550100", &"1".repeat(100_000), "a\0"] {
        let response =
            extension.client.post(&extension.contacts(), json!({ "phone_numbers": [{ "number": wrong }] })).await;
        response.faults(&["phone_numbers.0.number"]);
    }
    let six = vec![json!({ "number": "4255550100" }); 6];
    assert_eq!(
        extension.add_contact(json!({ "phone_numbers": six })).await["phone_numbers"].as_array().map(Vec::len),
        Some(6)
    );
}

#[tokio::test]
async fn every_fault_of_a_body_is_reported_under_its_path() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contact = extension.add_contact(json!({ "first_name": "Jane" })).await;
    let wrong = json!({
        "prefix": 5, "first_name": ["x"], "last_name": "a\0b", "organization": true,
        "emails": [{ "type": "work", "email": "a@b.example" }, { "email": "mailto:a@b.example" }, {}],
        "phone_numbers": [{ "number": "4255550100" }, { "type": 5, "number": 911 }, {}, 7, { "number": "" }],
        "addresses": [{ "type": "summer", "city": 5 }, null],
        "group": "Unknown",
    });
    let paths = [
        "prefix",
        "first_name",
        "last_name",
        "organization",
        "emails",
        "emails.0.type",
        "emails.1.email",
        "emails.2.email",
        "phone_numbers.1.type",
        "phone_numbers.1.number",
        "phone_numbers.2.number",
        "phone_numbers.3",
        "phone_numbers.4.number",
        "addresses.0.type",
        "addresses.0.city",
        "addresses.1",
        "group",
    ];
    extension.client.post(&extension.contacts(), wrong.clone()).await.faults(&paths);
    extension.client.put(&extension.contact(&contact["id"]), wrong.clone()).await.faults(&paths);
    extension.client.patch(&extension.contact(&contact["id"]), wrong).await.faults(&paths);
    for (name, value) in [("emails", json!({})), ("phone_numbers", json!("x")), ("addresses", json!(1))] {
        extension.client.post(&extension.contacts(), json!({ name: value })).await.faults(&[name]);
    }
    assert_eq!(extension.search("").await.items(), [contact], "no contact was created or changed");
}

#[tokio::test]
async fn a_contact_has_two_emails_at_most() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let emails = |count: usize| json!({ "emails": vec![json!({ "email": "a@b.example" }); count] });
    extension.add_contact(emails(2)).await;
    extension.client.post(&extension.contacts(), emails(3)).await.faults(&["emails"]);
    for wrong in ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "jane:::at:::example.com"] {
        let response = extension.client.post(&extension.contacts(), json!({ "emails": [{ "email": wrong }] })).await;
        response.faults(&["emails.0.email"]);
    }
}

#[tokio::test]
async fn a_body_is_a_json_object_whatever_its_content_type() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for kind in [None, Some("text/plain;charset=UTF-8"), Some("application/x-www-form-urlencoded"), Some("image/png")] {
        let response = extension.client.bytes(&extension.contacts(), kind, r#"{"first_name":"Jane"}"#).await;
        assert_eq!(response.created()["first_name"], "Jane", "{kind:?}");
    }
    let marked = "\u{feff}{\"first_name\":\"Jane\"}";
    let response = extension.client.bytes(&extension.contacts(), Some("application/json"), marked).await;
    assert_eq!(response.created()["first_name"], "Jane", "a byte-order mark is skipped");
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for wrong in ["{", "nope", "[]", "null", "5", "\"x\"", " ", r#"{"first_name":"\ud800"}"#, &deep, "{}\u{feff}"] {
        let response = extension.client.bytes(&extension.contacts(), Some("application/json"), wrong.to_owned()).await;
        response.is_error(400);
    }
}

#[tokio::test]
async fn odd_texts_and_queries_cause_no_server_error() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let long = "ß".repeat(500);
    for odd in ["\u{202e}", "🦀", " ", "'; drop table contact; --", "%_\\", &long] {
        let fields = json!({ "first_name": odd, "last_name": odd, "company": odd, "addresses": [{ "city": odd }] });
        let made = extension.add_contact(fields).await;
        assert_eq!((&made["last_name"], &made["addresses"][0]["city"]), (&json!(odd), &json!(odd)));
        extension.add_group(odd).await;
        if odd.len() < 1_000 {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("filters[name]", &format!("contains:{odd}"))
                .finish();
            let found = extension.search(&query).await.items();
            assert!(found.iter().any(|contact| contact["first_name"] == odd), "{odd}");
        }
    }
    for query in [
        "filters[id]=gt:99999999999999999999",
        "filters[id]=-99999999999999999999",
        "filters[updated_at]=gt:-5",
        "filters[updated_at]=99999999999999999",
        "filters[updated_at]=contains:17",
        "filters[id]=ends-with:7",
        "filters[updated_at]=between:-99999999999999,99999999999999",
        "offset=9223372036854775807",
        "offset=99999999999999999999&limit=500",
        "filters[name]=%ff",
        "filters[group_id]=not-empty",
        "filters[phone]=lt:5",
        "filters[phone]=between:%2B1,%2B2",
        "filters[name]=in:",
        "filters[updated_at]=empty",
    ] {
        assert_eq!(extension.search(query).await.status, 200, "{query}");
    }
    extension.search("filters[name]=a%00").await.faults(&["filters.name"]);
    for odd in ["0", "-1", "x", "%00", "%ff", "99999999999999999999", "1.0", "+1"] {
        assert_eq!(extension.client.get(&format!("{}/{odd}", extension.contacts())).await.status, 404, "{odd}");
    }
    let many: Vec<String> = (0..4_000).map(|id| id.to_string()).collect();
    assert_eq!(extension.search(&format!("filters[id]=in:{}", many.join(","))).await.status, 200);
    let many: String = (0..900).map(|id| format!("&filters[id][]=ne:{}", id + 1_000_000)).collect();
    assert_eq!(extension.search(&many).await.items().len(), 6);
    assert_eq!(Value::Null, extension.client.get("/v4/nope").await.is_error(404)["fields"]);
}

#[tokio::test]
async fn at_most_a_hundred_faults_of_a_body_are_reported() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for items in [json!(vec![1; 300_000]), json!(vec![json!({}); 300_000])] {
        let response =
            extension.client.post(&extension.contacts(), json!({ "phone_numbers": items, "group": true })).await;
        let fields = response.is_error(422)["fields"].clone();
        assert_eq!(fields.as_object().map(serde_json::Map::len), Some(100), "{response:?}");
        assert!(fields["phone_numbers.0"].is_array() || fields["phone_numbers.0.number"].is_array(), "{fields}");
    }
}
