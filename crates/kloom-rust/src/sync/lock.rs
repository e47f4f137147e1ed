//! Mutexes and spinlocks: one shape, two ways to wait.
//!
//! C headers: include/linux/mutex.h, include/linux/spinlock.h.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{MutexGuard, TryLockError};

use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::{Op, Progress};
use kloom_kernel::task::{LockClass, TaskId};
use kloom_kernel::touch::Manner;
use kloom_shim::Machine;
use kloom_shim::rust::{At, Gate, choice, might_sleep, note, op, releasing, wait};

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::MutexBackend {}
    impl Sealed for super::SpinLockBackend {}
}

/// How a lock waits.
pub trait Backend: sealed::Sealed {
    #[doc(hidden)]
    const CLASS: LockClass;
    #[doc(hidden)]
    const LOCK: &'static str;
    #[doc(hidden)]
    fn register(machine: &mut Machine, object: u64) -> u32;
    #[doc(hidden)]
    fn lock(machine: &mut Machine, caller: TaskId, handle: u32, p: &mut Progress) -> Result<Op<()>, Fault>;
    #[doc(hidden)]
    fn try_lock(machine: &mut Machine, handle: u32) -> bool;
    #[doc(hidden)]
    fn unlock(machine: &mut Machine, caller: TaskId, handle: u32) -> Result<(), Fault>;
}

/// Waits asleep.
#[derive(Debug)]
pub enum MutexBackend {}

/// Waits spinning; who holds it does not sleep.
#[derive(Debug)]
pub enum SpinLockBackend {}

/// A mutex (`struct mutex`).
///
/// ```
/// use kloom_rust::prelude::*;
///
/// let report = kloom_rust::Checker::new().explore(|| {
///     let pair = Arc::new(Mutex::new((0, 0)), GFP_KERNEL)?;
///     for _ in 0..2 {
///         let pair = pair.clone();
///         Thread::spawn(c"pair", move || {
///             let mut pair = pair.lock();
///             pair.0 += 1;
///             pair.1 += 1;
///         })?;
///     }
///     Ok(())
/// });
/// assert_eq!((report.executions, report.exhausted), (2, true), "either may be first");
/// ```
pub type Mutex<T> = Lock<T, MutexBackend>;

/// A spinlock (`spinlock_t`): preemption is off while it is held.
///
/// ```
/// use kloom_rust::prelude::*;
///
/// let failure = kloom_rust::Checker::new().explore(|| {
///     let count = SpinLock::new(0);
///     let mut held = count.lock();
///     kloom_rust::delay::fsleep(kloom_rust::time::Delta::from_millis(1));
///     *held += 1;
///     Ok(())
/// });
/// assert_eq!(failure.failure.expect("it sleeps in atomic context").code(), "sleep-in-atomic");
/// ```
pub type SpinLock<T> = Lock<T, SpinLockBackend>;

/// A lock with the data it protects.
pub struct Lock<T: ?Sized, B: Backend> {
    handle: u32,
    pub(super) object: u64,
    backend: PhantomData<fn() -> B>,
    data: std::sync::Mutex<T>,
}

/// The lock is held; dropping this gives it back.
#[must_use = "the lock is given back at once"]
pub struct Guard<'a, T: ?Sized, B: Backend> {
    pub(super) lock: &'a Lock<T, B>,
    pub(super) data: Option<MutexGuard<'a, T>>,
}

impl Backend for MutexBackend {
    const CLASS: LockClass = LockClass::Mutex;
    const LOCK: &'static str = "Mutex::lock";

    fn register(machine: &mut Machine, object: u64) -> u32 {
        machine.kernel.locks.register_mutex(object, String::new())
    }

    fn lock(machine: &mut Machine, caller: TaskId, handle: u32, p: &mut Progress) -> Result<Op<()>, Fault> {
        if p.first() {
            might_sleep(machine, "mutex_lock");
        }
        Ok(match machine.kernel.mutex_lock(caller, handle, TASK_UNINTERRUPTIBLE)? {
            Op::Done(_) => Op::Done(()),
            Op::Block => Op::Block,
            Op::Spin => Op::Spin,
        })
    }

    fn try_lock(machine: &mut Machine, handle: u32) -> bool {
        machine.kernel.mutex_trylock(handle)
    }

    fn unlock(machine: &mut Machine, caller: TaskId, handle: u32) -> Result<(), Fault> {
        machine.kernel.mutex_unlock(caller, handle)
    }
}

impl Backend for SpinLockBackend {
    const CLASS: LockClass = LockClass::Spinlock;
    const LOCK: &'static str = "SpinLock::lock";

    fn register(machine: &mut Machine, object: u64) -> u32 {
        machine.kernel.locks.register_spin(object, String::new())
    }

