//! The scheduler: which task runs on which CPU, and until when.
//!
//! C header: include/linux/sched.h. Behaviour follows Linux 6.1 kernel/sched/core.c, fair.c (CFS), rt.c.
//! [`Kernel::next`] is the machine's heartbeat: it lets the CPU with the smallest clock take its next step, runs
//! events that are due before it, and jumps the clock when every CPU idles. It decides; it never switches stacks.

pub mod cpu;
pub mod rq;
pub mod sleep;
pub mod stepwise;
pub mod wake;

use kloom_abi::Errno;
use kloom_abi::sched::{
    DEFAULT_PRIO, MAX_NICE, MAX_RT_PRIO, MIN_NICE, SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL, SCHED_RR,
    TASK_RUNNING, nice_weight,
};
use kloom_abi::time::TICK_NSEC;

use crate::Kernel;
use crate::chooser::Point;
use crate::event::Event;
use crate::site::RawEvent;
use crate::task::{TaskId, TaskKind};
use crate::trace::TraceKind;

/// Which kernel code may be taken off its CPU against its will (`PREEMPT_DYNAMIC`'s modes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Preempt {
    /// Only `schedule()` and sleeping give up the CPU.
    None,
    /// As none, and `cond_resched()`; what Debian's 6.1 boots with.
    #[default]
    Voluntary,
    /// Anywhere outside atomic sections.
    Full,
}

/// The scheduler's part of a task.
#[derive(Clone, Debug)]
pub struct SchedEntity {
    /// `SCHED_NORMAL`, `SCHED_FIFO`, …
    pub policy: u32,
    /// 1 to 99 for the real-time policies, else 0.
    pub rt_priority: u32,
    /// Real-time priority lent by those that wait for an rt_mutex of the task; 0 none.
    pub lent_priority: u32,
    /// −20 to 19.
    pub nice: i32,
    /// Weighted CPU time, the key of the fair queue.
    pub vruntime: u64,
    /// CPU the task runs or ran on.
    pub cpu: u32,
    /// Queued or running.
    pub on_rq: bool,
    /// Allowed CPUs.
    pub allowed: u64,
    /// CPU time used.
    pub sum_exec_ns: u64,
    /// CPU time used when it was last put on a CPU.
    pub picked_at_exec_ns: u64,
    /// Instant of the last accounting while running.
    pub exec_start_ns: u64,
    /// Order of arrival at the run queue.
    pub queued_seq: u64,
    /// Left of a SCHED_RR time slice.
    pub rr_slice_ns: u64,
    /// `kthread_bind()` or `PF_NO_SETAFFINITY` fixed the CPUs.
    pub bound: bool,
    /// Depth of `migrate_disable()`, and the CPUs allowed before it.
    pub pinned: (u32, u64),
}

impl Default for SchedEntity {
    fn default() -> Self {
        SchedEntity {
            policy: SCHED_NORMAL,
            rt_priority: 0,
            lent_priority: 0,
            nice: 0,
            vruntime: 0,
            cpu: 0,
            on_rq: false,
            allowed: u64::MAX,
            sum_exec_ns: 0,
            picked_at_exec_ns: 0,
            exec_start_ns: 0,
            queued_seq: 0,
            rr_slice_ns: RR_TIMESLICE_NS,
            bound: false,
            pinned: (0, 0),
        }
    }
}

impl SchedEntity {
    /// Whether a real-time policy applies.
    pub fn is_rt(&self) -> bool {
        matches!(self.policy, SCHED_FIFO | SCHED_RR) || self.lent_priority > 0
    }

    /// Load weight.
    pub fn weight(&self) -> u64 {
        if self.policy == SCHED_IDLE { 3 } else { nice_weight(self.nice) }
    }

    /// `prio` as task_struct shows it: 0–98 real-time, 100–139 fair.
    pub fn prio(&self) -> i32 {
        if self.lent_priority > self.rt_priority {
            return MAX_RT_PRIO - 1 - self.lent_priority as i32;
        }
        self.normal_prio()
    }

    /// `prio` without what was lent.
    pub fn normal_prio(&self) -> i32 {
        let rt = matches!(self.policy, SCHED_FIFO | SCHED_RR);
        if rt { MAX_RT_PRIO - 1 - self.rt_priority as i32 } else { DEFAULT_PRIO + self.nice }
    }
}

