//! Loading and unloading modules: the checks, messages and order of Linux 6.1 kernel/module/main.c.

use std::rc::Rc;

use kloom_abi::Errno;
use kloom_elf::{Module as Object, SectionKind};
use kloom_guest::image::{Image, Imports, PlaceError, Resolved};
use kloom_kernel::fs::kernfs::ParamFile;
use kloom_kernel::module::{Module, ModuleState};
use kloom_kernel::printk::Level;
use kloom_kernel::taint;
use kloom_shim::Machine;
use kloom_shim::call::enter;
use kloom_shim::params::{Params, destroy_params, parse_params};

use crate::syscall::Caller;

/// A module that is in memory and whose init function has not run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Address of its init function, 0 if it has none.
    pub init: u64,
    /// Its table of `struct kernel_param`: address and number.
    pub params: (u64, u32),
}

/// Reads, checks, places and relocates a module.
///
/// # Errors
/// What insmod gets; the reason is in the log.
pub fn load(machine: &mut Machine, caller: &Caller, bytes: &Rc<Vec<u8>>) -> Result<Loaded, Errno> {
    let object = machine.placer.parse(bytes).map_err(|error| {
        for line in error.dmesg() {
            machine.kernel.printk(Level::Err, line.text.clone());
        }
        error.errno()
    });
    let object = object.map_err(Errno)?;
    let name = object.name().unwrap_or("").to_string();
    check_modinfo(machine, &object, &name)?;
    if let Some(module) = machine.kernel.modules.find(&name) {
        return Err(if module.state == ModuleState::Live { Errno::EEXIST } else { Errno::EBUSY });
    }
    if machine.kernel.modules.list.iter().any(|module| module.name == name) {
        // It hid itself, but its directory of sysfs is there (mod_sysfs_init()).
        machine.kernel.printk(Level::Err, format!("{name}: module is already loaded"));
        return Err(Errno::EINVAL);
    }
    let gpl = is_gpl_compatible(object.license().unwrap_or("unspecified"));
    let uses = match machine.placer.imports(&object) {
        Some(imports) => Uses { imports, modules: Vec::new(), varies: false },
        None => {
            let uses = resolve_all(machine, caller, &object, &name, gpl)?;
            if !uses.varies {
                machine.placer.found_imports(&object, &uses.imports);
            }
            uses
        }
    };
    let ctx = machine.ctx_addr();
    let cpus = machine.kernel.config.cpus;
    let this_module = object.section_of(SectionKind::ThisModule);
    let Machine { placer, arena, .. } = machine;
    let image = placer.load(arena, Rc::clone(&object), ctx, cpus, uses.imports);
    let image = image.map_err(|error| match error {
        PlaceError::NoMemory | PlaceError::Host(_) => Errno::ENOMEM,
        PlaceError::Relocation(error) => {
            for line in error.dmesg(&name, "") {
                machine.kernel.printk(Level::Err, line.text.clone());
            }
            Errno::ENOEXEC
        }
    })?;
    let id = machine.kernel.modules.next_id();
    let (init, exit) = (image.init_function, image.exit_function);
    let addr = this_module.map_or(0, |section| image.sections[section.index()].addr);
    let taints = if gpl { "OE" } else { "POE" };
    let loaded = machine.kernel.event_here();
    machine.kernel.modules.list.insert(
        0,
        Module {
            id,
            name: name.clone(),
            state: ModuleState::Coming,
            addr,
            refs: 0,
            holders: Vec::new(),
            used_by: Vec::new(),
            has_init: init != 0,
            exit,
            size: image.core.1,
            base: image.core.0,
            taints: taints.to_string(),
            loaded,
        },
    );
    for user in uses.modules {
        if let Some(used) = machine.kernel.modules.get_mut(user) {
            used.used_by.push(id);
        }
    }
    let params = param_table(&image);
    let (start, len) = image.core;
    machine.kernel.order.forget(start, len);
    link(machine, addr);
    machine.images.push((id, image));
    name_code(machine);
    Ok(Loaded { id, name, init, params })
}

/// Offset of `list` in `struct module`.
const MODULE_LIST: u64 = 8;

/// Puts a module's `list` first on the kernel's list, as modules see it.
fn link(machine: &mut Machine, addr: u64) {
    let Some(head) = machine.module_list_head().filter(|_| addr != 0) else { return };
    let node = addr + MODULE_LIST;
    let next = machine.word_at(head);
    for (at, value) in [(node, next), (node + 8, head), (next + 8, node), (head, node)] {
        machine.set_word_at(at, value);
    }
}

