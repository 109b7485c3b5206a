//! Metrics, traces, and what logs and traces must not contain.

mod metrics;
mod secrets;
mod traces;
