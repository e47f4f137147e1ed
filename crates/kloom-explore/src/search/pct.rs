//! Probabilistic concurrency testing: random priorities that change at few random points.
//!
//! Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs"
//! (ASPLOS 2010). Of the enabled threads the one with the highest priority runs; at `depth - 1` steps chosen at random
//! beforehand the running thread gets a priority below all others. A bug that `depth` ordering constraints suffice to
//! trigger is found by one execution with probability at least 1 / (n · k^(depth-1)), for n threads and k steps.
//!
//! k is not known beforehand: the longest execution so far is taken, so the bound holds once that is not exceeded any
//! more. Threads that appear later get their priority when they are first offered. Lazy threads run only when no other can.

use super::names::Names;
use super::natural::{Count, fair};
use super::{Access, Candidate, Ending, Pick, Search, Summary, ThreadId};
use crate::rng::Rng;

/// Endless executions with random priorities.
#[derive(Clone, Debug)]
pub struct Pct {
    pub(super) rng: Rng,
    depth: u32,
    names: Names,
    /// Priorities by thread; 0: none yet. Those that random choice gives are at least `1 << 32`.
    priorities: Vec<u64>,
    changes: Vec<u64>,
    /// Change points passed in this execution.
    changed: u64,
    step: u64,
    pub(super) longest: u64,
    pub(super) count: Count,
}

impl Pct {
    /// For bugs of this depth, at least 1.
    pub fn new(depth: u32, seed: u64) -> Pct {
        Pct {
            rng: Rng::new(seed),
            depth: depth.max(1),
            names: Names::default(),
            priorities: Vec::new(),
            changes: Vec::new(),
            changed: 0,
            step: 0,
            longest: 1,
            count: Count::default(),
        }
    }

    /// Steps of the longest execution that is known of.
    pub(super) fn longest(&self) -> u64 {
        self.longest.max(self.step)
    }

    fn priority(&mut self, thread: ThreadId) -> u64 {
        let at = self.names.index(thread);
        if at >= self.priorities.len() {
            self.priorities.resize(at + 1, 0);
        }
        if self.priorities[at] == 0 {
            self.priorities[at] = self.rng.next() | 1 << 32;
        }
        self.priorities[at]
    }

    fn highest(&mut self, candidates: &[Candidate]) -> usize {
        let mut best = (0, 0);
        for index in fair(candidates) {
            let priority = self.priority(candidates[index].thread);
            if priority > best.0 {
                best = (priority, index);
            }
        }
        best.1
    }
}

impl Search for Pct {
    fn begin(&mut self) -> Option<()> {
        self.longest = self.longest();
        self.priorities.clear();
        self.changes.clear();
        for _ in 1..self.depth {
            let step = self.rng.below(self.longest);
            self.changes.push(step);
        }
        (self.changed, self.step) = (0, 0);
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let mut index = self.highest(candidates);
        for _ in 0..self.changes.iter().filter(|&&at| at == self.step).count() {
            // The first to change keeps the highest of the low priorities.
            self.changed += 1;
            let at = self.names.index(candidates[index].thread);
            self.priorities[at] = u64::from(self.depth) + 1 - self.changed;
            index = self.highest(candidates);
        }
        self.step += 1;
        Pick::Run(index)
    }

    fn stepped(&mut self, _: ThreadId, _: &[Access]) {}

    fn choose(&mut self, options: u32) -> u32 {
        self.rng.below(u64::from(options)) as u32
    }

    fn end(&mut self, ending: Ending) {
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        self.count.summary(true)
    }
}
