//! Applications: create, read, delete, and the resources that clients read on their way to phone numbers.

mod discovery;
mod people;
mod presence;

use crate::support::client::Client;
use crate::support::ucwa::{COLLECTIONS, Person, href, jane, links, new_application};
use crate::support::world::text;
use serde_json::{Value, json};

#[tokio::test]
async fn create_application_returns_all_resources_that_clients_require() {
    let (_world, jane) = jane().await;
    for collection in COLLECTIONS {
        let begun = jane.create_application(collection, collection).await;
        let base = href(&begun, "self");
        let id =
            base.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).expect("it is in the collection");
        assert!((6..=18).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        assert_eq!(begun["rel"], "application");
        assert_eq!((&begun["culture"], &begun["userAgent"]), (&json!("en-US"), &json!("tests")));
        assert_eq!((begun.get("instanceId"), begun.get("type")), (None, None));
        assert_eq!(href(&begun, "events"), format!("{base}/events?ack=1"));
        assert_eq!(href(&begun, "policies"), format!("{base}/policies"));
        for rel in ["me", "people", "onlineMeetings", "communication"] {
            assert_eq!(href(&begun["_embedded"][rel], "self"), format!("{base}/{rel}"));
            assert_eq!(begun["_embedded"][rel]["rel"], rel);
        }
        let me = &begun["_embedded"]["me"];
        assert_eq!(*me, jane.client.get(&format!("{base}/me")).await.of_ucwa(200).body);
        assert_eq!(me["name"], "Person jane");
        assert_eq!(href(me, "phones"), format!("{base}/me/phones"));
        assert_eq!(href(me, "makeMeAvailable"), format!("{base}/me/makeMeAvailable"));
        assert!(text(&begun["_embedded"]["communication"]["_links"]["startMessaging"]["href"]).starts_with(&base));
        assert_eq!(jane.client.get(&base).await.of_ucwa(200).body, begun);
    }
}

#[tokio::test]
async fn create_application_accepts_inputs_in_any_case_and_format() {
    let (_world, jane) = jane().await;
    let xml = concat!(
        r#"<input xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><property name="culture">de-DE</property>"#,
        r#"<property name="endpointId">3</property><property name="userAgent">odd</property>"#,
        r#"<property name="instanceId">i</property><property name="type">Browser</property></input>"#,
    );
    for (kind, body) in [
        ("application/json", json!({ "Culture": "de-DE", "EndpointId": "1", "UserAgent": "odd", "InstanceId": "a", "Type": "Browser" }).to_string()),
        ("application/json", json!({ "CULTURE": "de-DE", "endpointid": "2", "useragent": "odd", "instanceid": "b", "TYPE": "Browser", "x": [1] }).to_string()),
        ("application/xml", xml.to_owned()),
    ] {
        let response = jane.client.bytes(COLLECTIONS[0], Some(kind), body).await;
        let begun = &response.of_ucwa(201).body;
        assert_eq!((&begun["culture"], &begun["userAgent"], &begun["type"]), (&json!("de-DE"), &json!("odd"), &json!("Browser")));
        assert!(begun["instanceId"].is_string(), "{begun}");
    }
}

#[tokio::test]
async fn create_application_names_missing_empty_and_too_long_inputs() {
    let (_world, jane) = jane().await;
    let whole = new_application("here");
    for name in ["culture", "endpointId", "userAgent"] {
        let with = |value: Value| {
            let mut body = whole.clone();
            body[name] = value;
            body
        };
        let mut absent = whole.clone();
        absent.as_object_mut().expect("an object").remove(name);
        for body in
            [absent, with(json!("")), with(Value::Null), with(json!("x".repeat(101))), with(json!("ñ".repeat(101)))]
        {
            jane.client.post(COLLECTIONS[0], body).await.is_invalid(&[name]);
        }
        jane.client.post(COLLECTIONS[0], with(json!("ñ".repeat(100)))).await.of_ucwa(201);
    }
    let response = jane.client.post(COLLECTIONS[0], json!({})).await;
    let body = response.is_ucwa_error(400, "BadRequest", "ParameterValidationFailure");
    let mut names: Vec<_> = body["parameters"].as_array().into_iter().flatten().map(|it| text(&it["name"])).collect();
    names.sort();
    assert_eq!(names, ["culture", "endpointId", "userAgent"]);
    jane.client.call("POST", COLLECTIONS[0]).await.is_ucwa_error(400, "BadRequest", "ParameterValidationFailure");
    let mut long = whole.clone();
    long["instanceId"] = json!("x".repeat(101));
    jane.client.post(COLLECTIONS[0], long).await.is_invalid(&["instanceId"]);
}

