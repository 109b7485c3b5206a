//! `handset completions` and `handset man`: made from the grammar, so that each command is in them.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset};
use std::fs;

/// Commands of each kind; `cli::help` walks through all of them.
const COMMANDS: [&str; 8] = [
    "phone deactivate",
    "user deactivate-phones",
    "event tail",
    "webhook redeliver",
    "number list",
    "contact import",
    "key revoke",
    "console-session rotate-key",
];

#[tokio::test]
async fn completions_of_each_shell_contain_each_command() {
    for shell in ["bash", "zsh", "fish"] {
        let outcome = Outcome::of(handset(&["completions", shell])).await;
        let script = outcome.stdout_of_success();
        for word in COMMANDS.iter().flat_map(|command| command.split(' ')).chain(["--database-url", "--dry-run"]) {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let unknown = Outcome::of(handset(&["completions", "cmd"])).await;
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
}

#[tokio::test]
async fn manual_pages_contain_each_command() {
    let page = Outcome::of(handset(&["man"])).await;
    let page = page.stdout_of_success();
    assert!(page.starts_with(".ie") || page.contains(".TH handset 1"), "{page}");
    for command in COMMANDS {
        let group = command.split(' ').next().unwrap_or(command).replace('-', "\\-");
        assert!(page.contains(&format!("handset\\-{group}")), "{group}: {page}");
    }
    let test_dir = TestDir::new();
    let dir = test_dir.path().join("man1");
    let written = Outcome::of(handset(&["man", "--dir", dir.to_str().expect("a path is text")])).await;
    written.stdout_of_success();
    for command in COMMANDS {
        let page = fs::read_to_string(dir.join(format!("handset-{}.1", command.replace(' ', "-"))));
        let page = page.unwrap_or_else(|fault| panic!("{command}: {fault}"));
        assert!(page.contains(".TH") && page.contains("Example"), "{command}: {page}");
    }
}
