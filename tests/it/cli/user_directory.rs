//! `handset user list`, `get` and `deactivate-phones`.

use crate::support::program::operator;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};

#[tokio::test]
async fn user_list_and_get_find_users_by_what_is_known_of_them() {
    let world = World::new().await;
    let fields = json!({
        "user_identity_key": "k-1", "full_name": "Zoë Ångström", "email_address": "zoe@example.com",
        "phone_number": "+14155550101",
    });
    let zoe = world.key().post("/user_identities/create", fields).await.ok()["user_identity"].clone();
    let zoe = text(&zoe["user_identity_id"]);
    world.person("joe").await;
    for search in ["ZOE\u{308}", "zoe@", "5550101", "k-1", &zoe[..18]] {
        let listed = operator(&world, &["user", "list", search, "--json"]).await.json();
        let ids: Vec<String> =
            list(&listed["user_identities"]).iter().map(|user| text(&user["user_identity_id"])).collect();
        assert_eq!(ids, std::slice::from_ref(&zoe), "{search}");
    }
    let phone = world.phone(&zoe).await;
    for wanted in [zoe.as_str(), "k-1", "zoe@example.com"] {
        let shown = operator(&world, &["user", "get", wanted, "--json"]).await.json();
        assert_eq!((&shown["user_identity_id"], &shown["full_name"]), (&json!(zoe), &json!("Zoë Ångström")));
        assert_eq!(shown["phones"][0]["device_id"], json!(phone));
        assert!(shown["extension_id"].as_i64().is_some_and(|id| id > 0), "{shown}");
    }
    let shown = operator(&world, &["user", "get", "k-1"]).await;
    assert!(shown.stdout_of_success().contains(&phone) && shown.stdout.contains("+14155550101"), "{shown:?}");
    let table = operator(&world, &["user", "list"]).await;
    assert_eq!(table.stdout_of_success().lines().count(), 3, "{table:?}");
    let several = operator(&world, &["user", "get", "example.com"]).await;
    assert!(several.error_message().starts_with("several user identities match"), "{several:?}");
    let unknown = operator(&world, &["user", "get", "jim"]).await;
    assert!(unknown.error_message().contains("handset user list"), "{unknown:?}");
}

#[tokio::test]
async fn user_deactivate_phones_lists_them_first_and_deactivates_all() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    let other = world.phone(&joe).await;
    let run = async |arguments: &[&str]| {
        operator(&world, &[&["user", "deactivate-phones", "jane"], arguments].concat()).await
    };
    let sorted = |value: &Value| -> Vec<String> {
        let mut ids: Vec<String> = list(&value["device_ids"]).iter().map(text).collect();
        ids.sort();
        ids
    };
    let mut expected = phones.to_vec();
    expected.sort();
    let preview = run(&["--dry-run", "--json"]).await.json();
    assert_eq!((sorted(&preview), &preview["dry_run"]), (expected.clone(), &json!(true)));
    let table = run(&["--dry-run"]).await;
    assert!(phones.iter().all(|phone| table.stdout_of_success().contains(phone)), "{table:?}");
    let refused = run(&[]).await;
    assert!(refused.error_message().starts_with("there is no terminal"), "{refused:?}");
    assert_eq!(world.phone_ids().await.len(), 3);
    let done = run(&["--yes", "--reason", "left the company", "--json"]).await.json();
    assert_eq!((sorted(&done), &done["dry_run"]), (expected, &json!(false)));
    assert_eq!(world.phone_ids().await, [other]);
    assert_eq!(world.events("phone.deactivated").await.len(), 2);
    let again = run(&["--yes"]).await;
    assert!(again.stdout_of_success().contains("has no active phone"), "{again:?}");
}
