//! The single test binary.

mod postgres;
