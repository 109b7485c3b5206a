//! The comparison: every operation and its references, interleaved round by round, so that other load on the machine
//! affects all of them alike. A ratio is the median of the rounds' ratios.

use crate::generator::histogram;
use crate::operations::{self, Operation};
use crate::pgbench;
use crate::references::{self, Answer};
use crate::report::{Bouts, Figures, Ground, Percentiles, Report, median};
use crate::scene::{Bout, Scene, Taken};
use crate::settings::Settings;
use crate::stage::{Program, Stage};
use crate::steady::Latencies;
use std::path::PathBuf;

/// Runs the comparison.
pub fn run(stage: &Stage, settings: &Settings) -> Report {
    let scene = Scene::open(stage, settings, "comparison", settings.phones);
    let mut comparison = Comparison::prepare(scene, settings);
    for _ in 0..settings.rounds {
        comparison.round();
    }
    comparison.report(settings)
}

struct Comparison {
    scene: Scene,
    contests: Vec<Contest>,
    ceiling: Program,
    plain: Program,
    echo: Program,
    pgbench: Option<PathBuf>,
    clients: Vec<u32>,
    generator: Vec<f64>,
}

/// One operation and its results, one for each round.
struct Contest {
    operation: &'static Operation,
    taken: Vec<Taken>,
    /// At half of the top rate: of the server and of the ceiling.
    half: Vec<[Latencies; 2]>,
    references: Vec<(String, Vec<Bout>)>,
}

impl Comparison {
    fn prepare(mut scene: Scene, settings: &Settings) -> Comparison {
        let wanted = operations::ALL.iter().filter(|operation| settings.wants(operation.name));
        let (contests, answers): (Vec<Contest>, Vec<Answer>) = wanted
            .map(|operation| {
                let contest = Contest { operation, taken: Vec::new(), half: Vec::new(), references: Vec::new() };
                (contest, scene.look(operation))
            })
            .unzip();
        let body = answers.first().map_or("", |answer| &answer.body);
        let (ceiling, plain) = (references::ceiling(&scene.database, &answers), references::plain(&scene.database));
        answers.iter().for_each(|answer| scene.look_at_ready(answer, ceiling.address));
        for contest in contests.iter().filter(|contest| contest.operation.is_first) {
            scene.look_at(contest.operation, plain.address);
        }
        let (echo, pgbench, clients) = (references::echo(body), pgbench::find(), settings.clients.clone());
        let mut comparison =
            Comparison { scene, contests, ceiling, plain, echo, pgbench, clients, generator: Vec::new() };
        if !settings.is_brief {
            // Warm-up: opens connections, prepares statements, reads pages.
            comparison.round();
            comparison.forget();
        }
        comparison
    }

    fn round(&mut self) {
        let scene = &mut self.scene;
        self.generator.push(scene.measure_ready("echo", 200, &self.echo).rate);
        for contest in &mut self.contests {
            let operation = contest.operation;
            let taken = scene.measure(operation);
            let half = taken.driven.rate() / 2.0;
            contest.taken.push(taken);
            let ceiling = scene.measure_ready(operation.name, operation.status, &self.ceiling);
            contest.note("ceiling", ceiling);
            if operation.is_first {
                contest.note("plain", scene.measure_at(operation, &self.plain));
                let pace = half.max(1.0);
                let ours = scene.time(operation, pace);
                let ceilings = scene.time_ready(operation.name, operation.status, &self.ceiling, pace);
                contest.half.push([ours, ceilings]);
            }
            let Some(program) = self.pgbench.as_deref() else { continue };
            for clients in &self.clients {
                for (name, transaction) in [("pgbench", operation.transaction), ("keyless", operation.keyless)] {
                    if !transaction.is_empty() {
                        let bout = scene.measure_database(operation, transaction, program, *clients);
                        contest.note(&format!("{name} {clients}"), bout);
                    }
                }
            }
        }
    }

    fn forget(&mut self) {
        self.generator.clear();
        for contest in &mut self.contests {
            (contest.taken, contest.half, contest.references) = Default::default();
        }
    }

    fn report(mut self, settings: &Settings) -> Report {
        let registry = &self.scene.asking.registry;
        let (phones, workspaces) = (registry.phones, registry.workspaces);
        let postgres =
            self.scene.database.texts("select split_part(current_setting('server_version'), ' ', 1)").remove(0);
        let operations = self.contests.into_iter().map(Contest::figures).collect();
        Report::of(settings, Ground { postgres, phones, workspaces }, median(self.generator), operations)
    }
}

impl Contest {
    fn note(&mut self, name: &str, bout: Bout) {
        match self.references.iter_mut().find(|(known, _)| known == name) {
            Some((_, bouts)) => bouts.push(bout),
            None => self.references.push((name.to_owned(), vec![bout])),
        }
    }

    /// Medians of the server (0) or of the ceiling (1).
    fn at_half(&self, which: usize) -> Latencies {
        Latencies::medians(&self.half.iter().map(|both| both[which]).collect::<Vec<_>>())
    }

    fn figures(self) -> Figures {
        let mut latencies = histogram();
        for taken in &self.taken {
            latencies.add(&taken.driven.latencies).expect("all histograms have the same bounds");
        }
        Figures {
            name: self.operation.name,
            about: self.operation.about,
            writes: self.operation.effect != operations::Effect::Nothing,
            memory: self.taken.iter().filter_map(|taken| taken.memory).max(),
            latency: Percentiles::of(&latencies),
            latency_at_half: (!self.half.is_empty()).then(|| [0, 1].map(|which| self.at_half(which))),
            measured: Bouts::of("server", &self.taken.iter().map(|taken| taken.bout).collect::<Vec<_>>()),
            references: self.references.iter().map(|(name, bouts)| Bouts::of(name, bouts)).collect(),
        }
    }
}
