//! The processes of a node of the Citus cluster, which are on this machine: they are signalled, killed and started again.

use super::citus::connect;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection, Executor, PgConnection, Row};
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longer than a recovery takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);

pub struct Node {
    url: String,
    postmaster: i32,
    command: StartCommand,
    /// Files that name the postmaster while it runs.
    locks: Vec<PathBuf>,
}

/// How the postmaster was started, by whichever program.
struct StartCommand {
    program: PathBuf,
    arguments: Vec<String>,
    user: u32,
    group: u32,
    log: PathBuf,
}

impl StartCommand {
    fn of(postmaster: i32) -> StartCommand {
        let process = PathBuf::from(format!("/proc/{postmaster}"));
        let words = fs::read_to_string(process.join("cmdline")).expect("the node runs on this machine");
        let words = words.trim_end_matches('\0').split('\0').skip(1).map(str::to_owned);
        let owner = fs::metadata(&process).expect("it runs");
        StartCommand {
            program: fs::read_link(process.join("exe")).expect("this user may start it again"),
            arguments: words.collect(),
            user: owner.uid(),
            group: owner.gid(),
            log: fs::read_link(process.join("fd/2")).expect("it has a log"),
        }
    }

    fn run(&self) -> Child {
        let log = || File::options().append(true).open(&self.log).map_or_else(|_| Stdio::null(), Stdio::from);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().stdin(Stdio::null()).stdout(log()).stderr(log());
        command.uid(self.user).gid(self.group).process_group(0).spawn().expect("Postgres runs")
    }
}

impl Node {
    /// The node of this URL, by a superuser.
    pub async fn of(url: &str) -> Node {
        let mut connection = connect(url).await;
        let file = connection.fetch_one("select pg_read_file('postmaster.pid')").await.expect("a superuser");
        let file: String = file.get(0);
        // Process id, data directory, start time, port, directory of the socket.
        let [pid, data, _, port, sockets] = file.lines().take(5).collect::<Vec<_>>()[..] else {
            panic!("too short: {file}")
        };
        let postmaster = pid.parse().expect("a process id");
        let socket = format!("{sockets}/.s.PGSQL.{port}");
        let locks = [format!("{data}/postmaster.pid"), format!("{socket}.lock"), socket].map(PathBuf::from).into();
        Node { url: url.to_owned(), postmaster, command: StartCommand::of(postmaster), locks }
    }

    /// Signals all processes, the postmaster first, so that it starts no others.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.postmaster), signal).expect("the node runs on this machine, and may be signalled");
        for child in self.children() {
            let _ = kill(Pid::from_raw(child), signal);
        }
    }

    fn children(&self) -> Vec<i32> {
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc").expect("a Linux machine") {
            let name = entry.expect("an entry").file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            // The name of the program, in parentheses, may contain anything.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            if parent == Some(self.postmaster) {
                children.push(pid);
            }
        }
        children
    }

    pub fn hang(&self) -> Hanging<'_> {
        self.signal(Signal::SIGSTOP);
        Hanging(self)
    }

    /// Kills all processes with SIGKILL.
    pub fn kill(&mut self) {
        let children = self.children();
        self.signal(Signal::SIGKILL);
        self.reap();
        // The next postmaster refuses to start while one of them uses the shared memory.
        while children.iter().any(|pid| is_running(*pid)) {
            thread::sleep(POLL);
        }
    }

    /// Stops it if it runs, without waiting for its clients.
    pub fn shut_down(&mut self) {
        if self.is_running() {
            kill(Pid::from_raw(self.postmaster), Signal::SIGINT).expect("it may be signalled");
            self.reap();
        }
    }

    pub async fn restart(&mut self) {
        self.shut_down();
        self.start();
        until_accepted(&self.url).await;
    }

    fn start(&mut self) {
        self.postmaster = self.command.run().id().try_into().expect("a pid fits");
    }

    fn is_running(&self) -> bool {
        is_running(self.postmaster)
    }

    /// Waits for a postmaster that this process has started. Another parent may leave it as a zombie, which the next
    /// postmaster would take for a running one.
    fn reap(&self) {
        if waitpid(Pid::from_raw(self.postmaster), None).is_err() {
            while self.is_running() {
                thread::sleep(POLL);
            }
            for lock in &self.locks {
                let _ = fs::remove_file(lock);
            }
        }
    }
}

/// Waits until the node of this URL accepts connections.
async fn until_accepted(url: &str) {
    let options: PgConnectOptions = url.parse().expect("a URL of Postgres");
    let options = options.ssl_mode(PgSslMode::Disable);
    let deadline = Instant::now() + TIMEOUT;
    while PgConnection::connect_with(&options).await.is_err() {
        assert!(Instant::now() < deadline, "the node accepts connections again");
        sleep(POLL).await;
    }
}

impl Drop for Node {
    /// A failed test may have killed it.
    fn drop(&mut self) {
        if !self.is_running() {
            self.reap();
            self.start();
            let url = self.url.clone();
            // A thread, since the runtime of the test may be ending.
            let waiting = thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(until_accepted(&url));
            });
            let _ = waiting.join();
        }
    }
}

/// A node that hangs until this is dropped.
pub struct Hanging<'n>(&'n Node);

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.signal(Signal::SIGCONT);
    }
}

fn is_running(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
