//! Scheduling for a search: the kernel lists who could go next, the search picks, one step is taken.
//!
//! [`Kernel::next`](crate::Kernel::next) follows virtual time: the CPU that is behind steps. Here time only orders
//! events among themselves. Any task that is runnable, and whose CPU could be given to it, may take the next step, however
//! long that takes by the clock; that stands for delays a real machine always may have (a slow CPU, an interrupt, a
//! hypervisor). The clock itself is one of the movers: its step lets time pass to the next event.
//!
//! Sound with respect to the model: a task that is not preemptible keeps the other tasks of its CPU off it, interrupts
//! wait while they are disabled, events fire in the order of their instants, never before.

use crate::Kernel;
use crate::sched::Context;
use crate::sched::cpu::CallbackSource;
use crate::task::{LockClass, TaskId, TaskKind};
use crate::touch::{CLOCK, Manner};

/// Who can take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mover {
    /// Time passes to the next event.
    Clock,
    /// A task.
    Task(TaskId),
    /// The topmost interrupt frame of a CPU.
    Irq(u32),
}

impl Kernel {
    /// Prepares for stepwise scheduling: natural answers to every other choice, touches noted.
    pub fn start_stepwise(&mut self) {
        self.touched.on = true;
        self.stepwise = true;
    }

    /// Goes back to virtual-time scheduling, for good: CPUs that waited for a search are brought up to the same time.
    pub fn end_stepwise(&mut self) {
        self.touched.on = false;
        self.order.on = false;
        self.stepwise = false;
        let now_ns = self.latest_ns();
        for cpu in &mut self.cpus {
            if cpu.has_work() {
                cpu.clock_ns = now_ns;
                cpu.next_tick_ns = cpu.next_tick_ns.max(now_ns);
                cpu.watchdog_since_ns = now_ns;
            }
        }
    }

    /// The latest instant any CPU has reached.
    fn latest_ns(&self) -> u64 {
        self.cpus.iter().map(|cpu| cpu.clock_ns).max().unwrap_or(0)
    }

    /// Completes what is not a choice (context switches that were asked for, interrupts that can be taken), then lists who
    /// can go next: the current contexts first, by CPU, then the tasks that wait for a preemptible CPU. The clock is not
    /// among them; see [`Kernel::clock_can_step`].
    pub fn movers(&mut self, out: &mut Vec<Mover>) {
        out.clear();
        let now_ns = self.latest_ns();
        for cpu in 0..self.cpus.len() as u32 {
            let c = &self.cpus[cpu as usize];
            if !c.has_work() && !c.schedule_called {
                continue;
            }
            self.this_cpu = cpu;
            self.cpus[cpu as usize].clock_ns = now_ns;
            while self.start_pending_irq(cpu) {}
            let c = &self.cpus[cpu as usize];
            if !c.irq_frames.is_empty() {
                out.push(Mover::Irq(cpu));
                continue;
            }
            if c.schedule_called || (c.current == c.idle && c.rq.nr_running() > 0) {
                self.switch_noting(cpu);
            }
            let c = &mut self.cpus[cpu as usize];
            c.need_resched = false;
            if c.current != c.idle {
                out.push(Mover::Task(c.current));
            }
        }
        for cpu in 0..self.cpus.len() as u32 {
            let c = &self.cpus[cpu as usize];
            if c.rq.nr_running() > 0 && c.irq_frames.is_empty() && self.gives_way(c.current) {
                out.extend(c.rq.tasks().map(Mover::Task));
            }
        }
    }

    /// Whether a task lets another one have its CPU at a choice point.
    fn gives_way(&self, current: TaskId) -> bool {
        let task = &self.tasks[current];
        match &task.kind {
            TaskKind::User(user) if !user.in_kernel => true,
            _ => task.preempt_count == 0 && !task.irqs_off,
        }
    }

    fn switch_noting(&mut self, cpu: u32) {
        let prev = self.cpus[cpu as usize].current;
        let addr = self.tasks[prev].addr;
        let asleep = self.tasks[prev].state() != 0;
        self.context_switch(cpu);
        if asleep {
            self.touched.note_changed(addr);
        }
    }

    /// Makes `mover` the one that executes: what runs, and where. Not for the clock.
    pub fn give_cpu(&mut self, mover: Mover) -> Option<(u32, Context)> {
        let now_ns = self.latest_ns();
        let cpu = match mover {
            Mover::Clock => return None,
            Mover::Irq(cpu) => cpu,
            Mover::Task(task) => {
                let cpu = self.tasks.get(task)?.se.cpu;
                if self.cpus[cpu as usize].current != task {
                    self.this_cpu = cpu;
                    self.cpus[cpu as usize].clock_ns = now_ns;
                    self.forced_next = Some(task);
                    self.context_switch(cpu);
                    self.forced_next = None;
                }
                cpu
            }
        };
        self.this_cpu = cpu;
        self.cpus[cpu as usize].clock_ns = now_ns;
        Some((cpu, self.context_of(cpu)))
    }

    /// Whether an event is queued that something waits for, within the time limit.
    pub fn clock_can_step(&self) -> bool {
        self.events.next_time().is_some_and(|time_ns| time_ns <= self.time_limit_ns)
            && (self.events.has_work() || self.watchdog_has_subjects())
    }

