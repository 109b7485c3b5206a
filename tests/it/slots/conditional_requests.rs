//! ETags of slots: they change only with a visible property, and a request with the current one gets 304.

use crate::support::client::Response;
use crate::support::ucwa::{Person, jane};
use crate::support::world::text;
use serde_json::json;

const PATH: &str = "/me/phones/home";

async fn request(person: &Person, path: &str, tags: &str) -> Response {
    person.client.with("if-none-match", tags).get(path).await
}

#[tokio::test]
async fn if_none_match_with_the_current_etag_gets_304() {
    let (_world, jane) = jane().await;
    jane.put("home", "+14255550100", true).await;
    let etag = text(&jane.slot("home").await["etag"]);
    let spellings = [
        format!("\"{etag}\""),
        etag.clone(),
        format!("W/\"{etag}\""),
        format!("\"no\", \"{etag}\""),
        format!("W/\"no\" ,W/\"{etag}\""),
        format!("no,{etag}"),
        "*".to_owned(),
    ];
    for base in jane.bases().await {
        for tags in &spellings {
            let response = request(&jane, &format!("{base}{PATH}"), tags).await;
            assert_eq!((response.status, response.text.as_str()), (304, ""), "{tags}: {response:?}");
            assert_eq!(response.header("etag"), Some(format!("\"{etag}\"").as_str()), "{tags}: {response:?}");
            assert_eq!(response.header("content-type"), None, "{tags}: {response:?}");
        }
    }
    for tags in ["\"no\"", "no", "", "\"\"", &format!("\"{etag}0\""), &format!("0{etag}"), &format!("{etag} x")] {
        request(&jane, PATH, tags).await.of_ucwa(200);
    }
    assert_eq!(jane.client.with("accept", "application/xml").with("if-none-match", &etag).get(PATH).await.status, 304);
}

#[tokio::test]
async fn the_list_of_phones_ignores_if_none_match() {
    let (_world, jane) = jane().await;
    let etag = text(&jane.slot("work").await["etag"]);
    for tags in ["*", etag.as_str(), &format!("\"{etag}\"")] {
        request(&jane, "/me/phones", tags).await.of_ucwa(200);
    }
}

#[tokio::test]
async fn an_etag_changes_only_with_a_visible_property() {
    let (_world, jane) = jane().await;
    let etag = async || text(&jane.slot("home").await["etag"]);
    let mut seen = vec![etag().await];
    let others = async || [jane.slot("work").await, jane.slot("mobile").await, jane.slot("other").await];
    let before = others().await;
    for (verb, body, is_moved) in [
        ("changeNumber", json!({}), false),
        ("changeVisibility", json!({}), false),
        ("changeNumber", json!({ "number": "+14255550100" }), true),
        ("changeNumber", json!({ "number": "(425) 555-0100" }), false),
        ("changeNumber", json!({ "number": "tel:+14255550100", "includeInContactCard": false }), false),
        ("changeVisibility", json!({ "includeInContactCard": false }), false),
        ("changeVisibility", json!({ "includeInContactCard": true }), true),
        ("changeVisibility", json!({ "includeInContactCard": true }), false),
        ("changeNumber", json!({ "number": "+14255550100" }), false),
        ("changeNumber", json!({ "number": "letters" }), false),
        ("changeNumber", json!({ "number": "+14255550199" }), true),
        ("changeNumber", json!({}), true),
        ("changeNumber", json!({}), false),
        ("changeVisibility", json!({ "includeInContactCard": true }), true),
    ] {
        jane.client.post(&format!("{PATH}/{verb}"), body.clone()).await;
        let now = etag().await;
        let last = seen.last().expect("the list starts with one").clone();
        if is_moved {
            assert!(!seen.contains(&now), "{verb} {body}: {now} of {seen:?}");
            request(&jane, PATH, &last).await.of_ucwa(200);
            seen.push(now);
        } else {
            assert_eq!(now, last, "{verb} {body}");
        }
    }
    assert_eq!(others().await, before, "etags of other slots stay");
    jane.client.delete(PATH).await.is_no_content();
    assert!(!seen.contains(&etag().await));
    let gone = etag().await;
    jane.client.delete(PATH).await.is_no_content();
    assert_eq!(etag().await, gone);
    jane.client.post("/me/phones", json!({ "type": "home", "number": "911" })).await.of_ucwa(201);
    assert!(etag().await != gone && !seen.contains(&etag().await));
}
