//! What goes from the tree to whoever runs an execution for it, and back.

use std::sync::Arc;

use super::natural::Count;
use super::segment::Segment;
use super::wakeup::{Forest, Key, Why};
use super::{Access, Schedule, ThreadId};

/// A thread whose next step need not be run, because all that begins with it is seen elsewhere.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Asleep {
    pub(super) thread: ThreadId,
    pub(super) accesses: Vec<Access>,
    /// With which internal choices it was run.
    pub(super) key: Key,
}

/// What is to be done by one execution, as far as it is not the tree's.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Order {
    /// The segment of the node, and how many steps there are before it.
    pub(super) segment: u64,
    pub(super) at: usize,
    /// The branch to take, and what has to be run behind it. `None`: anything, for the first execution.
    pub(super) forest: Forest,
    pub(super) branch: Option<u32>,
    /// Who sleeps at the node.
    pub(super) sleepers: Vec<Arc<Asleep>>,
    /// If the branch cannot be taken, anything else may.
    pub(super) or_freely: bool,
    /// Reports taken before.
    pub(super) now: u64,
}

/// One execution to be run.
#[derive(Clone, Debug)]
pub struct Job {
    pub(super) order: Arc<Order>,
    /// The way to the node: segments, and up to which step each is gone along.
    pub(super) way: Vec<(Arc<Segment>, usize)>,
}

/// A race whose reversal has to be looked for at a node of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reversal {
    pub(super) first: usize,
    /// The second step, and the how-manieth of its races this is; `None` if it never came to run.
    pub(super) second: Option<(usize, usize)>,
    /// Where its sequence ends in the report.
    pub(super) end: u32,
    /// Steps after the second make internal choices.
    pub(super) asks: bool,
}

/// What came out of a job.
#[derive(Debug, Default)]
pub struct Report {
    /// `None` if the branch could not be taken.
    pub(super) segment: Option<Arc<Segment>>,
    /// Wakeup trees of the new nodes.
    pub(super) forest: Forest,
    pub(super) wakeups: Vec<(usize, u32)>,
    pub(super) reversals: Vec<Reversal>,
    pub(super) sequences: Vec<u32>,
    /// Steps that never came to run; their numbers in sequences begin at [`UNREAL`].
    pub(super) unreal: Vec<(ThreadId, Vec<Access>)>,
    /// Races that were found to be taken care of.
    pub(super) settled: Vec<(usize, usize)>,
    pub(super) count: Count,
    pub(super) diverged: bool,
    /// What bounds of the program's own left out.
    pub left_out: u32,
    /// How the execution failed.
    pub failure: Option<(u64, Schedule)>,
}

/// The number of the first step that never came to run.
pub(super) const UNREAL: u32 = 1 << 31;

/// Whether a reversal whose sequence can begin so is taken care of for all executions that begin as this one up to the second step.
///
/// What can be run from the node before the first step includes a step that the reversed sequence can begin with. If that step
/// comes before the second, so does everything it has to be independent of: it begins the sequence of every such execution.
/// The second step itself is no such step: executions with others between the two show what it does when it is first only later.
/// Steps after the second that make internal choices are an exception, for the sequence asks for the choices they made.
pub(super) fn settles(begins: Why, second: usize, asks: bool) -> bool {
    match begins {
        Why::Element(step) => !asks && (step as usize) < second,
        Why::Apart => false,
    }
}
