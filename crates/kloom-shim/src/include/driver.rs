//! C headers: include/linux/device/bus.h, include/linux/device/driver.h, include/linux/platform_device.h, and the `devm_*`
//! functions of include/linux/device.h: which driver has which device, and what goes with it.
//!
//! Behaviour follows Linux 6.1 drivers/base/bus.c, dd.c, driver.c, platform.c and devres.c: a driver is offered every
//! device of its bus that has none, in the order they came; what a device was given by `devm_*` goes, the last first, when
//! its driver leaves it or could not take it. A driver that answers `-EPROBE_DEFER` is asked again when another one took a
//! device. Firmware tables (`of_match_table`, ACPI) match nothing.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::{Attr, KernId, KernKind, SYSFS};
use kloom_kernel::printk::Level;

use super::kobject;
use super::printk::{VarArgs, format_short};
use super::{device, irq, slab, string, sysfs};
use crate::Machine;
use crate::call::{call1, call3, enter, might_sleep};
use crate::control::Control;
use crate::fileops::{AttrNode, word};
use crate::oops::or_oops;

/// Offsets in `struct device`.
const DEV_PARENT: u64 = 64;
const DEV_INIT_NAME: u64 = 72;
const DEV_BUS: u64 = 88;
const DEV_DRIVER: u64 = 96;
const DEV_PLATFORM_DATA: u64 = 104;
const DEV_DRVDATA: u64 = 112;
const DEV_RELEASE: u64 = 184;
const DEV_SIZE: u64 = 200;

/// Offsets in `struct bus_type`.
const BUS_GROUPS: u64 = 16;
const BUS_MATCH: u64 = 40;
const BUS_PROBE: u64 = 56;
const BUS_REMOVE: u64 = 64;
const BUS_SIZE: u64 = 80;

/// Offsets in `struct device_driver`.
const DRV_BUS: u64 = 8;
const DRV_OWNER: u64 = 16;
const DRV_PROBE: u64 = 48;
const DRV_REMOVE: u64 = 56;
const DRV_GROUPS: u64 = 72;

/// Offsets in `struct platform_device`, and its size.
const PDEV_NAME: u64 = 0;
const PDEV_ID: u64 = 8;
const PDEV_AUTO: u64 = 12;
const PDEV_DEV: u64 = 16;
const PDEV_RESOURCES: u64 = PDEV_DEV + DEV_SIZE;
const PDEV_RESOURCE: u64 = PDEV_RESOURCES + 8;
const PDEV_ID_ENTRY: u64 = PDEV_RESOURCE + 8;
const PDEV_SIZE: u64 = PDEV_ID_ENTRY + 8;

/// Offsets in `struct platform_driver`.
const PDRV_PROBE: u64 = 0;
const PDRV_REMOVE: u64 = 8;
const PDRV_DRIVER: u64 = 40;
const PDRV_ID_TABLE: u64 = 144;
const ID_NAME: u64 = 24;
const ID_SIZE: u64 = 32;

/// `struct resource`: start, end, name, flags, and its size.
const RES_FLAGS: u64 = 24;
const RES_SIZE: u64 = 56;
const RES_TYPE: u64 = 0x1f00;
const RES_IRQ: u64 = 0x400;

/// Ids of platform devices that are not numbers.
const ID_NONE: i32 = -1;
const ID_AUTO: i32 = -2;

const EPROBE_DEFER: i32 = 517;
const GFP_KERNEL: u32 = 0xcc0;
const GFP_ZERO: u32 = 0x100;

/// A bus that was registered.
#[derive(Clone, Debug, Default)]
struct Bus {
    name: String,
    drivers: Vec<u64>,
    devices: Vec<u64>,
}

/// Something that goes with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Memory(u64),
    Action(u64, u64),
    Irq(u32, u64),
    /// Memory of `devres_alloc()` and the function it is released by.
    Own(u64, u64),
    /// A group begins.
    Open(u64),
    /// It ends.
    Close(u64),
}

/// What the shims of drivers keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    buses: BTreeMap<u64, Bus>,
    /// `platform_bus_type` and `platform_bus`.
    platform: u64,
    platform_root: u64,
    /// What each device was given, oldest first.
    resources: BTreeMap<u64, Vec<Resource>>,
    deferred: Vec<u64>,
    /// Release functions of `devres_alloc()` by the memory.
    releases: BTreeMap<u64, u64>,
    autos: std::collections::BTreeSet<u32>,
}

/// Makes the platform bus.
pub(crate) fn boot(machine: &mut Machine) {
    let Machine { kdata, arena, .. } = machine;
    let name = arena.alloc_kdata(16);
    arena.write_kdata(name, b"platform");
    let bus = kdata.add(arena, "platform_bus_type", &[0; BUS_SIZE as usize]);
    arena.write_kdata(bus, &name.to_le_bytes());
    let root = kdata.add(arena, "platform_bus", &[0; DEV_SIZE as usize]);
    arena.write_kdata(root, &name.to_le_bytes());
    let drivers = &mut machine.files.drivers;
    (drivers.platform, drivers.platform_root) = (bus, root);
    drivers.buses.insert(bus, Bus { name: "platform".into(), ..Bus::default() });
    let kern = &mut machine.kernel.vfs.kern;
    kern.make_dirs(SYSFS, "bus/platform/devices", 0o755);
    kern.make_dirs(SYSFS, "bus/platform/drivers", 0o755);
}

impl Machine {
    /// The directory in `/sys` that a device without class is in.
    pub(crate) fn device_top(&self, dev: u64) -> &'static str {
        let bus = self.peek_u64(dev + DEV_BUS);
        if bus != 0 && bus == self.files.drivers.platform { "devices/platform" } else { "devices" }
    }

    fn bus_dir(&self, bus: u64, below: &str) -> Option<KernId> {
        let name = &self.files.drivers.buses.get(&bus)?.name;
        self.kernel.vfs.kern.find(SYSFS, &format!("bus/{name}/{below}"))
    }

    fn device_name(&mut self, dev: u64) -> Result<String, Fault> {
        let init = self.get_u64(dev + DEV_INIT_NAME)?;
        let name = if init != 0 { init } else { self.get_u64(dev + kobject::NAME)? };
        if name == 0 { Ok(String::new()) } else { self.name_at(name) }
    }

    fn driver_name(&mut self, driver: u64) -> Result<String, Fault> {
        let name = self.get_u64(driver)?;
        if name == 0 { Ok(String::new()) } else { self.name_at(name) }
    }
}

