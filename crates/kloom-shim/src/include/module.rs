//! C headers: include/linux/module.h, include/linux/kmod.h.

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;

use crate::Machine;
use crate::call::{enter, might_sleep, never_return};
use crate::oops::or_oops;

/// Checks the pointer to a `struct module`.
fn known(machine: &mut Machine, module: u64) -> Result<bool, Fault> {
    if module == 0 {
        return Ok(false);
    }
    machine.check_access(module, 8, false)?;
    Ok(true)
}

/// `try_module_get()`: false when the module is going; true for NULL.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn try_module_get(module: u64) -> bool {
    or_oops(enter(|machine, _| {
        known(machine, module)?;
        Ok(machine.kernel.try_module_get(module))
    }))
}

/// `__module_get()`: without a look at the module's state.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __module_get(module: u64) {
    or_oops(enter(|machine, _| {
        if known(machine, module)?
            && let Some(found) = machine.kernel.modules.by_addr(module)
        {
            found.refs += 1;
        }
        Ok(())
    }));
}

fn put(machine: &mut Machine, module: u64) -> Result<(), Fault> {
    if known(machine, module)? && !machine.kernel.module_put(module) {
        if let Some(found) = machine.kernel.modules.by_addr(module) {
            // kernel/module/main.c warns and leaves the count below zero; nothing could ever remove the module then.
            found.refs = 0;
        }
        machine.warn_kernel("kernel/module/main.c", 1155, "module_put");
    }
    Ok(())
}

/// `module_put()`: one put too many warns.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn module_put(module: u64) {
    or_oops(enter(|machine, _| put(machine, module)));
}

/// `module_refcount()`: one more while init runs.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_module_refcount(module: u64) -> i32 {
    or_oops(enter(|machine, _| {
        known(machine, module)?;
        Ok(machine.kernel.modules.by_addr(module).map_or(-1, |found| found.refcount()))
    }))
}

/// `__module_put_and_kthread_exit()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __module_put_and_kthread_exit(module: u64, code: i64) -> u64 {
    or_oops(enter(|machine, _| put(machine, module)));
    crate::choice::before_exit();
    enter(|machine, current| super::kthread::end_thread(machine, current, code));
    never_return()
}

/// `find_module()`: the `struct module`, or NULL.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_module(name: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let name = machine.text(name)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(machine.kernel.modules.find(&name).map_or(0, |module| module.addr))
    }))
}

/// The `struct module` of the loaded module an address lies in, or 0; `code`: only in what can run.
fn around(machine: &Machine, addr: u64, code: bool) -> u64 {
    let Some((id, module, section, _)) = machine.locate(addr) else { return 0 };
    use kloom_elf::SectionKind::{ExitText, InitText, Text};
    if code && !matches!(module.sections[section.index()].kind, Text | InitText | ExitText) {
        return 0;
    }
    machine.kernel.modules.get(id).map_or(0, |module| module.addr)
}

/// `__module_address()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __module_address(addr: u64) -> u64 {
    enter(|machine, _| around(machine, addr, false))
}

/// `__module_text_address()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __module_text_address(addr: u64) -> u64 {
    enter(|machine, _| around(machine, addr, true))
}

/// `is_module_address()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn is_module_address(addr: u64) -> bool {
    enter(|machine, _| around(machine, addr, false) != 0)
}

/// `__kernel_text_address()`: modules hold all the code there is to name.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __kernel_text_address(addr: u64) -> i32 {
    enter(|machine, _| i32::from(around(machine, addr, true) != 0))
}

/// `core_kernel_text()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn core_kernel_text(_addr: u64) -> i32 {
    0
}

/// The module that exports `name`, and the symbol's address.
fn exported(machine: &Machine, name: &str) -> Option<(u32, u64)> {
    machine.kernel.modules.list.iter().find_map(|loaded| {
        let (_, image) = machine.images.iter().rev().find(|(id, _)| *id == loaded.id)?;
        image.module.exports().iter().any(|export| export.name == name).then_some(())?;
        Some((loaded.id, image.symbol_addr(name)?))
    })
}

/// `__symbol_get()`: variables of the kernel and what other modules export.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __symbol_get(name: u64) -> u64 {
    might_sleep("__symbol_get");
    or_oops(enter(|machine, _| {
        let name = machine.text(name)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        if let Some(addr) = machine.kdata.get(&name) {
            return Ok(addr);
        }
        let Some((id, addr)) = exported(machine, &name) else { return Ok(0) };
        match machine.kernel.modules.get_mut(id) {
            Some(module) if module.state == kloom_kernel::module::ModuleState::Live => {
                module.refs += 1;
                Ok(addr)
            }
            _ => Ok(0),
        }
    }))
}

/// `__symbol_put()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __symbol_put(name: u64) {
    or_oops(enter(|machine, _| {
        let name = machine.text(name)?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let owner =
            exported(machine, &name).and_then(|(id, _)| machine.kernel.modules.get(id)).map(|module| module.addr);
        owner.map_or(Ok(()), |module| put(machine, module))
    }));
}

/// `symbol_put_addr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn symbol_put_addr(addr: u64) {
    or_oops(enter(|machine, _| {
        let module = around(machine, addr, false);
        put(machine, module)
    }));
}

/// `__request_module()`: there is no modprobe that finds more: `-ENOENT`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __request_module(_frame: &VaFrame) -> i32 {
    might_sleep("request_module");
    -Errno::ENOENT.0
}

/// `call_usermodehelper()`: no user programs.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn call_usermodehelper(_path: u64, _argv: u64, _envp: u64, _wait: i32) -> i32 {
    might_sleep("call_usermodehelper");
    -Errno::ENOENT.0
}

crate::exports![
    plain: try_module_get, __module_get, module_put, kloom_module_refcount, __module_put_and_kthread_exit, find_module,
        __module_address, __module_text_address, is_module_address, __kernel_text_address, core_kernel_text, __symbol_get,
        __symbol_put, symbol_put_addr, call_usermodehelper;
    variadic: __request_module;
    named:
];
