//! Results as tables and as JSON, with the targets and whether they are met. A missed target does not fail the run.

use crate::settings::Settings;
use crate::steady::Latencies;
use crate::workbench::{Cpu, Sample};
use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// Results of a comparison.
#[derive(Debug, Serialize)]
pub struct Report {
    cores: usize,
    postgres: String,
    phones: u64,
    workspaces: u64,
    connections: u16,
    rounds: u32,
    seconds: f64,
    /// Requests a second of the generator against the echo reference.
    generator: f64,
    pub operations: Vec<OperationReport>,
    pub targets: Vec<Target>,
}

/// Environment of the results.
pub struct RunConditions {
    pub postgres: String,
    pub phones: u64,
    pub workspaces: u64,
}

/// Results of one operation.
#[derive(Debug, Serialize)]
pub struct OperationReport {
    pub name: &'static str,
    pub about: &'static str,
    pub writes: bool,
    pub measured: SampleSummary,
    pub references: Vec<SampleSummary>,
    pub latency: Percentiles,
    /// At half of the top rate: of the server, and of the ceiling at the same rate.
    pub latency_at_half: Option<[Latencies; 2]>,
    /// Maximum resident memory of the server, in bytes.
    pub memory: Option<u64>,
}

/// All rounds of the server or of a reference.
#[derive(Debug, Serialize)]
pub struct SampleSummary {
    pub name: String,
    /// Requests a second: the median, and of each round.
    pub rate: f64,
    rates: Vec<f64>,
    /// Medians.
    pub cpu: Cpu,
}

impl SampleSummary {
    pub fn of(name: &str, samples: &[Sample]) -> SampleSummary {
        let rates: Vec<f64> = samples.iter().map(|sample| sample.rate).collect();
        SampleSummary { name: name.to_owned(), rate: median(rates.clone()), rates, cpu: Cpu::medians(samples) }
    }

    /// The median of the rounds' ratios.
    pub fn ratio_to(&self, other: &SampleSummary) -> f64 {
        median(self.rates.iter().zip(&other.rates).map(|(rate, other)| rate / other).collect())
    }
}

/// Latencies in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
}

/// A target and its result.
#[derive(Debug, Serialize)]
pub struct Target {
    pub about: String,
    pub wanted: f64,
    pub found: f64,
    pub is_met: bool,
}

impl Percentiles {
    pub fn of(latencies: &Histogram<u64>) -> Percentiles {
        let at = |quantile| latencies.value_at_quantile(quantile);
        Percentiles { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    }

    /// Median of each percentile.
    pub fn medians(rounds: &[Percentiles]) -> Percentiles {
        let of = |part: fn(&Percentiles) -> u64| median(rounds.iter().map(|round| part(round) as f64).collect()) as u64;
        Percentiles { p50: of(|it| it.p50), p99: of(|it| it.p99), p999: of(|it| it.p999) }
    }
}

impl OperationReport {
    pub fn rate(&self) -> f64 {
        self.measured.rate
    }

    /// Ratio of the rate to a reference's.
    pub fn of_reference(&self, name: &str) -> Option<f64> {
        let reference = self.references.iter().find(|reference| reference.name == name)?;
        Some(self.measured.ratio_to(reference))
    }
}

impl Target {
    pub fn at_least(about: impl Into<String>, wanted: f64, found: f64) -> Target {
        Target { about: about.into(), wanted, found, is_met: found >= wanted }
    }

    pub fn at_most(about: impl Into<String>, wanted: f64, found: f64) -> Target {
        Target { about: about.into(), wanted, found, is_met: found <= wanted }
    }

    pub fn line(&self) -> String {
        let Target { about, wanted, found, is_met } = self;
        format!("{}  {about}: {found:.2} (target {wanted:.2})", if *is_met { "met   " } else { "MISSED" })
    }
}

impl Report {
    pub fn of(
        settings: &Settings,
        conditions: RunConditions,
        generator: f64,
        operations: Vec<OperationReport>,
    ) -> Report {
        let RunConditions { postgres, phones, workspaces } = conditions;
        Report {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            postgres,
            phones,
            workspaces,
            connections: settings.connections,
            rounds: settings.rounds,
            seconds: settings.time().as_secs_f64(),
            generator,
            targets: targets(&operations),
            operations,
        }
    }

    pub fn json(&self) -> Value {
        let mut value = json!(self);
        for (operation, entry) in self.operations.iter().zip(value["operations"].as_array_mut().into_iter().flatten()) {
            for (reference, json_entry) in
                operation.references.iter().zip(entry["references"].as_array_mut().into_iter().flatten())
            {
                json_entry["ratio"] = json!(operation.of_reference(&reference.name));
            }
        }
        value
    }

