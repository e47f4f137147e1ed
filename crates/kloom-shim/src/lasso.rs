//! Loops that never end: a thread that comes back to an earlier state of the whole machine, and so will for ever.
//!
//! The kernel names a task that sleeps again and again at one place while nothing else can happen
//! ([`Kernel::poller`](kloom_kernel::Kernel::poller)). [`Machine::watch_poller`] follows it for one round, from one sleep to
//! the next. All rounds are the same if that one
//! - ended in the state it began in: the modules' variables, the heap, the task's stack with its saved registers,
//!   which locks it holds, and how often every other task has run. The frames of kloom's own functions, in which the
//!   module's registers are saved, also hold the deadline of the sleep: a word that is ahead of the time by the same
//!   amount in both, and no more than the sleep is long, may differ;
//! - called only functions that leave nothing behind in the kernel (`HARMLESS`);
//! - could not depend on the time: no loaded module uses `jiffies`, and the functions that tell the time are not harmless.
//!
//! Then the next round begins where this one began, with the same to read, and the machine is deterministic: a proof, but
//! for one thing: fields of `task_struct` that count time or switches are not compared. What cannot be proved is not told.

use std::hash::{Hash, Hasher};

use kloom_abi::time::TICK_NSEC;
use kloom_kernel::Calls;
use kloom_kernel::task::{TaskId, TaskKind};
use rustc_hash::FxHasher;

use crate::Machine;

/// Functions that leave the kernel as it was when the caller comes back to where it slept.
pub(crate) const HARMLESS: &[&str] = &[
    "__cond_resched",
    "__rcu_read_lock",
    "__rcu_read_unlock",
    "_cond_resched",
    "_printk",
    "_raw_spin_lock",
    "_raw_spin_lock_bh",
    "_raw_spin_lock_irq",
    "_raw_spin_lock_irqsave",
    "_raw_spin_unlock",
    "_raw_spin_unlock_bh",
    "_raw_spin_unlock_irq",
    "_raw_spin_unlock_irqrestore",
    "completion_done",
    "cond_resched",
    "finish_wait",
    "hrtimer_active",
    "init_wait_entry",
    "kloom_barrier",
    "kloom_cpu_relax",
    "kloom_set_current_state",
    "kloom_signal_pending",
    "kloom_fatal_signal_pending",
    "kloom_timer_pending",
    "kloom_waitqueue_active",
    "kthread_should_stop",
    "msleep",
    "msleep_interruptible",
    "mutex_is_locked",
    "mutex_lock",
    "mutex_unlock",
    "prepare_to_wait",
    "prepare_to_wait_event",
    "schedule",
    "schedule_timeout",
    "schedule_timeout_idle",
    "schedule_timeout_interruptible",
    "schedule_timeout_killable",
    "schedule_timeout_uninterruptible",
    "usleep_range_state",
    "yield",
];

/// Variables that change with the time.
const CLOCKS: &[&str] = &["jiffies", "jiffies_64"];

/// Bytes of a `call` with a relative target.
const CALL_BYTES: u64 = 5;

/// How a round of a task began: how many times it had slept at its place, and the state then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    sleeps: u64,
    /// Of all that the task can find.
    digest: u64,
    /// What lies below the module's frames.
    below: Vec<u64>,
    jiffies: u64,
    now_ns: u64,
    /// How long the sleep is at most.
    sleep_ns: u64,
}

impl Round {
    /// Whether the rounds that begin in these states are the same.
    fn is_same(&self, later: &Round) -> bool {
        let deadline = |(early, late): (&u64, &u64), (then, now): (u64, u64), most: u64| {
            let ahead = early.wrapping_sub(then);
            ahead == late.wrapping_sub(now) && (1..=most).contains(&ahead)
        };
        let jiffies = (self.jiffies, later.jiffies);
        let ns = (self.now_ns, later.now_ns);
        let most = self.sleep_ns.min(later.sleep_ns) + TICK_NSEC;
        self.digest == later.digest
            && self.below.len() == later.below.len()
            && self.below.iter().zip(&later.below).all(|words| {
                words.0 == words.1 || deadline(words, ns, most) || deadline(words, jiffies, most / TICK_NSEC + 1)
            })
    }
}

