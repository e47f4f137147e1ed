//! Uniform random choice at every point: the base line. It favours executions in which many threads run alternately.

use super::natural::{Count, fair};
use super::{Access, Candidate, Ending, Pick, Search, Summary, ThreadId};
use crate::rng::Rng;

/// Endless random executions.
#[derive(Clone, Debug)]
pub struct Random {
    pub(super) rng: Rng,
    pub(super) count: Count,
}

impl Random {
    /// The strategy with a seed.
    pub fn new(seed: u64) -> Random {
        Random { rng: Rng::new(seed), count: Count::default() }
    }
}

impl Search for Random {
    fn begin(&mut self) -> Option<()> {
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let fair = fair(candidates);
        let nth = self.rng.below(fair.clone().count() as u64) as usize;
        Pick::Run(fair.clone().nth(nth).unwrap_or(0))
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
