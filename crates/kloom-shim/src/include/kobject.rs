//! C header: include/linux/kobject.h.
//!
//! Behaviour follows Linux 6.1 lib/kobject.c. A kobject is plain module memory; the kernel remembers which directory of
//! sysfs belongs to which address.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::{KernId, KernKind, SYSFS};
use kloom_kernel::printk::Level;

use super::printk::{VarArgs, format_short};
use crate::Machine;
use crate::call::{call1, enter, might_sleep};
use crate::oops::or_oops;

/// Offsets in `struct kobject`.
pub(crate) const NAME: u64 = 0;
pub(crate) const ENTRY: u64 = 8;
pub(crate) const PARENT: u64 = 24;
pub(crate) const KSET: u64 = 32;
pub(crate) const KTYPE: u64 = 40;
pub(crate) const SD: u64 = 48;
pub(crate) const KREF: u64 = 56;
const STATE: u64 = 60;
const SIZE: u64 = 64;

/// Bits of the state word.
const INITIALIZED: u32 = 1;
const IN_SYSFS: u32 = 2;

/// Offset of the kobject in `struct kset`, and the size of that.
const KSET_KOBJ: u64 = 24;
const KSET_SIZE: u64 = 96;

/// Kind of a name's memory: the kernel's own.
pub(crate) const NAME_KIND: &str = "kobject name";
const KOBJECT_KIND: &str = "struct kobject";
const KSET_KIND: &str = "struct kset";

/// What the shims of objects keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Directories of sysfs by the address of their object (a kobject, a device, a class).
    pub(crate) dirs: BTreeMap<u64, KernId>,
    /// Files and directories of debugfs by the address of their dentry.
    pub(crate) debug: BTreeMap<u64, KernId>,
    /// `struct kobj_type` of `kobject_create()`.
    dynamic: u64,
    /// `kobj_sysfs_ops`.
    pub(crate) sysfs_ops: u64,
}

/// The directories that modules name by a variable.
const ROOTS: [(&str, &str); 6] = [
    ("kernel_kobj", "kernel"),
    ("mm_kobj", "kernel/mm"),
    ("hypervisor_kobj", "hypervisor"),
    ("power_kobj", "power"),
    ("firmware_kobj", "firmware"),
    ("fs_kobj", "fs"),
];

/// Makes the exported objects.
pub(crate) fn boot(machine: &mut Machine) {
    let Machine { kdata, arena, .. } = machine;
    let ops = [super::sysfs::kobj_show as *const () as u64, super::sysfs::kobj_store as *const () as u64];
    let ops = kdata.add(arena, "kobj_sysfs_ops", &ops.map(u64::to_le_bytes).concat());
    let dynamic = arena.alloc_kdata(56);
    arena.write_kdata(dynamic, &(dynamic_release as *const () as u64).to_le_bytes());
    arena.write_kdata(dynamic + 8, &ops.to_le_bytes());
    machine.files.objects.sysfs_ops = ops;
    machine.files.objects.dynamic = dynamic;
    for (variable, path) in ROOTS {
        let dir = machine.kernel.vfs.kern.make_dirs(SYSFS, path, 0o755);
        let Some(kobj) = machine.kernel_block(SIZE + path.len() as u64 + 1, NAME_KIND) else { continue };
        let name = path.rsplit('/').next().unwrap_or(path);
        let _ = machine.arena.write(kobj + SIZE, name.as_bytes());
        machine.poke_u64(kobj + NAME, kobj + SIZE);
        machine.poke_u64(kobj + KTYPE, dynamic);
        machine.poke_u64(kobj + SD, u64::from(dir.0));
        machine.poke_u32(kobj + KREF, 1);
        machine.poke_u32(kobj + STATE, INITIALIZED | IN_SYSFS);
        machine.files.objects.dirs.insert(kobj, dir);
        let Machine { kdata, arena, .. } = machine;
        kdata.add(arena, variable, &kobj.to_le_bytes());
    }
}

/// `dynamic_kobj_release()`.
extern "C" fn dynamic_release(kobj: u64) {
    enter(|machine, _| machine.release(kobj, "kobject_put", |_| true));
}

