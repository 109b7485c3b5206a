//! What every dialect needs of HTTP: the state that handlers share, bodies within a limit, bearer tokens, limits,
//! and the edge at which a domain error becomes a dialect's answer. Which routes there are and what they say is the dialects' own.

pub mod app;
pub mod body;
pub mod client_address;
pub mod dialect;
pub mod error_renderer;
pub mod failure;
pub mod guard;
pub mod limits;
pub mod traces;

pub use app::{App, HEARTBEAT, RESERVATION};
pub use dialect::{Claim, Dialect, RequestContext, RequestId, Tenant};
pub use traces::Traces;
