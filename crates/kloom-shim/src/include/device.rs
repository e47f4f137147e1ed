//! C header: include/linux/device.h: classes and devices. Drivers and buses are in driver.rs.
//!
//! Behaviour follows Linux 6.1 drivers/base/core.c and class.c. The tree of sysfs and the nodes of /dev are the
//! kernel's ([`kloom_kernel::fs::devfs`]).

use std::cell::Cell;
use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::Dev;
use kloom_kernel::fs::kernfs::{KernKind, SYSFS};

use super::kobject::{self, NAME_KIND};
use super::printk::{VarArgs, format_short};
use super::{driver, sysfs};
use crate::Machine;
use crate::call::{call1, call3, enter, might_sleep};
use crate::fileops::word;
use crate::object::Magic;
use crate::oops::or_oops;

/// Offsets in `struct device`; its kobject comes first.
const PARENT: u64 = 64;
const INIT_NAME: u64 = 72;
const TYPE: u64 = 80;
const BUS: u64 = 88;
const DRIVER: u64 = 96;
const DRIVER_DATA: u64 = 112;
const MUTEX: u64 = 120;
pub(crate) const DEVT: u64 = 144;
const CLASS: u64 = 168;
const GROUPS: u64 = 176;
const RELEASE: u64 = 184;
const SIZE: u64 = 200;

/// Offsets in `struct class`.
const CLASS_OWNER: u64 = 8;
const CLASS_GROUPS: u64 = 16;
const DEV_GROUPS: u64 = 24;
const DEVNODE: u64 = 40;
const CLASS_RELEASE: u64 = 48;
const DEV_RELEASE: u64 = 56;
const CLASS_SIZE: u64 = 72;

const CLASS_KIND: &str = "struct class";
const DEVICE_KIND: &str = "struct device";

/// A device that was added.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    class: String,
    class_addr: u64,
    name: String,
    dev: Dev,
}

/// What the shims of the driver model keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    classes: BTreeMap<u64, String>,
    devices: BTreeMap<u64, Device>,
}

impl State {
    /// Whether an address is a device's or a class's.
    pub(crate) fn knows(&self, object: u64) -> bool {
        self.devices.contains_key(&object) || self.classes.contains_key(&object)
    }

    /// Addresses of all devices.
    pub(crate) fn addresses(&self) -> Vec<u64> {
        self.devices.keys().copied().collect()
    }
}

fn is_err_or_null(pointer: u64) -> bool {
    pointer == 0 || pointer > u64::MAX - 4096
}

fn err_ptr(errno: Errno) -> u64 {
    -i64::from(errno.0) as u64
}

impl Machine {
    /// A `struct device` of the kernel's own making for a device that is in the tree.
    pub(crate) fn device_block(
        &mut self,
        class: &str,
        class_addr: u64,
        name: &str,
        dev: Dev,
        data: u64,
        parent: u64,
    ) -> Result<u64, Fault> {
        let at = self.kernel.event_here();
        let Some(addr) = self.arena.heap.alloc(SIZE, 16, true, DEVICE_KIND, at) else { return Ok(0) };
        let name_addr = self.name_block(name.as_bytes());
        self.poke_u64(addr + kobject::NAME, name_addr);
        self.poke_u32(addr + kobject::KREF, 1);
        self.poke_u64(addr + PARENT, parent);
        self.poke_u64(addr + DRIVER_DATA, data);
        self.poke_u32(addr + MUTEX, Magic::Mutex as u32);
        self.poke_u32(addr + DEVT, dev.raw());
        self.poke_u64(addr + CLASS, class_addr);
        self.device_known(addr, Device { class: class.to_string(), class_addr, name: name.to_string(), dev });
        Ok(addr)
    }

    /// Remembers a device and its directory.
    fn device_known(&mut self, addr: u64, device: Device) {
        let sys_name = device.name.replace('/', "!");
        let kern = &self.kernel.vfs.kern;
        let path = if device.class.is_empty() {
            self.device_top(addr).to_string()
        } else {
            format!("devices/virtual/{}", device.class)
        };
        if let Some(dir) = kern.find(SYSFS, &path).and_then(|top| kern.child(top, &sys_name)) {
            self.files.objects.dirs.insert(addr, dir);
        }
        self.files.devices.devices.insert(addr, device);
    }

    /// Forgets a device whose place in the tree is gone.
    pub(crate) fn device_gone(&mut self, addr: u64) {
        self.files.devices.devices.remove(&addr);
        self.remove_dir(addr);
    }

    fn class_name(&mut self, class: u64) -> Result<String, Fault> {
        let name = self.get_u64(class)?;
        self.name_at(name)
    }
}

