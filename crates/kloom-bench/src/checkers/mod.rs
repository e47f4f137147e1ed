//! kloom's Rust face beside loom and shuttle: the same programs, explored by each in the same process.
//!
//! [`programs`](kloom::programs) is one source, compiled once for each tool against a face of the same shape (`Mutex`,
//! `CondVar`, `Number`, `spawn`, `join`). A tool is asked to run a program until it has seen everything, until it has found a bug, or
//! until a limit; what it is asked to do it does with its own defaults, but for printing.
//!
//! # What is not equal
//! - loom explores what the C11 memory model allows; kloom and shuttle are sequentially consistent.
//! - shuttle samples; its exhaustive scheduler has no reduction.
//! - A thread is joined in kloom by a completion, as in a kernel.

pub mod kloom;
pub mod loom;
pub mod shuttle;
pub mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A program that can be explored.
pub type Program = fn();

/// What came of exploring one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Executions begun and not given up under way, the failing one included.
    pub executions: u64,
    /// Host time from nothing to the verdict.
    pub time: Duration,
    /// How it ended.
    pub end: End,
}

/// How an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was seen.
    Exhausted,
    /// A bug was found.
    Failed,
    /// The limit was reached.
    Limit,
}

/// How long an exploration may last.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Executions.
    pub executions: u64,
    /// Host time, for tools that keep to it.
    pub wall: Duration,
}

/// Counts executions of a program from the outside.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<AtomicU64>);

impl Counter {
    fn wrap(&self, program: Program) -> impl Fn() + Send + Sync + 'static {
        let counter = Arc::clone(&self.0);
        move || {
            counter.fetch_add(1, Ordering::Relaxed);
            program();
        }
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs something that panics when it finds a bug, without printing: whether it did.
fn panics(run: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
}
