//! A condition on what a change finds, checked in the unit of work of the change and under its locks: of two concurrent
//! changes with the same condition one succeeds.

use crate::error::{Error, Result};

/// Whether a condition holds on a `T`.
type Holds<T> = Box<dyn FnOnce(&T) -> Result<bool> + Send>;

/// A condition on a `T` before it is changed.
pub struct Precondition<T>(Option<Holds<T>>);

impl<T> Precondition<T> {
    /// No condition.
    pub const NONE: Precondition<T> = Precondition(None);

    pub fn new(holds: impl FnOnce(&T) -> Result<bool> + Send + 'static) -> Precondition<T> {
        Precondition(Some(Box::new(holds)))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn check(self, current: &T) -> Result<()> {
        match self.0 {
            None => Ok(()),
            Some(holds) => holds(current)?.then_some(()).ok_or(Error::PreconditionFailed),
        }
    }
}
