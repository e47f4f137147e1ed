//! Interrupt and softirq context: when callbacks of timers run, and what code in them may do.
//!
//! C header: include/linux/preempt.h, include/linux/irqflags.h. A callback due on a CPU waits until interrupts (and
//! for softirqs: bottom halves) are enabled there, then runs on the CPU's own interrupt stack over the current task.

use crate::Kernel;
use crate::sched::cpu::{Callback, CallbackSource, IrqFrame, SoftirqKind};
use crate::site::ContextKind;
use crate::task::TaskId;

/// One level of `preempt_count()` in its preemption byte.
pub const PREEMPT_OFFSET: u32 = 1;
/// One level of softirq service or `local_bh_disable()` counts double of it.
pub const SOFTIRQ_OFFSET: u32 = 1 << 8;
/// `local_bh_disable()`.
pub const SOFTIRQ_DISABLE_OFFSET: u32 = 2 << 8;
/// One level of hard interrupt.
pub const HARDIRQ_OFFSET: u32 = 1 << 16;

impl Kernel {
    /// `preempt_count()` of the code that runs on the stepping CPU.
    pub fn preempt_count(&self) -> u32 {
        let cpu = &self.cpus[self.this_cpu as usize];
        let mut count = self.tasks[cpu.current].preempt_count;
        for frame in &cpu.irq_frames {
            count += frame.preempt_count;
            count += match frame.callback.kind {
                ContextKind::Softirq => SOFTIRQ_OFFSET,
                ContextKind::Hardirq => HARDIRQ_OFFSET,
                ContextKind::Task => 0,
            };
        }
        count
    }

    /// Process, softirq or hardirq context of the stepping CPU.
    #[inline]
    pub fn context_kind(&self) -> ContextKind {
        self.cpus[self.this_cpu as usize].irq_frames.last().map_or(ContextKind::Task, |frame| frame.callback.kind)
    }

    /// `irqs_disabled()` on the stepping CPU.
    pub fn irqs_disabled(&self) -> bool {
        let cpu = &self.cpus[self.this_cpu as usize];
        match cpu.irq_frames.last() {
            Some(frame) => frame.irqs_off || frame.callback.kind == ContextKind::Hardirq,
            None => self.tasks[cpu.current].irqs_off,
        }
    }

    /// Disables (or enables) interrupts; returns whether they were off before.
    pub fn set_irqs_off(&mut self, off: bool) -> bool {
        let cpu = &mut self.cpus[self.this_cpu as usize];
        match cpu.irq_frames.last_mut() {
            Some(frame) => std::mem::replace(&mut frame.irqs_off, off),
            None => std::mem::replace(&mut self.tasks[cpu.current].irqs_off, off),
        }
    }

    /// Adds to the running code's `preempt_count()`.
    pub fn preempt_add(&mut self, value: u32) {
        let here = self.here;
        let cpu = &mut self.cpus[self.this_cpu as usize];
        match cpu.irq_frames.last_mut() {
            Some(frame) => frame.preempt_count += value,
            None => {
                let task = &mut self.tasks[cpu.current];
                if task.preempt_count == 0 {
                    task.preempt_site = here;
                }
                task.preempt_count += value;
            }
        }
    }

    /// Takes from it; false if it was not that high.
    pub fn preempt_sub(&mut self, value: u32) -> bool {
        let cpu = &mut self.cpus[self.this_cpu as usize];
        let count = match cpu.irq_frames.last_mut() {
            Some(frame) => &mut frame.preempt_count,
            None => &mut self.tasks[cpu.current].preempt_count,
        };
        let part = if value < SOFTIRQ_OFFSET { 0xff } else { 0xff00 };
        if *count & part < value {
            return false;
        }
        *count -= value;
        true
    }

    /// Pins a task to the CPU it is on (`migrate_disable()`); nests.
    pub fn migrate_disable(&mut self, task: TaskId) {
        let se = &mut self.tasks[task].se;
        if se.pinned.0 == 0 {
            se.pinned.1 = se.allowed;
            se.allowed = 1 << se.cpu;
        }
        se.pinned.0 += 1;
    }

    /// Undoes one [`Kernel::migrate_disable`]; false if there was none.
    pub fn migrate_enable(&mut self, task: TaskId) -> bool {
        let se = &mut self.tasks[task].se;
        if se.pinned.0 == 0 {
            return false;
        }
        se.pinned.0 -= 1;
        if se.pinned.0 == 0 {
            se.allowed = se.pinned.1;
        }
        true
    }

    /// `in_atomic()` or interrupts off: code that must not sleep.
    pub fn is_atomic(&self) -> bool {
        self.preempt_count() != 0 || self.irqs_disabled()
    }

    /// Queues a callback for a CPU.
    pub fn queue_callback(&mut self, cpu: u32, callback: Callback) {
        let cpu = self.live_cpu(cpu);
        self.release(callback.args[0]);
        let now_ns = self.now();
        let c = &mut self.cpus[cpu as usize];
        if c.current == c.idle && c.irq_frames.is_empty() {
            c.clock_ns = c.clock_ns.max(now_ns);
        }
        c.pending.push_back(callback);
    }

