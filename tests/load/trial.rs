//! The benchmark under `cargo test`: a brief run of all of it, so that it keeps working. Times are not checked.

use crate::environment::Environment;
use crate::settings::Settings;
use crate::steady::{self, SLICE};
use crate::usage::{self, OtherThreads};
use crate::{comparison, growth, neighbours, operations, pgbench, remote, soak};
use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Runs the tests of the benchmark, with the arguments of a test runner.
pub fn run() -> ExitCode {
    let run_trial = Trial::test("benchmark_checks_every_response_and_reports_every_operation", || {
        a_brief_run_measures_every_operation();
        Ok(())
    });
    let cpu_trial = Trial::test("cpu_time_of_others_excludes_the_given_processes", || {
        cpu_time_of_this_process_counts_unless_excluded();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![run_trial, cpu_trial]).exit_code()
}

/// The CPU time of this process counts unless it is excluded.
fn cpu_time_of_this_process_counts_unless_excluded() {
    let us = std::process::id();
    let (Some(before), Some(without_us)) = (OtherThreads::excluding(&[]), OtherThreads::excluding(&[us])) else {
        assert!(!Path::new("/proc/self/schedstat").exists(), "schedstat exists but was not read");
        return;
    };
    assert!(before.0.contains_key(&us) && !without_us.0.contains_key(&us));
    let spent = || usage::cpu_of(us).expect("Linux reports CPU time");
    let begin = spent();
    while spent() < begin + 0.04 {}
    let spent = OtherThreads::excluding(&[]).expect("Linux reports CPU time").spent_since(&before);
    assert!(steady::is_much(spent, 2 * SLICE), "{spent:?}");
}

fn a_brief_run_measures_every_operation() {
    let settings = Settings::brief();
    let environment = Environment::start(settings.durability(), settings.flush_delay);
    // The run checks every status, and counts writes in the database.
    let report = comparison::run(&environment, &settings);
    assert_eq!(report.operations.len(), operations::ALL.len());
    let has_pgbench = pgbench::find().is_some();
    for (measured, operation) in report.operations.iter().zip(operations::ALL) {
        let compares = |name: &str| measured.of_reference(name).is_some_and(|ratio| ratio > 0.0);
        assert!(measured.rate() > 0.0 && measured.latency.p50 > 0, "{measured:?}");
        assert!(compares("ceiling"), "{measured:?}");
        assert_eq!(compares("plain"), operation.is_first, "{measured:?}");
        assert_eq!(measured.latency_at_half.is_some(), operation.is_timed(), "{measured:?}");
        for found in measured.latency_at_half.iter().flatten() {
            assert!(found.slices > 0 && found.all.p50 > 0, "{measured:?}");
            assert_eq!(found.undisturbed.is_some(), found.slices_undisturbed > 0, "{measured:?}");
        }
        assert_eq!(compares("pgbench 2"), has_pgbench && !operation.transaction.is_empty(), "{measured:?}");
        assert_eq!(measured.memory.is_some(), cfg!(target_os = "linux"), "{measured:?}");
        assert!(report.text().contains(measured.about), "{}", report.text());
    }
    assert_eq!(report.json()["operations"].as_array().map(Vec::len), Some(operations::ALL.len()));
    let growth_report = growth::run(&environment, &settings);
    assert!(
        growth_report.operations.iter().all(|both| both.small.rate > 0.0 && both.large.rate > 0.0),
        "{growth_report:?}"
    );
    assert!(
        growth_report.contacts.iter().all(|both| both.small.rate > 0.0 && both.large.rate > 0.0),
        "{growth_report:?}"
    );
    assert_eq!(growth_report.targets.len(), 7, "{growth_report:?}");
    for about in ["get one phone", "last 25 contacts"] {
        assert!(growth_report.text().contains(about), "{}", growth_report.text());
    }
    let neighbours_report = neighbours::run(&environment, &settings);
    assert_eq!(neighbours_report.noises.len(), neighbours::names().count());
    for noise in &neighbours_report.noises {
        for sample in [&noise.quiet, &noise.noisy] {
            assert!(sample.failed == 0 && sample.unheard == 0 && sample.webhook.p50 > 0, "{noise:?}");
        }
        assert!(neighbours_report.text().contains(noise.name), "{}", neighbours_report.text());
    }
    let remote_report = remote::run(&environment, &settings, 500);
    for (latency, pair) in remote_report.latencies.iter().zip(&remote_report.pairs) {
        assert!(
            latency.local > 0.0 && latency.remote > 0.0 && pair.rates.iter().all(|rate| *rate > 0.0),
            "{latency:?} {pair:?}"
        );
    }
    assert_eq!(remote_report.pairs.len(), 4, "{remote_report:?}");
    let soak_report = soak::run(&environment, &settings, Duration::from_millis(300));
    assert!(soak_report.requests > 0, "{soak_report:?}");
}
