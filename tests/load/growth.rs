//! Whether what an operation costs depends on how much is registered: two registries on one Postgres, a server on each,
//! measured in turn.

use crate::operations::{self, Operation};
use crate::report::{Target, aligned, median};
use crate::scene::Scene;
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

/// The rates of one operation in both registries.
#[derive(Debug, Serialize)]
pub struct Compared {
    pub name: &'static str,
    about: &'static str,
    pub rates: [Vec<f64>; 2],
}

/// Compares two sizes.
pub fn run(stage: &Stage, settings: &Settings) -> Growth {
    let sizes = if settings.is_brief { [200, 800] } else { [10_000, 1_000_000] };
    let open = |name, phones| Scene::open(stage, settings, name, phones);
    let mut scenes = [open("small", sizes[0]), open("large", sizes[1])];
    let is_compared = |operation: &&Operation| COMPARED.contains(&operation.name) && settings.wants(operation.name);
    let mut compared: Vec<(&Operation, [Vec<f64>; 2])> =
        operations::ALL.iter().filter(is_compared).map(|operation| (operation, [Vec::new(), Vec::new()])).collect();
    // The first round does not count: it opens connections and reads pages.
    for round in 0..=settings.rounds {
        for (operation, rates) in &mut compared {
            for (scene, rates) in scenes.iter_mut().zip(rates) {
                let rate = scene.measure(operation, None).driven.rate();
                if round > 0 {
                    rates.push(rate);
                }
            }
        }
    }
    let operations: Vec<Compared> = compared
        .into_iter()
        .map(|(operation, rates)| Compared { name: operation.name, about: operation.about, rates })
        .collect();
    Growth { sizes, targets: operations.iter().map(Compared::target).collect(), operations }
}

impl Compared {
    fn target(&self) -> Target {
        let [small, large] = &self.rates;
        let ratios = small.iter().zip(large).map(|(small, large)| small / large).collect();
        Target::at_most(format!("{}, small registry in terms of large", self.about), FACTOR, median(ratios))
    }
}

impl Growth {
    pub fn text(&self) -> String {
        let [small, large] = self.sizes.map(|phones| format!("req/s of {phones} phones"));
        let mut rows = vec![vec![String::new(), small, large]];
        rows.extend(self.operations.iter().map(|compared| {
            let [small, large] = compared.rates.clone().map(|rates| format!("{:.0}", median(rates)));
            vec![compared.about.to_owned(), small, large]
        }));
        let targets: Vec<String> = self.targets.iter().map(Target::line).collect();
        format!("{}\n{}\n", aligned(&rows), targets.join("\n"))
    }
}
