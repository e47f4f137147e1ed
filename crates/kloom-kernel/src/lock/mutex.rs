//! Mutexes.
//!
//! C header: include/linux/mutex.h. Behaviour follows Linux 6.1 kernel/locking/mutex.c: the first waiter is woken at
//! unlock and competes with newcomers, but when it has lost once the next unlock hands the mutex over; only the owner may
//! unlock. A waiter sleeps at once where Linux may spin while the owner runs.

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING, TASK_WAKEKILL};

use super::object;
use crate::Kernel;
use crate::fault::Fault;
use crate::ops::Op;
use crate::task::{BlockedOn, LockClass, TaskId};

impl super::Mutex {
    fn leave(&mut self, caller: TaskId) {
        self.waiters.retain(|&waiter| waiter != caller);
        self.handoff &= !self.waiters.is_empty();
    }
}

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
        if mutex.owner.is_none() && mutex.pickup.is_none_or(|heir| heir == caller) {
            mutex.pickup = None;
            mutex.leave(caller);
            self.lockdep_acquire(LockClass::Mutex, handle, false);
            let holder = self.lock_taken(LockClass::Mutex, handle);
            object(&mut self.locks.mutex, handle).owner = Some(holder);
            let task = &mut self.tasks[caller];
            task.c.set_task_state(TASK_RUNNING);
            task.blocked_on = BlockedOn::Nothing;
            return Ok(Op::Done(0));
        }
        if signal {
            mutex.leave(caller);
            let task = &mut self.tasks[caller];
            task.c.set_task_state(TASK_RUNNING);
            task.blocked_on = BlockedOn::Nothing;
            return Ok(Op::Done(-Errno::EINTR.0));
        }
        let newly = !mutex.waiters.contains(&caller);
        if newly {
            mutex.waiters.push(caller);
            self.lockdep_acquire(LockClass::Mutex, handle, false);
        } else if mutex.waiters.first() == Some(&caller) {
            // Woken and beaten to it by a newcomer: the next unlock hands the mutex over (MUTEX_FLAG_HANDOFF).
            mutex.handoff = true;
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
        if self.mutex_is_locked(handle) {
            return false;
        }
        self.lockdep_acquire(LockClass::Mutex, handle, true);
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
        if mutex.handoff {
            mutex.handoff = false;
            mutex.pickup = next;
        }
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
        self.locks.mutex.get(handle as usize - 1).is_some_and(|mutex| mutex.owner.is_some() || mutex.pickup.is_some())
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};

    use crate::fault::Fault;
    use crate::ops::Op;
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn task(kernel: &mut Kernel) -> TaskId {
        let parent = kernel.kthreadd;
        kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task")
    }

    /// As `mutex_lock()` called by `task` on CPU 0.
    fn lock(kernel: &mut Kernel, task: TaskId, mutex: u32) -> Result<Op<i32>, Fault> {
        kernel.cpus[0].current = task;
        kernel.mutex_lock(task, mutex, TASK_UNINTERRUPTIBLE)
    }

    fn unlock(kernel: &mut Kernel, task: TaskId, mutex: u32) -> Result<(), Fault> {
        kernel.cpus[0].current = task;
        kernel.mutex_unlock(task, mutex)
    }

    #[test]
    fn a_waiter_that_lost_once_gets_the_mutex_at_the_next_unlock() {
        let mut kernel = machine(1);
        let mutex = kernel.locks.register_mutex(0x10, "m".into());
        let (greedy, patient) = (task(&mut kernel), task(&mut kernel));
        assert_eq!(lock(&mut kernel, greedy, mutex).unwrap(), Op::Done(0));
        assert_eq!(lock(&mut kernel, patient, mutex).unwrap(), Op::Block);
        unlock(&mut kernel, greedy, mutex).unwrap();
        assert_eq!(lock(&mut kernel, greedy, mutex).unwrap(), Op::Done(0), "a newcomer may take a free mutex");
        assert_eq!(lock(&mut kernel, patient, mutex).unwrap(), Op::Block, "woken too late");
        unlock(&mut kernel, greedy, mutex).unwrap();
        assert!(kernel.mutex_is_locked(mutex), "handed over");
        assert!(!kernel.mutex_trylock(mutex));
        assert_eq!(lock(&mut kernel, greedy, mutex).unwrap(), Op::Block);
        assert_eq!(lock(&mut kernel, patient, mutex).unwrap(), Op::Done(0));
        unlock(&mut kernel, patient, mutex).unwrap();
        assert_eq!(lock(&mut kernel, greedy, mutex).unwrap(), Op::Done(0));
    }

    #[test]
    fn waiters_are_served_in_order() {
        let mut kernel = machine(1);
        let mutex = kernel.locks.register_mutex(0x10, "m".into());
        let owner = task(&mut kernel);
        let tasks: Vec<TaskId> = (0..5).map(|_| task(&mut kernel)).collect();
        assert_eq!(lock(&mut kernel, owner, mutex).unwrap(), Op::Done(0));
        for &task in &tasks {
            assert_eq!(lock(&mut kernel, task, mutex).unwrap(), Op::Block);
        }
        let mut last = owner;
        for &task in &tasks {
            unlock(&mut kernel, last, mutex).unwrap();
            let woken: Vec<TaskId> = tasks.iter().copied().filter(|&task| kernel.tasks[task].state() == 0).collect();
            assert!(woken.contains(&task));
            assert_eq!(lock(&mut kernel, task, mutex).unwrap(), Op::Done(0));
            last = task;
        }
    }

    #[test]
    fn a_second_lock_by_the_owner_and_a_cycle_are_deadlocks() {
        let mut kernel = machine(1);
        let (a, b) = (kernel.locks.register_mutex(0x10, "a".into()), kernel.locks.register_mutex(0x20, "b".into()));
        let (one, two) = (task(&mut kernel), task(&mut kernel));
        assert_eq!(lock(&mut kernel, one, a).unwrap(), Op::Done(0));
        assert_eq!(lock(&mut kernel, two, b).unwrap(), Op::Done(0));
        assert_eq!(lock(&mut kernel, one, b).unwrap(), Op::Block);
        match lock(&mut kernel, two, a) {
            Err(Fault::Deadlock { cycle }) => assert_eq!(cycle, [two, one]),
            other => panic!("{other:?}"),
        }
        assert_eq!(lock(&mut kernel, two, a).unwrap(), Op::Block, "reported once, then it waits");
    }

    #[test]
    fn unlock_by_another_task_or_of_a_free_mutex_is_a_fault() {
        let mut kernel = machine(1);
        let mutex = kernel.locks.register_mutex(0x10, "m".into());
        let (one, two) = (task(&mut kernel), task(&mut kernel));
        assert!(matches!(
            unlock(&mut kernel, one, mutex),
            Err(Fault::BadUnlock { why: "not locked", owner: None, .. })
        ));
        assert_eq!(lock(&mut kernel, one, mutex).unwrap(), Op::Done(0));
        assert!(matches!(unlock(&mut kernel, two, mutex), Err(Fault::BadUnlock { owner: Some(_), .. })));
        assert!(!kernel.mutex_is_locked(mutex));
        assert!(kernel.tasks[one].held.is_empty());
    }

    #[test]
    fn a_signal_ends_an_interruptible_wait() {
        let mut kernel = machine(1);
        let mutex = kernel.locks.register_mutex(0x10, "m".into());
        let (one, two) = (task(&mut kernel), task(&mut kernel));
        assert_eq!(lock(&mut kernel, one, mutex).unwrap(), Op::Done(0));
        assert_eq!(kernel.mutex_lock(two, mutex, TASK_INTERRUPTIBLE).unwrap(), Op::Block);
        kernel.allow_signal(two, 10);
        kernel.send_signal(two, 10).expect("the task exists");
        assert_eq!(kernel.mutex_lock(two, mutex, TASK_INTERRUPTIBLE).unwrap(), Op::Done(-4));
        assert!(kernel.locks.mutex[mutex as usize - 1].waiters.is_empty());
    }
}
