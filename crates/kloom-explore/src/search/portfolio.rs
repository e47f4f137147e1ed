//! Reduction up to a budget of executions, then samplers in turns for whatever is left of the caller's.
//!
//! If the reduction comes to its end within its budget, the search is over and [`Summary::exhausted`] says so; otherwise
//! what follows is sampling, which never ends by itself.

use super::{Access, Candidate, Dpor, Ending, Limits, Pct, Pick, Pos, Search, Summary, Surw, ThreadId};

/// The search.
#[derive(Debug)]
pub struct Portfolio {
    reduction: Dpor,
    reducing: bool,
    surw: Surw,
    pos: Pos,
    pct: Pct,
    turn: u64,
}

impl Portfolio {
    /// Spends so many executions on reduction.
    pub fn new(executions: u64, seed: u64) -> Portfolio {
        Portfolio {
            reduction: Dpor::new(Limits { executions: Some(executions), ..Limits::default() }),
            reducing: true,
            surw: Surw::new(seed),
            pos: Pos::new(seed.wrapping_add(1)),
            pct: Pct::new(3, seed.wrapping_add(2)),
            turn: 0,
        }
    }

    /// Executions that were samples.
    pub fn sampled(&self) -> u64 {
        [self.surw.summary(), self.pos.summary(), self.pct.summary()].iter().map(|summary| summary.executions).sum()
    }

    fn current(&mut self) -> &mut dyn Search {
        if self.reducing {
            return &mut self.reduction;
        }
        match self.turn % 4 {
            // The walk finds most, so it gets every other turn.
            0 | 2 => &mut self.surw,
            1 => &mut self.pos,
            _ => &mut self.pct,
        }
    }
}

impl Search for Portfolio {
    fn begin(&mut self) -> Option<()> {
        if self.reducing {
            if self.reduction.begin().is_some() {
                return Some(());
            }
            if self.reduction.summary().exhausted {
                return None;
            }
            self.reducing = false;
        } else {
            self.turn += 1;
        }
        self.current().begin()
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        self.current().pick(candidates)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.current().stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        self.current().choose(options)
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        self.current().blocked(thread, wants);
    }

    fn end(&mut self, ending: Ending) {
        self.current().end(ending);
    }

    fn summary(&self) -> Summary {
        let mut all = self.reduction.summary();
        for part in [self.surw.summary(), self.pos.summary(), self.pct.summary()] {
            all.executions += part.executions;
            all.cut += part.cut;
            all.bugs += part.bugs;
            all.bounds.steps |= part.bounds.steps;
        }
        all
    }
}
