//! Condition variables.
//!
//! C header: include/linux/wait.h: a wait queue whose entries are exclusive.

use std::panic::Location;

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE};
use kloom_kernel::ops::Op;
use kloom_kernel::touch::Manner;
use kloom_kernel::wait::{WQ_FLAG_EXCLUSIVE, WaitEntry, WakeFunc};
use kloom_shim::rust::{At, Gate, choice, control_of, might_sleep, op, wait};

use super::lock::{Backend, Guard, note_read, op_if_inside};

/// A condition variable. A wait may end without a notification: test the condition in a loop.
///
/// ```
/// use kloom_rust::prelude::*;
///
/// kloom_rust::check(|| {
///     let ready = Arc::new((Mutex::new(false), CondVar::new()), GFP_KERNEL)?;
///     let theirs = ready.clone();
///     Thread::spawn(c"setter", move || {
///         *theirs.0.lock() = true;
///         theirs.1.notify_one();
///     })?;
///     let mut set = ready.0.lock();
///     while !*set {
///         ready.1.wait(&mut set);
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug)]
pub struct CondVar {
    queue: u32,
    object: u64,
}

impl Default for CondVar {
    #[track_caller]
    fn default() -> Self {
        CondVar::new()
    }
}

impl CondVar {
    /// A condition nobody waits for.
    #[track_caller]
    pub fn new() -> CondVar {
        let made = op(Location::caller(), |machine, current| {
            let object = machine.rust.object_number(current);
            machine.rust.objects += 1;
            (machine.kernel.waits.register(object, String::new()), object)
        });
        let (queue, object) = made.unwrap_or_default();
        CondVar { queue, object }
    }

    /// Gives the lock back and sleeps until notified, then takes it again.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn wait<T: ?Sized, B: Backend>(&self, guard: &mut Guard<'_, T, B>) {
        self.sleep(Location::caller(), "CondVar::wait", guard, TASK_UNINTERRUPTIBLE);
    }

    /// As [`CondVar::wait`], ended by a signal or a request to stop, too: whether there is one.
    ///
    /// # Context
    /// Process context; sleeps in state S.
    #[must_use = "a signal or a request to stop may have ended the wait"]
    #[track_caller]
    pub fn wait_interruptible<T: ?Sized, B: Backend>(&self, guard: &mut Guard<'_, T, B>) -> bool {
        let at = Location::caller();
        self.sleep(at, "CondVar::wait_interruptible", guard, TASK_INTERRUPTIBLE);
        op(at, |machine, current| machine.kernel.signal_pending(current)).unwrap_or(true)
    }

    fn sleep<T: ?Sized, B: Backend>(&self, at: At, what: &'static str, guard: &mut Guard<'_, T, B>, state: u32) {
        let (queue, lock) = (self.queue, guard.lock);
        choice(at, what, Some((self.object, Manner::Write)), Gate::Open);
        guard.data = None;
        let mut entry = 0;
        let again = Some((lock.object, Manner::Acquire));
        wait(at, what, again, lock.gate(), |machine, current, progress| {
            let control = machine.rust.thread(current).map_or(0, |thread| control_of(thread.id));
            if !progress.first() {
                machine.rust.note(control, Manner::Read);
                machine.kernel.finish_wait(current, queue, entry);
                return Ok(Op::Done(()));
            }
            entry = machine.rust.object_number(current);
            let queued = WaitEntry {
                addr: entry,
                task: Some(current),
                flags: WQ_FLAG_EXCLUSIVE,
                func: WakeFunc::Autoremove,
                queued: machine.kernel.event_here(),
            };
            // Whoever wakes this thread by name, and not through the condition, ends its sleep.
            machine.rust.note(control, Manner::Write);
            lock.give(machine, current);
            might_sleep(machine, "schedule");
            machine.kernel.prepare_to_wait(current, queue, queued, state, false);
            Ok(Op::Block)
        });
        note_read(self.object);
        op(at, |machine, current| {
            machine.kernel.tasks[current].c.set_task_state(TASK_RUNNING);
            machine.kernel.remove_wait_entry(queue, entry);
        });
        lock.take(at);
        guard.data = Some(lock.data());
    }

    /// Wakes one waiter.
    ///
    /// # Context
    /// Any.
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify(Location::caller(), "CondVar::notify_one", 1);
    }

    /// Wakes all waiters.
    ///
    /// # Context
    /// Any.
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(Location::caller(), "CondVar::notify_all", 0);
    }

    fn notify(&self, at: At, what: &'static str, count: i32) {
        choice(at, what, Some((self.object, Manner::Write)), Gate::Open);
        let queue = self.queue;
        op(at, |machine, _| machine.kernel.wake_up(queue, TASK_NORMAL, count));
    }
}

impl Drop for CondVar {
    fn drop(&mut self) {
        let queue = self.queue;
        op_if_inside(|machine| {
            machine.kernel.waits.forget(queue);
            machine.rust.objects = machine.rust.objects.saturating_sub(1);
        });
    }
}
