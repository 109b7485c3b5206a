//! Contacts and contact groups of the Phone.com dialect.

mod filters;
mod groups;
mod lifecycle;
mod list;
mod preconditions;
mod random_queries;
mod validation;
