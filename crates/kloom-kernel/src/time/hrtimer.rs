//! `struct hrtimer`: callbacks at a nanosecond, in hardirq context (or softirq when started so).
//!
//! C header: include/linux/hrtimer.h. Behaviour follows Linux 6.1 kernel/time/hrtimer.c. The C object holds a handle into
//! this table; its expiry members are the module's to read and write. Expiries here are on the monotonic clock.

use kloom_abi::Errno;
use kloom_abi::sched::TASK_RUNNING;

use crate::Kernel;
use crate::event::{Event, EventKey};
use crate::ops::{Op, Progress};
use crate::sched::cpu::{Callback, CallbackSource};
use crate::sched::sleep::CLASS_HRTIMER;
use crate::site::{ContextKind, RawEvent};
use crate::task::{BlockedOn, TaskId};
use crate::touch::Manner;
use crate::trace::TraceKind;

/// What the kernel knows about a module's high-resolution timer.
#[derive(Clone, Debug)]
pub struct HrTimer {
    /// Address of the C object.
    pub addr: u64,
    /// Queued.
    pub pending: Option<EventKey>,
    /// Handed to a CPU, its callback not yet started.
    pub queued: bool,
    /// The callback runs now.
    pub running: bool,
    /// Its callback runs in softirq context.
    pub soft: bool,
    /// Who started it last.
    pub armed: RawEvent,
}

/// All high-resolution timers; handle 0 is never used.
#[derive(Clone, Debug, Default)]
pub struct HrTimers {
    table: slab::Slab<HrTimer>,
}

impl HrTimers {
    /// The timer behind a handle.
    pub fn get(&self, handle: u32) -> Option<&HrTimer> {
        self.table.get((handle as usize).checked_sub(1)?)
    }

    fn get_mut(&mut self, handle: u32) -> Option<&mut HrTimer> {
        self.table.get_mut((handle as usize).checked_sub(1)?)
    }

    /// Their part of [`Kernel::digest`]; when they go off is the queue of events'.
    pub(crate) fn digest(&self, hasher: &mut rustc_hash::FxHasher) {
        use std::hash::Hash;
        for (handle, timer) in &self.table {
            (handle, timer.pending.is_some(), timer.queued, timer.running, timer.soft).hash(hasher);
        }
    }

    /// Registers a C timer object; the handle goes into it.
    pub fn register(&mut self, addr: u64, at: RawEvent) -> u32 {
        let timer = HrTimer { addr, pending: None, queued: false, running: false, soft: false, armed: at };
        self.table.insert(timer) as u32 + 1
    }

    /// Marks a callback as begun or ended.
    pub(crate) fn set_running(&mut self, handle: u32, running: bool) {
        if let Some(timer) = self.get_mut(handle) {
            timer.running = running;
            timer.queued = false;
        }
    }

    /// Timers that are still queued, with their handles.
    pub fn armed(&self) -> impl Iterator<Item = (u32, &HrTimer)> {
        self.table
            .iter()
            .filter(|(_, timer)| timer.pending.is_some() || timer.queued)
            .map(|(i, timer)| (i as u32 + 1, timer))
    }

    /// Timers whose C object lies in `range`.
    pub fn within(&self, range: std::ops::Range<u64>) -> Vec<u32> {
        self.table.iter().filter(|(_, timer)| range.contains(&timer.addr)).map(|(i, _)| i as u32 + 1).collect()
    }
}

impl Kernel {
    /// (Re)starts a timer for `expires_ns` on the monotonic clock (`hrtimer_start()`).
    ///
    /// # Context
    /// Any; no scheduling point.
    pub fn hrtimer_start(&mut self, handle: u32, expires_ns: u64, soft: bool) {
        self.hrtimer_dequeue(handle);
        let (cpu, at) = (self.this_cpu, self.event_here());
        let time_ns = expires_ns.max(self.now());
        let Some(timer) = self.hrtimers.get_mut(handle) else { return };
        timer.soft = soft;
        timer.armed = at;
        timer.pending = Some(self.events.add(time_ns, CLASS_HRTIMER, Event::HrTimer { timer: handle, cpu }));
        let addr = timer.addr;
        self.emit(TraceKind::TimerStart { timer: addr, expires: expires_ns });
    }

    /// Queues a timer again whose callback asked for it (`HRTIMER_RESTART`); a timer that was started meanwhile stays as
    /// it is. One whose expiry is past goes off after what handling an interrupt takes.
    pub fn hrtimer_restart(&mut self, handle: u32, expires_ns: u64) {
        let Some(timer) = self.hrtimers.get(handle) else { return };
        if timer.pending.is_none() {
            let (soft, armed) = (timer.soft, timer.armed);
            self.hrtimer_start(handle, expires_ns.max(self.now() + RESTART_NS), soft);
            if let Some(timer) = self.hrtimers.get_mut(handle) {
                timer.armed = armed;
            }
        }
    }

