//! Requests that succeed on every call of an operation: what a call consumes is created for it.

pub mod diga;
pub mod phone_com;
pub mod scim;
pub mod seam;
pub mod ucwa;

use crate::support::document::Operation;
use crate::support::world::World;
use reqwest::RequestBuilder;

/// The arguments of a dialect's operations.
pub trait Arguments {
    /// Creates what all requests share.
    async fn new(world: &World) -> Self;

    /// Number of ways to call an operation. More than one where arguments change which statements run.
    fn variants(operation: &Operation) -> usize;

    /// A request of the operation; `serial` is unique.
    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder;
}
