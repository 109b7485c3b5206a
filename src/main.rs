//! The binary: parse the command line and run what it says.

use handset::command::CommandLine;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Requests are many small pieces of memory, for which it is faster than the system's.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

#[expect(clippy::print_stderr, reason = "the message is for the terminal; with the log off it would be lost")]
#[tokio::main]
async fn main() -> ExitCode {
    match CommandLine::read().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handset: {error}");
            ExitCode::FAILURE
        }
    }
}
