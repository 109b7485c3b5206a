//! Environment of a run: a private Postgres in the build directory, which ends with the run however that ends, a database
//! in it, and the measured programs, each a separate process so that its cost can be read from the system.

use handset::postgres::{self, Cluster, Durability, Settings, StartError};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Seal key of the databases, which hold no secrets.
pub const SEAL_KEY: &str = "dGhpcyBrZXkgc2VhbHMgdGhlIHRlc3RzJyBzZWNyZXQ=";

/// Startup timeout of a program; a debug build on a busy machine is slow.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// Prefix of the database names.
const PREFIX: &str = "load_";

/// A running private Postgres.
pub struct Environment {
    runtime: Arc<Runtime>,
    /// `None` only during drop.
    cluster: Option<Cluster>,
    url: String,
}

impl Environment {
    /// Starts Postgres in the first directory that no other run uses, and drops databases of earlier runs. Each flush takes
    /// `flush_delay` microseconds longer; transactions that wait for it share the next one, as they do for a disk.
    pub fn start(durability: Durability, flush_delay: u32) -> Environment {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.expect("a runtime starts"));
        let cluster = runtime.block_on(start(durability));
        let environment = Environment { url: cluster.url(), cluster: Some(cluster), runtime };
        let mut postgres = environment.connect("postgres");
        for left in postgres.texts(&format!("select datname from pg_database where starts_with(datname, '{PREFIX}')")) {
            postgres.execute(&format!("drop database {left} with (force)"));
        }
        for setting in [format!("commit_delay = {flush_delay}"), "commit_siblings = 0".to_owned()] {
            postgres.execute(&format!("alter system set {setting}"));
        }
        postgres.execute("select pg_reload_conf()");
        environment
    }

    /// Creates an empty database.
    pub fn database(&self, name: &str) -> Database {
        let name = format!("{PREFIX}{name}");
        self.connect("postgres").execute(&format!("create database {name}"));
        self.connect(&name)
    }

    fn connect(&self, name: &str) -> Database {
        let (place, settings) = self.url.split_once("/postgres?").expect("the URL of the private Postgres");
        self.at(&format!("{place}/{name}?{settings}"))
    }

    /// A database by another URL.
    pub fn at(&self, url: &str) -> Database {
        let url = url.to_owned();
        let connection = self.runtime.block_on(PgConnection::connect(&url)).expect("Postgres accepts connections");
        Database { url, runtime: Arc::clone(&self.runtime), connection }
    }

    /// Process id of the postmaster.
    pub fn postmaster(&self) -> u32 {
        self.cluster.as_ref().map_or(0, Cluster::pid)
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.stop());
        }
    }
}

async fn start(durability: Durability) -> Cluster {
    let name = if durability == Durability::Durable { "handset-load" } else { "handset-load-brief" };
    let homes = |base: PathBuf| (0..8).map(move |number| base.join(format!("{name}-{number}")));
    let mut homes = homes(PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).chain(homes(std::env::temp_dir()));
    loop {
        let data_dir = homes.next().expect("a directory is free and accessible");
        match postgres::start(Settings { data_dir, durability }).await {
            // If Postgres's user cannot enter the build directory, the fallback is the temporary directory.
            Err(StartError::InUse { .. } | StartError::Barred { .. }) => {}
            started => return started.unwrap_or_else(|fault| panic!("{fault}")),
        }
    }
}

/// A database, and a connection to it.
pub struct Database {
    pub url: String,
    runtime: Arc<Runtime>,
    connection: PgConnection,
}

impl Database {
    pub fn execute(&mut self, sql: &str) {
        let done = self.runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection));
        done.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    }

    pub fn count(&mut self, sql: &str) -> u64 {
        let counted = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(&mut self.connection);
        let counted = self.runtime.block_on(counted).unwrap_or_else(|fault| panic!("{sql}: {fault}"));
        u64::try_from(counted).expect("a count is not negative")
    }

    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection);
        self.runtime.block_on(found).unwrap_or_else(|fault| panic!("{sql}: {fault}"))
    }
}

/// A listening program. It is killed on drop; on Linux also when this process dies without a drop.
pub struct Program {
    process: Child,
    pub address: SocketAddr,
}

impl Program {
    /// The server, in the same build profile as this program, with further arguments. Its log is written, to /dev/null.
    pub fn handset(database: &Database, arguments: &[&str]) -> Program {
        let migrated =
            handset(database).arg("migrate").stdout(Stdio::null()).status().expect("the server's program starts");
        assert!(migrated.success(), "migration failed; the server's error is above");
        let mut command = handset(database);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-demo"]).args(arguments);
        Program::start(command, b"")
    }

    /// The server on a migrated database, by its URL.
    pub fn on(url: &str) -> Program {
        let mut command = build(Path::new(env!("CARGO_BIN_EXE_handset")), url);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-demo"]);
        Program::start(command, b"")
    }

    /// Another build of the server, on a migrated database.
    pub fn build(program: &Path, database: &Database) -> Program {
        let mut command = build(program, &database.url);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-demo"]);
        Program::start(command, b"")
    }

    /// Starts a program that first prints its address, and writes its standard input.
    pub fn start(mut command: Command, input: &[u8]) -> Program {
        end_with_us(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
        let mut stdin = process.stdin.take().expect("the stream is piped");
        let stdout = process.stdout.take().expect("the stream is piped");
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // Read to the end, so that the program never blocks on a full pipe.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let written = stdin.write_all(input);
        drop(stdin);
        let first = written.ok().and_then(|()| receiver.recv_timeout(STARTUP_TIMEOUT).ok());
        let address = first.as_deref().and_then(|line| line.strip_prefix("Listening on http://"));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let _ = process.kill();
            panic!("{command:?} does not listen; first line {first:?}, {:?}", process.wait());
        };
        Program { process, address }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Command of the server on a database, without settings from the environment.
fn handset(database: &Database) -> Command {
    build(Path::new(env!("CARGO_BIN_EXE_handset")), &database.url)
}

fn build(program: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HANDSET_") {
            command.env_remove(name);
        }
    }
    command.env("DATABASE_URL", url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    command
}

/// Makes the kernel kill the program when the thread that starts it, the main one, ends.
fn end_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use nix::errno::Errno;
        use nix::sys::prctl::set_pdeathsig;
        use nix::sys::signal::Signal;
        use nix::unistd::{getpid, getppid};
        use std::os::unix::process::CommandExt;
        let us = getpid();
        let ask = move || {
            set_pdeathsig(Signal::SIGKILL)?;
            // If the parent died before that call, no signal is sent.
            if getppid() != us { Err(Errno::ESRCH.into()) } else { Ok(()) }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed, and no allocation. `ask` makes two system
        // calls and builds errors from their numbers.
        unsafe { command.pre_exec(ask) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}
