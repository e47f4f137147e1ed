//! C header: include/linux/rtmutex.h.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fault::Fault;
use kloom_kernel::task::LockClass;

use crate::Machine;
use crate::call::{blocking, enter, might_sleep, releasing};
use crate::object::Magic;
use crate::oops::or_oops;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.handle(addr, Magic::RtMutex, func, |machine, name| machine.kernel.locks.register_rt_mutex(addr, name))
}

/// `rt_mutex_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __rt_mutex_init(addr: u64, name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 8, true)?;
        let old = machine.old_handle(addr, Magic::RtMutex);
        machine.kernel.locks.forget(LockClass::Mutex, old, addr);
        let name = machine.init_name(addr, name);
        let handle = machine.kernel.locks.register_rt_mutex(addr, name);
        machine.init_object(addr, Magic::RtMutex, handle)
    }));
}

fn lock(addr: u64, state: u32, func: &'static str) -> i32 {
    might_sleep(func);
    or_oops(blocking(|machine, current, _| {
        let handle = object(machine, addr, func)?;
        machine.kernel.rt_mutex_lock(current, handle, state)
    }))
}

/// `rt_mutex_lock()`: in state D until it is free; its holder has the caller's priority meanwhile.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn rt_mutex_lock(addr: u64) {
    lock(addr, TASK_UNINTERRUPTIBLE, "rt_mutex_lock");
}

/// `rt_mutex_lock_interruptible()`: 0 or `-EINTR`.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn rt_mutex_lock_interruptible(addr: u64) -> i32 {
    lock(addr, TASK_INTERRUPTIBLE, "rt_mutex_lock_interruptible")
}

/// `rt_mutex_lock_killable()`: 0 or `-EINTR` on a fatal signal.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn rt_mutex_lock_killable(addr: u64) -> i32 {
    lock(addr, TASK_KILLABLE, "rt_mutex_lock_killable")
}

/// `rt_mutex_trylock()`: 1 if taken.
///
/// # Context
/// Process context; does not sleep.
pub(crate) extern "C" fn rt_mutex_trylock(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "rt_mutex_trylock")?;
        Ok(i32::from(machine.kernel.mutex_trylock(handle)))
    }))
}

/// `rt_mutex_unlock()`: gives it to the waiter with the highest priority.
///
/// # Context
/// Process context of the holder.
pub(crate) extern "C" fn rt_mutex_unlock(addr: u64) {
    releasing(|machine, current| {
        let handle = object(machine, addr, "rt_mutex_unlock")?;
        if let Err(fault) = machine.kernel.rt_mutex_unlock(current, handle) {
            machine.report_once(fault);
        }
        Ok(())
    });
}

/// `rt_mutex_is_locked()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_rt_mutex_is_locked(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "rt_mutex_is_locked")?;
        Ok(i32::from(machine.kernel.mutex_is_locked(handle)))
    }))
}

crate::exports![
    plain: __rt_mutex_init, rt_mutex_lock, rt_mutex_lock_interruptible, rt_mutex_lock_killable, rt_mutex_trylock,
        rt_mutex_unlock, kloom_rt_mutex_is_locked;
    variadic: ;
    named:
];