/// `bus_register()`: 0 or `-EEXIST`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn bus_register(bus: u64) -> i32 {
    might_sleep("bus_register");
    let ret = or_oops(enter(|machine, _| {
        let name = machine.driver_name(bus)?;
        let (owner, created) = (machine.caller_module(), Some(machine.kernel.event_here()));
        let top = machine.kernel.vfs.kern.make_dirs(SYSFS, "bus", 0o755);
        let kind = KernKind::Dir(BTreeMap::new());
        match machine.kernel.vfs.kern.add(top, &name, kind, 0o755, owner, created) {
            Ok(dir) => {
                for below in ["devices", "drivers"] {
                    machine.kernel.vfs.kern.make_dirs(dir, below, 0o755);
                }
                machine.files.objects.dirs.insert(bus, dir);
                machine.files.drivers.buses.insert(bus, Bus { name, ..Bus::default() });
                Ok(0)
            }
            Err(errno) => Ok(-errno.0),
        }
    }));
    if ret == 0 { sysfs::sysfs_create_groups(bus, word(bus + BUS_GROUPS)) } else { ret }
}

/// `bus_unregister()`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn bus_unregister(bus: u64) {
    might_sleep("bus_unregister");
    enter(|machine, _| {
        if machine.files.drivers.buses.remove(&bus).is_some() {
            machine.remove_dir(bus);
        }
    });
}

/// Whether the driver is one for the device, as its bus says.
fn matches(bus: u64, dev: u64, driver: u64) -> bool {
    let platform = enter(|machine, _| machine.files.drivers.platform);
    if bus != platform {
        let func = word(bus + BUS_MATCH);
        return func == 0 || call3(func, dev, driver, 0) as i32 > 0;
    }
    or_oops(enter(|machine, _| {
        let pdev = dev - PDEV_DEV;
        let name = machine.get_u64(pdev + PDEV_NAME)?;
        let name = if name == 0 { String::new() } else { machine.name_at(name)? };
        let mut id = machine.get_u64(driver - PDRV_DRIVER + PDRV_ID_TABLE)?;
        if id != 0 {
            loop {
                let entry = machine.load(id, ID_NAME)?;
                let end = entry.iter().position(|&byte| byte == 0).unwrap_or(entry.len());
                if end == 0 {
                    return Ok(false);
                }
                if entry[..end] == *name.as_bytes() {
                    machine.put_u64(pdev + PDEV_ID_ENTRY, id)?;
                    return Ok(true);
                }
                id += ID_SIZE;
            }
        }
        Ok(machine.driver_name(driver)? == name)
    }))
}

/// Offers a device to a driver: 0 if it took it, else what `probe()` answered.
fn bind(bus: u64, dev: u64, driver: u64) -> i32 {
    let platform = enter(|machine, _| machine.files.drivers.platform);
    or_oops(enter(|machine, _| machine.put_u64(dev + DEV_DRIVER, driver)));
    let (func, arg) = if bus == platform {
        (word(driver - PDRV_DRIVER + PDRV_PROBE), dev - PDEV_DEV)
    } else {
        match word(bus + BUS_PROBE) {
            0 => (word(driver + DRV_PROBE), dev),
            probe => (probe, dev),
        }
    };
    let ret = if func == 0 { 0 } else { call1(func, arg) as i32 };
    if ret == 0 {
        or_oops(enter(|machine, _| {
            let (name, driver_name) = (machine.device_name(dev)?, machine.driver_name(driver)?);
            if let Some(dir) = machine.bus_dir(bus, &format!("drivers/{driver_name}")) {
                let path = format!("../../../../{}/{name}", machine.device_top(dev));
                let _ = machine.kernel.vfs.kern.add(dir, &name, KernKind::Link(path), 0o777, None, None);
            }
            let bus_name = machine.files.drivers.buses.get(&bus).map_or(String::new(), |bus| bus.name.clone());
            if let Some(dir) = machine.object_dir(dev) {
                let up = "../".repeat(machine.device_top(dev).split('/').count() + 1);
                let path = format!("{up}bus/{bus_name}/drivers/{driver_name}");
                let _ = machine.kernel.vfs.kern.add(dir, "driver", KernKind::Link(path), 0o777, None, None);
            }
            Ok(())
        }));
        return 0;
    }
    or_oops(enter(|machine, _| {
        match -ret {
            EPROBE_DEFER => {
                let deferred = &mut machine.files.drivers.deferred;
                if !deferred.contains(&dev) {
                    deferred.push(dev);
                }
            }
            errno if errno == Errno::ENODEV.0 || errno == Errno::ENXIO.0 => {}
            _ => {
                let (name, driver_name) = (machine.device_name(dev)?, machine.driver_name(driver)?);
                machine.print(Level::Warning, format!("{driver_name}: probe of {name} failed with error {ret}"));
            }
        }
        Ok(())
    }));
    release_resources(dev);
    or_oops(enter(|machine, _| {
        machine.put_u64(dev + DEV_DRIVER, 0)?;
        machine.put_u64(dev + DEV_DRVDATA, 0)
    }));
    ret
}

/// A name written to the `bind` file of a driver (bind_store()).
///
/// # Errors
/// `ENODEV` when the driver is not one for a device of this name, `EBUSY` when that has one, and what `probe()` answers.
pub(crate) fn bind_by_name(driver: u64, name: &str) -> Result<(), Errno> {
    let bus = word(driver + DRV_BUS);
    let dev = device_of_bus(bus, name).filter(|&dev| matches(bus, dev, driver)).ok_or(Errno::ENODEV)?;
    if word(dev + DEV_DRIVER) != 0 {
        return Err(Errno::EBUSY);
    }
    match bind(bus, dev, driver) {
        0 => {
            retry_deferred();
            Ok(())
        }
        ret if -ret == EPROBE_DEFER => Err(Errno::EAGAIN),
        ret => Err(Errno(ret.abs())),
    }
}

