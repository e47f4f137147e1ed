//! Where modules live: one reserved range of addresses with images, heap, stacks and task structs; the check every
//! instrumented access passes; the coroutines that run module code; host faults turned into guest faults.
//!
//! This crate and `kloom-shim` are the only ones with `unsafe`. What it promises to the rest: module code touches
//! memory only after [`arena::Arena::check`] said yes (or the host's page protection said no), and a fault in module
//! code ends that coroutine, never kloom.
//!
//! # Invariants
//! * The arena's mapping outlives every kernel, image and coroutine made over it.
//! * No Rust reference into guest memory is alive while module code runs; shared structs are made of cells.
//! * A coroutine that is discarded while suspended has no frame that needs `Drop`.

pub mod arena;
pub mod ctx;
pub mod fiber;
pub mod heap;
pub mod hostfault;
pub mod image;
pub mod layout;
pub mod stack;
pub mod taskmem;
pub mod thunk;
