//! `finit_module()` and `delete_module()`.

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;
use kloom_kernel::module::ModuleState;
use kloom_kernel::printk::Level;
use kloom_shell::sys::{SysResult, SysValue};
use kloom_shim::call::{call1, enter};

use super::Caller;
use crate::insmod;

/// Loads the module file open at `fd` and runs its init function.
pub(super) fn finit_module(caller: &Caller, fd: i32, params: &str) -> SysResult {
    let loaded = enter(|machine, current| {
        let bytes = machine.kernel.fd_content(current, fd)?;
        insmod::load(machine, caller, &bytes)
    })?;
    // Custom parameter operations of the module run before init, in the module's code.
    insmod::set_params(&loaded, params)?;
    let ret = if loaded.init != 0 { call1(loaded.init, 0) as i32 } else { 0 };
    enter(|machine, current| {
        if loaded.init != 0 {
            machine.kernel.here = kloom_kernel::site::Trace::default();
        }
        warn_of_imbalance(machine, loaded.init);
        machine.kernel.check_exit_balance(current, "return of the init function");
        if ret < 0 {
            machine.kernel.report(Fault::InitFailed { module: loaded.name.clone(), ret: i64::from(ret) });
            insmod::unload(machine, loaded.id);
            return Err(Errno(-ret));
        }
        if ret > 0 {
            machine.kernel.printk(
                Level::Warning,
                format!(
                    "do_init_module: '{}'->init suspiciously returned {ret}, it should follow 0/-E convention",
                    loaded.name
                ),
            );
            machine.kernel.printk(Level::Warning, "do_init_module: loading module anyway...".to_string());
            machine.kernel.here = kloom_kernel::site::Trace::default();
            machine.print_stack();
        }
        insmod::init_done(machine, loaded.id);
        Ok(SysValue::Unit)
    })
}

/// What `do_one_initcall()` says of an init function that left preemption or interrupts off (init/main.c, 6.1).
fn warn_of_imbalance(machine: &mut kloom_shim::Machine, init: u64) {
    let task = &machine.kernel.tasks[machine.kernel.current()];
    let what = match (task.preempt_count, task.irqs_off) {
        (0, false) => return,
        (_, false) => "preemption imbalance ",
        (0, true) => "disabled interrupts ",
        (_, true) => "preemption imbalance disabled interrupts ",
    };
    let here = std::mem::take(&mut machine.kernel.here);
    let text = format!("initcall {} returned with {what}", machine.symbolic(init));
    machine.warn_kernel_text(&text, "init/main.c", 1299, "do_one_initcall");
    machine.kernel.here = here;
}

/// Reports that a module cannot go because something refers to it.
pub(super) fn refused(machine: &mut kloom_shim::Machine, name: &str) {
    let Some(module) = machine.kernel.modules.find(name) else { return };
    if module.refs <= 0 || !module.used_by.is_empty() {
        return;
    }
    let references = u64::try_from(module.refs).unwrap_or(0);
    let holders = module.holders.clone();
    machine.kernel.here = kloom_kernel::site::Trace::default();
    machine.kernel.report(Fault::ModuleInUse { module: name.to_string(), references, holders });
}

/// Removes a module: runs its exit function, then really removes its code.
pub(super) fn delete_module(name: &str, flags: u32) -> SysResult {
    let force = flags & 0o1000 != 0;
    let (id, exit) = enter(|machine, _| {
        insmod::look_at_list(machine);
        let id = machine.kernel.delete_module_begin(name, force).inspect_err(|_| refused(machine, name))?;
        Ok::<_, Errno>((id, machine.kernel.modules.get(id).map_or(0, |module| module.exit)))
    })?;
    if exit != 0 {
        call1(exit, 0);
    }
    enter(|machine, current| {
        if exit != 0 {
            machine.kernel.here = kloom_kernel::site::Trace::default();
        }
        machine.kernel.check_exit_balance(current, "return of the exit function");
        debug_assert!(machine.kernel.modules.get(id).is_some_and(|module| module.state == ModuleState::Going));
        insmod::unload(machine, id);
    });
    Ok(SysValue::Unit)
}