/// SCHED_RR time slice: 100 ms.
pub const RR_TIMESLICE_NS: u64 = 100_000_000;
/// How far one busy CPU runs ahead of another before the other steps (natural executions).
pub const QUANTUM_NS: u64 = 20_000;
/// From waking a task on an idle CPU to its first instruction there.
pub const WAKE_LATENCY_NS: u64 = 1_500;
/// `sysctl_sched_wakeup_granularity` on one CPU (kernel/sched/fair.c, 6.1); scaled by 1 + log2(CPUs).
pub const WAKEUP_GRANULARITY_NS: u64 = 1_000_000;
/// `sysctl_sched_latency` on one CPU; scaled likewise.
pub const LATENCY_NS: u64 = 6_000_000;
/// `sysctl_sched_min_granularity` on one CPU; scaled likewise.
pub const MIN_GRANULARITY_NS: u64 = 750_000;

/// What the machine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `cpu` runs its present context for at most `budget_ns`.
    Run {
        /// The CPU.
        cpu: u32,
        /// What it runs.
        context: Context,
        /// For how long before asking again.
        budget_ns: u64,
        /// Virtual nanoseconds per unit of guest work, above 1 for code that spins (see [`cpu::Cpu::spin_scale`]).
        scale: u64,
    },
    /// Every CPU idles and no event is queued: nothing can ever happen again.
    Quiescent,
    /// The next thing happens only after the time limit.
    TimeLimit,
    /// A watchdog has made a report: it is best looked at before anything moves.
    Reported,
}

/// What a CPU executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The code of its current task.
    Task(TaskId),
    /// The topmost interrupt or softirq frame of a CPU.
    Irq(u32),
}

impl Kernel {
    /// Virtual time on the CPU that is stepping, in nanoseconds since boot.
    #[inline]
    pub fn now(&self) -> u64 {
        self.cpus[self.this_cpu as usize].clock_ns
    }

    /// The task that is current on the stepping CPU.
    #[inline]
    pub fn current(&self) -> TaskId {
        self.cpus[self.this_cpu as usize].current
    }

    /// Advances the stepping CPU's clock and charges its current task.
    #[inline]
    pub fn charge(&mut self, ns: u64) {
        self.cpus[self.this_cpu as usize].clock_ns += ns;
    }

    /// Decides what happens next. See the module docs.
    #[expect(clippy::should_implement_trait, reason = "a machine that steps is no iterator")]
    pub fn next(&mut self) -> Step {
        loop {
            let busy = self.pick_cpu();
            let event_ns = self.events.next_time();
            let Some(cpu) = busy else {
                let Some(event_ns) = event_ns else { return Step::Quiescent };
                if !self.events.has_work() && !self.watchdog_has_subjects() {
                    return Step::Quiescent;
                }
                if event_ns > self.time_limit_ns {
                    return Step::TimeLimit;
                }
                self.run_due_events(event_ns);
                if !self.reports.is_empty() {
                    return Step::Reported;
                }
                continue;
            };
            let clock_ns = self.cpus[cpu as usize].clock_ns;
            if let Some(event_ns) = event_ns
                && event_ns <= clock_ns
            {
                self.run_due_events(clock_ns);
                if !self.reports.is_empty() {
                    return Step::Reported;
                }
                continue;
            }
            if clock_ns > self.time_limit_ns {
                return Step::TimeLimit;
            }
            self.this_cpu = cpu;
            if clock_ns >= self.cpus[cpu as usize].next_tick_ns {
                self.tick(cpu);
                continue;
            }
            if self.start_pending_irq(cpu) {
                continue;
            }
            if self.must_switch(cpu) {
                self.context_switch(cpu);
                continue;
            }
            let context = self.context_of(cpu);
            if context == Context::Task(self.cpus[cpu as usize].idle) {
                // Woken for an event that left nothing to run.
                self.cpus[cpu as usize].need_resched = false;
                continue;
            }
            let budget_ns = self.horizon(cpu).saturating_sub(clock_ns).max(1);
            let scale = self.cpus[cpu as usize].spin_scale;
            return Step::Run { cpu, context, budget_ns, scale };
        }
    }

