//! The single test binary: real HTTP to the real server on a real Postgres, a database for each test.

mod command;
mod coverage;
mod document;
mod isolation;
mod openapi;
mod outbound;
mod outbox;
mod postgres;
mod races;
mod seam_auth;
mod seam_errors;
mod seam_filters;
mod seam_hostile;
mod seam_input;
mod seam_pages;
mod seam_people;
mod seam_sessions;
mod seam_stories;
mod seam_time;
mod tidy;
mod voices;
mod wire;
mod world;
