//! Accounts and extensions of the Phone.com dialect: how a client finds their ids, and the scope of each kind of credential.

use crate::support::phone_com::Extension;
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn an_account_is_a_workspace_and_an_extension_a_user_identity() {
    let world = World::new().await;
    let extension = Extension::of(&world, "jane").await;
    let accounts = world.key().get("/v4/accounts").await.items();
    assert_eq!(accounts, [json!({ "id": extension.account, "name": "First", "workspace_id": world.id })]);
    let at = format!("/v4/accounts/{}", extension.account);
    assert_eq!(world.key().get(&at).await.of_phone_com(200), &accounts[0]);
    let expected = json!({
        "id": extension.extension_id, "name": "Person jane", "user_identity_id": extension.person, "user_identity_key": "jane",
    });
    let extensions = world.key().get(&format!("{at}/extensions")).await.items();
    assert_eq!(extensions, std::slice::from_ref(&expected));
    assert_eq!(
        world.key().get(&format!("{at}/extensions/{}", extension.extension_id)).await.of_phone_com(200),
        &expected
    );
    let plain = world.key().post("/user_identities/create", json!({ "email_address": "X@example.com" })).await.ok();
    let plain = Extension::of_person(world.key(), &text(&plain["user_identity"]["user_identity_id"])).await;
    let found = async |query: &str| world.key().get(&format!("{at}/extensions?{query}")).await.ids();
    assert_eq!(found("filters[name]=starts-with:x@EXAMPLE").await, [plain.extension_id]);
    assert_eq!(found("filters[name]=PERSON JANE").await, [extension.extension_id]);
    assert_eq!(found("sort[name]=desc").await, [plain.extension_id, extension.extension_id]);
    assert_eq!(found(&format!("filters[id]=ne:{}", extension.extension_id)).await, [plain.extension_id]);
    assert_eq!(found("limit=1&offset=1").await, [plain.extension_id]);
    world.key().get(&format!("{at}/extensions?filters[zip]=1&limit=0")).await.faults(&["filters.zip", "limit"]);
    world.key().get("/v4/accounts?sort[zip]=asc").await.faults(&["sort.zip"]);
}

#[tokio::test]
async fn a_token_of_several_workspaces_is_used_for_the_account_in_the_path() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let (mine, theirs) = (Extension::of(&world, "mine").await, Extension::of(&other, "theirs").await);
    let token = world.access_token(&[&world, &other]).await;
    let console = world.console_session(&[&world, &other]).await;
    for bearer in [token, console] {
        let client = world.anonymous().bearer(bearer.reveal());
        let accounts = client.get("/v4/accounts").await;
        assert_eq!(accounts.ids(), [mine.account, theirs.account]);
        assert_eq!(client.get("/v4/accounts?filters[name]=OTHER").await.ids(), [theirs.account]);
        for extension in [mine.with_client(&client), theirs.with_client(&client)] {
            let created = extension.add_contact(json!({ "first_name": "Jane" })).await;
            assert_eq!(extension.client.get(&extension.contact(&created["id"])).await.of_phone_com(200), &created);
        }
        let crossed =
            Extension { account: mine.account, extension_id: theirs.extension_id, ..mine.with_client(&client) };
        crossed.search("").await.is_error(404);
        client.get("/v4/accounts/999999").await.is_error(404);
        client.get("/v4/accounts/x").await.is_error(404);
    }
}

#[tokio::test]
async fn an_account_of_another_workspace_gets_the_404_of_a_missing_one() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = Extension::of(&other, "theirs").await;
    let mine = Extension::of(&world, "mine").await;
    let token = world.access_token(&[&world]).await;
    let console = world.console_session(&[&world]).await;
    let [token, console] = [token, console].map(|bearer| world.anonymous().bearer(bearer.reveal()));
    let session = world.session(&mine.person).await;
    for client in [world.key(), &token, &console, &session] {
        for (foreign, unknown) in [
            (format!("/v4/accounts/{}", theirs.account), "/v4/accounts/999999".to_owned()),
            (theirs.contacts(), theirs.contacts().replace(&format!("accounts/{}", theirs.account), "accounts/999999")),
        ] {
            let (foreign, unknown) = (client.get(&foreign).await, client.get(&unknown).await);
            foreign.is_error(404);
            assert_eq!(foreign.text, unknown.text.replace("999999", &theirs.account.to_string()));
        }
    }
    let crossed = Extension { extension_id: theirs.extension_id, ..mine.with_client(world.key()) };
    crossed.search("").await.is_error(404);
    Extension { extension_id: 999_999, ..crossed }.search("").await.is_error(404);
}

#[tokio::test]
async fn a_client_session_reaches_only_the_extension_of_its_user_identity() {
    let world = World::new().await;
    let (jane, john) = (Extension::of(&world, "jane").await, Extension::of(&world, "john").await);
    let session = world.session(&jane.person).await;
    let own = Extension::of_person(&session, &jane.person).await;
    assert_eq!((own.account, own.extension_id), (jane.account, jane.extension_id));
    let contact = own.add_contact(json!({ "first_name": "Kim" })).await;
    own.client.delete(&own.contact(&contact["id"])).await.of_phone_com(200);
    let listed = session.get(&format!("/v4/accounts/{}/extensions", own.account)).await;
    assert_eq!(listed.ids(), [jane.extension_id]);
    assert_eq!(listed.body["total"], 1);
    for other in [john.extension_id, 999_999] {
        let other = Extension { extension_id: other, ..own.with_client(&session) };
        for at in [other.contacts(), other.groups(), other.contact(&json!(1)), other.group(&json!(1))] {
            session.get(&at).await.is_error(403);
        }
        session.post(&other.contacts(), json!({})).await.is_error(403);
        session.get(other.contacts().trim_end_matches("/contacts")).await.is_error(403);
    }
    let anonymous = world.client_session(json!({})).await;
    let anonymous = world.anonymous().bearer(&text(&anonymous["token"]));
    anonymous.get(&jane.contacts()).await.is_error(403);
    assert!(anonymous.get(&format!("/v4/accounts/{}/extensions", jane.account)).await.ids().is_empty());
}

#[tokio::test]
async fn ids_are_unique_across_workspaces() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let extensions =
        [Extension::of(&world, "one").await, Extension::of(&world, "two").await, Extension::of(&other, "three").await];
    let mut contacts = Vec::new();
    let mut groups = Vec::new();
    for extension in &extensions {
        for _ in 0..2 {
            contacts.push(extension.add_contact(json!({})).await["id"].as_i64().expect("an integer"));
            groups.push(extension.add_group("g").await["id"].as_i64().expect("an integer"));
        }
    }
    assert!(contacts.is_sorted_by(|a, b| a < b) && groups.is_sorted_by(|a, b| a < b), "{contacts:?} {groups:?}");
    assert!(contacts.iter().chain(&groups).all(|id| (1..1_000).contains(id)), "{contacts:?} {groups:?}");
    assert_ne!(extensions[0].extension_id, extensions[2].extension_id);
    assert_ne!(extensions[0].account, extensions[2].account);
    // A contact of another extension or workspace is not found by its id.
    extensions[0].client.get(&extensions[0].contact(&json!(contacts[2]))).await.is_error(404);
    extensions[2].client.get(&extensions[2].contact(&json!(contacts[0]))).await.is_error(404);
}
