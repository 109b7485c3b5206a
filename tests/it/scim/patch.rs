//! PATCH as directories send it: paths with filters, objects without a path, `Add` that makes a value, booleans as texts.

use crate::support::client::Client;
use crate::support::scim::{operations, path_of};
use crate::support::world::{World, text};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Applies operations to a user and returns it.
async fn patch(directory: &Client, user: &Value, given: Value) -> Value {
    directory.patch(&path_of(user), operations(given)).await.of_scim(200).clone()
}

#[tokio::test]
async fn operations_of_entra_are_applied() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let given = json!([
        { "op": "Add", "path": "emails[type eq \"home\"].value", "value": "jane@home.org" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "doe@example.com" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 425 555 0199" },
        { "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Seattle" },
        { "op": "Replace", "path": "name.familyName", "value": "Roe" },
        { "op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Sales" },
        { "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "0199a5c6" },
        { "op": "Replace", "path": "displayName", "value": "Jane Roe" },
        { "op": "Add", "path": "urn:acme:2.0:User:tag", "value": "blue" },
        { "op": "Replace", "path": "active", "value": "True" },
    ]);
    let patched = patch(&directory, &user, given).await;
    assert_eq!(
        patched["emails"],
        json!([
            { "value": "doe@example.com", "type": "work", "primary": true },
            { "type": "home", "value": "jane@home.org" },
        ])
    );
    assert_eq!(patched["phoneNumbers"], json!([{ "type": "mobile", "value": "+1 425 555 0199" }]));
    assert_eq!(patched["addresses"], json!([{ "type": "work", "locality": "Seattle" }]));
    assert_eq!(patched["name"], json!({ "familyName": "Roe" }));
    assert_eq!(patched[ENTERPRISE], json!({ "department": "Sales", "manager": { "value": "0199a5c6" } }));
    assert_eq!(patched["urn:acme:2.0:User"], json!({ "tag": "blue" }));
    assert_eq!(patched["active"], true);

    // Objects without a path, whose names are paths.
    let given = json!([{ "op": "replace", "value": {
        "name.givenName": "Jane",
        "emails[type eq \"work\"].value": "jane@example.com",
        (format!("{ENTERPRISE}:employeeNumber")): "7",
        (ENTERPRISE): { "division": "West" },
        "id": "ignored",
        "title": "CEO",
    } }]);
    let patched = patch(&directory, &user, given).await;
    assert_eq!(patched["name"], json!({ "familyName": "Roe", "givenName": "Jane" }));
    assert_eq!(patched["emails"][0]["value"], "jane@example.com");
    let enterprise = &patched[ENTERPRISE];
    assert_eq!((&enterprise["employeeNumber"], &enterprise["division"]), (&json!("7"), &json!("West")));
    assert_eq!((&enterprise["department"], &patched["title"]), (&json!("Sales"), &json!("CEO")));
    let removed =
        patch(&directory, &user, json!([{ "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": "" }]));
    assert_eq!(removed.await[ENTERPRISE]["manager"], Value::Null);
}

#[tokio::test]
async fn operations_of_the_rfc_are_applied() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let work = user["emails"][0].clone();
    let home = json!({ "value": "jane@home.org", "type": "home" });
    for (given, name, expected) in [
        (json!([{ "op": "add", "path": "emails", "value": [home] }]), "emails", json!([work, home])),
        // A value that is there is not added again.
        (json!([{ "op": "add", "value": { "emails": home } }]), "emails", json!([work, home])),
        (
            json!([{ "op": "replace", "path": "emails[value ew \".org\"].primary", "value": true }]),
            "emails",
            json!([
                { "value": "jane@example.com", "type": "work", "primary": false },
                { "value": "jane@home.org", "type": "home", "primary": true },
            ]),
        ),
        (
            json!([{ "op": "remove", "path": "emails[type eq \"work\" and value co \"example\"]" }]),
            "emails",
            json!([{ "value": "jane@home.org", "type": "home", "primary": true }]),
        ),
        (json!([{ "op": "remove", "path": "emails[type eq \"gone\"]" }]), "title", Value::Null),
        (
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "J" } }]),
            "name",
            json!({ "givenName": "J" }),
        ),
        (
            json!([{ "op": "add", "path": "name", "value": { "familyName": "D" } }]),
            "name",
            json!({ "givenName": "J", "familyName": "D" }),
        ),
        (json!([{ "op": "remove", "path": "name.givenName" }]), "name", json!({ "familyName": "D" })),
        (json!([{ "op": "remove", "path": "displayName" }]), "displayName", Value::Null),
        (json!([{ "op": "remove", "path": "emails" }]), "emails", Value::Null),
        (
            json!([{ "op": "add", "path": "URN:ietf:params:scim:schemas:core:2.0:user:NICKNAME", "value": "J" }]),
            "nickName",
            json!("J"),
        ),
    ] {
        assert_eq!(patch(&directory, &user, given.clone()).await[name], expected, "{given}");
    }
    let known = world.key().post("/user_identities/get", json!({ "user_identity_id": user["id"] })).await.ok();
    let known = &known["user_identity"];
    assert_eq!((&known["email_address"], &known["full_name"]), (&Value::Null, &json!("D")));
}

