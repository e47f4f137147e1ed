//! C header: include/linux/mutex.h.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fault::Fault;
use kloom_kernel::task::LockClass;

use super::spinlock::{dec_to_zero, dec_unless_one};
use crate::Machine;
use crate::call::{blocking, enter, might_sleep, releasing};
use crate::object::Magic;
use crate::oops::or_oops;

/// Offset of the `owner` mirror in `struct mutex`.
const OWNER: u64 = 8;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.handle(addr, Magic::Mutex, func, |machine, name| machine.kernel.locks.register_mutex(addr, name))
}

fn mirror(machine: &mut Machine, addr: u64, handle: u32) {
    let owner = machine.kernel.locks.mutex.get(handle as usize - 1).and_then(|mutex| mutex.owner);
    let owner = owner.and_then(|holder| machine.kernel.tasks.get(holder.task)).map_or(0, |task| task.addr);
    machine.poke_u64(addr + OWNER, owner);
}

/// `mutex_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __mutex_init(addr: u64, name: u64, key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 16, true)?;
        machine.report_reinit(addr, Magic::Mutex);
        let old = machine.old_handle(addr, Magic::Mutex);
        machine.kernel.locks.forget(LockClass::Mutex, old, addr);
        let name = machine.init_name(addr, name);
        let handle = machine.kernel.locks.register_mutex(addr, name);
        machine.kernel.locks.mutex[handle as usize - 1].key = if key != 0 { key } else { addr };
        machine.init_object(addr, Magic::Mutex, handle)?;
        mirror(machine, addr, handle);
        Ok(())
    }));
}

fn lock(addr: u64, state: u32, func: &'static str) -> i32 {
    lock_nested(addr, 0, state, func)
}

fn lock_nested(addr: u64, subclass: u32, state: u32, func: &'static str) -> i32 {
    might_sleep(func);
    or_oops(blocking(|machine, current, _| {
        let handle = object(machine, addr, func)?;
        machine.kernel.lockdep.subclass = subclass;
        let outcome = machine.kernel.mutex_lock(current, handle, state);
        machine.kernel.lockdep.subclass = 0;
        mirror(machine, addr, handle);
        outcome
    }))
}

/// `mutex_lock()`: in state D until it is free.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock(addr: u64) {
    lock(addr, TASK_UNINTERRUPTIBLE, "mutex_lock");
}

/// `mutex_lock_nested()`: in a subclass of its class.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock_nested(addr: u64, subclass: u32) {
    lock_nested(addr, subclass, TASK_UNINTERRUPTIBLE, "mutex_lock_nested");
}

/// `mutex_lock_interruptible_nested()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock_interruptible_nested(addr: u64, subclass: u32) -> i32 {
    lock_nested(addr, subclass, TASK_INTERRUPTIBLE, "mutex_lock_interruptible_nested")
}

/// `mutex_lock_killable_nested()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock_killable_nested(addr: u64, subclass: u32) -> i32 {
    lock_nested(addr, subclass, TASK_KILLABLE, "mutex_lock_killable_nested")
}

/// `mutex_lock_interruptible()`: 0 or `-EINTR`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock_interruptible(addr: u64) -> i32 {
    lock(addr, TASK_INTERRUPTIBLE, "mutex_lock_interruptible")
}

/// `mutex_lock_killable()`: 0 or `-EINTR` on a fatal signal.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_lock_killable(addr: u64) -> i32 {
    lock(addr, TASK_KILLABLE, "mutex_lock_killable")
}

/// `mutex_trylock()`: 1 if taken.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_trylock(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "mutex_trylock")?;
        let taken = machine.kernel.mutex_trylock(handle);
        mirror(machine, addr, handle);
        Ok(i32::from(taken))
    }))
}

/// `mutex_unlock()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mutex_unlock(addr: u64) {
    releasing(|machine, current| {
        let handle = object(machine, addr, "mutex_unlock")?;
        if let Err(fault) = machine.kernel.mutex_unlock(current, handle) {
            machine.report_once(fault);
        }
        mirror(machine, addr, handle);
        Ok(())
    });
}

/// `mutex_is_locked()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mutex_is_locked(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "mutex_is_locked")?;
        Ok(machine.kernel.mutex_is_locked(handle))
    }))
}

/// `mutex_destroy()`: reports a mutex that is held; a later use is one of an object that was never initialised.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_mutex_destroy(addr: u64) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "mutex_destroy")?;
        let mutex = &machine.kernel.locks.mutex[handle as usize - 1];
        if let Some(holder) = mutex.owner {
            let fault = Fault::BadUnlock {
                class: LockClass::Mutex,
                name: mutex.name.clone(),
                why: "destroyed while locked",
                owner: Some(holder.at),
            };
            machine.report_once(fault);
        }
        machine.kernel.locks.forget(LockClass::Mutex, handle, addr);
        machine.poke_u64(addr, 0);
        Ok(())
    }));
}

/// `atomic_dec_and_mutex_lock()`: decrements; 1 with the mutex held when that reaches 0.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn atomic_dec_and_mutex_lock(atomic: u64, addr: u64) -> i32 {
    if dec_unless_one(atomic) {
        return 0;
    }
    mutex_lock(addr);
    if dec_to_zero(atomic) {
        return 1;
    }
    mutex_unlock(addr);
    0
}

crate::exports![
    plain: __mutex_init, mutex_lock, mutex_lock_interruptible, mutex_lock_killable, mutex_trylock, mutex_unlock,
        mutex_is_locked, kloom_mutex_destroy, atomic_dec_and_mutex_lock, mutex_lock_nested, mutex_lock_interruptible_nested,
        mutex_lock_killable_nested;
    variadic: ;
    named: "mutex_lock_io" => mutex_lock, "refcount_dec_and_mutex_lock" => atomic_dec_and_mutex_lock
];
