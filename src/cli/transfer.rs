//! Imports and exports: files of any size are read and written a part at a time, with a progress bar on a terminal and a
//! report of what was not taken.

mod input;
mod output;
mod report;
mod rows;

pub use input::{Format, Input};
pub use output::Output;
pub use report::Report;
pub use rows::{Rows, csv_line};

/// Maximum number of records per unit of work.
pub const BATCH: usize = 500;

/// Number of new rows from which on the planner's statistics are brought up to date.
pub const ANALYZE_FROM: u64 = 1_000;

/// A record of a file, and the line that it begins in.
#[derive(Debug)]
pub struct Record<T> {
    pub line: u64,
    /// What was read, or why it cannot be taken.
    pub content: Result<T, Vec<String>>,
}

impl<T> Record<T> {
    /// What is made of the content.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Record<U> {
        Record { line: self.line, content: self.content.map(make) }
    }
}
