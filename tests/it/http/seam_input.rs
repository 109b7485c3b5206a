//! Input of the Seam dialect: methods, query and body parameters, and the messages of validation errors.

use crate::support::client::Client;
use crate::support::world::{World, text};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Every route with its methods, in the order in which a 405 response lists them.
const METHODS: [(&str, &str); 75] = [
    ("/phones/get", "GET,POST"),
    ("/phones/list", "GET,POST"),
    ("/phones/deactivate", "DELETE,POST"),
    ("/phones/update", "PATCH,POST"),
    ("/phones/readmit", "POST"),
    ("/phones/simulate/create_sandbox_phone", "POST"),
    ("/events/get", "GET,POST"),
    ("/events/list", "GET,POST"),
    ("/events/stream", "GET"),
    ("/events/create_stream_ticket", "POST"),
    ("/webhooks/create", "POST"),
    ("/webhooks/get", "GET,POST"),
    ("/webhooks/list", "GET,POST"),
    ("/webhooks/update", "PUT,POST"),
    ("/webhooks/delete", "DELETE,POST"),
    ("/webhooks/ping", "POST"),
    ("/webhooks/rotate_secret", "POST"),
    ("/webhooks/list_deliveries", "GET,POST"),
    ("/webhooks/redeliver", "POST"),
    ("/client_sessions/create", "PUT,POST"),
    ("/client_sessions/get_or_create", "POST,PUT"),
    ("/client_sessions/get", "GET,POST"),
    ("/client_sessions/list", "GET,POST"),
    ("/client_sessions/grant_access", "PATCH,POST"),
    ("/client_sessions/revoke", "POST"),
    ("/client_sessions/delete", "DELETE,POST"),
    ("/user_identities/create", "POST"),
    ("/user_identities/get", "GET,POST"),
    ("/user_identities/list", "GET,POST"),
    ("/user_identities/set_password", "POST"),
    ("/user_identities/update", "PATCH,POST"),
    ("/user_identities/delete", "DELETE,POST"),
    ("/user_identities/list_accessible_devices", "GET,POST"),
    ("/user_identities/deactivate_phones", "POST"),
    ("/acs/credentials/create", "POST"),
    ("/acs/credentials/get", "GET,POST"),
    ("/acs/credentials/list", "GET,POST"),
    ("/acs/credentials/delete", "DELETE,POST"),
    ("/acs/credentials/update", "PATCH,POST"),
    ("/acs/credentials/assign", "PATCH,POST"),
    ("/acs/credentials/unassign", "PATCH,POST"),
    ("/acs/credentials/list_accessible_entrances", "GET,POST"),
    ("/acs/credentials/create_offline_code", "POST"),
    ("/acs/credentials/unmanaged/get", "GET,POST"),
    ("/acs/credentials/unmanaged/list", "GET,POST"),
    ("/workspaces/get", "GET,POST"),
    ("/workspaces/list", "GET,POST"),
    ("/workspaces/create", "POST"),
    ("/workspaces/update", "PATCH,POST"),
    ("/workspaces/reset_sandbox", "POST"),
    ("/workspaces/find_anything", "GET,POST"),
    ("/workspaces/customization_profiles/get", "GET,POST"),
    ("/workspaces/customization_profiles/list", "GET,POST"),
    ("/workspaces/customization_profiles/update", "PATCH,POST"),
    ("/devices/get", "GET,POST"),
    ("/devices/list", "GET,POST"),
    ("/devices/update", "PATCH,POST"),
    ("/devices/delete", "DELETE,POST"),
    ("/devices/simulate/connect", "POST"),
    ("/devices/simulate/disconnect", "POST"),
    ("/devices/simulate/remove", "POST"),
    ("/devices/simulate/connect_to_hub", "POST"),
    ("/devices/simulate/disconnect_from_hub", "POST"),
    ("/devices/simulate/paid_subscription", "POST"),
    ("/devices/list_device_providers", "GET,POST"),
    ("/devices/report_provider_metadata", "POST"),
    ("/devices/unmanaged/get", "GET,POST"),
    ("/devices/unmanaged/list", "GET,POST"),
    ("/devices/unmanaged/update", "PATCH,POST"),
    ("/action_attempts/get", "GET,POST"),
    ("/action_attempts/list", "GET,POST"),
    ("/health", "GET,POST"),
    ("/health/get_health", "GET,POST"),
    ("/seam/mobile_sdk/v1/phone_sessions/get_or_create", "POST"),
    ("/seam/mobile_sdk/v1/report_salto_space_audit_trail", "POST"),
];

