//! The operators' pages: getting in and out, roles, forms of other sites, and what every page has.

mod audit;
mod first_start;
mod forms;
mod hostile_texts;
mod installations;
mod lost_phone;
mod pages;
mod roles;
mod search;
mod sessions;
mod sign_in;
mod sso;
mod statement_counts;
mod status;
mod timeline;
