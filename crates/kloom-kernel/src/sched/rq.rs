//! Run queues: real-time tasks by priority, fair tasks by virtual run time.

use std::collections::{BTreeMap, VecDeque};

use crate::Kernel;
use crate::chooser::Point;
use crate::task::TaskId;

/// Virtual run time, then order of arrival.
type FairKey = (u64, u64, TaskId);

/// Runnable tasks of one CPU; the running one is not among them.
#[derive(Clone, Debug, Default)]
pub struct RunQueue {
    /// Real-time tasks by `prio` (small first), each level first in, first out.
    rt: BTreeMap<i32, VecDeque<TaskId>>,
    /// Fair tasks by virtual run time, ascending. They come at the end and go from the front, or are few: moving some
    /// costs less than a tree's nodes.
    fair: VecDeque<FairKey>,
    /// Never decreases; what a newly runnable task is placed against.
    min_vruntime: u64,
    rt_count: usize,
}

impl RunQueue {
    /// Tasks waiting.
    pub fn nr_running(&self) -> usize {
        self.rt_count + self.fair.len()
    }

    /// The monotonic floor of virtual run time.
    pub fn min_vruntime(&self) -> u64 {
        self.min_vruntime
    }

    /// Raises the floor to the smallest virtual run time present (`update_min_vruntime`).
    pub fn update_min_vruntime(&mut self, current: Option<u64>) {
        let first = self.fair.front().map(|entry| entry.0);
        let candidate = match (current, first) {
            (Some(a), Some(b)) => a.min(b),
            (Some(a), None) | (None, Some(a)) => a,
            (None, None) => return,
        };
        self.min_vruntime = self.min_vruntime.max(candidate);
    }

    /// The waiting tasks, in the order in which they would be taken.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        let rt = (self.rt_count > 0).then(|| self.rt.values().flatten().copied());
        rt.into_iter().flatten().chain(self.fair.iter().map(|entry| entry.2))
    }

    /// Forgets the virtual time that has passed, in an empty queue.
    pub(crate) fn rewind(&mut self) {
        self.min_vruntime = 0;
    }

    /// Whether a task of this real-time priority waits.
    pub fn has_rt_at(&self, prio: i32) -> bool {
        self.rt.get(&prio).is_some_and(|queue| !queue.is_empty())
    }

    /// The best waiting real-time priority.
    pub fn best_rt(&self) -> Option<i32> {
        self.rt.keys().next().copied()
    }

    fn add_fair(&mut self, key: FairKey) {
        let place = self.fair.partition_point(|other| *other < key);
        self.fair.insert(place, key);
    }

    /// Whether it was there.
    fn remove_fair(&mut self, key: &FairKey) -> bool {
        let place = self.fair.binary_search(key);
        place.is_ok_and(|place| self.fair.remove(place).is_some())
    }

    fn take_rt(&mut self) -> Option<TaskId> {
        let mut entry = self.rt.first_entry()?;
        let task = entry.get_mut().pop_front();
        if entry.get().is_empty() {
            entry.remove();
        }
        self.rt_count -= 1;
        task
    }
}

impl Kernel {
    /// Puts a runnable task on a CPU's queue; `head` puts a preempted real-time task back in front.
    pub(crate) fn enqueue(&mut self, id: TaskId, cpu: u32, head: bool) {
        self.queue_seq += 1;
        let seq = self.queue_seq;
        let online = self.online_mask();
        // A thread of a CPU that is gone runs where it can.
        let allowed = match self.tasks[id].se.allowed & online {
            0 => online,
            allowed => allowed,
        };
        let cpu = if allowed & (1 << cpu) == 0 {
            self.cpus[cpu as usize].migrate_current = false;
            allowed.trailing_zeros().min(self.cpus.len() as u32 - 1)
        } else {
            cpu
        };
        let task = &mut self.tasks[id];
        let old_cpu = task.se.cpu;
        if old_cpu != cpu {
            // Keep the lag against the queue's floor when a task changes queues.
            let lag = task.se.vruntime as i64 - self.cpus[old_cpu as usize].rq.min_vruntime as i64;
            task.se.vruntime = (self.cpus[cpu as usize].rq.min_vruntime as i64 + lag).max(0) as u64;
        }
        task.se.on_rq = true;
        task.c.on_rq.set(1);
        task.se.cpu = cpu;
        task.c.thread_info.cpu.set(cpu);
        task.se.queued_seq = seq;
        let (rt, prio, key) = (task.se.is_rt(), task.se.prio(), (task.se.vruntime, seq, id));
        let rq = &mut self.cpus[cpu as usize].rq;
        if rt {
            let queue = rq.rt.entry(prio).or_default();
            if head {
                queue.push_front(id)
            } else {
                queue.push_back(id)
            }
            rq.rt_count += 1;
        } else {
            rq.add_fair(key);
        }
    }