impl Machine {
    /// The directory of an object.
    pub(crate) fn object_dir(&self, object: u64) -> Option<KernId> {
        self.files.objects.dirs.get(&object).copied().filter(|dir| self.kernel.vfs.kern.get(*dir).is_some())
    }

    /// Removes an object's directory with all in it.
    pub(crate) fn remove_dir(&mut self, object: u64) {
        if let Some(dir) = self.files.objects.dirs.remove(&object) {
            self.kernel.vfs.kern.remove(dir);
            let kern = &self.kernel.vfs.kern;
            self.files.attrs.retain(|id, _| kern.get(*id).is_some());
        }
    }

    /// A copy of a name for an object.
    pub(crate) fn name_block(&mut self, name: &[u8]) -> u64 {
        let Some(addr) = self.kernel_block(name.len() as u64 + 1, NAME_KIND) else { return 0 };
        let _ = self.arena.write(addr, name);
        addr
    }

    fn kobject_init(&mut self, kobj: u64, ktype: u64) -> Result<(), Fault> {
        self.put_u32(kobj + KREF, 1)?;
        self.put_u64(kobj + ENTRY, kobj + ENTRY)?;
        self.put_u64(kobj + ENTRY + 8, kobj + ENTRY)?;
        self.put_u32(kobj + STATE, INITIALIZED)?;
        self.put_u64(kobj + KTYPE, ktype)
    }

    /// Linux complains of an object that is initialised again, and does it.
    fn warn_initialized(&mut self, kobj: u64) -> Result<(), Fault> {
        if self.get_u32(kobj + STATE)? & INITIALIZED != 0 {
            self.print(
                Level::Err,
                format!("kobject ({kobj:016x}): tried to init an initialized object, something is seriously wrong."),
            );
            self.print_stack();
        }
        Ok(())
    }

    fn set_name(&mut self, kobj: u64, name: &[u8]) -> Result<(), Fault> {
        let old = self.get_u64(kobj + NAME)?;
        if old != 0 && self.arena.heap.block_at(old).is_some_and(|block| block.kind == NAME_KIND) {
            self.kernel_free(old);
        }
        // In sysfs a name cannot hold a slash.
        let name: Vec<u8> = name.iter().map(|&byte| if byte == b'/' { b'!' } else { byte }).collect();
        let addr = self.name_block(&name);
        self.put_u64(kobj + NAME, addr)
    }

    /// `kobject_add()`: the directory, of an object that gets a name first if one is given; 0 or a negative error.
    fn kobject_add(&mut self, kobj: u64, parent: u64, new_name: Option<&[u8]>) -> Result<i32, Fault> {
        if self.get_u32(kobj + STATE)? & INITIALIZED == 0 {
            let name = self.get_u64(kobj + NAME)?;
            let name = if name == 0 { "(null)".to_string() } else { self.name_at(name)? };
            self.print(Level::Err, format!("kobject '{name}' ({kobj:016x}): tried to add an uninitialized object, something is seriously wrong."));
            self.print_stack();
            return Ok(-Errno::EINVAL.0);
        }
        if let Some(name) = new_name {
            self.set_name(kobj, name)?;
        }
        let name = self.get_u64(kobj + NAME)?;
        let name = if name == 0 { String::new() } else { self.name_at(name)? };
        if name.is_empty() {
            let message = format!("kobject: ({kobj:016x}): attempted to be registered with empty name!");
            let (file, function) = ("lib/kobject.c", "kobject_add_internal");
            self.warn_kernel_text(&message, file, 209, function);
            self.report_once(Fault::Warn { file: file.into(), line: 209, function: function.into(), message });
            return Ok(-Errno::EINVAL.0);
        }
        let kset = self.get_u64(kobj + KSET)?;
        let parent = if parent == 0 && kset != 0 { kset + KSET_KOBJ } else { parent };
        let top = if parent == 0 { SYSFS } else { self.object_dir(parent).unwrap_or(SYSFS) };
        let (owner, created) = (self.caller_module(), Some(self.kernel.event_here()));
        match self.kernel.vfs.kern.add(top, &name, KernKind::Dir(BTreeMap::new()), 0o755, owner, created) {
            Ok(dir) => {
                self.files.objects.dirs.insert(kobj, dir);
                self.put_u64(kobj + PARENT, parent)?;
                self.put_u64(kobj + SD, u64::from(dir.0))?;
                self.put_u32(kobj + STATE, INITIALIZED | IN_SYSFS)?;
                Ok(0)
            }
            Err(errno) => {
                if errno == Errno::EEXIST {
                    let path = self.kernel.vfs.kern.path(top);
                    self.warn_taken(&format!("{path}/{name}"));
                }
                Ok(-errno.0)
            }
        }
    }

