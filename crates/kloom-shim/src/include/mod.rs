//! The exported functions, one file per C header.

pub mod completion;
pub mod delay;
pub mod kthread;
pub mod printk;
pub mod sched;
pub mod signal;

use crate::export::Export;

/// All tables.
pub static ALL: &[&[Export]] = &[completion::EXPORTS, delay::EXPORTS, kthread::EXPORTS, printk::EXPORTS, sched::EXPORTS, signal::EXPORTS];
