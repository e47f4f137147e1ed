//! Choice points: where, while a search explores, another thread may go before this one.
//!
//! A choice point stands before every operation that other threads can notice: calls of the functions in
//! [`SYNCHRONISING`], volatile accesses (`READ_ONCE()`, `WRITE_ONCE()`), atomics. The calls are announced by stubs in
//! front of the exported functions ([`kloom_guest::thunk::Stubs`]), so the shims know nothing of it. Everything else a
//! module does lies inside steps.

use std::ops::Range;

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_WAKEKILL};
use kloom_guest::ctx::Ctx;
use kloom_guest::fiber::{self, Yield};
use kloom_guest::thunk::{Call, Stubs, Target};
use kloom_kernel::order::FILE_CALLS;
use kloom_kernel::task::{LockClass, TaskId};
use kloom_kernel::touch::{CLOCK, IRQ_LINES, MODULES, Manner, NAMES, RCU};

use crate::Machine;
use crate::call::{self, CallSite};
use crate::object::Magic;

/// What an announced call is going to touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Changes the object its nth argument points to.
    Change(u8),
    /// Looks at the object its nth argument points to.
    Look(u8),
    /// Looks at its own task.
    LookSelf,
    /// Changes its own task.
    ChangeSelf,
    /// Takes the lock its first argument points to; waits while it cannot.
    Take(LockClass),
    /// The same, in this state: a signal ends the wait.
    TakeIn(LockClass, u32),
    /// Gives it back: no choice point, for who waits for the lock can only go afterwards.
    Give(LockClass),
    /// With `--racy`: parts of memory, plainly.
    Bytes {
        /// The argument that says where is written.
        to: Option<u8>,
        /// The arguments that say where is read.
        from: &'static [u8],
        /// The argument that says how many bytes; without it as many as the text that is read has.
        size: Option<u8>,
    },
    /// Changes the interrupt line whose number is its nth argument.
    Line(u8),
    /// Sleeps for a time.
    Sleep,
    /// Touches an object of the whole machine.
    Global(u64, Manner),
    /// Touches an object of the whole machine, but is no choice point.
    Quiet(u64, Manner),
    /// A choice point that touches nothing.
    Pass,
}

use What::{Bytes, Change, ChangeSelf, Give, Global, Line, Look, LookSelf, Pass, Quiet, Sleep, Take, TakeIn};

