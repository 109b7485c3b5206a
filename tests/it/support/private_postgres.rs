//! Temporary directories, a service with a private Postgres in its own process, and waits with a deadline.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use handset::postgres::{self, Cluster, Durability, Settings, StartError};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Longer than anything here takes on a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(2);

/// A directory that the Postgres user can enter, removed at the end of the test.
pub struct TestDir {
    dir: TempDir,
}

impl TestDir {
    pub fn new() -> Self {
        // Not in TMPDIR, which may be too long for a socket.
        let dir = tempfile::tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("it is ours");
        Self { dir }
    }

    /// With a cluster that has no tables yet, as administrative commands need one.
    pub async fn with_empty_database() -> Self {
        let test_dir = Self::new();
        postgres::start(test_dir.disposable()).await.expect("Postgres starts").stop().await;
        test_dir
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn cluster(&self) -> PathBuf {
        self.data().join("postgres")
    }

    pub fn durable(&self) -> Settings {
        Settings { data_dir: self.data(), durability: Durability::Durable }
    }

    pub fn disposable(&self) -> Settings {
        Settings { data_dir: self.data(), durability: Durability::Disposable }
    }

    /// Pid of the postmaster, if its file says that it is ready.
    pub fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.parse().ok()?;
        (text.lines().nth(7)?.trim() == "ready").then(|| Pid::from_raw(pid))
    }

    /// Whether any process has its working directory in here.
    pub fn is_busy(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else {
            return self.postmaster().is_some_and(alive);
        };
        processes
            .flatten()
            .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
            .any(|cwd| cwd.starts_with(self.path()))
    }
}

impl Drop for TestDir {
    /// Waits for Postgres to exit; a directory that is written to while it is removed stays.
    fn drop(&mut self) {
        let deadline = Instant::now() + TIMEOUT;
        while self.is_busy() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
    }
}

/// The built program with a private Postgres, in its own process and process group.
pub struct Service {
    process: Child,
    pub url: String,
    log: PathBuf,
}

impl Service {
    pub async fn start(test_dir: &TestDir) -> Self {
        Self::start_with(Self::command(test_dir), test_dir).await
    }

    /// The start command, for a test to amend.
    pub fn command(test_dir: &TestDir) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handset"));
        command.args(["dev-db", "--log", "info", "--data-dir"]).arg(test_dir.data());
        command
    }

    pub async fn start_with(mut command: Command, test_dir: &TestDir) -> Self {
        let log = test_dir.path().join("service.log");
        let stderr = fs::File::options().create(true).append(true).open(&log).expect("a log");
        let mut process = command
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let line = timeout(TIMEOUT, lines.next_line()).await.expect("in time").expect("readable");
        let log_text = fs::read_to_string(&log).expect("the log is there");
        let line = line.unwrap_or_else(|| panic!("it ended without a URL: {log_text}"));
        let url = line.strip_prefix("DATABASE_URL=").expect("the one line on stdout").to_owned();
        Self { process, url, log }
    }

    pub fn pid(&self) -> Pid {
        let pid = self.process.id().expect("not waited for yet");
        Pid::from_raw(pid.try_into().expect("a pid fits"))
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the service runs");
    }

    pub async fn terminate(self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }

    pub async fn kill(self) {
        self.signal(Signal::SIGKILL);
        self.ended().await;
    }

    pub async fn ended(mut self) -> ExitStatus {
        timeout(TIMEOUT, self.process.wait()).await.expect("it ends").expect("it is our child")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is there")
    }
}

impl Drop for Service {
    /// Kills the process group, because the service may be the child of a script. Its Postgres ends by itself.
    fn drop(&mut self) {
        if self.process.id().is_some() {
            let _ = killpg(self.pid(), Signal::SIGKILL);
        }
    }
}

/// Polls until a condition holds.
pub async fn until(what: &str, mut true_now: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !true_now() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(POLL).await;
    }
}

/// Polls until an asynchronous condition holds.
pub async fn until_async(what: &str, mut true_now: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !true_now().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(POLL).await;
    }
}

/// Starts as soon as the previous service releases the directory.
pub async fn start_when_free(test_dir: &TestDir) -> Cluster {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match postgres::start(test_dir.disposable()).await {
            Err(StartError::InUse { .. }) if Instant::now() < deadline => sleep(POLL).await,
            started => return started.expect("the directory is fit to start in"),
        }
    }
}

/// Whether a process runs and is not a zombie.
pub fn alive(pid: Pid) -> bool {
    let args = ["-o", "stat=", "-p", &pid.to_string()];
    let returned = std::process::Command::new("ps").args(args).output().expect("ps runs").stdout;
    !returned.is_empty() && !returned.starts_with(b"Z")
}

/// The first column of the first row; empty if there is none.
pub async fn query(url: &str, sql: &str) -> String {
    let mut connection =
        timeout(TIMEOUT, PgConnection::connect(url)).await.expect("in time").expect("Postgres accepts connections");
    let row: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(&mut connection).await.expect("the statement is right");
    connection.close().await.expect("the connection still stands");
    row.unwrap_or_default()
}
