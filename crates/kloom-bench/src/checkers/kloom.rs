//! kloom's Rust face.

use kloom_rust::prelude::Thread;
use kloom_rust::{Checker, Strategy};

use super::{End, Limit, Program, Seen};
use crate::clock;

#[path = "programs.rs"]
pub mod programs;

/// What the programs use.
mod face {
    use std::sync::Arc;

    use kloom_rust::prelude::{Completion, Thread};
    use kloom_rust::sync::atomic::{AtomicUsize, Ordering};
    use kloom_rust::sync::{self, Guard, MutexBackend};

    pub(super) type Mutex<T> = sync::Mutex<T>;

    pub(super) struct CondVar(sync::CondVar);

    impl CondVar {
        pub(super) fn new() -> CondVar {
            CondVar(sync::CondVar::new())
        }

        pub(super) fn wait<'a, T>(&self, mut guard: Guard<'a, T, MutexBackend>) -> Guard<'a, T, MutexBackend> {
            self.0.wait(&mut guard);
            guard
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

    pub(super) struct Handle(Arc<Completion>);

    pub(super) fn spawn(body: impl FnOnce() + Send + 'static) -> Handle {
        let done = Arc::new(Completion::new());
        let theirs = Arc::clone(&done);
        let thread = Thread::spawn(c"thread", move || {
            body();
            theirs.complete();
        });
        assert!(thread.is_ok(), "a thread is refused");
        Handle(done)
    }

    pub(super) fn join(handle: Handle) {
        handle.0.wait_for_completion();
    }
}

/// Explores by `strategy`. A failing execution is not made simpler: the others do not do that either.
pub fn explore(program: Program, strategy: Strategy, limit: Limit) -> Seen {
    let checker = Checker::new().strategy(strategy).executions(limit.executions).simplify(0);
    let (time, outcome) = clock::time(|| checker.explore(program));
    let end = match (outcome.failure.is_some(), outcome.exhausted) {
        (true, _) => End::Failed,
        (false, true) => End::Exhausted,
        (false, false) => End::Limit,
    };
    Seen { executions: outcome.executions, time, end }
}

/// Explores by reduction on so many threads.
pub fn explore_on(program: Program, jobs: usize, limit: Limit) -> Seen {
    let checker = Checker::new().jobs(jobs).executions(limit.executions);
    let (time, outcome) = clock::time(|| checker.explore(program));
    let end = if outcome.exhausted { End::Exhausted } else { End::Limit };
    Seen { executions: outcome.executions, time, end }
}

/// The handshake with a real kernel thread, which only kloom has.
pub fn kthread_handshake() {
    let thread = Thread::spawn(c"parked", || {
        while !Thread::should_stop() {
            if Thread::should_park() {
                Thread::park_me();
            }
        }
    });
    let Ok(thread) = thread else { panic!("a thread is refused") };
    if thread.park().is_ok() {
        thread.unpark();
    }
    let _ = thread.stop();
}
