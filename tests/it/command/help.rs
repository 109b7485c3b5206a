//! `--help` of every command.

use super::program::{Outcome, handset};

async fn help_of(path: &[String]) -> String {
    let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    Outcome::of(handset(&arguments)).await.said().to_owned()
}

/// Names of the commands in a help text, except `help`.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn the_help_of_every_command_shows_an_example() {
    let mut to_ask = vec![Vec::new()];
    let mut asked = 0;
    while let Some(path) = to_ask.pop() {
        let help = help_of(&path).await;
        let inner = commands(&help);
        // A command group lists its commands instead.
        if inner.is_empty() || path.is_empty() {
            let example = format!("Example:\n  handset {}", path.join(" "));
            assert!(help.contains(example.trim_end()), "{path:?}: {help}");
        }
        asked += 1;
        to_ask.extend(inner.into_iter().map(|name| path.iter().cloned().chain([name]).collect()));
    }
    assert!(asked >= 15, "only {asked} commands found");
}

#[tokio::test]
async fn the_help_of_serve_lists_settings_with_their_variables() {
    let help = help_of(&["serve".to_owned()]).await;
    for setting in [
        "--listen",
        "HANDSET_LISTEN",
        "--public-url",
        "HANDSET_PUBLIC_URL",
        "--no-demo",
        "--database-url",
        "DATABASE_URL",
        "--data-dir",
        "HANDSET_DATA_DIR",
        "--seal-key",
        "HANDSET_SEAL_KEY",
        "--connections",
        "--log",
        "--log-format",
        "--metrics-listen",
        "--otlp-endpoint",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "--shutdown-grace-seconds",
        "--max-connections",
        "--idle-seconds",
        "--tls-cert",
        "--tls-key",
        "--rate-limit-credential",
        "--rate-limit-address",
        "--failed-auth-limit",
        "--trusted-proxies",
    ] {
        assert!(help.contains(setting), "{setting}: {help}");
    }
}

#[tokio::test]
async fn an_unknown_command_is_a_usage_error() {
    let outcome = Outcome::of(handset(&["key", "make"])).await;
    assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("Usage:"), "{outcome:?}");
}
