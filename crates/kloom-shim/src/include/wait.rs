//! C header: include/linux/wait.h, include/linux/wait_bit.h.
//!
//! The kernel's table holds the queues in wake order; the C list in head and entries mirrors it, for code that looks at
//! it. `flags`, `private` and `func` of an entry are the module's and read anew at each wake-up. The spinlock in the head
//! is taken where that can be told: while someone holds it, and while a wake function of the module runs.

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;
use kloom_kernel::fault::{Fault, WaitEntryPlace};
use kloom_kernel::order::How;
use kloom_kernel::site::RawEvent;
use kloom_kernel::task::{BlockedOn, TaskId};
use kloom_kernel::touch::Manner;
use kloom_kernel::wait::{WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN, WaitEntry, WakeFunc, WakeWalk};

use super::sched::{schedule, schedule_timeout};
use super::spinlock::{
    _raw_spin_lock, _raw_spin_lock_irq, _raw_spin_unlock, _raw_spin_unlock_irq, lock_irqsave, unlock_irqrestore,
};
use crate::Machine;
use crate::call::{call4, enter, might_sleep};
use crate::object::Magic;
use crate::oops::or_oops;

/// Offsets in `struct wait_queue_head`.
const LOCK: u64 = 8;
const HEAD: u64 = 16;
/// Offsets in `struct wait_queue_entry`, and its size.
const FLAGS: u64 = 8;
const PRIVATE: u64 = 16;
const FUNC: u64 = 24;
const LINK: u64 = 32;
const ENTRY_SIZE: u64 = 48;

fn queue(machine: &mut Machine, head: u64, func: &'static str) -> Result<u32, Fault> {
    let place = head.wrapping_sub(machine.kdata.wait_table) / (HEAD + 16);
    if place < crate::export::WAIT_TABLE_QUEUES {
        let index = place as usize;
        if machine.kdata.wait_handles[index] == 0 {
            machine.kdata.wait_handles[index] = machine.kernel.waits.register(head, "__var_waitqueue".to_string());
        }
        return Ok(machine.kdata.wait_handles[index]);
    }
    machine.handle(head, Magic::WaitQueueHead, func, |machine, name| machine.kernel.waits.register(head, name))
}

impl Machine {
    fn wake_func(&self, func: u64) -> WakeFunc {
        match self.export_name(func) {
            Some("default_wake_function") => WakeFunc::Default,
            Some("autoremove_wake_function") => WakeFunc::Autoremove,
            _ => WakeFunc::Other(func),
        }
    }

    /// An entry as its C object says now.
    fn wait_entry(&mut self, addr: u64, func: &'static str) -> Result<WaitEntry, Fault> {
        self.check_access(addr, ENTRY_SIZE, true)?;
        if self.peek_u32(addr) != Magic::WaitQueueEntry as u32 {
            self.report_once(Fault::UninitObject { kind: Magic::WaitQueueEntry.type_name(), addr, func });
            self.poke_u32(addr, Magic::WaitQueueEntry as u32);
            self.poke_u32(addr + 4, 0);
        }
        let task = self.arena.task_slot(self.peek_u64(addr + PRIVATE)).map(TaskId);
        let task = task.filter(|&task| self.kernel.tasks.get(task).is_some());
        let func = self.wake_func(self.peek_u64(addr + FUNC));
        Ok(WaitEntry { addr, task, flags: self.peek_u32(addr + FLAGS), func, queued: self.kernel.event_here() })
    }

    /// Sets and clears flags of a C entry.
    fn entry_flags(&mut self, addr: u64, set: u32, clear: u32) -> Result<(), Fault> {
        self.check_access(addr, ENTRY_SIZE, true)?;
        let flags = self.peek_u32(addr + FLAGS) & !clear | set;
        self.poke_u32(addr + FLAGS, flags);
        Ok(())
    }

    /// Whether the kernel has the entry in the queue.
    fn is_waiting(&self, queue: u32, addr: u64) -> bool {
        self.kernel.waits.is_queued(addr)
            && self.kernel.waits.get(queue).is_some_and(|queue| queue.position(addr).is_some())
    }

