//! shuttle: samples, or every interleaving without reduction.

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

use super::{Counter, End, Limit, Program, Seen, panics};
use crate::clock;

#[path = "programs.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for all tools")]
pub mod programs;

/// What the programs use.
mod face {
    use shuttle::sync::atomic::{AtomicUsize, Ordering};
    use shuttle::sync::{self, MutexGuard};
    use shuttle::thread::{self, JoinHandle};

    pub(super) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(super) fn new(value: T) -> Mutex<T> {
            Mutex(sync::Mutex::new(value))
        }

        pub(super) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    pub(super) struct CondVar(sync::Condvar);

    impl CondVar {
        pub(super) fn new() -> CondVar {
            CondVar(sync::Condvar::new())
        }

        pub(super) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(super) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(super) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    pub(super) struct Number(AtomicUsize);

    impl Number {
        pub(super) fn new(value: usize) -> Number {
            Number(AtomicUsize::new(value))
        }

        pub(super) fn load(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }

        pub(super) fn store(&self, value: usize) {
            self.0.store(value, Ordering::SeqCst);
        }

        pub(super) fn fetch_add(&self, value: usize) -> usize {
            self.0.fetch_add(value, Ordering::SeqCst)
        }

        pub(super) fn compare_exchange(&self, old: usize, new: usize) -> bool {
            self.0.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        }
    }

    pub(super) fn spawn(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        thread::spawn(body)
    }

    pub(super) fn join(handle: JoinHandle<()>) {
        assert!(handle.join().is_ok(), "a thread panicked");
    }
}

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