/// A name written to the `unbind` file of a driver (unbind_store()).
///
/// # Errors
/// `ENODEV` when the driver has no device of this name.
pub(crate) fn unbind_by_name(driver: u64, name: &str) -> Result<(), Errno> {
    let bus = word(driver + DRV_BUS);
    let dev = device_of_bus(bus, name).filter(|&dev| word(dev + DEV_DRIVER) == driver).ok_or(Errno::ENODEV)?;
    detach(dev);
    Ok(())
}

/// The device of this name on a bus.
fn device_of_bus(bus: u64, name: &str) -> Option<u64> {
    or_oops(enter(|machine, _| {
        let devices = machine.files.drivers.buses.get(&bus).map(|bus| bus.devices.clone()).unwrap_or_default();
        for dev in devices {
            if machine.device_name(dev)? == name {
                return Ok(Some(dev));
            }
        }
        Ok(None)
    }))
}

/// Looks for a driver for a device that has none; whether one took it.
fn attach(bus: u64, dev: u64) -> bool {
    let drivers = enter(|machine, _| machine.files.drivers.buses.get(&bus).map(|bus| bus.drivers.clone()));
    for driver in drivers.unwrap_or_default() {
        if matches(bus, dev, driver) && bind(bus, dev, driver) == 0 {
            return true;
        }
    }
    false
}

/// A device was bound: those whose drivers asked for patience are tried again.
fn retry_deferred() {
    loop {
        let waiting = enter(|machine, _| std::mem::take(&mut machine.files.drivers.deferred));
        let mut any = false;
        for dev in waiting {
            let bus = word(dev + DEV_BUS);
            if word(dev + DEV_DRIVER) == 0 {
                any |= attach(bus, dev);
            }
        }
        if !any {
            return;
        }
    }
}

/// Takes a device from its driver.
fn detach(dev: u64) {
    let (bus, driver) = or_oops(enter(|machine, _| {
        machine.files.drivers.deferred.retain(|&other| other != dev);
        Ok((machine.get_u64(dev + DEV_BUS)?, machine.get_u64(dev + DEV_DRIVER)?))
    }));
    if driver == 0 {
        return;
    }
    or_oops(enter(|machine, _| {
        let (name, driver_name) = (machine.device_name(dev)?, machine.driver_name(driver)?);
        if let Some(dir) = machine.bus_dir(bus, &format!("drivers/{driver_name}"))
            && let Some(link) = machine.kernel.vfs.kern.child(dir, &name)
        {
            machine.kernel.vfs.kern.remove(link);
        }
        if let Some(link) = machine.object_dir(dev).and_then(|dir| machine.kernel.vfs.kern.child(dir, "driver")) {
            machine.kernel.vfs.kern.remove(link);
        }
        Ok(())
    }));
    let platform = enter(|machine, _| machine.files.drivers.platform);
    if bus == platform {
        let remove = word(driver - PDRV_DRIVER + PDRV_REMOVE);
        if remove != 0 && call1(remove, dev - PDEV_DEV) as i32 != 0 {
            or_oops(enter(|machine, _| {
                let (name, driver_name) = (machine.device_name(dev)?, machine.driver_name(driver)?);
                machine.print(
                    Level::Warning,
                    format!("{driver_name} {name}: remove callback returned a non-zero value. This will be ignored."),
                );
                Ok(())
            }));
        }
    } else {
        let remove = match word(bus + BUS_REMOVE) {
            0 => word(driver + DRV_REMOVE),
            remove => remove,
        };
        if remove != 0 {
            call1(remove, dev);
        }
    }
    release_resources(dev);
    or_oops(enter(|machine, _| {
        machine.put_u64(dev + DEV_DRIVER, 0)?;
        machine.put_u64(dev + DEV_DRVDATA, 0)
    }));
}

/// Whether a pointer of an object that was looked at is not NULL.
fn word_at(machine: &Machine, place: u64) -> bool {
    machine.peek_u64(place) != 0
}

/// The files every driver has in sysfs.
fn driver_files(machine: &mut Machine, driver: u64, dir: KernId) -> Result<(), Fault> {
    for (name, control) in [("bind", Control::DriverBind(driver)), ("unbind", Control::DriverUnbind(driver))] {
        let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
        if let Ok(id) = machine.kernel.vfs.kern.add(dir, name, file, 0o200, None, None) {
            machine.files.attrs.insert(id, AttrNode::Control(control));
        }
    }
    let _ = machine.kernel.vfs.kern.add(dir, "uevent", KernKind::File(Attr::Text(Vec::new())), 0o200, None, None);
    let owner = machine.get_u64(driver + DRV_OWNER)?;
    let module = machine.kernel.modules.list.iter().find(|module| module.addr == owner && owner != 0);
    if let Some(name) = module.map(|module| module.name.clone()) {
        let link = KernKind::Link(format!("../../../../module/{name}"));
        let _ = machine.kernel.vfs.kern.add(dir, "module", link, 0o777, None, None);
    }
    Ok(())
}

