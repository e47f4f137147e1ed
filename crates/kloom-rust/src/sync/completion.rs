//! Completions.
//!
//! C header: include/linux/completion.h.

use std::panic::Location;

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;
use kloom_kernel::touch::Manner;
use kloom_shim::rust::{At, Gate, choice, might_sleep, op, wait};

use super::lock::op_if_inside;
use crate::error::{Error, Result, code};
use crate::time::Delta;

/// Something that is done once, or counted: waits pass as often as it was completed.
///
/// ```
/// use kloom_rust::prelude::*;
///
/// kloom_rust::check(|| {
///     let done = Arc::new(Completion::new(), GFP_KERNEL)?;
///     let theirs = done.clone();
///     Thread::spawn(c"doer", move || theirs.complete())?;
///     done.wait_for_completion();
///     Ok(())
/// });
/// ```
#[derive(Debug)]
pub struct Completion {
    handle: u32,
    object: u64,
}

impl Default for Completion {
    #[track_caller]
    fn default() -> Self {
        Completion::new()
    }
}

impl Completion {
    /// Not completed yet.
    #[track_caller]
    pub fn new() -> Completion {
        let made = op(Location::caller(), |machine, current| {
            let object = machine.rust.object_number(current);
            machine.rust.objects += 1;
            (machine.kernel.completions.register(object, String::new()), object)
        });
        let (handle, object) = made.unwrap_or_default();
        Completion { handle, object }
    }

    /// Lets one waiter pass.
    #[track_caller]
    pub fn complete(&self) {
        let at = Location::caller();
        self.change(at, "Completion::complete");
        op(at, |machine, _| machine.kernel.complete(self.handle));
    }

    /// Lets all waiters pass, now and later.
    #[track_caller]
    pub fn complete_all(&self) {
        let at = Location::caller();
        self.change(at, "Completion::complete_all");
        op(at, |machine, _| machine.kernel.complete_all(self.handle));
    }

    /// Waits until completed.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn wait_for_completion(&self) {
        self.sleep(Location::caller(), "Completion::wait_for_completion", MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE);
    }

    /// Waits until completed, or until a signal or a request to stop comes.
    ///
    /// # Errors
    /// `ERESTARTSYS` if that ended the wait.
    ///
    /// # Context
    /// Process context; sleeps in state S.
    #[track_caller]
    pub fn wait_for_completion_interruptible(&self) -> Result {
        let what = "Completion::wait_for_completion_interruptible";
        match self.sleep(Location::caller(), what, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE) {
            errno @ ..0 => Err(Error::from_errno(errno as i32)),
            _ => Ok(()),
        }
    }

    /// Waits until completed, for at most `timeout`.
    ///
    /// # Errors
    /// `ETIMEDOUT`.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn wait_for_completion_timeout(&self, timeout: Delta) -> Result {
        let jiffies = i64::try_from(timeout.jiffies()).unwrap_or(MAX_SCHEDULE_TIMEOUT);
        match self.sleep(Location::caller(), "Completion::wait_for_completion_timeout", jiffies, TASK_UNINTERRUPTIBLE) {
            0 => Err(code::ETIMEDOUT),
            _ => Ok(()),
        }
    }

    /// Passes if a waiter would without sleeping.
    #[track_caller]
    pub fn try_wait_for_completion(&self) -> bool {
        let at = Location::caller();
        self.change(at, "Completion::try_wait_for_completion");
        op(at, |machine, _| machine.kernel.try_wait_for_completion(self.handle)).unwrap_or(true)
    }

    fn change(&self, at: At, what: &'static str) {
        choice(at, what, Some((self.object, Manner::Write)), Gate::Open);
    }

    fn sleep(&self, at: At, what: &'static str, timeout: i64, state: u32) -> i64 {
        self.change(at, what);
        let (handle, touch) = (self.handle, Some((self.object, Manner::Write)));
        let result = wait(at, what, touch, Gate::Open, |machine, current, progress| {
            if !progress.started {
                might_sleep(machine, "wait_for_completion");
            }
            if state == TASK_INTERRUPTIBLE
                && let Some(thread) = machine.rust.thread(current)
            {
                let control = kloom_shim::rust::control_of(thread.id);
                machine.rust.note(control, Manner::Write);
            }
            Ok(machine.kernel.wait_for_completion(current, handle, timeout, state, progress))
        });
        result.unwrap_or(1)
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let handle = self.handle;
        op_if_inside(|machine| {
            machine.kernel.completions.forget(handle);
            machine.rust.objects = machine.rust.objects.saturating_sub(1);
        });
    }
}
