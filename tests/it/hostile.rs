//! Hostile input: it is refused in the format of the dialect, and neither slows the server down nor causes a server error.

mod connections;
mod guessing;
mod hashing;
mod memory;
mod random_requests;
mod seam;
mod time_complexity;
mod ucwa_bodies;
