//! Samplers whose executions can be made in any order and by anybody: each follows from its number and from what was learned
//! of executions whose numbers are known.

use super::natural::Count;
use super::{Access, Candidate, Ending, Pct, Pick, Pos, Random, Search, Strategy, Summary, Surw, ThreadId};
use crate::rng::Rng;

/// A sampler, with what it has learned of the program.
#[derive(Clone, Debug)]
pub enum Sampler {
    /// Random choices.
    Random(Random),
    /// Random priorities.
    Pct(Pct),
    /// Random priorities of steps.
    Pos(Pos),
    /// Walks that count what is left to do.
    Surw(Surw),
}

/// Samplers that take turns.
#[derive(Clone, Debug)]
pub struct Samplers {
    pub(crate) kinds: Vec<Sampler>,
    turns: Vec<usize>,
    seed: u64,
}

impl Samplers {
    /// Those of a strategy; `None` if it does not sample.
    pub fn of(strategy: &Strategy) -> Option<Samplers> {
        let (kinds, turns, seed) = match *strategy {
            Strategy::Random { seed } => (vec![Sampler::Random(Random::new(seed))], vec![0], seed),
            Strategy::Pct { depth, seed } => (vec![Sampler::Pct(Pct::new(depth, seed))], vec![0], seed),
            Strategy::Pos { seed } => (vec![Sampler::Pos(Pos::new(seed))], vec![0], seed),
            Strategy::Surw { seed } => (vec![Sampler::Surw(Surw::new(seed))], vec![0], seed),
            // The walk finds most, so it gets every other turn.
            Strategy::Portfolio { seed, .. } => {
                let kinds = vec![
                    Sampler::Surw(Surw::new(seed)),
                    Sampler::Pos(Pos::new(seed)),
                    Sampler::Pct(Pct::new(super::strategy::PCT_DEPTH, seed)),
                ];
                (kinds, vec![0, 1, 0, 2], seed)
            }
            Strategy::Dpor(_) | Strategy::Dfs(_) | Strategy::Natural | Strategy::Replay(_) => return None,
        };
        Some(Samplers { kinds, turns, seed })
    }

    /// Which kind's turn the execution with this number is.
    pub(crate) fn turn(&self, number: u64) -> usize {
        self.turns[(number % self.turns.len() as u64) as usize]
    }

    /// The sampler of the execution with this number.
    pub(crate) fn sampler(&self, number: u64) -> Sampler {
        let mut sampler = self.kinds[self.turn(number)].clone();
        // Two draws, so that neither neighbouring seeds nor neighbouring numbers have anything in common.
        let seed = Rng::new(self.seed).next() ^ number;
        let rng = Rng::new(Rng::new(seed).next());
        match &mut sampler {
            Sampler::Random(random) => (random.rng, random.count) = (rng, Count::default()),
            Sampler::Pct(pct) => (pct.rng, pct.count) = (rng, Count::default()),
            Sampler::Pos(pos) => (pos.rng, pos.count) = (rng, Count::default()),
            Sampler::Surw(surw) => (surw.rng, surw.count) = (rng, Count::default()),
        }
        sampler
    }
}

impl Sampler {
    /// Takes over what another of the kind has learned.
    pub(crate) fn learn(&mut self, other: &Sampler) {
        match (self, other) {
            (Sampler::Pct(pct), Sampler::Pct(other)) => pct.learn(other),
            (Sampler::Surw(surw), Sampler::Surw(other)) => surw.learn(other),
            _ => {}
        }
    }

    fn search(&mut self) -> &mut dyn Search {
        match self {
            Sampler::Random(random) => random,
            Sampler::Pct(pct) => pct,
            Sampler::Pos(pos) => pos,
            Sampler::Surw(surw) => surw,
        }
    }
}

impl Search for Sampler {
    fn begin(&mut self) -> Option<()> {
        self.search().begin()
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        self.search().pick(candidates)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.search().stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        self.search().choose(options)
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        self.search().blocked(thread, wants);
    }

    fn end(&mut self, ending: Ending) {
        self.search().end(ending);
    }

    fn summary(&self) -> Summary {
        match self {
            Sampler::Random(random) => random.summary(),
            Sampler::Pct(pct) => pct.summary(),
            Sampler::Pos(pos) => pos.summary(),
            Sampler::Surw(surw) => surw.summary(),
        }
    }
}
