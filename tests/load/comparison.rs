//! The comparison: every operation and its references, interleaved round by round, so that other load on the machine
//! affects all of them alike. A ratio is the median of the rounds' ratios.

use crate::environment::{Environment, Program};
use crate::generator::histogram;
use crate::operations::{self, Operation};
use crate::pgbench;
use crate::references::{self, RecordedResponse};
use crate::report::{OperationReport, Percentiles, Report, RunConditions, SampleSummary, median};
use crate::settings::Settings;
use crate::steady::Latencies;
use crate::workbench::{Measurement, Sample, Workbench};
use std::path::PathBuf;

/// Runs the comparison.
pub fn run(environment: &Environment, settings: &Settings) -> Report {
    let workbench = Workbench::open(environment, settings, "comparison", settings.phones);
    let mut comparison = Comparison::prepare(workbench, settings);
    for _ in 0..settings.rounds {
        comparison.round();
    }
    comparison.report(settings)
}

struct Comparison {
    workbench: Workbench,
    entries: Vec<OperationRounds>,
    ceiling: Program,
    plain: Program,
    echo: Program,
    pgbench: Option<PathBuf>,
    clients: Vec<u32>,
    generator: Vec<f64>,
}

/// One operation and its results, one for each round.
struct OperationRounds {
    operation: &'static Operation,
    measurements: Vec<Measurement>,
    /// At half of the top rate: of the server and of the ceiling.
    half: Vec<[Latencies; 2]>,
    references: Vec<(String, Vec<Sample>)>,
}

impl Comparison {
    fn prepare(mut workbench: Workbench, settings: &Settings) -> Comparison {
        let wanted = operations::ALL.iter().filter(|operation| settings.wants(operation.name));
        let (entries, responses): (Vec<OperationRounds>, Vec<RecordedResponse>) = wanted
            .map(|operation| {
                let entry =
                    OperationRounds { operation, measurements: Vec::new(), half: Vec::new(), references: Vec::new() };
                (entry, workbench.check_response(operation))
            })
            .unzip();
        let body = responses.first().map_or("", |response| &response.body);
        let (ceiling, plain) =
            (references::ceiling(&workbench.database, &responses), references::plain(&workbench.database));
        responses.iter().for_each(|response| workbench.check_recorded(response, ceiling.address));
        for entry in entries.iter().filter(|entry| entry.operation.is_first) {
            workbench.check_reference(entry.operation, plain.address);
        }
        let (echo, pgbench, clients) = (references::echo(body), pgbench::find(), settings.clients.clone());
        let mut comparison =
            Comparison { workbench, entries, ceiling, plain, echo, pgbench, clients, generator: Vec::new() };
        if !settings.is_brief {
            // Warm-up: opens connections, prepares statements, reads pages.
            comparison.round();
            comparison.discard_warm_up();
        }
        comparison
    }

    fn round(&mut self) {
        let workbench = &mut self.workbench;
        self.generator.push(workbench.measure_recorded("echo", 200, &self.echo).rate);
        for entry in &mut self.entries {
            let operation = entry.operation;
            let measurement = workbench.measure(operation);
            let half = measurement.load_result.rate() / 2.0;
            entry.measurements.push(measurement);
            let ceiling = workbench.measure_recorded(operation.name, operation.status, &self.ceiling);
            entry.note("ceiling", ceiling);
            if operation.is_first {
                entry.note("plain", workbench.measure_reference(operation, &self.plain));
            }
            if operation.is_timed() {
                let target_rate = half.max(1.0);
                let ours = workbench.time(operation, target_rate);
                let ceilings = workbench.time_recorded(operation.name, operation.status, &self.ceiling, target_rate);
                entry.half.push([ours, ceilings]);
            }
            let Some(program) = self.pgbench.as_deref() else { continue };
            for clients in &self.clients {
                let transactions = [
                    ("pgbench", operation.transaction),
                    ("keyless", operation.keyless),
                    ("minimal", operation.minimal),
                ];
                for (name, transaction) in transactions {
                    if !transaction.is_empty() {
                        let sample = workbench.measure_database(operation, transaction, program, *clients);
                        entry.note(&format!("{name} {clients}"), sample);
                    }
                }
            }
        }
    }

    fn discard_warm_up(&mut self) {
        self.generator.clear();
        for entry in &mut self.entries {
            (entry.measurements, entry.half, entry.references) = Default::default();
        }
    }

    fn report(mut self, settings: &Settings) -> Report {
        let registry = &self.workbench.source.registry;
        let (phones, workspaces) = (registry.phones, registry.workspaces);
        let postgres =
            self.workbench.database.texts("select split_part(current_setting('server_version'), ' ', 1)").remove(0);
        let operations = self.entries.into_iter().map(OperationRounds::report).collect();
        Report::of(settings, RunConditions { postgres, phones, workspaces }, median(self.generator), operations)
    }
}

impl OperationRounds {
    fn note(&mut self, name: &str, sample: Sample) {
        match self.references.iter_mut().find(|(known, _)| known == name) {
            Some((_, samples)) => samples.push(sample),
            None => self.references.push((name.to_owned(), vec![sample])),
        }
    }

    /// Medians of the server (0) or of the ceiling (1).
    fn at_half(&self, which: usize) -> Latencies {
        Latencies::medians(&self.half.iter().map(|both| both[which]).collect::<Vec<_>>())
    }

    fn report(self) -> OperationReport {
        let mut latencies = histogram();
        for measurement in &self.measurements {
            latencies.add(&measurement.load_result.latencies).expect("all histograms have the same bounds");
        }
        OperationReport {
            name: self.operation.name,
            about: self.operation.about,
            writes: self.operation.effect != operations::Effect::Nothing,
            memory: self.measurements.iter().filter_map(|measurement| measurement.memory).max(),
            latency: Percentiles::of(&latencies),
            latency_at_half: (!self.half.is_empty()).then(|| [0, 1].map(|which| self.at_half(which))),
            measured: SampleSummary::of(
                "server",
                &self.measurements.iter().map(|measurement| measurement.sample).collect::<Vec<_>>(),
            ),
            references: self.references.iter().map(|(name, samples)| SampleSummary::of(name, samples)).collect(),
        }
    }
}
