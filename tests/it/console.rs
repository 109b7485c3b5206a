//! The operators' pages: getting in and out, roles, forms of other sites, and what every page has.

mod audit;
mod client_sessions;
mod contacts;
mod deliveries;
mod first_start;
mod forms;
mod hostile_forms;
mod hostile_texts;
mod installations;
mod instant_keys;
mod keys;
mod lost_phone;
mod merged_person;
mod numbers;
mod pages;
mod roles;
mod search;
mod sessions;
mod sign_in;
mod slots;
mod sso;
mod statement_counts;
mod status;
mod timeline;
mod webhooks;