/// Takes a module off that list, unless it did so itself.
fn unlink(machine: &mut Machine, addr: u64) {
    if addr == 0 || is_hidden(machine, addr) {
        return;
    }
    let node = addr + MODULE_LIST;
    let (next, prev) = (machine.word_at(node), machine.word_at(node + 8));
    if machine.word_at(next + 8) == node && machine.word_at(prev) == node {
        machine.set_word_at(next + 8, prev);
        machine.set_word_at(prev, next);
    }
}

/// Whether a module took its `list` off the kernel's: both ends then no longer point to it, or it is a list of its own.
fn is_hidden(machine: &Machine, addr: u64) -> bool {
    let node = addr + MODULE_LIST;
    let prev = machine.word_at(node + 8);
    prev == node || prev < 4096 || prev >> 48 != 0 || machine.word_at(prev) != node
}

/// Looks which modules are on the kernel's list; a lookup by name and /proc/modules see only those.
pub(crate) fn look_at_list(machine: &mut Machine) {
    let hidden: Vec<u32> = machine
        .kernel
        .modules
        .list
        .iter()
        .filter(|module| module.addr != 0 && is_hidden(machine, module.addr))
        .map(|module| module.id)
        .collect();
    machine.kernel.modules.hidden = hidden;
}

/// What the `vermagic` of a module for this machine must say.
fn own_vermagic(machine: &Machine) -> String {
    format!("{} SMP preempt mod_unload", machine.kernel.config.release)
}

/// Lets the kernel name addresses in modules: where a task sleeps, and the frames below.
fn name_code(machine: &mut Machine) {
    type Placed = (Rc<Object>, Rc<[kloom_guest::image::Placed]>);
    let live = machine.images.iter().filter(|(id, _)| machine.kernel.modules.get(*id).is_some());
    let images: Vec<Placed> = live.map(|(_, image)| (Rc::clone(&image.module), Rc::clone(&image.sections))).collect();
    machine.kernel.vfs.symbolizer = Some(Rc::new(move |ip| {
        // What is named are addresses to return to: the call is before them.
        let addr = ip.checked_sub(1)?;
        images.iter().find_map(|(module, sections)| {
            let (section, offset) = kloom_guest::image::locate(sections, addr)?;
            let symbolizer = module.symbolizer();
            let symbol = symbolizer.resolve(section, offset)?;
            let name = module.name().unwrap_or("");
            Some(format!("{}+{:#x}/{:#x} [{name}]", symbol.name, symbol.offset + 1, symbol.size))
        })
    }));
}

/// Licence, version magic and taint messages.
fn check_modinfo(machine: &mut Machine, object: &Object, name: &str) -> Result<(), Errno> {
    let own = own_vermagic(machine);
    match object.vermagic().map(str::trim) {
        Some(have) if have == own => {}
        None => {
            // CONFIG_MODULE_FORCE_LOAD: a module that says nothing is taken at its word.
            if machine.kernel.tainted & (1 << taint::FORCED_MODULE) == 0 {
                machine.kernel.printk(Level::Warning, format!("{name}: bad vermagic: kernel tainted."));
            }
            machine.kernel.taint_unreliable(taint::FORCED_MODULE);
        }
        Some(have) => {
            machine.kernel.printk(Level::Err, format!("{name}: version magic '{have} ' should be '{own} '"));
            return Err(Errno::ENOEXEC);
        }
    }
    let first = machine.kernel.tainted & (1 << taint::OOT_MODULE) == 0;
    if first {
        machine.kernel.printk(Level::Warning, format!("{name}: loading out-of-tree module taints kernel."));
    }
    machine.kernel.tainted |= 1 << taint::OOT_MODULE;
    let license = object.license().unwrap_or("unspecified").to_string();
    if !is_gpl_compatible(&license) {
        if machine.kernel.tainted & (1 << taint::PROPRIETARY_MODULE) == 0 {
            machine.kernel.printk(Level::Warning, format!("{name}: module license '{license}' taints kernel."));
        }
        machine.kernel.taint_unreliable(taint::PROPRIETARY_MODULE);
    }
    if machine.kernel.tainted & (1 << taint::UNSIGNED_MODULE) == 0 {
        machine.kernel.printk(
            Level::Notice,
            format!("{name}: module verification failed: signature and/or required key missing - tainting kernel"),
        );
    }
    machine.kernel.tainted |= 1 << taint::UNSIGNED_MODULE;
    Ok(())
}

/// `license_is_gpl_compatible()` (include/linux/license.h).
pub fn is_gpl_compatible(license: &str) -> bool {
    matches!(license, "GPL" | "GPL v2" | "GPL and additional rights" | "Dual BSD/GPL" | "Dual MIT/GPL" | "Dual MPL/GPL")
}

