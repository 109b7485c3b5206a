//! The single test binary: real HTTP to the real server on a real Postgres, a database for each test.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the harness shows the output of a test that fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "the rules of clock, randomness and outbound requests are for the server"
)]
#![allow(clippy::too_many_lines, reason = "a table of cases or a story may be long; files are limited")]

mod another_server;
mod audit;
mod cancellation;
mod chance;
mod client;
mod command;
mod coverage;
mod crashes;
mod deliveries;
mod diga;
mod diga_life;
mod diga_pages;
mod diga_shape;
mod distribution;
mod document;
mod door;
mod event_types;
mod faults;
mod isolation;
mod limits;
mod linear;
mod log_order;
mod metrics;
mod openapi;
mod outbound;
mod outbox;
mod phone_com;
mod postgres;
mod races;
mod receiver;
mod registers;
mod retention;
mod seam_auth;
mod seam_errors;
mod seam_filters;
mod seam_hostile;
mod seam_input;
mod seam_pages;
mod seam_people;
mod seam_sessions;
mod seam_stories;
mod seam_time;
mod secrets;
mod sse;
mod statements;
mod stream;
mod tidy;
mod tls;
mod traces;
mod ucwa;
mod waiting;
mod webhook_care;
mod webhook_end;
mod webhook_worker;
mod wire;
mod world;
