//! The operators' pages: getting in and out, roles, forms of other sites, and what every page has.

mod audit;
mod first_start;
mod forms;
mod pages;
mod roles;
mod sessions;
mod sign_in;
mod sso;
mod status;