/// `driver_register()`: 0, `-EINVAL` when its bus is not registered, `-EBUSY` when its name is taken.
///
/// # Context
/// Process context; may sleep; calls `probe()`.
pub(crate) extern "C" fn driver_register(driver: u64) -> i32 {
    might_sleep("driver_register");
    let (bus, ret) = or_oops(enter(|machine, _| {
        let (name, bus) = (machine.driver_name(driver)?, machine.get_u64(driver + DRV_BUS)?);
        if !machine.files.drivers.buses.contains_key(&bus) {
            let bus_name = if bus == 0 { "(null)".to_string() } else { machine.driver_name(bus)? };
            machine.print(
                Level::Err,
                format!("Driver '{name}' was unable to register with bus_type '{bus_name}' because the bus was not initialized."),
            );
            return Ok((bus, -Errno::EINVAL.0));
        }
        let both = |of_bus: u64, of_driver: u64| word_at(machine, bus + of_bus) && word_at(machine, driver + of_driver);
        if both(BUS_PROBE, DRV_PROBE) || both(BUS_REMOVE, DRV_REMOVE) {
            machine.print(Level::Warning, format!("Driver '{name}' needs updating - please use bus_type methods"));
        }
        let dir = machine.bus_dir(bus, "drivers");
        let (owner, created) = (machine.caller_module(), Some(machine.kernel.event_here()));
        let kind = KernKind::Dir(BTreeMap::new());
        let added = dir.map(|dir| machine.kernel.vfs.kern.add(dir, &name, kind, 0o755, owner, created));
        match added {
            Some(Ok(dir)) => {
                machine.files.objects.dirs.insert(driver, dir);
                driver_files(machine, driver, dir)?;
                if let Some(bus) = machine.files.drivers.buses.get_mut(&bus) {
                    bus.drivers.push(driver);
                }
                Ok((bus, 0))
            }
            Some(Err(Errno::EEXIST)) => {
                machine.print(Level::Err, format!("Error: Driver '{name}' is already registered, aborting..."));
                Ok((bus, -Errno::EBUSY.0))
            }
            _ => Ok((bus, -Errno::EINVAL.0)),
        }
    }));
    if ret != 0 {
        return ret;
    }
    let devices = enter(|machine, _| machine.files.drivers.buses.get(&bus).map(|bus| bus.devices.clone()));
    let mut any = false;
    for dev in devices.unwrap_or_default() {
        if word(dev + DEV_DRIVER) == 0 && matches(bus, dev, driver) {
            any |= bind(bus, dev, driver) == 0;
        }
    }
    if any {
        retry_deferred();
    }
    sysfs::sysfs_create_groups(driver, word(driver + DRV_GROUPS))
}

/// `driver_unregister()`: its devices are taken from it first, the last one first.
///
/// # Context
/// Process context; may sleep; calls `remove()`.
pub(crate) extern "C" fn driver_unregister(driver: u64) {
    might_sleep("driver_unregister");
    let bus = word(driver + DRV_BUS);
    let known = enter(|machine, _| {
        let known = machine.files.drivers.buses.get(&bus).is_some_and(|bus| bus.drivers.contains(&driver));
        if !known {
            machine.warn_kernel_text(
                "Unexpected driver unregister!",
                "drivers/base/driver.c",
                270,
                "driver_unregister",
            );
        }
        known
    });
    if !known {
        return;
    }
    let devices = enter(|machine, _| machine.files.drivers.buses.get(&bus).map(|bus| bus.devices.clone()));
    for dev in devices.unwrap_or_default().into_iter().rev() {
        if word(dev + DEV_DRIVER) == driver {
            detach(dev);
        }
    }
    enter(|machine, _| {
        if let Some(bus) = machine.files.drivers.buses.get_mut(&bus) {
            bus.drivers.retain(|&other| other != driver);
        }
        machine.remove_dir(driver);
    });
}

/// A device was added: it joins its bus, and a driver may take it.
pub(crate) fn device_added(dev: u64) {
    let bus = word(dev + DEV_BUS);
    let known = or_oops(enter(|machine, _| {
        if !machine.files.drivers.buses.contains_key(&bus) {
            return Ok(false);
        }
        let name = machine.device_name(dev)?;
        if let Some(dir) = machine.bus_dir(bus, "devices") {
            let path = format!("../../../{}/{name}", machine.device_top(dev));
            let _ = machine.kernel.vfs.kern.add(dir, &name, KernKind::Link(path), 0o777, None, None);
        }
        if bus == machine.files.drivers.platform
            && let Some(dir) = machine.object_dir(dev)
        {
            let of = machine.get_u64(dev - PDEV_DEV + PDEV_NAME)?;
            let text = format!("platform:{}\n", machine.name_at(of)?);
            let file = KernKind::File(Attr::Text(text.into_bytes()));
            let _ = machine.kernel.vfs.kern.add(dir, "modalias", file, 0o444, None, None);
        }
        if let Some(bus) = machine.files.drivers.buses.get_mut(&bus) {
            bus.devices.push(dev);
        }
        Ok(true)
    }));
    if known && attach(bus, dev) {
        retry_deferred();
    }
}

/// A device goes: its driver leaves it, it leaves its bus.
pub(crate) fn device_removed(dev: u64) {
    let bus = word(dev + DEV_BUS);
    let known = enter(|machine, _| machine.files.drivers.buses.get(&bus).is_some_and(|bus| bus.devices.contains(&dev)));
    if !known {
        return;
    }
    detach(dev);
    or_oops(enter(|machine, _| {
        let name = machine.device_name(dev)?;
        if let Some(link) = machine.bus_dir(bus, &format!("devices/{name}")) {
            machine.kernel.vfs.kern.remove(link);
        }
        if let Some(bus) = machine.files.drivers.buses.get_mut(&bus) {
            bus.devices.retain(|&other| other != dev);
        }
        Ok(())
    }));
}

/// Gives back what a device was given, the last first.
pub(crate) fn release_resources(dev: u64) {
    loop {
        let next = enter(|machine, _| {
            let list = machine.files.drivers.resources.get_mut(&dev)?;
            let next = list.pop();
            if next.is_none() {
                machine.files.drivers.resources.remove(&dev);
            }
            next
        });
        match next {
            Some(resource) => release_one(dev, resource),
            None => return,
        }
    }
}

fn release_one(dev: u64, resource: Resource) {
    match resource {
        Resource::Memory(addr) => slab::kfree(addr),
        Resource::Action(func, data) => {
            call1(func, data);
        }
        Resource::Irq(line, id) => {
            irq::free_irq(line, id);
        }
        Resource::Own(addr, release) => {
            call3(release, dev, addr, 0);
            slab::kfree(addr);
        }
        Resource::Open(_) | Resource::Close(_) => {}
    }
}

/// `devres_alloc()`: zeroed memory for something that `release(dev, memory)` gives back; NULL without memory.
///
/// # Context
/// As `kmalloc()` with the same flags.
pub(crate) extern "C" fn kloom_devres_alloc(release: u64, size: u64, gfp: u32) -> u64 {
    let addr = slab::__kmalloc(size.max(1), gfp | GFP_ZERO);
    if addr != 0 {
        enter(|machine, _| machine.files.drivers.releases.insert(addr, release));
    }
    addr
}