    /// Tables and targets.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} cores shared by generator, server and Postgres {}; {} phones in {} workspaces; {} connections; medians of \
            {} rounds of {} s.\nGenerator alone: {:.0} requests a second.\n\n",
            self.cores,
            self.postgres,
            self.phones,
            self.workspaces,
            self.connections,
            self.rounds,
            self.seconds,
            self.generator,
        );
        text.push_str(&self.table_of_operations());
        text.push('\n');
        text.push_str(&self.table_of_references());
        text.push_str("\nCPU in µs per request, program + Postgres\n");
        text.push_str(&self.table_of_cpu());
        text.push('\n');
        for target in &self.targets {
            // Writing into memory does not fail.
            let _ = writeln!(text, "{}", target.line());
        }
        text
    }

    fn table_of_operations(&self) -> String {
        let head = ["", "req/s", "p50 µs", "p99 µs", "p99.9 µs", "RSS MiB"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for operation in &self.operations {
            let mut row = vec![operation.about.to_owned(), format!("{:.0}", operation.rate())];
            row.extend(operation.latency.cells());
            row.push(operation.memory.map_or("–".to_owned(), |bytes| format!("{:.1}", mebibytes(bytes))));
            rows.push(row);
            let names = ["  at half of the rate", "  ceiling at the same rate"];
            for (name, found) in names.into_iter().zip(operation.latency_at_half.into_iter().flatten()) {
                let undisturbed = format!("    {} of {} slices undisturbed", found.slices_undisturbed, found.slices);
                for (name, latency) in [(name, Some(found.all)), (&undisturbed, found.undisturbed)] {
                    let mut row = vec![name.to_owned(), format!("{:.0}", operation.rate() / 2.0)];
                    row.extend(latency.map_or_else(|| [const { String::new() }; 3], Percentiles::cells));
                    rows.push(row);
                }
            }
        }
        aligned(&rows)
    }

    fn table_of_references(&self) -> String {
        let names = self.names_of_references();
        let head = [""].into_iter().chain(names.iter().flat_map(|name| [*name, "×"]));
        let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
        for operation in &self.operations {
            let mut row = vec![operation.about.to_owned()];
            for name in &names {
                let reference = operation.references.iter().find(|reference| reference.name == *name);
                row.push(reference.map_or("–".to_owned(), |reference| format!("{:.0}", reference.rate)));
                row.push(operation.of_reference(name).map_or(String::new(), |ratio| format!("{ratio:.2}")));
            }
            rows.push(row);
        }
        aligned(&rows)
    }

    fn table_of_cpu(&self) -> String {
        let names = self.names_of_references();
        let head = ["", "generator", "server"].into_iter().chain(names.iter().copied());
        let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
        for operation in &self.operations {
            let generator = operation.measured.cpu.generator.map_or("–".to_owned(), |cpu| format!("{cpu:.0}"));
            let mut row = vec![operation.about.to_owned(), generator, operation.measured.cpu.cell()];
            row.extend(names.iter().map(|name| {
                let reference = operation.references.iter().find(|reference| reference.name == *name);
                reference.map_or("–".to_owned(), |reference| reference.cpu.cell())
            }));
            rows.push(row);
        }
        aligned(&rows)
    }

    fn names_of_references(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for reference in self.operations.iter().flat_map(|operation| &operation.references) {
            if !names.contains(&reference.name.as_str()) {
                names.push(&reference.name);
            }
        }
        names
    }
}

impl Cpu {
    /// Medians of several measurements.
    pub fn medians(samples: &[Sample]) -> Cpu {
        let median_of = |part: fn(&Cpu) -> Option<f64>| {
            let parts: Option<Vec<f64>> = samples.iter().map(|sample| part(&sample.cpu)).collect();
            parts.map(median)
        };
        Cpu {
            program: median_of(|cpu| cpu.program),
            postgres: median_of(|cpu| cpu.postgres),
            generator: median_of(|cpu| cpu.generator),
        }
    }

    /// CPU of the program and of Postgres.
    pub fn cell(self) -> String {
        let parts = [self.program, self.postgres].into_iter().flatten();
        parts.map(|cpu| format!("{cpu:.0}")).collect::<Vec<_>>().join(" + ")
    }
}

impl Percentiles {
    fn cells(self) -> [String; 3] {
        [self.p50, self.p99, self.p999].map(|micros| micros.to_string())
    }
}

/// Targets, for all processes on one machine; only those measured.
fn targets(operations: &[OperationReport]) -> Vec<Target> {
    let find = |name: &str| operations.iter().find(|operation| operation.name == name);
    let mut targets = Vec::new();
    for (name, reference, wanted) in [
        ("get", "pgbench 32", 1.4),
        ("get", "keyless 32", 0.95),
        ("get", "ceiling", 0.6),
        ("get", "plain", 2.2),
        ("list", "keyless 32", 0.9),
        ("events", "pgbench 32", 0.9),
        ("diga", "pgbench 32", 0.9),
        ("ucwa", "pgbench 32", 0.9),
        ("deactivate", "minimal 32", 0.8),
        ("create", "minimal 32", 0.6),
    ] {
        let Some(operation) = find(name) else { continue };
        let found = operation.of_reference(reference);
        targets
            .extend(found.map(|found| Target::at_least(format!("{}, × {reference}", operation.about), wanted, found)));
    }
    for operation in operations {
        if let Some([half, _]) = operation.latency_at_half {
            let about = format!("{} at half of the top rate, p99 / p50", operation.about);
            targets.push(Target::at_most(about, 4.0, half.spread));
        }
    }
    if let Some(get) = find("get") {
        for operation in operations.iter().filter(|operation| !operation.writes && operation.name != "get") {
            let about = format!("{}, × get one phone", operation.about);
            targets.push(Target::at_least(about, 0.25, operation.measured.ratio_to(&get.measured)));
        }
    }
    if let Some(memory) = operations.iter().filter_map(|operation| operation.memory).max() {
        targets.push(Target::at_most("resident memory of the server in MiB", 64.0, mebibytes(memory)));
    }
    targets
}

/// Median; 0 if empty.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.as_slice() {
        [] => 0.0,
        sorted if sorted.len() % 2 == 1 => sorted[middle],
        sorted => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// Aligns columns: the first to the left, the others to the right.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| match column {
                0 => format!("{cell:<width$}", width = widths[0]),
                _ => format!("{cell:>width$}", width = widths[column]),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
