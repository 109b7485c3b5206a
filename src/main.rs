//! The binary: parses the command line and runs the command.

use handset::cli::CommandLine;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Requests make many small allocations, for which mimalloc is faster than the system allocator.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

#[expect(clippy::print_stderr, reason = "the message is for the terminal; with the log off it would be lost")]
fn main() -> ExitCode {
    let command = CommandLine::read();
    if command.uses_private_postgres() {
        forget_variables_of_libpq();
    }
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads for the runtime");
    let outcome = runtime.block_on(command.run());
    // Does not wait for a read of standard input that no one ends.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handset: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Removes the variables from which a Postgres client takes what a URL leaves open, as PGPORT and PGOPTIONS: they are for
/// another Postgres than the private one.
fn forget_variables_of_libpq() {
    let names = std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"PG"));
    for name in names.collect::<Vec<_>>() {
        // SAFETY: the runtime has not started, so this is the only thread.
        #[expect(unsafe_code, reason = "sqlx reads these variables, and has no option for that")]
        unsafe {
            std::env::remove_var(name);
        }
    }
}
