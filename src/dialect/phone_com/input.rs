//! A request's values. Every reader notes what is wrong and goes on, so that one answer tells all faults at once, up to
//! as many as anybody reads.

pub mod body;
pub mod contact;
pub mod filter;
pub mod query;

use crate::error::{Error, Issue, Place, Problem, Result, Step};

/// Nobody learns more from the next one, and a hostile body could have half a million.
const MOST: usize = 100;

/// The faults of a request, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Faults(Vec<Issue>);

impl Faults {
    /// One more.
    pub fn add(&mut self, place: Place, path: Vec<Step>, problem: Problem, message: impl Into<String>) {
        if !self.is_full() {
            self.0.push(Issue { place, path, problem, message: message.into() });
        }
    }

    /// Whether further faults would be dropped, so that looking for them is idle.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Lets the request go on if nothing is wrong with it.
    pub fn judge(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
