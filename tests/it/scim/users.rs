//! Users: attributes are kept and given back, and are those of the user identity in the other dialects.

use crate::support::numbers::{call_action, number};
use crate::support::scim::{USERS, new_user, operations, path_of};
use crate::support::world::{World, text};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn all_attributes_and_unknown_extensions_are_given_back() {
    let world = World::new().await;
    let directory = world.directory().await;
    let given = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, "urn:acme:2.0:User"],
        "USERNAME": "jane",
        "externalId": "A7",
        "name": { "familyName": "Doe", "givenname": "Jane" },
        "nickName": "JD",
        "title": "Vice President",
        "emails": [
            { "value": "Jane@Example.com", "type": "work", "primary": "True" },
            { "value": "jane@home.org", "type": "home" },
        ],
        "phoneNumbers": [
            { "value": "(425) 555-0199", "type": "mobile", "display": "cell" },
            { "value": "+1 425 555 0100", "type": "fax" },
        ],
        "addresses": [{ "type": "work", "locality": "Seattle", "country": "US" }],
        "active": true,
        "password": "never kept",
        "unknown": "ignored",
        "id": "ignored",
        "meta": { "created": "ignored" },
        (ENTERPRISE): { "employeeNumber": "7", "department": "Sales", "manager": "26118915-6090-4610-87e4-49d8ca9f808d" },
        "urn:acme:2.0:User": { "badge": { "color": "blue", "levels": [1, 2] } },
    });
    let created = directory.post(USERS, given.clone()).await;
    let user = created.of_scim(201).clone();
    let location = text(&user["meta"]["location"]);
    assert_eq!(created.header("location"), Some(location.as_str()));
    assert!(location.ends_with(&path_of(&user)), "{location}");
    assert_eq!(created.header("etag"), user["meta"]["version"].as_str());
    for (name, expected) in [
        ("userName", json!("jane")),
        ("externalId", json!("A7")),
        ("name", json!({ "familyName": "Doe", "givenName": "Jane" })),
        ("nickName", json!("JD")),
        ("phoneNumbers", given["phoneNumbers"].clone()),
        ("addresses", given["addresses"].clone()),
        ("urn:acme:2.0:User", given["urn:acme:2.0:User"].clone()),
        ("active", json!(true)),
        ("password", Value::Null),
        ("unknown", Value::Null),
        ("displayName", Value::Null),
    ] {
        assert_eq!(user[name], expected, "{name}");
    }
    assert_eq!(user["emails"][0]["primary"], true);
    assert_eq!(user[ENTERPRISE]["manager"], json!({ "value": "26118915-6090-4610-87e4-49d8ca9f808d" }));
    assert_eq!(user["schemas"], given["schemas"]);
    assert_eq!(directory.get(&path_of(&user)).await.of_scim(200), &user);

    // The same person in the other dialects.
    let known = world.key().post("/user_identities/get", json!({ "user_identity_id": user["id"] })).await.ok();
    let known = &known["user_identity"];
    assert_eq!((&known["full_name"], &known["email_address"]), (&json!("Jane Doe"), &json!("Jane@Example.com")));
    let stored: Vec<(String, String)> = sqlx::query_as("select slot_type, number from slot order by 1")
        .fetch_all(&mut world.database().await)
        .await
        .expect("the query succeeds");
    assert_eq!(stored, [("mobile".to_owned(), "tel:+14255550199".to_owned())]);
    let secret: i64 = sqlx::query_scalar("select count(*) from scim_user where attributes::text like '%never kept%'")
        .fetch_one(&mut world.database().await)
        .await
        .expect("the query succeeds");
    assert_eq!(secret, 0);
}

#[tokio::test]
async fn changes_of_other_dialects_are_shown() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let change = json!({
        "user_identity_id": user["id"], "full_name": "Jane Roe", "email_address": "roe@example.com",
    });
    world.key().post("/user_identities/update", change).await.ok();
    let shown = directory.get(&path_of(&user)).await.of_scim(200).clone();
    assert_eq!(shown["displayName"], "Jane Roe");
    assert_eq!(shown["emails"], json!([{ "value": "roe@example.com", "type": "work", "primary": true }]));
    assert_eq!(directory.user_names("emails eq \"ROE@example.com\"").await, ["jane@example.com"]);
    assert_ne!(shown["meta"]["version"], user["meta"]["version"]);
    // A later change of the directory starts from there.
    let titled = operations(json!([{ "op": "add", "path": "title", "value": "CEO" }]));
    let titled = directory.patch(&path_of(&user), titled).await;
    assert_eq!(titled.of_scim(200)["displayName"], "Jane Roe");
    let known = world.key().post("/user_identities/get", json!({ "user_identity_id": user["id"] })).await.ok();
    assert_eq!(known["user_identity"]["email_address"], "roe@example.com");
}

