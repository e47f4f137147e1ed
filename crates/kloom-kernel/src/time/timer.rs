//! `struct timer_list`: callbacks at a jiffy, in softirq context.
//!
//! C header: include/linux/timer.h. Behaviour follows Linux 6.1 kernel/time/timer.c. The C object holds a handle
//! into this table; its `expires` and `function` members are the module's to read and write.

use std::hash::Hash;

use rustc_hash::FxHasher;

use crate::Kernel;
use crate::event::{Event, EventKey};
use crate::lock::lockdep::DepKind;
use crate::ops::{Op, Progress};
use crate::order;
use crate::sched::cpu::{Callback, CallbackSource};
use crate::site::{ContextKind, RawEvent};
use crate::state::ids;
use crate::task::{BlockedOn, TaskId};
use crate::time::wheel_expiry;
use crate::touch::Manner;
use crate::trace::TraceKind;

/// What the kernel knows about a module's timer.
#[derive(Clone, Debug)]
pub struct Timer {
    /// Address of the C object.
    pub addr: u64,
    /// Callback.
    pub func: u64,
    /// What it is called with: the timer itself, or the old `data` member. Both are read anew from the C object when the
    /// timer goes off.
    pub arg: u64,
    /// Queued.
    pub pending: Option<EventKey>,
    /// The jiffy it was last armed for.
    pub expires: u64,
    /// Handed to a CPU's softirq, not yet started.
    pub queued: bool,
    /// The callback runs now.
    pub running: bool,
    /// Set by `timer_shutdown_sync()`: arming is ignored from then on.
    pub shut_down: bool,
    /// Who armed it last.
    pub armed: RawEvent,
    /// Tasks in `del_timer_sync()`.
    waiters: Vec<TaskId>,
}

/// All timers; index 0 is never used.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    table: slab::Slab<Timer>,
}

impl Timers {
    /// The timer behind a handle.
    pub fn get(&self, handle: u32) -> Option<&Timer> {
        self.table.get((handle as usize).checked_sub(1)?)
    }

    fn get_mut(&mut self, handle: u32) -> Option<&mut Timer> {
        self.table.get_mut((handle as usize).checked_sub(1)?)
    }

    /// Registers a C timer object; the handle goes into it.
    pub fn register(&mut self, addr: u64, at: RawEvent) -> u32 {
        let timer = Timer {
            addr,
            func: 0,
            arg: 0,
            pending: None,
            expires: 0,
            queued: false,
            running: false,
            shut_down: false,
            armed: at,
            waiters: Vec::new(),
        };
        self.table.insert(timer) as u32 + 1
    }

    /// Marks a callback as begun or ended.
    pub(crate) fn set_running(&mut self, handle: u32, running: bool) {
        if let Some(timer) = self.get_mut(handle) {
            timer.running = running;
            timer.queued = false;
        }
    }

    /// Timers that are still armed, with their handles.
    pub fn armed(&self) -> impl Iterator<Item = (u32, &Timer)> {
        self.table
            .iter()
            .filter(|(_, timer)| timer.pending.is_some() || timer.queued)
            .map(|(i, timer)| (i as u32 + 1, timer))
    }

    /// A timer whose callback is at `func`, the one that runs now first.
    pub fn by_func(&self, func: u64) -> Option<&Timer> {
        let mine = || self.table.iter().map(|(_, timer)| timer).filter(|timer| timer.func == func);
        mine().find(|timer| timer.running).or_else(|| mine().next())
    }

    /// Where all C objects are.
    pub fn addresses(&self) -> impl Iterator<Item = u64> + '_ {
        self.table.iter().map(|(_, timer)| timer.addr)
    }

    /// Their part of [`Kernel::digest`]; when they go off is the queue of events'.
    pub(crate) fn digest(&self, hasher: &mut FxHasher) {
        for (handle, timer) in &self.table {
            (handle, timer.func, timer.pending.is_some(), timer.queued, timer.running, timer.shut_down).hash(hasher);
            ids(&timer.waiters, hasher);
        }
    }

    /// Timers whose C object lies in `range`.
    pub fn within(&self, range: std::ops::Range<u64>) -> Vec<u32> {
        self.table.iter().filter(|(_, timer)| range.contains(&timer.addr)).map(|(i, _)| i as u32 + 1).collect()
    }
}

