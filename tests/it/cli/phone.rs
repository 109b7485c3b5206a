//! `handset phone`: found by what the operator knows, deactivated after a confirmation, and allowed to come back.

use crate::support::private_postgres::TestDir;
use crate::support::program::{operator, operator_command};
use crate::support::terminal::on_terminal;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};

/// Ids of phones in a list.
fn ids(listed: &Value) -> Vec<String> {
    list(&listed["phones"]).iter().map(|phone| text(&phone["device_id"])).collect()
}

async fn named(world: &World, phone: &str, name: &str) {
    world.key().patch("/devices/update", json!({ "device_id": phone, "name": name })).await.ok();
}

#[tokio::test]
async fn phone_list_finds_phones_by_their_texts_and_by_their_users() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (first, second, third) = (world.phone(&jane).await, world.phone(&jane).await, world.phone(&joe).await);
    named(&world, &third, "Büro").await;
    world.key().post("/phones/deactivate", json!({ "device_id": second })).await.ok();
    let found = async |arguments: &[&str]| -> Vec<String> {
        let outcome = operator(&world, &[&["phone", "list", "--json"], arguments].concat()).await;
        ids(&outcome.json())
    };
    let mut both = [first.clone(), third.clone()];
    both.sort();
    for (arguments, expected) in [
        (&[][..], &both[..]),
        (&["jane"], std::slice::from_ref(&first)),
        (&["Person JOE"], std::slice::from_ref(&third)),
        (&["BU\u{308}RO"], std::slice::from_ref(&third)),
        (&[&first[..18]], std::slice::from_ref(&first)),
        (&["nothing like it"], &[]),
    ] {
        let mut found = found(arguments).await;
        found.sort();
        assert_eq!(found, expected, "{arguments:?}");
    }
    assert_eq!(found(&["jane", "--deactivated"]).await.len(), 2);
    let cut = operator(&world, &["phone", "list", "--json", "--limit", "1"]).await.json();
    assert_eq!((ids(&cut).len(), &cut["has_more"]), (1, &json!(true)));

    let table = operator(&world, &["phone", "list", "joe"]).await;
    let lines: Vec<&str> = table.stdout_of_success().lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("ID "), "{table:?}");
    for part in [&third, "Büro", "Person joe", "active"] {
        assert!(lines[1].contains(part), "{part}: {table:?}");
    }
    let none = operator(&world, &["phone", "list", "nothing like it"]).await;
    assert!(none.stderr.contains("There is no such phone"), "{none:?}");
}

#[tokio::test]
async fn phone_get_shows_the_one_phone_that_is_meant() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.sync_credential(&jane).await;
    for wanted in [phone.as_str(), "jane"] {
        let shown = operator(&world, &["phone", "get", wanted, "--json"]).await.json();
        assert_eq!((&shown["device_id"], &shown["user_identity_id"]), (&json!(phone), &json!(jane)));
        assert_eq!((&shown["user_name"], &shown["credential_count"]), (&json!("Person jane"), &json!(1)));
    }
    let shown = operator(&world, &["phone", "get", &phone]).await;
    assert!(shown.stdout_of_success().contains("Person jane"), "{shown:?}");
    world.phone(&jane).await;
    let several = operator(&world, &["phone", "get", "jane"]).await;
    assert!(several.error_message().starts_with("several phones match \"jane\""), "{several:?}");
    for unknown in ["jim", "00000000-0000-4000-8000-000000000000"] {
        let outcome = operator(&world, &["phone", "get", unknown]).await;
        assert!(outcome.error_message().starts_with("there is no phone"), "{outcome:?}");
    }
}