/// Frees a device that `device_block` made, if it is one.
pub(crate) fn free_device(machine: &mut Machine, addr: u64) {
    let own = machine
        .arena
        .heap
        .block_at(addr)
        .is_some_and(|block| block.addr == addr && block.kind == DEVICE_KIND && block.freed.is_none());
    if own {
        let name = machine.peek_u64(addr + kobject::NAME);
        machine.kernel_free(name);
        machine.release(addr, "device_destroy", |_| true);
    }
}

fn register_class(machine: &mut Machine, class: u64) -> Result<Result<(), Errno>, Fault> {
    let name = machine.class_name(class)?;
    let module = machine.caller_module();
    if let Err(errno) = machine.kernel.class_create(&name, module) {
        if errno == Errno::EEXIST {
            machine.warn_taken(&format!("/class/{name}"));
        }
        return Ok(Err(errno));
    }
    if let Some(dir) = machine.kernel.vfs.kern.find(SYSFS, &format!("class/{name}")) {
        machine.files.objects.dirs.insert(class, dir);
    }
    machine.files.devices.classes.insert(class, name);
    Ok(Ok(()))
}

/// `class_create()`: the class, or an error pointer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __class_create(owner: u64, name: u64, _key: u64) -> u64 {
    might_sleep("class_create");
    or_oops(enter(|machine, _| {
        if machine.fails("class_create") {
            return Ok(err_ptr(Errno::ENOMEM));
        }
        let at = machine.kernel.event_here();
        let Some(class) = machine.arena.heap.alloc(CLASS_SIZE, 16, true, CLASS_KIND, at) else {
            return Ok(err_ptr(Errno::ENOMEM));
        };
        machine.poke_u64(class, name);
        machine.poke_u64(class + CLASS_OWNER, owner);
        match register_class(machine, class)? {
            Ok(()) => Ok(class),
            Err(errno) => {
                machine.release(class, "class_destroy", |_| true);
                Ok(err_ptr(errno))
            }
        }
    }))
}

/// Removes a class; its release function, if the module gave one.
fn unregister_class(class: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let release = machine.get_u64(class + CLASS_RELEASE)?;
        if let Some(name) = machine.files.devices.classes.remove(&class) {
            machine.files.objects.dirs.remove(&class);
            machine.kernel.class_destroy(&name);
            let kern = &machine.kernel.vfs.kern;
            machine.files.attrs.retain(|id, _| kern.get(*id).is_some());
        }
        Ok(release)
    }))
}

/// `class_destroy()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn class_destroy(class: u64) {
    if is_err_or_null(class) {
        return;
    }
    might_sleep("class_destroy");
    unregister_class(class);
    enter(|machine, _| machine.release(class, "class_destroy", |_| true));
}

/// `class_register()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __class_register(class: u64, _key: u64) -> i32 {
    might_sleep("class_register");
    let ret = or_oops(enter(|machine, _| {
        Ok(match register_class(machine, class)? {
            Ok(()) => 0,
            Err(errno) => -errno.0,
        })
    }));
    if ret == 0 { sysfs::sysfs_create_groups(class, word(class + CLASS_GROUPS)) } else { ret }
}

/// `class_unregister()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn class_unregister(class: u64) {
    might_sleep("class_unregister");
    let release = unregister_class(class);
    if release != 0 {
        call1(release, class);
    }
}

/// `class_create_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn class_create_file_ns(class: u64, attr: u64, _ns: u64) -> i32 {
    if class == 0 { -Errno::EINVAL.0 } else { sysfs::create_file(class, attr, false) }
}

/// `class_remove_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn class_remove_file_ns(class: u64, attr: u64, _ns: u64) {
    if class != 0 {
        sysfs::delete_file(class, attr);
    }
}

