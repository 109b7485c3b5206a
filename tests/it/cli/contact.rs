//! `handset contact import` and `export`: address books of any size, nothing twice, and a report by line.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, operator, operator_command};
use crate::support::terminal::on_terminal;
use crate::support::wait::{TIMEOUT, until};
use crate::support::world::{World, list, text};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

/// The contacts of a user, in order of creation, by Phone.com's API.
async fn contacts(world: &World, person: &str) -> Vec<Value> {
    let account = world.key().get("/v4/accounts").await;
    let account = account.body["items"][0]["id"].clone();
    let extensions = world.key().get(&format!("/v4/accounts/{account}/extensions?limit=100")).await;
    let user = operator(world, &["user", "get", person, "--json"]).await.json();
    let extension = user["extension_id"].clone();
    assert!(list(&extensions.body["items"]).iter().any(|it| it["id"] == extension), "{extensions:?}");
    let path = format!("/v4/accounts/{account}/extensions/{extension}/contacts?limit=100&sort[id]=asc");
    list(&world.key().get(&path).await.body["items"])
}

async fn count(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from contact where deleted_at is null")
        .fetch_one(&mut world.database().await)
        .await
        .expect("it counts")
}

/// Imports a text under this name.
async fn import(world: &World, name: &str, content: impl AsRef<[u8]>, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    let file = test_dir.path().join(name);
    fs::write(&file, content).expect("a file");
    let command = ["contact", "import", file.to_str().expect("a path is text"), "--extension", "jane"];
    operator(world, &[&command[..], arguments].concat()).await
}

const CARDS: &str = "\u{feff}BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a-1\r\nN:Ångström;Zoë;Maria;Dr.;PhD\r\nFN:Zoë Ångström\r\n\
    NICKNAME:Z\r\nORG:Acme;Research\r\nTITLE:Chemist\r\nEMAIL;TYPE=INTERNET:zoe@example.com\r\n\
    EMAIL;TYPE=INTERNET,PREF:first@example.com\r\nTEL;TYPE=CELL:(415) 555-2671\r\nTEL;TYPE=WORK,VOICE:+34 675 89 76 54\r\n\
    ADR;TYPE=WORK:;;1 Main St\\, Suite 2;Springfield;IL;62701;USA\r\nEND:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen;;;\r\n\
    TEL;WORK;FAX:+49 30 901820\r\nEND:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:4.0\r\nFN:山田 太郎\r\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+81-3-1234-5678\r\nEND:VCARD\r\n";

#[tokio::test]
async fn import_of_vcards_adds_each_contact_once_with_its_values() {
    let world = World::new().await;
    world.person("jane").await;
    let first = import(&world, "phone.vcf", CARDS, &["--json"]).await.json();
    assert_eq!(first, json!({ "added": 3, "already_there": 0, "refused": 0, "dry_run": false }));
    let [zoe, jürgen, taro] = &contacts(&world, "jane").await[..] else { panic!("not three contacts") };
    for (name, value) in [
        ("prefix", "Dr."),
        ("first_name", "Zoë"),
        ("middle_name", "Maria"),
        ("last_name", "Ångström"),
        ("suffix", "PhD"),
        ("nickname", "Z"),
        ("company", "Acme"),
        ("department", "Research"),
        ("job_title", "Chemist"),
    ] {
        assert_eq!(zoe[name], value, "{name}");
    }
    let emails: Vec<String> = list(&zoe["emails"]).iter().map(|email| text(&email["email"])).collect();
    assert_eq!(emails, ["first@example.com", "zoe@example.com"]);
    let numbers: Vec<_> =
        list(&zoe["phone_numbers"]).iter().map(|it| (text(&it["type"]), text(&it["normalized"]))).collect();
    assert_eq!(
        numbers,
        [("mobile".to_owned(), "+14155552671".to_owned()), ("business".to_owned(), "+34675897654".to_owned())]
    );
    assert_eq!(zoe["phone_numbers"][0]["number"], "(415) 555-2671");
    let address = &zoe["addresses"][0];
    assert_eq!((&address["type"], &address["street"]), (&json!("business"), &json!("1 Main St, Suite 2")));
    assert_eq!((&address["zip"], &address["country"]), (&json!("62701"), &json!("USA")));
    assert_eq!((&jürgen["first_name"], &jürgen["last_name"]), (&json!("Jürgen"), &json!("Müller")));
    assert_eq!(jürgen["phone_numbers"][0]["type"], "fax");
    assert_eq!((&taro["first_name"], &taro["phone_numbers"][0]["type"]), (&json!("山田 太郎"), &json!("home")));

    // Again, with other values under the same UID, and with one more card.
    let more = CARDS.replace("Chemist", "Physicist") + "BEGIN:VCARD\nVERSION:3.0\nFN:New\nEND:VCARD\n";
    let second = import(&world, "phone.vcf", more, &["--json"]).await.json();
    assert_eq!((&second["added"], &second["already_there"]), (&json!(1), &json!(3)));
    assert_eq!(contacts(&world, "jane").await[0]["job_title"], "Chemist");
    // One that was deleted is imported again.
    sqlx::query("update contact set deleted_at = now(), contact_group_id = null where first_name = 'New'")
        .execute(&mut world.database().await)
        .await
        .expect("it is deleted");
    let third = import(&world, "new.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:New\nEND:VCARD\n", &["--json"]).await.json();
    assert_eq!(third["added"], 1);
}

