//! Whether the cost of an operation depends on the size of the registry: two registries on one Postgres, a server on
//! each, measured in turn. And whether a page of contacts depends on their number: two keepers in one registry.

use crate::contacts::{PARTS, Part};
use crate::environment::Environment;
use crate::operations::{self, Operation};
use crate::registry::{OF_FEW, OF_MANY};
use crate::report::{SampleSummary, Target, aligned};
use crate::settings::Settings;
use crate::workbench::{Sample, Workbench};
use serde::Serialize;

/// Compared operations.
const COMPARED: [&str; 4] = ["get", "list", "page", "deactivate"];

/// Maximum slowdown of the larger registry, and of a part of the longer list of contacts.
const FACTOR: f64 = 1.3;

/// Results.
#[derive(Debug, Serialize)]
pub struct Growth {
    pub sizes: [u64; 2],
    pub operations: Vec<Compared>,
    /// Lengths of the two lists of contacts.
    pub sizes_of_contacts: [u64; 2],
    pub contacts: Vec<Compared>,
    pub targets: Vec<Target>,
}

/// One operation in both registries, or one part of both lists.
#[derive(Debug, Serialize)]
pub struct Compared {
    pub name: &'static str,
    about: &'static str,
    pub small: SampleSummary,
    pub large: SampleSummary,
}

/// Compares two sizes of the registry.
pub fn run(environment: &Environment, settings: &Settings) -> Growth {
    let sizes = if settings.is_brief { [200, 800] } else { [10_000, 1_000_000] };
    let open = |name, phones| Workbench::open(environment, settings, name, phones);
    let mut workbenches = [open("small", sizes[0]), open("large", sizes[1])];
    let is_compared = |operation: &&Operation| COMPARED.contains(&operation.name) && settings.wants(operation.name);
    let mut compared: Vec<(&Operation, [Vec<Sample>; 2])> =
        operations::ALL.iter().filter(is_compared).map(|operation| (operation, [Vec::new(), Vec::new()])).collect();
    // The first round is a warm-up: it opens connections and reads pages.
    for round in 0..=settings.rounds {
        for (operation, both) in &mut compared {
            for (workbench, samples) in workbenches.iter_mut().zip(both) {
                let sample = workbench.measure(operation).sample;
                if round > 0 {
                    samples.push(sample);
                }
            }
        }
    }
    let operations: Vec<Compared> =
        compared.iter().map(|(operation, both)| Compared::of(operation.name, operation.about, both)).collect();
    let contacts = if settings.wants("contacts") { parts(&mut workbenches[0], settings) } else { Vec::new() };
    let of_phones = operations.iter().map(|compared| compared.target("phones"));
    let of_contacts = contacts.iter().map(|compared| compared.target("contacts"));
    Growth {
        sizes,
        targets: of_phones.chain(of_contacts).collect(),
        operations,
        sizes_of_contacts: settings.contacts(),
        contacts,
    }
}

/// Compares a keeper's list of few contacts with one of many.
fn parts(workbench: &mut Workbench, settings: &Settings) -> Vec<Compared> {
    let mut compared: Vec<(&Part, [Vec<Sample>; 2])> =
        PARTS.iter().map(|part| (part, [Vec::new(), Vec::new()])).collect();
    for part in &PARTS {
        [OF_FEW, OF_MANY].into_iter().for_each(|keeper| workbench.check_part(part, keeper));
    }
    for round in 0..=settings.rounds {
        for (part, both) in &mut compared {
            for (keeper, samples) in [OF_FEW, OF_MANY].into_iter().zip(both) {
                let sample = workbench.measure_part(part, keeper);
                if round > 0 {
                    samples.push(sample);
                }
            }
        }
    }
    compared.iter().map(|(part, both)| Compared::of(part.name, part.about, both)).collect()
}

impl Compared {
    fn of(name: &'static str, about: &'static str, [small, large]: &[Vec<Sample>; 2]) -> Compared {
        Compared { name, about, small: SampleSummary::of("small", small), large: SampleSummary::of("large", large) }
    }

    fn target(&self, things: &str) -> Target {
        let about = format!("{}, rate with few {things} / rate with many", self.about);
        Target::at_most(about, FACTOR, self.small.ratio_to(&self.large))
    }
}

impl Growth {
    pub fn text(&self) -> String {
        let phones = table(self.sizes, "phones", &self.operations);
        let contacts = table(self.sizes_of_contacts, "contacts", &self.contacts);
        let targets: Vec<String> = self.targets.iter().map(Target::line).collect();
        format!("{phones}{contacts}{}\n", targets.join("\n"))
    }
}

/// Table and a blank line; empty without rows.
fn table(sizes: [u64; 2], things: &str, all: &[Compared]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let head = sizes.into_iter().flat_map(|count| [format!("{count} {things}, req/s"), "CPU µs".to_owned()]);
    let mut rows = vec![[String::new()].into_iter().chain(head).collect::<Vec<_>>()];
    rows.extend(all.iter().map(|compared| {
        let cells =
            [&compared.small, &compared.large].map(|samples| [format!("{:.0}", samples.rate), samples.cpu.cell()]);
        [compared.about.to_owned()].into_iter().chain(cells.into_iter().flatten()).collect()
    }));
    aligned(&rows) + "\n"
}