impl Kernel {
    /// Arms a timer for `expires` jiffies (`mod_timer()`, `add_timer()`): 1 if it was pending before, else 0.
    ///
    /// # Context
    /// Any; no scheduling point.
    pub fn mod_timer(&mut self, handle: u32, func: u64, arg: u64, expires: u64, cpu: Option<u32>) -> i32 {
        if let Some(timer) = self.timers.get(handle)
            && timer.pending.is_some()
            && (timer.expires, timer.func, timer.arg) == (expires, func, arg)
        {
            // __mod_timer(): armed for that jiffy already, it keeps its place.
            return 1;
        }
        let was_pending = self.del_timer(handle);
        let cpu = cpu.unwrap_or(self.this_cpu);
        let at = self.event_here();
        let (time_ns, class) = wheel_expiry(self.jiffies(), expires);
        let Some(timer) = self.timers.get_mut(handle) else { return 0 };
        if timer.shut_down {
            return 0;
        }
        timer.func = func;
        timer.arg = arg;
        timer.expires = expires;
        timer.armed = at;
        timer.pending = Some(self.events.add_lifo(time_ns, class, Event::Timer { timer: handle, cpu }));
        let addr = timer.addr;
        self.emit(TraceKind::TimerStart { timer: addr, expires });
        was_pending
    }

    /// Disarms a timer (`del_timer()`): 1 if it was pending.
    pub fn del_timer(&mut self, handle: u32) -> i32 {
        let Some(timer) = self.timers.get_mut(handle) else { return 0 };
        let addr = timer.addr;
        if timer.queued {
            timer.queued = false;
            for cpu in &mut self.cpus {
                cpu.pending.retain(|callback| callback.source != CallbackSource::Timer(handle));
            }
            self.emit(TraceKind::TimerCancel { timer: addr });
            return 1;
        }
        let Some(key) = timer.pending.take() else { return 0 };
        self.events.cancel(key);
        self.emit(TraceKind::TimerCancel { timer: addr });
        1
    }

    /// Disarms a timer and waits until its callback has ended (`del_timer_sync()`). Polled.
    ///
    /// # Context
    /// Process context, or softirq if the callback cannot run on this CPU meanwhile; must not hold a lock the
    /// callback takes. The wait spins.
    pub fn del_timer_sync(&mut self, caller: TaskId, handle: u32, shutdown: bool, p: &mut Progress) -> Op<i32> {
        if p.first() {
            p.note = 0;
            if let Some(addr) = self.timers.get(handle).map(|timer| timer.addr) {
                self.lockdep_waits_for(DepKind::Timer, addr);
            }
        }
        p.note |= self.del_timer(handle) as u64;
        let Some(timer) = self.timers.get_mut(handle) else { return Op::Done(0) };
        timer.shut_down |= shutdown;
        if !timer.running {
            let addr = timer.addr;
            self.touched.note(addr, Manner::Read);
            self.acquire(order::side(addr));
            return Op::Done(p.note as i32);
        }
        self.touched.note(timer.addr, Manner::Read);
        if !timer.waiters.contains(&caller) {
            timer.waiters.push(caller);
        }
        self.spin_step();
        Op::Spin
    }

    /// Whether its callback runs now, on any CPU.
    pub fn timer_running(&self, handle: u32) -> bool {
        self.timers.get(handle).is_some_and(|timer| timer.running)
    }

    /// Bars a timer from being started again (`timer_shutdown()`).
    pub fn timer_shutdown(&mut self, handle: u32) {
        if let Some(timer) = self.timers.get_mut(handle) {
            timer.shut_down = true;
        }
    }

    /// Whether a timer is armed (`timer_pending()`).
    pub fn timer_pending(&self, handle: u32) -> bool {
        self.timers.get(handle).is_some_and(|timer| timer.pending.is_some() || timer.queued)
    }

    /// Forgets a timer whose memory is going away.
    pub fn forget_timer(&mut self, handle: u32) {
        self.del_timer(handle);
        if handle != 0 {
            self.timers.table.try_remove(handle as usize - 1);
        }
    }

    /// A timer's instant has come: its callback waits for the CPU's softirq.
    pub(crate) fn timer_due(&mut self, handle: u32, cpu: u32) {
        let Some(timer) = self.timers.get_mut(handle) else { return };
        timer.pending = None;
        timer.queued = true;
        let callback = Callback {
            kind: ContextKind::Softirq,
            func: timer.func,
            args: [timer.addr, 0, 0],
            source: CallbackSource::Timer(handle),
        };
        let addr = timer.addr;
        self.emit(TraceKind::TimerExpire { timer: addr });
        self.touched.note_changed(addr);
        let cpu = self.callback_cpu(cpu, CallbackSource::Timer(handle));
        self.queue_callback(cpu, callback);
    }

