//! Postgres away from the server, and two servers on one database.
//!
//! The first part puts a network of a fixed delay between a server and Postgres and sends one request at a time: what the
//! network adds to the latency, divided by what it adds to the smallest statement, is the number of round trips. The second
//! part measures the CPU of a request on one server and on two with as many connections each. Their rates say nothing where
//! servers, Postgres and the generator share the cores; where each server has its own, two carry as much more as their cost
//! per request allows.

use crate::delay_proxy::DelayProxy;
use crate::environment::{Database, Environment, Program};
use crate::operations::{self, Operation};
use crate::report::{aligned, median};
use crate::settings::Settings;
use crate::workbench::{Cpu, Workbench};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Operations that are measured unless others are asked for: the promise, and the hottest read.
const DEFAULT: [&str; 4] = ["get", "list", "deactivate", "create"];

/// Results of both parts.
#[derive(Debug, Serialize)]
pub struct RemoteReport {
    /// What the network adds to `select 1`, in microseconds.
    delay: f64,
    pub latencies: Vec<RemoteLatency>,
    pub pairs: Vec<ServerPair>,
}

/// Medians of the rounds' p50 of one request at a time, in microseconds.
#[derive(Debug, Serialize)]
pub struct RemoteLatency {
    name: &'static str,
    pub local: f64,
    pub remote: f64,
    /// What the network added, in delays.
    pub round_trips: f64,
}

/// An operation on one server and on two, with all connections.
#[derive(Debug, Serialize)]
pub struct ServerPair {
    name: &'static str,
    /// Requests a second: of one server, and of both together with twice the connections.
    pub rates: [f64; 2],
    /// Microseconds of CPU per request of the servers and of Postgres, for one server and for two.
    cpu: [Cpu; 2],
}

/// Measures both parts.
pub fn run(environment: &Environment, settings: &Settings, delay: u32) -> RemoteReport {
    let wanted = |name: &str| if settings.only.is_empty() { DEFAULT.contains(&name) } else { settings.wants(name) };
    let operations: Vec<&'static Operation> =
        operations::ALL.iter().filter(|operation| wanted(operation.name)).collect();
    let one_by_one = Settings { connections: 1, ..settings.clone() };
    let mut workbench = Workbench::open(environment, &one_by_one, "remote", settings.phones);
    let proxy = DelayProxy::start(&workbench.database.url, Duration::from_micros(delay.into()));
    let delay = median_trip(&mut environment.at(&proxy.url)) - median_trip(&mut workbench.database);
    let remote = Program::on(&proxy.url);
    let latencies = operations
        .iter()
        .map(|operation| measure_distance(&mut workbench, &remote, operation, settings.rounds, delay))
        .collect();
    drop(remote);
    let second = Program::on(&workbench.database.url);
    let pairs = operations.iter().map(|operation| measure_pair(&mut workbench, &second, operation, settings)).collect();
    RemoteReport { delay, latencies, pairs }
}

/// Median time of the smallest statement, in microseconds.
fn median_trip(database: &mut Database) -> f64 {
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        database.execute("select 1");
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    median(times)
}

fn measure_distance(
    workbench: &mut Workbench,
    remote: &Program,
    operation: &'static Operation,
    rounds: u32,
    delay: f64,
) -> RemoteLatency {
    let sides = [(workbench.server.pid(), workbench.server.address), (remote.pid(), remote.address)];
    let mut medians = [Vec::new(), Vec::new()];
    // The first round is a warm-up.
    for round in 0..=rounds {
        for (side, found) in sides.iter().zip(&mut medians) {
            let measurement = workbench.measure_on(operation, &[*side]);
            if round > 0 {
                found.push(measurement.load_result.latencies.value_at_quantile(0.5) as f64);
            }
        }
    }
    let [local, remote] = medians.map(median);
    RemoteLatency { name: operation.name, local, remote, round_trips: (remote - local) / delay }
}

fn measure_pair(
    workbench: &mut Workbench,
    second: &Program,
    operation: &'static Operation,
    settings: &Settings,
) -> ServerPair {
    let both = [(workbench.server.pid(), workbench.server.address), (second.pid(), second.address)];
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..=settings.rounds {
        for (servers, found) in [&both[..1], &both[..]].into_iter().zip(&mut samples) {
            workbench.set_connections(settings.connections * servers.len() as u16);
            let measurement = workbench.measure_on(operation, servers);
            if round > 0 {
                found.push(measurement.sample);
            }
        }
    }
    ServerPair {
        name: operation.name,
        rates: samples.each_ref().map(|found| median(found.iter().map(|sample| sample.rate).collect())),
        cpu: samples.each_ref().map(|found| Cpu::medians(found)),
    }
}

impl RemoteReport {
    pub fn text(&self) -> String {
        let head = ["one request at a time", "local p50 µs", "remote p50 µs", "round trips"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for RemoteLatency { name, local, remote, round_trips } in &self.latencies {
            rows.push(vec![
                (*name).to_owned(),
                format!("{local:.0}"),
                format!("{remote:.0}"),
                format!("{round_trips:.2}"),
            ]);
        }
        let mut text =
            format!("A round trip to the remote Postgres takes {:.0} µs more.\n{}\n", self.delay, aligned(&rows));
        let head = ["servers on one database", "one/s", "two/s", "CPU µs, one", "CPU µs, two"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for ServerPair { name, rates, cpu } in &self.pairs {
            let cells = rates.map(|rate| format!("{rate:.0}")).into_iter().chain(cpu.map(Cpu::cell));
            rows.push([(*name).to_owned()].into_iter().chain(cells).collect());
        }
        text.push_str(&aligned(&rows));
        text
    }
}