/// Puts a device into the tree: asks the class for the node's name and mode, then adds it. 0 or a negative error.
fn add_to_tree(addr: u64) -> i32 {
    let (class, devt) =
        or_oops(enter(|machine, _| Ok((machine.get_u64(addr + CLASS)?, machine.get_u32(addr + DEVT)?))));
    let devnode = if is_err_or_null(class) { 0 } else { word(class + DEVNODE) };
    let mode = Cell::new(0_u64);
    let node = if devnode == 0 || devt == 0 { 0 } else { call3(devnode, addr, mode.as_ptr() as u64, 0) };
    let ret = or_oops(enter(|machine, _| {
        let name = machine.get_u64(addr + kobject::NAME)?;
        let name = if name == 0 { String::new() } else { machine.name_at(name)? };
        if name.is_empty() {
            return Ok(-Errno::EINVAL.0);
        }
        let node_name = if node == 0 { None } else { Some(machine.name_at(node)?) };
        if node != 0 && machine.arena.heap.size_of(node).is_some() {
            machine.release(node, "device_add", |_| true);
        }
        let module = machine.caller_module();
        let dev = Dev::from_raw(devt);
        let class_name = if class == 0 { String::new() } else { machine.class_name(class)? };
        let added = if class == 0 {
            let top = machine.device_top(addr);
            let top = machine.kernel.vfs.kern.make_dirs(SYSFS, top, 0o755);
            machine
                .kernel
                .vfs
                .kern
                .add(top, &name.replace('/', "!"), KernKind::Dir(BTreeMap::new()), 0o755, module, None)
                .map(|_| ())
        } else {
            machine.kernel.device_add(&class_name, &name, dev, node_name.as_deref(), mode.get() as u32 & 0o7777, module)
        };
        Ok(match added {
            Ok(()) => {
                machine.device_known(addr, Device { class: class_name, class_addr: class, name, dev });
                0
            }
            Err(errno) => {
                if errno == Errno::EEXIST {
                    let top = if class == 0 {
                        machine.device_top(addr).to_string()
                    } else {
                        format!("devices/virtual/{class_name}")
                    };
                    machine.warn_taken(&format!("/{top}/{}", name.replace('/', "!")));
                }
                -errno.0
            }
        })
    }));
    if ret != 0 {
        return ret;
    }
    if !is_err_or_null(class) {
        sysfs::sysfs_create_groups(addr, word(class + DEV_GROUPS));
    }
    sysfs::sysfs_create_groups(addr, word(addr + GROUPS))
}

/// Takes a device out of the tree.
fn remove_from_tree(addr: u64) {
    enter(|machine, _| {
        if let Some(device) = machine.files.devices.devices.get(&addr).cloned() {
            if !device.class.is_empty() {
                machine.kernel.device_del(&device.class, &device.name);
            }
            machine.device_gone(addr);
        }
    });
}

fn create(class: u64, parent: u64, devt: u64, data: u64, groups: u64, fmt: u64, args: &mut VarArgs<'_>) -> u64 {
    might_sleep("device_create");
    if is_err_or_null(class) {
        return err_ptr(Errno::ENODEV);
    }
    let made = or_oops(enter(|machine, _| {
        if machine.fails("device_create") {
            return Ok(0);
        }
        let name = format_short(machine, fmt, args);
        let name = String::from_utf8_lossy(&name).into_owned();
        // Reading the class here lets a stale one show at the caller.
        let class_name = machine.class_name(class)?;
        let addr = machine.device_block(&class_name, class, &name, Dev::from_raw(devt as u32), data, parent)?;
        if addr != 0 {
            machine.files.devices.devices.remove(&addr);
            machine.files.objects.dirs.remove(&addr);
            machine.poke_u64(addr + GROUPS, groups);
        }
        Ok(addr)
    }));
    if made == 0 {
        return err_ptr(Errno::ENOMEM);
    }
    let ret = add_to_tree(made);
    if ret != 0 {
        enter(|machine, _| free_device(machine, made));
        return i64::from(ret) as u64;
    }
    made
}

/// `device_create()`: the device, or an error pointer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_create(frame: &VaFrame) -> u64 {
    let [class, parent, devt, data, fmt, _] = frame.regs;
    create(class, parent, devt, data, 0, fmt, &mut VarArgs::after(frame, 5))
}

/// `device_create_with_groups()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_create_with_groups(frame: &VaFrame) -> u64 {
    let [class, parent, devt, data, groups, fmt] = frame.regs;
    create(class, parent, devt, data, groups, fmt, &mut VarArgs::after(frame, 6))
}

/// `device_destroy()`: nothing when there is no such device.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_destroy(class: u64, devt: u32) {
    might_sleep("device_destroy");
    let dev = Dev::from_raw(devt);
    let found = enter(|machine, _| {
        machine
            .files
            .devices
            .devices
            .iter()
            .find(|(_, device)| device.class_addr == class && device.dev == dev)
            .map(|(&addr, _)| addr)
    });
    let Some(addr) = found else { return };
    remove_from_tree(addr);
    driver::release_resources(addr);
    enter(|machine, _| free_device(machine, addr));
}

/// `device_initialize()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn device_initialize(dev: u64) {
    or_oops(enter(|machine, _| {
        machine.put_u32(dev + kobject::KREF, 1)?;
        machine.put_u64(dev + kobject::ENTRY, dev + kobject::ENTRY)?;
        machine.put_u64(dev + kobject::ENTRY + 8, dev + kobject::ENTRY)?;
        machine.put_u32(dev + MUTEX, Magic::Mutex as u32)?;
        machine.put_u32(dev + MUTEX + 4, 0)
    }));
}

