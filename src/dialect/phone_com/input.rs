//! Request values. Each reader records errors and continues, so that one response reports all of them, up to a maximum.

pub mod body;
pub mod contact;
pub mod filter;
pub mod query;

use crate::error::{Error, Issue, Place, Problem, Result, Step};

/// Maximum number of errors in a response; a hostile body could have half a million.
const MOST: usize = 100;

/// Validation errors of a request, in order of detection.
#[derive(Debug, Default)]
pub struct Faults(Vec<Issue>);

impl Faults {
    /// Adds an error.
    pub fn add(&mut self, place: Place, path: Vec<Step>, problem: Problem, message: impl Into<String>) {
        if !self.is_full() {
            self.0.push(Issue { place, path, problem, message: message.into() });
        }
    }

    /// Whether further errors are dropped, so that readers may stop.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Returns an error if any was recorded.
    pub fn judge(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
