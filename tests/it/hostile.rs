//! Hostile input: it is refused in the format of the dialect, and neither slows the server down nor causes a server
//! error. Hostile load: it delays no other workspace, and no deactivation.

mod event_streams;
mod fairness;
mod random_requests;
mod seam;
mod time_complexity;
mod ucwa_bodies;
