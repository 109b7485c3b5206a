//! HTTP code that all dialects share: application state, bounded bodies, client addresses, rate limits, and the
//! middleware that renders a domain error as the dialect's response. Routes and wire types belong to the dialects.

pub mod app;
pub mod auth;
pub mod base_url;
pub mod body;
pub mod client_address;
pub mod compression;
pub mod conditional;
pub mod context;
pub mod cors;
pub mod dialect;
pub mod error_renderer;
pub mod failure;
pub mod guard;
pub mod host;
pub mod in_flight;
pub mod json;
pub mod rate_limit;
pub mod retry_after;
pub mod shares;
pub mod traces;

pub use app::{App, HEARTBEAT, RESERVATION};
pub use context::{CallerCell, RequestCaller, RequestContext, RequestId};
pub use dialect::{Claim, Dialect};
pub use traces::Traces;