#[tokio::test]
async fn create_application_with_an_instance_id_returns_the_existing_one() {
    let (world, jane) = jane().await;
    let with = |endpoint: &str, instance: &str| {
        let mut body = new_application(endpoint);
        body["instanceId"] = json!(instance);
        body
    };
    let first = jane.client.post(COLLECTIONS[0], with("one", "tab")).await.of_ucwa(201).body.clone();
    assert_eq!(first["instanceId"], "tab");
    let again = jane.client.post(COLLECTIONS[0], with("two", "tab")).await;
    assert_eq!(again.of_ucwa(200).body, first);
    let other = jane.client.post(COLLECTIONS[0], with("three", "another")).await.of_ucwa(201).body.clone();
    assert_ne!(href(&other, "self"), href(&first, "self"));
    // The same instance id of another user identity is another application.
    let joe = Person::new(&world, "joe").await;
    joe.client.post(COLLECTIONS[0], with("one", "tab")).await.of_ucwa(201);
}

#[tokio::test]
async fn a_new_application_of_an_endpoint_ends_the_previous_one_and_paths_are_not_reused() {
    let (_world, jane) = jane().await;
    let first = jane.begin(COLLECTIONS[0], "here").await;
    let there = jane.begin(COLLECTIONS[0], "there").await;
    let second = jane.begin(COLLECTIONS[0], "here").await;
    assert_ne!(first, second);
    jane.client.get(&first).await.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
    jane.client.get(&second).await.of_ucwa(200);
    jane.client.get(&there).await.of_ucwa(200);
}

#[tokio::test]
async fn canonically_equivalent_endpoints_and_instances_are_the_same() {
    let (_world, jane) = jane().await;
    let first = jane.begin(COLLECTIONS[0], "Bu\u{308}ro").await;
    let second = jane.begin(COLLECTIONS[0], "Büro").await;
    jane.client.get(&first).await.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
    let other = jane.begin(COLLECTIONS[0], "büro").await;
    jane.client.get(&second).await.of_ucwa(200);
    jane.client.get(&other).await.of_ucwa(200);
    let with = |endpoint: &str, instance: &str| {
        let mut body = new_application(endpoint);
        body["instanceId"] = json!(instance);
        body
    };
    let tab = jane.client.post(COLLECTIONS[0], with("one", "Schu\u{308}tz")).await.of_ucwa(201).body.clone();
    let again = jane.client.post(COLLECTIONS[0], with("two", "Schütz")).await;
    assert_eq!(again.of_ucwa(200).body, tab, "it is shown as given");
}

/// Asserts the same 404 for everything under an application, and returns the bodies.
async fn is_gone(client: &Client, base: &str) -> Vec<String> {
    let mut actual = Vec::new();
    for path in
        ["", "/me", "/me/phones", "/me/phones/work", "/events?ack=1&timeout=0", "/people", "/policies", "/nothing"]
    {
        actual.push(client.get(&format!("{base}{path}")).await);
    }
    for path in [
        "/me/phones/work/changeNumber",
        "/me/phones/work/changeVisibility",
        "/me/phones",
        "/me/makeMeAvailable",
        "/reportMyActivity",
    ] {
        actual.push(client.post(&format!("{base}{path}"), json!({})).await);
    }
    actual.push(client.delete(base).await);
    actual.push(client.delete(&format!("{base}/me/phones/work")).await);
    actual
        .iter()
        .map(|response| {
            response.is_ucwa_error(404, "NotFound", "ApplicationNotFound");
            response.text.clone()
        })
        .collect()
}

#[tokio::test]
async fn a_deleted_application_is_not_found_with_everything_under_it() {
    let (_world, jane) = jane().await;
    let (ended, other) = (jane.begin(COLLECTIONS[0], "one").await, jane.begin(COLLECTIONS[0], "two").await);
    jane.client.delete(&ended).await.is_no_content();
    is_gone(&jane.client, &ended).await;
    jane.client.get(&other).await.of_ucwa(200);
    // The endpoint can create another application, at another path.
    assert_ne!(jane.begin(COLLECTIONS[0], "one").await, ended);
}

#[tokio::test]
async fn an_application_of_another_user_identity_gets_the_404_of_an_unknown_one() {
    let (world, jane) = jane().await;
    let joe = Person::new(&world, "joe").await;
    let of_joe = joe.begin(COLLECTIONS[0], "here").await;
    let own = jane.begin(COLLECTIONS[0], "here").await;
    let actual = is_gone(&jane.client, &of_joe).await;
    for unknown in ["1", "999999999999", "99999999999999999999999999", "abc", "-1", "%20", "0x1"] {
        assert_eq!(is_gone(&jane.client, &format!("{}/{unknown}", COLLECTIONS[0])).await, actual, "{unknown}");
    }
    joe.client.get(&of_joe).await.of_ucwa(200);
    jane.client.get(&own).await.of_ucwa(200);
}