/// `devres_free()`: gives back memory that no device has.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_free(res: u64) {
    if res != 0 {
        enter(|machine, _| machine.files.drivers.releases.remove(&res));
        slab::kfree(res);
    }
}

/// `devres_add()`: it goes with the device's driver from now on.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_add(dev: u64, res: u64) {
    let release = enter(|machine, _| machine.files.drivers.releases.remove(&res).unwrap_or(0));
    give(dev, Resource::Own(res, release));
}

/// The last thing with this release function that `match(dev, memory, data)` takes (NULL: any).
fn find_own(dev: u64, release: u64, matching: u64, data: u64) -> Option<u64> {
    let list = enter(|machine, _| machine.files.drivers.resources.get(&dev).cloned().unwrap_or_default());
    list.into_iter().rev().find_map(|resource| match resource {
        Resource::Own(addr, func)
            if func == release && (matching == 0 || call3(matching, dev, addr, data) as i32 != 0) =>
        {
            Some(addr)
        }
        _ => None,
    })
}

/// `devres_find()`: the last one that matches, or NULL.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_find(dev: u64, release: u64, matching: u64, data: u64) -> u64 {
    find_own(dev, release, matching, data).unwrap_or(0)
}

/// `devres_remove()`: takes the last one that matches away from the device; NULL if there is none.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_remove(dev: u64, release: u64, matching: u64, data: u64) -> u64 {
    let Some(addr) = find_own(dev, release, matching, data) else { return 0 };
    take(dev, Resource::Own(addr, release));
    enter(|machine, _| machine.files.drivers.releases.insert(addr, release));
    addr
}

/// `devres_destroy()`: removes and frees it without its release function; 0 or `-ENOENT`.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_destroy(dev: u64, release: u64, matching: u64, data: u64) -> i32 {
    match devres_remove(dev, release, matching, data) {
        0 => -Errno::ENOENT.0,
        addr => {
            devres_free(addr);
            0
        }
    }
}

/// `devres_release()`: removes it, calls its release function and frees it; 0 or `-ENOENT`.
///
/// # Context
/// That of the release function.
pub(crate) extern "C" fn devres_release(dev: u64, release: u64, matching: u64, data: u64) -> i32 {
    match devres_remove(dev, release, matching, data) {
        0 => -Errno::ENOENT.0,
        addr => {
            call3(release, dev, addr, 0);
            devres_free(addr);
            0
        }
    }
}

/// `devres_open_group()`: what is given from now on belongs to a group, named `id` or by what this returns.
///
/// # Context
/// As `kmalloc()` with the same flags.
pub(crate) extern "C" fn devres_open_group(dev: u64, id: u64, gfp: u32) -> u64 {
    let id = if id == 0 { slab::__kmalloc(16, gfp) } else { id };
    if id != 0 {
        give(dev, Resource::Open(id));
    }
    id
}

/// Where a group (0: the last that is open) begins in a device's list, and where it ends.
fn group(list: &[Resource], id: u64) -> Option<(usize, usize)> {
    let closed = |id: u64| list.iter().position(|other| *other == Resource::Close(id));
    let begins = |resource: &Resource| match *resource {
        Resource::Open(open) => {
            if id == 0 {
                closed(open).is_none()
            } else {
                open == id
            }
        }
        _ => false,
    };
    let from = list.iter().rposition(begins)?;
    let Resource::Open(open) = list[from] else { return None };
    Some((from, closed(open).map_or(list.len(), |end| end + 1)))
}

fn change_group<R>(dev: u64, id: u64, change: impl FnOnce(&mut Vec<Resource>, usize, usize) -> R) -> Option<R> {
    enter(|machine, _| {
        let list = machine.files.drivers.resources.entry(dev).or_default();
        let found = group(list, id);
        if found.is_none() {
            machine.warn_kernel("drivers/base/devres.c", 633, "devres_release_group");
        }
        let (from, to) = found?;
        machine.files.drivers.resources.get_mut(&dev).map(|list| change(list, from, to))
    })
}

/// `devres_close_group()`: what is given later does not belong to it.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_close_group(dev: u64, id: u64) {
    change_group(dev, id, |list, from, _| {
        if let Resource::Open(open) = list[from] {
            list.push(Resource::Close(open));
        }
    });
}

/// `devres_remove_group()`: forgets the group; what belonged to it stays.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devres_remove_group(dev: u64, id: u64) {
    change_group(dev, id, |list, from, to| {
        if to > from && matches!(list[to - 1], Resource::Close(_)) {
            list.remove(to - 1);
        }
        list.remove(from);
    });
}

/// `devres_release_group()`: gives back what belongs to it, the last first; how many things.
///
/// # Context
/// That of the release functions.
pub(crate) extern "C" fn devres_release_group(dev: u64, id: u64) -> i32 {
    let gone = change_group(dev, id, |list, from, to| list.drain(from..to).collect::<Vec<_>>()).unwrap_or_default();
    let mut count = 0;
    for resource in gone.into_iter().rev() {
        count += i32::from(!matches!(resource, Resource::Open(_) | Resource::Close(_)));
        release_one(dev, resource);
    }
    count
}

/// `platform_create_bundle()`: registers a driver together with its one device; an error pointer.
///
/// # Context
/// Process context; may sleep; calls `probe()`.
pub(crate) extern "C" fn __platform_create_bundle(
    driver: u64,
    probe: u64,
    resources: u64,
    count: u32,
    data: u64,
    size: u64,
    owner: u64,
) -> u64 {
    let name = word(driver + PDRV_DRIVER);
    let pdev = kloom_platform_device_register(name, ID_NONE, resources, count, data, size);
    if pdev > u64::MAX - 4095 {
        return pdev;
    }
    match kloom_platform_driver_probe(driver, probe, owner) {
        0 => pdev,
        ret => {
            platform_device_unregister(pdev);
            i64::from(ret) as u64
        }
    }
}