/// `device_add()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_add(dev: u64) -> i32 {
    might_sleep("device_add");
    if dev == 0 {
        return -Errno::EINVAL.0;
    }
    or_oops(enter(|machine, _| {
        let init_name = machine.get_u64(dev + INIT_NAME)?;
        if init_name != 0 {
            let name = machine.text(init_name)?;
            set_name(machine, dev, &name)?;
            machine.put_u64(dev + INIT_NAME, 0)?;
        }
        Ok(())
    }));
    let ret = add_to_tree(dev);
    if ret == 0 {
        driver::device_added(dev);
    }
    ret
}

/// `device_del()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_del(dev: u64) {
    might_sleep("device_del");
    driver::device_removed(dev);
    remove_from_tree(dev);
}

/// `device_register()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_register(dev: u64) -> i32 {
    device_initialize(dev);
    device_add(dev)
}

/// `device_unregister()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_unregister(dev: u64) {
    device_del(dev);
    put_device(dev);
}

/// `get_device()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_device(dev: u64) -> u64 {
    kobject::kobject_get(dev)
}

/// `put_device()`: the last one calls the release function of the device, its type or its class.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn put_device(dev: u64) {
    if dev == 0 || !kobject::drop_reference(dev + kobject::KREF) {
        return;
    }
    driver::release_resources(dev);
    let (release, name) = or_oops(enter(|machine, _| {
        let name = machine.get_u64(dev + kobject::NAME)?;
        let own = machine.get_u64(dev + RELEASE)?;
        let (kind, class) = (machine.get_u64(dev + TYPE)?, machine.get_u64(dev + CLASS)?);
        let of_type = if kind == 0 { 0 } else { machine.get_u64(kind + 16)? };
        let of_class = if class == 0 { 0 } else { machine.get_u64(class + DEV_RELEASE)? };
        let release = [own, of_type, of_class].into_iter().find(|&release| release != 0).unwrap_or(0);
        let by_kernel = machine.arena.heap.block_at(dev).is_some_and(|block| block.kind == DEVICE_KIND);
        if release == 0 && by_kernel {
            // device_create_release().
            free_device(machine, dev);
            return Ok((0, 0));
        }
        if release == 0 {
            let text = if name == 0 { String::new() } else { machine.name_at(name)? };
            let message = format!(
                "Device '{text}' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst."
            );
            machine.warn_of(kloom_kernel::fs::Warning {
                file: "drivers/base/core.c",
                line: 2332,
                function: "device_release",
                message,
            });
        }
        Ok((release, name))
    }));
    if release != 0 {
        call1(release, dev);
    }
    enter(|machine, _| {
        if machine.arena.heap.block_at(name).is_some_and(|block| block.kind == NAME_KIND) {
            machine.kernel_free(name);
        }
    });
}

pub(crate) fn set_name(machine: &mut Machine, dev: u64, name: &[u8]) -> Result<(), Fault> {
    let old = machine.get_u64(dev + kobject::NAME)?;
    if old != 0 && machine.arena.heap.block_at(old).is_some_and(|block| block.kind == NAME_KIND) {
        machine.kernel_free(old);
    }
    let addr = machine.name_block(name);
    machine.put_u64(dev + kobject::NAME, addr)
}

/// `dev_set_name()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn dev_set_name(frame: &VaFrame) -> i32 {
    might_sleep("dev_set_name");
    or_oops(enter(|machine, _| {
        let name = format_short(machine, frame.regs[1], &mut VarArgs::after(frame, 2));
        set_name(machine, frame.regs[0], &name).map(|()| 0)
    }))
}

/// `device_create_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_create_file(dev: u64, attr: u64) -> i32 {
    might_sleep("device_create_file");
    if dev == 0 { 0 } else { sysfs::create_file(dev, attr, false) }
}

/// `device_remove_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_remove_file(dev: u64, attr: u64) {
    might_sleep("device_remove_file");
    if dev != 0 {
        sysfs::delete_file(dev, attr);
    }
}

/// `dev_driver_string()`: the name of driver, bus or class, whichever there is first.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn dev_driver_string(dev: u64) -> u64 {
    or_oops(enter(|machine, _| {
        for place in [DRIVER, BUS, CLASS] {
            let object = machine.get_u64(dev + place)?;
            if object != 0 {
                return machine.get_u64(object);
            }
        }
        Ok(match machine.kdata.get("kloom_empty") {
            Some(addr) => addr,
            None => {
                let Machine { kdata, arena, .. } = machine;
                kdata.add(arena, "kloom_empty", &[0])
            }
        })
    }))
}

crate::exports![
    plain: __class_create, class_destroy, __class_register, class_unregister, class_create_file_ns, class_remove_file_ns,
        device_destroy, device_initialize, device_add, device_del, device_register, device_unregister, get_device,
        put_device, device_create_file, device_remove_file, dev_driver_string;
    variadic: device_create, device_create_with_groups, dev_set_name;
    named:
];
