//! The built program in a process of its own: a server that runs until it is stopped, or a command that ends.

use super::client::Client;
use super::private_postgres::{TIMEOUT, TestDir};
use super::world::{SEAL_KEY, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// The program, without the environment variables that it reads as settings.
pub fn handset(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handset"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "DATABASE_URL" || text.starts_with("HANDSET_") || text.starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The program in a data directory.
pub fn handset_in(test_dir: &TestDir, arguments: &[&str]) -> Command {
    let mut command = handset(arguments);
    command.arg("--data-dir").arg(test_dir.data());
    command
}

/// Exit status and output of a command.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub async fn of(mut command: Command) -> Outcome {
        let output = timeout(TIMEOUT, command.output()).await.expect("it ends in time").expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        Outcome { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Standard output of a success.
    #[track_caller]
    pub fn stdout_of_success(&self) -> &str {
        assert!(self.status.success(), "{self:?}");
        &self.stdout
    }

    /// Standard output of a success, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.stdout_of_success()).unwrap_or_else(|fault| panic!("{fault}: {self:?}"))
    }

    /// The error message of a failure; one line, no trace.
    #[track_caller]
    pub fn error_message(&self) -> &str {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        let message = self.stderr.lines().last().unwrap_or_default();
        message.strip_prefix("handset: ").unwrap_or_else(|| panic!("no complaint: {self:?}"))
    }
}

/// Runs an administrative command with `--json`.
pub async fn admin(test_dir: &TestDir, arguments: &[&str]) -> Value {
    let mut command = handset_in(test_dir, arguments);
    command.arg("--json");
    Outcome::of(command).await.json()
}

/// Runs an administrative command on the database of a world, as the operator would beside its server.
pub async fn operator(world: &World, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    Outcome::of(operator_command(world, &test_dir, arguments)).await
}

/// An administrative command on the database of a world.
pub fn operator_command(world: &World, test_dir: &TestDir, arguments: &[&str]) -> Command {
    let mut command = handset_in(test_dir, arguments);
    command.env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    command
}

/// A running server.
pub struct Server {
    process: Child,
    pub url: String,
    /// What it printed until it was ready.
    pub greeting: String,
    log: PathBuf,
    /// Kept open, so that later output is read, too.
    _printed: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// A server on a free port with a private Postgres.
    pub async fn start(test_dir: &TestDir) -> Server {
        Server::run(handset_in(test_dir, &["serve", "--listen", "127.0.0.1:0"]), test_dir).await
    }

    /// A server on a free port that uses this database, and has a demo.
    pub async fn start_on(database_url: &str, test_dir: &TestDir) -> Server {
        let arguments = ["serve", "--demo", "--listen", "127.0.0.1:0", "--database-url", database_url];
        Server::run(handset_in(test_dir, &arguments), test_dir).await
    }

    /// A server with these arguments on a world's database.
    pub async fn beside(world: &World, arguments: &[&str], test_dir: &TestDir) -> Server {
        let mut command = handset_in(test_dir, &["serve", "--listen", "127.0.0.1:0", "--no-demo"]);
        if !arguments.contains(&"--connections") {
            command.args(["--connections", "4"]);
        }
        command.args(arguments).env("DATABASE_URL", &world.database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
        Server::run(command, test_dir).await
    }

    pub async fn run(mut command: Command, test_dir: &TestDir) -> Server {
        let log = test_dir.path().join("server.log");
        let stderr = File::options().create(true).append(true).open(&log).expect("a log");
        let mut process = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("the program runs");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut greeting = String::new();
        // The last thing that is printed is how to read the events, or how to create a key.
        while !greeting.contains("/events/list") && !greeting.contains("Create an API key") {
            let line = timeout(TIMEOUT, lines.next_line()).await.expect("in time").expect("text");
            let read_log = || fs::read_to_string(&log).unwrap_or_default();
            greeting.push_str(&line.unwrap_or_else(|| panic!("the server ended: {}", read_log())));
            greeting.push('\n');
        }
        let address = greeting.lines().find_map(|line| line.strip_prefix("Listening on "));
        let url = address.unwrap_or_else(|| panic!("no address: {greeting}")).to_owned();
        Server { process, url, greeting, log, _printed: lines }
    }

    /// The API key in the greeting.
    #[track_caller]
    pub fn demo_key(&self) -> String {
        let is_key = |line: &&str| line.trim().starts_with("seam_");
        self.greeting.lines().find(is_key).unwrap_or_else(|| panic!("no key: {}", self.greeting)).trim().to_owned()
    }

    /// Whether the server created the demo.
    pub fn has_demo(&self) -> bool {
        self.greeting.contains("seam_")
    }

    /// A client with a key.
    pub fn client(&self, key: &str) -> Client {
        Client::new(&self.url).bearer(key)
    }

    pub fn address(&self) -> &str {
        self.url.split_once("://").map_or("", |(_, address)| address)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is there")
    }

    pub fn pid(&self) -> Pid {
        let pid = self.process.id().expect("not waited for yet");
        Pid::from_raw(pid.try_into().expect("a pid fits"))
    }

    /// Resident memory, in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> usize {
        self.status("VmRSS:")
    }

    /// Most resident memory that it ever had, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        self.status("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn status(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux reports it");
        line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    pub async fn ended(mut self) -> ExitStatus {
        timeout(TIMEOUT, self.process.wait()).await.expect("it ends").expect("it is our child")
    }

    /// Stops it with SIGTERM; returns its log.
    pub async fn stop(self) -> String {
        let log = self.log.clone();
        self.signal(Signal::SIGTERM);
        assert_eq!(self.ended().await.code(), Some(0));
        fs::read_to_string(log).expect("the log is there")
    }
}
