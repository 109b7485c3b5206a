//! What `cargo test` does with the benchmark: it runs all of it for a moment, so that it cannot rot. No time is judged.

use crate::settings::Settings;
use crate::stage::Stage;
use crate::steady::{self, SLICE};
use crate::usage::{self, Others};
use crate::{comparison, growth, operations, pgbench, soak};
use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Runs as the tests of their program, as the arguments of a test runner say.
pub fn run() -> ExitCode {
    let judged = Trial::test("every_operation_is_answered_rightly_and_every_figure_is_there", || {
        judge();
        Ok(())
    });
    let told = Trial::test("what_others_spend_is_told_from_what_we_spend", || {
        tell();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![judged, told]).exit_code()
}

/// Who counts us among the others is told what we spend, and who does not is told nothing of us.
fn tell() {
    let us = std::process::id();
    let (Some(before), Some(besides_us)) = (Others::than(&[]), Others::than(&[us])) else {
        assert!(!Path::new("/proc/self/schedstat").exists(), "what is told is read");
        return;
    };
    assert!(before.0.contains_key(&us) && !besides_us.0.contains_key(&us));
    let spent = || usage::cpu_of(us).expect("Linux tells");
    let begin = spent();
    while spent() < begin + 0.04 {}
    let spent = Others::than(&[]).expect("Linux tells").spent_since(&before);
    assert!(steady::is_much(spent, 2 * SLICE), "{spent:?}");
}

fn judge() {
    let settings = Settings::brief();
    let stage = Stage::start(settings.durability());
    // Every answer's status is looked at as it comes, and what was written is counted in the database.
    let report = comparison::run(&stage, &settings);
    assert_eq!(report.operations.len(), operations::ALL.len());
    let has_pgbench = pgbench::find().is_some();
    for (figures, operation) in report.operations.iter().zip(operations::ALL) {
        let compares = |name: &str| figures.of_reference(name).is_some_and(|ratio| ratio > 0.0);
        assert!(figures.rate() > 0.0 && figures.latency.p50 > 0, "{figures:?}");
        assert!(compares("ceiling"), "{figures:?}");
        assert_eq!(compares("plain"), operation.is_first, "{figures:?}");
        assert_eq!(figures.latency_at_half.is_some(), operation.is_first, "{figures:?}");
        for found in figures.latency_at_half.iter().flatten() {
            assert!(found.slices > 0 && found.all.p50 > 0, "{figures:?}");
            assert_eq!(found.undisturbed.is_some(), found.slices_undisturbed > 0, "{figures:?}");
        }
        assert_eq!(compares("pgbench 2"), has_pgbench && !operation.transaction.is_empty(), "{figures:?}");
        assert_eq!(figures.memory.is_some(), cfg!(target_os = "linux"), "{figures:?}");
        assert!(report.text().contains(figures.about), "{}", report.text());
    }
    assert_eq!(report.json()["operations"].as_array().map(Vec::len), Some(operations::ALL.len()));
    let grown = growth::run(&stage, &settings);
    assert!(grown.operations.iter().all(|both| both.small.rate > 0.0 && both.large.rate > 0.0), "{grown:?}");
    assert!(grown.contacts.iter().all(|both| both.small.rate > 0.0 && both.large.rate > 0.0), "{grown:?}");
    assert_eq!(grown.targets.len(), 7, "{grown:?}");
    for about in ["get one phone", "last 25 contacts"] {
        assert!(grown.text().contains(about), "{}", grown.text());
    }
    let soaked = soak::run(&stage, &settings, Duration::from_millis(300));
    assert!(soaked.requests > 0, "{soaked:?}");
}