/// A client that the route accepts.
async fn caller(world: &World, path: &str) -> Client {
    match path {
        "/workspaces/create" => world.anonymous().bearer(world.access_token(&[world]).await.reveal()),
        "/user_identities/set_password" => world.console().await,
        _ if path.starts_with("/seam/mobile_sdk/") => {
            world.session(&world.person(path.rsplit('/').next().unwrap_or_default()).await).await
        }
        _ => world.key().clone(),
    }
}

#[tokio::test]
async fn the_openapi_document_describes_these_routes_and_no_others() {
    let world = World::new().await;
    // This header selects the Seam part of the document.
    let document = world.anonymous().with("seam-sdk-name", "seamapi/javascript").get("/openapi.json").await.body;
    let described: BTreeMap<&str, BTreeSet<String>> = document["paths"]
        .as_object()
        .expect("a document has paths")
        .iter()
        .map(|(path, methods)| {
            (path.as_str(), methods.as_object().into_iter().flat_map(|it| it.keys().cloned()).collect())
        })
        .collect();
    let tested =
        METHODS.iter().map(|(path, methods)| (*path, methods.split(',').map(str::to_lowercase).collect())).collect();
    assert_eq!(described, tested);
}

#[tokio::test]
async fn every_route_accepts_its_methods_and_lists_them_in_a_405() {
    let world = World::new().await;
    for (path, methods) in METHODS {
        let caller = caller(&world, path).await;
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            // The parameters are invalid on every route, so that even a stream ends.
            let response = caller.call(method, &format!("{path}?limit=x&since=x&name=%ff&device_id=x")).await;
            if methods.split(',').any(|taken| taken == method) {
                assert_ne!(response.status, 405, "{method} {path}");
                continue;
            }
            let error = response.refused(405, "method_not_allowed");
            assert_eq!(error["message"], format!("only {methods} accepted"), "{method} {path}");
            assert_eq!(response.header("allow"), Some(methods.replace(',', ", ").as_str()));
        }
    }
}

#[tokio::test]
async fn equivalent_requests_get_the_same_response() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let key = world.key();
    let body = json!({ "device_id": phone });
    let expected = key.post("/phones/get", body.clone()).await.ok();
    let sent = |query: &str| format!("/phones/get?device_id={phone}{query}");
    for response in [
        key.get(&sent("")).await,
        key.get(&sent("&_strict=true")).await,
        key.get(&sent("&_strict=false&unknown=1&unknown=2&other[]=x")).await,
        key.json("GET", "/phones/get", body.clone()).await,
        key.send(key.request("GET", "/phones/get").header("content-type", "text/plain").body(body.to_string())).await,
        key.call("POST", &sent("")).await,
        key.bytes(&sent(""), Some("application/x-www-form-urlencoded"), "").await,
        key.bytes("/phones/get", Some("application/json;charset=utf-8"), body.to_string()).await,
        key.bytes("/phones/get", Some("Application/JSON ; charset=UTF-8"), body.to_string()).await,
        key.post("/phones/get", json!({ "device_id": phone, "unknown": { "deep": [1] } })).await,
        key.get(&sent(&phone).replace(&format!("={phone}{phone}"), &format!("={}", phone.to_uppercase()))).await,
    ] {
        assert_eq!(response.ok(), expected);
    }
}

#[tokio::test]
async fn the_body_takes_precedence_over_the_query_on_every_method() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (one, other) = (world.phone(&jane).await, world.phone(&jane).await);
    let query = format!("/phones/get?device_id={one}");
    for method in ["GET", "POST"] {
        let response = world.key().json(method, &query, json!({ "device_id": other })).await.ok();
        assert_eq!(response["phone"]["device_id"], other, "{method}");
    }
    // Null in the body is a value, and an invalid one.
    let null = world.key().json("POST", &query, json!({ "device_id": null })).await;
    null.invalid("device_id", "Expected string, received null");
    let path = format!("/phones/deactivate?device_id={one}");
    world.key().json("DELETE", &path, json!({ "device_id": other })).await.ok();
    assert_eq!(world.phone_ids().await, [one]);
}

#[tokio::test]
async fn a_body_requires_the_content_type_of_json() {
    let world = World::new().await;
    let body = json!({ "device_id": "x" }).to_string();
    for content_type in
        [None, Some("application/x-www-form-urlencoded"), Some("text/json"), Some("application/jsonp"), Some("")]
    {
        let response = world.key().bytes("/phones/get", content_type, body.clone()).await;
        let error = response.refused(400, "invalid_content_type");
        assert_eq!(error["message"], "POST requests must have Content-Type header with \"application/json\"");
    }
    let patch = world.key().request("PATCH", "/devices/update").body(body);
    let error = world.key().send(patch).await.refused(400, "invalid_content_type");
    assert_eq!(error["message"], "PATCH requests must have Content-Type header with \"application/json\"");
}

