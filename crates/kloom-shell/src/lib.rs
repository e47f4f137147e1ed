//! User space of the simulated machine: the scenario language (a POSIX shell) and the commands it runs.
//!
//! Everything here is a program that posts syscalls (see [`sys`]); nothing does I/O, reads a clock or keeps global state,
//! so a run is as deterministic as the kernel that answers.
//!
//! [`parse::parse`] makes a [`Script`] of a scenario (or a [`ScenarioError`] with its place), [`sh`] a program of the script;
//! the session hands it a [`sys::Sys`] and polls. [`Shell`] is the same shell for interactive use.
#![forbid(unsafe_code)]

mod arith;
mod builtins;
mod commands;
mod expand;
pub mod parse;
mod pattern;
mod shell;
mod signals;
pub mod sys;
pub mod text;

pub use commands::COMMANDS;
pub use parse::{ScenarioError, Script};
pub use shell::{LineResult, Shell, sh};
