//! Hostile input: it is refused in the format of the dialect, and neither slows the server down nor causes a server error.

mod bulk;
mod random_requests;
mod seam;
mod stays_off;
mod text_limits;
mod time_complexity;
mod ucwa_bodies;