#[tokio::test]
async fn a_body_is_one_json_object() {
    let world = World::new().await;
    for (body, received) in
        [("[]", "array"), ("\"x\"", "string"), ("null", "null"), ("1", "number"), ("true", "boolean")]
    {
        let response = world.key().bytes("/phones/get", Some("application/json"), body).await;
        response.invalid("", &format!("Expected object, received {received}"));
        assert_eq!(response.body["error"]["message"], format!("Expected object, received {received}"));
    }
    for body in ["{", "{}{}", "{\"a\":}", "nul", " ", "{}\u{feff}", "{'a':1}", "{\"a\":01}", "{\"a\":1,}"] {
        world.key().bytes("/phones/get", Some("application/json"), body).await.refused(400, "invalid_json");
    }
}

#[tokio::test]
async fn validation_errors_have_the_messages_and_the_tree_of_zod() {
    let world = World::new().await;
    let key = world.key();
    for (path, body, field, message) in [
        ("/phones/get", json!({}), "device_id", "Required"),
        ("/phones/get", json!({ "device_id": 1 }), "device_id", "Expected string, received number"),
        ("/phones/get", json!({ "device_id": {} }), "device_id", "Expected string, received object"),
        ("/phones/get", json!({ "device_id": "x" }), "device_id", "Invalid uuid"),
        ("/events/get", json!({ "event_type": "" }), "event_type", "String must contain at least 1 character(s)"),
        ("/webhooks/create", json!({ "url": "x" }), "url", "Invalid url"),
        ("/webhooks/create", json!({ "url": "ftp://example.com" }), "url", "Invalid url"),
        ("/user_identities/create", json!({ "email_address": "x" }), "email_address", "Invalid email"),
        ("/client_sessions/create", json!({ "expires_at": "2026-01-01" }), "expires_at", "Invalid datetime"),
        (
            "/client_sessions/create",
            json!({ "user_identity_ids": [] }),
            "user_identity_ids",
            "Array must contain exactly 1 element(s)",
        ),
        ("/user_identities/list", json!({ "limit": -1 }), "limit", "Number must be greater than or equal to 0"),
        ("/user_identities/list", json!({ "limit": 1.5 }), "limit", "Expected integer, received float"),
        ("/devices/list", json!({ "limit": 0 }), "limit", "Number must be greater than 0"),
        ("/devices/list", json!({ "limit": "1" }), "limit", "Expected number, received string"),
        ("/devices/list", json!({ "device_ids": "x" }), "device_ids", "Expected array, received string"),
        ("/devices/list", json!({ "device_ids": ["x"] }), "device_ids.0", "Invalid uuid"),
    ] {
        let response = key.post(path, body).await;
        response.invalid(field, message);
        let line =
            if message == "Required" { format!("{field} is required") } else { format!("{message} for \"{field}\"") };
        assert_eq!(response.body["error"]["message"], line, "{path}");
    }
}

#[tokio::test]
async fn several_validation_errors_are_counted_and_all_reported() {
    let world = World::new().await;
    let body = json!({ "user_identity_id": "x", "phone_metadata": { "operating_system": "win", "os_version": 1 } });
    let response = world.key().post("/phones/simulate/create_sandbox_phone", body).await;
    let error = response.refused(400, "invalid_input");
    let choice = "Invalid enum value. Expected 'android' | 'ios', received 'win'";
    let tree = json!({
        "_errors": [],
        "user_identity_id": { "_errors": ["Invalid uuid"] },
        "phone_metadata": {
            "_errors": [],
            "operating_system": { "_errors": [choice] },
            "os_version": { "_errors": ["Expected string, received number"] },
        },
    });
    assert_eq!(error["validation_errors"], tree);
    let message = format!(
        "3 Input Errors: Invalid uuid for \"user_identity_id\", {choice} for \"phone_metadata.operating_system\", \
         Expected string, received number for \"phone_metadata.os_version\""
    );
    assert_eq!(error["message"], message);
}

#[tokio::test]
async fn ids_are_canonical_uuids_of_any_version_and_case() {
    let world = World::new().await;
    for id in [
        "{0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f}",
        "urn:uuid:0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f",
        "0199a5c67d5e7a0080003f1c2b4d5e6f",
        " 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f",
    ] {
        world.key().post("/phones/get", json!({ "device_id": id })).await.invalid("device_id", "Invalid uuid");
    }
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "0199A5C6-7d5e-fa00-0000-3f1c2b4d5e6f",
    ] {
        world.key().post("/phones/get", json!({ "device_id": id })).await.refused(404, "device_not_found");
    }
}

