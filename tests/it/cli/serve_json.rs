//! `serve --json`: one line for scripts.

use crate::support::client::Client;
use crate::support::private_postgres::{TIMEOUT, TestDir};
use crate::support::program::handset_in;
use crate::support::world::{list, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::timeout;

/// Runs a server until the work with its line is done, and checks that it prints nothing else.
async fn with_line(test_dir: &TestDir, arguments: &[&str], work: impl AsyncFnOnce(&Value)) {
    let mut command = handset_in(test_dir, &["--json", "--listen", "127.0.0.1:0"]);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("the program runs");
    let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut line = String::new();
    timeout(TIMEOUT, stdout.read_line(&mut line)).await.expect("in time").expect("text");
    work(&serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault}: {line}"))).await;
    kill(Pid::from_raw(process.id().expect("it runs").cast_signed()), Signal::SIGTERM).expect("it runs");
    let mut rest = String::new();
    timeout(TIMEOUT, stdout.read_to_string(&mut rest)).await.expect("in time").expect("text");
    assert_eq!(rest, "");
    assert!(process.wait().await.expect("it ends").success());
}

#[tokio::test]
async fn serve_json_prints_one_line_with_all_that_a_script_needs() {
    let test_dir = TestDir::new();
    let mut workspace = Value::Null;
    with_line(&test_dir, &["--metrics-listen", "0"], async |line| {
        let (url, key) = (text(&line["url"]), text(&line["api_key"]));
        let key = Client::new(&url).bearer(&key);
        workspace = line["workspace_id"].clone();
        assert_eq!(key.get("/workspaces/get").await.ok()["workspace"]["workspace_id"], workspace);
        let phone = format!("/phones/get?device_id={}", text(&line["device_id"]));
        assert_eq!(key.get(&phone).await.ok()["phone"]["device_id"], line["device_id"]);
        let people = list(&key.get("/user_identities/list").await.ok()["user_identities"]);
        assert_eq!(people[0]["user_identity_id"], line["user_identity_id"]);
        assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(line["console_url"], json!(format!("{url}/console")));
        assert!(text(&line["sign_in_url"]).starts_with(&format!("{url}/console/link/")), "{line}");
        let metrics = text(&line["metrics_url"]);
        let base = metrics.strip_suffix("/metrics").expect("its path");
        assert!(base.starts_with("http://127.0.0.1:"), "a port alone is of the loopback address: {base}");
        assert_eq!(Client::new(base).get("/metrics").await.status, 200);
    })
    .await;
    with_line(&test_dir, &["--no-console"], async |line| {
        assert_eq!(line["workspace_id"], workspace);
        for absent in ["api_key", "device_id", "user_identity_id", "sign_in_url", "console_url", "metrics_url"] {
            assert_eq!(line.get(absent), Some(&Value::Null), "{absent}: {line}");
        }
    })
    .await;
}
