//! shuttle: samples, or every interleaving without reduction.

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

use ::shuttle as tool;

use super::{Counter, End, Limit, Program, Seen, panics};
use crate::clock;

#[path = "programs.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for all tools")]
pub mod programs;

#[path = "std_face.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for both tools of this kind")]
mod face;

/// How shuttle chooses.
#[derive(Clone, Copy, Debug)]
pub enum Scheduler {
    /// A random thread at each step.
    Random {
        /// The seed.
        seed: u64,
    },
    /// Random priorities, changed twice.
    Pct {
        /// The seed.
        seed: u64,
    },
    /// Every interleaving.
    Dfs,
}

/// Lets shuttle do what it does once in a process.
pub fn start() {
    Runner::new(DfsScheduler::new(Some(1), false), Config::new()).run(|| ());
}

/// Explores by `scheduler`.
pub fn explore(program: Program, scheduler: Scheduler, limit: Limit) -> Seen {
    let counter = Counter::default();
    let body = counter.wrap(program);
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    config.max_time = Some(limit.wall);
    let most = usize::try_from(limit.executions).unwrap_or(usize::MAX);
    let run = || match scheduler {
        Scheduler::Random { seed } => Runner::new(RandomScheduler::new_from_seed(seed, most), config).run(body),
        Scheduler::Pct { seed } => Runner::new(PctScheduler::new_from_seed(seed, 3, most), config).run(body),
        Scheduler::Dfs => Runner::new(DfsScheduler::new(Some(most), false), config).run(body),
    };
    let (time, failed) = clock::time(|| {
        panics(|| {
            run();
        })
    });
    let executions = counter.count();
    let end = match (failed, scheduler) {
        (true, _) => End::Failed,
        (false, Scheduler::Dfs) if executions < limit.executions && time < limit.wall => End::Exhausted,
        (false, _) => End::Limit,
    };
    Seen { executions, time, end }
}