#[tokio::test]
async fn import_of_csv_understands_our_columns_and_those_of_outlook() {
    let world = World::new().await;
    world.person("jane").await;
    let own = "uid,first_name,last_name,company,email,email_2,mobile_phone,home_city,unknown column\n\
        7,Zoë,Ångström,\"Acme, Inc.\",zoe@example.com,z@example.com,+34 675 89 76 54 ::: +34675897655,Madrid,x\n\n\
        ,Jürgen,,,,,,,\n";
    let added = import(&world, "own.csv", own, &["--json"]).await.json();
    assert_eq!((&added["added"], &added["refused"]), (&json!(2), &json!(0)));
    let outlook = "First Name;Last Name;E-mail Address;Business Phone;Business Postal Code;Title\r\n\
        Ada;Lovelace;ada@example.com;030 901820;10117;Countess\r\n";
    let added = import(&world, "outlook.csv", outlook, &["--json", "--region", "DE"]).await.json();
    assert_eq!(added["added"], 1);
    let [zoe, jürgen, ada] = &contacts(&world, "jane").await[..] else { panic!("not three contacts") };
    assert_eq!(
        (&zoe["company"], &zoe["phone_numbers"][1]["normalized"]),
        (&json!("Acme, Inc."), &json!("+34675897655"))
    );
    assert_eq!((&zoe["addresses"][0]["city"], &zoe["emails"][1]["email"]), (&json!("Madrid"), &json!("z@example.com")));
    assert_eq!(jürgen["first_name"], "Jürgen");
    assert_eq!(ada["phone_numbers"][0]["normalized"], "+4930901820");
    assert_eq!((&ada["addresses"][0]["zip"], &ada["prefix"]), (&json!("10117"), &json!("Countess")));
    let again = import(&world, "own.csv", own, &["--json"]).await.json();
    assert_eq!((&again["added"], &again["already_there"]), (&json!(0), &json!(2)));
    let other = import(&world, "other.csv", "a,b\n1,2\n", &[]).await;
    assert!(other.error_message().contains("handset contact import --help"), "{other:?}");
}

#[tokio::test]
async fn what_is_refused_is_reported_by_line_and_can_be_corrected() {
    let world = World::new().await;
    world.person("jane").await;
    let card = |lines: &str| format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n");
    let file = [
        card("FN:Good\nUID:1"),
        card("FN:Bad number\nUID:2\nTEL:*21#x"),
        card("FN:Bad e-mail\nUID:3\nEMAIL:nowhere"),
        card(&format!("FN:{}\nUID:4", "x".repeat(501))),
        card("NOTE:nothing of a contact\nUID:5"),
        card("FN:Three e-mails\nUID:6\nEMAIL:a@example.com\nEMAIL:b@example.com\nEMAIL:c@example.com"),
        "some text\nand more of it\n".to_owned(),
        "BEGIN:VCARD\nVERSION:3.0\nFN:Cut off".to_owned(),
    ]
    .concat();
    let outcome = import(&world, "phone.vcf", &file, &["--json"]).await;
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let mut lines: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!((&summary["added"], &summary["refused"]), (&json!(2), &json!(6)), "{lines:?}");
    let reports: Vec<(u64, String)> = lines
        .iter()
        .filter(|line| line["left_out"].is_null())
        .map(|line| (line["line"].as_u64().expect("a line"), text(&line["refused"][0])))
        .collect();
    for (number, words) in [
        (6, "phone_numbers.0: \"*21#x\" cannot be dialled"),
        (12, "emails.0.email: It must be an e-mail address"),
        (18, "first_name: It must have at most 500 characters"),
        (23, "it has no name"),
        (36, "this is not a vCard"),
        (38, "the card has no END:VCARD"),
    ] {
        assert!(
            reports.iter().any(|(line, reason)| *line == number && reason.starts_with(words)),
            "{number}: {reports:?}"
        );
    }
    let left_out = lines.iter().find(|line| !line["left_out"].is_null()).expect("something is left out");
    assert_eq!(left_out["line"], 28);
    assert!(text(&left_out["left_out"][0]).contains("c@example.com"), "{left_out}");

    let printed = import(&world, "phone.vcf", &file, &[]).await;
    assert!(printed.stderr.contains("line 6: phone_numbers.0"), "{printed:?}");
    assert!(printed.error_message().starts_with("6 of 8 records were refused"), "{printed:?}");
    let corrected = file.replace("*21#x", "+34675897654").replace("nowhere", "here@example.com");
    let outcome = import(&world, "phone.vcf", corrected, &["--json"]).await;
    let summary: Value = serde_json::from_str(outcome.stdout.lines().last().expect("a summary")).expect("JSON");
    assert_eq!((&summary["added"], &summary["already_there"]), (&json!(2), &json!(2)));

    let latin = import(&world, "latin.vcf", b"BEGIN:VCARD\nVERSION:3.0\nFN:J\xfcrgen\nEND:VCARD\n", &[]).await;
    assert!(latin.stderr.contains("not UTF-8"), "{latin:?}");
    let unnamed = import(&world, "contacts.txt", "", &[]).await;
    assert!(unnamed.error_message().contains("--format vcf"), "{unnamed:?}");
}

