//! The rules of the house, read off the tree: the floors of the building and who may look down on whom, the size and the
//! shape of files and functions, words that promise what is not there, and what the statements and the schema must have.

mod distribution;
mod documents;
mod floors;
mod rust;
mod schema;
mod statements;
mod style;
mod tree;

/// What is wrong, one fault a line.
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

    /// How many there are, for tests of the rules themselves.
    fn count(&self) -> usize {
        self.0.len()
    }
}
