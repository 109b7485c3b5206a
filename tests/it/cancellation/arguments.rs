//! Requests that succeed, however often the operation was called before: each on things that were made for it, if it uses
//! them up.

pub mod diga;
pub mod phone_com;
pub mod seam;
pub mod ucwa;

use crate::document::Operation;
use crate::world::World;
use reqwest::RequestBuilder;

/// The arguments of a dialect's operations.
pub trait Arguments {
    /// Makes what the requests have in common.
    async fn new(world: &World) -> Self;

    /// In how many ways an operation is called. More than one where arguments change which statements are run.
    fn variants(operation: &Operation) -> usize;

    /// A request of the operation; no other has the same `serial`.
    async fn request(&self, world: &World, operation: &Operation, variant: usize, serial: u32) -> RequestBuilder;
}
