//! What every dialect needs of HTTP: the state that handlers share, bodies within a limit, bearer tokens, limits,
//! and the edge at which a domain error becomes a dialect's answer. Which routes there are and what they say is the dialects' own.

pub mod app;
pub mod body;
pub mod dialect;
pub mod failure;
pub mod guard;
pub mod limits;
pub mod peer;
pub mod refusal;
pub mod traces;

pub use app::{App, HEARTBEAT, RESERVATION};
pub use dialect::{Asked, Claim, Dialect, RequestId, Tenant};
pub use traces::Traces;