/// Functions that other threads can notice, and how. What is not listed here is a part of the step it happens in; it
/// may still note what it touches.
pub static SYNCHRONISING: &[(&str, What)] = &[
    // Locks.
    ("mutex_lock", Take(LockClass::Mutex)),
    ("mutex_lock_nested", Take(LockClass::Mutex)),
    ("mutex_lock_io", Take(LockClass::Mutex)),
    ("mutex_lock_interruptible", TakeIn(LockClass::Mutex, TASK_INTERRUPTIBLE)),
    ("mutex_lock_interruptible_nested", TakeIn(LockClass::Mutex, TASK_INTERRUPTIBLE)),
    ("mutex_lock_killable", TakeIn(LockClass::Mutex, TASK_WAKEKILL)),
    ("mutex_lock_killable_nested", TakeIn(LockClass::Mutex, TASK_WAKEKILL)),
    ("mutex_trylock", Change(0)),
    ("mutex_is_locked", Look(0)),
    ("mutex_unlock", Give(LockClass::Mutex)),
    ("_raw_spin_lock", Take(LockClass::Spinlock)),
    ("_raw_spin_lock_nested", Take(LockClass::Spinlock)),
    ("_raw_spin_lock_bh", Take(LockClass::Spinlock)),
    ("_raw_spin_lock_irq", Take(LockClass::Spinlock)),
    ("_raw_spin_lock_irqsave", Take(LockClass::Spinlock)),
    ("_raw_spin_trylock", Change(0)),
    ("_raw_spin_trylock_bh", Change(0)),
    ("_raw_spin_unlock", Give(LockClass::Spinlock)),
    ("_raw_spin_unlock_bh", Give(LockClass::Spinlock)),
    ("_raw_spin_unlock_irq", Give(LockClass::Spinlock)),
    ("_raw_spin_unlock_irqrestore", Give(LockClass::Spinlock)),
    ("_raw_read_lock", Take(LockClass::RwlockRead)),
    ("_raw_read_lock_bh", Take(LockClass::RwlockRead)),
    ("_raw_read_lock_irq", Take(LockClass::RwlockRead)),
    ("_raw_read_lock_irqsave", Take(LockClass::RwlockRead)),
    ("_raw_read_trylock", Change(0)),
    ("_raw_read_unlock", Give(LockClass::RwlockRead)),
    ("_raw_read_unlock_bh", Give(LockClass::RwlockRead)),
    ("_raw_read_unlock_irq", Give(LockClass::RwlockRead)),
    ("_raw_read_unlock_irqrestore", Give(LockClass::RwlockRead)),
    ("_raw_write_lock", Take(LockClass::RwlockWrite)),
    ("_raw_write_lock_bh", Take(LockClass::RwlockWrite)),
    ("_raw_write_lock_irq", Take(LockClass::RwlockWrite)),
    ("_raw_write_lock_irqsave", Take(LockClass::RwlockWrite)),
    ("_raw_write_trylock", Change(0)),
    ("_raw_write_unlock", Give(LockClass::RwlockWrite)),
    ("_raw_write_unlock_bh", Give(LockClass::RwlockWrite)),
    ("_raw_write_unlock_irq", Give(LockClass::RwlockWrite)),
    ("_raw_write_unlock_irqrestore", Give(LockClass::RwlockWrite)),
    ("down", Take(LockClass::Semaphore)),
    ("down_interruptible", TakeIn(LockClass::Semaphore, TASK_INTERRUPTIBLE)),
    ("down_killable", TakeIn(LockClass::Semaphore, TASK_WAKEKILL)),
    ("down_timeout", Change(0)),
    ("down_trylock", Change(0)),
    ("up", Change(0)),
    ("down_read", Take(LockClass::RwsemRead)),
    ("down_read_interruptible", TakeIn(LockClass::RwsemRead, TASK_INTERRUPTIBLE)),
    ("down_read_killable", TakeIn(LockClass::RwsemRead, TASK_WAKEKILL)),
    ("down_read_trylock", Change(0)),
    ("up_read", Give(LockClass::RwsemRead)),
    ("down_write", Take(LockClass::RwsemWrite)),
    ("down_write_killable", TakeIn(LockClass::RwsemWrite, TASK_WAKEKILL)),
    ("down_write_trylock", Change(0)),
    ("up_write", Give(LockClass::RwsemWrite)),
    // Initialisers: a thread that was started before them may use what they are about to make.
    ("kloom_init_completion", Change(0)),
    ("__init_waitqueue_head", Change(0)),
    ("__init_swait_queue_head", Change(0)),
    ("__mutex_init", Change(0)),
    ("__raw_spin_lock_init", Change(0)),
    ("__rwlock_init", Change(0)),
    ("__init_rwsem", Change(0)),
    ("kloom_sema_init", Change(0)),
    ("kloom_init_work", Change(0)),
    ("kloom_init_delayed_work", Change(0)),
    ("init_timer_key", Change(0)),
    ("kloom_init_timer_data", Change(0)),
    ("hrtimer_init", Change(0)),
    ("hrtimer_setup", Change(0)),
    ("tasklet_init", Change(0)),
    ("tasklet_setup", Change(0)),
    ("__kthread_init_worker", Change(0)),
    ("kloom_kthread_init_work", Change(0)),
    ("kloom_kthread_init_delayed_work", Change(0)),
    // Tasks.
    ("wake_up_process", Change(0)),
    ("wake_up_state", Change(0)),
    ("kthread_stop", Change(0)),
    ("kthread_stop_put", Change(0)),
    ("kthread_park", Change(0)),
    ("kthread_unpark", Change(0)),
    ("kthread_parkme", ChangeSelf),
    ("kthread_should_stop", LookSelf),
    ("kthread_should_park", LookSelf),
    ("kthread_should_stop_or_park", LookSelf),
    ("kthread_freezable_should_stop", LookSelf),
    ("kthread_exit", ChangeSelf),
    ("do_exit", ChangeSelf),
    ("kthread_complete_and_exit", Change(0)),
    ("complete_and_exit", Change(0)),
    ("kloom_set_current_state", ChangeSelf),
    ("kloom_signal_pending", Look(0)),
    ("kloom_fatal_signal_pending", Look(0)),
    ("kloom_allow_signal", ChangeSelf),
    ("kloom_disallow_signal", ChangeSelf),
    ("kloom_kernel_dequeue_signal", ChangeSelf),
    ("send_sig", Change(1)),
    ("send_sig_info", Change(2)),
    ("force_sig", Change(1)),
    ("flush_signals", Change(0)),
    ("kloom_put_task_struct", Change(0)),
    ("schedule", Pass),
    ("yield", Pass),
    ("schedule_timeout", Sleep),
    ("schedule_timeout_interruptible", Sleep),
    ("schedule_timeout_uninterruptible", Sleep),
    ("schedule_timeout_killable", Sleep),
    ("schedule_timeout_idle", Sleep),
    ("schedule_hrtimeout", Sleep),
    ("schedule_hrtimeout_range", Sleep),
    ("msleep", Sleep),
    ("msleep_interruptible", Sleep),
    ("usleep_range_state", Sleep),
    // Waiting and waking.
    ("complete", Change(0)),
    ("complete_all", Change(0)),
    ("kloom_reinit_completion", Change(0)),
    ("completion_done", Look(0)),
    ("try_wait_for_completion", Change(0)),
    ("wait_for_completion", Change(0)),
    ("wait_for_completion_interruptible", Change(0)),
    ("wait_for_completion_interruptible_timeout", Change(0)),
    ("wait_for_completion_killable", Change(0)),
    ("wait_for_completion_killable_timeout", Change(0)),
    ("wait_for_completion_timeout", Change(0)),
    ("wait_for_completion_io", Change(0)),
    ("__wake_up", Change(0)),
    ("__wake_up_locked", Change(0)),
    ("__wake_up_sync", Change(0)),
    ("__wake_up_sync_key", Change(0)),
    ("prepare_to_wait", Change(0)),
    ("prepare_to_wait_event", Change(0)),
    ("prepare_to_wait_exclusive", Change(0)),
    ("finish_wait", Change(0)),
    ("add_wait_queue", Change(0)),
    ("add_wait_queue_exclusive", Change(0)),
    ("remove_wait_queue", Change(0)),
    ("kloom_waitqueue_active", Look(0)),
    ("swake_up_one", Change(0)),
    ("swake_up_all", Change(0)),
    ("prepare_to_swait_event", Change(0)),
    ("prepare_to_swait_exclusive", Change(0)),
    ("finish_swait", Change(0)),
    ("kloom_wait_on_bit", Change(0)),
    ("kloom_wait_on_bit_lock", Change(0)),
    ("kloom_wait_on_bit_timeout", Change(0)),
    ("wake_up_bit", Change(0)),
    ("wake_up_var", Change(0)),
    // Deferred work.
    ("queue_work_on", Change(2)),
    ("queue_work_node", Change(2)),
    ("queue_delayed_work_on", Change(2)),
    ("mod_delayed_work_on", Change(2)),
    ("flush_work", Change(0)),
    ("flush_delayed_work", Change(0)),
    ("cancel_work", Change(0)),
    ("cancel_work_sync", Change(0)),
    ("cancel_delayed_work", Change(0)),
    ("cancel_delayed_work_sync", Change(0)),
    ("__flush_workqueue", Change(0)),
    ("drain_workqueue", Change(0)),
    ("destroy_workqueue", Change(0)),
    ("kthread_queue_work", Change(1)),
    ("kthread_queue_delayed_work", Change(1)),
    ("kthread_flush_work", Change(0)),
    ("kthread_flush_worker", Change(0)),
    ("kthread_cancel_work_sync", Change(0)),
    ("kthread_cancel_delayed_work_sync", Change(0)),
    ("kthread_destroy_worker", Change(0)),
    ("__tasklet_schedule", Change(0)),
    ("__tasklet_hi_schedule", Change(0)),
    ("tasklet_kill", Change(0)),
    ("kloom_tasklet_disable", Change(0)),
    ("kloom_tasklet_enable", Change(0)),
    ("mod_timer", Change(0)),
    ("mod_timer_pending", Change(0)),
    ("add_timer", Change(0)),
    ("add_timer_on", Change(0)),
    ("timer_reduce", Change(0)),
    ("kloom_timer_pending", Look(0)),
    ("del_timer", Change(0)),
    ("del_timer_sync", Change(0)),
    ("try_to_del_timer_sync", Change(0)),
    ("timer_delete", Change(0)),
    ("timer_delete_sync", Change(0)),
    ("timer_shutdown", Change(0)),
    ("timer_shutdown_sync", Change(0)),
    ("hrtimer_start_range_ns", Change(0)),
    ("hrtimer_cancel", Change(0)),
    ("hrtimer_try_to_cancel", Change(0)),
    ("hrtimer_active", Look(0)),
    ("irq_work_queue", Change(0)),
    ("irq_work_sync", Change(0)),
    ("free_irq", Line(0)),
    ("disable_irq", Line(0)),
    ("disable_irq_nosync", Line(0)),
    ("enable_irq", Line(0)),
    ("synchronize_irq", Line(0)),
    // Ranges of memory, with `--racy`.
    ("memcpy", COPY),
    ("memmove", COPY),
    ("memset", Bytes { to: Some(0), from: &[], size: Some(2) }),
    ("memcmp", Bytes { to: None, from: &[0, 1], size: Some(2) }),
    ("memchr", Bytes { to: None, from: &[0], size: Some(2) }),
    ("kmemdup", Bytes { to: None, from: &[0], size: Some(1) }),
    ("strcpy", TEXT),
    ("strncpy", COPY_TEXT),
    ("strscpy", COPY_TEXT),
    ("strlcpy", COPY_TEXT),
    ("strcmp", COMPARE),
    ("strncmp", COMPARE),
    ("strcasecmp", COMPARE),
    ("strncasecmp", COMPARE),
    ("strstr", COMPARE),
    ("strlen", LOOK),
    ("strnlen", LOOK),
    ("strchr", LOOK),
    ("strrchr", LOOK),
    ("kstrdup", LOOK),
    ("_copy_from_user", Bytes { to: Some(0), from: &[], size: Some(2) }),
    ("_copy_to_user", Bytes { to: None, from: &[1], size: Some(2) }),
    // Read-copy-update: readers are no choice points, their order among each other says nothing.
    ("__rcu_read_lock", Quiet(RCU, Manner::Read)),
    ("__rcu_read_unlock", Quiet(RCU, Manner::Read)),
    ("synchronize_rcu", Global(RCU, Manner::Write)),
    ("synchronize_rcu_expedited", Global(RCU, Manner::Write)),
    ("call_rcu", Global(RCU, Manner::Write)),
    ("kvfree_call_rcu", Global(RCU, Manner::Write)),
    ("rcu_barrier", Global(RCU, Manner::Write)),
    ("call_srcu", Global(RCU, Manner::Write)),
    ("srcu_barrier", Global(RCU, Manner::Write)),
    ("synchronize_srcu", Global(RCU, Manner::Write)),
    ("__srcu_read_lock", Quiet(RCU, Manner::Read)),
    ("__srcu_read_unlock", Quiet(RCU, Manner::Read)),
    // Pointers by number.
    ("idr_alloc", Change(0)),
    ("idr_alloc_u32", Change(0)),
    ("idr_alloc_cyclic", Change(0)),
    ("idr_remove", Change(0)),
    ("idr_replace", Change(0)),
    ("ida_alloc_range", Change(0)),
    ("ida_free", Change(0)),
    ("xa_store", Change(0)),
    ("xa_erase", Change(0)),
    ("kloom_xa_insert", Change(0)),
    ("kloom_xa_alloc", Change(0)),
    ("kloom_xa_alloc_cyclic", Change(0)),
    ("kloom_xa_release", Change(0)),
    ("kloom_xa_cmpxchg", Change(0)),
    ("xa_set_mark", Change(0)),
    ("xa_clear_mark", Change(0)),
    ("idr_find", Look(0)),
    ("idr_for_each", Look(0)),
    ("idr_get_next", Look(0)),
    ("kloom_idr_is_empty", Look(0)),
    ("xa_load", Look(0)),
    ("xa_find", Look(0)),
    ("xa_find_after", Look(0)),
    ("xa_get_mark", Look(0)),
    // Chains of callbacks: their locks are taken inside.
    ("atomic_notifier_chain_register", Change(0)),
    ("atomic_notifier_chain_unregister", Change(0)),
    ("atomic_notifier_call_chain", Look(0)),
    ("blocking_notifier_chain_register", Change(0)),
    ("blocking_notifier_chain_unregister", Change(0)),
    ("blocking_notifier_call_chain", Look(0)),
    ("srcu_notifier_chain_register", Change(0)),
    ("srcu_notifier_chain_unregister", Change(0)),
    ("srcu_notifier_call_chain", Look(0)),
    // Modules and names.
    ("try_module_get", Global(MODULES, Manner::Write)),
    ("module_put", Global(MODULES, Manner::Write)),
    ("__module_put_and_kthread_exit", Global(MODULES, Manner::Write)),
    ("kloom_proc_create", Global(NAMES, Manner::Write)),
    ("kloom_proc_create_fops", Global(NAMES, Manner::Write)),
    ("proc_remove", Global(NAMES, Manner::Write)),
    ("remove_proc_entry", Global(NAMES, Manner::Write)),
    ("misc_register", Global(NAMES, Manner::Write)),
    ("misc_deregister", Global(NAMES, Manner::Write)),
    ("cdev_add", Global(NAMES, Manner::Write)),
    ("cdev_del", Global(NAMES, Manner::Write)),
    ("debugfs_remove", Global(NAMES, Manner::Write)),
    ("sysfs_create_file_ns", Global(NAMES, Manner::Write)),
    ("sysfs_remove_file_ns", Global(NAMES, Manner::Write)),
];

