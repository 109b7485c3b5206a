//! Metrics, traces, and what logs and traces must not contain.

mod metrics;
mod monitoring;
mod row_counter;
mod secrets;
mod traces;