    /// The C list node of a queue's entry: the head when out of range. Entries the kernel made itself have none.
    fn mirror_links(&mut self, head: u64, queue: u32, addr: u64) {
        let Some(waiting) = self.kernel.waits.get(queue) else { return };
        let Some(at) = waiting.position(addr) else { return };
        let is_c = |entry: &&WaitEntry| self.arena.task_slot(entry.addr).is_none();
        let prev = waiting.entries.range(..at).rev().find(is_c).map_or(head + HEAD, |entry| entry.addr + LINK);
        let next = waiting.entries.range(at + 1..).find(is_c).map_or(head + HEAD, |entry| entry.addr + LINK);
        let node = addr + LINK;
        self.poke_u64(node, next);
        self.poke_u64(node + 8, prev);
        self.poke_u64(prev, node);
        self.poke_u64(next + 8, node);
        self.poke_u32(addr + 4, queue);
    }

    /// `list_del_init()` on the C entry.
    fn mirror_removed(&mut self, addr: u64) {
        if self.arena.task_slot(addr).is_some() {
            return;
        }
        let node = addr + LINK;
        let (next, prev) = (self.peek_u64(node), self.peek_u64(node + 8));
        if self.peek_u64(prev) == node && self.peek_u64(next + 8) == node {
            self.poke_u64(prev, next);
            self.poke_u64(next + 8, prev);
        }
        self.poke_u64(node, node);
        self.poke_u64(node + 8, node);
        self.poke_u32(addr + 4, 0);
    }

    /// Reports and takes out entries whose stack frame is gone; Linux would follow what is there now.
    fn drop_dead_entries(&mut self, queue: u32) {
        let Some(waiting) = self.kernel.waits.get(queue).filter(|queue| !queue.entries.is_empty()) else { return };
        let head = waiting.addr;
        let dead: Vec<(u64, RawEvent)> = waiting
            .entries
            .iter()
            .filter(|entry| self.arena.task_slot(entry.addr).is_none() && self.in_dead_frame(entry.addr))
            .map(|entry| (entry.addr, entry.queued))
            .collect();
        for (entry, queued) in dead {
            self.kernel.remove_wait_entry(queue, entry);
            self.report_once(Fault::WaitEntryLeft { queue: head, entry, queued, place: WaitEntryPlace::DeadFrame });
        }
    }

    fn add_entry(&mut self, head: u64, queue: u32, entry: WaitEntry) -> bool {
        let addr = entry.addr;
        let added = self.kernel.add_wait_entry(queue, entry);
        if added {
            self.mirror_links(head, queue, addr);
        }
        added
    }

    fn remove_entry(&mut self, queue: u32, addr: u64) -> bool {
        let removed = self.kernel.remove_wait_entry(queue, addr);
        if removed {
            self.mirror_removed(addr);
        }
        removed
    }

    /// The handle of the head's own spinlock if someone holds it.
    fn head_lock(&self, head: u64) -> Option<u32> {
        if self.peek_u32(head + LOCK) != Magic::Spinlock as u32 {
            return None;
        }
        Some(self.peek_u32(head + LOCK + 4)).filter(|&handle| handle != 0 && self.kernel.spin_is_locked(handle))
    }

    /// Reads every entry of a queue anew from its C object.
    fn refresh(&mut self, queue: u32, func: &'static str) -> Result<bool, Fault> {
        self.drop_dead_entries(queue);
        let count = self.kernel.waits.get(queue).map_or(0, |queue| queue.entries.len());
        let mut foreign = false;
        for index in 0..count {
            let Some(addr) = self.kernel.waits.get(queue).map(|queue| queue.entries[index].addr) else { break };
            if self.arena.task_slot(addr).is_some() {
                continue;
            }
            let now = self.wait_entry(addr, func)?;
            foreign |= matches!(now.func, WakeFunc::Other(_));
            if now.task.is_none() && !matches!(now.func, WakeFunc::Other(_)) {
                let private = self.peek_u64(addr + PRIVATE);
                self.task_from(private, func)?;
            }
            if let Some(queue) = self.kernel.waits.get_mut(queue) {
                let entry = &mut queue.entries[index];
                (entry.task, entry.flags, entry.func) = (now.task, now.flags, now.func);
            }
        }
        Ok(foreign)
    }
}