    /// What a CPU executes now.
    pub fn context_of(&self, cpu: u32) -> Context {
        let cpu_ref = &self.cpus[cpu as usize];
        if cpu_ref.irq_frames.is_empty() { Context::Task(cpu_ref.current) } else { Context::Irq(cpu) }
    }

    /// The CPU with work and the smallest clock; ties go to the lowest number.
    fn pick_cpu(&mut self) -> Option<u32> {
        let mut best: Option<u32> = None;
        let mut busy = 0u32;
        for cpu in &self.cpus {
            if !cpu.has_work() {
                continue;
            }
            busy += 1;
            if best.is_none_or(|b| cpu.clock_ns < self.cpus[b as usize].clock_ns) {
                best = Some(cpu.id);
            }
        }
        if busy < 2 || self.natural {
            return best;
        }
        // Any CPU whose clock is within a quantum of the slowest may be the next to step.
        let min = best.map(|b| self.cpus[b as usize].clock_ns)?;
        let mut near: Vec<u32> = self
            .cpus
            .iter()
            .filter(|cpu| cpu.has_work() && cpu.clock_ns <= min + QUANTUM_NS)
            .map(|cpu| cpu.id)
            .collect();
        near.sort_by_key(|&cpu| (self.cpus[cpu as usize].clock_ns, cpu));
        if near.len() < 2 {
            return best;
        }
        let index = self.chooser.choose(Point::NextCpu, near.len() as u32);
        Some(near[index as usize])
    }

    /// How far `cpu` may run: to the next event, its next tick, or a quantum past the slowest other busy CPU.
    fn horizon(&mut self, cpu: u32) -> u64 {
        let me = &self.cpus[cpu as usize];
        let mut horizon = me.next_tick_ns.min(self.time_limit_ns.saturating_add(1));
        if let Some(event_ns) = self.events.next_time() {
            horizon = horizon.min(event_ns);
        }
        let mut quantum = QUANTUM_NS;
        let others = self.cpus.iter().filter(|other| other.id != cpu && other.has_work());
        let other_clock = others.map(|other| other.clock_ns).min();
        if let Some(other_clock) = other_clock {
            if !self.natural {
                quantum >>= 2 * self.chooser.choose(Point::Quantum, 6);
            }
            horizon = horizon.min(other_clock.max(me.clock_ns).saturating_add(quantum));
        }
        horizon
    }

    /// Whether the current task of `cpu` has to give way now.
    fn must_switch(&mut self, cpu: u32) -> bool {
        let c = &self.cpus[cpu as usize];
        if !c.irq_frames.is_empty() {
            return false;
        }
        if c.schedule_called || c.current == c.idle {
            return c.schedule_called || c.rq.nr_running() > 0 || c.need_resched;
        }
        let task = &self.tasks[c.current];
        let preemptible = match &task.kind {
            TaskKind::User(user) if !user.in_kernel => true,
            _ => self.config.preempt == Preempt::Full && task.preempt_count == 0 && !task.irqs_off,
        };
        if !preemptible {
            return false;
        }
        if c.need_resched {
            return true;
        }
        !self.natural && c.rq.nr_running() > 0 && self.chooser.choose(Point::Preempt, 4) == 1
    }

    /// The periodic timer interrupt of a busy CPU: accounting, time slices, the soft-lockup watchdog.
    fn tick(&mut self, cpu: u32) {
        let c = &mut self.cpus[cpu as usize];
        c.next_tick_ns = (c.clock_ns / TICK_NSEC + 1) * TICK_NSEC;
        c.ticks += 1;
        // Code that has kept the CPU for a whole tick without a kernel call that switches is spinning or
        // computing: let virtual time pass faster for it, so that a 20 s busy loop costs milliseconds.
        c.ticks_since_switch += 1;
        c.spin_scale = 1 << c.ticks_since_switch.min(13);
        let current = c.current;
        let idle = current == c.idle;
        self.run_deferred(cpu);
        self.loadavg_update();
        if idle {
            if !self.cpus[cpu as usize].irq_frames.is_empty() {
                self.watchdog_tick(cpu);
                self.balance_tick(cpu);
            }
            return;
        }
        self.account(cpu);
        self.watchdog_tick(cpu);
        let c = &self.cpus[cpu as usize];
        let competitors = c.rq.nr_running();
        if competitors == 0 {
            self.balance_tick(cpu);
            return;
        }
        let se = &self.tasks[current].se;
        let ran_ns = se.sum_exec_ns - se.picked_at_exec_ns;
        let expired = if se.is_rt() {
            se.policy == SCHED_RR && ran_ns >= RR_TIMESLICE_NS && c.rq.has_rt_at(se.prio())
        } else {
            let slice = (self.scaled(LATENCY_NS) / (competitors as u64 + 1)).max(self.scaled(MIN_GRANULARITY_NS));
            ran_ns >= slice
        };
        if expired {
            self.set_need_resched(cpu);
        }
        self.balance_tick(cpu);
    }

