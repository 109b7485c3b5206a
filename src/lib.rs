//! Handset keeps one registry of phones in Postgres and speaks, over it, the wire dialects that existing clients know.
//!
//! # Three ideas carry the code
//!
//! 1. **A dialect is a value** ([`http::Dialect`]): a name, which requests are its own, routes, what the OpenAPI
//!    document says of them, and how it says that something went wrong. All are listed in [`dialect::ALL`]. No dialect
//!    knows another, and none shares a wire type with another.
//! 2. **A workspace is a capability.** [`store::Store::authenticate`] is the only door to a [`store::Workspace`], and
//!    every query over a tenant's things hangs off that handle. The schema does the second half: keys of scoped tables
//!    start with `workspace_id`, so that a reference across workspaces cannot be written down.
//! 3. **An event is part of the statement that caused it.** The change, the event's row and the rows of its deliveries
//!    commit together; an event can be neither forgotten nor half done. So does the row of the audit trail that says who
//!    made the change, from where, and what was there before.
//!
//! # Floors
//!
//! A module knows only floors below its own.
//!
//! ```text
//! 5  main · command
//! 4  server · lifecycle · config · telemetry · postgres (the private one)
//! 3  dialect/*       know http, model, error, deactivation and the store's handles; never another dialect, never SQL
//! 2  http · deactivation · webhooks · sweeper     what is done beside and around requests
//! 1  store           the repository layer, the only place that speaks SQL
//! 0  model · error · ambient · metrics     plain types and pure rules; time, randomness and counting as values
//! ```
//!
//! # The way of a request
//!
//! [`server::router`] mounts the dialects. Around each lies its edge ([`http::dialect`]), which numbers the request,
//! bounds its time and, at the end, turns an [`error::Error`] into the dialect's words and writes one log line. A handler
//! decodes, makes one call on the workspace and encodes. What an API key is shown for, where that is phones or an extension,
//! is fetched in the statement that looks the key up ([`store::Errand`]), so the call finds it there; whatever is looked up
//! by its id is looked up together with what others ask for at the same time (`store::gather`). In Seam's dialect a route
//! is a value, too: the router and the OpenAPI document are made from the same list.

pub mod ambient;
pub mod api;
pub mod command;
pub mod config;
pub mod deactivation;
pub mod dialect;
pub mod error;
pub mod http;
pub mod lifecycle;
pub mod metrics;
pub mod model;
pub mod postgres;
pub mod server;
pub mod store;
pub mod sweeper;
pub mod telemetry;
pub mod webhooks;