    /// Takes a task off its queue if it waits there (not if it is running or asleep).
    pub(crate) fn dequeue_if_queued(&mut self, id: TaskId) -> bool {
        let task = &self.tasks[id];
        let cpu = task.se.cpu as usize;
        if !task.se.on_rq || self.cpus[cpu].current == id {
            return false;
        }
        let key = (task.se.vruntime, task.se.queued_seq, id);
        let rq = &mut self.cpus[cpu].rq;
        if rq.remove_fair(&key) {
            return true;
        }
        let prio = task.se.prio();
        if let Some(queue) = rq.rt.get_mut(&prio)
            && let Some(at) = queue.iter().position(|&t| t == id)
        {
            queue.remove(at);
            if queue.is_empty() {
                rq.rt.remove(&prio);
            }
            rq.rt_count -= 1;
            return true;
        }
        false
    }

    /// Undoes [`Kernel::dequeue_if_queued`] after a change of priority or affinity.
    pub(crate) fn requeue_if(&mut self, id: TaskId, queued: bool) {
        if queued {
            let cpu = self.tasks[id].se.cpu;
            self.enqueue(id, cpu, false);
            self.set_need_resched(self.tasks[id].se.cpu);
        }
    }

    /// The task a CPU runs next, taken off its queue.
    pub(crate) fn pick_next(&mut self, cpu: u32) -> Option<TaskId> {
        if let Some(forced) = self.forced_next
            && self.tasks[forced].se.cpu == cpu
            && self.dequeue_if_queued(forced)
        {
            return Some(forced);
        }
        let natural = self.natural;
        let rq = &mut self.cpus[cpu as usize].rq;
        if rq.rt_count > 0 {
            return rq.take_rt();
        }
        let index = if natural || rq.fair.len() < 2 {
            0
        } else {
            self.chooser.choose(Point::NextTask, rq.fair.len().min(64) as u32)
        };
        let rq = &mut self.cpus[cpu as usize].rq;
        let key = rq.fair.remove(index as usize)?;
        rq.update_min_vruntime(Some(key.0));
        Some(key.2)
    }

    /// Pulls a waiting task from the busiest other CPU to one that is about to idle (`newidle_balance`).
    pub(crate) fn pull_task(&mut self, cpu: u32) -> Option<TaskId> {
        let now_ns = self.cpus[cpu as usize].clock_ns;
        let mut best: Option<(usize, u64, u64, TaskId, usize)> = None;
        for other in &self.cpus {
            let waiting = other.rq.nr_running();
            // A CPU that is about to leave its idle task will run what waits, unless an interrupt keeps it.
            if other.id == cpu || waiting == 0 || (other.current == other.idle && other.irq_frames.is_empty()) {
                continue;
            }
            let movable = other.rq.fair.iter().rev().find(|key| self.tasks[key.2].se.allowed & (1 << cpu) != 0);
            if let Some(&(vruntime, seq, task)) = movable
                && best.is_none_or(|b| waiting > b.0)
            {
                best = Some((waiting, vruntime, seq, task, other.id as usize));
            }
        }
        let (_, vruntime, seq, task, from) = best?;
        self.cpus[from].rq.remove_fair(&(vruntime, seq, task));
        let floor = self.cpus[cpu as usize].rq.min_vruntime;
        let lag = vruntime as i64 - self.cpus[from].rq.min_vruntime as i64;
        let se = &mut self.tasks[task].se;
        se.vruntime = (floor as i64 + lag).max(0) as u64;
        se.cpu = cpu;
        // A task that was made runnable later than this CPU's clock cannot have run before.
        let queued_ns = self.cpus[from].clock_ns;
        let c = &mut self.cpus[cpu as usize];
        c.clock_ns = now_ns.max(queued_ns);
        Some(task)
    }

    /// Periodic balancing: a CPU with two tasks more than an idle one gives one away.
    pub(crate) fn balance_tick(&mut self, cpu: u32) {
        if self.cpus.len() < 2 || self.cpus[cpu as usize].rq.nr_running() == 0 {
            return;
        }
        self.cpus[cpu as usize].counts.softirq(super::cpu::SoftirqKind::Sched);
        let online = self.online_mask();
        let idle =
            self.cpus.iter().find(|other| !other.has_work() && online >> other.id & 1 != 0).map(|other| other.id);
        if let Some(idle) = idle {
            let now_ns = self.cpus[cpu as usize].clock_ns;
            if let Some(task) = self.pull_task(idle) {
                let c = &mut self.cpus[idle as usize];
                c.clock_ns = c.clock_ns.max(now_ns);
                self.enqueue(task, idle, false);
            }
        }
    }
}
