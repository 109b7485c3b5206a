//! The built program on a terminal: a pseudo-terminal of a given width, and what a person types.

use super::wait::TIMEOUT;
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// Exit code, and everything that the terminal showed.
#[derive(Debug)]
pub struct Shown {
    pub code: Option<i32>,
    pub text: String,
}

/// Runs a command on a terminal of this many columns. Each text that it asks with gets its answer, in order.
pub async fn on_terminal(mut command: Command, columns: u16, answers: &[(&str, &str)]) -> Shown {
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
    let end = || Stdio::from(pty.slave.try_clone().expect("a file descriptor"));
    command.stdin(end()).stdout(end()).stderr(end()).env("TERM", "xterm-256color");
    let mut process = command.spawn().expect("the program runs");
    drop((command, pty.slave));
    let master = File::from(pty.master);
    let mut input = tokio::fs::File::from_std(master.try_clone().expect("a file descriptor"));
    let mut output = tokio::fs::File::from_std(master);
    let (mut bytes, mut answers, mut seen) = (Vec::new(), answers.iter(), 0);
    let mut next = answers.next();
    let conversation = async {
        let mut buffer = [0; 4096];
        // Linux reports EIO when the program has closed its end.
        while let Ok(count @ 1..) = output.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&bytes[seen..]).into_owned();
            if let Some((_, answer)) = next.filter(|(question, _)| text.contains(question)) {
                seen = bytes.len();
                next = answers.next();
                input.write_all(format!("{answer}\n").as_bytes()).await.expect("it reads");
                input.flush().await.expect("it reads");
            }
        }
    };
    timeout(TIMEOUT, conversation).await.expect("it ends in time");
    let status = timeout(TIMEOUT, process.wait()).await.expect("it ends in time").expect("it is our child");
    assert!(next.is_none(), "not asked: {next:?}: {}", String::from_utf8_lossy(&bytes));
    Shown { code: status.code(), text: String::from_utf8(bytes).expect("it prints text") }
}
