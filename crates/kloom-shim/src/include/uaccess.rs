//! C headers: include/linux/uaccess.h, include/asm/uaccess.h.
//!
//! User memory is a region of its own; a bad user address makes a copy fail, a bad kernel address is the module's bug.
//! Behaviour follows Linux 6.1 lib/usercopy.c, lib/strncpy_from_user.c and lib/strnlen_user.c.

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;
use kloom_kernel::task::TaskKind;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// Reports a copy in atomic context, where a page fault could not be waited for.
pub(crate) fn user_copy(func: &'static str) {
    enter(|machine, _| {
        if machine.kernel.is_atomic() {
            machine.report_once(Fault::UserCopyInAtomic { func });
        }
    });
}

/// Whether the running task may take `[addr, addr + len)` for user memory.
fn reachable(machine: &Machine, addr: u64, len: u64) -> bool {
    // A kernel thread has no user memory: the address of a process it was handed means nothing to it.
    let current = machine.kernel.current();
    let task = &machine.kernel.tasks[current];
    // Unless it took an address space for its own (`kthread_use_mm()`).
    (matches!(task.kind, TaskKind::User(_)) || task.c.mm.get() != 0) && machine.arena.is_user(addr, len)
}

/// Whether kernel addresses pass as user addresses (`set_fs(KERNEL_DS)`, removed in 5.10).
fn kernel_ds(machine: &Machine) -> bool {
    machine.mem.kernel_ds.contains(&machine.kernel.current())
}

/// The bytes at a user address; None when not all of it can be read.
pub(crate) fn fetch(machine: &Machine, addr: u64, len: u64) -> Option<Vec<u8>> {
    if !reachable(machine, addr, len) {
        return None;
    }
    let mut bytes = vec![0; len as usize];
    machine.arena.read_user(addr, &mut bytes).then_some(bytes)
}

/// `copy_from_user()`: bytes not copied; those are zeroed.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn _copy_from_user(to: u64, from: u64, len: u64) -> u64 {
    user_copy("copy_from_user");
    or_oops(enter(|machine, _| {
        machine.mem_check(to, len, true)?;
        if machine.fails("copy_from_user") {
            return machine.fill(to, 0, len).map(|()| len);
        }
        match fetch(machine, from, len) {
            Some(bytes) => machine.store(to, &bytes).map(|()| 0),
            None if kernel_ds(machine) && !machine.arena.is_user(from, 1) => machine.copy(to, from, len).map(|()| 0),
            None => machine.fill(to, 0, len).map(|()| len),
        }
    }))
}

/// `copy_to_user()`: bytes not copied.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn _copy_to_user(to: u64, from: u64, len: u64) -> u64 {
    user_copy("copy_to_user");
    or_oops(enter(|machine, _| {
        if machine.fails("copy_to_user") {
            return Ok(len);
        }
        if kernel_ds(machine) && !machine.arena.is_user(to, 1) {
            return machine.copy(to, from, len).map(|()| 0);
        }
        let bytes = machine.load(from, len)?;
        let done = reachable(machine, to, len) && machine.arena.write_user(to, &bytes);
        Ok(if done { 0 } else { len })
    }))
}

/// `clear_user()`: bytes not cleared.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_clear_user(to: u64, len: u64) -> u64 {
    user_copy("clear_user");
    enter(|machine, _| {
        let done = reachable(machine, to, len) && machine.arena.write_user(to, &vec![0; len as usize]);
        if done { 0 } else { len }
    })
}

/// A user string: its bytes without the end, and whether the end came within `max`.
fn user_string(machine: &Machine, src: u64, max: u64) -> Option<(Vec<u8>, bool)> {
    let mut text = Vec::new();
    while (text.len() as u64) < max {
        let at = src.wrapping_add(text.len() as u64);
        if !reachable(machine, at, 1) {
            return None;
        }
        let len = (64 - at % 64).min(max - text.len() as u64);
        let chunk = fetch(machine, at, len).or_else(|| fetch(machine, at, 1))?;
        if let Some(end) = chunk.iter().position(|&byte| byte == 0) {
            text.extend_from_slice(&chunk[..end]);
            return Some((text, true));
        }
        text.extend_from_slice(&chunk);
    }
    Some((text, false))
}

/// `strncpy_from_user()`: the length, `count` when the end did not fit, or `-EFAULT`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn strncpy_from_user(dst: u64, src: u64, count: i64) -> i64 {
    user_copy("strncpy_from_user");
    if count <= 0 {
        return 0;
    }
    or_oops(enter(|machine, _| {
        let Some((text, ended)) = user_string(machine, src, count as u64) else { return Ok(Errno::EFAULT.to_c()) };
        if ended {
            machine.store_cstr(dst, &text)?;
        } else {
            machine.store(dst, &text)?;
        }
        Ok(text.len() as i64)
    }))
}

/// `strnlen_user()`: the length with its end, more than `n` when longer, 0 on a fault.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn strnlen_user(src: u64, n: i64) -> i64 {
    user_copy("strnlen_user");
    if n <= 0 {
        return 0;
    }
    enter(|machine, _| match user_string(machine, src, n as u64) {
        Some((text, true)) => text.len() as i64 + 1,
        Some((_, false)) => n.saturating_add(1),
        None => 0,
    })
}

/// `access_ok()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_access_ok(addr: u64, size: u64) -> i32 {
    enter(|machine, _| i32::from(machine.arena.is_user(addr, size) || kernel_ds(machine)))
}

/// `copy_from_kernel_nofault()`: 0 or `-EFAULT`, never a fault.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn copy_from_kernel_nofault(dst: u64, src: u64, len: u64) -> i64 {
    or_oops(enter(|machine, _| {
        if machine.arena.check_range(src, len, false).is_err() {
            return Ok(Errno::EFAULT.to_c());
        }
        machine.copy(dst, src, len).map(|()| 0)
    }))
}

/// `copy_to_kernel_nofault()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn copy_to_kernel_nofault(dst: u64, src: u64, len: u64) -> i64 {
    or_oops(enter(|machine, _| {
        if machine.arena.check_range(dst, len, true).is_err() {
            return Ok(Errno::EFAULT.to_c());
        }
        machine.copy(dst, src, len).map(|()| 0)
    }))
}

/// `get_fs()`: all ones while kernel addresses pass.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_get_fs() -> u64 {
    enter(|machine, _| {
        machine.note_removed("get_fs", "kernel_read(), kernel_write() or a buffer in kernel memory");
        if kernel_ds(machine) { u64::MAX } else { USER_DS }
    })
}

/// `set_fs()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_set_fs(limit: u64) {
    enter(|machine, current| {
        machine.note_removed("set_fs", "kernel_read(), kernel_write() or a buffer in kernel memory");
        if limit == u64::MAX {
            machine.mem.kernel_ds.insert(current);
        } else {
            machine.mem.kernel_ds.remove(&current);
        }
    });
}

/// `USER_DS`: the last user address on x86-64.
const USER_DS: u64 = 0x7fff_ffff_f000;

crate::exports![
    plain: _copy_from_user, _copy_to_user, kloom_clear_user, strncpy_from_user, strnlen_user, kloom_access_ok,
        copy_from_kernel_nofault, copy_to_kernel_nofault, kloom_get_fs, kloom_set_fs;
    variadic: ;
    named:
];