#[tokio::test]
async fn a_dry_run_reads_and_checks_and_adds_nothing() {
    let world = World::new().await;
    world.person("jane").await;
    let checked = import(&world, "phone.vcf", CARDS, &["--dry-run", "--json"]).await.json();
    assert_eq!((&checked["added"], &checked["dry_run"]), (&json!(3), &json!(true)));
    assert_eq!(count(&world).await, 0);
    // The user may be named by the extension's number.
    let extension = operator(&world, &["user", "get", "jane", "--json"]).await.json()["extension_id"].to_string();
    let none = operator(&world, &["contact", "export", "--extension", &extension]).await;
    assert_eq!(none.stdout_of_success(), "");
    let unknown = operator(&world, &["contact", "export", "--extension", "99999"]).await;
    assert!(unknown.error_message().contains("handset user list"), "{unknown:?}");
}

#[tokio::test]
async fn an_export_is_what_an_import_reads() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    import(&world, "phone.vcf", CARDS, &[]).await.stdout_of_success();
    let bare = |contacts: &[Value]| -> Vec<Value> {
        let without = |contact: &Value| {
            let mut contact = contact.clone();
            for name in ["id", "created_at", "updated_at", "created_epoch", "updated_epoch"] {
                contact.as_object_mut().expect("an object").remove(name);
            }
            contact
        };
        contacts.iter().map(without).collect()
    };
    let original = bare(&contacts(&world, &jane).await);
    for format in ["vcf", "csv"] {
        let test_dir = TestDir::new();
        let file = test_dir.path().join(format!("contacts.{format}"));
        let path = file.to_str().expect("a path is text");
        let printed = operator(&world, &["contact", "export", "--extension", "jane", "--format", format]).await;
        let written = operator(&world, &["contact", "export", "--extension", "jane", "--output", path, "--json"]).await;
        assert_eq!(written.json()["exported"], 3);
        assert_eq!(printed.stdout_of_success(), fs::read_to_string(&file).expect("it is written"));
        // Into the same list: all of them are there.
        let again = operator(&world, &["contact", "import", path, "--extension", "jane", "--json"]).await.json();
        assert_eq!((&again["added"], &again["already_there"]), (&json!(0), &json!(3)), "{format}");
        let copied = operator(&world, &["contact", "import", path, "--extension", "joe", "--json"]).await.json();
        assert_eq!(copied["added"], 3, "{format}");
        assert_eq!(bare(&contacts(&world, &joe).await), original, "{format}");
        sqlx::query("delete from contact where user_identity_id = $1::uuid")
            .bind(&joe)
            .execute(&mut world.database().await)
            .await
            .expect("they are deleted");
    }
}

/// Many cards without a UID.
fn many(from: usize, to: usize) -> String {
    let mut cards = String::new();
    for number in from..to {
        let _ = write!(cards, "BEGIN:VCARD\nVERSION:3.0\nN:Doe;Jane {number};;;\nTEL:+3467{number:07}\nEND:VCARD\n");
    }
    cards
}