/// `driver_for_each_device()`: the driver's devices in the order they came, until `func` returns other than 0.
///
/// # Context
/// That of `func`.
pub(crate) extern "C" fn driver_for_each_device(driver: u64, start: u64, data: u64, func: u64) -> i32 {
    let bus = word(driver + DRV_BUS);
    let devices = enter(|machine, _| machine.files.drivers.buses.get(&bus).map(|bus| bus.devices.clone()));
    let devices = devices.unwrap_or_default();
    let from = devices.iter().position(|&dev| dev == start).map_or(0, |at| at + 1);
    for &dev in &devices[from..] {
        if word(dev + DEV_DRIVER) == driver {
            let ret = call3(func, dev, data, 0) as i32;
            if ret != 0 {
                return ret;
            }
        }
    }
    0
}

/// `driver_find()`: the driver of this name on a bus, or NULL.
///
/// # Context
/// Process context.
pub(crate) extern "C" fn driver_find(name: u64, bus: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let name = machine.name_at(name)?;
        let drivers = machine.files.drivers.buses.get(&bus).map(|bus| bus.drivers.clone()).unwrap_or_default();
        for driver in drivers {
            if machine.driver_name(driver)? == name {
                return Ok(driver);
            }
        }
        Ok(0)
    }))
}

/// `bus_find_device_by_name()`: with a reference, or NULL.
///
/// # Context
/// Process context.
pub(crate) extern "C" fn kloom_bus_find_device_by_name(bus: u64, name: u64) -> u64 {
    let name = or_oops(enter(|machine, _| machine.name_at(name)));
    device_of_bus(bus, &name).map_or(0, |dev| device::get_device(dev))
}

fn give(dev: u64, resource: Resource) {
    enter(|machine, _| machine.files.drivers.resources.entry(dev).or_default().push(resource));
}

/// Takes one thing away from a device; whether it had it.
fn take(dev: u64, resource: Resource) -> bool {
    enter(|machine, _| {
        let Some(list) = machine.files.drivers.resources.get_mut(&dev) else { return false };
        let Some(at) = list.iter().rposition(|other| *other == resource) else { return false };
        list.remove(at);
        true
    })
}

/// `devm_kmalloc()`: memory that goes with the device's driver; NULL without memory.
///
/// # Context
/// As `kmalloc()` with the same flags.
pub(crate) extern "C" fn devm_kmalloc(dev: u64, size: u64, gfp: u32) -> u64 {
    let addr = slab::__kmalloc(size, gfp);
    if addr > 16 {
        give(dev, Resource::Memory(addr));
    }
    addr
}

/// `devm_kfree()`: now; warns when the device does not have it.
///
/// # Context
/// Any.
pub(crate) extern "C" fn devm_kfree(dev: u64, addr: u64) {
    if addr <= 16 {
        return;
    }
    if take(dev, Resource::Memory(addr)) {
        slab::kfree(addr);
    } else {
        enter(|machine, _| machine.warn_kernel("drivers/base/devres.c", 1088, "devm_kfree"));
    }
}

/// `devm_kstrdup()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn devm_kstrdup(dev: u64, text: u64, gfp: u32) -> u64 {
    let addr = string::kstrdup(text, gfp);
    if addr != 0 {
        give(dev, Resource::Memory(addr));
    }
    addr
}

/// `devm_kmemdup()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn devm_kmemdup(dev: u64, from: u64, size: u64, gfp: u32) -> u64 {
    let addr = devm_kmalloc(dev, size, gfp);
    if addr > 16 {
        or_oops(enter(|machine, _| machine.copy(addr, from, size)));
    }
    addr
}

/// `devm_kasprintf()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn devm_kasprintf(frame: &VaFrame) -> u64 {
    let [dev, gfp, fmt, ..] = frame.regs;
    let text = enter(|machine, _| format_short(machine, fmt, &mut VarArgs::after(frame, 3)));
    let addr = devm_kmalloc(dev, text.len() as u64 + 1, gfp as u32);
    if addr > 16 {
        or_oops(enter(|machine, _| machine.store_cstr(addr, &text)));
    }
    addr
}

/// `devm_add_action()`: `action(data)` is called when the driver leaves the device; 0.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn devm_add_action(dev: u64, action: u64, data: u64) -> i32 {
    give(dev, Resource::Action(action, data));
    0
}

/// `devm_remove_action()`: it is not called any more; warns when there is none.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn devm_remove_action(dev: u64, action: u64, data: u64) {
    if !take(dev, Resource::Action(action, data)) {
        enter(|machine, _| machine.warn_kernel("drivers/base/devres.c", 765, "devm_remove_action"));
    }
}

/// `devm_request_threaded_irq()`: as `request_threaded_irq()`; the line is given up with the driver. Without a name it has
/// the device's.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn devm_request_threaded_irq(
    dev: u64,
    line: u32,
    handler: u64,
    thread_fn: u64,
    flags: u64,
    name: u64,
    id: u64,
) -> i32 {
    let name = if name == 0 { word(dev + kobject::NAME) } else { name };
    let ret = irq::request_threaded_irq(line, handler, thread_fn, flags, name, id);
    if ret == 0 {
        give(dev, Resource::Irq(line, id));
    }
    ret
}

/// `devm_free_irq()`: now; warns when the device does not have it.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn devm_free_irq(dev: u64, line: u32, id: u64) {
    if !take(dev, Resource::Irq(line, id)) {
        enter(|machine, _| machine.warn_kernel("kernel/irq/devres.c", 144, "devm_free_irq"));
    }
    irq::free_irq(line, id);
}

/// `__platform_driver_register()`: as `driver_register()`.
///
/// # Context
/// Process context; may sleep; calls `probe()`.
pub(crate) extern "C" fn __platform_driver_register(driver: u64, owner: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.put_u64(driver + PDRV_DRIVER + DRV_OWNER, owner)?;
        let bus = machine.files.drivers.platform;
        machine.put_u64(driver + PDRV_DRIVER + DRV_BUS, bus)
    }));
    driver_register(driver + PDRV_DRIVER)
}

/// `platform_driver_unregister()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_driver_unregister(driver: u64) {
    driver_unregister(driver + PDRV_DRIVER);
}

