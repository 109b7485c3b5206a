//! SCIM 2.0: the users and groups of a company's directory, and what a person who leaves it loses.

mod bulk;
mod commands;
mod conditional;
mod console;
mod discovery;
mod groups;
mod large;
mod leavers;
mod lists;
mod patch;
mod returning;
mod users;
