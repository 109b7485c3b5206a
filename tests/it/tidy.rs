//! Rules of the repository, checked on its files: layers of modules, size and shape of files and functions, placeholder
//! code, and requirements on statements and schema.

mod audit_actions;
mod citus;
mod distribution;
mod documents;
mod expand;
mod floors;
mod runbook;
mod rust;
mod schema;
pub mod statements;
mod style;
mod tree;
mod units;

/// Violations, one per line.
#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, place: impl std::fmt::Display, fault: impl std::fmt::Display) {
        self.0.push(format!("{place}: {fault}"));
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }

    /// Number of violations, for tests of the rules themselves.
    fn count(&self) -> usize {
        self.0.len()
    }
}