const COPY: What = Bytes { to: Some(0), from: &[1], size: Some(2) };
const TEXT: What = Bytes { to: Some(0), from: &[1], size: None };
const COPY_TEXT: What = TEXT;
const COMPARE: What = Bytes { to: None, from: &[0, 1], size: None };
const LOOK: What = Bytes { to: None, from: &[0], size: None };

/// What a thread that stands at a choice point does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Object and manner, if one is known.
    pub touch: Option<(u64, Manner)>,
    /// The lock it wants: it cannot go on while somebody else has it.
    pub lock: Option<Wanted>,
    /// Where in the module.
    pub site: u64,
}

/// A lock that a thread wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How it takes it.
    pub class: LockClass,
    /// Where it is.
    pub addr: u64,
    /// The bits of the task's state that let a signal end the wait; 0 if none does.
    pub state: u32,
}

/// The stubs of one machine's synchronising functions.
#[derive(Debug)]
pub struct Announced {
    _stubs: Stubs,
    at: rustc_hash::FxHashMap<u64, u64>,
}

impl Announced {
    /// Stubs in front of all functions of [`SYNCHRONISING`] that `find` knows.
    ///
    /// # Errors
    /// The host refuses memory.
    pub fn new(find: impl Fn(&str) -> Option<Target>) -> std::io::Result<Announced> {
        let mut stubs = Stubs::new()?;
        let mut at = rustc_hash::FxHashMap::default();
        for (index, (name, _)) in (0u32..).zip(SYNCHRONISING) {
            if let Some(target) = find(name).filter(|target| target.call == Call::Plain)
                && let Some(stub) = stubs.add(target.addr, index, announce as *const () as u64)
            {
                at.insert(target.addr, stub);
            }
        }
        stubs.seal()?;
        Ok(Announced { _stubs: stubs, at })
    }

