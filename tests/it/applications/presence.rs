//! Presence, note and location: set and read back for as long as the application lives, and as others see them.

use crate::support::client::Client;
use crate::support::ucwa::{COLLECTIONS, NAMESPACE, Person, href, hrefs, jane, links};
use crate::support::world::text;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Creates an application that has made its person available, as real clients do, and returns its path.
async fn available(person: &Person, collection: &str, endpoint: &str) -> String {
    let base = person.begin(collection, endpoint).await;
    person.client.post(&format!("{base}/me/makeMeAvailable"), json!({ "signInAs": "Online" })).await.is_no_content();
    base
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).await.of_ucwa(200).body.clone()
}

#[tokio::test]
async fn presence_note_and_location_are_set_and_read_back_under_each_prefix() {
    let (_world, jane) = jane().await;
    for collection in COLLECTIONS {
        let base = available(&jane, collection, collection).await;
        let me = get(&jane.client, &format!("{base}/me")).await;
        let [presence, note, location] = ["presence", "note", "location"].map(|rel| href(&me, rel));
        let initial = get(&jane.client, &presence).await;
        assert_eq!((&initial["availability"], &initial["activity"]), (&json!("Online"), &json!("Available")));
        assert_eq!(get(&jane.client, &note).await["message"], "");
        assert_eq!(get(&jane.client, &location).await["location"], "");

        for (chosen, availability, activity) in [
            ("Busy", "Busy", "Busy"),
            ("DoNotDisturb", "DoNotDisturb", "Do Not Disturb"),
            ("berightback", "BeRightBack", "Be Right Back"),
            ("Away", "Away", "Away"),
            ("Offwork", "Away", "Off Work"),
            ("Online", "Online", "Available"),
        ] {
            jane.client.post(&presence, json!({ "availability": chosen })).await.is_no_content();
            let expected = json!({
                "rel": "presence", "availability": availability, "activity": activity,
                "_links": { "self": { "href": presence } },
            });
            assert_eq!(get(&jane.client, &presence).await, expected);
        }
        jane.client.post(&note, json!({ "message": "Zurück um 3 ☕" })).await.is_no_content();
        jane.client.post(&location, json!({ "location": "Köln" })).await.is_no_content();
        let set = get(&jane.client, &note).await;
        assert_eq!(
            (&set["message"], &set["type"], &set["rel"]),
            (&json!("Zurück um 3 ☕"), &json!("Personal"), &json!("note"))
        );
        let set = get(&jane.client, &location).await;
        assert_eq!((&set["location"], &set["rel"]), (&json!("Köln"), &json!("location")));
        assert_eq!(get(&jane.client, &presence).await["availability"], "Online");
    }
}

