//! Events: lists, order, streams and retention.

mod list;
mod merges;
mod order;
mod retention;
mod stream;
mod stream_tickets;
mod types;
