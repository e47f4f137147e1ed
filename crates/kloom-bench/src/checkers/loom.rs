//! loom: exhaustive, with its own reduction, under the C11 memory model.

use super::{Counter, End, Limit, Program, Seen, panics};
use crate::clock;

#[path = "programs.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for all tools")]
pub mod programs;

/// What the programs use.
mod face {
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::sync::{self, MutexGuard};
    use loom::thread::{self, JoinHandle};

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

/// Explores everything.
pub fn explore(program: Program, limit: Limit) -> Seen {
    let counter = Counter::default();
    let body = counter.wrap(program);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    builder.max_permutations = usize::try_from(limit.executions).ok();
    builder.max_duration = Some(limit.wall);
    // Limits are looked at as often as this.
    builder.checkpoint_interval = 100;
    builder.checkpoint_file = None;
    let (time, failed) = clock::time(|| panics(|| builder.check(body)));
    let executions = counter.count();
    let end = match failed {
        true => End::Failed,
        false if executions >= limit.executions || time >= limit.wall => End::Limit,
        false => End::Exhausted,
    };
    Seen { executions, time, end }
}
