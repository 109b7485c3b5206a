//! Phone slots of a user identity, in the UCWA dialect.

mod assigned_numbers;
mod changes;
mod conditional_requests;
mod inputs;
mod normalization;
mod preconditions;
mod representation;