    /// What sysfs says of a name that is taken.
    pub(crate) fn warn_duplicate(&mut self, dir: KernId, name: &str) {
        let path = self.kernel.vfs.kern.path(dir);
        self.print(Level::Warning, format!("sysfs: cannot create duplicate filename '{path}/{name}'"));
        self.print_stack();
    }

    /// What is said of an object whose directory `path` is there already.
    pub(crate) fn warn_taken(&mut self, path: &str) {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.print(Level::Warning, format!("sysfs: cannot create duplicate filename '{dir}/{name}'"));
        self.print_stack();
        self.print(
            Level::Err,
            format!("kobject_add_internal failed for {name} with -EEXIST, don't try to register things with the same name in the same directory."),
        );
    }
}

/// `kobject_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kobject_init(kobj: u64, ktype: u64) {
    or_oops(enter(|machine, _| {
        if ktype == 0 {
            machine.print(Level::Err, format!("kobject ({kobj:016x}): must have a ktype to be initialized properly!"));
            machine.print_stack();
            return Ok(());
        }
        machine.warn_initialized(kobj)?;
        machine.kobject_init(kobj, ktype)
    }));
}

/// `kobject_add()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_add(frame: &VaFrame) -> i32 {
    might_sleep("kobject_add");
    or_oops(enter(|machine, _| {
        let name = format_short(machine, frame.regs[2], &mut VarArgs::after(frame, 3));
        machine.kobject_add(frame.regs[0], frame.regs[1], Some(&name))
    }))
}

/// `kobject_init_and_add()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_init_and_add(frame: &VaFrame) -> i32 {
    might_sleep("kobject_init_and_add");
    or_oops(enter(|machine, _| {
        machine.warn_initialized(frame.regs[0])?;
        machine.kobject_init(frame.regs[0], frame.regs[1])?;
        let name = format_short(machine, frame.regs[3], &mut VarArgs::after(frame, 4));
        machine.kobject_add(frame.regs[0], frame.regs[2], Some(&name))
    }))
}

/// `kobject_create_and_add()`: NULL on failure.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_create_and_add(name: u64, parent: u64) -> u64 {
    might_sleep("kobject_create_and_add");
    or_oops(enter(|machine, _| {
        if machine.fails("kobject_create_and_add") {
            return Ok(0);
        }
        let at = machine.kernel.event_here();
        let Some(kobj) = machine.arena.heap.alloc(SIZE, 16, true, KOBJECT_KIND, at) else { return Ok(0) };
        let dynamic = machine.files.objects.dynamic;
        machine.kobject_init(kobj, dynamic)?;
        let text = machine.text(name)?;
        machine.set_name(kobj, &text)?;
        let ret = machine.kobject_add(kobj, parent, None)?;
        if ret != 0 {
            machine.print(Level::Warning, format!("kobject_create_and_add: kobject_add error: {ret}"));
            machine.release(kobj, "kobject_put", |_| true);
            return Ok(0);
        }
        Ok(kobj)
    }))
}

/// `kobject_get()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kobject_get(kobj: u64) -> u64 {
    if kobj != 0 {
        or_oops(enter(|machine, _| {
            let count = machine.get_u32(kobj + KREF)?;
            if count == 0 {
                machine.warn_kernel_text(
                    "refcount_t: addition on 0; use-after-free.",
                    "lib/refcount.c",
                    25,
                    "refcount_warn_saturate",
                );
                machine
                    .kernel
                    .report(Fault::RefcountMisuse { why: "addition on 0; use-after-free", addr: kobj + KREF });
            }
            machine.put_u32(kobj + KREF, count.wrapping_add(1))
        }));
    }
    kobj
}

