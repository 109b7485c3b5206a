//! Tests on a real Citus cluster. They are ignored unless they are asked for:
//! `HANDSET_TEST_CLUSTER=postgres://… cargo test --test it -- --include-ignored cluster::`.

mod changes;
mod layout;
mod moves;
mod outages;
mod rights;
mod statements;
mod sweeps;
