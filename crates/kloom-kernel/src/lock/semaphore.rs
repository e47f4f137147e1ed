//! Counting semaphores and reader/writer semaphores.
//!
//! C header: include/linux/semaphore.h, include/linux/rwsem.h. Behaviour follows Linux 6.1 kernel/locking/semaphore.c
//! (waiters are served in order, `up()` hands the unit to the first) and rwsem.c (a waiting writer stops new readers).

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING, TASK_WAKEKILL};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;

use super::object;
use crate::Kernel;
use crate::fault::Fault;
use crate::ops::{Op, Progress};
use crate::task::{BlockedOn, LockClass, TaskId};

impl Kernel {
    /// Takes a unit (`down()` and its forms). Polled. Done with 0, `-EINTR` on a signal, `-ETIME` on timeout.
    ///
    /// # Context
    /// Process context; a scheduling point.
    pub fn down(&mut self, caller: TaskId, handle: u32, state: u32, timeout: i64, p: &mut Progress) -> Op<i32> {
        if p.first() {
            p.until = self.jiffies().saturating_add(timeout.max(0) as u64);
            self.tasks[caller].timed_out = false;
        }
        self.cancel_timeout(caller);
        let signal = self.signal_pending_state(caller, state);
        let timed_out = timeout != MAX_SCHEDULE_TIMEOUT && (self.tasks[caller].timed_out || self.jiffies() >= p.until);
        let semaphore = object(&mut self.locks.semaphore, handle);
        let my_turn = semaphore.waiters.first().is_none_or(|&(first, _)| first == caller);
        let waiting = semaphore.waiters.iter().any(|&(waiter, _)| waiter == caller);
        let outcome =
            if semaphore.count > 0 && (my_turn || (waiting && semaphore.count as usize >= semaphore.waiters.len())) {
                semaphore.count -= 1;
                0
            } else if signal {
                -Errno::EINTR.0
            } else if timed_out {
                -Errno::ETIME.0
            } else {
                if !waiting {
                    semaphore.waiters.push((caller, true));
                }
                if timeout != MAX_SCHEDULE_TIMEOUT {
                    let expires = p.until;
                    self.arm_wheel_timeout(caller, expires);
                }
                self.tasks[caller].c.set_task_state(state);
                self.block_on(caller, BlockedOn::Semaphore(handle));
                return Op::Block;
            };
        semaphore.waiters.retain(|&(waiter, _)| waiter != caller);
        let next = if semaphore.count > 0 { semaphore.waiters.first().copied() } else { None };
        if outcome == 0 {
            let at = self.event_here();
            let addr = object(&mut self.locks.semaphore, handle).addr;
            self.acquire(addr);
            object(&mut self.locks.semaphore, handle).takers.push(super::Holder { task: caller, at });
        }
        if let Some((next, _)) = next {
            self.try_to_wake_up(next, TASK_NORMAL | TASK_WAKEKILL);
        }
        self.tasks[caller].c.set_task_state(TASK_RUNNING);
        self.tasks[caller].blocked_on = BlockedOn::Nothing;
        Op::Done(outcome)
    }

    /// Takes a unit if one is free (`down_trylock()`); true when taken.
    pub fn down_trylock(&mut self, handle: u32) -> bool {
        let at = self.event_here();
        let task = self.current();
        let semaphore = object(&mut self.locks.semaphore, handle);
        if semaphore.count <= 0 || !semaphore.waiters.is_empty() {
            return false;
        }
        semaphore.count -= 1;
        semaphore.takers.push(super::Holder { task, at });
        let addr = semaphore.addr;
        self.acquire(addr);
        true
    }

