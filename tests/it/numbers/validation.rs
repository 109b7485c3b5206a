//! Malformed requests on numbers: a list of faults, each with its type, location and input.

use crate::support::client::Response;
use crate::support::numbers::{call_action, keys_in_order, number, path};
use crate::support::world::{World, text};
use serde_json::{Value, json};

const NO_NUMBER: &str = "value is not a valid phone number";

/// Checks for one fault in one value of a request.
#[track_caller]
fn is_ucwa_error(response: &Response, kind: &str, place: &Value, message: &str, input: &Value, context: Option<Value>) {
    let mut expected = json!({ "type": kind, "loc": place, "msg": message, "input": input });
    if let Some(context) = context {
        expected["ctx"] = context;
    }
    assert_eq!(response.validation_fault(), expected);
}

#[tokio::test]
async fn values_of_a_query_are_validated_one_by_one() {
    let world = World::new().await;
    let statuses = "'reserved', 'assigned', 'released' or 'finished'";
    let no_integer = "Input should be a valid integer, unable to parse string as an integer";
    let no_date = "Input should be a valid datetime or date, input is too short";
    for (name, value, kind, message, context) in [
        ("limit", "0", "greater_than_equal", "Input should be greater than or equal to 1", json!({ "ge": 1 })),
        ("limit", "101", "less_than_equal", "Input should be less than or equal to 100", json!({ "le": 100 })),
        ("limit", "abc", "int_parsing", no_integer, Value::Null),
        ("limit", "", "int_parsing", no_integer, Value::Null),
        ("limit", "10.5", "int_parsing", no_integer, Value::Null),
        ("page", "0", "greater_than_equal", "Input should be greater than or equal to 1", json!({ "ge": 1 })),
        ("page", "x", "int_parsing", no_integer, Value::Null),
        ("order", "up", "literal_error", "Input should be 'asc' or 'desc'", json!({ "expected": "'asc' or 'desc'" })),
        ("status", "gone", "enum", &format!("Input should be {statuses}"), json!({ "expected": statuses })),
        ("status", "", "enum", &format!("Input should be {statuses}"), json!({ "expected": statuses })),
        ("start_assigned_at", "x", "datetime_from_date_parsing", no_date, json!({ "error": "input is too short" })),
        ("end_assigned_at", "x", "datetime_from_date_parsing", no_date, json!({ "error": "input is too short" })),
    ] {
        let response = world.key().get(&format!("/v1/phone/?{name}={value}")).await;
        let context = (!context.is_null()).then_some(context);
        is_ucwa_error(&response, kind, &json!(["query", name]), message, &json!(value), context);
    }
}

#[tokio::test]
async fn invalid_ids_are_refused_with_the_reason() {
    let world = World::new().await;
    let at = "/v1/phone/not-a-uuid";
    let list = |name: &str| format!("/v1/phone/?{name}=not-a-uuid");
    for (response, place) in [
        (world.key().get(at).await, ["path", "phone_id"]),
        (world.key().patch(at, json!({})).await, ["path", "phone_id"]),
        (world.key().delete(at).await, ["path", "id"]),
        (world.key().post(&format!("{at}/assign"), json!({})).await, ["path", "phone_id"]),
        (world.key().post(&format!("{at}/cancel_release"), json!({})).await, ["path", "phone_id"]),
        (world.key().get(&list("after")).await, ["query", "after"]),
        (world.key().get(&list("before")).await, ["query", "before"]),
        (world.key().get(&list("inbound_agent_id")).await, ["query", "inbound_agent_id"]),
        (world.key().get(&list("outbound_agent_id")).await, ["query", "outbound_agent_id"]),
    ] {
        let fault = response.validation_fault();
        let actual = (&fault["type"], &fault["loc"], &fault["input"]);
        assert_eq!(actual, (&json!("uuid_parsing"), &json!(place), &json!("not-a-uuid")));
        let reason = text(&fault["ctx"]["error"]);
        assert!(!reason.is_empty());
        assert_eq!(fault["msg"], format!("Input should be a valid UUID, {reason}"));
        let written = response.text.trim_start_matches(r#"{"detail":["#);
        assert_eq!(keys_in_order(written), ["type", "loc", "msg", "input", "ctx"], "{response:?}");
    }
    let spelt = world.key().get("/v1/phone/a%20b%7D").await.validation_fault();
    assert_eq!(spelt["input"], "a b}", "percent-decoded");
}

#[tokio::test]
async fn values_of_a_body_are_validated_one_by_one() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    let import = "/v1/phone/import";
    let reserve = "/v1/phone/reserve";
    let required = "Field required";
    let no_string = "Input should be a valid string";
    let too_short = "String should have at least 1 character";
    let bare = json!({ "nickname": "x" });
    for (at, field) in [(import, "phone_number"), (reserve, "number")] {
        let post = async |body: Value| world.key().post(at, body).await;
        is_ucwa_error(&post(bare.clone()).await, "missing", &json!(["body", field]), required, &bare, None);
        let empty = post(json!({ field: "" })).await;
        let context = Some(json!({ "min_length": 1 }));
        is_ucwa_error(&empty, "string_too_short", &json!(["body", field]), too_short, &json!(""), context);
        for wrong in [json!(34675897654_u64), json!(null), json!(["+34675897654"]), json!(true)] {
            is_ucwa_error(
                &post(json!({ field: wrong })).await,
                "string_type",
                &json!(["body", field]),
                no_string,
                &wrong,
                None,
            );
        }
        for wrong in
            ["675897654", "+1", "+34000000000", "0034675897654", "+3467589765", "+34675897654x", "word", "user@host"]
        {
            let response = post(json!({ field: wrong })).await;
            is_ucwa_error(&response, "value_error", &json!(["body", field]), NO_NUMBER, &json!(wrong), None);
        }
        let named = post(json!({ field: number(2), "nickname": 5 })).await;
        is_ucwa_error(&named, "string_type", &json!(["body", "nickname"]), no_string, &json!(5), None);
    }
    let patched = world.key().patch(&path(&phone_number), json!({ "nickname": ["x"] })).await;
    is_ucwa_error(&patched, "string_type", &json!(["body", "nickname"]), no_string, &json!(["x"]), None);
    for name in ["inbound_agent_id", "outbound_agent_id", "inbound_version_id", "outbound_version_id"] {
        let fault = world.key().patch(&path(&phone_number), json!({ name: "nope" })).await.validation_fault();
        let actual = (&fault["type"], &fault["loc"], &fault["input"]);
        assert_eq!(actual, (&json!("uuid_parsing"), &json!(["body", name]), &json!("nope")));
    }
    let fault = call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": "nope" }))
        .await
        .validation_fault();
    assert_eq!((&fault["type"], &fault["loc"]), (&json!("uuid_parsing"), &json!(["body", "user_identity_id"])));
    assert_eq!(world.read_number(&phone_number).await, phone_number);
    assert_eq!(world.key().get("/v1/phone/").await.page().len(), 1, "nothing was created");
}

