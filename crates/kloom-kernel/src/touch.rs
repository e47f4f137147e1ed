//! What a step of an explored execution touched: shared objects, and how.
//!
//! While a search explores interleavings ([`crate::sched::stepwise`]), operations note here which objects they look at
//! and change, so that the search knows which steps commute. An object is an address of guest memory (a lock, a task, a
//! work, a word) or one of the small numbers below. With exploration off a note is one branch.

/// How an object is touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Manner {
    /// Looked at.
    Read,
    /// Changed.
    Write,
    /// A lock taken alone.
    Acquire,
    /// It was given back.
    Release,
    /// A lock taken together with other readers.
    AcquireShared,
    /// That was given back.
    ReleaseShared,
}

/// The machine's clock: changed when time passes to the next event, read by whoever arms a timeout.
pub const CLOCK: u64 = 1;
/// Module table and module references.
pub const MODULES: u64 = 2;
/// Names in the file systems.
pub const NAMES: u64 = 3;
/// Read-copy-update: readers look, grace periods change.
pub const RCU: u64 = 4;
/// What user processes have in common: children, pipes, signals.
pub const PROCESSES: u64 = 5;

/// How often functions that are to fail were called.
pub const FAILURES: u64 = 6;

/// Interrupt lines, by number from here on.
pub const IRQ_LINES: u64 = 0x800;

/// The list of what the present step touched.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// Whether anyone wants to know.
    pub on: bool,
    /// The running code waits by spinning: what it looked at last has to change first.
    pub spun: bool,
    /// Object and manner, in order of first touch; each pair once.
    pub list: Vec<(u64, Manner)>,
}

impl Touched {
    /// Notes a touch.
    pub fn note(&mut self, object: u64, manner: Manner) {
        if self.on && !self.list.contains(&(object, manner)) {
            self.list.push((object, manner));
        }
    }

    /// Notes that an object was changed, unless this step is known to have touched it in a way that says more.
    pub fn note_changed(&mut self, object: u64) {
        if self.on && !self.list.iter().any(|&(other, manner)| other == object && manner != Manner::Read) {
            self.list.push((object, Manner::Write));
        }
    }
}
