//! The benchmark under `cargo test`: a brief run of all of it, so that it keeps working. Times are not checked.

use crate::settings::Settings;
use crate::stage::Stage;
use crate::steady::{self, SLICE};
use crate::usage::{self, Others};
use crate::{comparison, growth, operations, pgbench, soak};
use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the tests of the benchmark, with the arguments of a test runner.
pub fn run() -> ExitCode {
    let judged = Trial::test("benchmark_checks_every_response_and_reports_every_operation", || {
        judge();
        Ok(())
    });
    let told = Trial::test("cpu_time_of_others_excludes_the_given_processes", || {
        tell();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![judged, told]).exit_code()
}

/// The CPU time of this process counts unless it is excluded.
fn tell() {
    let us = std::process::id();
    let (Some(before), Some(besides_us)) = (Others::than(&[]), Others::than(&[us])) else {
        assert!(!Path::new("/proc/self/schedstat").exists(), "schedstat exists but was not read");
        return;
    };
    assert!(before.0.contains_key(&us) && !besides_us.0.contains_key(&us));
    let spent = || usage::cpu_of(us).expect("Linux reports CPU time");
    let begin = spent();
    while spent() < begin + 0.04 {}
    let spent = Others::than(&[]).expect("Linux reports CPU time").spent_since(&before);
    assert!(steady::is_much(spent, 2 * SLICE), "{spent:?}");
}

fn judge() {
    let settings = Settings::brief();
    let stage = Stage::start(settings.durability());
    // The run checks every status, and counts writes in the database.
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