    pub(crate) fn wake_timer_waiters(&mut self, handle: u32) {
        let Some(timer) = self.timers.get_mut(handle) else { return };
        for waiter in std::mem::take(&mut timer.waiters) {
            if self.tasks.get(waiter).is_some_and(|task| matches!(task.blocked_on, BlockedOn::TimerSync(_))) {
                self.try_to_wake_up(waiter, kloom_abi::sched::TASK_NORMAL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::time::TICK_NSEC;

    use crate::Kernel;
    use crate::sched::cpu::CallbackSource;
    use crate::sched::{Context, Step};
    use crate::testing::machine;

    fn run_until_callback(kernel: &mut Kernel) -> Option<(u32, u32)> {
        loop {
            match kernel.next() {
                Step::Run { cpu, context: Context::Irq(_), .. } => {
                    let source = kernel.cpus[cpu as usize].irq_frames.last()?.callback.source;
                    let CallbackSource::Timer(handle) = source else { return None };
                    return Some((handle, cpu));
                }
                Step::Run { budget_ns, .. } => kernel.charge(budget_ns),
                Step::Quiescent | Step::TimeLimit | Step::Reported => return None,
            }
        }
    }

    #[test]
    fn timers_fire_after_their_jiffy_and_once() {
        let mut kernel = machine(2);
        let at = kernel.event_here();
        let base = kernel.jiffies();
        let delays = [3, 1, 250, 0, 62, 700];
        let handles: Vec<u32> = delays.iter().map(|_| kernel.timers.register(0x10, at)).collect();
        for (&handle, &delay) in handles.iter().zip(&delays) {
            assert_eq!(kernel.mod_timer(handle, 0xf, 0, base + delay, None), 0);
        }
        let mut fired = Vec::new();
        while let Some((handle, cpu)) = run_until_callback(&mut kernel) {
            let delay = delays[handles.iter().position(|&other| other == handle).expect("one of ours")];
            assert!(kernel.jiffies() > base + delay);
            assert!(kernel.timer_running(handle) && !kernel.timer_pending(handle));
            kernel.irq_finished(cpu, 0);
            assert!(!kernel.timer_running(handle));
            fired.push(delay);
        }
        assert_eq!(fired, [0, 1, 3, 62, 250, 700]);
        assert!(kernel.now() >= 700 * TICK_NSEC);
    }

    #[test]
    fn mod_timer_tells_whether_it_was_pending_and_the_last_time_counts() {
        let mut kernel = machine(1);
        let at = kernel.event_here();
        let base = kernel.jiffies();
        let handle = kernel.timers.register(0x10, at);
        assert_eq!(kernel.mod_timer(handle, 0xf, 0, base + 1, None), 0);
        assert_eq!(kernel.mod_timer(handle, 0xf, 0, base + 9, None), 1);
        assert_eq!(kernel.mod_timer(handle, 0xf, 0, base + 9, None), 1);
        assert!(run_until_callback(&mut kernel).is_some());
        assert!(kernel.jiffies() > base + 9);
        // Armed by its own callback, as periodic timers are.
        assert_eq!(kernel.mod_timer(handle, 0xf, 0, base + 20, None), 0);
        kernel.irq_finished(0, 0);
        assert_eq!(kernel.del_timer(handle), 1);
        assert_eq!(kernel.del_timer(handle), 0);
        assert!(run_until_callback(&mut kernel).is_none());
    }

    #[test]
    fn a_timer_that_was_shut_down_cannot_be_armed() {
        let mut kernel = machine(1);
        let at = kernel.event_here();
        let handle = kernel.timers.register(0x10, at);
        kernel.timer_shutdown(handle);
        assert_eq!(kernel.mod_timer(handle, 0xf, 0, kernel.jiffies() + 1, None), 0);
        assert!(!kernel.timer_pending(handle));
    }

    #[test]
    fn armed_timers_are_found_by_the_memory_they_lie_in() {
        let mut kernel = machine(1);
        let at = kernel.event_here();
        let handles: Vec<u32> = [0x1000, 0x1ff8, 0x2000].iter().map(|&addr| kernel.timers.register(addr, at)).collect();
        assert_eq!(kernel.timers.within(0x1000..0x2000), handles[..2]);
        kernel.mod_timer(handles[1], 0xf, 0, kernel.jiffies() + 1, None);
        assert_eq!(kernel.timers.armed().map(|(handle, _)| handle).collect::<Vec<_>>(), [handles[1]]);
        kernel.forget_timer(handles[1]);
        assert_eq!(kernel.timers.within(0x1000..0x2000), handles[..1]);
        assert!(run_until_callback(&mut kernel).is_none());
    }
}
