//! Property tests with proptest: many random inputs in one world.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::{Builder, Runtime};

/// A runtime for a property test with many cases in one world.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Checks a property on this many inputs.
pub fn check_property<S: Strategy>(runtime: &Runtime, cases: u32, things: S, property: impl AsyncFn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&things, |thing| {
        runtime.block_on(property(thing));
        Ok(())
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
}
