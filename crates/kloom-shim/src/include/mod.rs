//! The exported functions, one file per C header.

pub mod bug;
pub mod completion;
pub mod delay;
pub mod kthread;
pub mod module;
pub mod moduleparam;
pub mod pid;
pub mod printk;
pub mod sched;
pub mod signal;
pub mod slab;
pub mod uaccess;
pub mod string;
pub mod sprintf;
pub mod kstrtox;

use crate::export::Export;

/// All tables.
pub static ALL: &[&[Export]] = &[bug::EXPORTS, slab::EXPORTS, pid::EXPORTS, moduleparam::EXPORTS, module::EXPORTS, uaccess::EXPORTS, string::EXPORTS, sprintf::EXPORTS, kstrtox::EXPORTS, completion::EXPORTS, delay::EXPORTS, kthread::EXPORTS, printk::EXPORTS, sched::EXPORTS, signal::EXPORTS];