#[tokio::test]
async fn an_import_that_is_killed_keeps_what_it_added_and_a_repetition_completes_it() {
    let world = World::new().await;
    world.person("jane").await;
    let test_dir = TestDir::new();
    let arguments = ["contact", "import", "-", "--format", "vcf", "--extension", "jane"];
    let mut command = operator_command(&world, &test_dir, &arguments);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = process.stdin.take().expect("it is piped");
    stdin.write_all(many(0, 1_200).as_bytes()).await.expect("it reads");
    stdin.flush().await.expect("it reads");
    until("two batches are added", async || (count(&world).await >= 1_000).then_some(())).await;
    process.kill().await.expect("it runs");
    assert_eq!(count(&world).await, 1_000);
    let whole = import(&world, "phone.vcf", many(0, 1_400), &["--json"]).await.json();
    assert_eq!((&whole["added"], &whole["already_there"]), (&json!(400), &json!(1_000)));
    assert_eq!(count(&world).await, 1_400);
    let counted: i64 = sqlx::query_scalar("select contact_count from user_identity")
        .fetch_one(&mut world.database().await)
        .await
        .expect("a row");
    assert_eq!(counted, 1_400);
}

#[tokio::test]
async fn statistics_are_up_to_date_after_a_large_import_and_two_imports_at_once_add_nothing_twice() {
    let world = World::new().await;
    world.person("jane").await;
    let cards = many(0, 2_000);
    let (one, other) =
        tokio::join!(import(&world, "one.vcf", &cards, &["--json"]), import(&world, "other.vcf", &cards, &["--json"]));
    let added = |outcome: &Outcome| outcome.json()["added"].as_u64().expect("a number");
    assert_eq!(added(&one) + added(&other), 2_000);
    assert_eq!(count(&world).await, 2_000);
    let again = import(&world, "more.vcf", many(2_000, 3_000), &["--json"]).await;
    assert_eq!(added(&again), 1_000);
    let known: f32 = sqlx::query_scalar("select reltuples from pg_class where relname = 'contact'")
        .fetch_one(&mut world.database().await)
        .await
        .expect("a row");
    assert_eq!(known, 3_000.0);
}

#[tokio::test]
async fn a_progress_bar_is_shown_on_a_terminal_only() {
    let world = World::new().await;
    world.person("jane").await;
    let test_dir = TestDir::new();
    let file = test_dir.path().join("phone.vcf");
    fs::write(&file, many(0, 1_000)).expect("a file");
    let arguments = ["contact", "import", file.to_str().expect("a path is text"), "--extension", "jane"];
    let shown = on_terminal(operator_command(&world, &test_dir, &arguments), 120, &[]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.text.contains('%') && shown.text.contains("Added: 1000"), "{shown:?}");
    let quiet = operator(&world, &arguments).await;
    assert_eq!(
        (quiet.stderr.as_str(), quiet.stdout_of_success()),
        ("", "Added: 0. There already: 1000. Refused: 0.\n")
    );
}

/// Cards with pictures, as address books on phones write them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_memory_of_an_import_does_not_grow_with_the_file() {
    const FEW: usize = 4;
    const MANY: usize = 40;
    let world = World::new().await;
    world.person("jane").await;
    let test_dir = TestDir::new();
    let arguments = ["contact", "import", "-", "--format", "vcf", "--extension", "jane", "--json"];
    let mut command = operator_command(&world, &test_dir, &arguments);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = process.stdin.take().expect("it is piped");
    let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
    let mut next = async || timeout(TIMEOUT, lines.next_line()).await.expect("in time").expect("text").expect("a line");
    let picture = format!(" {}\n", "QUJD".repeat(18)).repeat(28_000);
    let mut peaks = Vec::new();
    for count in [FEW, MANY] {
        for number in 0..count {
            let name = format!("Jane {count} {number}");
            let card =
                format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nPHOTO;ENCODING=b;TYPE=JPEG:\n{picture}END:VCARD\n");
            stdin.write_all(card.as_bytes()).await.expect("it reads");
        }
        // Once this one is refused, the others are read.
        stdin.write_all(b"BEGIN:VCARD\nEND:VCARD\n").await.expect("it reads");
        stdin.flush().await.expect("it reads");
        let line = next().await;
        assert!(line.contains("it has no name"), "{line}");
        let status = fs::read_to_string(format!("/proc/{}/status", process.id().expect("it runs"))).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux reports it");
        peaks.push(peak.trim().trim_end_matches(" kB").parse::<usize>().expect("a number"));
    }
    let read = MANY * picture.len() / 1024;
    assert!(peaks[1] < peaks[0] + read / 3, "{peaks:?} kB for a file of {read} kB");
    drop(stdin);
    assert_eq!(serde_json::from_str::<Value>(&next().await).expect("JSON")["added"], FEW + MANY);
}
