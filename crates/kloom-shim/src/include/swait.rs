//! C header: include/linux/swait.h. A simple wait queue is a wait queue whose entries are woken in order, each taken out.

use kloom_abi::sched::{TASK_NORMAL, TASK_RUNNING};
use kloom_kernel::fault::Fault;
use kloom_kernel::task::{BlockedOn, TaskId};
use kloom_kernel::wait::{WQ_FLAG_EXCLUSIVE, WaitEntry, WakeFunc};

use crate::Machine;
use crate::call::enter;
use crate::object::Magic;
use crate::oops::or_oops;

/// Offset of `task_list` in `struct swait_queue_head`; of `task` in `struct swait_queue`, and its size.
const LIST: u64 = 16;
const TASK: u64 = 8;
const ENTRY_SIZE: u64 = 32;

fn queue(machine: &mut Machine, head: u64, func: &'static str) -> Result<u32, Fault> {
    machine.handle(head, Magic::SwaitQueueHead, func, |machine, name| machine.kernel.waits.register(head, name))
}

/// `init_swait_queue_head()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __init_swait_queue_head(head: u64, name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(head, LIST + 16, true)?;
        let old = machine.old_handle(head, Magic::SwaitQueueHead);
        if machine.kernel.waits.get(old).is_some_and(|queue| queue.addr == head && queue.entries.is_empty()) {
            machine.kernel.waits.forget(old);
        }
        let name = machine.init_name(head, name);
        let handle = machine.kernel.waits.register(head, name);
        machine.poke_u64(head + LIST, head + LIST);
        machine.poke_u64(head + LIST + 8, head + LIST);
        machine.init_object(head, Magic::SwaitQueueHead, handle)
    }));
}

fn wake(head: u64, nr: i32, func: &'static str) {
    or_oops(enter(|machine, _| {
        let handle = queue(machine, head, func)?;
        let mut left = nr;
        while left != 0
            && let Some(entry) = machine.kernel.waits.get(handle).and_then(|queue| queue.entries.front())
        {
            let (addr, task) = (entry.addr, entry.task);
            machine.check_access(addr, ENTRY_SIZE, true)?;
            if let Some(task) = task {
                machine.kernel.try_to_wake_up(task, TASK_NORMAL);
            }
            machine.kernel.remove_wait_entry(handle, addr);
            left -= 1;
        }
        Ok(())
    }));
}

/// `swake_up_one()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn swake_up_one(head: u64) {
    wake(head, 1, "swake_up_one");
}

/// `swake_up_all()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn swake_up_all(head: u64) {
    wake(head, -1, "swake_up_all");
}

fn prepare(head: u64, wait: u64, state: i32, check_signals: bool, func: &'static str) -> i64 {
    or_oops(enter(|machine, current| {
        let handle = queue(machine, head, func)?;
        machine.check_access(wait, ENTRY_SIZE, true)?;
        let named = machine.peek_u64(wait + TASK);
        let task = if named == 0 { current } else { machine.task_from(named, func)? };
        let queued = machine.kernel.event_here();
        let entry =
            WaitEntry { addr: wait, task: Some(task), flags: WQ_FLAG_EXCLUSIVE, func: WakeFunc::Autoremove, queued };
        Ok(machine.kernel.prepare_to_wait(current, handle, entry, state as u32, check_signals))
    }))
}

/// `prepare_to_swait_exclusive()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_to_swait_exclusive(head: u64, wait: u64, state: i32) {
    prepare(head, wait, state, false, "prepare_to_swait_exclusive");
}

/// `prepare_to_swait_event()`: 0 or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_to_swait_event(head: u64, wait: u64, state: i32) -> i64 {
    prepare(head, wait, state, true, "prepare_to_swait_event")
}

fn finish(machine: &mut Machine, current: TaskId, head: u64, wait: u64) -> Result<(), Fault> {
    machine.kernel.tasks[current].c.set_task_state(TASK_RUNNING);
    machine.kernel.tasks[current].blocked_on = BlockedOn::Nothing;
    let handle = queue(machine, head, "finish_swait")?;
    machine.kernel.finish_wait(current, handle, wait);
    Ok(())
}

/// `finish_swait()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn finish_swait(head: u64, wait: u64) {
    or_oops(enter(|machine, current| finish(machine, current, head, wait)));
}

/// `swait_active()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_swait_active(head: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = queue(machine, head, "swait_active")?;
        Ok(i32::from(machine.kernel.waits.get(handle).is_some_and(|queue| !queue.entries.is_empty())))
    }))
}

crate::exports![
    plain: __init_swait_queue_head, swake_up_one, swake_up_all, prepare_to_swait_exclusive, prepare_to_swait_event,
        finish_swait, kloom_swait_active;
    variadic: ;
    named:
];
