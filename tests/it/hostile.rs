//! Hostile input, callers and neighbours: they are refused in the format of the dialect, and neither slow the server down
//! nor cause a server error; hostile load delays no other workspace and no deactivation; and starts that would do harm.

mod audit_guard;
mod bulk;
mod connections;
mod event_streams;
mod fairness;
mod first_start;
mod guessing;
mod hashing;
mod large_lists;
mod loopback;
mod memory;
mod new_password;
mod operator_commands;
mod publishable_keys;
mod random_requests;
mod retry_after;
mod revoked_keys;
mod seam;
mod sign_in;
mod stays_off;
mod tarpits;
mod text_limits;
mod time_complexity;
mod ucwa_bodies;
