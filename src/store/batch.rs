//! Batches of concurrent reads, with or without the key of their caller.

pub(super) mod batcher;
pub(super) mod keys;
pub(super) mod lookup;
pub(super) mod prefetch;
