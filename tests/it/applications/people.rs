//! People: search and contacts over the user identities of the workspace, with what they share, and lists that are empty.

use crate::support::client::Client;
use crate::support::numbers::{call_action, number};
use crate::support::ucwa::{COLLECTIONS, Person, href, jane, links};
use crate::support::world::{Tenant, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Creates a user identity with these fields and returns its id.
async fn user_identity(tenant: &Tenant, fields: Value) -> String {
    let made = tenant.key().post("/user_identities/create", fields).await.ok();
    text(&made["user_identity"]["user_identity_id"])
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).await.of_ucwa(200).body.clone()
}

fn names(list: &Value) -> Vec<String> {
    let contacts = list["_embedded"]["contact"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    contacts.iter().map(|contact| text(&contact["name"])).collect()
}

#[tokio::test]
async fn people_has_the_links_of_real_servers_and_what_is_not_kept_is_an_empty_list() {
    let (_world, jane) = jane().await;
    for collection in COLLECTIONS {
        let application = jane.create_application(collection, collection).await;
        let people = &application["_embedded"]["people"];
        assert_eq!(*people, get(&jane.client, &href(people, "self")).await);
        let expected = [
            "self",
            "myContacts",
            "myContactsAndGroupsSubscription",
            "myGroupMemberships",
            "myGroups",
            "myPrivacyRelationships",
            "presenceSubscriptionMemberships",
            "presenceSubscriptions",
            "search",
            "subscribedContacts",
        ];
        assert_eq!(links(people), BTreeSet::from(expected));
        for (rel, entries) in [
            ("presenceSubscriptions", "presenceSubscription"),
            ("presenceSubscriptionMemberships", "presenceSubscriptionMembership"),
            ("subscribedContacts", "contact"),
            ("myGroups", "group"),
            ("myGroupMemberships", "myGroupMembership"),
            ("myPrivacyRelationships", "myPrivacyRelationship"),
        ] {
            let path = href(people, rel);
            let expected = json!({ "rel": rel, "_links": { "self": { "href": path } }, "_embedded": { entries: [] } });
            assert_eq!(get(&jane.client, &path).await, expected);
            let xml = jane.client.with("accept", "application/xml").get(&path).await;
            assert!(xml.text.contains(&format!(r#"<resource rel="{rel}""#)), "{xml:?}");
        }
        let subscription = get(&jane.client, &href(people, "myContactsAndGroupsSubscription")).await;
        assert_eq!(subscription["state"], "Disconnected");
    }
}

#[tokio::test]
async fn my_contacts_are_the_other_people_of_the_workspace_with_their_shared_numbers() {
    let (world, jane) = jane().await;
    world.advance(TimeDelta::seconds(1));
    let joe = Person::new(&world, "joe").await;
    world.advance(TimeDelta::seconds(1));
    user_identity(&world, json!({ "user_identity_key": "kim" })).await;
    world.sandbox("Other").await.person("stranger").await;
    joe.put("mobile", "+14255550101", true).await;
    joe.put("home", "+14255550102", false).await;
    let given = number(1);
    let phone_number = world.import_number(&given).await;
    call_action(world.key(), &phone_number, "assign", json!({ "user_identity_id": joe.id })).await.phone_number();

    let base = jane.begin(COLLECTIONS[0], "here").await;
    let list = get(&jane.client, &format!("{base}/people/contacts")).await;
    assert_eq!((&list["rel"], names(&list)), (&json!("myContacts"), vec!["Person joe".to_owned(), "kim".to_owned()]));
    let own = format!("{base}/people/{}", joe.id);
    let expected = json!({
        "rel": "contact", "name": "Person joe", "uri": "sip:joe@example.com", "emailAddresses": ["joe@example.com"],
        "sourceNetwork": "SameEnterprise", "type": "User", "workPhoneNumber": format!("tel:{given}"),
        "mobilePhoneNumber": "tel:+14255550101",
        "_links": {
            "self": { "href": own }, "contactPresence": { "href": format!("{own}/presence") },
            "contactLocation": { "href": format!("{own}/location") }, "contactNote": { "href": format!("{own}/note") },
        },
    });
    assert_eq!(list["_embedded"]["contact"][0], expected);
    assert_eq!(get(&jane.client, &own).await, expected);
    let kim = &list["_embedded"]["contact"][1];
    assert_eq!((&kim["uri"], &kim["emailAddresses"]), (&json!("sip:kim"), &json!([])));

    // Without voice there are no numbers to share.
    let off = json!({ "user_identity_id": joe.id, "enterprise_voice_enabled": false });
    world.key().post("/user_identities/update", off).await.ok();
    let contact = get(&jane.client, &own).await;
    assert!(contact.get("mobilePhoneNumber").is_none() && contact.get("workPhoneNumber").is_none(), "{contact}");
    let xml = jane.client.with("accept", "application/xml").get(&format!("{base}/people/contacts")).await;
    assert!(xml.text.contains(&format!(r#"<resource rel="contact" href="{own}">"#)), "{xml:?}");
}

#[tokio::test]
async fn search_finds_people_by_name_address_key_and_shared_number() {
    let (world, jane) = jane().await;
    for (key, name) in
        [("zofia", "Zofia ŻÓŁĆ"), ("dmitri", "Дмитрий Ivanov"), ("uli", "Uli U\u{308}ber"), ("m_x%", "Max")]
    {
        world.advance(TimeDelta::seconds(1));
        let email = format!("{}@example.org", key.replace('%', "p"));
        user_identity(&world, json!({ "user_identity_key": key, "full_name": name, "email_address": email })).await;
    }
    world.advance(TimeDelta::seconds(1));
    let joe = Person::new(&world, "joe").await;
    joe.put("mobile", "+14255550101", true).await;
    joe.put("home", "+14255550102", false).await;
    world.sandbox("Other").await.person("joe").await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    let path = format!("{base}/people/search");
    let search = async |text: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("query", text).finish();
        get(&jane.client, &format!("{path}?{query}")).await
    };
    for (text, expected) in [
        ("żółć", vec!["Zofia ŻÓŁĆ"]),
        ("дмитрий", vec!["Дмитрий Ivanov"]),
        ("ÜBER", vec!["Uli U\u{308}ber"]),
        ("JOE@Example", vec!["Person joe"]),
        ("sip:joe@example.com", vec!["Person joe"]),
        ("m_x%", vec!["Max"]),
        ("%", vec!["Max"]),
        ("dmitri", vec!["Дмитрий Ivanov"]),
        ("+1 (425) 555-0101", vec!["Person joe"]),
        ("tel:+14255550101", vec!["Person joe"]),
        ("5550101", vec!["Person joe"]),
        ("\u{202a}+1 425 555\u{2011}0101\u{202c}", vec!["Person joe"]),
        ("５５５０１０１", vec!["Person joe"]),
        ("5550102", vec![]),
        ("person", vec!["Person jane", "Person joe"]),
        ("no such user", vec![]),
    ] {
        let found = search(text).await;
        assert_eq!(
            (names(&found), &found["moreResultsAvailable"]),
            (expected.iter().map(|it| (*it).to_owned()).collect(), &json!(false)),
            "{text}"
        );
    }
    let found = get(&jane.client, &format!("{path}?query=example.org&limit=2")).await;
    assert_eq!((names(&found).len(), &found["moreResultsAvailable"]), (2, &json!(true)));
    assert_eq!(href(&found, "self"), format!("{path}?query=example.org&limit=2"));
    let found = get(&jane.client, &format!("{path}?query=example.org&limit=4")).await;
    assert_eq!((names(&found).len(), &found["moreResultsAvailable"]), (4, &json!(false)));
}

#[tokio::test]
async fn searches_are_limited_and_need_a_text() {
    let (_world, jane) = jane().await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    let path = format!("{base}/people/search");
    for (query, name) in [
        (String::new(), "query"),
        ("?query=".to_owned(), "query"),
        (format!("?query={}", "x".repeat(257)), "query"),
        ("?query=a%00b".to_owned(), "query"),
        ("?query=x&limit=0".to_owned(), "limit"),
        ("?query=x&limit=101".to_owned(), "limit"),
        ("?query=x&limit=many".to_owned(), "limit"),
    ] {
        jane.client.get(&format!("{path}{query}")).await.is_invalid(&[name]);
    }
    get(&jane.client, &format!("{path}?query={}&limit=100", "x".repeat(256))).await;
}

#[tokio::test]
async fn my_contacts_are_two_hundred_and_fifty_at_most() {
    let (world, jane) = jane().await;
    let mut database = world.database().await;
    let insert = "insert into user_identity (workspace_id, user_identity_id, user_identity_key, created_at)
        select $1, gen_random_uuid(), 'p' || n, $2 from generate_series(1, 300) as n";
    let insert = sqlx::query(insert).bind(world.record.workspace_id.0).bind(world.clock.now());
    insert.execute(&mut database).await.expect("the rows are inserted");
    let base = jane.begin(COLLECTIONS[0], "here").await;
    assert_eq!(names(&get(&jane.client, &format!("{base}/people/contacts")).await).len(), 250);
    let found = get(&jane.client, &format!("{base}/people/search?query=p")).await;
    assert_eq!((names(&found).len(), &found["moreResultsAvailable"]), (100, &json!(true)));
}

#[tokio::test]
async fn a_contact_of_another_workspace_is_not_found_as_an_unknown_one() {
    let (world, jane) = jane().await;
    let stranger = world.sandbox("Other").await.person("stranger").await;
    let base = jane.begin(COLLECTIONS[0], "here").await;
    for part in ["", "/presence", "/note", "/location"] {
        let of = async |id: &str| jane.client.get(&format!("{base}/people/{id}{part}")).await;
        let foreign = of(&stranger).await;
        foreign.is_ucwa_error(404, "NotFound", "");
        let unknown = of("0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f").await;
        assert_eq!(foreign.text, unknown.text);
        for odd in ["x", "jane@example.com", "%00", "1"] {
            of(odd).await.is_ucwa_error(404, "NotFound", "");
        }
    }
    let found = get(&jane.client, &format!("{base}/people/search?query=stranger")).await;
    assert!(names(&found).is_empty(), "{found}");
}
