//! Sleeping with a timeout: `schedule_timeout()`, `msleep()`, hrtimer sleeps, delays that burn the CPU.
//!
//! C header: include/linux/delay.h, include/linux/sched.h. Behaviour follows Linux 6.1 kernel/time/timer.c and
//! hrtimer.c: `msleep()` is `schedule_timeout_uninterruptible()` in a loop until the time is over, so neither a
//! wake-up nor a stop request shortens it.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE};
use kloom_abi::time::{MAX_SCHEDULE_TIMEOUT, NSEC_PER_USEC, msecs_to_jiffies};

use crate::event::Event;
use crate::ops::{Op, Progress};
use crate::task::{BlockedOn, TaskId};
use crate::{Kernel, time::wheel_expiry};

/// Class of timer-wheel events: after hrtimers of the same instant.
pub(crate) const CLASS_HRTIMER: u8 = 0;
pub(crate) const CLASS_WHEEL: u8 = 1;

impl Kernel {
    /// `schedule_timeout()`: sleeps in the state already set, for at most `timeout` jiffies.
    /// Done with the jiffies left. Polled.
    ///
    /// # Context
    /// Task context; a scheduling point.
    pub fn schedule_timeout(&mut self, caller: TaskId, timeout: i64, p: &mut Progress) -> Op<i64> {
        if p.first() {
            let expires = self.jiffies().wrapping_add(timeout as u64);
            p.until = expires;
            self.tasks[caller].timed_out = false;
            if timeout != MAX_SCHEDULE_TIMEOUT {
                if timeout < 0 {
                    self.tasks[caller].c.set_task_state(kloom_abi::sched::TASK_RUNNING);
                    return Op::Done(0);
                }
                self.arm_wheel_timeout(caller, expires);
            }
            if self.tasks[caller].state() != 0 {
                self.block_on(caller, BlockedOn::Timeout);
            }
            return Op::Block;
        }
        self.cancel_timeout(caller);
        if timeout == MAX_SCHEDULE_TIMEOUT {
            return Op::Done(MAX_SCHEDULE_TIMEOUT);
        }
        let left = p.until.wrapping_sub(self.jiffies()) as i64;
        Op::Done(left.max(0))
    }

    /// `msleep()`: at least `msecs` milliseconds, whatever happens. Polled.
    pub fn msleep(&mut self, caller: TaskId, msecs: u32, p: &mut Progress) -> Op<()> {
        match self.sleep_jiffies(caller, msecs_to_jiffies(msecs) + 1, TASK_UNINTERRUPTIBLE, p) {
            Op::Done(_) => Op::Done(()),
            Op::Block => Op::Block,
            Op::Spin => Op::Spin,
        }
    }

    /// `msleep_interruptible()`: the milliseconds left when a signal ended it, 0 otherwise. Polled.
    pub fn msleep_interruptible(&mut self, caller: TaskId, msecs: u32, p: &mut Progress) -> Op<u64> {
        match self.sleep_jiffies(caller, msecs_to_jiffies(msecs) + 1, TASK_INTERRUPTIBLE, p) {
            Op::Done(left) => Op::Done(left * (1000 / kloom_abi::time::HZ)),
            Op::Block => Op::Block,
            Op::Spin => Op::Spin,
        }
    }