/// What an operation does about the head's lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locking {
    /// Takes it.
    Takes,
    /// The caller may hold it already (`__add_wait_queue()`).
    MayHold,
}

/// Runs an operation on a queue under the head's lock. Alone it is atomic; only when someone holds the lock must it wait.
fn with_queue<T: Copy>(
    head: u64,
    func: &'static str,
    locking: Locking,
    f: impl Fn(&mut Machine, TaskId, u32) -> Result<T, Fault>,
) -> T {
    let done = or_oops(enter(|machine, current| {
        let queue = queue(machine, head, func)?;
        if let Some(lock) = machine.head_lock(head)
            && !(locking == Locking::MayHold && machine.kernel.spin_held_by(lock, current))
        {
            return Ok(None);
        }
        f(machine, current, queue).map(Some)
    }));
    if let Some(value) = done {
        return value;
    }
    let flags = lock_irqsave(head + LOCK, func);
    let value = or_oops(enter(|machine, current| {
        let queue = queue(machine, head, func)?;
        f(machine, current, queue)
    }));
    unlock_irqrestore(head + LOCK, flags, func);
    value
}

/// `init_waitqueue_head()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __init_waitqueue_head(head: u64, name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(head, HEAD + 16, true)?;
        machine.report_reinit(head, Magic::WaitQueueHead);
        let old = machine.old_handle(head, Magic::WaitQueueHead);
        if machine.kernel.waits.get(old).is_some_and(|queue| queue.addr == head && queue.entries.is_empty()) {
            machine.kernel.waits.forget(old);
        }
        let name = machine.init_name(head, name);
        let handle = machine.kernel.waits.register(head, name);
        machine.init_object(head + LOCK, Magic::Spinlock, 0)?;
        machine.poke_u64(head + HEAD, head + HEAD);
        machine.poke_u64(head + HEAD + 8, head + HEAD);
        machine.init_object(head, Magic::WaitQueueHead, handle)
    }));
}

/// `init_wait_entry()`: for the caller, with `autoremove_wake_function()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn init_wait_entry(entry: u64, flags: i32) {
    or_oops(enter(|machine, current| {
        machine.check_access(entry, ENTRY_SIZE, true)?;
        let task = machine.kernel.tasks[current].addr;
        machine.init_object(entry, Magic::WaitQueueEntry, 0)?;
        machine.poke_u32(entry + FLAGS, flags as u32);
        machine.poke_u64(entry + PRIVATE, task);
        machine.poke_u64(entry + FUNC, autoremove_wake_function as *const () as u64);
        machine.poke_u64(entry + LINK, entry + LINK);
        machine.poke_u64(entry + LINK + 8, entry + LINK);
        Ok(())
    }));
}

fn add(head: u64, entry: u64, set: u32, clear: u32, func: &'static str) {
    with_queue(head, func, Locking::MayHold, |machine, _, queue| {
        machine.entry_flags(entry, set, clear)?;
        let entry = machine.wait_entry(entry, func)?;
        if !machine.add_entry(head, queue, entry) {
            machine.report_once(Fault::BadList { why: format!("{func}() of an entry that is in the queue already") });
        }
        Ok(())
    });
}

/// `add_wait_queue()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_wait_queue(head: u64, entry: u64) {
    add(head, entry, 0, WQ_FLAG_EXCLUSIVE, "add_wait_queue");
}

/// `add_wait_queue_exclusive()`: at the end.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_wait_queue_exclusive(head: u64, entry: u64) {
    add(head, entry, WQ_FLAG_EXCLUSIVE, 0, "add_wait_queue_exclusive");
}

/// `add_wait_queue_priority()`: in front of all others.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_wait_queue_priority(head: u64, entry: u64) {
    add(head, entry, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY, 0, "add_wait_queue_priority");
}