    /// The function as a module is to call it.
    pub fn target(&self, target: Target) -> Target {
        Target { addr: self.at.get(&target.addr).copied().unwrap_or(target.addr), call: target.call }
    }
}

/// A module calls the synchronising function number `index`.
extern "C" fn announce(index: u32, args: &[u64; 6]) {
    let ctx = call::ctx();
    if !ctx.exploring.get() {
        return;
    }
    let (name, what) = SYNCHRONISING[index as usize];
    let own = ctx.current.get();
    let arg = |n: u8| args[n as usize];
    let (object, manner) = match what {
        Change(n) => (arg(n), Manner::Write),
        Look(n) => (arg(n), Manner::Read),
        LookSelf => (own, Manner::Read),
        ChangeSelf => (own, Manner::Write),
        Line(n) => (IRQ_LINES + (arg(n) & 0xff), Manner::Write),
        Take(class) | TakeIn(class, _) => (arg(0), taking(class)),
        Give(class) => return note(ctx, arg(0), giving(class)),
        Sleep => (CLOCK, Manner::Read),
        Global(object, manner) => (object, manner),
        Quiet(object, manner) => return note(ctx, object, manner),
        Pass => return choice_point(ctx, None, None),
        Bytes { to, from, size } => {
            if ctx.racy.get() {
                let bytes = |n: u8| size.map_or_else(|| text_size(ctx, arg(n)), arg);
                let read = |n: &u8| arg(*n)..arg(*n).saturating_add(bytes(*n));
                let written = to.map(|n| arg(n)..arg(n).saturating_add(bytes(from.first().copied().unwrap_or(n))));
                range_access(ctx, from.iter().map(read), written);
            }
            return;
        }
    };
    let lock = match what {
        Take(class) => Some(Wanted { class, addr: arg(0), state: 0 }),
        TakeIn(class, state) => Some(Wanted { class, addr: arg(0), state }),
        _ => None,
    };
    choice_point(ctx, Some((object, manner)), lock);
    note_order(ctx, name, what, object);
}

