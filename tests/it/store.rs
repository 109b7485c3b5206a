//! The store as a whole: statements per operation, and distribution over several nodes.

mod distribution;
mod plans;
mod statement_counts;
mod text_comparison;