#[tokio::test]
async fn an_application_is_the_same_under_each_prefix() {
    let (_world, jane) = jane().await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    let id = base.rsplit('/').next().expect("an id");
    for collection in COLLECTIONS {
        let returned = jane.client.get(&format!("{collection}/{id}")).await.of_ucwa(200).body.clone();
        assert_eq!(href(&returned, "self"), format!("{collection}/{id}"));
    }
}

#[tokio::test]
async fn make_me_available_works_once_and_adds_links() {
    let (_world, jane) = jane().await;
    for (index, body) in
        [json!({ "supportedModalities": ["Messaging"], "phoneNumber": "4255552222" }), json!({}), Value::Null]
            .iter()
            .enumerate()
    {
        let base = jane.begin(COLLECTIONS[index], &index.to_string()).await;
        let path = format!("{base}/me/makeMeAvailable");
        let me = jane.client.get(&format!("{base}/me")).await.of_ucwa(200).body.clone();
        let before = links(&me);
        for rel in ["note", "presence", "location", "reportMyActivity"] {
            assert!(!before.contains(rel), "{me}");
        }
        let response = if body.is_null() {
            jane.client.call("POST", &path).await
        } else {
            jane.client.post(&path, body.clone()).await
        };
        response.is_no_content();
        jane.client.post(&path, json!({})).await.is_ucwa_error(409, "Conflict", "AlreadyExists");
        let me = jane.client.get(&format!("{base}/me")).await.of_ucwa(200).body.clone();
        assert!(!links(&me).contains("makeMeAvailable"), "{me}");
        for rel in ["note", "presence", "location"] {
            let returned = jane.client.get(&href(&me, rel)).await.of_ucwa(200).body.clone();
            assert_eq!((href(&returned, "self"), &returned["rel"]), (href(&me, rel), &json!(rel)));
        }
        jane.client.call("POST", &href(&me, "reportMyActivity")).await.is_no_content();
        assert!(links(&me).contains("phones"));
    }
}

#[tokio::test]
async fn availability_of_an_endpoint_carries_over_to_its_next_application() {
    // A client repeats the call, with a new application each time, until the link is gone.
    let (world, jane) = jane().await;
    let first = jane.begin(COLLECTIONS[0], "here").await;
    jane.client.call("POST", &format!("{first}/me/makeMeAvailable")).await.is_no_content();
    let again = jane.create_application(COLLECTIONS[0], "here").await;
    assert!(!links(&again["_embedded"]["me"]).contains("makeMeAvailable"), "{again}");
    let elsewhere = jane.create_application(COLLECTIONS[0], "there").await;
    assert!(links(&elsewhere["_embedded"]["me"]).contains("makeMeAvailable"), "{elsewhere}");
    let joe = Person::new(&world, "joe").await;
    let of_joe = joe.create_application(COLLECTIONS[0], "here").await;
    assert!(links(&of_joe["_embedded"]["me"]).contains("makeMeAvailable"), "{of_joe}");
}

#[tokio::test]
async fn resources_that_clients_visit_exist_and_are_empty() {
    let (_world, jane) = jane().await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    for path in [
        "people",
        "onlineMeetings",
        "communication",
        "policies",
        "me/note",
        "me/presence",
        "me/location",
        "me/callForwardingSettings",
    ] {
        let returned = jane.client.get(&format!("{base}/{path}")).await.of_ucwa(200).body.clone();
        assert_eq!(href(&returned, "self"), format!("{base}/{path}"));
        assert_eq!(returned["rel"], path.rsplit('/').next().unwrap_or_default());
    }
    for path in ["me/reportMyActivity", "reportMyActivity"] {
        jane.client.call("POST", &format!("{base}/{path}")).await.is_no_content();
        jane.client.bytes(&format!("{base}/{path}"), Some("text/plain"), "").await.is_no_content();
    }
    jane.client.post(&format!("{base}/communication/startMessaging"), json!({})).await.is_ucwa_error(
        403,
        "Forbidden",
        "",
    );
}

#[tokio::test]
async fn the_event_channel_returns_no_events_and_the_next_link() {
    let (_world, jane) = jane().await;
    let begun = jane.create_application(COLLECTIONS[0], "here").await;
    let base = href(&begun, "self");
    let mut next = href(&begun, "events");
    for ack in 1..4 {
        let actual = jane.client.get(&format!("{next}&timeout=0")).await.of_ucwa(200).body.clone();
        assert_eq!(actual["sender"], json!([]), "{actual}");
        assert!(href(&actual, "self").starts_with(&format!("{base}/events?ack={ack}")), "{actual}");
        next = href(&actual, "next");
        assert_eq!(next, format!("{base}/events?ack={}", ack + 1));
    }
    for odd in ["?timeout=0", "?ack=x&timeout=0", "?ACK=7&Timeout=0", "?ack=-1&timeout=0&priority=0"] {
        let response = jane.client.get(&format!("{base}/events{odd}")).await;
        assert!(response.status == 200 || response.status == 400, "{odd}: {response:?}");
    }
}