/// The order that a call gives: Linux guards its objects with locks of their own. What takes or wakes says more itself.
fn note_order(ctx: &Ctx, name: &str, what: What, object: u64) {
    // SAFETY: as in `note`.
    let machine = unsafe { &mut *ctx.machine.get().cast::<Machine>() };
    if !machine.kernel.order.on {
        return;
    }
    machine.capture_here();
    match what {
        Change(_) if !UNORDERED.contains(&name) => machine.kernel.acquire_release(object),
        Look(_) if name == "completion_done" || name.starts_with("xa_") || name.starts_with("idr_") => {
            machine.kernel.acquire(object)
        }
        Global(object, manner) => machine.note_global(object, manner),
        _ => {}
    }
}

/// Functions on tasks: the wake-up, stop or park itself is what orders. And those whose callers have to see to it.
const UNORDERED: &[&str] = &[
    "kloom_wait_on_bit",
    "kloom_wait_on_bit_lock",
    "kloom_wait_on_bit_timeout",
    "idr_alloc",
    "idr_alloc_u32",
    "idr_alloc_cyclic",
    "idr_remove",
    "idr_replace",
    "wake_up_process",
    "wake_up_state",
    "kthread_stop",
    "kthread_stop_put",
    "kthread_unpark",
    "send_sig",
    "send_sig_info",
    "force_sig",
    "flush_signals",
    "mutex_trylock",
    "_raw_spin_trylock",
    "_raw_spin_trylock_bh",
    "_raw_read_trylock",
    "_raw_write_trylock",
    "down_read_trylock",
    "down_write_trylock",
];