/// `kobject_get_unless_zero()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kobject_get_unless_zero(kobj: u64) -> u64 {
    if kobj == 0 {
        return 0;
    }
    or_oops(enter(|machine, _| {
        let count = machine.get_u32(kobj + KREF)?;
        if count == 0 {
            return Ok(0);
        }
        machine.put_u32(kobj + KREF, count + 1)?;
        Ok(kobj)
    }))
}

/// Drops a reference on the count at `addr`; whether it was the last.
pub(crate) fn drop_reference(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        let count = machine.get_u32(addr)?;
        if count == 0 {
            machine.warn_kernel_text(
                "refcount_t: underflow; use-after-free.",
                "lib/refcount.c",
                28,
                "refcount_warn_saturate",
            );
            machine.kernel.report(Fault::RefcountMisuse { why: "underflow; use-after-free", addr });
            return Ok(false);
        }
        machine.put_u32(addr, count - 1)?;
        Ok(count == 1)
    }))
}

/// `kobject_put()`: the last one removes the directory and calls `release()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_put(kobj: u64) {
    if kobj == 0 {
        return;
    }
    if !drop_reference(kobj + KREF) {
        return;
    }
    let (release, name) = or_oops(enter(|machine, _| {
        machine.remove_dir(kobj);
        let ktype = machine.get_u64(kobj + KTYPE)?;
        let release = if ktype == 0 { 0 } else { machine.get_u64(ktype)? };
        Ok((release, machine.get_u64(kobj + NAME)?))
    }));
    if release == 0 {
        enter(|machine, _| {
            machine.print(
                Level::Debug,
                "kobject: does not have a release() function, it is broken and must be fixed.".into(),
            )
        });
    } else {
        call1(release, kobj);
    }
    enter(|machine, _| {
        if machine.arena.heap.block_at(name).is_some_and(|block| block.kind == NAME_KIND) {
            machine.kernel_free(name);
        }
    });
}

/// `kobject_del()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_del(kobj: u64) {
    if kobj == 0 {
        return;
    }
    might_sleep("kobject_del");
    or_oops(enter(|machine, _| {
        machine.remove_dir(kobj);
        let state = machine.get_u32(kobj + STATE)?;
        machine.put_u32(kobj + STATE, state & !IN_SYSFS)
    }));
}

/// `kobject_set_name()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_set_name(frame: &VaFrame) -> i32 {
    might_sleep("kobject_set_name");
    or_oops(enter(|machine, _| {
        let name = format_short(machine, frame.regs[1], &mut VarArgs::after(frame, 2));
        machine.set_name(frame.regs[0], &name).map(|()| 0)
    }))
}

/// `kobject_get_path()`: memory of the caller's.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kobject_get_path(kobj: u64, gfp: u32) -> u64 {
    or_oops(enter(|machine, _| {
        let Some(dir) = machine.object_dir(kobj) else { return Ok(0) };
        let path = machine.kernel.vfs.kern.path(dir);
        machine.duplicate(path.as_bytes(), true, gfp)
    }))
}

/// `kobject_uevent()`: nobody listens in user space.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_uevent(kobj: u64, _action: u32) -> i32 {
    might_sleep("kobject_uevent");
    or_oops(enter(|machine, _| machine.get_u32(kobj + STATE)));
    0
}

/// `kobject_uevent_env()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kobject_uevent_env(kobj: u64, action: u32, _env: u64) -> i32 {
    kobject_uevent(kobj, action)
}

fn register_kset(machine: &mut Machine, kset: u64) -> Result<i32, Fault> {
    machine.put_u64(kset, kset)?;
    machine.put_u64(kset + 8, kset)?;
    machine.put_u32(kset + 16, crate::object::Magic::Spinlock as u32)?;
    machine.put_u32(kset + 20, 0)?;
    let kobj = kset + KSET_KOBJ;
    let ktype = machine.get_u64(kobj + KTYPE)?;
    machine.kobject_init(kobj, ktype)?;
    let parent = machine.get_u64(kobj + PARENT)?;
    machine.kobject_add(kobj, parent, None)
}

/// `kset_register()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kset_register(kset: u64) -> i32 {
    might_sleep("kset_register");
    if kset == 0 {
        return -Errno::EINVAL.0;
    }
    or_oops(enter(|machine, _| register_kset(machine, kset)))
}

