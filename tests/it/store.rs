//! The store as a whole: statements per operation, and distribution over several nodes.

mod distribution;
mod plans;
mod shared_statements;
mod statement_counts;
mod text_comparison;
