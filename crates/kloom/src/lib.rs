//! kloom as a library: what the command does, as functions that return values.
//!
//! [`run::run`] builds modules, runs a scenario and returns the outcome; the command only parses flags and prints.
//!
//! For Rust code there is [`check()`]: the same kernel inside `#[test]`, see the [prelude] and [`Checker`].
#![forbid(unsafe_code)]

pub mod api;
pub mod check;
pub mod failure;
pub mod observe;
pub mod run;
pub mod source;

pub use kloom_rust::{
    Checker, Error, Failure, Inserted, Module, Outcome, Result, Strategy, ThisModule, Thread, ThreadNew, ThreadResult,
    alloc, check, code, current, delay, error, insmod, module, pr_alert, pr_crit, pr_debug, pr_emerg, pr_err, pr_info,
    pr_notice, pr_warn, prelude, print, replay, run, sync, task, time, workqueue,
};
