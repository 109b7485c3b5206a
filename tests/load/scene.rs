//! One registry with the server on it, and the single measurements: an operation against the server, and its statements
//! by pgbench. The effects of each measurement are compared with the database, and undone.

use crate::contacts::{self, Part};
use crate::generator::{self, Driven, Generator, Load};
use crate::operations::{Asking, Effect, FIRST_PAGE, Operation, Step};
use crate::pgbench::{self, Amount, STRIDE};
use crate::references::Answer;
use crate::registry::{Dice, Registry, finish_request};
use crate::settings::Settings;
use crate::stage::{Database, Program, Stage};
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
pub struct Scene {
    pub database: Database,
    pub server: Program,
    pub asking: Asking,
    settings: Settings,
    postmaster: u32,
    dice: Dice,
}

/// Results of one measurement of the server.
pub struct Taken {
    pub driven: Driven,
    pub bout: Bout,
    /// Resident memory of the server at the end, in bytes.
    pub memory: Option<u64>,
}

/// Rate and CPU cost of a measurement.
#[derive(Debug, Clone, Copy)]
pub struct Bout {
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

impl Scene {
    /// Creates a database, starts the server on it and loads the registry.
    pub fn open(stage: &Stage, settings: &Settings, name: &str, phones: u64) -> Scene {
        let mut database = stage.database(name);
        let server = Program::handset(&database);
        let registry = Registry::of(phones, settings.workspaces, settings.contacts());
        registry.load(&mut database);
        let page_binding = page_binding(server.address);
        let asking = Asking { registry, page_binding };
        let (settings, postmaster) = (settings.clone(), stage.postmaster());
        Scene { database, server, asking, settings, postmaster, dice: Dice::new(1) }
    }

    /// Sends one request, checks the response and returns it.
    pub fn look(&mut self, operation: &Operation) -> Answer {
        self.lay_in(operation, 1);
        let mut request = Vec::new();
        (operation.request)(&self.asking, 0, &mut self.dice, &mut request);
        let (status, body) = generator::ask(self.server.address, &request).expect("the server responds");
        self.clear_away(operation);
        let body = String::from_utf8(body).expect("a response is UTF-8");
        let is_right = serde_json::from_str(&body).is_ok_and(|answer: Value| (operation.is_right)(&answer));
        assert!(status == operation.status && is_right, "{}: {status} {body}", operation.name);
        Answer { name: operation.name.to_owned(), status, body }
    }

    /// Checks that a reference responds as the server to the same request.
    pub fn look_at(&mut self, operation: &Operation, address: SocketAddr) {
        let mut request = Vec::new();
        (operation.request)(&self.asking, 0, &mut self.dice, &mut request);
        let [ours, theirs] = [self.server.address, address].map(|address| {
            let (status, body) = generator::ask(address, &request).expect("both respond");
            (status, serde_json::from_slice::<Value>(&body).expect("both respond with JSON"))
        });
        assert_eq!(ours, theirs, "{}: responses of server and reference", operation.name);
    }

    /// Checks that a recorded response is that of the server.
    pub fn look_at_ready(&self, answer: &Answer, address: SocketAddr) {
        let (status, body) = generator::ask(address, &ready(&answer.name)).expect("the reference responds");
        assert_eq!((status, body.as_slice()), (answer.status, answer.body.as_bytes()), "{}", answer.name);
    }

    /// Measures an operation against the server.
    pub fn measure(&mut self, operation: &Operation) -> Taken {
        self.measure_on(operation, (self.server.pid(), self.server.address))
    }

    /// Measures an operation against a server by its process id and address.
    pub fn measure_on(&mut self, operation: &Operation, (pid, address): (u32, SocketAddr)) -> Taken {
        let spares = self.spares();
        self.lay_in(operation, spares);
        let most = if operation.effect == Effect::Deactivates { spares } else { u64::MAX };
        let (driven, bout) = self.weigh(Some(pid), |scene| {
            let driven = scene.drive(operation, address, most);
            let (rate, count) = (driven.rate(), driven.answered);
            (driven, rate, count)
        });
        let memory = usage::memory_of(pid);
        self.make_sure(operation, driven.answered);
        self.clear_away(operation);
        Taken { driven, bout, memory }
    }

