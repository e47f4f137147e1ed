//! User space of the simulated machine: the scenario language (a POSIX shell) and the commands it runs.
//!
//! Everything here is a program that posts syscalls (see [`sys`]); nothing does I/O, reads a clock or keeps global state,
//! so a run is as deterministic as the kernel that answers.
#![forbid(unsafe_code)]

pub mod sys;