#[tokio::test]
async fn missing_null_non_object_and_broken_bodies_have_different_faults() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    for (method, at) in [("POST", "/v1/phone/import"), ("POST", "/v1/phone/reserve"), ("PATCH", &path(&phone_number))] {
        let required = "Field required";
        let none = world.key().call(method, at).await;
        is_ucwa_error(&none, "missing", &json!(["body"]), required, &Value::Null, None);
        let null = world.key().json(method, at, Value::Null).await;
        is_ucwa_error(&null, "missing", &json!(["body"]), required, &Value::Null, None);
        let message = "Input should be a valid dictionary or object to extract fields from";
        let list = world.key().json(method, at, json!([1, "a"])).await;
        is_ucwa_error(&list, "model_attributes_type", &json!(["body"]), message, &json!([1, "a"]), None);
        let broken = world.key().request(method, at).header("content-type", "application/json").body(r#"{"a": "#);
        let fault = world.key().send(broken).await.validation_fault();
        let actual = (&fault["type"], &fault["msg"], &fault["input"]);
        assert_eq!(actual, (&json!("json_invalid"), &json!("JSON decode error"), &json!({})));
        assert!(fault["loc"][0] == "body" && fault["loc"][1].is_u64(), "{fault}");
        assert!(fault["ctx"]["error"].is_string(), "{fault}");
    }
}

#[tokio::test]
async fn faults_of_path_query_and_body_are_reported_together_in_that_order() {
    let world = World::new().await;
    let both = world.key().patch("/v1/phone/nope", json!({ "nickname": 5, "inbound_agent_id": "x" })).await;
    let places: Vec<Value> = both.validation_faults().iter().map(|fault| fault["loc"].clone()).collect();
    assert_eq!(places, [json!(["path", "phone_id"]), json!(["body", "nickname"]), json!(["body", "inbound_agent_id"])]);
    let several = world.key().get("/v1/phone/?order=up&limit=0&status=gone").await.validation_faults();
    let mut names: Vec<String> = several.iter().map(|fault| text(&fault["loc"][1])).collect();
    names.sort();
    assert_eq!(names, ["limit", "order", "status"]);
}

#[tokio::test]
async fn formatted_phone_numbers_are_accepted_and_returned_in_e164() {
    let world = World::new().await;
    for (written, actual) in [("+34 675-89-76-54", "+34675897654"), ("+44 20 7946 0018", "+442079460018")] {
        assert_eq!(world.import_number(written).await["number"], actual);
        let again = json!({ "number": actual });
        world.key().post("/v1/phone/reserve", again).await.is_diga_error(409, "PHONE_ALREADY_IN_USE");
    }
}

