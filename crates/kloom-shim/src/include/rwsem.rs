//! C header: include/linux/rwsem.h, include/linux/percpu-rwsem.h.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fault::Fault;
use kloom_kernel::task::LockClass;

use crate::Machine;
use crate::call::{blocking, enter, might_sleep, releasing};
use crate::object::Magic;
use crate::oops::or_oops;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    let percpu = machine.check_access(addr, 8, true).is_ok() && machine.peek_u32(addr) == Magic::PercpuRwsem as u32;
    let magic = if percpu { Magic::PercpuRwsem } else { Magic::Rwsem };
    machine.handle(addr, magic, func, |machine, name| machine.kernel.locks.register_semaphore(addr, name, 0))
}

fn init(addr: u64, magic: Magic, name: u64, key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 8, true)?;
        let old = machine.old_handle(addr, magic);
        machine.kernel.locks.forget(LockClass::RwsemWrite, old, addr);
        let name = machine.init_name(addr, name);
        let handle = machine.kernel.locks.register_semaphore(addr, name, 0);
        machine.kernel.locks.semaphore[handle as usize - 1].key = if key != 0 { key } else { addr };
        machine.init_object(addr, magic, handle)
    }));
}

/// `init_rwsem()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __init_rwsem(addr: u64, name: u64, key: u64) {
    init(addr, Magic::Rwsem, name, key);
}

/// `percpu_init_rwsem()`: 0, or `-ENOMEM` when that was asked for.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __percpu_init_rwsem(addr: u64, name: u64, key: u64) -> i32 {
    if enter(|machine, _| machine.fails("percpu_init_rwsem")) {
        return -kloom_abi::Errno::ENOMEM.0;
    }
    init(addr, Magic::PercpuRwsem, name, key);
    0
}

/// `percpu_free_rwsem()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn percpu_free_rwsem(addr: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 8, true)?;
        let old = machine.old_handle(addr, Magic::PercpuRwsem);
        machine.kernel.locks.forget(LockClass::RwsemWrite, old, addr);
        machine.poke_u64(addr, 0);
        Ok(())
    }));
}

fn lock(addr: u64, write: bool, state: u32, func: &'static str) -> i32 {
    might_sleep(func);
    or_oops(blocking(|machine, current, _| {
        let handle = object(machine, addr, func)?;
        machine.kernel.rwsem_lock(current, handle, write, state)
    }))
}

fn trylock(addr: u64, write: bool, func: &'static str) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, func)?;
        Ok(i32::from(machine.kernel.rwsem_take(handle, write, None)))
    }))
}

fn unlock(addr: u64, write: bool, func: &'static str) {
    releasing(|machine, current| {
        let handle = object(machine, addr, func)?;
        if let Err(fault) = machine.kernel.rwsem_unlock(current, handle, write) {
            machine.report_once(fault);
        }
        Ok(())
    });
}

/// `down_read()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_read(addr: u64) {
    lock(addr, false, TASK_UNINTERRUPTIBLE, "down_read");
}

/// `down_read_interruptible()`: 0 or `-EINTR`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_read_interruptible(addr: u64) -> i32 {
    lock(addr, false, TASK_INTERRUPTIBLE, "down_read_interruptible")
}

/// `down_read_killable()`: 0 or `-EINTR` on a fatal signal.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_read_killable(addr: u64) -> i32 {
    lock(addr, false, TASK_KILLABLE, "down_read_killable")
}

/// `down_read_trylock()`: 1 if taken.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn down_read_trylock(addr: u64) -> i32 {
    trylock(addr, false, "down_read_trylock")
}

/// `down_write()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_write(addr: u64) {
    lock(addr, true, TASK_UNINTERRUPTIBLE, "down_write");
}

/// `down_write_killable()`: 0 or `-EINTR` on a fatal signal.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn down_write_killable(addr: u64) -> i32 {
    lock(addr, true, TASK_KILLABLE, "down_write_killable")
}

/// `down_write_trylock()`: 1 if taken.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn down_write_trylock(addr: u64) -> i32 {
    trylock(addr, true, "down_write_trylock")
}

/// `up_read()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn up_read(addr: u64) {
    unlock(addr, false, "up_read");
}

/// `up_write()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn up_write(addr: u64) {
    unlock(addr, true, "up_write");
}

/// `downgrade_write()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn downgrade_write(addr: u64) {
    releasing(|machine, _| {
        let handle = object(machine, addr, "downgrade_write")?;
        machine.kernel.downgrade_write(handle);
        Ok(())
    });
}

/// `rwsem_is_locked()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_rwsem_is_locked(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "rwsem_is_locked")?;
        let semaphore = &machine.kernel.locks.semaphore[handle as usize - 1];
        Ok(i32::from(semaphore.writer.is_some() || !semaphore.readers.is_empty()))
    }))
}

crate::exports![
    plain: __init_rwsem, __percpu_init_rwsem, percpu_free_rwsem, down_read, down_read_interruptible, down_read_killable,
        down_read_trylock, down_write, down_write_killable, down_write_trylock, up_read, up_write, downgrade_write,
        kloom_rwsem_is_locked;
    variadic: ;
    named: "percpu_down_write" => down_write, "percpu_up_write" => up_write, "kloom_percpu_down_read" => down_read,
        "kloom_percpu_down_read_trylock" => down_read_trylock, "kloom_percpu_up_read" => up_read
];
