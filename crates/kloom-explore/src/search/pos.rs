//! Partial-order sampling: random priorities of steps, drawn again after each race.
//!
//! Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling" (CAV 2018). The next step of each thread has a random
//! priority, and the highest runs; the next steps of others that race with it get new priorities, and so does the next
//! step of the same thread. Executions of different traces come out more evenly than with random choice.
//!
//! A next step races if the access it begins with depends on what the executed step touched. If that access is not known,
//! the priority stays.

use super::names::Names;
use super::natural::{Count, fair};
use super::{Access, Candidate, Ending, Pick, Search, Summary, ThreadId};
use crate::rng::Rng;

/// Endless executions, sampled.
#[derive(Clone, Debug)]
pub struct Pos {
    pub(super) rng: Rng,
    names: Names,
    /// By thread: the priority of its next step (0: to be drawn), and what it begins with, when last offered.
    next: Vec<(u64, Option<Access>)>,
    pub(super) count: Count,
}

impl Pos {
    /// The strategy with a seed.
    pub fn new(seed: u64) -> Pos {
        Pos { rng: Rng::new(seed), names: Names::default(), next: Vec::new(), count: Count::default() }
    }
}

impl Search for Pos {
    fn begin(&mut self) -> Option<()> {
        self.next.clear();
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        for candidate in candidates {
            let at = self.names.index(candidate.thread);
            if at >= self.next.len() {
                self.next.resize(at + 1, (0, None));
            }
            if self.next[at].0 == 0 {
                self.next[at].0 = self.rng.next() | 1;
            }
            self.next[at].1 = candidate.first;
        }
        let priority = |index: &usize| self.names.find(candidates[*index].thread).map(|at| self.next[at].0);
        let best = fair(candidates).max_by_key(priority);
        Pick::Run(best.unwrap_or(0))
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        let own = self.names.index(thread);
        for (other, (priority, first)) in self.next.iter_mut().enumerate() {
            let races = first.is_some_and(|first| accesses.iter().any(|access| access.depends(first)));
            if races || other == own {
                *priority = 0;
            }
        }
    }

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
