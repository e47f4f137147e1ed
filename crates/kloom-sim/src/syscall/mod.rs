//! System calls of user tasks. Each runs on its task's kernel stack, where it may sleep and call module code.
//!
//! [`process`]: tasks, signals, time; [`files`]: descriptors, paths, module file operations; [`modules`]: insmod, rmmod.

pub mod files;
pub mod modules;
pub mod process;

use std::cell::RefCell;
use std::rc::Rc;

use kloom_abi::Errno;
use kloom_kernel::touch::{MODULES, Manner, NAMES, PROCESSES};
use kloom_shell::sys::{Mark, SysResult, SysValue, Syscall};
use kloom_shim::export::Symbols;

use crate::session::Shared;

/// What a system call may reach beside the machine.
pub struct Caller {
    /// The session's shared part.
    pub shared: Rc<RefCell<Shared>>,
    /// Exported functions, for insmod.
    pub symbols: Rc<Symbols>,
    /// Caught signals of the calling task.
    pub caught: Rc<RefCell<Vec<i32>>>,
}

/// Performs a system call of the current task.
pub fn perform(caller: &Caller, request: Syscall) -> SysResult {
    kloom_shim::choice::touch(touches(&request));
    match request {
        Syscall::FinitModule { fd, params } => modules::finit_module(caller, fd, &params),
        Syscall::DeleteModule { name, flags } => modules::delete_module(&name, flags),
        Syscall::Mark(mark) => {
            let now_ns = kloom_shim::call::enter(|machine, _| {
                if let Mark::InUse { module } = &mark {
                    modules::refused(machine, module);
                }
                machine.kernel.now()
            });
            caller.shared.borrow_mut().marks.push((now_ns, mark));
            Ok(SysValue::Unit)
        }
        Syscall::Reboot { .. } => {
            caller.shared.borrow_mut().power_off = true;
            Ok(SysValue::Unit)
        }
        other => match process::perform(caller, other) {
            Ok(result) => result,
            Err(other) => files::perform(caller, other),
        },
    }
}

/// What a system call touches that all processes have in common; what it does to files of modules, their functions say.
fn touches(request: &Syscall) -> &'static [(u64, Manner)] {
    match request {
        Syscall::FinitModule { .. } | Syscall::DeleteModule { .. } => &[(MODULES, Manner::Write)],
        Syscall::Open { .. } => &[(NAMES, Manner::Read), (MODULES, Manner::Read)],
        Syscall::Close { .. } => &[(MODULES, Manner::Read)],
        Syscall::Stat { .. } | Syscall::Readdir { .. } | Syscall::Readlink { .. } => &[(NAMES, Manner::Read)],
        Syscall::Mkdir { .. }
        | Syscall::Unlink { .. }
        | Syscall::Rmdir { .. }
        | Syscall::Rename { .. }
        | Syscall::Mknod { .. }
        | Syscall::Mount { .. }
        | Syscall::Umount { .. } => &[(NAMES, Manner::Write)],
        Syscall::Kill { .. } => &[(PROCESSES, Manner::Write)],
        Syscall::Wait { .. } => &[(PROCESSES, Manner::Read)],
        _ => &[],
    }
}

/// Ends the current task with a wait status; never comes back to user mode.
pub fn exit(status: i32) {
    files::close_all();
    kloom_shim::call::enter(|machine, current| machine.kernel.do_exit(current, status));
    kloom_shim::call::never_return();
}

/// `Ok(Unit)` for 0, the error for a negative value.
pub(crate) fn unit(result: Result<(), Errno>) -> SysResult {
    result.map(|()| SysValue::Unit)
}
