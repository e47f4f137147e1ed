//! Subscribers to trace events that find bugs.
//!
//! A [`Detector`] sees [`TraceEvent`]s and nothing else: it never reaches into the scheduler. What it found is asked for
//! by the session when it tells the story of a run.
//!
//! * [`stops::Stops`]: what threads did after `kthread_stop()` asked them to return.
//! * [`race::Races`]: data races, by what happened before what; [`ordered::Ordered`] feeds it from the kernel's log.
//! * [`signals::IgnoredSignals`]: signals sent to threads that ignore them.
#![forbid(unsafe_code)]

pub mod ordered;
pub mod race;
pub mod signals;
pub mod stops;

use kloom_kernel::trace::TraceEvent;

/// A subscriber to trace events.
pub trait Detector {
    /// Takes the next event. Events come in the order of the machine's steps.
    fn event(&mut self, event: &TraceEvent);

    /// The kinds it looks at, as [`kloom_kernel::trace::TraceKind::bit`]s; others need not be recorded.
    fn wants(&self) -> u32;
}