    /// Raises a softirq that makes `callback` on this CPU: at the end of the interrupt or of the section with bottom
    /// halves off in which the caller is, else in ksoftirqd or after the next interrupt, whichever comes first
    /// (kernel/softirq.c, `raise_softirq_irqoff()`).
    pub fn raise_softirq(&mut self, callback: Callback) {
        self.cpus[self.this_cpu as usize].counts.softirq(SoftirqKind::Tasklet);
        let cpu = self.this_cpu;
        if self.context_kind() != ContextKind::Task || self.preempt_count() & 0xff00 != 0 {
            self.queue_callback(cpu, callback);
            return;
        }
        self.release(callback.args[0]);
        let c = &mut self.cpus[cpu as usize];
        c.deferred.push_back(callback);
        let ksoftirqd = c.ksoftirqd;
        self.try_to_wake_up(ksoftirqd, kloom_abi::sched::TASK_INTERRUPTIBLE);
    }

    /// Lets the softirqs that were put off run at the next opportunity; whether there were any.
    pub(crate) fn run_deferred(&mut self, cpu: u32) -> bool {
        let c = &mut self.cpus[cpu as usize];
        let any = !c.deferred.is_empty();
        let deferred = std::mem::take(&mut c.deferred);
        c.pending.extend(deferred);
        any
    }

    /// What ksoftirqd does: true if there was something to do, so that it gives way to it; else it was put to sleep.
    pub fn ksoftirqd_runs(&mut self, caller: TaskId) -> bool {
        let cpu = self.tasks[caller].se.cpu;
        if self.run_deferred(cpu) {
            return true;
        }
        self.tasks[caller].c.set_task_state(kloom_abi::sched::TASK_INTERRUPTIBLE);
        self.block_on(caller, crate::task::BlockedOn::Schedule);
        self.schedule(caller);
        false
    }

    /// Starts the next waiting callback if the CPU can take it now.
    pub(crate) fn start_pending_irq(&mut self, cpu: u32) -> bool {
        let c = &self.cpus[cpu as usize];
        if c.pending.is_empty() {
            return false;
        }
        let count = self.preempt_count();
        if self.irqs_disabled() {
            return false;
        }
        let in_softirq = count & 0xff00 != 0 || count & 0xf_0000 != 0;
        let ready = c.pending.iter().position(|callback| callback.kind == ContextKind::Hardirq || !in_softirq);
        let c = &mut self.cpus[cpu as usize];
        let Some(callback) = ready.and_then(|at| c.pending.remove(at)) else { return false };
        c.clock_ns += IRQ_ENTRY_COST_NS;
        let since_ns = c.clock_ns;
        if c.current == c.idle && c.irq_frames.is_empty() {
            // The idle task would have fed the watchdog up to now.
            c.watchdog_since_ns = since_ns;
            c.lockups_reported = 0;
            c.ticks_since_switch = 0;
        }
        c.irq_frames.push(IrqFrame { callback, preempt_count: 0, irqs_off: false, since_ns, spins_on: None });
        self.callback_starts(cpu, callback);
        self.order_callback_starts(callback.args[0]);
        true
    }

    /// The topmost callback of `cpu` returned `ret`.
    pub fn irq_finished(&mut self, cpu: u32, ret: i64) -> Option<IrqFrame> {
        if let Some(frame) = self.cpus[cpu as usize].irq_frames.last() {
            let object = frame.callback.args[0];
            self.order_callback_ends(object);
        }
        let frame = self.cpus[cpu as usize].irq_frames.pop()?;
        if self.cpus[cpu as usize].irq_frames.is_empty() {
            self.cpus[cpu as usize].irq_held.clear();
        }
        if self.cpus[cpu as usize].irq_frames.is_empty() && frame.callback.kind == ContextKind::Hardirq {
            self.run_deferred(cpu);
        }
        self.callback_ends(frame.callback.source, ret);
        Some(frame)
    }

    fn callback_starts(&mut self, cpu: u32, callback: Callback) {
        let c = &mut self.cpus[cpu as usize];
        match callback.source {
            CallbackSource::Timer(timer) => {
                c.counts.softirq(SoftirqKind::Timer);
                self.timers.set_running(timer, true);
            }
            CallbackSource::HrTimer(timer) => {
                match callback.kind {
                    ContextKind::Softirq => c.counts.softirq(SoftirqKind::Hrtimer),
                    // An interrupt of the local timer, as the tick is.
                    _ => c.ticks += 1,
                }
                self.hrtimers.set_running(timer, true);
            }
            CallbackSource::Other(_) => {}
        }
    }

    fn callback_ends(&mut self, source: CallbackSource, _ret: i64) {
        match source {
            CallbackSource::Timer(timer) => {
                self.timers.set_running(timer, false);
                self.wake_timer_waiters(timer);
            }
            CallbackSource::HrTimer(timer) => self.hrtimers.set_running(timer, false),
            CallbackSource::Other(_) => {}
        }
    }

    /// Whether `task` may be put to sleep by the code that runs now.
    pub fn may_sleep(&self, task: TaskId) -> bool {
        !self.is_atomic() && self.current() == task
    }
}

/// Entering an interrupt.
const IRQ_ENTRY_COST_NS: u64 = 400;