/// `kset_create_and_add()`: NULL on failure.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kset_create_and_add(name: u64, ops: u64, parent: u64) -> u64 {
    might_sleep("kset_create_and_add");
    or_oops(enter(|machine, _| {
        let at = machine.kernel.event_here();
        let Some(kset) = machine.arena.heap.alloc(KSET_SIZE, 16, true, KSET_KIND, at) else { return Ok(0) };
        let text = machine.text(name)?;
        machine.set_name(kset + KSET_KOBJ, &text)?;
        machine.put_u64(kset + 88, ops)?;
        machine.put_u64(kset + KSET_KOBJ + PARENT, parent)?;
        if register_kset(machine, kset)? != 0 {
            machine.release(kset, "kset_unregister", |_| true);
            return Ok(0);
        }
        Ok(kset)
    }))
}

/// `kset_find_obj()`: the member of this name, with a reference, or NULL.
///
/// # Context
/// Any.
pub(crate) extern "C" fn kset_find_obj(kset: u64, name: u64) -> u64 {
    let found = or_oops(enter(|machine, _| {
        let name = machine.name_at(name)?;
        let objects: Vec<u64> = machine.files.objects.dirs.keys().copied().collect();
        for object in objects {
            // Devices and classes have other members at this place, which is no set's address.
            if machine.peek_u64(object + KSET) == kset && machine.object_dir(object).is_some() {
                let its = machine.get_u64(object + NAME)?;
                if its != 0 && machine.name_at(its)? == name {
                    return Ok(object);
                }
            }
        }
        Ok(0)
    }));
    if found == 0 { 0 } else { kobject_get_unless_zero(found) }
}

/// `kset_unregister()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kset_unregister(kset: u64) {
    if kset == 0 {
        return;
    }
    kobject_del(kset + KSET_KOBJ);
    let own = enter(|machine, _| {
        machine.arena.heap.block_at(kset).is_some_and(|block| block.addr == kset && block.kind == KSET_KIND)
    });
    if !own {
        kobject_put(kset + KSET_KOBJ);
    } else if drop_reference(kset + KSET_KOBJ + KREF) {
        enter(|machine, _| {
            let name = machine.peek_u64(kset + KSET_KOBJ + NAME);
            machine.kernel_free(name);
            machine.release(kset, "kset_unregister", |_| true);
        });
    }
}

/// `add_uevent_var()`: 0, or `-ENOMEM` with a warning when there is no room for another variable.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_uevent_var(frame: &VaFrame) -> i32 {
    // struct kobj_uevent_env: argv, envp, envp_idx, buf, buflen.
    const ENVP: u64 = 24;
    const INDEX: u64 = 536;
    const BUFFER: u64 = 540;
    const LENGTH: u64 = 2588;
    or_oops(enter(|machine, _| {
        let env = frame.regs[0];
        let text = format_short(machine, frame.regs[1], &mut VarArgs::after(frame, 2));
        let (index, used) = (machine.get_u32(env + INDEX)?, machine.get_u32(env + LENGTH)?);
        if index >= 64 || text.len() as u32 >= 2048 - used.min(2048) {
            let what = if index >= 64 { "too many keys" } else { "buffer size too small" };
            machine.warn_kernel_text(&format!("add_uevent_var: {what}"), "lib/kobject_uevent.c", 670, "add_uevent_var");
            return Ok(-Errno::ENOMEM.0);
        }
        let place = env + BUFFER + u64::from(used);
        machine.store_cstr(place, &text)?;
        machine.put_u64(env + ENVP + u64::from(index) * 8, place)?;
        machine.put_u32(env + INDEX, index + 1)?;
        machine.put_u32(env + LENGTH, used + text.len() as u32 + 1)?;
        Ok(0)
    }))
}

crate::exports![
    plain: kobject_init, kobject_create_and_add, kobject_get, kobject_get_unless_zero, kobject_put, kobject_del,
        kobject_get_path, kobject_uevent, kobject_uevent_env, kset_register, kset_create_and_add, kset_find_obj, kset_unregister;
    variadic: kobject_add, kobject_init_and_add, kobject_set_name, add_uevent_var;
    named:
];