    /// Gives a unit (`up()`).
    ///
    /// # Context
    /// Any.
    pub fn up(&mut self, caller: TaskId, handle: u32) {
        let at = self.event_here();
        let semaphore = object(&mut self.locks.semaphore, handle);
        semaphore.count += 1;
        semaphore.last_up = Some(at);
        let mine = semaphore.takers.iter().rposition(|holder| holder.task == caller);
        match mine {
            Some(at) => drop(semaphore.takers.remove(at)),
            None => drop(semaphore.takers.pop()),
        }
        if let Some((next, _)) = semaphore.waiters.first().copied() {
            self.try_to_wake_up(next, TASK_NORMAL | TASK_WAKEKILL);
        }
    }

    /// Takes an rw_semaphore for reading or writing. Polled. Done with 0 or `-EINTR`.
    ///
    /// # Errors
    /// [`Fault::Deadlock`] when the holders wait for each other.
    pub fn rwsem_lock(&mut self, caller: TaskId, handle: u32, write: bool, state: u32) -> Result<Op<i32>, Fault> {
        let signal = self.signal_pending_state(caller, state);
        if self.rwsem_take(handle, write, Some(caller)) {
            self.tasks[caller].c.set_task_state(TASK_RUNNING);
            self.tasks[caller].blocked_on = BlockedOn::Nothing;
            return Ok(Op::Done(0));
        }
        let semaphore = object(&mut self.locks.semaphore, handle);
        if signal {
            semaphore.waiters.retain(|&(waiter, _)| waiter != caller);
            self.tasks[caller].c.set_task_state(TASK_RUNNING);
            return Ok(Op::Done(-Errno::EINTR.0));
        }
        let newly = !semaphore.waiters.iter().any(|&(waiter, _)| waiter == caller);
        if newly {
            semaphore.waiters.push((caller, write));
            let class = if write { LockClass::RwsemWrite } else { LockClass::RwsemRead };
            self.lockdep_acquire(class, handle, false);
        }
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, if write { BlockedOn::RwsemWrite(handle) } else { BlockedOn::RwsemRead(handle) });
        if newly && let Some(cycle) = self.deadlock_from(caller) {
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Block)
    }

    /// Takes an rw_semaphore if that is possible now.
    pub fn rwsem_take(&mut self, handle: u32, write: bool, waiter: Option<TaskId>) -> bool {
        let semaphore = object(&mut self.locks.semaphore, handle);
        let ahead = semaphore.waiters.iter().take_while(|&&(task, _)| Some(task) != waiter);
        let free = if write {
            semaphore.writer.is_none() && semaphore.readers.is_empty() && ahead.count() == 0
        } else {
            semaphore.writer.is_none() && ahead.into_iter().all(|&(_, write)| !write)
        };
        if !free {
            return false;
        }
        if let Some(waiter) = waiter {
            semaphore.waiters.retain(|&(task, _)| task != waiter);
        }
        let class = if write { LockClass::RwsemWrite } else { LockClass::RwsemRead };
        self.lockdep_acquire(class, handle, waiter.is_none());
        let holder = self.lock_taken(class, handle);
        let semaphore = object(&mut self.locks.semaphore, handle);
        if write {
            semaphore.writer = Some(holder)
        } else {
            semaphore.readers.push(holder)
        }
        true
    }

    /// Gives an rw_semaphore back.
    ///
    /// # Errors
    /// [`Fault::BadUnlock`] when it is not held that way.
    pub fn rwsem_unlock(&mut self, caller: TaskId, handle: u32, write: bool) -> Result<(), Fault> {
        let class = if write { LockClass::RwsemWrite } else { LockClass::RwsemRead };
        let semaphore = object(&mut self.locks.semaphore, handle);
        let name = semaphore.name.clone();
        let holder = if write {
            semaphore.writer.take()
        } else {
            let mine = semaphore.readers.iter().rposition(|holder| holder.task == caller);
            match mine {
                Some(at) => Some(semaphore.readers.remove(at)),
                None => semaphore.readers.pop(),
            }
        };
        let wake: Vec<TaskId> = semaphore.waiters.iter().map(|&(task, _)| task).collect();
        let Some(holder) = holder else {
            return Err(Fault::BadUnlock { class, name, why: "not locked", owner: None });
        };
        self.lock_dropped(holder.task, class, handle);
        for task in wake {
            self.try_to_wake_up(task, TASK_NORMAL | TASK_WAKEKILL);
        }
        Ok(())
    }

    /// Turns the write side into a read side without letting a writer in between (`downgrade_write()`).
    pub fn downgrade_write(&mut self, handle: u32) {
        let semaphore = object(&mut self.locks.semaphore, handle);
        if let Some(holder) = semaphore.writer.take() {
            semaphore.readers.push(holder);
            let wake: Vec<TaskId> = semaphore.waiters.iter().map(|&(task, _)| task).collect();
            self.lock_dropped(holder.task, LockClass::RwsemWrite, handle);
            self.lock_taken(LockClass::RwsemRead, handle);
            for task in wake {
                self.try_to_wake_up(task, TASK_NORMAL | TASK_WAKEKILL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
    use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;

    use crate::ops::{Op, Progress};
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn tasks(kernel: &mut Kernel, count: usize) -> Vec<TaskId> {
        let parent = kernel.kthreadd;
        (0..count)
            .map(|_| {
                kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task")
            })
            .collect()
    }

    fn down(kernel: &mut Kernel, task: TaskId, semaphore: u32, p: &mut Progress) -> Op<i32> {
        kernel.down(task, semaphore, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, p)
    }

    #[test]
    fn a_newcomer_does_not_pass_those_who_wait() {
        let mut kernel = machine(1);
        let semaphore = kernel.locks.register_semaphore(0x10, "s".into(), 1);
        let tasks = tasks(&mut kernel, 4);
        let mut waits = [Progress::default(); 4];
        assert_eq!(down(&mut kernel, tasks[0], semaphore, &mut waits[0]), Op::Done(0));
        for i in 1..3 {
            assert_eq!(down(&mut kernel, tasks[i], semaphore, &mut waits[i]), Op::Block);
        }
        kernel.up(tasks[0], semaphore);
        assert!(!kernel.down_trylock(semaphore));
        assert_eq!(down(&mut kernel, tasks[3], semaphore, &mut waits[3]), Op::Block);
        for i in 1..4 {
            assert_eq!(kernel.tasks[tasks[i]].state(), 0, "task {i} was woken");
            assert_eq!(down(&mut kernel, tasks[i], semaphore, &mut waits[i]), Op::Done(0));
            kernel.up(tasks[i], semaphore);
        }
        assert!(kernel.down_trylock(semaphore));
        assert!(!kernel.down_trylock(semaphore));
    }

    #[test]
    fn a_waiting_writer_stops_new_readers() {
        let mut kernel = machine(1);
        let semaphore = kernel.locks.register_semaphore(0x10, "rws".into(), 0);
        let tasks = tasks(&mut kernel, 2);
        assert!(kernel.rwsem_take(semaphore, false, None) && kernel.rwsem_take(semaphore, false, None));
        assert_eq!(kernel.rwsem_lock(tasks[0], semaphore, true, TASK_UNINTERRUPTIBLE).unwrap(), Op::Block);
        assert!(!kernel.rwsem_take(semaphore, false, None), "a writer waits");
        let holder = kernel.current();
        kernel.rwsem_unlock(holder, semaphore, false).unwrap();
        kernel.rwsem_unlock(holder, semaphore, false).unwrap();
        assert_eq!(kernel.rwsem_lock(tasks[0], semaphore, true, TASK_UNINTERRUPTIBLE).unwrap(), Op::Done(0));
        assert!(!kernel.rwsem_take(semaphore, false, None));
        kernel.downgrade_write(semaphore);
        assert!(kernel.rwsem_take(semaphore, false, None));
        assert!(!kernel.rwsem_take(semaphore, true, None));
    }
}