/// `remove_wait_queue()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn remove_wait_queue(head: u64, entry: u64) {
    with_queue(head, "remove_wait_queue", Locking::MayHold, |machine, _, queue| {
        machine.check_access(entry, ENTRY_SIZE, true)?;
        if !machine.remove_entry(queue, entry) && machine.peek_u64(entry + LINK) == 0 {
            machine.report_once(Fault::BadList {
                why: "remove_wait_queue() of an entry that was never added".to_string(),
            });
        }
        Ok(())
    });
}

/// Sets the caller's state and what it waits for.
fn set_waiting(machine: &mut Machine, current: TaskId, queue: u32, state: u32) {
    machine.kernel.tasks[current].c.set_task_state(state);
    if state != TASK_RUNNING {
        machine.kernel.block_on(current, BlockedOn::WaitQueue(queue));
    }
}

/// `prepare_to_wait()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_to_wait(head: u64, entry: u64, state: i32) {
    with_queue(head, "prepare_to_wait", Locking::Takes, |machine, current, queue| {
        machine.entry_flags(entry, 0, WQ_FLAG_EXCLUSIVE)?;
        let entry = machine.wait_entry(entry, "prepare_to_wait")?;
        machine.add_entry(head, queue, entry);
        set_waiting(machine, current, queue, state as u32);
        Ok(())
    });
}

/// `prepare_to_wait_exclusive()`: true if the queue was empty.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_to_wait_exclusive(head: u64, entry: u64, state: i32) -> bool {
    with_queue(head, "prepare_to_wait_exclusive", Locking::Takes, |machine, current, queue| {
        machine.entry_flags(entry, WQ_FLAG_EXCLUSIVE, 0)?;
        let was_empty = machine.kernel.waits.get(queue).is_some_and(|queue| queue.entries.is_empty());
        let entry = machine.wait_entry(entry, "prepare_to_wait_exclusive")?;
        machine.add_entry(head, queue, entry);
        set_waiting(machine, current, queue, state as u32);
        Ok(was_empty)
    })
}

/// `prepare_to_wait_event()`: 0, or `-ERESTARTSYS` and not queued when a signal forbids the sleep.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_to_wait_event(head: u64, entry: u64, state: i32) -> i64 {
    with_queue(head, "prepare_to_wait_event", Locking::Takes, |machine, current, queue| {
        let c_entry = machine.wait_entry(entry, "prepare_to_wait_event")?;
        let result = machine.kernel.prepare_to_wait(current, queue, c_entry, state as u32, true);
        if machine.is_waiting(queue, entry) {
            machine.mirror_links(head, queue, entry);
        } else {
            machine.mirror_removed(entry);
        }
        Ok(result)
    })
}

/// `finish_wait()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn finish_wait(head: u64, entry: u64) {
    let queued = or_oops(enter(|machine, current| {
        machine.kernel.tasks[current].c.set_task_state(TASK_RUNNING);
        machine.kernel.tasks[current].blocked_on = BlockedOn::Nothing;
        let queue = queue(machine, head, "finish_wait")?;
        machine.check_access(entry, ENTRY_SIZE, true)?;
        Ok(machine.is_waiting(queue, entry))
    }));
    if queued {
        with_queue(head, "finish_wait", Locking::Takes, |machine, current, queue| {
            machine.kernel.finish_wait(current, queue, entry);
            machine.mirror_removed(entry);
            Ok(())
        });
    }
}

/// `waitqueue_active()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_waitqueue_active(head: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let queue = queue(machine, head, "waitqueue_active")?;
        Ok(i32::from(machine.kernel.waits.get(queue).is_some_and(|queue| !queue.entries.is_empty())))
    }))
}

/// `default_wake_function()`: 1 if it woke `entry->private`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn default_wake_function(entry: u64, mode: u32, _flags: i32, _key: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(entry, ENTRY_SIZE, true)?;
        let private = machine.peek_u64(entry + PRIVATE);
        let task = machine.task_from(private, "default_wake_function")?;
        Ok(i32::from(machine.kernel.try_to_wake_up(task, mode)))
    }))
}

