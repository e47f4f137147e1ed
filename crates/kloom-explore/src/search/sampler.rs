//! Samplers whose executions can be made in any order and by anybody: each follows from its number and from what was learned
//! of executions whose numbers are known.

use super::surw::Known;
use super::{Access, Candidate, Ending, Pct, Pick, Pos, Random, Search, Strategy, Summary, Surw, ThreadId};
use crate::rng::Rng;

/// The sampler of one execution.
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
    kinds: Vec<Sampler>,
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

    /// Which kind's turn the nth execution is.
    pub(crate) fn turn(&self, nth: u64) -> usize {
        self.turns[(nth % self.turns.len() as u64) as usize]
    }

    /// What each kind knows at first.
    pub(crate) fn lessons(&self) -> Vec<Lesson> {
        self.kinds.iter().map(Lesson::of).collect()
    }

    /// A sampler of a kind that has learned a lesson, for the execution with this number.
    pub(crate) fn sampler(&self, kind: usize, number: u64, lesson: &Lesson) -> Sampler {
        let mut sampler = self.kinds[kind].clone();
        // Two draws, so that neither neighbouring seeds nor neighbouring numbers have anything in common.
        let seed = Rng::new(self.seed).next() ^ number;
        let rng = Rng::new(Rng::new(seed).next());
        match &mut sampler {
            Sampler::Random(random) => random.rng = rng,
            Sampler::Pct(pct) => pct.rng = rng,
            Sampler::Pos(pos) => pos.rng = rng,
            Sampler::Surw(surw) => surw.rng = rng,
        }
        match (&mut sampler, lesson) {
            (Sampler::Pct(pct), Lesson::Longest(longest)) => pct.longest = *longest,
            (Sampler::Surw(surw), Lesson::Walks(known)) => surw.known.clone_from(known),
            _ => {}
        }
        sampler
    }
}

/// What samplers of one kind have learned of a program.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Lesson {
    /// They do not learn.
    Nothing,
    /// Steps of the longest execution.
    Longest(u64),
    /// What walks have counted.
    Walks(Known),
}

impl Lesson {
    fn of(sampler: &Sampler) -> Lesson {
        match sampler {
            Sampler::Random(_) | Sampler::Pos(_) => Lesson::Nothing,
            Sampler::Pct(pct) => Lesson::Longest(pct.longest()),
            Sampler::Surw(surw) => Lesson::Walks(surw.known.clone()),
        }
    }

    /// Takes over what a sampler has learned in its execution.
    pub(crate) fn learn(&mut self, sampler: &Sampler) {
        match (self, sampler) {
            (Lesson::Longest(longest), Sampler::Pct(pct)) => *longest = pct.longest().max(*longest),
            (Lesson::Walks(known), Sampler::Surw(surw)) => known.learn(&surw.known),
            _ => {}
        }
    }
}

impl Sampler {
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