    /// A scheduler tunable scaled by the number of CPUs (`sched_tunable_scaling` = log, at most 8 CPUs).
    pub(crate) fn scaled(&self, ns: u64) -> u64 {
        let cpus = (self.cpus.len() as u64).min(8);
        ns * (1 + u64::from(cpus.ilog2()))
    }

    /// Charges the current task of a CPU for the time since the last accounting.
    pub fn account(&mut self, cpu: u32) {
        let c = &mut self.cpus[cpu as usize];
        let now_ns = c.clock_ns;
        let idle = c.current == c.idle;
        let task = &mut self.tasks[c.current];
        let delta_ns = now_ns.saturating_sub(task.se.exec_start_ns);
        task.se.exec_start_ns = now_ns;
        if idle {
            c.idle_ns += delta_ns;
            return;
        }
        task.se.sum_exec_ns += delta_ns;
        task.se.vruntime += delta_ns * 1024 / task.se.weight();
        let user_mode = matches!(&task.kind, TaskKind::User(user) if !user.in_kernel);
        if user_mode {
            c.user_ns += delta_ns;
            task.c.utime.set(task.c.utime.get() + delta_ns);
        } else {
            c.system_ns += delta_ns;
            task.c.stime.set(task.c.stime.get() + delta_ns);
        }
        let vruntime = task.se.vruntime;
        c.rq.update_min_vruntime(Some(vruntime));
    }

    /// Takes the present task off `cpu` and puts the next one on.
    fn context_switch(&mut self, cpu: u32) {
        self.account(cpu);
        let c = &mut self.cpus[cpu as usize];
        let voluntary = std::mem::take(&mut c.schedule_called);
        c.need_resched = false;
        let prev = c.current;
        let idle = c.idle;
        let mut prev_state = TASK_RUNNING;
        if prev != idle {
            prev_state = self.tasks[prev].state();
            let exited = self.tasks[prev].has_exited();
            if voluntary && prev_state != TASK_RUNNING && !exited && self.signal_pending_state(prev, prev_state) {
                self.tasks[prev].c.set_task_state(TASK_RUNNING);
            }
            let stays = !exited && (!voluntary || self.tasks[prev].state() == TASK_RUNNING);
            if stays {
                self.enqueue(prev, cpu, self.tasks[prev].se.is_rt() && !voluntary);
            } else {
                self.tasks[prev].se.on_rq = false;
                self.tasks[prev].c.on_rq.set(0);
                let mut at = self.event_here_of(prev);
                if voluntary {
                    // Other CPUs may have stepped since it called.
                    at.trace = self.cpus[cpu as usize].schedule_here;
                }
                self.tasks[prev].slept_at = at;
                if !exited && self.tasks[prev].service.is_some() {
                    self.wq_worker_sleeping(prev);
                }
            }
            let task = &mut self.tasks[prev];
            task.c.on_cpu.set(0);
            task.switch_count += 1;
            let counter = if voluntary && !stays { &task.c.nvcsw } else { &task.c.nivcsw };
            counter.set(counter.get() + 1);
        }
        let next = self.pick_next(cpu).or_else(|| self.pull_task(cpu)).unwrap_or(idle);
        let c = &mut self.cpus[cpu as usize];
        c.ticks_since_switch = 0;
        c.spin_scale = 1;
        c.current = next;
        c.switches += 1;
        let now_ns = c.clock_ns;
        if next != idle && prev == idle {
            c.next_tick_ns = (now_ns / TICK_NSEC + 1) * TICK_NSEC;
        }
        if next != prev {
            c.clock_ns += SWITCH_COST_NS;
            c.self_switches = 0;
        } else if next != idle {
            self.pass_idle_schedule(cpu);
        }
        let task = &mut self.tasks[next];
        task.se.exec_start_ns = now_ns;
        task.se.picked_at_exec_ns = task.se.sum_exec_ns;
        task.se.cpu = cpu;
        task.c.on_cpu.set(1);
        task.c.thread_info.cpu.set(cpu);
        if self.tasks[next].service.is_some() {
            self.wq_worker_running(next);
        }
        if next != prev {
            self.emit(TraceKind::SchedSwitch { prev, prev_state, next });
        }
        // The watchdog's own thread would have had its turn here, even if no other task wants the CPU.
        self.watchdog_touch(cpu);
        if self.tasks[prev].has_exited() {
            self.finish_dead_task(prev);
        }
    }