/// `autoremove_wake_function()`: takes the entry out of its queue if it woke the task.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn autoremove_wake_function(entry: u64, mode: u32, flags: i32, key: u64) -> i32 {
    let woken = default_wake_function(entry, mode, flags, key);
    if woken != 0 {
        enter(|machine, _| {
            let queue = machine.peek_u32(entry + 4);
            machine.remove_entry(queue, entry);
        });
    }
    woken
}

/// `woken_wake_function()`: marks the entry and wakes its task.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn woken_wake_function(entry: u64, mode: u32, flags: i32, key: u64) -> i32 {
    or_oops(enter(|machine, _| machine.entry_flags(entry, WQ_FLAG_WOKEN, 0)));
    default_wake_function(entry, mode, flags, key)
}

/// `wait_woken()`: jiffies left.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_woken(entry: u64, mode: u32, timeout: i64) -> i64 {
    might_sleep("wait_woken");
    let sleep = or_oops(enter(|machine, current| {
        machine.check_access(entry, ENTRY_SIZE, true)?;
        machine.kernel.tasks[current].c.set_task_state(mode);
        let stop = machine.kernel.tasks[current].kthread().is_some() && machine.kernel.kthread_should_stop(current);
        Ok(machine.peek_u32(entry + FLAGS) & WQ_FLAG_WOKEN == 0 && !stop)
    }));
    let left = if sleep { schedule_timeout(timeout) } else { timeout };
    or_oops(enter(|machine, current| {
        machine.kernel.tasks[current].c.set_task_state(TASK_RUNNING);
        machine.entry_flags(entry, 0, WQ_FLAG_WOKEN)
    }));
    left
}

/// Wakes a queue; see the module docs about the lock and the module's own functions.
fn wake(head: u64, mode: u32, nr: i32, key: u64, locked: bool, func: &'static str) {
    let done = or_oops(enter(|machine, _| {
        let queue = queue(machine, head, func)?;
        if machine.kernel.waits.get(queue).is_none_or(|queue| queue.entries.is_empty())
            && (locked || machine.head_lock(head).is_none())
        {
            machine.kernel.note_unheeded(queue);
            return Ok(true);
        }
        if machine.refresh(queue, func)? || (!locked && machine.head_lock(head).is_some()) {
            return Ok(false);
        }
        let mut walk = machine.kernel.wake_begin(queue, nr);
        wake_some(machine, queue, mode, &mut walk);
        Ok(true)
    }));
    if done {
        return;
    }
    let flags = if locked { 0 } else { lock_irqsave(head + LOCK, func) };
    let mut walk: Option<WakeWalk> = None;
    loop {
        let call = or_oops(enter(|machine, _| {
            let queue = queue(machine, head, func)?;
            let mut at = match walk {
                Some(at) => at,
                None => {
                    machine.refresh(queue, func)?;
                    machine.kernel.wake_begin(queue, nr)
                }
            };
            let call = wake_some(machine, queue, mode, &mut at);
            walk = Some(at);
            Ok(call)
        }));
        let Some((function, entry)) = call else { break };
        let result = call4(function, [entry, u64::from(mode), 0, key]) as i32;
        if let Some(walk) = &mut walk {
            walk.called(result);
        }
    }
    if !locked {
        unlock_irqrestore(head + LOCK, flags, func);
    }
}

fn wake_some(machine: &mut Machine, queue: u32, mode: u32, walk: &mut WakeWalk) -> Option<(u64, u64)> {
    let mut removed = Vec::new();
    let call = machine.kernel.wake_next(queue, mode, walk, &mut removed);
    for addr in removed {
        machine.mirror_removed(addr);
    }
    call
}

/// `__wake_up()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __wake_up(head: u64, mode: u32, nr: i32, key: u64) {
    wake(head, mode, nr, key, false, "wake_up");
}

/// `__wake_up_sync()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __wake_up_sync(head: u64, mode: u32) {
    wake(head, mode, 1, 0, false, "wake_up_sync");
}

/// `__wake_up_sync_key()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __wake_up_sync_key(head: u64, mode: u32, key: u64) {
    wake(head, mode, 1, key, false, "wake_up_sync");
}

/// `__wake_up_locked()`: the caller holds the head's lock.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __wake_up_locked(head: u64, mode: u32, nr: i32) {
    wake(head, mode, nr, 0, true, "wake_up_locked");
}