#[tokio::test]
async fn presence_is_changed_by_query_json_and_xml_and_reset_without_a_value() {
    let (_world, jane) = jane().await;
    let base = available(&jane, COLLECTIONS[0], "here").await;
    let [presence, note, location] = ["presence", "note", "location"].map(|rel| format!("{base}/me/{rel}"));
    let xml = |name: &str, value: &str| {
        format!(r#"<input xmlns="{NAMESPACE}"><property name="{name}">{value}</property></input>"#)
    };
    jane.client.bytes(&presence, Some("application/xml"), xml("availability", "Busy")).await.is_no_content();
    jane.client.bytes(&note, Some("application/xml"), xml("message", "a &amp; b")).await.is_no_content();
    jane.client.bytes(&location, Some("application/xml"), xml("location", "Rome")).await.is_no_content();
    let in_xml = jane.client.with("accept", "application/xml");
    for (path, property) in [
        (&presence, r#"<property name="availability">Busy</property><property name="activity">Busy</property>"#),
        (&note, r#"<property name="message">a &amp; b</property><property name="type">Personal</property>"#),
        (&location, r#"<property name="location">Rome</property>"#),
    ] {
        let response = in_xml.get(path).await;
        assert_eq!((response.status, response.header("content-type")), (200, Some("application/xml")), "{response:?}");
        assert!(response.text.contains(property), "{response:?}");
    }
    jane.client.call("POST", &format!("{note}?message=in+the+query")).await.is_no_content();
    assert_eq!(get(&jane.client, &note).await["message"], "in the query");
    for path in [&presence, &note, &location] {
        jane.client.call("POST", path).await.is_no_content();
    }
    assert_eq!(get(&jane.client, &presence).await["availability"], "Online");
    assert_eq!(get(&jane.client, &note).await["message"], "");
    assert_eq!(get(&jane.client, &location).await["location"], "");
}

#[tokio::test]
async fn presence_before_make_me_available_is_offline_and_cannot_be_changed() {
    let (_world, jane) = jane().await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    assert_eq!(get(&jane.client, &format!("{base}/me/presence")).await["availability"], "Offline");
    for (part, body) in
        [("presence", json!({ "availability": "Busy" })), ("note", json!({ "message": "x" })), ("location", json!({}))]
    {
        let response = jane.client.post(&format!("{base}/me/{part}"), body).await;
        response.is_ucwa_error(409, "Conflict", "MakeMeAvailableRequired");
    }
    jane.client
        .post(&format!("{base}/me/makeMeAvailable"), json!({ "signInAs": "Late" }))
        .await
        .is_invalid(&["signInAs"]);
    jane.client
        .post(&format!("{base}/me/makeMeAvailable"), json!({ "SignInAs": "DoNotDisturb" }))
        .await
        .is_no_content();
    assert_eq!(get(&jane.client, &format!("{base}/me/presence")).await["availability"], "DoNotDisturb");
}

#[tokio::test]
async fn invalid_presence_changes_nothing() {
    let (_world, jane) = jane().await;
    let base = available(&jane, COLLECTIONS[0], "here").await;
    let [presence, note, location] = ["presence", "note", "location"].map(|rel| format!("{base}/me/{rel}"));
    for (path, name, most, wrong) in [
        (&presence, "availability", None, vec![json!("Sleepy"), json!("Offline"), json!(true), json!(["Busy"])]),
        (&note, "message", Some(500), vec![json!(true), json!({}), json!("a\0b")]),
        (&location, "location", Some(60), vec![json!([]), json!("a\0b")]),
    ] {
        if let Some(most) = most {
            jane.client.post(path, json!({ name: "é".repeat(most) })).await.is_no_content();
            jane.client.post(path, json!({ name: "é".repeat(most + 1) })).await.is_invalid(&[name]);
        }
        let before = get(&jane.client, path).await;
        for value in wrong {
            jane.client.post(path, json!({ name: value })).await.is_invalid(&[name]);
        }
        assert_eq!(get(&jane.client, path).await, before);
    }
}

#[tokio::test]
async fn presence_ends_with_its_application() {
    let (world, jane) = jane().await;
    let joe = Person::new(&world, "joe").await;
    let of_joe = joe.begin(COLLECTIONS[0], "here").await;
    let seen = async |part: &str| get(&joe.client, &format!("{of_joe}/people/{}/{part}", jane.id)).await;
    assert_eq!(seen("presence").await["availability"], "Offline");

    let first = available(&jane, COLLECTIONS[0], "one").await;
    jane.client.post(&format!("{first}/me/presence"), json!({ "availability": "Busy" })).await.is_no_content();
    jane.client.post(&format!("{first}/me/note"), json!({ "message": "In a call" })).await.is_no_content();
    jane.client.post(&format!("{first}/me/location"), json!({ "location": "Rome" })).await.is_no_content();
    let presence = seen("presence").await;
    assert_eq!((&presence["rel"], &presence["availability"]), (&json!("contactPresence"), &json!("Busy")));
    assert_eq!(seen("note").await["message"], "In a call");
    assert_eq!(seen("location").await["location"], "Rome");

    // The latest application counts, and when it ends the one before.
    world.advance(chrono::TimeDelta::seconds(1));
    let second = available(&jane, COLLECTIONS[0], "two").await;
    assert_eq!(seen("presence").await["availability"], "Online");
    jane.client.delete(&second).await.is_no_content();
    assert_eq!(seen("presence").await["availability"], "Busy");
    jane.client.delete(&first).await.is_no_content();
    assert_eq!(seen("presence").await["availability"], "Offline");
    assert_eq!(seen("note").await["message"], "");

    let again = available(&jane, COLLECTIONS[0], "one").await;
    assert_eq!(get(&jane.client, &format!("{again}/me/presence")).await["availability"], "Online");
    assert_eq!(get(&jane.client, &format!("{again}/me/note")).await["message"], "");
}

#[tokio::test]
async fn every_link_of_an_application_leads_somewhere() {
    let (world, jane) = jane().await;
    let base = available(&jane, COLLECTIONS[0], "here").await;
    world.person("joe").await;
    jane.put("mobile", "+14255550100", true).await;
    let application = get(&jane.client, &base).await;
    // Before its user is available, an application has other links.
    let other = jane.begin(COLLECTIONS[0], "there").await;
    let (mut queue, mut known) = (vec![base.clone(), other.clone()], BTreeSet::new());
    while let Some(link) = queue.pop() {
        let path = link.split('?').next().unwrap_or_default().to_owned();
        let query = if path.ends_with("/search") { "?query=j" } else { "?timeout=0" };
        if !known.insert(path.clone()) {
            continue;
        }
        let response = jane.client.get(&format!("{path}{query}")).await;
        // Some are for POST only.
        assert!([200, 204, 405].contains(&response.status), "{path}: {response:?}");
        if response.status == 200 {
            queue.extend(hrefs(&response.body));
        }
    }
    for path in ["/me/phones/mobile", "/me/phones/mobile/changeNumber", "/people/contacts", "/me/presence", "/policies"]
    {
        assert!(known.contains(&format!("{base}{path}")), "{path} is not among {known:#?}");
    }
    assert!(known.contains(&format!("{other}/me/makeMeAvailable")) && known.len() > 60, "{known:#?}");
    assert!(links(&application["_embedded"]["me"]).contains("photo"));
    jane.client.get(&href(&application["_embedded"]["me"], "photo")).await.is_no_content();
    jane.client.get(&href(&get(&jane.client, "/me").await, "photo")).await.is_no_content();

    let root = get(&world.anonymous(), "/Autodiscover/AutodiscoverService.svc/root").await;
    let user = get(&jane.client, "/Autodiscover/AutodiscoverService.svc/root/user").await;
    for discovery in [root, user] {
        let path = href(&discovery, "xframe");
        let response = world.anonymous().get(path.strip_prefix(&world.url).expect("on this server")).await;
        assert_eq!((response.status, response.header("content-type")), (200, Some("text/html")), "{response:?}");
        assert!(text(&json!(response.text)).starts_with("<!DOCTYPE html>"));
    }
}