#[tokio::test]
async fn an_assigned_work_number_is_read_only() {
    let world = World::new().await;
    let directory = world.directory().await;
    let mut given = new_user("jane");
    given["phoneNumbers"] = json!([{ "value": "+1 425 555 0100", "type": "work" }]);
    let user = directory.post(USERS, given.clone()).await.of_scim(201).clone();
    let path = path_of(&user);
    let phone_number = world.import_number(&number(1)).await;
    let assign = json!({ "user_identity_id": user["id"] });
    call_action(world.key(), &phone_number, "assign", assign).await.phone_number();
    let work = json!([{ "value": format!("tel:{}", number(1)), "type": "work" }]);
    assert_eq!(directory.get(&path).await.of_scim(200)["phoneNumbers"], work);

    for (op, value) in [("replace", json!("+14255550111")), ("remove", Value::Null)] {
        let change = operations(json!([{ "op": op, "path": "phoneNumbers[type eq \"work\"].value", "value": value }]));
        let refused = directory.patch(&path, change).await;
        let detail = refused.scim_error(400, Some("mutability"));
        assert!(detail.contains("release the number"), "{detail}");
    }
    // The same value, however it is written, is fine.
    let same = json!([{ "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": number(1) }]);
    directory.patch(&path, operations(same)).await.of_scim(200);
    // A replacement ignores what is read-only (RFC 7644, section 3.5.1).
    assert_eq!(directory.put(&path, given).await.of_scim(200)["phoneNumbers"], work);
    // The end of the person comes first: the number is taken back.
    let leave = operations(json!([
        { "op": "replace", "path": "active", "value": false },
        { "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "+1 425 555 0111" },
    ]));
    let left = directory.patch(&path, leave).await;
    assert_eq!(left.of_scim(200)["phoneNumbers"][0]["value"], "+1 425 555 0111");
}

#[tokio::test]
async fn a_replacement_removes_what_is_not_given() {
    let world = World::new().await;
    let directory = world.directory().await;
    let mut given = new_user("jane");
    given["title"] = json!("CEO");
    given["phoneNumbers"] = json!([{ "value": "+14255550199", "type": "home" }]);
    let user = directory.post(USERS, given).await.of_scim(201).clone();
    let replaced = directory.put(&path_of(&user), json!({ "userName": "jane", "title": null, "nickName": "" })).await;
    let replaced = replaced.of_scim(200);
    for name in ["title", "nickName", "phoneNumbers", "emails", "displayName", "externalId"] {
        assert_eq!(replaced[name], Value::Null, "{name}");
    }
    assert_eq!((&replaced["userName"], &replaced["active"]), (&json!("jane"), &json!(true)));
}

#[tokio::test]
async fn invalid_users_are_refused_with_a_keyword() {
    let world = World::new().await;
    let directory = world.directory().await;
    directory.create_scim_user("jane").await;
    let long = "x".repeat(501);
    for (status, keyword, body) in [
        (400, "invalidValue", json!({})),
        (400, "invalidValue", json!({ "userName": "" })),
        (400, "invalidValue", json!({ "userName": 7 })),
        (400, "invalidValue", json!({ "userName": "x", "active": "maybe" })),
        (400, "invalidValue", json!({ "userName": "x", "emails": [7] })),
        (400, "invalidValue", json!({ "userName": "x", "name": "Jane" })),
        (400, "invalidValue", json!({ "userName": "x", "title": long })),
        (400, "invalidValue", json!({ "userName": "a\u{0}b" })),
        (400, "invalidValue", json!({ "userName": "x", "urn:acme:2.0:User": { "a": ["\u{0}"] } })),
        (400, "invalidValue", json!({ "userName": "x", "urn:acme:2.0:User": { "a": "y".repeat(20_000) } })),
        (400, "invalidSyntax", json!([])),
        (409, "uniqueness", json!({ "userName": "JANE@EXAMPLE.COM" })),
        (409, "uniqueness", json!({ "userName": "other", "emails": [{ "value": "JANE@example.com" }] })),
    ] {
        directory.post(USERS, body.clone()).await.scim_error(status, Some(keyword));
    }
    let broken = directory.request("POST", USERS).header("content-type", "application/scim+json").body("{");
    directory.send(broken).await.scim_error(400, Some("invalidSyntax"));
    assert_eq!(directory.get(USERS).await.of_scim(200)["totalResults"], 1);
    for id in ["unknown", "00000000-0000-0000-0000-000000000000", "%00", "{x}"] {
        directory.get(&format!("{USERS}/{id}")).await.scim_error(404, None);
    }
}

#[tokio::test]
async fn both_media_types_are_read() {
    let world = World::new().await;
    let directory = world.directory().await;
    for (index, media_type) in ["application/scim+json", "application/json; charset=utf-8"].iter().enumerate() {
        let body = new_user(&format!("jane{index}")).to_string();
        let request = directory.request("POST", USERS).header("content-type", *media_type).body(body);
        directory.send(request).await.of_scim(201);
    }
}
