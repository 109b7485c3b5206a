//! The binary: parse the command line and run what it says.

use handset::command::CommandLine;
use std::process::ExitCode;

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