#[tokio::test]
async fn a_strict_query_is_read_literally_and_another_leniently() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (one, two) = (world.phone(&jane).await, world.phone(&jane).await);
    let found = async |query: &str| {
        let response = world.key().get(&format!("/devices/list?{query}")).await.ok();
        response["devices"].as_array().map(Vec::len)
    };
    let refused =
        async |query: &str, kind: &str| world.key().get(&format!("/devices/list?{query}")).await.refused(400, kind);

    assert_eq!(found(&format!("device_ids={one}&device_ids={two}&_strict=true")).await, Some(2));
    assert_eq!(found("device_ids=&_strict=true").await, Some(0));
    assert_eq!(
        found(&format!("device_ids[]={one}&_strict=true")).await,
        Some(2),
        "`device_ids[]` is an unknown parameter"
    );
    refused(&format!("device_ids={one},{two}&_strict=true"), "invalid_input").await;

    assert_eq!(found(&format!("device_ids={one},{two}")).await, Some(2));
    assert_eq!(found(&format!("device_ids[]={one}&device_ids[]={two}")).await, Some(2));
    assert_eq!(found(&format!("device_ids%5B%5D={one}")).await, Some(1));
    let error = refused(&format!("device_ids={one}&device_ids[]={two}"), "invalid_query_params").await;
    assert!(text(&error["message"]).starts_with("Could not parse parameter: 'device_ids' "), "{error}");
    refused(&format!("device_ids={one},{two}&device_ids={one}"), "invalid_query_params").await;

    for query in ["limit=1&limit=1", "limit=1&limit=1&_strict=true"] {
        let error = refused(query, "invalid_query_params").await;
        let message = "Could not parse parameter: 'limit' has repeated values but is not an array parameter";
        assert_eq!(error["message"], message);
    }
    assert_eq!(found("limit=%201%20").await, Some(1));
    assert_eq!(found("limit=1e0&_strict=true").await, Some(1));
    refused("limit=%201%20&_strict=true", "invalid_input").await;
    refused("limit=many", "invalid_input").await;
}

#[tokio::test]
async fn boolean_parameters_accept_yes_and_no_unless_the_query_is_strict() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let found = async |query: &str| {
        let listed = world.key().get(&format!("/phones/list?include_deactivated={query}")).await.ok();
        listed["phones"].as_array().map(Vec::len)
    };
    for yes in ["true", "True", "TRUE", "yes", "1", "%20true%20", "true&_strict=true"] {
        assert_eq!(found(yes).await, Some(1), "{yes}");
    }
    for no in ["false", "False", "FALSE", "no", "0", "false&_strict=true"] {
        assert_eq!(found(no).await, Some(0), "{no}");
    }
    for neither in ["perhaps", "1&_strict=true", "True&_strict=true"] {
        let response = world.key().get(&format!("/phones/list?include_deactivated={neither}")).await;
        response.invalid("include_deactivated", "Expected boolean, received string");
    }
}

#[tokio::test]
async fn object_parameters_are_dotted_in_a_query() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (phone, _other) = (world.phone(&jane).await, world.phone(&jane).await);
    let metadata = json!({ "colour": "red", "spare": true });
    world.key().patch("/devices/update", json!({ "device_id": phone, "custom_metadata": metadata })).await.ok();
    for (query, count) in [
        ("custom_metadata_has.colour=red", 1),
        ("custom_metadata_has.colour=red&custom_metadata_has.spare=true&_strict=true", 1),
        ("custom_metadata_has.colour=blue", 0),
        ("custom_metadata_has.colour=&_strict=true", 1),
        ("custom_metadata_has.unset=&_strict=true", 2),
    ] {
        for (path, key) in [("/devices/list", "devices"), ("/phones/list", "phones")] {
            let listed = world.key().get(&format!("{path}?{query}")).await.ok();
            assert_eq!(listed[key].as_array().map(Vec::len), Some(count), "{path}?{query}");
        }
    }
    world.key().get("/devices/list?custom_metadata_has.a.b=c").await.refused(400, "invalid_query_params");
    for (filter, count) in [
        (json!({ "spare": true }), 1),
        (json!({ "spare": "true" }), 1),
        (json!({ "spare": false }), 0),
        (json!({ "colour": "" }), 2),
        (json!({ "colour": null }), 1),
        (json!({}), 2),
    ] {
        let listed = world.key().post("/devices/list", json!({ "custom_metadata_has": filter })).await.ok();
        assert_eq!(listed["devices"].as_array().map(Vec::len), Some(count), "{filter}");
    }
}
