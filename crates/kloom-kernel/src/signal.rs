//! Signals: what a task allows, what is pending, who may be woken by one.
//!
//! C header: include/linux/sched/signal.h. Behaviour follows Linux 6.1 kernel/signal.c: a kthread ignores every
//! signal (kthreadd's children start with all handlers set to ignore), SIGKILL too, until `allow_signal()`.

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_WAKEKILL};
use kloom_abi::signal::{NSIG, SIGKILL, SIGSTOP, bit, default_ignored};

use crate::Kernel;
use crate::task::TaskId;
use crate::touch::Manner;
use crate::trace::TraceKind;

/// What happens to a signal of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Action {
    /// The default action.
    #[default]
    Default,
    /// Dropped when sent.
    Ignore,
    /// A handler of user space, or (for a kthread) `allow_signal()`.
    Handle,
}

/// Signal state of a task.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Signals that are dropped when sent.
    pub ignored: u64,
    /// Signals that a handler takes.
    pub handled: u64,
    /// Blocked signals.
    pub blocked: u64,
    /// Sent and not yet taken.
    pub pending: u64,
    /// `TIF_NOTIFY_SIGNAL`: since 6.1 `kthread_stop()` sets it, so that interruptible waits of the thread end.
    pub notify: bool,
    /// How often a signal was sent and dropped.
    pub dropped: u64,
    /// Times SIGKILL was sent and dropped, for the report that explains the invincible thread.
    pub dropped_kills: u32,
}

impl Signals {
    /// Every signal ignored, as kthreads start.
    pub fn all_ignored() -> Signals {
        Signals { ignored: u64::MAX, ..Signals::default() }
    }

    /// Signals pending and not blocked.
    pub fn deliverable(&self) -> u64 {
        self.pending & !self.blocked
    }
}

impl Kernel {
    /// Lets the current kthread receive `signal` (`allow_signal()`).
    ///
    /// # Context
    /// Process context, any; no scheduling point.
    pub fn allow_signal(&mut self, caller: TaskId, signal: i32) {
        self.set_signal_action(caller, signal, Action::Handle);
    }

    /// Makes the current kthread ignore `signal` again and drops what is pending of it (`disallow_signal()`).
    pub fn disallow_signal(&mut self, caller: TaskId, signal: i32) {
        self.set_signal_action(caller, signal, Action::Ignore);
    }

    /// Sets what happens to a signal of `task`.
    pub fn set_signal_action(&mut self, task: TaskId, signal: i32, action: Action) {
        if !(1..=NSIG).contains(&signal) {
            return;
        }
        let signals = &mut self.tasks[task].signals;
        signals.ignored &= !bit(signal);
        signals.handled &= !bit(signal);
        match action {
            Action::Default => {}
            Action::Ignore => {
                signals.ignored |= bit(signal);
                signals.pending &= !bit(signal);
            }
            Action::Handle => signals.handled |= bit(signal),
        }
        self.publish_pending(task);
    }

    /// Sends a signal to a task.
    ///
    /// # Errors
    /// `EINVAL` for a number that is no signal, `ESRCH` when the task has exited. Signal 0 only tests.
    pub fn send_signal(&mut self, target: TaskId, signal: i32) -> Result<(), Errno> {
        let addr = self.tasks.get(target).map_or(0, |task| task.addr);
        self.touched.note_changed(addr);
        if !(0..=NSIG).contains(&signal) {
            return Err(Errno::EINVAL);
        }
        let Some(task) = self.tasks.get_mut(target) else { return Err(Errno::ESRCH) };
        if signal == 0 {
            return Ok(());
        }
        if task.has_exited() {
            return Err(Errno::ESRCH);
        }
        let kernel_thread = task.is_kthread();
        let default = (task.signals.ignored | task.signals.handled) & bit(signal) == 0;
        let init = task.pid == 1;
        // sig_ignored(): blocked signals are kept even if ignored; a default-ignored one is dropped;
        // init and kthreads do not take the default action of any signal.
        let ignored = task.signals.ignored & bit(signal) != 0
            && (kernel_thread || !matches!(signal, SIGKILL | SIGSTOP))
            || (default && (default_ignored(signal) || init));
        if ignored && task.signals.blocked & bit(signal) == 0 {
            task.signals.dropped += 1;
            if signal == SIGKILL {
                task.signals.dropped_kills += 1;
            }
            self.emit(TraceKind::SignalGenerate { target, signal, ignored: true });
            return Ok(());
        }
        task.signals.pending |= bit(signal);
        self.emit(TraceKind::SignalGenerate { target, signal, ignored: false });
        self.publish_pending(target);
        let task = &self.tasks[target];
        if task.signals.deliverable() & bit(signal) != 0 {
            let fatal = signal == SIGKILL;
            let mask = if fatal { TASK_INTERRUPTIBLE | TASK_WAKEKILL } else { TASK_INTERRUPTIBLE };
            self.try_to_wake_up(target, mask);
        }
        Ok(())
    }

