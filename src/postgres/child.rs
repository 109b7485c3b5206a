//! A process that does not outlive us: it is told to stop when this process dies, however that happens, and the lock is
//! held until it has ended. What it prints becomes our log, with the last lines kept for error messages.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;
use tokio::time::timeout;

use super::home::Lock;

/// How Postgres is asked to end, and how long each request is given: cut off the clients and write everything out;
/// leave at once; be killed. The gentlest signal, SIGTERM, is not here because it waits for clients to go.
pub(super) const LADDER: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(10)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// How many lines an error message quotes.
const LAST_WORDS: usize = 20;

/// A process of Postgres that we started.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    exit: watch::Receiver<Option<ExitStatus>>,
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Closed when nothing more will be printed.
    printing: watch::Receiver<()>,
}

impl Child {
    /// Starts `command`. The thread that forks stays until the process has ended, because Linux signals the death of
    /// the parent when the forking *thread* dies.
    pub fn spawn(mut command: Command, lock: &Lock) -> io::Result<Self> {
        let (output, input) = io::pipe()?;
        command.stdout(input.try_clone()?).stderr(input);
        // Its own group, so that Ctrl-C on a terminal reaches us and we choose when it stops.
        command.process_group(0);
        end_with_us(&mut command);

        let (told, pid) = mpsc::channel();
        let (exited, exit) = watch::channel(None);
        let lock = lock.clone();
        thread::Builder::new().name("postgres-wait".to_owned()).spawn(move || {
            let spawned = command.spawn();
            // It holds our copies of the pipe's end; while they are open, the output has none.
            drop(command);
            let mut process = match spawned {
                Ok(process) => process,
                Err(error) => {
                    let _ = told.send(Err(error));
                    return;
                }
            };
            let pid = i32::try_from(process.id()).expect("a process id fits in pid_t");
            let _ = told.send(Ok(Pid::from_raw(pid)));
            // Waiting fails only if somebody else has reaped it, and then it has ended, too.
            let status = process.wait().unwrap_or(ExitStatus::from_raw(0xff00));
            // First the lock, so that whoever hears of the end can take it.
            drop(lock);
            let _ = exited.send(Some(status));
        })?;
        let pid = pid.recv().expect("the thread sends before it ends")?;

        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let (open, printing) = watch::channel(());
        let child = Self { pid, exit, lines, printing };
        thread::Builder::new().name("postgres-log".to_owned()).spawn(move || {
            forward(output, &kept);
            drop(open);
        })?;
        Ok(child)
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Resolves when the process has ended.
    pub async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        status.expect("the waiting thread tells the status before it ends")
    }

    /// Asks the process to end, ever less politely, until it has.
    pub async fn stop(&self) -> ExitStatus {
        for (signal, patience) in LADDER {
            self.signal(signal);
            match timeout(patience, self.exited()).await {
                Ok(status) => return status,
                Err(_) => tracing::warn!(pid = %self.pid, %signal, "Postgres does not stop"),
            }
        }
        self.exited().await
    }

    /// The last lines that the process printed.
    pub async fn last_words(&self) -> String {
        // All has been printed when all who can print are gone. An orphan may linger, so there is a limit.
        let _ = timeout(Duration::from_millis(500), self.printing.clone().changed()).await;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn signal(&self, signal: Signal) {
        // Once it is reaped its pid is anybody's.
        if self.exit.borrow().is_none() {
            let _ = kill(self.pid, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(LADDER[0].0);
    }
}

/// Has the kernel stop the process when we die. macOS has no such thing: there the next start does it.
fn end_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use nix::errno::Errno;
        use nix::sys::prctl::set_pdeathsig;
        use nix::unistd::{getpid, getppid};

        let us = getpid();
        let ask = move || {
            set_pdeathsig(LADDER[0].0)?;
            // If we died before that line, no signal comes any more.
            if getppid() != us { Err(Errno::ESRCH.into()) } else { Ok(()) }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed, and no allocation. `ask` makes two
        // system calls and builds errors from their numbers. It runs after the change of user, which would undo it.
        #[expect(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
        unsafe {
            command.pre_exec(ask)
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Reads lines until nobody can write any, whatever they consist of: if we stopped reading, Postgres would block.
fn forward(output: PipeReader, kept: &Mutex<VecDeque<String>>) {
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        log(&line);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == LAST_WORDS {
            kept.pop_front();
        }
        kept.push_back(line);
        bytes.clear();
    }
}

/// Gives a line of Postgres the level that it has for us. A backend tells its client what went wrong, and the client
/// is us, so that is no news.
fn log(line: &str) {
    let says = |severity: &str| line.contains(&format!("{severity}:  "));
    if line.starts_with("client backend: ") {
        tracing::debug!(target: "postgres", "{line}");
    } else if says("PANIC") || says("FATAL") {
        tracing::error!(target: "postgres", "{line}");
    } else if says("ERROR") || says("WARNING") {
        tracing::warn!(target: "postgres", "{line}");
    } else {
        tracing::debug!(target: "postgres", "{line}");
    }
}