fn taking(class: LockClass) -> Manner {
    match class {
        LockClass::RwlockRead | LockClass::RwsemRead => Manner::AcquireShared,
        LockClass::Semaphore => Manner::Write,
        _ => Manner::Acquire,
    }
}

fn giving(class: LockClass) -> Manner {
    match class {
        LockClass::RwlockRead | LockClass::RwsemRead => Manner::ReleaseShared,
        LockClass::Semaphore => Manner::Write,
        _ => Manner::Release,
    }
}

fn note(ctx: &Ctx, object: u64, manner: Manner) {
    // SAFETY: the machine outlives its coroutines, and nobody holds a reference to it while module code runs.
    unsafe { (*ctx.machine.get().cast::<Machine>()).kernel.touched.note(object, manner) };
}

/// Notes what a system call of a user task touches; not a choice point, and free of virtual time.
pub fn touch(touches: &[(u64, Manner)]) {
    let ctx = call::ctx();
    if ctx.exploring.get() {
        for &(object, manner) in touches {
            note(ctx, object, manner);
            // SAFETY: as in `note`.
            unsafe { (*ctx.machine.get().cast::<Machine>()).note_global(object, manner) };
        }
    }
}

/// Lets the search decide who goes next; returns when it is this thread's turn.
#[cold]
#[inline(never)]
pub(crate) fn choice_point(ctx: &Ctx, touch: Option<(u64, Manner)>, lock: Option<Wanted>) {
    let site = CallSite::save();
    // SAFETY: as in `note`.
    unsafe {
        (*ctx.machine.get().cast::<Machine>()).pending = Some(Pending { touch, lock, site: ctx.call_site.get() });
    }
    fiber::suspend(ctx, Yield::Choice);
    site.restore();
    if let Some((object, manner)) = touch {
        // With a signal pending it need not wait until the lock is given back: the two steps may change places.
        // SAFETY: as in `note`.
        let ends_by_signal = lock.is_some_and(|wanted| unsafe {
            let kernel = &(*ctx.machine.get().cast::<Machine>()).kernel;
            kernel.ends_by_signal(kernel.current(), wanted.state)
        });
        note(ctx, object, if ends_by_signal { Manner::Write } else { manner });
    }
}

