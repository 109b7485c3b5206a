//! `handset user import`, and `handset phone export`.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, operator, operator_command};
use crate::support::world::{World, list, text};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};

async fn import(world: &World, content: &str, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    let file = test_dir.path().join("people.csv");
    fs::write(&file, content).expect("a file");
    let command = ["user", "import", file.to_str().expect("a path is text")];
    operator(world, &[&command[..], arguments].concat()).await
}

#[tokio::test]
async fn user_import_adds_each_user_once_and_reports_conflicts_by_line() {
    let world = World::new().await;
    world.person("joe").await;
    let people = "Key,Name,E-Mail,Phone,Voice,Team\n\
        k-1,Zoë Ångström,ZOE@example.com,+14155550101,no,x\n\
        ,Without a key,only@example.com,,,\n\
        k-2,Takes Joe's address,joe@example.com,,,\n\
        ,Nothing to know it by,,,,\n\
        k-3,Bad address,nowhere,,,\n\
        k-1,The same again,,,,\n\
        k-4,Takes Zoë's number,,+14155550101,,\n";
    let outcome = import(&world, people, &["--json"]).await;
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let mut lines: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary, json!({ "added": 2, "already_there": 1, "refused": 4, "dry_run": false }), "{lines:?}");
    for (number, words) in [
        (4, "email_address: user identity"),
        (5, "it has neither a key"),
        (6, "email_address: Invalid email"),
        (8, "phone_number: user identity"),
    ] {
        let line = lines.iter().find(|line| line["line"] == number).unwrap_or_else(|| panic!("{number}: {lines:?}"));
        assert!(text(&line["refused"][0]).starts_with(words), "{line}");
    }
    let zoe = world.key().post("/user_identities/get", json!({ "user_identity_key": "k-1" })).await.ok();
    assert_eq!(zoe["user_identity"]["full_name"], "Zoë Ångström");
    let again = import(&world, people, &["--json"]).await;
    let summary: Value = serde_json::from_str(again.stdout.lines().last().expect("a summary")).expect("JSON");
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(0), &json!(3)));
    let other = import(&world, "a,b\n1,2\n", &[]).await;
    assert!(other.error_message().contains("handset user import --help"), "{other:?}");
}

#[tokio::test]
async fn user_import_refuses_a_row_that_does_not_end_and_keeps_the_rows_before_it() {
    let world = World::new().await;
    let mut people = "user_identity_key,full_name\nk-1,Ada\nk-2,\"a quote that is not closed\n".to_owned();
    people.extend(std::iter::repeat_n("k-3,Grace\n", 300_000));
    let outcome = import(&world, &people, &["--json"]).await;
    assert!(outcome.error_message().contains("a quote is not closed"), "{outcome:?}");
    world.key().post("/user_identities/get", json!({ "user_identity_key": "k-1" })).await.ok();
}

#[tokio::test]
async fn user_import_of_many_rows_is_complete_and_a_dry_run_adds_nothing() {
    let world = World::new().await;
    let mut people = "user_identity_key,full_name,email_address\n".to_owned();
    for number in 0..1_300 {
        let _ = writeln!(people, "k-{number},Person {number},p{number}@example.com");
    }
    let checked = import(&world, &people, &["--dry-run", "--json"]).await.json();
    assert_eq!((&checked["added"], &checked["dry_run"]), (&json!(1_300), &json!(true)));
    let count = async || {
        let listed = operator(&world, &["user", "list", "--limit", "10000", "--json"]).await.json();
        list(&listed["user_identities"]).len()
    };
    assert_eq!(count().await, 0);
    assert_eq!(import(&world, &people, &["--json"]).await.json()["added"], 1_300);
    assert_eq!(import(&world, &people, &["--json"]).await.json()["already_there"], 1_300);
    assert_eq!(count().await, 1_300);
}

#[tokio::test]
async fn phone_export_prints_all_phones_as_csv_and_as_json_lines() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let renamed = json!({ "user_identity_id": jane, "full_name": "Jane, \"J\"" });
    world.key().patch("/user_identities/update", renamed).await.ok();
    let phones = [world.phone(&jane).await, world.phone(&jane).await];
    world.key().post("/phones/deactivate", json!({ "device_id": phones[1] })).await.ok();
    // More than a page.
    sqlx::query(
        "insert into phone (workspace_id, device_id, user_identity_id, operating_system, os_version, device_manufacturer,
             device_model, custom_metadata, created_at)
         select workspace_id, gen_random_uuid(), user_identity_id, operating_system, os_version, device_manufacturer,
             device_model, '{}', created_at + number * interval '1 second'
         from phone cross join generate_series(1, 1500) as rows (number) where deactivated_at is null",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the rows are inserted");
    let csv = operator(&world, &["phone", "export"]).await;
    let mut lines = csv.stdout_of_success().lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("device_id,workspace_id,name,user_identity_id,")));
    assert_eq!(lines.clone().count(), 1_501);
    assert!(lines.any(|line| line.starts_with(&phones[0]) && line.contains("\"Jane, \"\"J\"\"\"")), "{csv:?}");
    let all = operator(&world, &["phone", "export", "--deactivated", "--json"]).await;
    let ids: std::collections::BTreeSet<String> = all
        .stdout_of_success()
        .lines()
        .map(|line| text(&serde_json::from_str::<Value>(line).expect("JSON")["device_id"]))
        .collect();
    assert_eq!(ids.len(), 1_502);
    assert!(phones.iter().all(|phone| ids.contains(phone)));

    let test_dir = TestDir::new();
    let file = test_dir.path().join("phones.csv");
    let path = file.to_str().expect("a path is text");
    let written = operator(&world, &["phone", "export", "--output", path, "--json"]).await.json();
    assert_eq!(written["exported"], 1_501);
    assert_eq!(fs::read_to_string(&file).expect("it is written").lines().count(), 1_501, "JSON lines");
    // A reader that has seen enough is no error.
    let mut process =
        operator_command(&world, &test_dir, &["phone", "export"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
    stdout.read_line(&mut String::new()).await.expect("a line");
    drop(stdout);
    assert!(process.wait().await.expect("it ends").success());
}
