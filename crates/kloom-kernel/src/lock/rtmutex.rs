//! Mutexes with priority inheritance.
//!
//! C header: include/linux/rtmutex.h. Behaviour follows Linux 6.1 kernel/locking/rtmutex.c: the waiter with the highest
//! priority comes next, and a holder that a real-time task waits for has that task's priority until it gives the mutex
//! back, and so has the one it waits for itself. Policy and nice value stay; waiters that are not real-time are equal.

use super::object;
use crate::Kernel;
use crate::fault::Fault;
use crate::ops::Op;
use crate::task::{BlockedOn, TaskId};

/// How far a chain of holders is followed (`max_lock_depth`).
const MAX_DEPTH: usize = 1024;

impl Kernel {
    /// Takes an rt_mutex. Polled. Done with 0, or `-EINTR` when a signal ended an interruptible or killable wait.
    ///
    /// # Context
    /// Process context; a scheduling point.
    ///
    /// # Errors
    /// [`Fault::Deadlock`] when the caller holds it already, or the owners wait for each other.
    pub fn rt_mutex_lock(&mut self, caller: TaskId, handle: u32, state: u32) -> Result<Op<i32>, Fault> {
        let outcome = self.mutex_lock(caller, handle, state);
        let mutex = object(&mut self.locks.mutex, handle);
        // The sort is stable: among equals the one that came first stays first.
        mutex
            .waiters
            .sort_by_key(|&waiter| if self.tasks[waiter].se.is_rt() { self.tasks[waiter].se.prio() } else { 120 });
        let owner = mutex.owner.map(|holder| holder.task);
        if let Some(owner) = owner {
            self.inherit(owner);
        }
        outcome
    }

    /// Gives an rt_mutex back, and with it the priority that was lent for it.
    ///
    /// # Errors
    /// [`Fault::BadUnlock`] when it is not held, or held by another task.
    pub fn rt_mutex_unlock(&mut self, caller: TaskId, handle: u32) -> Result<(), Fault> {
        let outcome = self.mutex_unlock(caller, handle);
        self.inherit(caller);
        outcome
    }

    /// Gives a task the highest priority of those that wait for its mutexes, and so on along the chain.
    fn inherit(&mut self, task: TaskId) {
        let mut at = task;
        for _ in 0..MAX_DEPTH {
            if self.tasks.get(at).is_none() {
                return;
            }
            let held = self.tasks[at].held.iter().filter(|lock| lock.class == crate::task::LockClass::Mutex);
            let waiters = held.filter_map(|lock| self.locks.mutex.get(lock.handle as usize - 1)).filter(|m| m.inherits);
            let waiters = waiters.flat_map(|mutex| mutex.waiters.iter());
            let lent = waiters.map(|&waiter| {
                let se = &self.tasks[waiter].se;
                if se.is_rt() { se.lent_priority.max(se.rt_priority) } else { 0 }
            });
            let lent = lent.max().unwrap_or(0);
            if self.tasks[at].se.lent_priority == lent {
                return;
            }
            let queued = self.dequeue_if_queued(at);
            self.tasks[at].se.lent_priority = lent;
            self.publish_sched(at);
            self.requeue_if(at, queued);
            let BlockedOn::Mutex(next) = self.tasks[at].blocked_on else { return };
            let Some(owner) = self.locks.mutex.get(next as usize - 1).and_then(|mutex| mutex.owner) else { return };
            at = owner.task;
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::sched::{SCHED_FIFO, TASK_UNINTERRUPTIBLE};

    use crate::ops::Op;
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn task(kernel: &mut Kernel, priority: i32) -> TaskId {
        let parent = kernel.kthreadd;
        let id = kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task");
        if priority > 0 {
            kernel.set_scheduler(id, SCHED_FIFO, priority).expect("a fitting priority");
        }
        id
    }

    fn lock(kernel: &mut Kernel, task: TaskId, mutex: u32) -> Op<i32> {
        kernel.cpus[0].current = task;
        kernel.rt_mutex_lock(task, mutex, TASK_UNINTERRUPTIBLE).expect("no deadlock")
    }

    #[test]
    fn priority_is_lent_along_the_chain_and_given_back() {
        let mut kernel = machine(1);
        let a = kernel.locks.register_rt_mutex(0x10, "a".into());
        let b = kernel.locks.register_rt_mutex(0x20, "b".into());
        let (low, middle, high) = (task(&mut kernel, 0), task(&mut kernel, 5), task(&mut kernel, 40));
        assert_eq!(lock(&mut kernel, low, a), Op::Done(0));
        assert_eq!(lock(&mut kernel, middle, b), Op::Done(0));
        assert_eq!(lock(&mut kernel, middle, a), Op::Block);
        assert_eq!(kernel.tasks[low].se.prio(), 94);
        assert_eq!(lock(&mut kernel, high, b), Op::Block);
        assert_eq!((kernel.tasks[middle].se.prio(), kernel.tasks[low].se.prio()), (59, 59));
        assert_eq!(kernel.tasks[low].c.normal_prio.get(), 120);
        kernel.cpus[0].current = low;
        kernel.rt_mutex_unlock(low, a).expect("held");
        assert_eq!((kernel.tasks[low].se.prio(), kernel.tasks[low].c.prio.get()), (120, 120));
        assert_eq!(lock(&mut kernel, middle, a), Op::Done(0));
        assert_eq!(kernel.tasks[middle].se.prio(), 59, "it still holds b");
        kernel.cpus[0].current = middle;
        kernel.rt_mutex_unlock(middle, b).expect("held");
        assert_eq!(kernel.tasks[middle].se.prio(), 94);
    }

    #[test]
    fn the_highest_priority_comes_next() {
        let mut kernel = machine(1);
        let mutex = kernel.locks.register_rt_mutex(0x10, "m".into());
        let tasks: Vec<TaskId> = [0, 0, 7, 30, 7].into_iter().map(|priority| task(&mut kernel, priority)).collect();
        assert_eq!(lock(&mut kernel, tasks[0], mutex), Op::Done(0));
        for &task in &tasks[1..] {
            assert_eq!(lock(&mut kernel, task, mutex), Op::Block);
        }
        assert_eq!(kernel.locks.mutex[mutex as usize - 1].waiters, [tasks[3], tasks[2], tasks[4], tasks[1]]);
    }
}
