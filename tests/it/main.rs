//! The single test binary: real HTTP to the real server on a real Postgres, a database for each test.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the harness shows the output of a test that fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "the rules of clock, randomness and outbound requests are for the server"
)]
#![allow(clippy::too_many_lines, reason = "a table of cases or a story may be long; files are limited")]

mod applications;
mod audit;
mod auth;
mod cancellation;
mod cli;
mod client_sessions;
mod cluster;
mod comparison;
mod console;
mod contacts;
mod coverage;
mod credentials;
mod events;
mod faults;
mod hostile;
mod http;
mod input;
mod instant_keys;
mod isolation;
mod numbers;
mod openapi;
mod phones;
mod postgres;
mod scim;
mod slots;
mod store;
mod support;
mod telemetry;
mod tidy;
mod user_identities;
mod webhooks;
mod workspaces;
