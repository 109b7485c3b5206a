//! One registry with the server on it, and the single measurements: an operation against the server, and its statements
//! by pgbench. The effects of each measurement are compared with the database, and undone.

use crate::contacts::{self, Part};
use crate::environment::{Database, Environment, Program};
use crate::generator::{self, Generator, Load, LoadResult};
use crate::operations::{Effect, FIRST_PAGE, Operation, RequestSource, Step};
use crate::pgbench::{self, Amount, STRIDE};
use crate::references::RecordedResponse;
use crate::registry::{Registry, Rng, finish_request};
use crate::settings::Settings;
use crate::steady::{Latencies, Timing};
use crate::usage;
use base64::prelude::*;
use serde::Serialize;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;

/// Spare phones to deactivate, per second: more than any machine uses.
const SPARES: u64 = 25_000;

/// A registry and its server.
pub struct Workbench {
    pub database: Database,
    pub server: Program,
    pub source: RequestSource,
    settings: Settings,
    postmaster: u32,
    rng: Rng,
}

/// Results of one measurement of the server.
pub struct Measurement {
    pub load_result: LoadResult,
    pub sample: Sample,
    /// Resident memory of the server at the end, in bytes.
    pub memory: Option<u64>,
}

/// Rate and CPU cost of a measurement.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Requests a second.
    pub rate: f64,
    pub cpu: Cpu,
}

/// Microseconds of CPU per request; `None` where the system does not report it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cpu {
    /// Of the server or reference.
    pub program: Option<f64>,
    pub postgres: Option<f64>,
    /// Of this program.
    pub generator: Option<f64>,
}

impl Workbench {
    /// Creates a database, starts the server on it and loads the registry.
    pub fn open(environment: &Environment, settings: &Settings, name: &str, phones: u64) -> Workbench {
        Workbench::open_with(environment, settings, name, phones, &[])
    }

    /// Like [`Workbench::open`], with further arguments of the server.
    pub fn open_with(
        environment: &Environment,
        settings: &Settings,
        name: &str,
        phones: u64,
        arguments: &[&str],
    ) -> Workbench {
        let mut database = environment.database(name);
        let server = Program::handset(&database, arguments);
        let registry = Registry::of(phones, settings.workspaces, settings.contacts());
        registry.load(&mut database);
        let page_binding = page_binding(server.address);
        let source = RequestSource { registry, page_binding };
        let (settings, postmaster) = (settings.clone(), environment.postmaster());
        Workbench { database, server, source, settings, postmaster, rng: Rng::new(1) }
    }

    /// Sends one request, checks the response and returns it.
    pub fn check_response(&mut self, operation: &Operation) -> RecordedResponse {
        self.insert_spares(operation, 1);
        let mut request = Vec::new();
        (operation.request)(&self.source, 0, &mut self.rng, &mut request);
        let (status, body) = generator::send_one(self.server.address, &request).expect("the server responds");
        self.undo_writes(operation);
        let body = String::from_utf8(body).expect("a response is UTF-8");
        let is_right = serde_json::from_str(&body).is_ok_and(|response: Value| (operation.is_right)(&response));
        assert!(status == operation.status && is_right, "{}: {status} {body}", operation.name);
        RecordedResponse { name: operation.name.to_owned(), status, body }
    }

    /// Checks that a reference responds as the server to the same request.
    pub fn check_reference(&mut self, operation: &Operation, address: SocketAddr) {
        let mut request = Vec::new();
        (operation.request)(&self.source, 0, &mut self.rng, &mut request);
        let [of_server, of_reference] = [self.server.address, address].map(|address| {
            let (status, body) = generator::send_one(address, &request).expect("both respond");
            (status, serde_json::from_slice::<Value>(&body).expect("both respond with JSON"))
        });
        assert_eq!(of_server, of_reference, "{}: responses of server and reference", operation.name);
    }

    /// Checks that a recorded response is that of the server.
    pub fn check_recorded(&self, response: &RecordedResponse, address: SocketAddr) {
        let (status, body) =
            generator::send_one(address, &recorded_request(&response.name)).expect("the reference responds");
        assert_eq!((status, body.as_slice()), (response.status, response.body.as_bytes()), "{}", response.name);
    }

    /// Measures an operation against the server.
    pub fn measure(&mut self, operation: &Operation) -> Measurement {
        self.measure_on(operation, &[(self.server.pid(), self.server.address)])
    }

    /// Sets the number of connections of the measurements that follow.
    pub fn set_connections(&mut self, connections: u16) {
        self.settings.connections = connections;
    }

