//! A session: kernel, guest, chooser and detectors; scenario in, outcome out. The only crate that knows them all.
//!
//! [`Session::run`] boots a machine, puts the module files into its file system, starts the scenario's shell as a user
//! task and steps the machine until the shell has ended, nothing can happen any more, or a limit is reached.
#![forbid(unsafe_code)]

pub mod explored;
pub mod insmod;
pub mod leaks;
pub mod rust;
pub mod session;
pub mod story;
pub mod syscall;
pub mod user;

pub use session::{Ended, Limits, ModuleFile, Options, Output, Parts, Session};
