//! Command line.

use crate::{neighbours, operations};
use clap::Parser;
use handset::postgres::Durability;
use std::path::PathBuf;
use std::time::Duration;

/// Measures the server on a private Postgres, beside three references: recorded responses, the database alone, and a
/// straightforward implementation.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo bench --", bin_name = "cargo bench --")]
pub struct Settings {
    /// Phones in the registry
    #[arg(long, default_value_t = 100_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=3_000_000))]
    pub phones: u64,

    /// Workspaces over which the phones are spread
    #[arg(long, default_value_t = 10, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub workspaces: u64,

    /// Concurrent connections
    #[arg(long, default_value_t = 64, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub connections: u16,

    /// Rounds of measurements; results are medians
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,

    /// Duration of each measurement
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,

    /// Clients of pgbench, in turn; targets use 32
    #[arg(long, default_value = "1,8,32", value_delimiter = ',', value_name = "COUNTS",
        value_parser = clap::value_parser!(u32).range(1..=64))]
    pub clients: Vec<u32>,

    /// Time that Postgres takes for a flush beyond the disk's, as a slow disk or a synchronous standby would
    #[arg(long, default_value_t = 0, value_name = "MICROSECONDS", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub flush_delay: u32,

    /// Measure only these operations, or kinds of noise
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = names())]
    pub only: Vec<String>,

    /// Compare registries of 10,000 and of 1,000,000 phones instead, and lists of 1,000 and of 100,000 contacts
    #[arg(long, conflicts_with = "soak")]
    pub growth: bool,

    /// Measure the server's memory under load for this long instead
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=1_440))]
    pub soak: Option<u64>,

    /// Compare with another build of the server instead, interleaved on the same registry
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["growth", "soak"])]
    pub against: Option<PathBuf>,

    /// Measure what the load of other tenants costs one tenant instead, for each kind of noise
    #[arg(long, conflicts_with_all = ["growth", "soak", "against"])]
    pub neighbours: bool,

    /// Measure the round trips of requests with Postgres this much away instead, and two servers on one database
    #[arg(long, value_name = "MICROSECONDS", conflicts_with_all = ["growth", "soak", "against", "neighbours"],
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub remote: Option<u32>,

    /// Compare the ratios with the committed ones, and fail if one is lower by more than a fifth
    #[arg(long, conflicts_with_all = ["growth", "soak", "against", "neighbours", "remote", "json"])]
    pub check: bool,

    /// Write the ratios to the file of the committed ones
    #[arg(long, conflicts_with_all = ["growth", "soak", "against", "neighbours", "remote", "check"])]
    pub accept: bool,

    /// Print results as JSON
    #[arg(long)]
    pub json: bool,

    /// Runs everything briefly, on a Postgres without durability: a test of the benchmark, not a measurement
    #[arg(skip)]
    pub is_brief: bool,
}

impl Settings {
    /// Parses the command line of `cargo bench`.
    pub fn read() -> Settings {
        Settings::parse_from(std::env::args().filter(|argument| argument != "--bench"))
    }

    /// Settings of the shortest run.
    pub fn brief() -> Settings {
        let arguments = ["load", "--phones=800", "--workspaces=2", "--connections=4", "--rounds=1", "--clients=2"];
        Settings { is_brief: true, ..Settings::parse_from(arguments) }
    }

    pub fn durability(&self) -> Durability {
        if self.is_brief { Durability::Disposable } else { Durability::Durable }
    }

    /// Duration of one measurement.
    pub fn time(&self) -> Duration {
        if self.is_brief { Duration::from_millis(60) } else { Duration::from_secs(self.seconds) }
    }

    /// Contacts of each keeper: few, and many.
    pub fn contacts(&self) -> [u64; 2] {
        if self.is_brief { [50, 200] } else { [1_000, 100_000] }
    }

    /// Whether an operation is measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }
}

fn names() -> clap::builder::PossibleValuesParser {
    let operations = operations::ALL.iter().map(|operation| operation.name);
    operations.chain(neighbours::names()).collect::<Vec<_>>().into()
}