    /// Measures an operation against servers on the registry by their process ids and addresses, which share the load.
    pub fn measure_on(&mut self, operation: &Operation, servers: &[(u32, SocketAddr)]) -> Measurement {
        let (pids, addresses): (Vec<u32>, Vec<SocketAddr>) = servers.iter().copied().unzip();
        let spares = self.spares();
        self.insert_spares(operation, spares);
        let max_requests = if operation.effect == Effect::Deactivates { spares } else { u64::MAX };
        let (load_result, sample) = self.measure_cpu(&pids, |workbench| {
            let load_result = workbench.run_operation(operation, &addresses, max_requests);
            let (rate, count) = (load_result.rate(), load_result.responses);
            (load_result, rate, count)
        });
        let memory = pids.iter().filter_map(|pid| usage::memory_of(*pid)).max();
        self.check_effects(operation, load_result.responses);
        self.undo_writes(operation);
        Measurement { load_result, sample, memory }
    }

    /// Measures the same requests against a reference.
    pub fn measure_reference(&mut self, operation: &Operation, reference: &Program) -> Sample {
        let measured = self.measure_cpu(&[reference.pid()], |workbench| {
            let load_result = workbench.run_operation(operation, &[reference.address], u64::MAX);
            ((), load_result.rate(), load_result.responses)
        });
        measured.1
    }

    /// Measures a recorded response of a reference.
    pub fn measure_recorded(&mut self, name: &str, status: u16, reference: &Program) -> Sample {
        self.repeat(name, status, (reference.pid(), reference.address), &recorded_request(name))
    }

