//! The first start of the program: the link that it prints, and when it prints none.

use crate::support::console::Browser;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in};
use crate::support::shared_postgres::Database;
use tokio::process::Command;

/// The path of the link in a greeting.
fn link(server: &Server) -> Option<String> {
    let line = server.greeting.lines().map(str::trim).find(|line| line.contains("/console/link/"))?;
    Some(line.strip_prefix(&server.url).unwrap_or_else(|| panic!("another server: {line}")).to_owned())
}

/// The command in a greeting that prints a link.
fn command(server: &Server) -> Vec<String> {
    let line = server.greeting.lines().find(|line| line.starts_with("Console on "));
    let line = line.unwrap_or_else(|| panic!("no console: {}", server.greeting));
    let (_, command) = line.split_once("once: ").expect("the command");
    command.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_first_start_of_a_trial_prints_a_link_that_signs_in_once() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let path = link(&server).expect("the first start prints a link");
    let mut browser = Browser::new(&server.url);
    assert_eq!(browser.get("/").await.location(), "/console");
    let signed_in = browser.send_form(&path, &[]).await;
    browser.keep(&signed_in);
    let home = browser.get(signed_in.location()).await;
    let workspace = browser.get(home.location()).await;
    assert!(workspace.status == 200 && workspace.text.contains("Demo"), "{workspace:?}");
    assert_eq!(browser.send_form(&path, &[]).await.status, 401);
    let log = server.stop().await;
    assert!(!log.contains(path.trim_start_matches("/console/link/")), "the log has no secret: {log}");

    // Later starts print no link, but a command that prints one.
    let server = Server::start(&test_dir).await;
    assert_eq!(link(&server), None, "{}", server.greeting);
    let words = command(&server);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_remove("DATABASE_URL");
    let printed = Outcome::of(command).await;
    let printed = printed.stdout_of_success().trim();
    let mut browser = Browser::new(&server.url);
    let signed_in = browser.send_form(printed.strip_prefix(&server.url).expect("this server"), &[]).await;
    browser.keep(&signed_in);
    assert!(browser.get("/console/account").await.text.contains("admin@localhost"));
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_is_no_trial_prints_no_link() {
    let (database, test_dir) = (Database::empty(5).await, TestDir::new());
    let server = Server::start_on(&database.url, &test_dir).await;
    assert!(server.has_demo() && link(&server).is_none(), "{}", server.greeting);
    assert_eq!(command(&server)[1], "console", "{}", server.greeting);
    server.stop().await;
    let test_dir = TestDir::new();
    let open = handset_in(&test_dir, &["serve", "--listen", "0.0.0.0:0", "--demo"]);
    let server = Server::run(open, &test_dir).await;
    assert!(server.has_demo() && link(&server).is_none(), "{}", server.greeting);
    server.stop().await;
}

#[tokio::test]
async fn without_a_console_the_greeting_has_nothing_of_it() {
    let test_dir = TestDir::new();
    let without = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--no-console"]);
    let server = Server::run(without, &test_dir).await;
    assert!(server.has_demo() && !server.greeting.to_lowercase().contains("console"), "{}", server.greeting);
    Browser::new(&server.url).get("/console").await.refused(404, "not_found");
    server.stop().await;
}
