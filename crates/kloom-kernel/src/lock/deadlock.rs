//! Who waits for whom: circles of tasks that can never go on.
//!
//! An edge leads from a waiting task to each task that must do something before the wait can end: the owner of a mutex,
//! all readers of an rw_semaphore, the worker that runs the work to be flushed, the thread to be stopped, the readers a
//! grace period waits for. Each of them must act, so any circle is a deadlock. What anybody could end (a semaphore, a
//! wait queue, a completion) has no edge: such a hang is left to the watchdog.

use super::Holder;
use crate::Kernel;
use crate::fault::Fault;
use crate::sched::cpu::{CallbackSource, Cpu};
use crate::site::ContextKind;
use crate::task::{BlockedOn, TaskId};

impl Kernel {
    /// Tasks without which the sleep of `task` cannot end.
    pub fn waits_for_tasks(&self, task: TaskId) -> Vec<TaskId> {
        let Some(task) = self.tasks.get(task) else { return Vec::new() };
        let semaphore = |handle: u32| self.locks.semaphore.get((handle as usize).checked_sub(1)?);
        match task.blocked_on {
            BlockedOn::Mutex(handle) => {
                let mutex = (handle as usize).checked_sub(1).and_then(|index| self.locks.mutex.get(index));
                mutex.and_then(|mutex| mutex.owner).map(|owner| owner.task).into_iter().collect()
            }
            BlockedOn::RwsemRead(handle) => {
                semaphore(handle).and_then(|sem| sem.writer).map(|writer| writer.task).into_iter().collect()
            }
            BlockedOn::RwsemWrite(handle) => semaphore(handle)
                .map(|sem| sem.writer.iter().chain(&sem.readers).map(|holder| holder.task).collect())
                .unwrap_or_default(),
            BlockedOn::KthreadStop(target) | BlockedOn::KthreadPark(target) => vec![target],
            BlockedOn::Work(work) => self.workqueues.blockers_of(work),
            BlockedOn::Workqueue(handle) => self.workqueues.workers_in(handle),
            BlockedOn::GracePeriod => self.rcu.readers_for(task.id),
            _ => Vec::new(),
        }
    }

    /// Follows who waits for whom from `start`; the shortest circle that comes back to it.
    pub fn deadlock_from(&self, start: TaskId) -> Option<Vec<TaskId>> {
        let mut came_from: Vec<(TaskId, usize)> = vec![(start, 0)];
        let mut at = 0;
        while let Some(&(task, _)) = came_from.get(at) {
            for next in self.waits_for_tasks(task) {
                if next == start {
                    let mut circle = Vec::new();
                    let mut place = at;
                    while place != 0 {
                        circle.push(came_from[place].0);
                        place = came_from[place].1;
                    }
                    circle.push(start);
                    circle.reverse();
                    return Some(circle);
                }
                if came_from.iter().all(|&(known, _)| known != next) {
                    came_from.push((next, at));
                }
            }
            at += 1;
        }
        None
    }

    /// Whether the function of a timer, for whose end `caller` waits, itself waits for a spinlock that `caller` holds.
    pub fn callback_deadlock(&self, caller: TaskId, source: CallbackSource, addr: u64) -> Option<Fault> {
        let runs = |cpu: &&Cpu| cpu.irq_frames.iter().any(|frame| frame.callback.source == source);
        let (lock, spins) = self.cpus.iter().find(runs)?.irq_frames.last()?.spins_on?;
        let held = self.locks.spin.get((lock as usize).checked_sub(1)?)?;
        let mine = |holder: &&Holder| holder.task == caller && holder.at.context == ContextKind::Task;
        let taken = held.writer.iter().chain(&held.readers).find(mine)?.at;
        Some(Fault::CallbackDeadlock { addr, lock, taken, spins })
    }
}