    fn hrtimer_dequeue(&mut self, handle: u32) -> bool {
        let Some(timer) = self.hrtimers.get_mut(handle) else { return false };
        if timer.queued {
            timer.queued = false;
            for cpu in &mut self.cpus {
                cpu.pending.retain(|callback| callback.source != CallbackSource::HrTimer(handle));
            }
            return true;
        }
        let Some(key) = timer.pending.take() else { return false };
        self.events.cancel(key)
    }

    /// Stops a timer (`hrtimer_try_to_cancel()`): 1 it was queued, 0 it was not, -1 its callback runs.
    pub fn hrtimer_try_to_cancel(&mut self, handle: u32) -> i32 {
        let Some(timer) = self.hrtimers.get(handle) else { return 0 };
        let addr = timer.addr;
        if timer.running {
            return -1;
        }
        let stopped = self.hrtimer_dequeue(handle);
        if stopped {
            self.emit(TraceKind::TimerCancel { timer: addr });
        }
        i32::from(stopped)
    }

    /// Stops a timer and waits until its callback has ended (`hrtimer_cancel()`). Polled.
    ///
    /// # Context
    /// Any but the timer's own callback; the wait spins.
    pub fn hrtimer_cancel(&mut self, handle: u32) -> Op<i32> {
        if let Some(timer) = self.hrtimers.get(handle) {
            self.touched.note(timer.addr, Manner::Read);
        }
        match self.hrtimer_try_to_cancel(handle) {
            -1 => {
                self.spin_step();
                Op::Spin
            }
            result => {
                if let Some(addr) = self.hrtimers.get(handle).map(|timer| timer.addr) {
                    self.acquire(crate::order::side(addr));
                }
                Op::Done(result)
            }
        }
    }

    /// Queued, or its callback runs (`hrtimer_active()`).
    pub fn hrtimer_active(&self, handle: u32) -> bool {
        self.hrtimers.get(handle).is_some_and(|timer| timer.pending.is_some() || timer.queued || timer.running)
    }

    /// Queued (`hrtimer_is_queued()`).
    pub fn hrtimer_is_queued(&self, handle: u32) -> bool {
        self.hrtimers.get(handle).is_some_and(|timer| timer.pending.is_some() || timer.queued)
    }

    /// Forgets a timer whose memory is going away.
    pub fn forget_hrtimer(&mut self, handle: u32) {
        self.hrtimer_dequeue(handle);
        if handle != 0 {
            self.hrtimers.table.try_remove(handle as usize - 1);
        }
    }

    /// Whether the code that runs now was called by `source` (a timer that waits for itself).
    pub fn runs_in_callback(&self, source: CallbackSource) -> bool {
        self.cpus[self.this_cpu as usize].irq_frames.iter().any(|frame| frame.callback.source == source)
    }

    /// A timer's instant has come: its callback waits for the CPU. The caller reads the function from the C object.
    pub(crate) fn hrtimer_due(&mut self, handle: u32, cpu: u32) {
        let Some(timer) = self.hrtimers.get_mut(handle) else { return };
        timer.pending = None;
        timer.queued = true;
        let kind = if timer.soft { ContextKind::Softirq } else { ContextKind::Hardirq };
        let addr = timer.addr;
        self.emit(TraceKind::TimerExpire { timer: addr });
        self.touched.note_changed(addr);
        let cpu = self.callback_cpu(cpu, CallbackSource::HrTimer(handle));
        self.queue_callback(
            cpu,
            Callback { kind, func: 0, args: [addr, 0, 0], source: CallbackSource::HrTimer(handle) },
        );
    }

    /// Sleeps in the state already set until `deadline_ns` (None: for ever) (`schedule_hrtimeout()`). Polled; done with 0
    /// when the time came, `-EINTR` when woken before.
    ///
    /// # Context
    /// Task context; a scheduling point.
    pub fn schedule_hrtimeout(&mut self, caller: TaskId, deadline_ns: Option<u64>, p: &mut Progress) -> Op<i32> {
        if p.first() {
            self.tasks[caller].timed_out = false;
            if let Some(deadline_ns) = deadline_ns {
                if deadline_ns <= self.now() {
                    self.tasks[caller].c.set_task_state(TASK_RUNNING);
                    return Op::Done(0);
                }
                self.cancel_timeout(caller);
                let key = self.events.add(deadline_ns, CLASS_HRTIMER, Event::Timeout(caller));
                self.tasks[caller].timeout = Some(key);
            }
            if self.tasks[caller].state() != TASK_RUNNING && self.tasks[caller].blocked_on == BlockedOn::Nothing {
                self.block_on(caller, BlockedOn::Other("schedule_hrtimeout_range_clock"));
            }
            return Op::Block;
        }
        self.cancel_timeout(caller);
        self.tasks[caller].c.set_task_state(TASK_RUNNING);
        Op::Done(if self.tasks[caller].timed_out { 0 } else { -Errno::EINTR.0 })
    }
}