    fn lock(machine: &mut Machine, caller: TaskId, handle: u32, p: &mut Progress) -> Result<Op<()>, Fault> {
        machine.kernel.spin_lock(caller, handle, LockClass::Spinlock, p)
    }

    fn try_lock(machine: &mut Machine, handle: u32) -> bool {
        machine.kernel.spin_trylock(handle, LockClass::Spinlock)
    }

    fn unlock(machine: &mut Machine, caller: TaskId, handle: u32) -> Result<(), Fault> {
        machine.kernel.spin_unlock(caller, handle, LockClass::Spinlock)
    }
}

impl<T, B: Backend> Lock<T, B> {
    /// A free lock around `data`.
    #[track_caller]
    pub fn new(data: T) -> Lock<T, B> {
        let made = op(Location::caller(), |machine, current| {
            let object = machine.rust.object_number(current);
            machine.rust.objects += 1;
            (B::register(machine, object), object)
        });
        let (handle, object) = made.unwrap_or_default();
        Lock { handle, object, backend: PhantomData, data: std::sync::Mutex::new(data) }
    }
}

impl<T: ?Sized, B: Backend> Lock<T, B> {
    /// Takes the lock, waiting while another thread has it.
    ///
    /// # Context
    /// A mutex: process context; sleeps. A spinlock: any.
    #[track_caller]
    pub fn lock(&self) -> Guard<'_, T, B> {
        let at = Location::caller();
        choice(at, B::LOCK, Some((self.object, Manner::Acquire)), self.gate());
        self.take(at);
        Guard { lock: self, data: Some(self.data()) }
    }

    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<Guard<'_, T, B>> {
        let at = Location::caller();
        choice(at, "try_lock", Some((self.object, Manner::Write)), Gate::Open);
        let handle = self.handle;
        let taken = op(at, |machine, _| B::try_lock(machine, handle))?;
        taken.then(|| Guard { lock: self, data: Some(self.data()) })
    }

    pub(super) fn gate(&self) -> Gate {
        Gate::Lock(B::CLASS, self.handle)
    }

    /// Takes the kernel's lock, which is free if a search has let the caller through its gate.
    pub(super) fn take(&self, at: At) {
        let handle = self.handle;
        wait(at, B::LOCK, Some((self.object, Manner::Acquire)), self.gate(), |machine, current, progress| {
            B::lock(machine, current, handle, progress)
        });
    }

    /// Gives the kernel's lock back, within an operation.
    pub(super) fn give(&self, machine: &mut Machine, current: TaskId) {
        machine.rust.note(self.object, Manner::Release);
        if let Err(fault) = B::unlock(machine, current, self.handle) {
            machine.kernel.report(fault);
        }
    }

    /// The data, once the kernel's lock is held.
    pub(super) fn data(&self) -> MutexGuard<'_, T> {
        match self.data.try_lock() {
            Ok(data) => data,
            // A thread panicked with the lock: the execution has failed, and its threads unwind.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                panic!("a destructor takes a lock that another thread of the execution that is over still holds")
            }
        }
    }
}

impl<T: ?Sized, B: Backend> std::ops::Deref for Guard<'_, T, B> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.data {
            Some(data) => data,
            None => unreachable!("there is data except while a condition is waited for"),
        }
    }
}

impl<T: ?Sized, B: Backend> std::ops::DerefMut for Guard<'_, T, B> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.data {
            Some(data) => data,
            None => unreachable!("there is data except while a condition is waited for"),
        }
    }
}

impl<T: ?Sized, B: Backend> Drop for Guard<'_, T, B> {
    #[track_caller]
    fn drop(&mut self) {
        // First the data, for the kernel's lock may let another thread run at once.
        if self.data.take().is_some() {
            let lock = self.lock;
            releasing(Location::caller(), |machine, current| lock.give(machine, current));
        }
    }
}

impl<T: ?Sized, B: Backend> Drop for Lock<T, B> {
    fn drop(&mut self) {
        let (handle, object) = (self.handle, self.object);
        if handle != 0 {
            op_if_inside(|machine| {
                machine.kernel.locks.forget(B::CLASS, handle, object);
                machine.rust.objects = machine.rust.objects.saturating_sub(1);
            });
        }
    }
}

/// Runs `f` if the caller is a thread of a machine that goes on: what is dropped later is dropped quietly.
pub(crate) fn op_if_inside(f: impl FnOnce(&mut Machine)) {
    if kloom_shim::rust::inside() {
        op(Location::caller(), |machine, _| f(machine));
    }
}

pub(super) fn note_read(object: u64) {
    note(object, Manner::Read);
}

impl<T: ?Sized + std::fmt::Debug, B: Backend> std::fmt::Debug for Lock<T, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

impl<T: ?Sized + std::fmt::Debug, B: Backend> std::fmt::Debug for Guard<'_, T, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("data", &self.data).finish_non_exhaustive()
    }
}
