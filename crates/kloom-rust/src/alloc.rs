//! Allocation flags. Memory comes from the host and does not run out; what the flags say about sleeping is checked.

use std::panic::Location;

use kloom_shim::rust::{might_sleep, op};

/// How an allocation may go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    sleeps: bool,
}

/// The flags.
pub mod flags {
    use super::Flags;

    /// May sleep: process context only.
    pub const GFP_KERNEL: Flags = Flags { sleeps: true };
    /// Never sleeps.
    pub const GFP_ATOMIC: Flags = Flags { sleeps: false };
}

impl Flags {
    #[track_caller]
    pub(crate) fn check(self) {
        if self.sleeps && kloom_shim::rust::inside() {
            op(Location::caller(), |machine, _| might_sleep(machine, "kmalloc"));
        }
    }
}
