//! The benchmark: `cargo bench`. One command starts a private Postgres with durable settings, loads a registry, starts the
//! release build of the server, and drives each operation over keep-alive HTTP.
//!
//! ```text
//! cargo bench                                  everything, with 100,000 phones
//! cargo bench -- --only get,list --rounds 9    some of it, longer
//! cargo bench -- --phones 1000000 --json       more phones, and figures for programs
//! cargo bench -- --growth                      10,000 phones against 1,000,000, 1,000 contacts against 100,000
//! cargo bench -- --soak 10                     ten minutes of load, with an eye on memory
//! ```
//!
//! A rate by itself says more of the machine than of the server. So every operation is measured beside **references**, in
//! turn and round by round, and what counts is the ratio:
//!
//! * **ceiling**: the server's own listener, routes, edge and log line, in which the handler has the very bytes of the
//!   operation's answer ready. What lies between is what handlers and the database cost. The layer that opens answers to
//!   web pages of other origins is the dialect's own and left out, which makes the ceiling a little higher.
//! * **pgbench** with 2, 8 and 32 clients: Postgres's own load generator runs the statements of the operation as prepared
//!   statements on the same socket, without any HTTP or JSON. Their text is read from the committed descriptions of the
//!   server's statements, so where those look up the API key, pgbench does. Ids are put together from numbers within the
//!   statement, since pgbench has no other random values than numbers, which costs it about a hundredth; which parameters are
//!   null stands in the statement, so that Postgres can simplify it once and for all, which no other client could have it do.
//! * **keyless**: the same with statements that need no key, where the server has one for that, too.
//! * **plain**: the obvious way to get a phone with the same libraries, one pooled connection, a query for the token and one
//!   for the phone, and neither log nor edge.
//! * **the generator** by itself, against a program that answers everything with the same bytes: if an operation comes near
//!   to this, it was not the server that was measured.
//!
//! Server and references are processes of their own, so CPU and memory are read off the system for each; all share the
//! machine's cores with Postgres and with the generator, as the ratios' two sides do alike. The server's log is written as
//! always, to where it costs least. Latency counts from when a request was due. At half of the top rate they are due at even
//! intervals, and the ceiling is timed at that same rate, which shows what the machine adds; slices of that time in which
//! programs that have no part in this took much of the processors are told apart, and what is to be reached is judged by the
//! others. Operations that write find the same registry each time: what they have done is counted in the database, held
//! against what was answered, and put right.
//!
//! `cargo test` runs all this for a moment on a Postgres that need not survive it, and judges answers and not times.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the rules of clock, randomness and outbound requests are for the server"
)]
#![allow(clippy::too_many_lines, reason = "statements that fill tables are long; files are limited")]
#![allow(unsafe_code, reason = "see `stage`")]

mod comparison;
mod contacts;
mod generator;
mod growth;
mod loading;
mod operations;
mod pgbench;
mod references;
mod registry;
mod report;
mod scene;
mod settings;
mod soak;
mod stage;
mod steady;
mod trial;
mod usage;

use mimalloc::MiMalloc;
use settings::Settings;
use stage::Stage;
use std::process::ExitCode;
use std::time::Duration;

/// As the server has it, so that the references have it, too.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if references::is_one() {
        references::serve().expect("a reference serves until it is killed");
        return ExitCode::SUCCESS;
    }
    // So says cargo, when it is to be a benchmark.
    if !std::env::args().any(|argument| argument == "--bench") {
        return trial::run();
    }
    bench(&Settings::read());
    ExitCode::SUCCESS
}

fn bench(settings: &Settings) {
    let stage = Stage::start(settings.durability());
    let (json, text) = if settings.growth {
        let growth = growth::run(&stage, settings);
        (serde_json::json!(growth), growth.text())
    } else if let Some(minutes) = settings.soak {
        let soak = soak::run(&stage, settings, Duration::from_secs(minutes * 60));
        (serde_json::json!(soak), soak.text())
    } else {
        let report = comparison::run(&stage, settings);
        (report.json(), report.text())
    };
    if settings.json { println!("{json:#}") } else { print!("{text}") }
}
