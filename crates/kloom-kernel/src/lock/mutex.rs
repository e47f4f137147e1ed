//! Mutexes.
//!
//! C header: include/linux/mutex.h. Behaviour follows Linux 6.1 kernel/locking/mutex.c: the first waiter is woken at
//! unlock and competes with newcomers; only the owner may unlock.

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING, TASK_WAKEKILL};

use super::object;
use crate::Kernel;
use crate::fault::Fault;
use crate::ops::Op;
use crate::task::{BlockedOn, LockClass, TaskId};

impl Kernel {
    /// Takes a mutex, sleeping in `state` while another task has it. Polled. Done with 0, or `-EINTR` when a signal
    /// ended an interruptible or killable wait.
    ///
    /// # Context
    /// Process context; a scheduling point.
    ///
    /// # Errors
    /// [`Fault::Deadlock`] when the caller holds it already, or the owners wait for each other.
    pub fn mutex_lock(&mut self, caller: TaskId, handle: u32, state: u32) -> Result<Op<i32>, Fault> {
        let signal = self.signal_pending_state(caller, state);
        let mutex = object(&mut self.locks.mutex, handle);
        if mutex.owner.is_none() {
            mutex.waiters.retain(|&waiter| waiter != caller);
            let holder = self.lock_taken(LockClass::Mutex, handle);
            object(&mut self.locks.mutex, handle).owner = Some(holder);
            let task = &mut self.tasks[caller];
            task.c.set_task_state(TASK_RUNNING);
            task.blocked_on = BlockedOn::Nothing;
            return Ok(Op::Done(0));
        }
        if signal {
            mutex.waiters.retain(|&waiter| waiter != caller);
            self.tasks[caller].c.set_task_state(TASK_RUNNING);
            return Ok(Op::Done(-Errno::EINTR.0));
        }
        let newly = !mutex.waiters.contains(&caller);
        if newly {
            mutex.waiters.push(caller);
        }
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, BlockedOn::Mutex(handle));
        if newly && let Some(cycle) = self.deadlock_from(caller) {
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Block)
    }

    /// Takes a mutex if it is free (`mutex_trylock()`).
    pub fn mutex_trylock(&mut self, handle: u32) -> bool {
        if object(&mut self.locks.mutex, handle).owner.is_some() {
            return false;
        }
        let holder = self.lock_taken(LockClass::Mutex, handle);
        object(&mut self.locks.mutex, handle).owner = Some(holder);
        true
    }

    /// Gives a mutex back.
    ///
    /// # Errors
    /// [`Fault::BadUnlock`] when it is not held, or held by another task.
    pub fn mutex_unlock(&mut self, caller: TaskId, handle: u32) -> Result<(), Fault> {
        let mutex = object(&mut self.locks.mutex, handle);
        let name = mutex.name.clone();
        let next = mutex.waiters.first().copied();
        let Some(holder) = mutex.owner.take() else {
            return Err(Fault::BadUnlock { class: LockClass::Mutex, name, why: "not locked", owner: None });
        };
        self.lock_dropped(holder.task, LockClass::Mutex, handle);
        if let Some(next) = next {
            self.try_to_wake_up(next, TASK_NORMAL | TASK_WAKEKILL);
        }
        if holder.task != caller {
            let owner = Some(holder.at);
            return Err(Fault::BadUnlock { class: LockClass::Mutex, name, why: "locked by another task", owner });
        }
        Ok(())
    }

    /// Whether anyone holds the mutex.
    pub fn mutex_is_locked(&self, handle: u32) -> bool {
        self.locks.mutex.get(handle as usize - 1).is_some_and(|mutex| mutex.owner.is_some())
    }

    /// Follows who waits for whom from `start`; the cycle if it comes back.
    pub fn deadlock_from(&self, start: TaskId) -> Option<Vec<TaskId>> {
        let mut chain = vec![start];
        let mut at = start;
        loop {
            let next = match self.tasks.get(at)?.blocked_on {
                BlockedOn::Mutex(handle) => self.locks.mutex.get(handle as usize - 1)?.owner?.task,
                BlockedOn::RwsemRead(handle) => self.locks.semaphore.get(handle as usize - 1)?.writer?.task,
                BlockedOn::RwsemWrite(handle) => {
                    let sem = self.locks.semaphore.get(handle as usize - 1)?;
                    sem.writer.or(sem.readers.first().copied())?.task
                }
                BlockedOn::KthreadStop(target) | BlockedOn::KthreadPark(target) => target,
                _ => return None,
            };
            if next == start {
                return Some(chain);
            }
            if chain.contains(&next) {
                return None;
            }
            chain.push(next);
            at = next;
        }
    }
}
