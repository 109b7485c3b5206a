//! The benchmark: `cargo bench`. It starts a private Postgres with durable settings, loads a registry, starts the release
//! build of the server, and measures each operation over keep-alive HTTP.
//!
//! ```text
//! cargo bench                                  all operations, with 100,000 phones
//! cargo bench -- --only get,list --rounds 9    two operations, with more rounds
//! cargo bench -- --phones 1000000 --json       more phones, results as JSON
//! cargo bench -- --workspaces 1 --flush-delay 1000 --only deactivate,create
//!                                              writes of one workspace, with flushes of a millisecond more
//! cargo bench -- --check --only get            against the committed ratios, before and after a change
//! cargo bench -- --growth                      10,000 phones against 1,000,000, 1,000 contacts against 100,000
//! cargo bench -- --soak 10                     ten minutes of load, with samples of memory
//! cargo bench -- --against target/before       this build and another one, interleaved
//! cargo bench -- --remote 500                  Postgres half a millisecond away, and two servers
//! cargo bench -- --neighbours                  one tenant while others make noise of each kind
//! ```
//!
//! A rate alone depends more on the machine than on the server. So each operation is interleaved with **references**,
//! round by round, and the result is the ratio:
//!
//! * **ceiling**: the server's own listener, routes, edge and log line, with a handler that returns recorded bytes of the
//!   operation's response. The difference is the cost of handlers and database. The CORS layer belongs to the dialect and
//!   is left out, which makes the ceiling slightly higher.
//! * **pgbench** with 1, 8 and 32 clients: Postgres's own load generator runs the statements of the operation as prepared
//!   statements on the same socket, without HTTP or JSON. Their text is read from the committed sqlx offline data, so
//!   pgbench looks up the API key where the server does. Ids are built from numbers within the statement, since pgbench has
//!   random numbers only, which costs about 1 %; null parameters are literals, so that Postgres can simplify the statement
//!   once, which no other client could achieve.
//! * **minimal**, for writes: the smallest durable transaction of the same effect, also by pgbench: the row, its event in
//!   order and its audit row. The server's own statement flatters it.
//! * **keyless**: the same with statements that do not look up the key, where the server has one.
//! * **plain**: the straightforward way to get a phone with the same libraries: one pooled connection, a query for the
//!   token and one for the phone, no log and no edge.
//! * **the generator** alone, against a program that returns the same bytes for each request: an operation near this rate
//!   measures the generator, not the server.
//!
//! Server and references are separate processes, so CPU and memory are read from the system for each; all share the
//! machine's cores with Postgres and the generator, on both sides of a ratio. The server's log is written as usual, to
//! /dev/null. Latency counts from when a request was due. At half of the top rate, requests are due at even intervals, and
//! the ceiling is timed at the same rate, which shows what the machine adds; slices of time in which other programs used
//! much CPU are reported separately, and targets are judged by the other slices. Operations that write find the same
//! registry each time: their effects are counted in the database, compared with the responses, and undone.
//!
//! `cargo test` runs all this briefly on a Postgres without durability, and checks responses, not times.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the rules of clock, randomness and outbound requests are for the server"
)]
#![allow(clippy::too_many_lines, reason = "statements that fill tables are long; files are limited")]
#![allow(unsafe_code, reason = "see `environment`")]

mod builds;
mod comparison;
mod contacts;
mod delay_proxy;
mod environment;
mod generator;
mod growth;
mod loading;
mod minimal;
mod neighbours;
mod operations;
mod pgbench;
mod ratios;
mod references;
mod registry;
mod remote;
mod report;
mod settings;
mod soak;
mod steady;
mod trial;
mod usage;
mod workbench;

use environment::Environment;
use mimalloc::MiMalloc;
use settings::Settings;
use std::process::ExitCode;
use std::time::Duration;

/// The server's allocator, so that the references use it, too.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if references::is_one() {
        references::serve().expect("a reference serves until it is killed");
        return ExitCode::SUCCESS;
    }
    // `cargo bench` passes this flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        return trial::run();
    }
    if bench(&Settings::read()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a report. False if a check has failed.
fn bench(settings: &Settings) -> bool {
    let environment = Environment::start(settings.durability(), settings.flush_delay);
    let (json, text) = if settings.growth {
        let growth = growth::run(&environment, settings);
        (serde_json::json!(growth), growth.text())
    } else if let Some(minutes) = settings.soak {
        let soak = soak::run(&environment, settings, Duration::from_secs(minutes * 60));
        (serde_json::json!(soak), soak.text())
    } else if settings.neighbours {
        let neighbours = neighbours::run(&environment, settings);
        (serde_json::json!(neighbours), neighbours.text())
    } else if let Some(delay) = settings.remote {
        let remote = remote::run(&environment, settings, delay);
        (serde_json::json!(remote), remote.text())
    } else if let Some(program) = &settings.against {
        let builds = builds::run(&environment, settings, program);
        (serde_json::json!(builds), builds.text())
    } else {
        let report = comparison::run(&environment, settings);
        if settings.accept {
            ratios::accept(&report);
        }
        if settings.check {
            let check = ratios::check(&report);
            print!("{}", check.text);
            return check.is_passed;
        }
        (report.json(), report.text())
    };
    if settings.json {
        println!("{json:#}")
    } else {
        print!("{text}")
    }
    true
}