/// The function of a thread, work or callback is over, and what it stood for ends: a choice point, for others can notice
/// `object` until then and not after. It is taken to stand before the function's last instruction: if its code is unloaded
/// meanwhile, it goes on there all the same.
#[inline]
pub(crate) fn ends(object: u64) {
    let ctx = call::ctx();
    if ctx.exploring.get() {
        function_ends(ctx, object);
    }
}

#[cold]
#[inline(never)]
fn function_ends(ctx: &Ctx, object: u64) {
    let last = ctx.returned_at.get();
    ctx.call_site.set(last);
    choice_point(ctx, Some((object, Manner::Write)), None);
    // SAFETY: as in `note`.
    let machine = unsafe { &*ctx.machine.get().cast::<Machine>() };
    let module = machine.module_of(last).map(|(module, _)| module);
    if module.is_some_and(|module| machine.kernel.modules.get(module).is_none()) {
        call::call1(last, 0);
    }
    ctx.returned_at.set(last);
}

/// As [`ends`] for the calling thread.
pub(crate) fn thread_ends() {
    ends(call::ctx().current.get());
}

/// The calling thread needs no module code any more and is about to exit: a choice point.
pub(crate) fn before_exit() {
    let ctx = call::ctx();
    if ctx.exploring.get() {
        call::enter(|machine, current| {
            if let Some(kthread) = machine.kernel.tasks[current].kthread_mut() {
                kthread.leaving = true;
            }
        });
        choice_point(ctx, Some((ctx.current.get(), Manner::Write)), None);
    }
}

