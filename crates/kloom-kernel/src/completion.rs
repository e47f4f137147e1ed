//! Completions.
//!
//! C header: include/linux/completion.h. Behaviour follows Linux 6.1 kernel/sched/completion.c: waiters are served
//! first come, first served; `complete_all()` lets everyone pass until re-initialised.

use slab::Slab;

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING, TASK_WAKEKILL};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;

use crate::Kernel;
use crate::ops::{Op, Progress};
use crate::task::{BlockedOn, TaskId};

/// `done` after `complete_all()` (`UINT_MAX`).
pub const DONE_ALL: u32 = u32::MAX;

/// A completion.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Address of the C object.
    pub addr: u64,
    /// Name for reports.
    pub name: String,
    /// Waits that may pass.
    pub done: u32,
    /// Who waits, in order.
    waiters: Vec<TaskId>,
}

impl Completion {
    /// Who waits, in order.
    pub fn waiters(&self) -> &[TaskId] {
        &self.waiters
    }

    /// Who has waited longest.
    pub fn first_waiter(&self) -> Option<TaskId> {
        self.waiters.first().copied()
    }
}

/// All completions; handle 0 is never used.
#[derive(Clone, Debug, Default)]
pub struct Completions {
    table: Slab<Completion>,
}

impl Completions {
    /// Registers a C completion.
    pub fn register(&mut self, addr: u64, name: String) -> u32 {
        self.table.insert(Completion { addr, name, done: 0, waiters: Vec::new() }) as u32 + 1
    }

    /// All of them, by handle.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Completion)> {
        self.table.iter().map(|(index, completion)| (index as u32 + 1, completion))
    }

    /// The completion behind a handle.
    pub fn get(&self, handle: u32) -> Option<&Completion> {
        self.table.get((handle as usize).checked_sub(1)?)
    }

    /// The completion behind a handle.
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut Completion> {
        self.table.get_mut((handle as usize).checked_sub(1)?)
    }

    /// Whether there is, or was, a completion at this address.
    pub fn is_known(&self, addr: u64) -> bool {
        self.table.iter().any(|(_, one)| one.addr == addr)
    }

    /// Forgets a completion whose memory is going away.
    pub fn forget(&mut self, handle: u32) {
        if handle != 0 {
            self.table.try_remove(handle as usize - 1);
        }
    }
}

impl Kernel {
    /// Lets one waiter pass (`complete()`).
    ///
    /// # Context
    /// Any.
    pub fn complete(&mut self, handle: u32) {
        let Some(completion) = self.completions.get_mut(handle) else { return };
        if completion.done != DONE_ALL {
            completion.done += 1;
        }
        let first = completion.waiters.first().copied();
        if let Some(first) = first {
            self.try_to_wake_up(first, TASK_NORMAL | TASK_WAKEKILL);
        }
    }

    /// Lets everyone pass until re-initialised (`complete_all()`).
    pub fn complete_all(&mut self, handle: u32) {
        let Some(completion) = self.completions.get_mut(handle) else { return };
        completion.done = DONE_ALL;
        for waiter in completion.waiters.clone() {
            self.try_to_wake_up(waiter, TASK_NORMAL | TASK_WAKEKILL);
        }
    }

