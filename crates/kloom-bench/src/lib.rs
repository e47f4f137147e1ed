//! Figures: what kloom's operations cost in host time, next to OS threads and tokio measured in the same run.
//!
//! A module in `modules/` does an operation `n` times; [`module::Module::time`] takes the host time of a whole session, and
//! [`rate::per_unit`] the difference of a short and a long one, so that boot, insmod and rmmod cancel out. Everything of
//! one row is measured in turn, round after round, and the fastest round counts: what else the host does slows all alike.
#![forbid(unsafe_code)]

pub mod checkers;
pub mod children;
pub mod clock;
pub mod module;
pub mod peers;
pub mod rate;
pub mod table;