    /// Measures the same requests against a reference.
    pub fn measure_at(&mut self, operation: &Operation, reference: &Program) -> Bout {
        let weighed = self.weigh(Some(reference.pid()), |scene| {
            let driven = scene.drive(operation, reference.address, u64::MAX);
            ((), driven.rate(), driven.answered)
        });
        weighed.1
    }

    /// Measures a recorded response of a reference.
    pub fn measure_ready(&mut self, name: &str, status: u16, reference: &Program) -> Bout {
        self.repeat(name, status, (reference.pid(), reference.address), &ready(name))
    }

    /// Latencies of the server for a read operation, at a fixed rate.
    pub fn time(&mut self, operation: &Operation, pace: f64) -> Latencies {
        let timing = self.timing(pace);
        let (asking, dice, mut turn) = (&self.asking, &mut self.dice, 0);
        let timed = timing.of(self.server.address, operation.status, &mut |out| {
            (operation.request)(asking, turn, dice, out);
            turn += 1;
        });
        timed.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name))
    }

    /// Latencies of a reference for a recorded response, at a fixed rate.
    pub fn time_ready(&self, name: &str, status: u16, reference: &Program, pace: f64) -> Latencies {
        let request = ready(name);
        let timed = self.timing(pace).of(reference.address, status, &mut |out| out.extend_from_slice(&request));
        timed.unwrap_or_else(|fault| panic!("{name}: {fault}"))
    }

    fn timing(&self, pace: f64) -> Timing {
        let (connections, time) = (self.settings.connections.into(), self.settings.time());
        Timing { connections, time, pace, ours: [std::process::id(), self.postmaster] }
    }

    /// Checks the response for a part of a keeper's contacts.
    pub fn look_at_part(&self, part: &Part, keeper: u64) {
        let request = part.request(&self.asking.registry, keeper);
        let (status, body) = generator::ask(self.server.address, &request).expect("the server responds");
        let is_right = serde_json::from_slice(&body).is_ok_and(|answer: Value| contacts::is_page(&answer));
        assert!(status == 200 && is_right, "{}: {status} {}", part.name, String::from_utf8_lossy(&body));
    }

    /// Measures a part of a keeper's contacts against the server.
    pub fn measure_part(&mut self, part: &Part, keeper: u64) -> Bout {
        let request = part.request(&self.asking.registry, keeper);
        self.repeat(part.name, 200, (self.server.pid(), self.server.address), &request)
    }

    /// Measures one repeated request.
    fn repeat(&mut self, name: &str, status: u16, (program, address): (u32, SocketAddr), request: &[u8]) -> Bout {
        let connections = self.settings.connections.into();
        let load = Load {
            time: self.settings.time(),
            pace: None,
            most: u64::MAX,
            status,
            request: &mut |out| out.extend_from_slice(request),
        };
        let weighed = self.weigh(Some(program), |_| {
            let driven = Generator::connect(address, connections).and_then(|mut generator| generator.drive(load));
            let driven = driven.unwrap_or_else(|fault| panic!("{name}: {fault}"));
            ((), driven.rate(), driven.answered)
        });
        weighed.1
    }

    /// Measures statements of the operation with pgbench.
    pub fn measure_database(
        &mut self,
        operation: &Operation,
        transaction: &[Step],
        program: &Path,
        clients: u32,
    ) -> Bout {
        let script = pgbench::script(operation, transaction, &self.asking.registry);
        let (spares, time) = (self.spares(), self.settings.time().as_secs());
        self.lay_in(operation, spares);
        let (transactions, bout) = self.weigh(None, |scene| {
            let run = pgbench::Run {
                program,
                database_url: &scene.database.url,
                script: &script,
                clients,
                amount: if time > 0 { Amount::Seconds(time) } else { Amount::Transactions(20) },
                stride: if operation.effect == Effect::Deactivates { spares / u64::from(clients) } else { STRIDE },
            };
            let outcome = run.measure();
            (outcome.transactions, outcome.rate, outcome.transactions)
        });
        self.make_sure(operation, transactions);
        self.clear_away(operation);
        bout
    }

    /// Runs `work`, which returns a rate and a request count, and measures its CPU cost.
    fn weigh<T>(&mut self, program: Option<u32>, work: impl FnOnce(&mut Scene) -> (T, f64, u64)) -> (T, Bout) {
        let before = self.spent(program);
        let (done, rate, count) = work(self);
        let after = self.spent(program);
        let of_each = |index: usize| {
            let spent: Option<f64> = after[index].zip(before[index]).map(|(after, before)| after - before);
            spent.map(|seconds| seconds * 1e6 / count.max(1) as f64)
        };
        let cpu = Cpu { program: of_each(0), postgres: of_each(1), generator: of_each(2) };
        (done, Bout { rate, cpu })
    }

    fn drive(&mut self, operation: &Operation, address: SocketAddr, most: u64) -> Driven {
        let (asking, dice, mut turn) = (&self.asking, &mut self.dice, 0);
        let load = Load {
            time: self.settings.time(),
            pace: None,
            most,
            status: operation.status,
            request: &mut |out| {
                (operation.request)(asking, turn, dice, out);
                turn += 1;
            },
        };
        let generator = Generator::connect(address, self.settings.connections.into());
        let driven = generator.and_then(|mut generator| generator.drive(load));
        driven.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name))
    }

    /// CPU seconds so far of a program, of Postgres and of the generator.
    fn spent(&self, program: Option<u32>) -> [Option<f64>; 3] {
        let generator = usage::cpu_of(std::process::id());
        [program.and_then(usage::cpu_of), usage::cpu_of_family(self.postmaster), generator]
    }

    fn spares(&self) -> u64 {
        let seconds = self.settings.time().as_secs_f64().max(0.1);
        (SPARES as f64 * seconds) as u64
    }

    fn lay_in(&mut self, operation: &Operation, count: u64) {
        if operation.effect == Effect::Deactivates {
            self.asking.registry.lay_in_spares(&mut self.database, count);
        }
    }

    /// Compares the reported number of effects with the database.
    fn make_sure(&mut self, operation: &Operation, said: u64) {
        let done = match operation.effect {
            Effect::Nothing => return,
            Effect::Deactivates => self.asking.registry.guests_phones(&mut self.database, false),
            Effect::Creates => self.asking.registry.guests_phones(&mut self.database, true),
            Effect::AddsContact => self.asking.registry.new_contacts(&mut self.database),
        };
        assert_eq!(done, said, "{}: effects in the database, and reported", operation.name);
    }

    fn clear_away(&mut self, operation: &Operation) {
        match operation.effect {
            Effect::Nothing => {}
            Effect::Deactivates | Effect::Creates => self.asking.registry.clear_away(&mut self.database),
            Effect::AddsContact => self.asking.registry.clear_contacts_away(&mut self.database),
        }
    }
}

/// Request for a recorded response.
fn ready(name: &str) -> Vec<u8> {
    let mut request = format!("GET /ready/{name}").into_bytes();
    finish_request(Some(0), None, &mut request);
    request
}

/// Binding in the server's page cursors, so that a cursor can be built for any page.
fn page_binding(server: SocketAddr) -> String {
    let mut request = FIRST_PAGE.as_bytes().to_vec();
    finish_request(Some(0), None, &mut request);
    let (_, body) = generator::ask(server, &request).expect("the server responds");
    let answer: Value = serde_json::from_slice(&body).expect("the response is JSON");
    let inside =
        answer["pagination"]["next_page_cursor"].as_str().and_then(|cursor| BASE64_STANDARD.decode(cursor).ok());
    let inside: Option<Value> = inside.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let binding = inside.as_ref().and_then(|inside| inside[0].as_str());
    binding.unwrap_or_else(|| panic!("unexpected page cursor: {answer}")).to_owned()
}
