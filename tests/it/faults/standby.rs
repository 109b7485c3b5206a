//! A Postgres primary and a standby that follows it and can be promoted. They are created and run with Postgres's own
//! programs, as an operator would.

use crate::support::durable_postgres::Restart;
use crate::support::private_postgres::{TIMEOUT, TestDir, query, until_async};
use handset::postgres::binaries::Binaries;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User, chown};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// A Postgres on a local TCP port.
pub struct Postgres {
    pub port: u16,
    data: PathBuf,
    process: Child,
}

/// The user that Postgres runs as if this process is root, since Postgres refuses root.
pub fn owner() -> Option<User> {
    let root = Uid::effective().is_root();
    root.then(|| User::from_name("postgres").ok().flatten().or_else(|| User::from_name("nobody").ok().flatten()))
        .flatten()
}

/// One of Postgres's programs, run as that user.
pub fn program(name: &str) -> Command {
    let bin = Binaries::find(None).expect("Postgres is installed").postgres();
    let mut command = Command::new(bin.with_file_name(name));
    if let Some(user) = owner() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command.current_dir("/").env_remove("PGUSER").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

pub async fn run(mut command: Command) {
    let ended = tokio::time::timeout(TIMEOUT, command.status()).await.expect("it ends in time").expect("it runs");
    assert!(ended.success(), "{command:?}: {ended}");
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound").port()
}

impl Postgres {
    /// A new primary. Its commits wait for a standby once it has one.
    pub async fn primary(test_dir: &TestDir) -> Postgres {
        let data = owned(&test_dir.path().join("first"));
        let mut initdb = program("initdb");
        initdb
            .args(["--auth=trust", "--username=handset", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data);
        run(initdb).await;
        Postgres::start(data).await
    }

    /// A standby of another.
    pub async fn standby(test_dir: &TestDir, primary: &Postgres) -> Postgres {
        let data = owned(&test_dir.path().join("second"));
        let mut backup = program("pg_basebackup");
        let from = format!("host=127.0.0.1 port={} user=handset application_name=second", primary.port);
        backup.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname", &from, "-D"]).arg(&data);
        run(backup).await;
        let standby = Postgres::start(data).await;
        query(&primary.admin(), "alter system set synchronous_standby_names = 'second'").await;
        query(&primary.admin(), "select pg_reload_conf()::text").await;
        until_async("the standby has what the primary commits", async || {
            query(&primary.admin(), "select sync_state from pg_stat_replication").await == "sync"
        })
        .await;
        standby
    }

    async fn start(data: PathBuf) -> Postgres {
        Postgres::start_at(data, free_port()).await
    }

    async fn start_at(data: PathBuf, port: u16) -> Postgres {
        let mut command = program("postgres");
        command.arg("-D").arg(&data).args(["-c", &format!("port={port}")]);
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "wal_level=replica", "max_wal_senders=4"]
        {
            command.args(["-c", setting]);
        }
        let postgres = Postgres { port, data, process: command.spawn().expect("it runs") };
        until_async("Postgres is ready", async || postgres.accepts().await).await;
        postgres
    }

    async fn accepts(&self) -> bool {
        use sqlx::Connection;
        sqlx::PgConnection::connect(&self.admin()).await.is_ok()
    }

    /// The administrator's URL.
    pub fn admin(&self) -> String {
        format!("postgres://handset@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills it with SIGKILL.
    pub async fn kill(&mut self) {
        let pid = self.process.id().expect("it runs").try_into().expect("a pid fits");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is our child");
        self.process.wait().await.expect("it is our child");
    }

    /// Promotes a standby; returns how long that took. It waits for no standby of its own.
    pub async fn promote(&self) -> Duration {
        let began = Instant::now();
        query(&self.admin(), "alter system reset synchronous_standby_names").await;
        query(&self.admin(), "select pg_promote()::text").await;
        began.elapsed()
    }
}

impl Restart for Postgres {
    async fn restart_postgres(&mut self) {
        let pid = self.process.id().expect("it runs").try_into().expect("a pid fits");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("it is our child");
        tokio::time::timeout(TIMEOUT, self.process.wait()).await.expect("it ends in time").expect("it is our child");
        *self = Postgres::start_at(self.data.clone(), self.port).await;
    }
}

/// Creates a directory of the user that Postgres runs as.
pub fn owned(directory: &Path) -> PathBuf {
    fs::create_dir(directory).expect("a new directory");
    fs::set_permissions(directory, Permissions::from_mode(0o700)).expect("it is ours");
    owned_by_postgres(directory);
    directory.to_owned()
}

/// Creates a file of the user that Postgres runs as.
pub fn chown_to_postgres(file: &Path) {
    fs::write(file, "").expect("a new file");
    owned_by_postgres(file);
}

fn owned_by_postgres(path: &Path) {
    if let Some(user) = owner() {
        chown(path, Some(user.uid), Some(user.gid)).expect("root may change the owner");
    }
}

/// The URL of a database on any of these hosts.
pub fn url_of(hosts: &[&Postgres]) -> String {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("127.0.0.1:{}", host.port)).collect();
    format!("postgres://handset@{}/postgres?target_session_attrs=read-write", hosts.join(","))
}
