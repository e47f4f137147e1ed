//! What the programs use, on top of a tool (`super::tool`) whose threads and locks have the names of the standard library's.

use super::tool::sync::atomic::{AtomicUsize, Ordering};
use super::tool::sync::{self, MutexGuard};
use super::tool::thread::{self, JoinHandle};

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
