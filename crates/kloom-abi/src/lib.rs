//! Constants and `#[repr(C)]` layouts shared by kloom's Rust side and the C headers in `include/`.
//!
//! One fact stands in one place: what both languages must agree on is either here and checked against
//! `include/layout_probe.c` by a test, or it does not exist. Nothing here has behaviour.
#![forbid(unsafe_code)]

pub mod errno;
pub mod object;
pub mod sched;
pub mod signal;
pub mod task;
pub mod time;

pub use errno::Errno;
pub use task::TaskStruct;
