//! Hostile input: it is refused in the format of the dialect, and neither slows the server down nor causes a server error.

mod new_password;
mod publishable_keys;
mod random_requests;
mod revoked_keys;
mod seam;
mod sign_in;
mod tarpits;
mod time_complexity;
mod ucwa_bodies;