    /// A task called `schedule()` and nobody else wants the CPU. When it does nothing else for long, each round is
    /// taken to last longer (up to [`IDLE_SCHEDULE_MAX_NS`], never past the next event), so that seconds of such a
    /// loop cost milliseconds of host time.
    fn pass_idle_schedule(&mut self, cpu: u32) {
        let event_ns = self.events.next_time().unwrap_or(u64::MAX);
        let c = &mut self.cpus[cpu as usize];
        c.self_switches = c.self_switches.saturating_add(1);
        let step_ns = (1u64 << (c.self_switches / 512).min(20)).min(IDLE_SCHEDULE_MAX_NS);
        let room_ns = event_ns.min(c.next_tick_ns).saturating_sub(c.clock_ns);
        c.clock_ns += step_ns.min(room_ns);
    }

    /// The scheduling point: gives up the CPU. A task whose state is not running sleeps until woken.
    ///
    /// # Context
    /// Task context; a finding when atomic ([`crate::fault::Fault::SleepInAtomic`], raised by the caller's shim).
    pub fn schedule(&mut self, caller: TaskId) {
        let cpu = self.tasks[caller].se.cpu;
        debug_assert_eq!(self.cpus[cpu as usize].current, caller);
        let here = self.here;
        let c = &mut self.cpus[cpu as usize];
        c.schedule_called = true;
        c.schedule_here = here;
    }

    /// Requests that a CPU looks for another task at the next opportunity.
    pub(crate) fn set_need_resched(&mut self, cpu: u32) {
        let c = &mut self.cpus[cpu as usize];
        c.counts.reschedule += u64::from(cpu != self.this_cpu && !c.need_resched);
        c.need_resched = true;
        let flags = &self.tasks[c.current].c.thread_info.flags;
        flags.set(flags.get() | crate::signal::TIF_NEED_RESCHED);
    }

    /// Whether `cond_resched()` would switch; does it if so.
    #[inline]
    pub fn cond_resched(&mut self, caller: TaskId) -> bool {
        let cpu = self.tasks[caller].se.cpu;
        self.watchdog_touch(cpu);
        let wanted = self.cpus[cpu as usize].need_resched
            || (!self.natural
                && self.cpus[cpu as usize].rq.nr_running() > 0
                && self.chooser.choose(Point::Preempt, 4) == 1);
        if !wanted {
            return false;
        }
        // As preempt_schedule(): the state is left alone.
        self.cpus[cpu as usize].need_resched = false;
        self.cpus[cpu as usize].schedule_called = true;
        true
    }

    /// Runs every event due at `now_ns`.
    fn run_due_events(&mut self, now_ns: u64) {
        self.loadavg_update_to(now_ns);
        while let Some((time_ns, event)) = self.events.pop_due(now_ns) {
            match event {
                Event::Timeout(task) => {
                    let cpu = self.tasks.get(task).map_or(0, |task| task.se.cpu);
                    let cpu = self.live_cpu(cpu);
                    self.enter_event(cpu, time_ns);
                    self.timeout_expired(task);
                }
                Event::Timer { timer, cpu } => {
                    let cpu = self.live_cpu(cpu);
                    self.enter_event(cpu, time_ns);
                    self.timer_due(timer, cpu);
                }
                Event::HrTimer { timer, cpu } => {
                    let cpu = self.live_cpu(cpu);
                    self.enter_event(cpu, time_ns);
                    self.hrtimer_due(timer, cpu);
                }
                Event::GracePeriod(id) => {
                    self.enter_event(0, time_ns);
                    self.grace_period_due(id);
                }
                Event::HungTaskCheck => {
                    self.enter_event(0, time_ns);
                    self.hung_task_check(time_ns);
                }
            }
        }
    }