/// The least time between a callback that asked for a restart and its next call.
const RESTART_NS: u64 = 1_000;

/// Moves an expiry past `now_ns` by whole intervals (`hrtimer_forward()`): the new expiry and how many.
pub fn forward(expires_ns: i64, now_ns: i64, interval_ns: i64) -> (i64, u64) {
    if now_ns < expires_ns {
        return (expires_ns, 0);
    }
    let interval_ns = interval_ns.max(1);
    let overruns = (now_ns - expires_ns) / interval_ns + 1;
    (expires_ns.saturating_add(interval_ns.saturating_mul(overruns)), overruns as u64)
}

#[cfg(test)]
mod tests {
    use super::forward;
    use crate::sched::{Context, Step};
    use crate::testing::machine;
    use crate::{Kernel, sched::cpu::CallbackSource};

    /// Runs the machine until a callback starts; its source and instant.
    fn next_callback(kernel: &mut Kernel) -> Option<(CallbackSource, u64)> {
        loop {
            match kernel.next() {
                Step::Run { cpu, context: Context::Irq(_), .. } => {
                    let frame = kernel.irq_finished(cpu, 0)?;
                    return Some((frame.callback.source, frame.since_ns));
                }
                Step::Run { budget_ns, .. } => kernel.charge(budget_ns),
                Step::Quiescent | Step::TimeLimit | Step::Reported => return None,
            }
        }
    }

    #[test]
    fn timers_go_off_in_order_of_expiry_and_not_early() {
        let mut kernel = machine(1);
        let expiries = [5_000_000, 1_000, 900_000_000, 4_999_999];
        let at = kernel.event_here();
        let handles: Vec<u32> = expiries.iter().map(|_| kernel.hrtimers.register(0x10, at)).collect();
        for (&handle, &expires) in handles.iter().zip(&expiries) {
            kernel.hrtimer_start(handle, expires, false);
        }
        let mut seen = Vec::new();
        while let Some((CallbackSource::HrTimer(handle), at_ns)) = next_callback(&mut kernel) {
            let expires = expiries[handles.iter().position(|&other| other == handle).expect("one of ours")];
            assert!(at_ns >= expires && at_ns < expires + 10_000, "{at_ns} for {expires}");
            seen.push(expires);
            assert!(!kernel.hrtimer_active(handle));
        }
        assert_eq!(seen, [1_000, 4_999_999, 5_000_000, 900_000_000]);
    }

    #[test]
    fn cancel_tells_queued_from_idle_from_running() {
        let mut kernel = machine(1);
        let at = kernel.event_here();
        let handle = kernel.hrtimers.register(0x10, at);
        assert_eq!(kernel.hrtimer_try_to_cancel(handle), 0);
        kernel.hrtimer_start(handle, 1_000_000, true);
        kernel.hrtimer_start(handle, 2_000_000, true);
        assert_eq!(kernel.hrtimer_try_to_cancel(handle), 1, "started twice is queued once");
        assert_eq!(kernel.hrtimer_try_to_cancel(handle), 0);
        kernel.hrtimer_start(handle, 1_000, false);
        while !matches!(kernel.next(), Step::Run { context: Context::Irq(_), .. }) {}
        assert_eq!(kernel.hrtimer_try_to_cancel(handle), -1);
        assert!(kernel.runs_in_callback(CallbackSource::HrTimer(handle)));
        kernel.hrtimer_restart(handle, 0);
        kernel.irq_finished(0, 1);
        assert_eq!(kernel.hrtimer_try_to_cancel(handle), 1);
    }

    #[test]
    fn forward_agrees_with_stepping() {
        for (expires, now, interval) in
            [(10, 9, 3), (10, 10, 3), (10, 12, 3), (10, 13, 3), (0, 1_000, 7), (-50, 49, 1), (5, 5, 0)]
        {
            let (mut at, mut count) = (expires, 0);
            while at <= now {
                at += i64::max(interval, 1);
                count += 1;
            }
            assert_eq!(forward(expires, now, interval), (at, count), "{expires} {now} {interval}");
        }
    }
}
