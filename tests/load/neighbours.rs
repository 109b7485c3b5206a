//! Noisy neighbours: what one tenant's load costs another. Each kind of noise has a server and a registry of its own, and is
//! made by every workspace but the first, or by callers without a valid credential. The first workspace deactivates phones
//! and gets phones at a low, fixed rate, each on a new connection, and has a webhook; this is measured first quiet, then
//! with the noise. The noise runs on the same cores, so it takes CPU time from the server twice.

mod noise;
mod probe;
mod receiver;

use crate::environment::Environment;
use crate::report::{Percentiles, Target, aligned, mebibytes};
use crate::settings::Settings;
use crate::usage;
use crate::workbench::Workbench;
use noise::Noise;
use probe::{Probe, Sample};
use serde::Serialize;
use std::thread;
use std::time::{Duration, Instant};

/// Arguments of the server. Noise comes from many client addresses, which only a trusted proxy can name.
const SERVER: [&str; 4] = ["--webhook-allow", "127.0.0.0/8", "--trusted-proxies", "127.0.0.1/32"];

/// How long noise may take to develop.
const BUILD_UP: Duration = Duration::from_secs(5);

/// Interval of the samples of memory.
const MEMORY_INTERVAL: Duration = Duration::from_millis(100);

/// Results of each kind of noise.
#[derive(Debug, Serialize)]
pub struct Neighbours {
    pub noises: Vec<Measured>,
    pub targets: Vec<Target>,
}

/// The first workspace without and with one kind of noise.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub name: &'static str,
    pub about: &'static str,
    pub quiet: Sample,
    pub noisy: Sample,
    /// Responses to the noise with a status below 400, and the others.
    pub accepted: u64,
    pub refused: u64,
    /// Maximum resident memory of the server during the noise, in bytes.
    pub memory: Option<u64>,
}

/// The names of the kinds of noise.
pub fn names() -> impl Iterator<Item = &'static str> {
    noise::ALL.iter().map(|noise| noise.name)
}

/// Measures every kind of noise that `--only` names.
pub fn run(environment: &Environment, settings: &Settings) -> Neighbours {
    noise::raise_open_files();
    let wanted = noise::ALL.iter().filter(|noise| settings.wants(noise.name));
    let noises: Vec<Measured> = wanted.map(|noise| measure(environment, settings, noise)).collect();
    let targets = noises.iter().flat_map(Measured::targets).collect();
    Neighbours { noises, targets }
}

fn measure(environment: &Environment, settings: &Settings, noise: &'static Noise) -> Measured {
    eprintln!("{}: {}", noise.name, noise.about);
    let mut workbench = Workbench::open_with(environment, settings, noise.name, settings.phones, &SERVER);
    let mut probe = Probe::new(&mut workbench, settings);
    noise.prepare(&mut workbench, settings);
    let quiet = probe.measure();
    let pid = workbench.server.pid();
    let noise_made = noise.start(&workbench, settings);
    let began = Instant::now();
    while !settings.is_brief && began.elapsed() < BUILD_UP {
        thread::sleep(MEMORY_INTERVAL);
    }
    let mut memory = usage::memory_of(pid);
    let noisy = thread::scope(|scope| {
        let probing = scope.spawn(|| probe.measure());
        while !probing.is_finished() {
            memory = memory.max(usage::memory_of(pid));
            thread::sleep(if settings.is_brief { Duration::from_millis(1) } else { MEMORY_INTERVAL });
        }
        probing.join().expect("the probe does not panic")
    });
    let (accepted, refused) = noise_made.stop();
    Measured { name: noise.name, about: noise.about, quiet, noisy, accepted, refused, memory }
}

impl Measured {
    fn targets(&self) -> Vec<Target> {
        let about = |about: &str| format!("{}: {about}", self.name);
        let ms = |microseconds: u64| microseconds as f64 / 1e3;
        let mut targets = vec![
            Target::at_most(about("deactivations not answered with 200"), 0.0, self.noisy.failed as f64),
            Target::at_most(about("p99 of deactivation in ms"), 250.0, ms(self.noisy.deactivate.p99)),
            Target::at_most(
                about("p99 of deactivation / quiet"),
                10.0,
                self.noisy.deactivate.p99 as f64 / self.quiet.deactivate.p99.max(1) as f64,
            ),
            Target::at_most(about("webhooks not delivered"), 0.0, self.noisy.unheard as f64),
            Target::at_most(about("p99 of webhook delay in ms"), 1_000.0, ms(self.noisy.webhook.p99)),
        ];
        let memory = self.memory.map(mebibytes);
        targets.extend(memory.map(|memory| Target::at_most(about("resident memory in MiB"), 200.0, memory)));
        targets
    }

    fn rows(&self) -> [Vec<String>; 2] {
        [("  quiet".to_owned(), &self.quiet, String::new()), (self.name.to_owned(), &self.noisy, self.noise_cell())]
            .map(|(name, sample, noise)| {
                let mut row = vec![name];
                for Percentiles { p50, p99, .. } in [sample.deactivate, sample.get, sample.webhook] {
                    row.extend([p50, p99].map(|latency| format!("{:.1}", latency as f64 / 1e3)));
                }
                row.extend([sample.failed.to_string(), noise]);
                row
            })
    }

    fn noise_cell(&self) -> String {
        let memory = self.memory.map_or("–".to_owned(), |bytes| format!("{:.0}", mebibytes(bytes)));
        format!("{memory} MiB, {} + {}", self.accepted, self.refused)
    }
}

impl Neighbours {
    /// Table and targets.
    pub fn text(&self) -> String {
        let head = [
            "ms",
            "deactivate p50",
            "p99",
            "get p50",
            "p99",
            "webhook p50",
            "p99",
            "failed",
            "RSS, noise ok + refused",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.noises.iter().flat_map(Measured::rows));
        let lines: Vec<String> = self.targets.iter().map(Target::line).collect();
        format!("{}\n{}\n", aligned(&rows), lines.join("\n"))
    }
}