#[tokio::test]
async fn invalid_operations_are_refused_with_a_keyword_and_change_nothing() {
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    for (keyword, operation) in [
        ("noTarget", json!({ "op": "remove" })),
        ("noTarget", json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "x" })),
        ("noTarget", json!({ "op": "add", "path": "emails[type ne \"work\"].value", "value": "x" })),
        ("invalidPath", json!({ "op": "add", "path": "emails[", "value": "x" })),
        ("invalidPath", json!({ "op": "add", "path": "emails[type eq]", "value": "x" })),
        ("invalidPath", json!({ "op": "add", "path": "favorite", "value": "x" })),
        ("invalidPath", json!({ "op": "add", "path": "name.unknown", "value": "x" })),
        ("mutability", json!({ "op": "replace", "path": "id", "value": "x" })),
        ("mutability", json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] })),
        ("mutability", json!({ "op": "replace", "path": "meta.created", "value": "x" })),
        // RFC 7644, section 3.5.2.2: what is required is not removed.
        ("mutability", json!({ "op": "remove", "path": "userName" })),
        ("mutability", json!({ "op": "replace", "path": "userName", "value": null })),
        ("mutability", json!({ "op": "replace", "value": { "userName": "" } })),
        ("invalidSyntax", json!({ "op": "replace", "path": "emails" })),
        ("invalidSyntax", json!({ "op": "add", "path": "title" })),
        ("invalidSyntax", json!({ "op": "add" })),
        ("invalidValue", json!({ "op": "replace", "path": "active", "value": "perhaps" })),
        ("invalidValue", json!({ "op": "move", "path": "title", "value": "x" })),
        ("invalidValue", json!({ "op": "add", "value": "x" })),
    ] {
        // The first operation is not applied either.
        let given = json!([{ "op": "add", "path": "title", "value": "CEO" }, operation]);
        let response = directory.patch(&path_of(&user), operations(given)).await;
        let detail = response.scim_error(400, Some(keyword));
        assert!(!detail.is_empty(), "{operation}");
    }
    for body in [json!({}), json!({ "Operations": [] }), json!({ "Operations": 7 })] {
        directory.patch(&path_of(&user), body).await.scim_error(400, Some("invalidSyntax"));
    }
    let many: Vec<Value> = (0..1001).map(|_| json!({ "op": "remove", "path": "title" })).collect();
    directory.patch(&path_of(&user), operations(many.into())).await.scim_error(413, None);
    let group = directory.create_scim_group("Sales", &[&user]).await;
    for (keyword, operation) in [
        ("invalidSyntax", json!({ "op": "replace", "path": "members" })),
        ("mutability", json!({ "op": "remove", "path": "displayName" })),
    ] {
        let refused = directory.patch(&path_of(&group), operations(json!([operation]))).await;
        refused.scim_error(400, Some(keyword));
    }
    assert_eq!(directory.get(&path_of(&group)).await.of_scim(200), &group);
    directory.delete(&path_of(&group)).await;
    assert_eq!(directory.get(&path_of(&user)).await.of_scim(200), &user);
    // A password is not kept, and not refused.
    let unchanged = patch(&directory, &user, json!([{ "op": "replace", "path": "password", "value": "x" }])).await;
    assert_eq!(unchanged["meta"]["version"], user["meta"]["version"]);
}

#[tokio::test]
async fn an_extension_of_any_urn_is_patched_and_selected_as_a_whole() {
    const CUSTOM: &str = "urn:okta:APP:1.0:user:custom";
    let world = World::new().await;
    let directory = world.directory().await;
    let user = directory.create_scim_user("jane").await;
    let path = path_of(&user);
    let added = patch(&directory, &user, json!([{ "op": "add", "value": { CUSTOM: { "tag": "blue" } } }])).await;
    assert_eq!(added[CUSTOM], json!({ "tag": "blue" }));
    let given = json!([{ "op": "add", "path": CUSTOM, "value": { "size": "L" } }]);
    assert_eq!(patch(&directory, &user, given).await[CUSTOM], json!({ "tag": "blue", "size": "L" }));
    let given = json!([{ "op": "remove", "path": format!("{CUSTOM}:tag") }]);
    assert_eq!(patch(&directory, &user, given).await[CUSTOM], json!({ "size": "L" }));
    let selected = directory.get(&format!("{path}?attributes={CUSTOM}")).await.of_scim(200).clone();
    assert_eq!((&selected[CUSTOM], &selected["userName"]), (&json!({ "size": "L" }), &Value::Null));
    let without = directory.get(&format!("{path}?excludedAttributes={CUSTOM}")).await.of_scim(200).clone();
    assert_eq!((&without[CUSTOM], &without["userName"]), (&Value::Null, &user["userName"]));
    let removed = patch(&directory, &user, json!([{ "op": "remove", "path": CUSTOM }])).await;
    assert_eq!((&removed[CUSTOM], &removed["schemas"]), (&Value::Null, &user["schemas"]));
}

#[tokio::test]
async fn a_change_that_conflicts_with_another_user_changes_nothing() {
    let world = World::new().await;
    let directory = world.directory().await;
    directory.create_scim_user("john").await;
    let user = directory.create_scim_user("jane").await;
    world.phone(&text(&user["id"])).await;
    for change in [
        json!({ "op": "replace", "path": "userName", "value": "john@example.com" }),
        json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "john@example.com" }),
    ] {
        let given = json!([{ "op": "replace", "path": "active", "value": false }, change]);
        let refused = directory.patch(&path_of(&user), operations(given)).await;
        refused.scim_error(409, Some("uniqueness"));
    }
    assert_eq!(world.phone_ids().await.len(), 1, "all of a change is made, or nothing");
    assert_eq!(directory.get(&path_of(&user)).await.of_scim(200), &user);
}
