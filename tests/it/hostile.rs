//! Hostile input, callers and neighbours: they are refused in the format of the dialect, and neither slow the server down
//! nor cause a server error; and starts that would do harm.

mod audit_guard;
mod first_start;
mod loopback;
mod connections;
mod guessing;
mod hashing;
mod memory;
mod random_requests;
mod retry_after;
mod seam;
mod tarpits;
mod time_complexity;
mod ucwa_bodies;
