//! C header: include/linux/dev_printk.h: messages that begin with the driver's and the device's name.
//!
//! The prefix follows Linux 6.1 drivers/base/core.c `dev_vprintk_emit()`: `driver device: `, where a device without
//! driver is named by its bus or class.

use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;

use super::printk::{VarArgs, format};
use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// Offsets in `struct device`: the name of its kobject, its first name, bus, driver and class. The name is the first
/// member of the latter three.
const KOBJ_NAME: u64 = 0;
const INIT_NAME: u64 = 72;
const BUS: u64 = 88;
const DRIVER: u64 = 96;
const CLASS: u64 = 168;

/// Longest message.
const MESSAGE_MAX: usize = 1024;
/// `EPROBE_DEFER`.
const PROBE_DEFER: i32 = 517;

fn prefix(machine: &mut Machine, dev: u64) -> Result<String, Fault> {
    if dev == 0 {
        return Ok("(NULL device *): ".to_string());
    }
    let mut owner = String::new();
    for place in [DRIVER, BUS, CLASS] {
        let object = machine.get_u64(dev + place)?;
        if object != 0 {
            let name = machine.get_u64(object)?;
            owner = machine.text_or_empty(name);
            break;
        }
    }
    let init_name = machine.get_u64(dev + INIT_NAME)?;
    let name = if init_name != 0 { init_name } else { machine.get_u64(dev + KOBJ_NAME)? };
    let name = if name == 0 { "(null)".to_string() } else { machine.text_or_empty(name) };
    Ok(format!("{owner} {name}: "))
}

fn log(frame: &VaFrame, level: Level, dev: u64, fixed: usize) {
    or_oops(enter(|machine, _| {
        let mut line = prefix(machine, dev)?.into_bytes();
        let (text, _) = format(machine, frame.regs[fixed - 1], &mut VarArgs::after(frame, fixed), MESSAGE_MAX);
        let ends = text.last() == Some(&b'\n');
        line.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(&text));
        machine.kernel.printk_bytes(Some(level), false, &line, ends);
        Ok(())
    }));
}

/// `dev_printk()`: the level is text.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn _dev_printk(frame: &VaFrame) {
    let level = enter(|machine, _| machine.text_or_empty(frame.regs[0]).bytes().last());
    log(frame, level.and_then(Level::from_digit).unwrap_or(Level::Warning), frame.regs[1], 3);
}

/// `dev_err_probe()`: prints an error unless it only asks to be tried again, and returns it.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn dev_err_probe(frame: &VaFrame) -> i32 {
    let error = frame.regs[1] as i32;
    if error != -PROBE_DEFER {
        or_oops(enter(|machine, _| {
            let mut line = prefix(machine, frame.regs[0])?.into_bytes();
            let name = kloom_abi::Errno(-error).name().map_or_else(|| error.to_string(), |name| format!("-{name}"));
            line.extend_from_slice(format!("error {name}: ").as_bytes());
            let (text, _) = format(machine, frame.regs[2], &mut VarArgs::after(frame, 3), MESSAGE_MAX);
            line.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(&text));
            machine.kernel.printk_bytes(Some(Level::Err), false, &line, true);
            Ok(())
        }));
    }
    error
}

macro_rules! at_level {
    ($($name:ident $level:ident $what:literal;)*) => {
        $(#[doc = $what]
        pub(crate) extern "C" fn $name(frame: &VaFrame) {
            log(frame, Level::$level, frame.regs[0], 2);
        })*
    };
}

at_level! {
    _dev_emerg Emerg "`dev_emerg()`.";
    _dev_alert Alert "`dev_alert()`.";
    _dev_crit Crit "`dev_crit()`.";
    _dev_err Err "`dev_err()`.";
    _dev_warn Warning "`dev_warn()`.";
    _dev_notice Notice "`dev_notice()`.";
    _dev_info Info "`dev_info()`.";
}

crate::exports![
    plain: ;
    variadic: _dev_printk, dev_err_probe, _dev_emerg, _dev_alert, _dev_crit, _dev_err, _dev_warn, _dev_notice, _dev_info;
    named:
];
