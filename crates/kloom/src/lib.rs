//! kloom as a library: what the command does, as functions that return values.
//!
//! [`run::run`] builds modules, runs a scenario and returns the outcome; the command only parses flags and prints.
#![forbid(unsafe_code)]

pub mod api;
pub mod check;
pub mod failure;
pub mod run;
pub mod source;
