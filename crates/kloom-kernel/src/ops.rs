//! The shape of operations: an operation decides, it never switches stacks.
//!
//! An operation that may have to wait is *polled*: the caller's shim calls it, and while it answers
//! [`Op::Block`] the shim gives up the CPU (as `schedule()` does) and calls it again when the task runs next.
//! What it must remember between two polls is in [`Progress`], which lives on the caller's stack.

/// Outcome of one poll.
#[must_use = "a blocked operation must give up the CPU and be polled again"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<T> {
    /// Finished.
    Done(T),
    /// The caller has been put to sleep (or will be, by its state): schedule, then poll again.
    Block,
    /// The caller keeps its CPU busy until something changes: let the other CPUs step, then poll again.
    Spin,
}

/// What a polled operation remembers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Whether it was polled before.
    pub started: bool,
    /// A deadline in the operation's own unit.
    pub until: u64,
    /// Anything else.
    pub note: u64,
}

impl Progress {
    /// True on the first call only.
    pub fn first(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }
}
