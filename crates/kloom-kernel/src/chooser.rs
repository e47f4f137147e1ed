//! The one source of nondeterminism: a [`Chooser`] is asked wherever a real machine could go either way.
//!
//! The kernel lists the options in the order Linux would most plausibly prefer them, so answering 0 to every
//! question is the natural execution. Strategies live in `kloom-explore`; the kernel only asks.

/// What a choice is about; recorded beside the choice, so that a schedule can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// Which of the CPUs that have work steps next.
    NextCpu,
    /// Which runnable task a CPU takes.
    NextTask,
    /// On which CPU a woken or new task is placed.
    WakeCpu,
    /// Whether a running task is taken off its CPU here (0: no).
    Preempt,
    /// How long a CPU runs before another one steps (0: the usual quantum).
    Quantum,
    /// Which of two timers due at the same instant fires first.
    TimerTie,
    /// Whether an operation that may fail does (0: it succeeds).
    Fail,
}

/// Answers the kernel's questions.
pub trait Chooser {
    /// Picks one of `options` (at least 2) alternatives; the answer is below `options`.
    fn choose(&mut self, point: Point, options: u32) -> u32;

    /// Whether every answer is 0: lets the kernel skip preparing the question.
    fn is_natural(&self) -> bool {
        false
    }

    /// A chooser for a copy of the machine, which answers as this one would.
    fn copied(&self) -> Box<dyn Chooser>;
}

impl Clone for Box<dyn Chooser> {
    fn clone(&self) -> Self {
        (**self).copied()
    }
}

/// Always takes what Linux would most plausibly do.
#[derive(Debug, Default)]
pub struct Natural;

impl Chooser for Natural {
    fn choose(&mut self, _: Point, _: u32) -> u32 {
        0
    }

    fn is_natural(&self) -> bool {
        true
    }

    fn copied(&self) -> Box<dyn Chooser> {
        Box::new(Natural)
    }
}
