//! Handset is a registry of phones in Postgres, served in the wire dialects of existing clients.
//!
//! # Design
//!
//! 1. **A dialect is a value** ([`http::Dialect`]): a name, the requests it claims, routes, its part of the OpenAPI
//!    document, and its error format. All are listed in [`dialect::ALL`]. No dialect depends on another, and no two share
//!    a wire type.
//! 2. **A workspace is a capability.** Only [`store::Store::authenticate`] returns a [`store::Workspace`] to a request, and
//!    [`store::Store::workspace_of_operator`] to a command; every query over a tenant's rows is a method of that handle. The schema enforces the rest: keys of scoped tables start with
//!    `workspace_id`, so that no foreign key can reference another workspace.
//! 3. **An event is part of the statement that caused it.** The change, the event's row and the rows of its deliveries
//!    commit together, so an event can be neither lost nor incomplete. So does the row of the audit trail with the
//!    principal, the origin and the previous values.
//!
//! # Floors
//!
//! A module depends only on floors below its own.
//!
//! ```text
//! 6  main · cli
//! 5  server · lifecycle · config · telemetry · postgres (the private one)
//! 4  dialect/*       use api, http, domain, error, deactivation and the store's handles; never another dialect, never SQL
//!    console         the operators' pages, with the same rules
//!    instant_key_page   the page of a link, with the same rules
//! 3  api             what dialects share: routes, input rules, the frame of the document
//! 2  http · deactivation · webhooks · sweeper     middleware and background work
//! 1  store           the repository layer, the only module with SQL
//!    sso · outbound_tls   operators' single sign-on; TLS to other hosts
//! 0  domain · error · clock · random · metrics · build_info     plain types and pure rules; time, randomness and counting as values
//! ```
//!
//! # Request flow
//!
//! [`server::router`] mounts the dialects. The middleware around each ([`http::dialect`]) assigns the request id, enforces
//! the timeout, renders an [`error::Error`] in the dialect's format and writes one log line. A handler decodes, makes one
//! call on the workspace and encodes. For requests with an API key, phones, numbers and extensions are prefetched by the
//! statement that looks up the key ([`store::Prefetch`]), and the call uses the prefetched rows. Concurrent lookups by id
//! share statements (`store::batch`). A route is a value ([`api::route`]): router and OpenAPI document derive from the
//! same list.

pub mod api;
pub mod build_info;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod deactivation;
pub mod dialect;
pub mod domain;
pub mod error;
pub mod http;
pub mod instant_key_page;
pub mod lifecycle;
pub mod metrics;
mod outbound_tls;
pub mod postgres;
pub mod random;
pub mod server;
pub mod sso;
pub mod store;
pub mod sweeper;
pub mod telemetry;
pub mod webhooks;