/// `platform_driver_probe()`: registers a driver for devices that are there already; `-ENODEV` when it takes none.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_platform_driver_probe(driver: u64, probe: u64, owner: u64) -> i32 {
    or_oops(enter(|machine, _| machine.put_u64(driver + PDRV_PROBE, probe)));
    let ret = __platform_driver_register(driver, owner);
    if ret != 0 {
        return ret;
    }
    let devices = enter(|machine, _| {
        let drivers = &machine.files.drivers;
        drivers.buses.get(&drivers.platform).map(|bus| bus.devices.clone())
    });
    if devices.unwrap_or_default().into_iter().any(|dev| word(dev + DEV_DRIVER) == driver + PDRV_DRIVER) {
        return 0;
    }
    platform_driver_unregister(driver);
    -Errno::ENODEV.0
}

/// `platform_device_add()`: names it `name`, `name.id` or `name.N.auto` and adds it; 0 or a negative error.
///
/// # Context
/// Process context; may sleep; calls `probe()`.
pub(crate) extern "C" fn platform_device_add(pdev: u64) -> i32 {
    might_sleep("platform_device_add");
    if pdev == 0 {
        return -Errno::EINVAL.0;
    }
    or_oops(enter(|machine, _| {
        let (platform, root) = (machine.files.drivers.platform, machine.files.drivers.platform_root);
        let dev = pdev + PDEV_DEV;
        if machine.get_u64(dev + DEV_PARENT)? == 0 {
            machine.put_u64(dev + DEV_PARENT, root)?;
        }
        machine.put_u64(dev + DEV_BUS, platform)?;
        let name = machine.get_u64(pdev + PDEV_NAME)?;
        let name = machine.name_at(name)?;
        let full = match machine.get_u32(pdev + PDEV_ID)? as i32 {
            ID_NONE => name,
            ID_AUTO => {
                let autos = &mut machine.files.drivers.autos;
                // Number 0 has a device of the machine since its boot.
                let id = (1..).find(|id| !autos.contains(id)).unwrap_or(1);
                autos.insert(id);
                machine.put_u32(pdev + PDEV_ID, id)?;
                machine.store(pdev + PDEV_AUTO, &[1])?;
                format!("{name}.{id}.auto")
            }
            id => format!("{name}.{id}"),
        };
        machine.kernel.vfs.kern.make_dirs(SYSFS, "devices/platform", 0o755);
        device::set_name(machine, dev, full.as_bytes())
    }));
    device::device_add(pdev + PDEV_DEV)
}

/// `platform_device_register()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_register(pdev: u64) -> i32 {
    device::device_initialize(pdev + PDEV_DEV);
    platform_device_add(pdev)
}

/// `platform_device_del()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_del(pdev: u64) {
    if pdev != 0 && pdev < u64::MAX - 4095 {
        device::device_del(pdev + PDEV_DEV);
        or_oops(enter(|machine, _| {
            if machine.load(pdev + PDEV_AUTO, 1)?[0] != 0 {
                let id = machine.get_u32(pdev + PDEV_ID)?;
                machine.files.drivers.autos.remove(&id);
                machine.store(pdev + PDEV_AUTO, &[0])?;
                machine.put_u32(pdev + PDEV_ID, ID_AUTO as u32)?;
            }
            Ok(())
        }));
    }
}

/// `platform_device_put()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_put(pdev: u64) {
    if pdev != 0 && pdev < u64::MAX - 4095 {
        device::put_device(pdev + PDEV_DEV);
    }
}

/// `platform_device_unregister()`: NULL and error pointers allowed.
///
/// # Context
/// Process context; may sleep; calls `remove()`.
pub(crate) extern "C" fn platform_device_unregister(pdev: u64) {
    platform_device_del(pdev);
    platform_device_put(pdev);
}

/// What a device of `platform_device_alloc()` is released by.
extern "C" fn platform_device_release(dev: u64) {
    let pdev = dev - PDEV_DEV;
    let (data, resources) = or_oops(enter(|machine, _| {
        Ok((machine.get_u64(dev + DEV_PLATFORM_DATA)?, machine.get_u64(pdev + PDEV_RESOURCE)?))
    }));
    slab::kfree(data);
    slab::kfree(resources);
    enter(|machine, _| {
        let name = machine.peek_u64(dev + kobject::NAME);
        machine.kernel_free(name);
        machine.poke_u64(dev + kobject::NAME, 0);
    });
    slab::kfree(pdev);
}

/// `platform_device_alloc()`: memory for one, with a copy of the name; NULL without memory.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_alloc(name: u64, id: i32) -> u64 {
    might_sleep("platform_device_alloc");
    let text = or_oops(enter(|machine, _| machine.text(name)));
    let pdev = slab::__kmalloc(PDEV_SIZE + text.len() as u64 + 1, GFP_KERNEL | GFP_ZERO);
    if pdev == 0 {
        return 0;
    }
    or_oops(enter(|machine, _| {
        machine.store_cstr(pdev + PDEV_SIZE, &text)?;
        machine.put_u64(pdev + PDEV_NAME, pdev + PDEV_SIZE)?;
        machine.put_u32(pdev + PDEV_ID, id as u32)?;
        machine.put_u64(pdev + PDEV_DEV + DEV_RELEASE, platform_device_release as *const () as u64)
    }));
    device::device_initialize(pdev + PDEV_DEV);
    pdev
}

/// A copy of `size` bytes; Err without memory.
fn duplicate(from: u64, size: u64) -> Result<u64, Errno> {
    if from == 0 || size == 0 {
        return Ok(0);
    }
    match slab::__kmalloc(size, GFP_KERNEL) {
        0 => Err(Errno::ENOMEM),
        copy => {
            or_oops(enter(|machine, _| machine.copy(copy, from, size)));
            Ok(copy)
        }
    }
}

/// Gives a device something copied in place of what it had.
fn replace(place: u64, from: u64, size: u64) -> i32 {
    match duplicate(from, size) {
        Ok(copy) => {
            slab::kfree(word(place));
            or_oops(enter(|machine, _| machine.put_u64(place, copy)));
            0
        }
        Err(errno) => -errno.0,
    }
}