/// A marked access of module code: a choice point, unless only its own thread can see the memory.
#[inline]
pub(crate) fn marked_access(ctx: &Ctx, addr: u64, write: bool) {
    if !ctx.exploring.get() {
        return;
    }
    // Of its own stack the compiler announces only what others may have been given a pointer to.
    let stack = ctx.stack_floor.get()..ctx.stack_top.get();
    if stack.contains(&addr) && !ctx.racy.get() {
        return;
    }
    // SAFETY: as in `note`.
    let object = unsafe { (*ctx.machine.get().cast::<Machine>()).shared_object(addr) };
    choice_point(ctx, Some((object, if write { Manner::Write } else { Manner::Read })), None);
}

/// How many bytes a text has with its end, or less if it cannot be read.
fn text_size(ctx: &Ctx, addr: u64) -> u64 {
    // SAFETY: as in `note`.
    let machine = unsafe { &*ctx.machine.get().cast::<Machine>() };
    let ends = |at: &u64| {
        let mut byte = [0];
        machine.arena.read(addr.wrapping_add(*at), &mut byte).is_err() || byte == [0]
    };
    (0..RANGE_MOST).find(ends).map_or(RANGE_MOST, |at| at + 1)
}

/// A plain access to ranges of memory, with `--racy`: one choice point, then all their words are touched.
pub(crate) fn range_access(ctx: &Ctx, read: impl Iterator<Item = Range<u64>> + Clone, written: Option<Range<u64>>) {
    let words = |range: Range<u64>| (range.start & !7..range.end.min(range.start + RANGE_MOST)).step_by(8);
    let touches = || {
        let writes = written.clone().into_iter().flat_map(words).map(|word| (word, Manner::Write));
        writes.chain(read.clone().flat_map(words).map(|word| (word, Manner::Read)))
    };
    let Some(first) = touches().next() else { return };
    choice_point(ctx, Some(first), None);
    for (object, manner) in touches() {
        note(ctx, object, manner);
    }
}

/// Bytes of a range that are looked at: what lies behind counts as untouched.
const RANGE_MOST: u64 = 4096;

impl Machine {
    /// The order that an operation on something of the whole machine gives.
    fn note_global(&mut self, object: u64, manner: Manner) {
        self.kernel.acquire(object);
        if manner != Manner::Read {
            if object != RCU {
                self.kernel.acquire(FILE_CALLS);
            }
            self.kernel.release(object);
        }
    }

    /// The object a word belongs to: a task for its `task_struct`, the clock for `jiffies`, else the word itself.
    fn shared_object(&self, addr: u64) -> u64 {
        if addr & !7 == self.kdata.jiffies {
            return CLOCK;
        }
        if let Some(task) = self.arena.task_of(addr) {
            return task;
        }
        addr & !7
    }

    /// Whether the wait of a thread for a lock is over: the thread could take it, or a signal sends it away.
    pub fn lock_is_free(&self, wanted: Wanted, task: TaskId) -> bool {
        self.could_take(wanted, task) || self.kernel.ends_by_signal(task, wanted.state)
    }

    /// Whether the lock a thread waits for could be taken by it.
    fn could_take(&self, wanted: Wanted, task: TaskId) -> bool {
        let Wanted { class, addr, .. } = wanted;
        let magic = match class {
            LockClass::Spinlock => Magic::Spinlock,
            LockClass::RwlockRead | LockClass::RwlockWrite => Magic::Rwlock,
            LockClass::Mutex => Magic::Mutex,
            LockClass::Semaphore => Magic::Semaphore,
            LockClass::RwsemRead | LockClass::RwsemWrite => Magic::Rwsem,
            LockClass::Rcu | LockClass::Srcu => return true,
        };
        self.kernel.lock_is_free(class, self.old_handle(addr, magic), task)
    }
}
