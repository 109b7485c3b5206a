//! The binary: parses the command line and runs the command.

use handset::cli::CommandLine;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Requests make many small allocations, for which mimalloc is faster than the system allocator.
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
