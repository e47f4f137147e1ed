//! C header: include/linux/cdev.h. Behaviour follows Linux 6.1 fs/char_dev.c.

use kloom_abi::Errno;
use kloom_kernel::fault::{Fault, Registration};
use kloom_kernel::fs::devfs::CharDev;
use kloom_kernel::fs::{Dev, ModuleNode};

use super::device;
use crate::Machine;
use crate::call::{enter, might_sleep};
use crate::oops::or_oops;

/// Offsets in `struct cdev`.
const KREF: u64 = 56;
const OWNER: u64 = 64;
const OPS: u64 = 72;
const LIST: u64 = 80;
const DEV: u64 = 96;
const COUNT: u64 = 100;
const SIZE: u64 = 104;

/// Kind of the memory of `cdev_alloc()`.
const KIND: &str = "struct cdev";

fn init(machine: &mut Machine, cdev: u64, ops: u64) -> Result<(), Fault> {
    machine.fill(cdev, 0, SIZE)?;
    for list in [8, LIST] {
        machine.put_u64(cdev + list, cdev + list)?;
        machine.put_u64(cdev + list + 8, cdev + list)?;
    }
    machine.put_u32(cdev + KREF, 1)?;
    machine.put_u64(cdev + OPS, ops)
}

/// `cdev_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn cdev_init(cdev: u64, ops: u64) {
    or_oops(enter(|machine, _| init(machine, cdev, ops)));
}

/// `cdev_alloc()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cdev_alloc() -> u64 {
    might_sleep("cdev_alloc");
    or_oops(enter(|machine, _| {
        let at = machine.kernel.event_here();
        let Some(cdev) = machine.arena.heap.alloc(SIZE, 16, true, KIND, at) else { return Ok(0) };
        init(machine, cdev, 0)?;
        Ok(cdev)
    }))
}

fn add(machine: &mut Machine, cdev: u64, dev: u32, count: u32) -> Result<i32, Fault> {
    if machine.fails("cdev_add") {
        return Ok(-Errno::ENOMEM.0);
    }
    machine.put_u32(cdev + DEV, dev)?;
    machine.put_u32(cdev + COUNT, count)?;
    if dev == 0 {
        // WHITEOUT_DEV
        machine.warn_kernel("fs/char_dev.c", 483, "cdev_add");
        return Ok(-Errno::EBUSY.0);
    }
    let (ops, owner) = (machine.get_u64(cdev + OPS)?, machine.get_u64(cdev + OWNER)?);
    let ops_owner = if ops == 0 { 0 } else { machine.get_u64(ops)? };
    let module = machine.caller_module();
    let created = Some(machine.kernel.event_here());
    if let Some(first) =
        machine.kernel.vfs.devs.cdevs.iter().find(|known| known.cdev == cdev).map(|known| known.created)
    {
        let name = format!("{}:{}", dev >> 20, dev & 0xf_ffff);
        machine.report_once(Fault::DoubleRegistration { kind: Registration::CharDevice, name, addr: cdev, first });
    }
    machine.kernel.cdev_add(CharDev { dev: Dev::from_raw(dev), count, cdev, ops, owner, ops_owner, module, created });
    Ok(0)
}

/// `cdev_add()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cdev_add(cdev: u64, dev: u32, count: u32) -> i32 {
    might_sleep("cdev_add");
    or_oops(enter(|machine, _| add(machine, cdev, dev, count)))
}

fn del(machine: &mut Machine, cdev: u64) -> Result<(), Fault> {
    let _ = machine.get_u32(cdev + KREF)?;
    machine.kernel.cdev_del(cdev);
    let dynamic = machine
        .arena
        .heap
        .block_at(cdev)
        .is_some_and(|block| block.addr == cdev && block.kind == KIND && block.freed.is_none());
    let in_use =
        |node: Option<ModuleNode>| matches!(node, Some(ModuleNode::CharDev { cdev: other, .. }) if other == cdev);
    if dynamic && !machine.kernel.vfs.files.values().any(|open| in_use(open.module)) {
        machine.release(cdev, "cdev_del", |_| true);
    }
    Ok(())
}

/// `cdev_del()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cdev_del(cdev: u64) {
    might_sleep("cdev_del");
    or_oops(enter(|machine, _| del(machine, cdev)));
}

/// `cdev_set_parent()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn cdev_set_parent(cdev: u64, kobj: u64) {
    or_oops(enter(|machine, _| machine.put_u64(cdev + 24, kobj)));
}

/// `cdev_device_add()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cdev_device_add(cdev: u64, dev: u64) -> i32 {
    let number = or_oops(enter(|machine, _| machine.get_u32(dev + device::DEVT)));
    if number != 0 {
        let ret = cdev_add(cdev, number, 1);
        if ret != 0 {
            return ret;
        }
    }
    let ret = device::device_add(dev);
    if ret != 0 && number != 0 {
        cdev_del(cdev);
    }
    ret
}

/// `cdev_device_del()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cdev_device_del(cdev: u64, dev: u64) {
    device::device_del(dev);
    cdev_del(cdev);
}

crate::exports![
    plain: cdev_init, cdev_alloc, cdev_add, cdev_del, cdev_set_parent, cdev_device_add, cdev_device_del;
    variadic: ;
    named:
];