    fn sleep_jiffies(&mut self, caller: TaskId, jiffies: u64, state: u32, p: &mut Progress) -> Op<u64> {
        let now = self.jiffies();
        let started = !p.first();
        if !started {
            p.until = now + jiffies;
        }
        self.cancel_timeout(caller);
        let left = p.until.saturating_sub(now);
        // A timeout that went off has ended the sleep even if the jiffies counter is a tick behind.
        if left == 0 || (started && self.tasks[caller].timed_out) {
            return Op::Done(0);
        }
        if state == TASK_INTERRUPTIBLE && self.signal_pending(caller) {
            return Op::Done(left);
        }
        self.tasks[caller].timed_out = false;
        self.arm_wheel_timeout(caller, now + left);
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, BlockedOn::Sleep);
        Op::Block
    }

    /// Sleeps on an hrtimer for `ns` in `state` (`usleep_range()`, `schedule_hrtimeout()`, `nanosleep()`). Polled;
    /// done with the nanoseconds left.
    pub fn sleep_ns(&mut self, caller: TaskId, ns: u64, state: u32, p: &mut Progress, repeat: bool) -> Op<u64> {
        let now_ns = self.now();
        let started = !p.first();
        if !started {
            p.until = now_ns.saturating_add(ns);
            self.tasks[caller].timed_out = false;
        }
        self.cancel_timeout(caller);
        let deadline_ns = p.until;
        let left = deadline_ns.saturating_sub(now_ns);
        if left == 0 || self.tasks[caller].timed_out {
            return Op::Done(0);
        }
        if (started && !repeat) || self.signal_pending_state(caller, state) {
            return Op::Done(left);
        }
        let key = self.events.add(deadline_ns, CLASS_HRTIMER, Event::Timeout(caller));
        self.tasks[caller].timeout = Some(key);
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, BlockedOn::Sleep);
        Op::Block
    }

    /// Burns the CPU for `ns` (`udelay()`, `mdelay()`). Polled.
    ///
    /// # Context
    /// Any, atomic included; interrupts that come in between are served.
    pub fn burn(&mut self, ns: u64, p: &mut Progress) -> Op<()> {
        let now_ns = self.now();
        if p.first() {
            p.until = now_ns + ns;
        }
        let deadline_ns = p.until;
        if now_ns >= deadline_ns {
            return Op::Done(());
        }
        // Far enough to be done or to let the next event in, never beyond.
        let mut until = deadline_ns.min(self.cpus[self.this_cpu as usize].next_tick_ns.max(now_ns + 1));
        if let Some(event_ns) = self.events.next_time() {
            until = until.min(event_ns.max(now_ns + 1));
        }
        let step = (until - now_ns).min(super::QUANTUM_NS * 50);
        self.charge(step);
        // The CPUs that are behind step before the caller goes on, or it would act before what happens earlier.
        Op::Spin
    }

    /// Arms the timer-wheel timeout of a sleeping task.
    pub(crate) fn arm_wheel_timeout(&mut self, task: TaskId, expires: u64) {
        self.cancel_timeout(task);
        let (time_ns, class) = wheel_expiry(self.jiffies(), expires);
        let key = self.events.add_lifo(time_ns, class, Event::Timeout(task));
        self.tasks[task].timeout = Some(key);
    }

    /// Arms an exact timeout of a sleeping task.
    pub fn arm_hr_timeout(&mut self, task: TaskId, deadline_ns: u64) {
        self.cancel_timeout(task);
        let key = self.events.add(deadline_ns, CLASS_HRTIMER, Event::Timeout(task));
        self.tasks[task].timeout = Some(key);
    }

    /// Disarms it.
    pub fn cancel_timeout(&mut self, task: TaskId) {
        if let Some(key) = self.tasks[task].timeout.take() {
            self.events.cancel(key);
        }
    }

    /// The timeout of a sleeping task is due: wakes it.
    pub(crate) fn timeout_expired(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        task.timeout = None;
        task.timed_out = true;
        self.try_to_wake_up(id, TASK_NORMAL | kloom_abi::sched::TASK_WAKEKILL);
    }

    /// Undoes a sleep that was prepared and does not happen.
    pub fn stay_awake(&mut self, caller: TaskId) {
        self.cancel_timeout(caller);
        self.tasks[caller].c.set_task_state(kloom_abi::sched::TASK_RUNNING);
        self.tasks[caller].blocked_on = BlockedOn::Nothing;
        let cpu = self.tasks[caller].se.cpu;
        self.cpus[cpu as usize].schedule_called = false;
    }

    /// Notes what the caller is about to wait for.
    pub fn block_on(&mut self, caller: TaskId, what: BlockedOn) {
        let here = self.event_here_of(caller);
        let task = &mut self.tasks[caller];
        task.blocked_on = what;
        if task.slept_at.trace == here.trace {
            task.same_sleep.0 += 1;
        } else {
            task.same_sleep = (1, here.time_ns);
        }
        task.slept_at = here;
    }

    /// `usleep_range()`: at least `min_us`; natural executions take the whole range's middle as real ones do.
    pub fn usleep_range(&mut self, caller: TaskId, min_us: u64, max_us: u64, state: u32, p: &mut Progress) -> Op<()> {
        let slack_us = max_us.saturating_sub(min_us) / 2;
        match self.sleep_ns(caller, (min_us + slack_us) * NSEC_PER_USEC, state, p, true) {
            Op::Done(_) => Op::Done(()),
            Op::Block => Op::Block,
            Op::Spin => Op::Spin,
        }
    }
}
