//! Hostile input: it is refused in the format of the dialect, and neither slows the server down nor causes a server error.

mod random_requests;
mod seam;
mod tarpits;
mod time_complexity;
mod ucwa_bodies;