    /// Latencies of the server at a fixed rate.
    pub fn time(&mut self, operation: &Operation, target_rate: f64) -> Latencies {
        // The warm-up has requests, too.
        self.insert_spares(operation, 2 * self.spares());
        let timing = self.timing(target_rate);
        let (source, rng, mut request_number) = (&self.source, &mut self.rng, 0);
        let timed = timing.of(self.server.address, operation.status, &mut |out| {
            (operation.request)(source, request_number, rng, out);
            request_number += 1;
        });
        self.undo_writes(operation);
        timed.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name))
    }

    /// Latencies of a reference for a recorded response, at a fixed rate.
    pub fn time_recorded(&self, name: &str, status: u16, reference: &Program, target_rate: f64) -> Latencies {
        let request = recorded_request(name);
        let timed = self.timing(target_rate).of(reference.address, status, &mut |out| out.extend_from_slice(&request));
        timed.unwrap_or_else(|fault| panic!("{name}: {fault}"))
    }

    fn timing(&self, target_rate: f64) -> Timing {
        let (connections, time) = (self.settings.connections.into(), self.settings.time());
        Timing { connections, time, target_rate, ours: [std::process::id(), self.postmaster] }
    }

    /// Checks the response for a part of a keeper's contacts.
    pub fn check_part(&self, part: &Part, keeper: u64) {
        let request = part.request(&self.source.registry, keeper);
        let (status, body) = generator::send_one(self.server.address, &request).expect("the server responds");
        let is_right = serde_json::from_slice(&body).is_ok_and(|response: Value| contacts::is_page(&response));
        assert!(status == 200 && is_right, "{}: {status} {}", part.name, String::from_utf8_lossy(&body));
    }

    /// Measures a part of a keeper's contacts against the server.
    pub fn measure_part(&mut self, part: &Part, keeper: u64) -> Sample {
        let request = part.request(&self.source.registry, keeper);
        self.repeat(part.name, 200, (self.server.pid(), self.server.address), &request)
    }

    /// Measures one repeated request.
    fn repeat(&mut self, name: &str, status: u16, (program, address): (u32, SocketAddr), request: &[u8]) -> Sample {
        let connections = self.settings.connections.into();
        let load = Load {
            time: self.settings.time(),
            target_rate: None,
            max_requests: u64::MAX,
            status,
            request: &mut |out| out.extend_from_slice(request),
        };
        let measured = self.measure_cpu(&[program], |_| {
            let load_result =
                Generator::connect(&[address], connections).and_then(|mut generator| generator.run_load(load));
            let load_result = load_result.unwrap_or_else(|fault| panic!("{name}: {fault}"));
            ((), load_result.rate(), load_result.responses)
        });
        measured.1
    }

    /// Measures statements of the operation with pgbench.
    pub fn measure_database(
        &mut self,
        operation: &Operation,
        transaction: &[Step],
        program: &Path,
        clients: u32,
    ) -> Sample {
        let script = pgbench::script(operation, transaction, &self.source.registry);
        let (spares, time) = (self.spares(), self.settings.time().as_secs());
        self.insert_spares(operation, spares);
        let (transactions, sample) = self.measure_cpu(&[], |workbench| {
            let run = pgbench::Run {
                program,
                database_url: &workbench.database.url,
                script: &script,
                clients,
                amount: if time > 0 { Amount::Seconds(time) } else { Amount::Transactions(20) },
                stride: if operation.effect == Effect::Deactivates { spares / u64::from(clients) } else { STRIDE },
            };
            let outcome = run.measure();
            (outcome.transactions, outcome.rate, outcome.transactions)
        });
        self.check_effects(operation, transactions);
        self.undo_writes(operation);
        sample
    }

    /// Runs `work`, which returns a rate and a request count, and measures its CPU cost.
    fn measure_cpu<T>(&mut self, programs: &[u32], work: impl FnOnce(&mut Workbench) -> (T, f64, u64)) -> (T, Sample) {
        let before = self.spent(programs);
        let (effects, rate, count) = work(self);
        let after = self.spent(programs);
        let per_request = |index: usize| {
            let spent: Option<f64> = after[index].zip(before[index]).map(|(after, before)| after - before);
            spent.map(|seconds| seconds * 1e6 / count.max(1) as f64)
        };
        let cpu = Cpu { program: per_request(0), postgres: per_request(1), generator: per_request(2) };
        (effects, Sample { rate, cpu })
    }

    fn run_operation(&mut self, operation: &Operation, servers: &[SocketAddr], max_requests: u64) -> LoadResult {
        let (source, rng, mut request_number) = (&self.source, &mut self.rng, 0);
        let load = Load {
            time: self.settings.time(),
            target_rate: None,
            max_requests,
            status: operation.status,
            request: &mut |out| {
                (operation.request)(source, request_number, rng, out);
                request_number += 1;
            },
        };
        let generator = Generator::connect(servers, self.settings.connections.into());
        let load_result = generator.and_then(|mut generator| generator.run_load(load));
        load_result.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name))
    }

    /// CPU seconds so far of programs, of Postgres and of the generator.
    fn spent(&self, programs: &[u32]) -> [Option<f64>; 3] {
        let generator = usage::cpu_of(std::process::id());
        let programs = programs.iter().map(|pid| usage::cpu_of(*pid)).sum();
        [programs, usage::cpu_of_family(self.postmaster), generator]
    }

    fn spares(&self) -> u64 {
        let seconds = self.settings.time().as_secs_f64().max(0.1);
        (SPARES as f64 * seconds) as u64
    }

    fn insert_spares(&mut self, operation: &Operation, count: u64) {
        if operation.effect == Effect::Deactivates {
            self.source.registry.insert_spare_phones(&mut self.database, count);
        }
    }

    /// Compares the reported number of effects with the database.
    fn check_effects(&mut self, operation: &Operation, reported: u64) {
        let effects = match operation.effect {
            Effect::Nothing => return,
            Effect::Deactivates => self.source.registry.guests_phones(&mut self.database, false),
            Effect::Creates => self.source.registry.guests_phones(&mut self.database, true),
            Effect::AddsContact => self.source.registry.new_contacts(&mut self.database),
        };
        assert_eq!(effects, reported, "{}: effects in the database, and reported", operation.name);
    }

    fn undo_writes(&mut self, operation: &Operation) {
        match operation.effect {
            Effect::Nothing => {}
            Effect::Deactivates | Effect::Creates => self.source.registry.undo_writes(&mut self.database),
            Effect::AddsContact => self.source.registry.delete_new_contacts(&mut self.database),
        }
    }
}

/// Request for a recorded response.
fn recorded_request(name: &str) -> Vec<u8> {
    let mut request = format!("GET /ready/{name}").into_bytes();
    finish_request(Some(0), None, &mut request);
    request
}

/// Binding in the server's page cursors, so that a cursor can be built for any page.
fn page_binding(server: SocketAddr) -> String {
    let mut request = FIRST_PAGE.as_bytes().to_vec();
    finish_request(Some(0), None, &mut request);
    let (_, body) = generator::send_one(server, &request).expect("the server responds");
    let response: Value = serde_json::from_slice(&body).expect("the response is JSON");
    let cursor_json =
        response["pagination"]["next_page_cursor"].as_str().and_then(|cursor| BASE64_STANDARD.decode(cursor).ok());
    let cursor_json: Option<Value> = cursor_json.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let binding = cursor_json.as_ref().and_then(|cursor_json| cursor_json[0].as_str());
    binding.unwrap_or_else(|| panic!("unexpected page cursor: {response}")).to_owned()
}
