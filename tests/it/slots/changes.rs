//! Changes of slots: create, delete, repeated calls, and methods that are not allowed.

use crate::support::ucwa::{NUMBER, SLOTS, jane};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn create_phone_fills_an_empty_slot_and_returns_its_location() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        let body = json!({ "type": "Home", "number": "(425) 555-0199", "includeInContactCard": true });
        let response = jane.client.post(&format!("{base}/me/phones"), body).await;
        let path = format!("{base}/me/phones/home");
        assert_eq!(response.of_ucwa(201).header("location"), Some(path.as_str()));
        assert_eq!(response.body, jane.client.get(&path).await.of_ucwa(200).body);
        assert_eq!((&response.body["number"], &response.body["includeInContactCard"]), (&json!(NUMBER), &json!(true)));
        jane.client.delete(&path).await.is_no_content();
    }
    let body = json!({ "type": "other", "number": "911" });
    let response = jane.client.with("accept", "application/xml").post("/me/phones", body).await;
    assert_eq!((response.status, response.header("content-type")), (201, Some("application/xml")), "{response:?}");
    assert!(response.text.contains(r#"<property name="number">911</property>"#), "{response:?}");
    assert_eq!(jane.number_and_visibility("other").await, ("911".to_owned(), false), "not shared by default");
}

#[tokio::test]
async fn create_phone_in_a_filled_slot_is_a_conflict() {
    let (_world, jane) = jane().await;
    for kind in SLOTS {
        jane.put(kind, "+14255550100", true).await;
        let before = jane.slot(kind).await;
        let body = json!({ "type": kind, "number": NUMBER, "includeInContactCard": false });
        jane.client.post("/me/phones", body).await.is_ucwa_error(409, "Conflict", "AlreadyExists");
        assert_eq!(jane.slot(kind).await, before);
    }
}

#[tokio::test]
async fn create_phone_requires_a_known_type() {
    let (_world, jane) = jane().await;
    for body in [
        json!({ "number": NUMBER }),
        json!({ "type": null, "number": NUMBER }),
        json!({ "type": "", "number": NUMBER }),
        json!({ "type": "fax", "number": NUMBER }),
        json!({ "type": "custom1", "number": NUMBER }),
        json!({ "type": 1, "number": NUMBER }),
        json!({ "type": ["home"], "number": NUMBER }),
    ] {
        jane.client.post("/me/phones", body).await.is_invalid(&["type"]);
    }
    for kind in SLOTS {
        assert_eq!(jane.number_and_visibility(kind).await, (String::new(), false));
    }
}

#[tokio::test]
async fn delete_phone_empties_the_slot_and_keeps_it() {
    let (_world, jane) = jane().await;
    jane.put("mobile", NUMBER, true).await;
    jane.put("home", "+14255550100", true).await;
    for _ in 0..2 {
        jane.client.delete("/me/phones/mobile").await.is_no_content();
        assert_eq!(jane.number_and_visibility("mobile").await, (String::new(), false));
    }
    assert_eq!(jane.number_and_visibility("home").await, ("tel:+14255550100".to_owned(), true), "other slots stay");
    let phones = jane.client.get("/me/phones").await.of_ucwa(200).body.clone();
    assert_eq!(phones["_embedded"]["phone"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn repeated_changes_are_idempotent() {
    let (_world, jane) = jane().await;
    let body = json!({ "number": NUMBER, "includeInContactCard": true });
    for _ in 0..3 {
        jane.client.post("/me/phones/home/changeNumber", body.clone()).await.is_no_content();
        jane.client.post("/me/phones/home/changeVisibility?includeInContactCard", json!({})).await.is_no_content();
    }
    assert_eq!(jane.number_and_visibility("home").await, (NUMBER.to_owned(), true));
}

#[tokio::test]
async fn other_methods_get_405_with_the_allowed_ones() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        let mut known = vec![
            (format!("{base}/me"), vec!["GET"]),
            (format!("{base}/me/phones"), vec!["GET", "POST"]),
            (format!("{base}/me/phones/home"), vec!["DELETE", "GET"]),
            (format!("{base}/me/phones/home/changeNumber"), vec!["POST"]),
            (format!("{base}/me/phones/home/changeVisibility"), vec!["POST"]),
        ];
        if !base.is_empty() {
            known.push((format!("{base}/me/makeMeAvailable"), vec!["POST"]));
            known.push((format!("{base}/events"), vec!["GET"]));
        }
        for (path, methods) in known {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"] {
                if methods.contains(&method) {
                    continue;
                }
                let response = jane.client.json(method, &path, json!({})).await;
                response.is_ucwa_error(405, "MethodNotAllowed", "");
                let actual: BTreeSet<&str> =
                    response.header("allow").expect("a 405 says what to use").split(", ").collect();
                assert_eq!(actual, methods.iter().copied().collect(), "{method} {path}");
            }
            for method in ["HEAD", "OPTIONS", "TRACE"] {
                assert_eq!(jane.client.call(method, &path).await.status, 405, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let (_world, jane) = jane().await;
    for base in jane.bases().await {
        for rest in ["/me/phones/home/more", "/me/phones/home/changeNumber/more", "/me/phones/more/", "/me/x", "/me/x/"]
        {
            for method in ["GET", "POST", "PUT"] {
                jane.client.json(method, &format!("{base}{rest}"), json!({})).await.is_ucwa_error(404, "NotFound", "");
            }
        }
    }
    for path in ["/ucwa", "/ucwa/oauth/v1", "/ucwa/oauth/v2/applications", "/autodiscover", "/webticket"] {
        jane.client.get(path).await.is_ucwa_error(404, "NotFound", "");
    }
}