    /// Waits for a completion in `state` for at most `timeout` jiffies. Polled. Done with the jiffies left (at least
    /// 1) when completed, 0 on timeout, `-ERESTARTSYS` on a signal.
    pub fn wait_for_completion(
        &mut self,
        caller: TaskId,
        handle: u32,
        timeout: i64,
        state: u32,
        p: &mut Progress,
    ) -> Op<i64> {
        if p.first() {
            p.until = self.jiffies().saturating_add(timeout.max(0) as u64);
            self.tasks[caller].timed_out = false;
            p.note = u64::from(timeout != MAX_SCHEDULE_TIMEOUT);
        }
        self.cancel_timeout(caller);
        let left = if p.note == 0 { MAX_SCHEDULE_TIMEOUT } else { p.until.saturating_sub(self.jiffies()) as i64 };
        let timed_out = self.tasks[caller].timed_out || left == 0;
        let signal = self.signal_pending_state(caller, state);
        let Some(completion) = self.completions.get_mut(handle) else { return Op::Done(0) };
        let my_turn = completion.waiters.first().is_none_or(|&first| first == caller);
        if completion.done > 0
            && (my_turn || completion.done == DONE_ALL || completion.done as usize > completion.waiters.len())
        {
            if completion.done != DONE_ALL {
                completion.done -= 1;
            }
            return self.leave_completion(caller, handle, left.max(1));
        }
        if signal {
            return self.leave_completion(caller, handle, Errno::ERESTARTSYS.to_c());
        }
        if timed_out {
            return self.leave_completion(caller, handle, 0);
        }
        if !completion.waiters.contains(&caller) {
            completion.waiters.push(caller);
        }
        if p.note != 0 {
            let expires = p.until;
            self.arm_wheel_timeout(caller, expires);
        }
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, BlockedOn::Completion(handle));
        Op::Block
    }

    fn leave_completion(&mut self, caller: TaskId, handle: u32, value: i64) -> Op<i64> {
        self.tasks[caller].c.set_task_state(TASK_RUNNING);
        let mut next = None;
        if let Some(completion) = self.completions.get_mut(handle) {
            completion.waiters.retain(|&waiter| waiter != caller);
            if completion.done > 0 {
                next = completion.waiters.first().copied();
            }
        }
        if let Some(next) = next {
            self.try_to_wake_up(next, TASK_NORMAL | TASK_WAKEKILL);
        }
        Op::Done(value)
    }

    /// Passes if a waiter could without sleeping (`try_wait_for_completion()`).
    pub fn try_wait_for_completion(&mut self, handle: u32) -> bool {
        let Some(completion) = self.completions.get_mut(handle) else { return false };
        if completion.done == 0 {
            return false;
        }
        if completion.done != DONE_ALL {
            completion.done -= 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
    use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;

    use super::DONE_ALL;
    use crate::ops::{Op, Progress};
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn wait(kernel: &mut Kernel, task: TaskId, completion: u32, p: &mut Progress) -> Op<i64> {
        kernel.wait_for_completion(task, completion, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, p)
    }

    #[test]
    fn as_many_pass_as_were_completed_in_the_order_they_came() {
        let mut kernel = machine(1);
        let parent = kernel.kthreadd;
        let completion = kernel.completions.register(0x10, "c".into());
        let tasks: Vec<TaskId> = (0..4)
            .map(|_| {
                kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task")
            })
            .collect();
        let mut waits = [Progress::default(); 4];
        kernel.complete(completion);
        assert!(kernel.try_wait_for_completion(completion), "completed before anyone waited");
        assert!(!kernel.try_wait_for_completion(completion));
        for (&task, p) in tasks.iter().zip(&mut waits) {
            assert_eq!(wait(&mut kernel, task, completion, p), Op::Block);
        }
        for (i, p) in waits.iter_mut().enumerate().take(2) {
            kernel.complete(completion);
            let awake: Vec<bool> = tasks.iter().map(|&task| kernel.tasks[task].state() == 0).collect();
            assert_eq!(awake, (0..4).map(|j| j <= i).collect::<Vec<_>>());
            assert!(matches!(wait(&mut kernel, tasks[i], completion, p), Op::Done(1..)));
        }
        kernel.complete_all(completion);
        for (&task, p) in tasks.iter().zip(&mut waits).skip(2) {
            assert!(matches!(wait(&mut kernel, task, completion, p), Op::Done(1..)));
        }
        assert_eq!(kernel.completions.get(completion).expect("the completion").done, DONE_ALL);
        assert!(kernel.try_wait_for_completion(completion));
    }
}