impl Machine {
    /// Follows the task that the kernel suspects; to be called after every step while there is one.
    pub fn watch_poller(&mut self) {
        let Some(id) = self.kernel.poller else { return };
        let Some(task) = self.kernel.tasks.get(id).filter(|task| !task.has_exited()) else {
            return self.forget_poller();
        };
        // It is about to sleep, or asleep, as long as its timeout is there; and it ran last if the present frame is its.
        let sleeps = task.same_sleep.0;
        let sp = self.ctx().sp.get();
        let Some((low, high)) = self.fiber_frames(id) else { return self.forget_poller() };
        if task.timeout.is_none() || !(low..high).contains(&sp) {
            return;
        }
        if self.round.as_ref().is_some_and(|round| round.sleeps == sleeps) {
            return;
        }
        let state = self.state_around(id, sp);
        let Some(begun) = self.round.take() else {
            self.round = state;
            self.kernel.calls = Some(Calls::default());
            if self.round.is_none() {
                self.forget_poller();
            }
            return;
        };
        let calls = self.kernel.calls.take().unwrap_or_default();
        let same = begun.sleeps + 1 == sleeps
            && state.is_some_and(|state| begun.is_same(&state))
            && self.kernel.nothing_else_happens(id)
            && calls.sites.iter().all(|&call| self.is_harmless(call))
            && !self.tells_time();
        self.forget_poller();
        if same {
            self.kernel.report_lasso(id);
        }
    }

    fn forget_poller(&mut self) {
        self.kernel.poller = None;
        self.kernel.calls = None;
        self.round = None;
    }

    /// What module code of task `id`, whose frames begin at `sp`, can find: see the module docs. None if some of it cannot
    /// be read.
    fn state_around(&self, id: TaskId, sp: u64) -> Option<Round> {
        let mut hasher = FxHasher::default();
        let mut bytes = Vec::new();
        let mut take = |addr: u64, size: u64, hasher: &mut FxHasher| {
            bytes.resize(size as usize, 0);
            self.arena.read(addr, &mut bytes).ok()?;
            (addr, bytes.as_slice()).hash(hasher);
            Some(())
        };
        for (module, image) in &self.images {
            if self.kernel.modules.get(*module).is_some() {
                let (start, size) = image.core;
                take(start, size, &mut hasher)?;
                let (start, stride) = image.percpu;
                take(start, stride * self.kernel.cpus.len() as u64, &mut hasher)?;
            }
        }
        for block in self.arena.heap.live() {
            take(block.addr, block.size, &mut hasher)?;
        }
        let (low, high) = self.fiber_frames(id)?;
        take(sp, high - sp, &mut hasher)?;
        let words = (low..sp & !7).step_by(8);
        let below: Option<Vec<u64>> = words.map(|addr| self.arena.read_u64(addr).ok()).collect();
        let own = self.kernel.tasks.get(id)?;
        (own.preempt_count, own.irqs_off, own.held.len(), own.state()).hash(&mut hasher);
        for held in &own.held {
            (held.class, held.handle).hash(&mut hasher);
        }
        for task in self.kernel.tasks.iter().filter(|task| task.id != id && !matches!(task.kind, TaskKind::Idle)) {
            (task.pid, task.switch_count, task.state()).hash(&mut hasher);
        }
        let now_ns = self.kernel.now();
        Some(Round {
            sleeps: own.same_sleep.0,
            digest: hasher.finish(),
            below: below?,
            jiffies: self.kernel.jiffies(),
            now_ns,
            sleep_ns: own.timeout?.time_ns.saturating_sub(now_ns),
        })
    }

    /// Whether the call that returns to `ip` leaves nothing behind. Calls of kloom's own, without a place, do not count.
    fn is_harmless(&self, ip: u64) -> bool {
        ip == 0 || self.called_from(ip).is_some_and(|name| HARMLESS.contains(&name))
    }

    /// The function that the call which returns to `ip` calls.
    pub(crate) fn called_from(&self, ip: u64) -> Option<&str> {
        let (_, image) = self.module_of(ip)?;
        let mut offset = [0; 4];
        self.arena.read(ip - CALL_BYTES + 1, &mut offset).ok()?;
        let thunk = ip.wrapping_add_signed(i64::from(i32::from_le_bytes(offset)));
        image.thunk_name(thunk)
    }

    /// Whether a loaded module uses a variable that changes with the time.
    pub(crate) fn tells_time(&self) -> bool {
        self.images.iter().any(|(module, image)| {
            self.kernel.modules.get(*module).is_some()
                && image.module.symbols.iter().any(|symbol| CLOCKS.contains(&&*symbol.name))
        })
    }
}