    /// Lets time pass to the next event, and everything due at that instant happen.
    pub fn step_clock(&mut self) {
        let Some(event_ns) = self.events.next_time() else { return };
        self.touched.note(CLOCK, Manner::Write);
        self.order_machine();
        let now_ns = self.latest_ns().max(event_ns);
        self.run_due_events(now_ns);
        self.this_cpu = 0;
        let cpu = &mut self.cpus[0];
        cpu.clock_ns = cpu.clock_ns.max(now_ns);
    }

    /// The events that [`Kernel::step_clock`] would make happen.
    pub fn due_events(&self) -> impl Iterator<Item = crate::event::Event> + '_ {
        self.events.due(self.latest_ns())
    }

    /// Where the callback of a timer goes. One that still runs gets its next call on the same CPU, after this one: it keeps
    /// its base (kernel/time/timer.c and hrtimer.c, 6.1). While a search explores it goes to an idle CPU otherwise, so that
    /// it can run beside the code it interferes with.
    pub(crate) fn callback_cpu(&self, cpu: u32, source: CallbackSource) -> u32 {
        let runs = |c: &&crate::sched::cpu::Cpu| c.irq_frames.iter().any(|frame| frame.callback.source == source);
        if let Some(c) = self.cpus.iter().find(runs) {
            return c.id;
        }
        if !self.stepwise {
            return cpu;
        }
        let idle = |c: &&crate::sched::cpu::Cpu| !c.has_work();
        if self.cpus.get(cpu as usize).filter(idle).is_some() {
            return cpu;
        }
        self.cpus.iter().rev().find(idle).map_or(cpu, |c| c.id)
    }

    /// Whether the lock behind `handle` could be taken by `task` now. 0: it was never used, so it is free.
    pub fn lock_is_free(&self, class: LockClass, handle: u32, task: TaskId) -> bool {
        let Some(index) = (handle as usize).checked_sub(1) else { return true };
        match class {
            LockClass::Spinlock | LockClass::RwlockWrite => {
                self.locks.spin.get(index).is_none_or(|lock| lock.writer.is_none() && lock.readers.is_empty())
            }
            LockClass::RwlockRead => self.locks.spin.get(index).is_none_or(|lock| lock.writer.is_none()),
            LockClass::Mutex => self
                .locks
                .mutex
                .get(index)
                .is_none_or(|lock| lock.owner.is_none() && lock.pickup.is_none_or(|next| next == task)),
            LockClass::Semaphore => self.locks.semaphore.get(index).is_none_or(|lock| lock.count > 0),
            LockClass::RwsemWrite => {
                self.locks.semaphore.get(index).is_none_or(|lock| lock.writer.is_none() && lock.readers.is_empty())
            }
            LockClass::RwsemRead => self.locks.semaphore.get(index).is_none_or(|lock| lock.writer.is_none()),
            LockClass::Rcu | LockClass::Srcu => true,
        }
    }

    /// Whether the next event is only the watchdog's.
    pub fn only_watchdog_waits(&self) -> bool {
        !self.events.has_work()
    }

    /// The timers whose callback an interrupt frame runs, for naming it.
    pub fn irq_source(&self, cpu: u32) -> Option<crate::sched::cpu::Callback> {
        self.cpus.get(cpu as usize)?.irq_frames.last().map(|frame| frame.callback)
    }
}

/// What [`Kernel::rewind`] goes back to: a machine on which nothing has run yet.
#[derive(Debug)]
pub struct Mark {
    tasks: usize,
    last_pid: i32,
    log_seq: u64,
    events: crate::event::EventQueue,
}

impl Kernel {
    /// Remembers the present state, in which every CPU idles.
    pub fn mark(&self) -> Mark {
        Mark {
            tasks: self.tasks.len(),
            last_pid: self.tasks.last_pid(),
            log_seq: self.printk.next_seq,
            events: self.events.clone(),
        }
    }

    /// Makes the machine look as it did at the mark, if what ran since has left nothing behind: time, pids, accounting. False
    /// if something is left; only a new machine will do then.
    pub fn rewind(&mut self, mark: &Mark) -> bool {
        let idle = |cpu: &crate::sched::cpu::Cpu| {
            cpu.current == cpu.idle && !cpu.has_work() && !cpu.schedule_called && cpu.deferred.is_empty()
        };
        if self.tasks.len() != mark.tasks
            || self.events.len() != mark.events.len()
            || self.panicked
            || !self.hookless.is_empty()
            || !self.reports.is_empty()
            || !self.dead_tasks.is_empty()
            || !self.cpus.iter().all(idle)
        {
            return false;
        }
        for cpu in &mut self.cpus {
            cpu.clock_ns = 0;
            cpu.next_tick_ns = 0;
            cpu.ticks = 0;
            cpu.ticks_since_switch = 0;
            cpu.spin_scale = 1;
            cpu.switches = 0;
            cpu.self_switches = 0;
            cpu.watchdog_since_ns = 0;
            cpu.lockups_reported = 0;
            (cpu.user_ns, cpu.system_ns, cpu.idle_ns) = (0, 0, 0);
            cpu.need_resched = false;
            cpu.rq.rewind();
            let idle = cpu.idle;
            self.tasks[idle].se.exec_start_ns = 0;
        }
        self.this_cpu = 0;
        self.queue_seq = 0;
        self.tasks.set_next_pid(mark.last_pid + 1);
        if self.events.next_time() != mark.events.next_time() {
            self.events = mark.events.clone();
        }
        if self.printk.next_seq != mark.log_seq {
            self.printk = crate::printk::Printk::default();
        }
        true
    }
}
