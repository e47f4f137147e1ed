//! C header: include/linux/completion.h.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;
use kloom_kernel::fault::Fault;

use crate::Machine;
use crate::call::{blocking, enter, might_sleep};
use crate::object::Magic;
use crate::oops::or_oops;

/// Offset of the `done` mirror in `struct completion`.
const DONE: u64 = 8;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.handle(addr, Magic::Completion, func, |machine, name| machine.kernel.completions.register(addr, name))
}

fn mirror(machine: &mut Machine, addr: u64, handle: u32) {
    let done = machine.kernel.completions.get(handle).map_or(0, |completion| completion.done);
    machine.poke_u32(addr + DONE, done);
}

/// `complete()` on the object at `addr`.
pub(crate) fn complete_object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<(), Fault> {
    let handle = object(machine, addr, func)?;
    machine.kernel.complete(handle);
    mirror(machine, addr, handle);
    Ok(())
}

/// `init_completion()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_completion(addr: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        let name = machine.object_name(addr);
        let handle = machine.kernel.completions.register(addr, name);
        machine.init_object(addr, Magic::Completion, handle)?;
        mirror(machine, addr, handle);
        Ok(())
    }));
}

/// `reinit_completion()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_reinit_completion(addr: u64) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "reinit_completion")?;
        if let Some(completion) = machine.kernel.completions.get_mut(handle) {
            completion.done = 0;
        }
        mirror(machine, addr, handle);
        Ok(())
    }));
}

fn wait(addr: u64, timeout: i64, state: u32, func: &'static str) -> i64 {
    might_sleep(func);
    or_oops(blocking(|machine, current, progress| {
        let handle = object(machine, addr, func)?;
        let outcome = machine.kernel.wait_for_completion(current, handle, timeout, state, progress);
        mirror(machine, addr, handle);
        Ok(outcome)
    }))
}

/// `wait_for_completion()`: in state D until done.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion(addr: u64) {
    wait(addr, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, "wait_for_completion");
}

/// `wait_for_completion_interruptible()`: 0 or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_interruptible(addr: u64) -> i32 {
    wait(addr, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, "wait_for_completion_interruptible").min(0) as i32
}

/// `wait_for_completion_killable()`: 0 or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_killable(addr: u64) -> i32 {
    wait(addr, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE, "wait_for_completion_killable").min(0) as i32
}

/// `wait_for_completion_state()`: in the state given; 0 or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_state(addr: u64, state: u32) -> i32 {
    wait(addr, MAX_SCHEDULE_TIMEOUT, state, "wait_for_completion_state").min(0) as i32
}

/// `wait_for_completion_timeout()`: jiffies left (at least 1), 0 on timeout.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_timeout(addr: u64, timeout: u64) -> u64 {
    wait(addr, timeout as i64, TASK_UNINTERRUPTIBLE, "wait_for_completion_timeout") as u64
}

/// `wait_for_completion_interruptible_timeout()`: jiffies left, 0, or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_interruptible_timeout(addr: u64, timeout: u64) -> i64 {
    wait(addr, timeout as i64, TASK_INTERRUPTIBLE, "wait_for_completion_interruptible_timeout")
}

/// `wait_for_completion_killable_timeout()`: jiffies left, 0, or `-ERESTARTSYS`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn wait_for_completion_killable_timeout(addr: u64, timeout: u64) -> i64 {
    wait(addr, timeout as i64, TASK_KILLABLE, "wait_for_completion_killable_timeout")
}

/// `try_wait_for_completion()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn try_wait_for_completion(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "try_wait_for_completion")?;
        let taken = machine.kernel.try_wait_for_completion(handle);
        mirror(machine, addr, handle);
        Ok(taken)
    }))
}

/// `completion_done()`: done and nobody waits.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn completion_done(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "completion_done")?;
        Ok(machine.kernel.completions.get(handle).is_some_and(|completion| completion.done > 0))
    }))
}

/// `complete()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn complete(addr: u64) {
    or_oops(enter(|machine, _| complete_object(machine, addr, "complete")));
}

/// `complete_all()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn complete_all(addr: u64) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "complete_all")?;
        machine.kernel.complete_all(handle);
        mirror(machine, addr, handle);
        Ok(())
    }));
}

crate::exports![
    plain: kloom_init_completion, kloom_reinit_completion, wait_for_completion, wait_for_completion_interruptible,
        wait_for_completion_killable, wait_for_completion_state, wait_for_completion_timeout, wait_for_completion_interruptible_timeout,
        wait_for_completion_killable_timeout, try_wait_for_completion, completion_done, complete, complete_all;
    variadic: ;
    named: "wait_for_completion_io" => wait_for_completion, "wait_for_completion_io_timeout" => wait_for_completion_timeout
];
