//! C header: include/linux/semaphore.h.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_abi::time::MAX_SCHEDULE_TIMEOUT;
use kloom_kernel::fault::Fault;
use kloom_kernel::task::LockClass;

use crate::Machine;
use crate::call::{blocking, enter, might_sleep, releasing};
use crate::object::Magic;
use crate::oops::or_oops;

/// Offset of `count` in `struct semaphore`: the initial value of a static one, then a mirror.
const COUNT: u64 = 8;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.check_access(addr, 12, true)?;
    let count = i64::from(machine.peek_u32(addr + COUNT) as i32);
    machine.handle(addr, Magic::Semaphore, func, |machine, name| {
        machine.kernel.locks.register_semaphore(addr, name, count)
    })
}

fn mirror(machine: &mut Machine, addr: u64, handle: u32) {
    let count = machine.kernel.locks.semaphore.get(handle as usize - 1).map_or(0, |semaphore| semaphore.count);
    machine.poke_u32(addr + COUNT, count as u32);
}

/// `sema_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_sema_init(addr: u64, count: i32, name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 12, true)?;
        let old = machine.old_handle(addr, Magic::Semaphore);
        machine.kernel.locks.forget(LockClass::Semaphore, old, addr);
        let name = machine.init_name(addr, name);
        let handle = machine.kernel.locks.register_semaphore(addr, name, i64::from(count));
        machine.init_object(addr, Magic::Semaphore, handle)?;
        mirror(machine, addr, handle);
        Ok(())
    }));
}

fn take(addr: u64, state: u32, timeout: i64, func: &'static str) -> i32 {
    might_sleep(func);
    or_oops(blocking(|machine, current, progress| {
        let handle = object(machine, addr, func)?;
        let outcome = machine.kernel.down(current, handle, state, timeout, progress);
        mirror(machine, addr, handle);
        Ok(outcome)
    }))
}

/// `down()`: in state D until one is free.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down(addr: u64) {
    take(addr, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, "down");
}

/// `down_interruptible()`: 0 or `-EINTR`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_interruptible(addr: u64) -> i32 {
    take(addr, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT, "down_interruptible")
}

/// `down_killable()`: 0 or `-EINTR` on a fatal signal.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_killable(addr: u64) -> i32 {
    take(addr, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT, "down_killable")
}

/// `down_timeout()`: 0 or `-ETIME`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_timeout(addr: u64, jiffies: i64) -> i32 {
    take(addr, TASK_UNINTERRUPTIBLE, jiffies, "down_timeout")
}

/// `down_trylock()`: 0 if taken, 1 if not.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn down_trylock(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "down_trylock")?;
        let taken = machine.kernel.down_trylock(handle);
        mirror(machine, addr, handle);
        Ok(i32::from(!taken))
    }))
}

/// `up()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn up(addr: u64) {
    releasing(|machine, current| {
        let handle = object(machine, addr, "up")?;
        machine.kernel.up(current, handle);
        mirror(machine, addr, handle);
        Ok(())
    });
}

crate::exports![
    plain: kloom_sema_init, down, down_interruptible, down_killable, down_timeout, down_trylock, up;
    variadic: ;
    named:
];
