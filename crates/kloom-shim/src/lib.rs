//! What a module can call.
//!
//! [`Machine`] joins a kernel and a guest. Module code enters through thunks: hooks of the compiler ([`hooks`]) and
//! exported functions ([`mod@include`], one file per C header). A shim decodes its arguments, calls one kernel operation
//! on the host stack ([`call::enter`], [`call::blocking`]), gives up the CPU if told to, and encodes the result. Shims
//! never print for people; what Linux would print goes to the kernel's log.

pub mod call;
pub mod checkpoint;
pub mod choice;
mod control;
pub mod cycle;
pub mod export;
pub mod fileops;
pub mod hooks;
mod in_use;
pub mod include;
pub mod lasso;
pub mod machine;
pub mod memory;
pub mod object;
pub mod oops;
pub mod params;
pub mod rust;
pub mod syscalls;

pub use machine::{Machine, MachineHandle};
