//! Locks, conditions, completions, atomics, shared ownership.

mod arc;
pub mod atomic;
mod completion;
mod condvar;
mod lock;

pub use arc::Arc;
pub use completion::Completion;
pub use condvar::CondVar;
pub use lock::{Guard, Lock, Mutex, MutexBackend, SpinLock, SpinLockBackend};
