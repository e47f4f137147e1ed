//! The Rust face: kernel threads, locks, works and modules for Rust code, on the machine that runs C modules.
//!
//! [`check`] runs a closure as the task `main` of a fresh machine, again and again, each time with other choices, until
//! nothing new is left or something is wrong: a panic of any thread, a deadlock, a thread left behind. It then panics with
//! the story and a token, which [`replay`] takes. Names are those that Rust code in Linux has, or that are proposed for it,
//! so that code can move between a test and a kernel.
//!
//! ```
//! use kloom_rust::prelude::*;
//!
//! kloom_rust::check(|| {
//!     let total = Arc::new(Mutex::new(0), GFP_KERNEL)?;
//!     let theirs = total.clone();
//!     let adder = Thread::spawn(c"adder", move || *theirs.lock() += 1)?;
//!     *total.lock() += 1;
//!     // A thread that was stopped before it ran never runs.
//!     let ran = adder.stop().is_ok();
//!     assert_eq!(*total.lock(), if ran { 2 } else { 1 });
//!     Ok(())
//! });
//! ```
//!
//! # What is explored
//! Each operation that another thread can notice is a choice point: taking a lock, an access to an [atomic](sync::atomic),
//! stopping, parking and waking threads, conditions and completions, queueing works, the passing of time. Code between two of
//! them is one step. Memory is sequentially consistent. Data that threads share by other means (atomics and locks of `std`)
//! is invisible to the search, and must not decide what happens.
#![forbid(unsafe_code)]

pub mod alloc;
mod checker;
pub mod delay;
pub mod error;
pub mod module;
pub mod print;
pub mod sync;
pub mod task;
mod thread;
pub mod time;
pub mod workqueue;

pub use checker::{Checker, Failure, Outcome, Report, Strategy, check, replay, run};
pub use error::{Error, Result, code};
pub use module::{Inserted, Module, ThisModule, insmod};
pub use thread::{Thread, ThreadNew, ThreadResult};

/// What most code needs.
pub mod prelude {
    pub use crate::alloc::flags::{GFP_ATOMIC, GFP_KERNEL};
    pub use crate::error::{Error, Result, code};
    pub use crate::module::{Module, ThisModule};
    pub use crate::sync::{Arc, Completion, CondVar, Mutex, SpinLock};
    pub use crate::thread::{Thread, ThreadNew};
    pub use crate::{current, module, pr_alert, pr_crit, pr_debug, pr_emerg, pr_err, pr_info, pr_notice, pr_warn};
}

#[doc(hidden)]
pub mod internal {
    pub use crate::print::log;
    pub use kloom_kernel::printk::Level;
}
