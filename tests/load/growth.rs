//! Whether what an operation costs depends on how much is registered: two registries on one Postgres, a server on each,
//! measured in turn.

use crate::operations::{self, Operation};
use crate::report::{Bouts, Target, aligned};
use crate::scene::{Bout, Scene};
use crate::settings::Settings;
use crate::stage::Stage;
use serde::Serialize;

/// The operations that are compared.
const COMPARED: [&str; 4] = ["get", "list", "page", "deactivate"];

/// How much slower the larger one may be.
const FACTOR: f64 = 1.3;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Growth {
    pub sizes: [u64; 2],
    pub operations: Vec<Compared>,
    pub targets: Vec<Target>,
}

/// One operation in both registries.
#[derive(Debug, Serialize)]
pub struct Compared {
    pub name: &'static str,
    about: &'static str,
    pub small: Bouts,
    pub large: Bouts,
}

/// Compares two sizes.
pub fn run(stage: &Stage, settings: &Settings) -> Growth {
    let sizes = if settings.is_brief { [200, 800] } else { [10_000, 1_000_000] };
    let open = |name, phones| Scene::open(stage, settings, name, phones);
    let mut scenes = [open("small", sizes[0]), open("large", sizes[1])];
    let is_compared = |operation: &&Operation| COMPARED.contains(&operation.name) && settings.wants(operation.name);
    let mut compared: Vec<(&Operation, [Vec<Bout>; 2])> =
        operations::ALL.iter().filter(is_compared).map(|operation| (operation, [Vec::new(), Vec::new()])).collect();
    // The first round does not count: it opens connections and reads pages.
    for round in 0..=settings.rounds {
        for (operation, both) in &mut compared {
            for (scene, bouts) in scenes.iter_mut().zip(both) {
                let bout = scene.measure(operation, None).bout;
                if round > 0 {
                    bouts.push(bout);
                }
            }
        }
    }
    let operations: Vec<Compared> = compared
        .into_iter()
        .map(|(operation, [small, large])| Compared {
            name: operation.name,
            about: operation.about,
            small: Bouts::of("small", &small),
            large: Bouts::of("large", &large),
        })
        .collect();
    Growth { sizes, targets: operations.iter().map(Compared::target).collect(), operations }
}

impl Compared {
    fn target(&self) -> Target {
        let about = format!("{}, rate with few phones in terms of rate with many", self.about);
        Target::at_most(about, FACTOR, self.small.in_terms_of(&self.large))
    }
}

impl Growth {
    pub fn text(&self) -> String {
        let head = self.sizes.into_iter().flat_map(|phones| [format!("{phones} phones, req/s"), "CPU µs".to_owned()]);
        let mut rows = vec![[String::new()].into_iter().chain(head).collect::<Vec<_>>()];
        rows.extend(self.operations.iter().map(|compared| {
            let cells =
                [&compared.small, &compared.large].map(|bouts| [format!("{:.0}", bouts.rate), bouts.cpu.cell()]);
            [compared.about.to_owned()].into_iter().chain(cells.into_iter().flatten()).collect()
        }));
        let targets: Vec<String> = self.targets.iter().map(Target::line).collect();
        format!("{}\n{}\n", aligned(&rows), targets.join("\n"))
    }
}
