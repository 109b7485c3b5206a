//! The operators' pages: getting in and out, roles, forms of other sites, and what every page has.

mod forms;
mod pages;
mod roles;
mod sessions;
mod sign_in;