/// `__wake_up_locked_key()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __wake_up_locked_key(head: u64, mode: u32, key: u64) {
    wake(head, mode, 1, key, true, "wake_up_locked");
}

fn wait_locked(head: u64, entry: u64, irq: bool) -> i64 {
    let result = or_oops(enter(|machine, current| {
        let queue = queue(machine, head, "do_wait_intr")?;
        let c_entry = WaitEntry { flags: WQ_FLAG_EXCLUSIVE, ..machine.wait_entry(entry, "do_wait_intr")? };
        machine.add_entry(head, queue, c_entry);
        set_waiting(machine, current, queue, TASK_INTERRUPTIBLE);
        Ok(if machine.kernel.signal_pending(current) { Errno::ERESTARTSYS.to_c() } else { 0 })
    }));
    if result != 0 {
        return result;
    }
    if irq {
        _raw_spin_unlock_irq(head + LOCK)
    } else {
        _raw_spin_unlock(head + LOCK)
    }
    schedule();
    if irq {
        _raw_spin_lock_irq(head + LOCK)
    } else {
        _raw_spin_lock(head + LOCK)
    }
    0
}

/// `do_wait_intr()`: one interruptible sleep with the head's lock dropped meanwhile.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn do_wait_intr(head: u64, entry: u64) -> i64 {
    wait_locked(head, entry, false)
}

/// `do_wait_intr_irq()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn do_wait_intr_irq(head: u64, entry: u64) -> i64 {
    wait_locked(head, entry, true)
}

/// The family of `sleep_on()`, dropped in 3.15. The entry is the kernel's own; the task's address names it.
fn sleep_on_common(head: u64, state: u32, timeout: i64, name: &'static str) -> i64 {
    might_sleep(name);
    with_queue(head, name, Locking::Takes, |machine, current, queue| {
        machine.note_removed(
            name,
            match (state == TASK_INTERRUPTIBLE, name.ends_with("_timeout")) {
                (true, true) => "wait_event_interruptible_timeout()",
                (true, false) => "wait_event_interruptible()",
                (false, true) => "wait_event_timeout()",
                (false, false) => "wait_event()",
            },
        );
        let addr = machine.kernel.tasks[current].addr;
        let queued = machine.kernel.event_here();
        machine
            .kernel
            .add_wait_entry(queue, WaitEntry { addr, task: Some(current), flags: 0, func: WakeFunc::Default, queued });
        set_waiting(machine, current, queue, state);
        Ok(())
    });
    let left = if timeout == MAX_SCHEDULE_TIMEOUT {
        schedule();
        timeout
    } else {
        schedule_timeout(timeout)
    };
    with_queue(head, name, Locking::Takes, |machine, current, queue| {
        let addr = machine.kernel.tasks[current].addr;
        machine.kernel.remove_wait_entry(queue, addr);
        Ok(())
    });
    left
}

/// `sleep_on()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sleep_on(head: u64) {
    sleep_on_common(head, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, "sleep_on");
}

/// `interruptible_sleep_on()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn interruptible_sleep_on(head: u64) {
    sleep_on_common(head, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, "interruptible_sleep_on");
}

/// `sleep_on_timeout()`: jiffies left.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sleep_on_timeout(head: u64, timeout: i64) -> i64 {
    sleep_on_common(head, TASK_UNINTERRUPTIBLE, timeout, "sleep_on_timeout")
}

/// `interruptible_sleep_on_timeout()`: jiffies left.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn interruptible_sleep_on_timeout(head: u64, timeout: i64) -> i64 {
    sleep_on_common(head, TASK_INTERRUPTIBLE, timeout, "interruptible_sleep_on_timeout")
}

/// `__var_waitqueue()`: the queue for waiters on the word at `addr`, one of a small table by hash.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __var_waitqueue(addr: u64) -> u64 {
    enter(|machine, _| machine.kdata.wait_table + (addr >> 3) % crate::export::WAIT_TABLE_QUEUES * (HEAD + 16))
}

