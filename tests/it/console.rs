//! The operators' pages: getting in and out, roles, forms of other sites, and what every page has.

mod hostile_texts;
mod installations;
mod lost_phone;
mod roles;
mod search;
mod timeline;