#[tokio::test]
async fn secrets_are_left_out_of_the_input_that_a_fault_repeats() {
    let world = World::new().await;
    let secret = "hunter2-secret";
    let post = async |body: Value| {
        let response = world.key().post("/v1/phone/import", body).await;
        assert!(!response.text.contains("hunter2"), "{response:?}");
        response
    };
    let sip = json!({ "termination_uri": "sip.example.com", "password": secret });
    let without = json!({ "termination_uri": "sip.example.com" });
    let response = post(json!({ "sip_config": sip, "nickname": "n" })).await;
    let echo = json!({ "sip_config": without, "nickname": "n" });
    is_ucwa_error(&response, "missing", &json!(["body", "phone_number"]), "Field required", &echo, None);
    let response =
        post(json!({ "phone_number": number(1), "sip_config": { "username": "us", "password": secret } })).await;
    let place = json!(["body", "sip_config", "termination_uri"]);
    is_ucwa_error(&response, "missing", &place, "Field required", &json!({ "username": "us" }), None);
    for body in [
        json!([{ "sip_config": sip }]),
        json!({ "phone_number": number(1), "sip_config": { "termination_uri": "x.example.com", "password": [secret] } }),
        json!({ "phone_number": { "sip_config": { "password": secret } } }),
        json!({ "phone_number": number(1), "sip_config": [sip] }),
    ] {
        let faults = post(body.clone()).await.validation_faults();
        assert!(!faults.is_empty(), "{body}");
    }
    let torn = format!(r#"{{"sip_config": {{"termination_uri": "x", "password": "{secret}" "#);
    let response = world.key().bytes("/v1/phone/import", Some("application/json"), torn).await;
    assert_eq!(response.validation_fault()["type"], "json_invalid");
    assert!(!response.text.contains("hunter2"), "{response:?}");
    assert!(world.key().get("/v1/phone/").await.page().is_empty());
}

#[tokio::test]
async fn no_odd_text_causes_a_server_error() {
    let world = World::new().await;
    let phone_number = world.import_number(&number(1)).await;
    let long = "x".repeat(100_000);
    for odd in ["a\0b", "\0", "\u{feff}", "\u{202e}", "🦀", "", " ", &long] {
        for response in [
            world.key().patch(&path(&phone_number), json!({ "nickname": odd })).await,
            world.key().post("/v1/phone/import", json!({ "phone_number": odd })).await,
            world.key().post("/v1/phone/import", json!({ "phone_number": number(1), "nickname": odd })).await,
            world.key().post("/v1/phone/reserve", json!({ "number": format!("{}{odd}", number(1)) })).await,
            call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": odd })).await,
        ] {
            assert!(response.status < 500, "{odd:?}: {response:?}");
        }
    }
    let sip = json!({ "termination_uri": "a\0b", "username": "\0", "password": "\0" });
    let with_sip = world.key().post("/v1/phone/import", json!({ "phone_number": number(2), "sip_config": sip })).await;
    assert!(with_sip.status < 500, "{with_sip:?}");
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [r#"{"nickname": "\ud800"}"#, r#"{"nickname": 1e999}"#, &deep] {
        let request = world.key().request("PATCH", &path(&phone_number)).header("content-type", "application/json");
        let response = world.key().send(request.body(body.to_owned())).await;
        assert!((400..500).contains(&response.status), "{body:.30}: {response:?}");
    }
    let marked = world.key().request("PATCH", &path(&phone_number)).header("content-type", "application/json");
    let marked = world.key().send(marked.body("\u{feff}{}")).await;
    assert_eq!(marked.status, 200, "a byte-order mark is skipped: {marked:?}");
    for odd in ["%00", "%ff", "%F0%9F%A6%80", "..", "%2e%2e"] {
        assert_eq!(world.key().get(&format!("/v1/phone/?after={odd}")).await.status, 422, "{odd}");
        let looked = world.key().get(&format!("/v1/phone/x{odd}")).await;
        assert_eq!(looked.status, 422, "{odd}: {looked:?}");
    }
    for odd in ["start_assigned_at=99999-01-01", "end_assigned_at=9999-12-31T23:59:59Z", "start_assigned_at=0001-01-01"]
    {
        let response = world.key().get(&format!("/v1/phone/?{odd}")).await;
        assert!(response.status < 500, "{odd}: {response:?}");
    }
    assert_eq!(world.key().get(&path(&phone_number)).await.phone_number()["status"], "assigned");
}

#[tokio::test]
async fn digits_of_any_script_and_invisible_marks_are_those_of_one_number() {
    let world = World::new().await;
    for (index, spelled) in
        ["\u{202a}+34 675 89 76 54\u{202c}", "＋３４６７５８９７６５４", "+٣٤٦٧٥٨٩٧٦٥٤"].iter().enumerate()
    {
        let response = world.key().post("/v1/phone/reserve", json!({ "number": spelled })).await;
        match index {
            0 => assert_eq!(response.phone_number()["number"], "+34675897654"),
            _ => assert_eq!(response.body["error_code"], "PHONE_ALREADY_IN_USE", "{response:?}"),
        }
    }
}