/// What a module's undefined symbols are.
struct Uses {
    imports: Imports,
    /// Modules that export some of them.
    modules: Vec<u32>,
    /// The next search for them may find others, or has something to say again.
    varies: bool,
}

/// Functions that Linux 6.1 has but does not export to modules, and what a module uses instead. Those that older versions
/// exported work here all the same.
const NOT_EXPORTED: &[(&str, &str)] = &[
    ("__set_task_comm", "a name given to kthread_create()"),
    ("alloc_workqueue_attrs", "flags of alloc_workqueue()"),
    ("apply_workqueue_attrs", "flags of alloc_workqueue()"),
    ("copy_to_kernel_nofault", "memory that is known to be there"),
    ("cpu_down", "remove_cpu()"),
    ("cpu_up", "add_cpu()"),
    ("current_is_workqueue_rescuer", "current_work()"),
    ("find_get_task_by_vpid", "get_pid_task(find_vpid(nr), PIDTYPE_PID)"),
    ("find_module", "a call that names a function of the module, or symbol_get()"),
    ("find_task_by_vpid", "pid_task(find_vpid(nr), PIDTYPE_PID)"),
    ("free_workqueue_attrs", "flags of alloc_workqueue()"),
    ("idle_cpu", "cpu_online()"),
    ("irq_work_queue_on", "smp_call_function_single_async()"),
    ("kill_pid_info", "kill_pid()"),
    ("kthread_bind_mask", "kthread_bind() or set_cpus_allowed_ptr()"),
    ("nr_running", "/proc/loadavg"),
    ("open_softirq", "tasklet_setup()"),
    ("raise_softirq", "tasklet_schedule()"),
    ("raise_softirq_irqoff", "tasklet_schedule()"),
    ("sched_setattr", "sched_set_fifo(), sched_set_fifo_low() or sched_set_normal()"),
    ("sched_setscheduler", "sched_set_fifo(), sched_set_fifo_low() or sched_set_normal()"),
    ("sched_setscheduler_nocheck", "sched_set_fifo(), sched_set_fifo_low() or sched_set_normal()"),
    ("schedule_on_each_cpu", "queue_work_on() for each of cpu_online_mask, or on_each_cpu()"),
    ("show_state", "sysrq from user space"),
    ("task_sched_runtime", "task->se.sum_exec_runtime"),
    ("wake_up_state", "wake_up_process()"),
];

/// Functions and variables that Linux does not export any more, since which version, and what modules do instead: a module
/// that uses one is refused, as there.
const GONE: &[(&str, (u32, u32), &str)] = &[
    (
        "kallsyms_lookup_name",
        (5, 7),
        "what is exported; some modules take the address of a kprobe on the function instead",
    ),
    ("kallsyms_on_each_symbol", (5, 7), "what is exported"),
    ("module_mutex", (5, 12), "rcu_read_lock() around try_module_get()"),
];

/// Whether the version that the machine shows is below this one.
fn older_than(machine: &Machine, version: (u32, u32)) -> bool {
    let mut numbers = machine.kernel.config.release.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < version
}

/// Finds every undefined symbol; each that is missing is named in the log as Linux does.
fn resolve_all(machine: &mut Machine, caller: &Caller, object: &Object, name: &str, gpl: bool) -> Result<Uses, Errno> {
    let (mut imports, mut modules, mut varies) = (Vec::new(), Vec::new(), false);
    let mut missing = Vec::new();
    for import in object.imports() {
        let own = machine.kdata.resolve(import.name).or_else(|| {
            caller.symbols.function(import.name).map(|target| Resolved::Function(machine.call_target(target)))
        });
        varies |= own.is_none();
        let found = own
            .or_else(|| {
                let (addr, owner) = exported_by_module(machine, import.name, gpl)?;
                if !modules.contains(&owner) {
                    modules.push(owner);
                }
                Some(Resolved::Address(addr))
            })
            .or_else(|| {
                // What another module of this run exports is only not loaded yet.
                let later = caller.shared.borrow().exports.contains(import.name);
                if later { None } else { machine.stub_pointer(import.name).map(Resolved::Address) }
            });
        match found {
            Some(resolved) => {
                if let Some((_, instead)) = NOT_EXPORTED.iter().find(|(name, _)| *name == import.name) {
                    machine.note_not_exported(import.name, instead);
                    varies = true;
                }
                imports.push((import.symbol, resolved));
            }
            None if import.weak => imports.push((import.symbol, Resolved::Address(0))),
            None => missing.push(import.name.to_string()),
        }
    }
    if missing.is_empty() {
        imports.sort_unstable_by_key(|&(symbol, _)| symbol.index());
        return Ok(Uses { imports: imports.into(), modules, varies });
    }
    for symbol in missing {
        machine.kernel.printk(Level::Warning, format!("{name}: Unknown symbol {symbol} (err -2)"));
        if let Some((_, since, instead)) = GONE.iter().find(|(gone, ..)| *gone == symbol)
            && !older_than(machine, *since)
        {
            machine.note_not_exported(&symbol, instead);
            continue;
        }
        // What another module of this run exports is only not loaded yet.
        let mut shared = caller.shared.borrow_mut();
        if !shared.exports.contains(&symbol) {
            shared.unsupported.push((name.to_string(), symbol));
        }
    }
    Err(Errno::ENOENT)
}

