//! A child process that does not outlive this one: it is signalled to stop when this process dies for any reason, and the
//! lock is held until it has exited. Its output is forwarded to the log; the last lines are kept for error messages.

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

/// The signals that stop Postgres, each with a timeout: fast shutdown (disconnects clients, writes a checkpoint),
/// immediate shutdown, kill. SIGTERM, smart shutdown, is not used because it waits for clients to disconnect.
pub(super) const LADDER: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(10)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// Maximum number of output lines in an error message.
const LAST_WORDS: usize = 20;

/// A Postgres process that this process started.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    exit: watch::Receiver<Option<ExitStatus>>,
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Closed at the end of the output.
    printing: watch::Receiver<()>,
}

impl Child {
    /// Starts `command`. The forking thread lives until the process has exited, because Linux sends the parent death signal
    /// when the forking *thread* dies.
    pub fn spawn(mut command: Command, lock: &Lock) -> io::Result<Self> {
        let (output, input) = io::pipe()?;
        command.stdout(input.try_clone()?).stderr(input);
        // Its own process group, so that Ctrl-C on a terminal signals only this process, which stops the child in order.
        command.process_group(0);
        end_with_us(&mut command);

        let (told, pid) = mpsc::channel();
        let (exited, exit) = watch::channel(None);
        let lock = lock.clone();
        thread::Builder::new().name("postgres-wait".to_owned()).spawn(move || {
            let spawned = command.spawn();
            // The command holds the pipe's write ends; the output has no end while they are open.
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
            // Fails only if the child was reaped elsewhere, so it has exited.
            let status = process.wait().unwrap_or(ExitStatus::from_raw(0xff00));
            // Released before the exit is announced, so that waiters can take the lock.
            drop(lock);
            let _ = exited.send(Some(status));
        })?;
        let pid = pid.recv().expect("the thread sends the pid before it ends")?;

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

    /// Resolves when the process has exited.
    pub async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        status.expect("the waiting thread sends the status before it ends")
    }

    /// Sends the signals of [`LADDER`] in turn until the process has exited.
    pub async fn stop(&self) -> ExitStatus {
        for (signal, patience) in LADDER {
            self.signal(signal);
            match timeout(patience, self.exited()).await {
                Ok(status) => return status,
                Err(_) => tracing::warn!(pid = %self.pid, %signal, "Postgres did not stop in time"),
            }
        }
        self.exited().await
    }

    /// The last lines that the process printed.
    pub async fn last_words(&self) -> String {
        // The output ends when all processes with the pipe have exited. An orphan may linger, hence the timeout.
        let _ = timeout(Duration::from_millis(500), self.printing.clone().changed()).await;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn signal(&self, signal: Signal) {
        // The pid of a reaped process may be reused.
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

/// Makes the kernel signal the child when this process dies. macOS lacks this: there the next start ends leftovers.
fn end_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use nix::errno::Errno;
        use nix::sys::prctl::set_pdeathsig;
        use nix::unistd::{getpid, getppid};

        let us = getpid();
        let ask = move || {
            set_pdeathsig(LADDER[0].0)?;
            // If the parent died before `prctl`, no signal is sent.
            if getppid() != us { Err(Errno::ESRCH.into()) } else { Ok(()) }
        };
        // SAFETY: between fork and exec only async-signal-safe calls are allowed, and no allocation. `ask` makes two
        // system calls and builds errors from their numbers. It runs after setuid, which would clear the signal.
        #[expect(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
        unsafe {
            command.pre_exec(ask)
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Reads lines, even invalid UTF-8, until the pipe is closed: Postgres would block if its output were not read.
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

/// Logs a line of Postgres at the matching level. Errors of client backends are at debug: this process is the client and
/// receives them as errors.
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