/// `platform_device_add_data()`: a copy becomes its platform data; 0 or `-ENOMEM`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_add_data(pdev: u64, data: u64, size: u64) -> i32 {
    replace(pdev + PDEV_DEV + DEV_PLATFORM_DATA, data, size)
}

/// `platform_device_add_resources()`: copies become its resources; 0 or `-ENOMEM`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn platform_device_add_resources(pdev: u64, resources: u64, count: u32) -> i32 {
    let ret = replace(pdev + PDEV_RESOURCE, resources, u64::from(count) * RES_SIZE);
    if ret == 0 {
        or_oops(enter(|machine, _| machine.put_u32(pdev + PDEV_RESOURCES, count)));
    }
    ret
}

/// `platform_device_register_resndata()` and its short forms: makes and adds one; an error pointer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_platform_device_register(
    name: u64,
    id: i32,
    resources: u64,
    count: u32,
    data: u64,
    size: u64,
) -> u64 {
    let pdev = platform_device_alloc(name, id);
    if pdev == 0 {
        return Errno::ENOMEM.to_c() as u64;
    }
    let mut ret = platform_device_add_resources(pdev, resources, count);
    if ret == 0 {
        ret = platform_device_add_data(pdev, data, size);
    }
    if ret == 0 {
        ret = platform_device_add(pdev);
    }
    if ret != 0 {
        platform_device_put(pdev);
        return i64::from(ret) as u64;
    }
    pdev
}

/// `platform_device_register_simple()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_platform_device_register_simple(name: u64, id: i32, res: u64, count: u32) -> u64 {
    kloom_platform_device_register(name, id, res, count, 0, 0)
}

/// `platform_get_resource()`: the `number`th of a kind, or NULL.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn platform_get_resource(pdev: u64, kind: u32, number: u32) -> u64 {
    or_oops(enter(|machine, _| {
        let (count, first) = (machine.get_u32(pdev + PDEV_RESOURCES)?, machine.get_u64(pdev + PDEV_RESOURCE)?);
        let mut left = number;
        for index in 0..u64::from(count) {
            let resource = first + index * RES_SIZE;
            if machine.get_u64(resource + RES_FLAGS)? & RES_TYPE == u64::from(kind) {
                if left == 0 {
                    return Ok(resource);
                }
                left -= 1;
            }
        }
        Ok(0)
    }))
}

/// `platform_get_irq_optional()`: the line, or `-ENXIO`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn platform_get_irq_optional(pdev: u64, number: u32) -> i32 {
    match platform_get_resource(pdev, RES_IRQ as u32, number) {
        0 => -Errno::ENXIO.0,
        resource => word(resource) as i32,
    }
}

/// `platform_get_irq()`: as [`platform_get_irq_optional`], and says when there is none.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn platform_get_irq(pdev: u64, number: u32) -> i32 {
    let ret = platform_get_irq_optional(pdev, number);
    if ret < 0 {
        or_oops(enter(|machine, _| {
            let dev = pdev + PDEV_DEV;
            let name = machine.device_name(dev)?;
            let driver = machine.get_u64(dev + DEV_DRIVER)?;
            let driver = if driver == 0 { "platform".to_string() } else { machine.driver_name(driver)? };
            machine.print(Level::Err, format!("{driver} {name}: error -ENXIO: IRQ index {number} not found"));
            Ok(())
        }));
    }
    ret
}

/// `driver_create_file()`, `bus_create_file()`: their functions take the object and a buffer only.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn driver_create_file(driver: u64, attr: u64) -> i32 {
    might_sleep("driver_create_file");
    if driver == 0 { -Errno::EINVAL.0 } else { sysfs::create_short_file(driver, attr) }
}

/// `driver_remove_file()`, `bus_remove_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn driver_remove_file(driver: u64, attr: u64) {
    might_sleep("driver_remove_file");
    if driver != 0 {
        sysfs::delete_file(driver, attr);
    }
}

/// `bus_for_each_dev()`: from `start` on (NULL: the first) until `func` returns other than 0, which is the result.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn bus_for_each_dev(bus: u64, start: u64, data: u64, func: u64) -> i32 {
    let devices = enter(|machine, _| machine.files.drivers.buses.get(&bus).map(|bus| bus.devices.clone()));
    let Some(devices) = devices else { return -Errno::EINVAL.0 };
    let from = devices.iter().position(|&dev| dev == start).map_or(0, |at| at + 1);
    for dev in &devices[from..] {
        let ret = call3(func, *dev, data, 0) as i32;
        if ret != 0 {
            return ret;
        }
    }
    0
}

/// `device_for_each_child()`: in the order they came, until `func` returns other than 0.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn device_for_each_child(parent: u64, data: u64, func: u64) -> i32 {
    let children: Vec<u64> = enter(|machine, _| {
        let devices = machine.files.devices.addresses();
        devices.into_iter().filter(|&dev| machine.peek_u64(dev + DEV_PARENT) == parent).collect()
    });
    for dev in children {
        let ret = call3(func, dev, data, 0) as i32;
        if ret != 0 {
            return ret;
        }
    }
    0
}

crate::exports![
    plain: bus_register, bus_unregister, driver_register, driver_unregister, driver_create_file, driver_remove_file,
        bus_for_each_dev, device_for_each_child, devm_kmalloc, devm_kfree, devm_kstrdup, devm_kmemdup, devm_add_action,
        devm_remove_action, devm_request_threaded_irq, devm_free_irq, __platform_driver_register,
        platform_driver_unregister, kloom_platform_driver_probe, platform_device_add, platform_device_register,
        platform_device_del, platform_device_put, platform_device_unregister, platform_device_alloc,
        platform_device_add_data, platform_device_add_resources, kloom_platform_device_register,
        kloom_platform_device_register_simple, kloom_devres_alloc, devres_free, devres_add, devres_find, devres_remove,
        devres_destroy, devres_release, devres_open_group, devres_close_group, devres_remove_group, devres_release_group,
        __platform_create_bundle, driver_for_each_device, driver_find, kloom_bus_find_device_by_name, platform_get_resource, platform_get_irq, platform_get_irq_optional;
    variadic: devm_kasprintf;
    named: "bus_create_file" => driver_create_file, "bus_remove_file" => driver_remove_file
];