fn exported_by_module(machine: &Machine, symbol: &str, gpl: bool) -> Option<(u64, u32)> {
    machine.images.iter().find_map(|(id, image)| {
        machine.kernel.modules.get(*id)?;
        let export =
            image.module.exports().into_iter().find(|export| export.name == symbol && (gpl || !export.gpl_only))?;
        let target = &image.module.symbols[export.symbol.index()];
        let addr = image.symbol_addr(&target.name)?;
        Some((addr.wrapping_add_signed(export.addend), *id))
    })
}

/// Sets the module's parameters; functions of the module's own run on the stack of insmod.
///
/// # Errors
/// A bad value, as the parameter's type says.
pub fn set_params(loaded: &Loaded, args: &str) -> Result<(), Errno> {
    let (table, count) = loaded.params;
    let params =
        enter(|machine, _| Params::new(machine, &loaded.name, table, count, args.as_bytes())).ok_or(Errno::ENOMEM);
    let result = params.and_then(parse_params);
    let result = result.and_then(|()| enter(|machine, _| show_in_sysfs(machine, loaded)));
    if result.is_err() {
        destroy_params(table, count);
        enter(|machine, _| unload(machine, loaded.id));
    }
    result
}

/// Makes `/sys/module/NAME` (`mod_sysfs_setup()`).
fn show_in_sysfs(machine: &mut Machine, loaded: &Loaded) -> Result<(), Errno> {
    let (table, count) = loaded.params;
    let params = machine.params_of(table, count).map_err(|_| Errno::ENOEXEC)?;
    let params: Vec<ParamFile> = params
        .into_iter()
        .map(|param| ParamFile { name: param.name, mode: param.mode, ops: param.ops, object: param.addr })
        .collect();
    let Machine { images, kernel, .. } = machine;
    let image = images.iter().find(|(id, _)| *id == loaded.id).map(|(_, image)| image);
    let mut sections: Vec<(&str, u64)> = Vec::new();
    for (section, placed) in image.iter().flat_map(|image| image.module.sections.iter().zip(image.sections.iter())) {
        if section.size > 0 && sections.iter().all(|&(name, _)| name != &*section.name) {
            sections.push((&section.name, placed.addr));
        }
    }
    kernel.sysfs_add_module(loaded.id, &params, &sections)
}

/// The table of `struct kernel_param` of an image: address and number of entries.
pub fn param_table(image: &Image) -> (u64, u32) {
    let Some(section) = image.module.section_of(SectionKind::Param) else { return (0, 0) };
    let placed = image.sections[section.index()];
    (placed.addr, (placed.size / KERNEL_PARAM_SIZE) as u32)
}

/// `sizeof(struct kernel_param)`.
const KERNEL_PARAM_SIZE: u64 = 40;

/// The init function succeeded: the module is live, its init memory goes.
pub fn init_done(machine: &mut Machine, id: u32) {
    if let Some(module) = machine.kernel.modules.get_mut(id) {
        module.state = ModuleState::Live;
    }
    machine.kernel.release(kloom_kernel::touch::MODULES);
    machine.free_init(id);
}

/// Takes a module out of the table and unmaps its memory.
pub fn unload(machine: &mut Machine, id: u32) {
    crate::leaks::check(machine, id);
    let at = machine.kernel.event_here();
    let Some(index) = machine.kernel.modules.list.iter().position(|module| module.id == id) else { return };
    let module = machine.kernel.modules.list.remove(index);
    machine.kernel.sysfs_remove_module(&module.name);
    unlink(machine, module.addr);
    for other in &mut machine.kernel.modules.list {
        other.used_by.retain(|&user| user != id);
    }
    let gone = kloom_kernel::module::Unloaded { id, name: module.name, taints: module.taints, at };
    machine.kernel.modules.unloaded.push(gone);
    if let Some((_, image)) = machine.images.iter().find(|(image_id, _)| *image_id == id) {
        let (start, len) = image.core;
        machine.kernel.touched.note(start, kloom_kernel::touch::Manner::Write);
        machine.memory_dies(start..start + len);
    }
    machine.unload(id);
}
