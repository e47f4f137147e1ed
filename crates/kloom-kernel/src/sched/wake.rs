//! Waking: from asleep to a run queue.
//!
//! Behaviour follows Linux 6.1 `try_to_wake_up()`, `select_task_rq_fair()`, `check_preempt_wakeup()`.

use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING};

use super::{LATENCY_NS, WAKE_LATENCY_NS, WAKEUP_GRANULARITY_NS};
use crate::Kernel;
use crate::chooser::Point;
use crate::task::{BlockedOn, TaskId};
use crate::trace::TraceKind;

impl Kernel {
    /// Wakes a task if its state is in `mask`. True if it was woken, false if it already ran (or waits otherwise).
    ///
    /// # Context
    /// Any; no scheduling point for the caller, though the woken task may preempt it later.
    pub fn try_to_wake_up(&mut self, target: TaskId, mask: u32) -> bool {
        let Some(task) = self.tasks.get(target) else { return false };
        if task.state() & mask == 0 || task.has_exited() {
            if task.state() == TASK_RUNNING && self.order.on {
                let at = self.event_here();
                self.tasks[target].unheeded = Some(at);
            }
            return false;
        }
        task.c.set_task_state(TASK_RUNNING);
        let addr = task.addr;
        self.touched.note_changed(addr);
        self.release(addr);
        self.tasks[target].unheeded = None;
        self.tasks[target].blocked_on = BlockedOn::Nothing;
        self.tasks[target].hang_reported = false;
        if self.tasks[target].se.on_rq {
            // It set its state but has not called schedule() yet: the wake-up just undoes that.
            return true;
        }
        let cpu = self.select_cpu(target, false);
        self.activate(target, cpu);
        self.emit(TraceKind::SchedWakeup { target, cpu });
        true
    }

    /// `wake_up_process()`: 1 if it was woken, 0 if it already ran.
    pub fn wake_up_process(&mut self, target: TaskId) -> i32 {
        i32::from(self.try_to_wake_up(target, TASK_NORMAL))
    }

    /// Puts a task that becomes runnable on `cpu`.
    pub(crate) fn activate(&mut self, target: TaskId, cpu: u32) {
        let latency = self.scaled(LATENCY_NS);
        let now_ns = self.now();
        let c = &mut self.cpus[cpu as usize];
        let idle = c.current == c.idle;
        if idle {
            let delay = if cpu == self.this_cpu { 0 } else { WAKE_LATENCY_NS };
            c.clock_ns = c.clock_ns.max(now_ns + delay);
        }
        // place_entity(): a sleeper gets at most half a latency period of credit.
        let floor = c.rq.min_vruntime().saturating_sub(latency / 2);
        let old_cpu = self.tasks[target].se.cpu;
        let se = &mut self.tasks[target].se;
        if old_cpu != cpu {
            se.vruntime = floor;
            se.cpu = cpu;
        }
        se.vruntime = se.vruntime.max(floor);
        self.enqueue(target, cpu, false);
        self.check_preempt(target, cpu, idle);
    }

    /// Whether the woken task should replace the one running on its CPU.
    fn check_preempt(&mut self, woken: TaskId, cpu: u32, idle: bool) {
        if idle {
            self.cpus[cpu as usize].need_resched = true;
            return;
        }
        let current = self.cpus[cpu as usize].current;
        let granularity = self.scaled(WAKEUP_GRANULARITY_NS);
        self.account_running(cpu);
        let (woken, current) = (&self.tasks[woken].se, &self.tasks[current].se);
        let preempts = match (woken.is_rt(), current.is_rt()) {
            (true, true) => woken.prio() < current.prio(),
            (true, false) => true,
            (false, true) => false,
            (false, false) => current.vruntime as i64 - woken.vruntime as i64 > granularity as i64,
        };
        if preempts {
            self.set_need_resched(cpu);
        }
    }

    fn account_running(&mut self, cpu: u32) {
        if self.cpus[cpu as usize].current != self.cpus[cpu as usize].idle {
            self.account(cpu);
        }
    }

    /// Where a task that becomes runnable goes: its previous CPU if idle, else an idle one, else the least loaded.
    pub(crate) fn select_cpu(&mut self, target: TaskId, fork: bool) -> u32 {
        let count = self.cpus.len() as u32;
        if count == 1 {
            return 0;
        }
        let (mut allowed, prev) = (self.tasks[target].se.allowed, self.tasks[target].se.cpu);
        if self.offline != 0 {
            let online = self.online_mask();
            allowed = if allowed & online == 0 { online } else { allowed & online };
        }
        let start = if fork { self.this_cpu + 1 } else { prev };
        let load = |cpu: u32| {
            let c = &self.cpus[cpu as usize];
            c.rq.nr_running() + usize::from(c.current != c.idle)
        };
        let mut least = usize::MAX;
        let (mut first, mut equals) = (prev, 0);
        for i in 0..count {
            let cpu = (start + i) % count;
            let load = if allowed & (1 << cpu) == 0 { continue } else { load(cpu) };
            if load < least {
                (least, first, equals) = (load, cpu, 0);
            }
            equals += u32::from(load == least);
        }
        if equals == 0 {
            return prev;
        }
        let stays = !fork && allowed & (1 << prev) != 0 && load(prev) == least;
        if equals < 2 || self.natural {
            return if stays { prev } else { first };
        }
        let candidates = (0..count).map(|i| (start + i) % count).filter(|cpu| allowed & (1 << cpu) != 0);
        let mut best: Vec<u32> = candidates.filter(|&cpu| load(cpu) == least).collect();
        if stays {
            best.retain(|&cpu| cpu != prev);
            best.insert(0, prev);
        }
        best[self.chooser.choose(Point::WakeCpu, best.len() as u32) as usize]
    }

    /// Makes a new task runnable for the first time (`wake_up_new_task()`).
    pub fn wake_up_new_task(&mut self, target: TaskId) {
        let cpu = self.select_cpu(target, true);
        let floor = self.cpus[cpu as usize].rq.min_vruntime();
        let task = &mut self.tasks[target];
        self.touched.note_changed(task.addr);
        let addr = task.addr;
        task.se.cpu = cpu;
        task.se.vruntime = floor;
        task.c.set_task_state(TASK_RUNNING);
        task.blocked_on = BlockedOn::Nothing;
        self.release(addr);
        self.activate(target, cpu);
    }
}
