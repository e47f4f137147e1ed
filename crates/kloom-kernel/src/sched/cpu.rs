//! A simulated CPU: its clock, its current task, its run queue, what interrupts it.

use std::collections::VecDeque;

use super::rq::RunQueue;
use crate::site::{ContextKind, RawEvent, Trace};
use crate::task::TaskId;

/// A call of module code from interrupt context, to be made on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Softirq or hard interrupt.
    pub kind: ContextKind,
    /// Address of the C function.
    pub func: u64,
    /// Its arguments.
    pub args: [u64; 3],
    /// What asked for it, told back to [`crate::Kernel::irq_finished`].
    pub source: CallbackSource,
}

/// What asked for a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackSource {
    /// A `timer_list`, by its index in the timer table.
    Timer(u32),
    /// An hrtimer, by its index.
    HrTimer(u32),
    /// Anything else.
    Other(u64),
}

/// An interrupt or softirq that is being served.
#[derive(Clone, Copy, Debug)]
pub struct IrqFrame {
    /// The call it makes.
    pub callback: Callback,
    /// `preempt_count()` contribution of the code it runs, beyond the softirq/hardirq bits.
    pub preempt_count: u32,
    /// The callback disabled interrupts.
    pub irqs_off: bool,
    /// When it began.
    pub since_ns: u64,
    /// The spinlock it waits for (or waited for last, until it took one), and where.
    pub spins_on: Option<(u32, RawEvent)>,
}

/// Kinds of softirqs that happen here, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of include/linux/interrupt.h")]
pub enum SoftirqKind {
    Timer = 1,
    Tasklet = 6,
    Sched = 7,
    Hrtimer = 8,
    Rcu = 9,
}

/// What a CPU was interrupted for, as /proc/interrupts and /proc/softirqs count it.
#[derive(Clone, Copy, Debug, Default)]
pub struct IrqCounts {
    /// Another CPU made it look for a better task (`RES`).
    pub reschedule: u64,
    /// Calls from other CPUs (`CAL`).
    pub call: u64,
    /// `irq_work` (`IWI`).
    pub irq_work: u64,
    /// Softirqs, by their numbers.
    pub softirqs: [u64; 10],
}

impl IrqCounts {
    /// Counts a softirq.
    pub fn softirq(&mut self, kind: SoftirqKind) {
        self.softirqs[kind as usize] += 1;
    }
}

/// One CPU.
#[derive(Clone, Debug)]
pub struct Cpu {
    /// Its number.
    pub id: u32,
    /// Its clock: nanoseconds of virtual time since boot.
    pub clock_ns: u64,
    /// The task on it.
    pub current: TaskId,
    /// Its idle task, swapper/N.
    pub idle: TaskId,
    /// Runnable tasks waiting for it.
    pub rq: RunQueue,
    /// A better task may be waiting (`TIF_NEED_RESCHED`).
    pub need_resched: bool,
    /// The current task called `schedule()`.
    pub schedule_called: bool,
    /// Where it did.
    pub schedule_here: Trace,
    /// The current task may no longer run here.
    pub migrate_current: bool,
    /// Interrupts and softirqs in service, innermost last.
    pub irq_frames: Vec<IrqFrame>,
    /// Locks that interrupts in service hold.
    pub irq_held: Vec<crate::task::HeldLock>,
    /// Callbacks that wait until interrupts or softirqs are enabled.
    pub pending: VecDeque<Callback>,
    /// Softirqs raised in process context: they wait for ksoftirqd or the end of the next interrupt.
    pub deferred: VecDeque<Callback>,
    /// Its ksoftirqd.
    pub ksoftirqd: TaskId,
    /// The next timer interrupt while busy.
    pub next_tick_ns: u64,
    /// Timer interrupts so far.
    pub ticks: u64,
    /// Other interrupts, and softirqs.
    pub counts: IrqCounts,
    /// Timer interrupts since the last context switch.
    pub ticks_since_switch: u32,
    /// Virtual nanoseconds per unit of guest work (1 normally; grows while one task keeps the CPU).
    pub spin_scale: u64,
    /// Context switches.
    pub switches: u64,
    /// Scheduling points in a row at which the same task went on.
    pub self_switches: u32,
    /// Since when the same task has kept the CPU (soft-lockup watchdog).
    pub watchdog_since_ns: u64,
    /// Whether the present soft lockup was reported, and how often.
    pub lockups_reported: u32,
    /// Its clock after the last step of a spin; equal to the clock while it does nothing but spin.
    pub spun_at_ns: u64,
    /// Time in user mode.
    pub user_ns: u64,
    /// Time in kernel mode.
    pub system_ns: u64,
    /// Idle time.
    pub idle_ns: u64,
}

impl Cpu {
    /// Whether the callback of a timer has begun here and not ended.
    pub fn runs_callback_of(&self, timer: u32) -> bool {
        self.irq_frames.iter().any(|frame| frame.callback.source == CallbackSource::Timer(timer))
    }

    /// A CPU that idles at time zero.
    pub fn new(id: u32, idle: TaskId) -> Cpu {
        Cpu {
            id,
            clock_ns: 0,
            current: idle,
            idle,
            rq: RunQueue::default(),
            need_resched: false,
            schedule_called: false,
            schedule_here: Trace::default(),
            migrate_current: false,
            irq_frames: Vec::new(),
            irq_held: Vec::new(),
            pending: VecDeque::new(),
            deferred: VecDeque::new(),
            ksoftirqd: idle,
            next_tick_ns: 0,
            ticks: 0,
            ticks_since_switch: 0,
            spin_scale: 1,
            switches: 0,
            counts: IrqCounts::default(),
            self_switches: 0,
            watchdog_since_ns: 0,
            lockups_reported: 0,
            spun_at_ns: u64::MAX,
            user_ns: 0,
            system_ns: 0,
            idle_ns: 0,
        }
    }

    /// Whether the CPU has anything to execute.
    pub fn has_work(&self) -> bool {
        self.current != self.idle || self.rq.nr_running() > 0 || !self.irq_frames.is_empty() || !self.pending.is_empty()
    }
}