    /// Sets the signals that a task blocks (`sigprocmask()`); `SIGKILL` and `SIGSTOP` cannot be.
    pub fn set_blocked(&mut self, target: TaskId, mask: u64) {
        self.tasks[target].signals.blocked = mask & !(1 << 8 | 1 << 18);
        self.publish_pending(target);
    }

    /// Sends a signal that cannot be ignored or blocked (`force_sig()`).
    ///
    /// # Errors
    /// As [`Kernel::send_signal`].
    pub fn force_signal(&mut self, target: TaskId, signal: i32) -> Result<(), Errno> {
        let addr = self.tasks.get(target).map_or(0, |task| task.addr);
        self.touched.note_changed(addr);
        if let Some(task) = self.tasks.get_mut(target)
            && (1..=NSIG).contains(&signal)
        {
            task.signals.ignored &= !bit(signal);
            task.signals.blocked &= !bit(signal);
        }
        self.send_signal(target, signal)
    }

    /// Whether a signal waits for `task` (`signal_pending()`). For a search the answer depends on who sends one when.
    pub fn signal_pending(&mut self, task: TaskId) -> bool {
        let Some(task) = self.tasks.get(task) else { return false };
        self.touched.note(task.addr, Manner::Read);
        task.signals.deliverable() != 0 || task.signals.notify
    }

    /// Whether SIGKILL waits for `task` (`fatal_signal_pending()`).
    pub fn fatal_signal_pending(&self, task: TaskId) -> bool {
        self.tasks.get(task).is_some_and(|task| task.signals.pending & bit(SIGKILL) != 0)
    }

    /// Whether a sleep in `state` must end because of a signal (`signal_pending_state()`).
    pub fn signal_pending_state(&mut self, task: TaskId, state: u32) -> bool {
        if state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL) == 0 {
            return false;
        }
        // Also noted for a search.
        self.signal_pending(task) && self.ends_by_signal(task, state)
    }

    /// As [`Kernel::signal_pending_state`], for the search itself.
    pub fn ends_by_signal(&self, task: TaskId, state: u32) -> bool {
        let Some(signals) = self.tasks.get(task).map(|task| &task.signals) else { return false };
        let interrupts = state & TASK_INTERRUPTIBLE != 0 && (signals.deliverable() != 0 || signals.notify);
        interrupts || (state & TASK_WAKEKILL != 0 && signals.pending & bit(SIGKILL) != 0)
    }

    /// Drops all pending signals (`flush_signals()`).
    pub fn flush_signals(&mut self, task: TaskId) {
        self.tasks[task].signals.pending = 0;
        self.publish_pending(task);
    }

    /// Takes the next pending signal (`kernel_dequeue_signal()`); 0 when there is none.
    ///
    /// Synchronous and low-numbered signals come first, SIGKILL before all (kernel/signal.c `next_signal`, 6.1).
    pub fn dequeue_signal(&mut self, task: TaskId) -> i32 {
        let signals = &mut self.tasks[task].signals;
        let ready = signals.deliverable();
        if ready == 0 {
            return 0;
        }
        let signal = if ready & bit(SIGKILL) != 0 { SIGKILL } else { ready.trailing_zeros() as i32 + 1 };
        signals.pending &= !bit(signal);
        self.publish_pending(task);
        signal
    }

    /// Mirrors the pending set to the task_struct, and `TIF_SIGPENDING` to its flags.
    pub(crate) fn publish_pending(&mut self, task: TaskId) {
        let task = &self.tasks[task];
        self.touched.note_changed(task.addr);
        task.c.pending.signal.set(task.signals.pending);
        task.c.blocked.set(task.signals.blocked);
        let flags = task.c.thread_info.flags.get() & !(TIF_SIGPENDING | TIF_NOTIFY_SIGNAL);
        let pending = if task.signals.deliverable() != 0 { TIF_SIGPENDING } else { 0 };
        let notify = if task.signals.notify { TIF_NOTIFY_SIGNAL } else { 0 };
        task.c.thread_info.flags.set(flags | pending | notify);
    }
}

/// `TIF_SIGPENDING` as a bit mask (bit 2 on x86).
pub const TIF_SIGPENDING: u64 = 1 << 2;
/// `TIF_NOTIFY_SIGNAL` as a bit mask (bit 17 on x86).
pub const TIF_NOTIFY_SIGNAL: u64 = 1 << 17;
/// `TIF_NEED_RESCHED` as a bit mask (bit 3 on x86).
pub const TIF_NEED_RESCHED: u64 = 1 << 3;