#[tokio::test]
async fn phone_deactivate_says_what_ends_and_needs_a_confirmation() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.sync_credential(&jane).await;
    world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
    let run =
        async |arguments: &[&str]| operator(&world, &[&["phone", "deactivate", "jane"], arguments].concat()).await;

    let preview = run(&["--dry-run"]).await;
    let expected = "Ends 1 credential and 0 client sessions. 1 webhook is told.";
    assert!(preview.stdout_of_success().contains(expected), "{preview:?}");
    let preview = run(&["--dry-run", "--json"]).await.json();
    assert_eq!((&preview["dry_run"], &preview["newly_deactivated"]), (&json!(true), &json!(false)));
    let refused = run(&[]).await;
    assert!(refused.error_message().contains("--yes does it without asking"), "{refused:?}");
    assert_eq!(world.phone_ids().await, std::slice::from_ref(&phone));

    let done = run(&["--yes", "--reason", "left in a taxi", "--json"]).await.json();
    let expected = json!({
        "device_id": phone, "dry_run": false, "newly_deactivated": true, "credential_count": 1,
        "client_session_count": 0, "webhook_count": 1,
    });
    assert_eq!(done, expected);
    assert!(world.phone_ids().await.is_empty());
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    let trail = operator(&world, &["audit", "--phone", &phone, "--json"]).await;
    let rows: Vec<Value> = trail.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let row = rows.iter().find(|row| row["action"] == "phone.deactivated").expect("it is audited");
    assert_eq!((&row["credential_kind"], &row["address"]), (&json!("operator"), &json!(null)));
    assert_eq!(row["after"]["deactivation_reason"], "left in a taxi");
    // By its id it is known, and nothing happens twice.
    let again = operator(&world, &["phone", "deactivate", &phone]).await;
    assert!(again.stdout_of_success().contains("already"), "{again:?}");
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
}

#[tokio::test]
async fn phone_deactivate_asks_on_a_terminal() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let test_dir = TestDir::new();
    let ask = async |answer: &str| {
        let command = operator_command(&world, &test_dir, &["phone", "deactivate", "jane"]);
        on_terminal(command, 100, &[("for good? [y/N]", answer)]).await
    };
    for answer in ["", "n", "no idea"] {
        let shown = ask(answer).await;
        assert_eq!(shown.code, Some(1), "{shown:?}");
        assert!(shown.text.contains("Nothing was changed") && shown.text.contains("Person jane"), "{shown:?}");
    }
    assert_eq!(world.phone_ids().await, [phone]);
    let shown = ask("y").await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.text.contains("Deactivated \"Samsung Galaxy S10\""), "{shown:?}");
    assert!(world.phone_ids().await.is_empty());
}

#[tokio::test]
async fn phone_allow_lets_an_installation_register_again_and_readmit_is_the_same() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for command in ["allow", "readmit"] {
        let register = async || {
            let fields = json!({ "user_identity_id": jane, "custom_sdk_installation_id": command });
            world.key().post("/phones/simulate/create_sandbox_phone", fields).await
        };
        let phone = text(&register().await.ok()["phone"]["device_id"]);
        named(&world, &phone, command).await;
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
        register().await.refused(400, "phone_deactivated");
        // By a search as well as by an id.
        let wanted = if command == "allow" { command } else { phone.as_str() };
        let allowed = operator(&world, &["phone", command, wanted, "--json"]).await.json();
        assert_eq!(allowed, json!({ "device_id": phone, "readmitted": true }));
        register().await.ok();
    }
    let unknown = operator(&world, &["phone", "allow", "nothing like it"]).await;
    assert!(unknown.error_message().contains("handset phone list --deactivated"), "{unknown:?}");
}

#[tokio::test]
async fn with_several_workspaces_the_command_has_to_name_one() {
    let world = World::new().await;
    let another = world.sandbox("Another").await;
    let phone = another.phone(&another.person("joe").await).await;
    let which = operator(&world, &["phone", "list"]).await;
    assert!(which.error_message().contains("--workspace"), "{which:?}");
    let listed = operator(&world, &["phone", "list", "--workspace", "Another", "--json"]).await.json();
    assert_eq!(ids(&listed), std::slice::from_ref(&phone));
    let foreign = operator(&world, &["phone", "deactivate", &phone, "--workspace", "First", "--yes"]).await;
    assert!(foreign.error_message().starts_with("there is no phone"), "{foreign:?}");
}

#[tokio::test]
async fn a_table_fits_the_terminal() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    named(&world, &phone, &"山田さんの電話".repeat(8)).await;
    let test_dir = TestDir::new();
    let shown = on_terminal(operator_command(&world, &test_dir, &["phone", "list"]), 120, &[]).await;
    let row = shown.text.lines().find(|line| line.starts_with(&phone)).expect("a row");
    // Of the characters here, those beyond ASCII are two columns wide, but for the mark of the cut.
    let columns: usize = row.trim_end().chars().map(|it| if it.is_ascii() || it == '…' { 1 } else { 2 }).sum();
    assert!(columns <= 120 && row.contains("山田") && row.contains('…'), "{columns}: {row}");
}
