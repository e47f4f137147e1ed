//! The natural choice: what would most likely happen, and what the other strategies start from.

use super::{Access, BoundsHit, Candidate, DROPS_PER_EXECUTION, Ending, Pick, Search, Summary, ThreadId};

/// The index of the natural choice: the thread that ran last if it can go on and is not lazy, else the first that is not
/// lazy and preempts nobody, else the first that is not lazy, else the first.
pub fn natural(candidates: &[Candidate], last: Option<ThreadId>) -> usize {
    let position = |wanted: &dyn Fn(&Candidate) -> bool| candidates.iter().position(wanted);
    position(&|c| !c.lazy && Some(c.thread) == last)
        .or_else(|| position(&|c| !c.lazy && !c.preempts))
        .or_else(|| position(&|c| !c.lazy))
        .unwrap_or(0)
}

/// The indices of those who may run: lazy ones only if there is nobody else.
pub(super) fn fair(candidates: &[Candidate]) -> impl Iterator<Item = usize> + Clone {
    let all = candidates.iter().all(|candidate| candidate.lazy);
    (0..candidates.len()).filter(move |&index| all || !candidates[index].lazy)
}

/// One execution, all choices natural.
#[derive(Clone, Debug, Default)]
pub struct Natural {
    last: Option<ThreadId>,
    begun: bool,
    count: Count,
}

impl Natural {
    /// The strategy.
    pub fn new() -> Natural {
        Natural::default()
    }
}

impl Search for Natural {
    fn begin(&mut self) -> Option<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        self.last = None;
        first.then_some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        Pick::Run(natural(candidates, self.last))
    }

    fn stepped(&mut self, thread: ThreadId, _: &[Access]) {
        self.last = Some(thread);
    }

    fn choose(&mut self, _: u32) -> u32 {
        0
    }

    fn end(&mut self, ending: Ending) {
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        self.count.summary(true)
    }
}

/// What every strategy counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Count {
    pub(super) executions: u64,
    pub(super) abandoned: u64,
    pub(super) cut: u64,
    pub(super) bugs: u64,
    pub(super) bounds: BoundsHit,
}

impl Count {
    pub(super) fn add(&mut self, ending: Ending) {
        match ending {
            Ending::Abandoned => {
                self.abandoned += 1;
                return;
            }
            Ending::Ok => {}
            Ending::Bug(_) => self.bugs += 1,
            Ending::Cut => {
                self.cut += 1;
                self.bounds.steps = true;
            }
        }
        self.executions += 1;
    }

    /// Adds what another execution was counted as.
    pub(super) fn merge(&mut self, other: &Count) {
        self.executions += other.executions;
        self.abandoned += other.abandoned;
        self.cut += other.cut;
        self.bugs += other.bugs;
        self.bounds.add(other.bounds);
    }

    /// Whether a budget of so many executions is spent, by them or by those that were dropped.
    pub(super) fn spends(&self, most: u64) -> bool {
        self.executions >= most || self.abandoned >= most.saturating_mul(DROPS_PER_EXECUTION)
    }

    /// A summary; one that only samples has always left out something.
    pub(super) fn summary(&self, sampled: bool) -> Summary {
        let mut bounds = self.bounds;
        bounds.executions |= sampled;
        Summary {
            executions: self.executions,
            abandoned: self.abandoned,
            cut: self.cut,
            bugs: self.bugs,
            bounds,
            ..Summary::default()
        }
    }
}