/// `wake_up_var()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn wake_up_var(addr: u64) {
    wake(bit_queue(addr), TASK_NORMAL, 0, addr, false, "wake_up_var");
}

/// `wake_up_bit()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn wake_up_bit(word: u64, _bit: i32) {
    wake(bit_queue(word), TASK_NORMAL, 0, word, false, "wake_up_bit");
}

/// The queue of those who wait for a word. For a search: whether somebody stands there already is a matter of order.
fn bit_queue(word: u64) -> u64 {
    let head = __var_waitqueue(word);
    enter(|machine, _| machine.kernel.touched.note(head, Manner::Write));
    head
}

/// Waits until the bit is clear, and sets it if asked to: 0, `-EINTR` on a signal, `-EAGAIN` on timeout.
fn wait_bit(word: u64, bit: i32, mode: u32, timeout: i64, take: bool) -> i32 {
    might_sleep("wait_on_bit");
    let head = bit_queue(word);
    let addr = word + (bit as u64 / 64) * 8;
    let mask = 1u64 << (bit & 63);
    let mut left = timeout;
    loop {
        let done = with_queue(head, "wait_on_bit", Locking::Takes, |machine, current, queue| {
            machine.check_access(addr, 8, take)?;
            machine.kernel.touched.note(head, Manner::Write);
            machine.kernel.touched.note(addr & !7, if take { Manner::Write } else { Manner::Read });
            // test_bit_acquire() and test_and_set_bit_lock(): include/linux/wait_bit.h, 6.1.
            machine.marked_access(addr, How { read: true, write: take, marked: true, acquire: true, release: false });
            let value = machine.peek_u64(addr);
            let me = machine.kernel.tasks[current].addr;
            let result = if value & mask == 0 {
                if take {
                    machine.poke_u64(addr, value | mask);
                }
                Some(0)
            } else if machine.kernel.signal_pending_state(current, mode) {
                Some(-Errno::EINTR.0)
            } else if left == 0 {
                Some(-Errno::EAGAIN.0)
            } else {
                None
            };
            if result.is_some() {
                machine.kernel.finish_wait(current, queue, me);
            } else {
                let queued = machine.kernel.event_here();
                let entry = WaitEntry { addr: me, task: Some(current), flags: 0, func: WakeFunc::Default, queued };
                machine.kernel.add_wait_entry(queue, entry);
                set_waiting(machine, current, queue, mode);
            }
            Ok(result)
        });
        if let Some(result) = done {
            return result;
        }
        if timeout == MAX_SCHEDULE_TIMEOUT { schedule() } else { left = schedule_timeout(left) }
    }
}

/// `wait_on_bit()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_wait_on_bit(word: u64, bit: i32, mode: u32) -> i32 {
    wait_bit(word, bit, mode, MAX_SCHEDULE_TIMEOUT, false)
}

/// `wait_on_bit_lock()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_wait_on_bit_lock(word: u64, bit: i32, mode: u32) -> i32 {
    wait_bit(word, bit, mode, MAX_SCHEDULE_TIMEOUT, true)
}

/// `wait_on_bit_timeout()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_wait_on_bit_timeout(word: u64, bit: i32, mode: u32, timeout: u64) -> i32 {
    wait_bit(word, bit, mode, timeout as i64, false)
}

crate::exports![
    plain: __init_waitqueue_head, init_wait_entry, add_wait_queue, add_wait_queue_exclusive, add_wait_queue_priority,
        remove_wait_queue, prepare_to_wait, prepare_to_wait_exclusive, prepare_to_wait_event, finish_wait,
        kloom_waitqueue_active, default_wake_function, autoremove_wake_function, woken_wake_function, wait_woken, __wake_up,
        __wake_up_sync, __wake_up_sync_key, __wake_up_locked, __wake_up_locked_key, do_wait_intr, do_wait_intr_irq, sleep_on,
        interruptible_sleep_on, sleep_on_timeout, interruptible_sleep_on_timeout, __var_waitqueue, wake_up_var, wake_up_bit,
        kloom_wait_on_bit, kloom_wait_on_bit_lock, kloom_wait_on_bit_timeout;
    variadic: ;
    named:
];
