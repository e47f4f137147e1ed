//! The search: which interleavings of a program are run, in which order, and when nothing new is left.
//!
//! # The model
//! An *execution* is a sequence of *steps*. A step is everything one thread does from one choice point to its next; it
//! touches *objects* by [`Access`]es. Two accesses are *dependent* when they touch the same object and are not both
//! shared (`Read`/`Read`, `AcquireShared`/`AcquireShared`, and so on); two steps are dependent when they are of one
//! thread or have dependent accesses. Executions that differ only in the order of independent steps are equivalent: they
//! form one *Mazurkiewicz trace*. A thread that cannot go on (the lock it wants is held) is simply not offered.
//!
//! # The protocol
//! ```text
//! while search.begin().is_some() {
//!     reset the machine
//!     loop {
//!         candidates = who could run now            (none: the execution is over)
//!         match search.pick(&candidates) { Run(i) => run candidates[i], Abandon => ending = Abandoned, stop }
//!             while it runs: search.choose(n) at each internal choice
//!         search.stepped(thread, &accesses)
//!     }
//!     search.end(ending)
//! }
//! search.summary()
//! ```
//! The machine must be deterministic: the same answers lead to the same candidates and accesses. A machine that breaks
//! this is noticed by the searches that backtrack and said in [`Summary::diverged`].
//!
//! # What may depend on what
//! - Whether a thread is a candidate may change only by a step that is dependent with that thread's next step: a step
//!   that creates or wakes a thread must write an object which the created or woken thread's next step reads or writes.
//!   Locks have this by themselves (`Release` and `Acquire` of one object are dependent).
//! - What a step does may depend on what it reads of shared objects and on [`Search::choose`], on nothing else.

mod dfs;
mod dpor;
mod job;
mod minimise;
mod names;
mod natural;
mod pct;
mod portfolio;
mod pos;
mod random;
mod sampler;
mod schedule;
mod segment;
mod strategy;
mod surw;
mod trace;
mod tree;
mod wakeup;

pub use dfs::Dfs;
pub use dpor::{Beginning, Dpor, Part, Sleeping};
pub use job::{Job, Report};
pub use minimise::{Minimised, minimise};
pub use natural::{Natural, natural};
pub use pct::Pct;
pub use portfolio::Portfolio;
pub use pos::Pos;
pub use random::Random;
pub(crate) use sampler::Lesson;
pub use sampler::{Sampler, Samplers};
pub use schedule::{Choice, Complexity, Recorder, Replay, Schedule, TokenError};
pub use strategy::{Strategy, StrategyError, make};
pub use surw::Surw;
pub use tree::Tree;

/// A thread: any number below `u32::MAX` that follows from where the thread comes from (parent and nth child) alone, so that it is
/// the same in every execution.
pub type ThreadId = u32;

/// How an object is touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// Looks at it; commutes with other reads.
    Read,
    /// Changes it (a read-modify-write is a write).
    Write,
    /// Takes a lock exclusively.
    Acquire,
    /// Gives up an exclusively held lock.
    Release,
    /// Takes a lock shared; commutes with other shared takings.
    AcquireShared,
    /// Gives up a shared lock.
    ReleaseShared,
}

/// One object touched in one way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Access {
    /// The object: any number that is stable along a common prefix of choices (an address is fine).
    pub object: u64,
    /// How it is touched.
    pub kind: Kind,
}

/// What one enabled thread would do next.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The thread.
    pub thread: ThreadId,
    /// The access its next step begins with, when known. `None`: unknown or local to the thread.
    pub first: Option<Access>,
    /// Running it now, instead of the thread that ran last, is a preemption (the last thread could go on).
    pub preempts: bool,
    /// A spinning thread, or the clock: runs only when nothing else can (fairness), unless a strategy has reasons.
    pub lazy: bool,
}

/// What to run next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// The candidate with this index.
    Run(usize),
    /// Nothing: every continuation is equivalent to an execution already run (or out of the bounds). Drop this one, and
    /// call [`Search::end`] with [`Ending::Abandoned`].
    Abandon,
}

/// How an execution came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Ending {
    /// Nothing wrong.
    Ok,
    /// A bug; equal signatures are the same bug.
    Bug(u64),
    /// Dropped because [`Search::pick`] said so.
    Abandoned,
    /// The bound on steps was reached.
    Cut,
}

/// A limit that kept the search from seeing everything.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct BoundsHit {
    /// Interleavings with more preemptions than allowed exist and were left out.
    pub preemptions: bool,
    /// Interleavings with more delays than allowed exist and were left out.
    pub delays: bool,
    /// Interleavings in which [`Limits::early`]'s thread goes early more often than allowed exist and were left out.
    pub early: bool,
    /// Executions were cut at the step bound.
    pub steps: bool,
    /// The budget of executions was spent before the end.
    pub executions: bool,
    /// A lazy candidate was left out while others could run, or a thread whose step a reversal wanted first was not
    /// offered there (fairness).
    pub fairness: bool,
}

