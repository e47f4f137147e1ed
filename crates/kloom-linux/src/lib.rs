//! The second engine: the same module and the same scenario on a real Linux in QEMU.
//!
//! A simulation is worth what it has in common with the real thing. This crate fetches a
//! distribution kernel ([`setup`]), builds modules against its headers ([`kbuild`]), boots them
//! under QEMU with a scenario ([`run`]), keeps what Linux showed ([`capture`]) and says where an
//! outcome of kloom's own engine differs from it ([`compare`]). A panic, an oops and a hang are
//! outcomes of the module here, never failures of the tool.
//!
//! [`qemu`] and [`setup`] are the only files that start programs besides [`kbuild`]; everything
//! else is pure and tested without QEMU.

#![forbid(unsafe_code)]

pub mod abstraction;
pub mod capture;
pub mod compare;
pub mod compat;
mod error;
mod guest;
mod host;
mod initramfs;
pub mod judge;
pub mod kbuild;
pub mod known;
pub mod outcome;
pub mod protocol;
pub mod qemu;
pub mod run;
pub mod scenario;
pub mod setup;
pub mod side;

pub use error::Error;
pub use outcome::{CommandOutcome, Ending, Outcome};
