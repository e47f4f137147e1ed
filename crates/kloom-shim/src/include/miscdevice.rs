//! C header: include/linux/miscdevice.h. Behaviour follows Linux 6.1 drivers/char/misc.c.

use kloom_abi::Errno;
use kloom_kernel::fault::{Fault, Registration};
use kloom_kernel::fs::Dev;
use kloom_kernel::fs::devfs::{MISC_MAJOR, Misc};

use super::{device, sysfs};
use crate::call::{enter, might_sleep};
use crate::oops::or_oops;

/// Offsets in `struct miscdevice`.
const MINOR: u64 = 0;
const NAME: u64 = 8;
const FOPS: u64 = 16;
const LIST: u64 = 24;
const THIS_DEVICE: u64 = 48;
const GROUPS: u64 = 56;
const NODENAME: u64 = 64;
const MODE: u64 = 72;

/// `misc_register()`: 0 or a negative error.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn misc_register(misc: u64) -> i32 {
    might_sleep("misc_register");
    let made = or_oops(enter(|machine, _| {
        if machine.fails("misc_register") {
            return Ok(Err(Errno::EBUSY));
        }
        let wanted = machine.get_u32(misc + MINOR)?;
        let name = machine.get_u64(misc + NAME)?;
        let name = machine.name_at(name)?;
        let ops = machine.get_u64(misc + FOPS)?;
        let ops_owner = if ops == 0 { 0 } else { machine.get_u64(ops)? };
        let nodename = machine.get_u64(misc + NODENAME)?;
        let nodename = if nodename == 0 { None } else { Some(machine.name_at(nodename)?) };
        let mode = machine.get_u32(misc + MODE)? & 0o7777;
        let module = machine.caller_module();
        let known = machine.kernel.vfs.devs.misc.iter().find(|known| known.addr == misc);
        if let Some(first) = known.map(|known| known.created) {
            // Linux initialises `list` anew first, which breaks the list of all misc devices.
            let fault =
                Fault::DoubleRegistration { kind: Registration::MiscDevice, name: name.clone(), addr: misc, first };
            machine.report_once(fault);
        }
        let device = Misc { minor: wanted, name: name.clone(), addr: misc, ops, ops_owner, module, created: None };
        machine.put_u64(misc + LIST, misc + LIST)?;
        machine.put_u64(misc + LIST + 8, misc + LIST)?;
        let minor = match machine.kernel.misc_register(device, nodename.as_deref(), mode) {
            Ok(minor) => minor,
            Err(errno) => {
                if errno == Errno::EEXIST {
                    machine.warn_taken(&format!("/devices/virtual/misc/{}", name.replace('/', "!")));
                }
                return Ok(Err(errno));
            }
        };
        machine.put_u32(misc + MINOR, minor)?;
        let dev = Dev { major: MISC_MAJOR, minor };
        let this = machine.device_block("misc", 0, &name, dev, misc, 0)?;
        machine.put_u64(misc + THIS_DEVICE, this)?;
        Ok(Ok((this, machine.get_u64(misc + GROUPS)?)))
    }));
    match made {
        Ok((this, groups)) => {
            if this != 0 && groups != 0 {
                sysfs::sysfs_create_groups(this, groups);
            }
            0
        }
        Err(errno) => -errno.0,
    }
}

/// `misc_deregister()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn misc_deregister(misc: u64) {
    might_sleep("misc_deregister");
    or_oops(enter(|machine, _| {
        let this = machine.get_u64(misc + THIS_DEVICE)?;
        if !machine.kernel.misc_deregister(misc) {
            machine.warn_kernel("drivers/char/misc.c", 247, "misc_deregister");
            return Ok(());
        }
        machine.device_gone(this);
        device::free_device(machine, this);
        Ok(())
    }));
}

crate::exports![plain: misc_register, misc_deregister; variadic: ; named:];