impl BoundsHit {
    /// Adds those that another search hit.
    pub fn add(&mut self, other: BoundsHit) {
        self.preemptions |= other.preemptions;
        self.delays |= other.delays;
        self.early |= other.early;
        self.steps |= other.steps;
        self.executions |= other.executions;
        self.fairness |= other.fairness;
    }

    /// Whether any was.
    pub fn any(self) -> bool {
        self.preemptions || self.delays || self.early || self.steps || self.executions
    }
}

/// Executions that may be dropped for each one of a budget: a search that does nothing but drop comes to an end, too.
pub const DROPS_PER_EXECUTION: u64 = 8;

/// Limits of a search that makes sure to see everything else.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Preemptions in one execution.
    pub preemptions: Option<u32>,
    /// Steps in one execution at which another thread than the natural one runs.
    pub delays: Option<u32>,
    /// A thread, and how often in one execution the program offers it while another thread that is not lazy can go on (the
    /// clock). The program keeps to it; a search that knows of it does not ask for more.
    pub early: Option<(ThreadId, u32)>,
    /// Complete executions; the search may drop [`DROPS_PER_EXECUTION`] times as many.
    pub executions: Option<u64>,
}

/// What a search has done.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Complete executions (abandoned ones not counted).
    pub executions: u64,
    /// Executions dropped as redundant.
    pub abandoned: u64,
    /// Executions that reached the step bound.
    pub cut: u64,
    /// Executions that ended in a bug.
    pub bugs: u64,
    /// Nothing is left to explore (within [`Summary::bounds`], if any was hit).
    pub exhausted: bool,
    /// Executions to exhaustion, estimated. `None`: no idea yet.
    pub estimate: Option<f64>,
    /// The bounds that left something out.
    pub bounds: BoundsHit,
    /// The machine did not do the same again for the same choices.
    pub diverged: bool,
}

impl Summary {
    /// Adds what another search, or another part of this one, did.
    pub fn add(&mut self, other: &Summary) {
        self.executions += other.executions;
        self.abandoned += other.abandoned;
        self.cut += other.cut;
        self.bugs += other.bugs;
        self.exhausted &= other.exhausted;
        self.diverged |= other.diverged;
        self.estimate = self.estimate.zip(other.estimate).map(|(a, b)| a + b);
        self.bounds.add(other.bounds);
    }
}

/// A strategy that decides which executions are run.
pub trait Search {
    /// Prepares the next execution; `None` when the search is over (exhausted or budget spent).
    fn begin(&mut self) -> Option<()>;

    /// Picks who runs next. `candidates` is never empty and sorted by thread; called before every step, even with one
    /// candidate.
    fn pick(&mut self, candidates: &[Candidate]) -> Pick;

    /// The accesses of the step just executed (everything from one choice point to the next of the same thread).
    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]);

    /// An internal choice of the running thread (fail an allocation or not): all values below `options` are explored,
    /// 0 first.
    fn choose(&mut self, options: u32) -> u32;

    /// Told before [`Search::end`] of each thread that is left waiting for a lock, and which one: a step that could not
    /// come to run may still have been possible earlier. A machine that runs blocked takings as steps need not call it.
    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        let _ = (thread, wants);
    }

    /// The execution is over.
    fn end(&mut self, ending: Ending);

    /// What has been done so far.
    fn summary(&self) -> Summary;
}

impl<S: Search + ?Sized> Search for Box<S> {
    fn begin(&mut self) -> Option<()> {
        (**self).begin()
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        (**self).pick(candidates)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        (**self).stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        (**self).choose(options)
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        (**self).blocked(thread, wants);
    }

    fn end(&mut self, ending: Ending) {
        (**self).end(ending);
    }

    fn summary(&self) -> Summary {
        (**self).summary()
    }
}

impl<S: Search + ?Sized> Search for &mut S {
    fn begin(&mut self) -> Option<()> {
        (**self).begin()
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        (**self).pick(candidates)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        (**self).stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        (**self).choose(options)
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        (**self).blocked(thread, wants);
    }

    fn end(&mut self, ending: Ending) {
        (**self).end(ending);
    }

    fn summary(&self) -> Summary {
        (**self).summary()
    }
}

impl Kind {
    /// Whether two accesses of one object in these ways commute.
    pub fn commutes(self, other: Kind) -> bool {
        use Kind::{AcquireShared, Read, ReleaseShared};
        matches!((self, other), (Read, Read) | (AcquireShared | ReleaseShared, AcquireShared | ReleaseShared))
    }
}

impl Access {
    /// Whether the order of the two accesses can matter.
    pub fn depends(self, other: Access) -> bool {
        self.object == other.object && !self.kind.commutes(other.kind)
    }
}
