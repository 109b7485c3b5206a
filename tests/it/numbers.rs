//! Phone numbers of the Diga dialect.

mod lifecycle;
mod list;
mod operations;
mod validation;