    /// Makes `cpu` the stepping CPU, its clock at least `time_ns`.
    pub(crate) fn enter_event(&mut self, cpu: u32, time_ns: u64) {
        self.this_cpu = cpu;
        let c = &mut self.cpus[cpu as usize];
        c.clock_ns = c.clock_ns.max(time_ns);
    }

    /// Sets the nice value (`set_user_nice()`).
    pub fn set_user_nice(&mut self, target: TaskId, nice: i64) {
        if !(i64::from(MIN_NICE)..=i64::from(MAX_NICE)).contains(&nice) {
            return;
        }
        let queued = self.dequeue_if_queued(target);
        self.tasks[target].se.nice = nice as i32;
        self.publish_sched(target);
        self.requeue_if(target, queued);
    }

    /// Sets policy and priority (`sched_setscheduler_nocheck()`).
    ///
    /// # Errors
    /// `EINVAL` for an unknown policy or a priority that does not fit it.
    pub fn set_scheduler(&mut self, target: TaskId, policy: u32, priority: i32) -> Result<(), Errno> {
        let rt = matches!(policy, SCHED_FIFO | SCHED_RR);
        let known = rt || matches!(policy, SCHED_NORMAL | SCHED_BATCH | SCHED_IDLE);
        if !known || rt != (1..MAX_RT_PRIO).contains(&priority) || (!rt && priority != 0) {
            return Err(Errno::EINVAL);
        }
        let queued = self.dequeue_if_queued(target);
        let se = &mut self.tasks[target].se;
        se.policy = policy;
        se.rt_priority = priority as u32;
        self.publish_sched(target);
        self.requeue_if(target, queued);
        Ok(())
    }

    /// Restricts a task to the CPUs in `mask`, moving it if need be.
    ///
    /// # Errors
    /// `EINVAL` when no CPU of the machine is in the mask, or the task is bound.
    pub fn set_cpus_allowed(&mut self, target: TaskId, mask: u64) -> Result<(), Errno> {
        let online = self.online_mask();
        if mask & online == 0 {
            return Err(Errno::EINVAL);
        }
        let queued = self.dequeue_if_queued(target);
        let task = &mut self.tasks[target];
        task.se.allowed = mask;
        task.c.cpus_mask.set(mask & online);
        task.c.nr_cpus_allowed.set((mask & online).count_ones() as i32);
        if mask & (1 << task.se.cpu) == 0 {
            if queued {
                task.se.cpu = (mask & online).trailing_zeros();
            } else if self.cpus[task.se.cpu as usize].current == target {
                let cpu = task.se.cpu;
                // Migrated by the stopper thread at its next scheduling point.
                self.set_need_resched(cpu);
                self.cpus[cpu as usize].migrate_current = true;
            }
        }
        self.requeue_if(target, queued);
        Ok(())
    }

    /// Copies what the scheduler knows to the `task_struct`.
    pub(crate) fn publish_sched(&mut self, target: TaskId) {
        let task = &self.tasks[target];
        task.c.prio.set(task.se.prio());
        task.c.normal_prio.set(task.se.normal_prio());
        task.c.static_prio.set(DEFAULT_PRIO + task.se.nice);
        task.c.policy.set(task.se.policy);
        task.c.rt_priority.set(task.se.rt_priority);
    }

    /// An event by `task` now (it is current on the stepping CPU, or about to leave it).
    pub(crate) fn event_here_of(&self, task: TaskId) -> RawEvent {
        let t = &self.tasks[task];
        RawEvent {
            task,
            pid: t.pid,
            comm: t.comm(),
            cpu: t.se.cpu,
            context: crate::site::ContextKind::Task,
            time_ns: self.now(),
            trace: self.here,
        }
    }
}

/// Longest round of a loop that only calls `schedule()`.
const IDLE_SCHEDULE_MAX_NS: u64 = 50_000;
/// Cost of a context switch.
const SWITCH_COST_NS: u64 = 600;
