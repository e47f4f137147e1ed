//! C header: include/linux/sprintf.h.
//!
//! The formats themselves are in `kloom-lib`; this is where texts go and what is checked. Behaviour follows Linux 6.1
//! lib/vsprintf.c and lib/kasprintf.c.

use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_lib::BadAddress;
use kloom_lib::vsprintf;
use kloom_lib::vsscanf::{self, Store};

use super::printk::{FormatEnv, VaList, VarArgs, format};
use super::slab::may_block;
use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// Formats by a `va_list`; the untruncated length too.
fn format_list(machine: &mut Machine, fmt: u64, list: u64, size: usize) -> Result<(Vec<u8>, usize), Fault> {
    machine.check_access(list, 24, false)?;
    let fmt = machine.text(fmt)?;
    let mut out = Vec::new();
    let (length, complaints) = {
        let env = FormatEnv::new(machine);
        let mut args = VaList::at(machine, list);
        let length = vsprintf::vsnprintf(&mut out, size, &fmt, &mut args, &env);
        (length, env.complaints())
    };
    complaints.report(machine, |_| String::from_utf8_lossy(&fmt).into_owned());
    Ok((out, length))
}

/// Where the arguments of a call are.
#[derive(Clone, Copy)]
enum From<'a> {
    /// Behind so many fixed ones.
    Call(&'a VaFrame, usize),
    /// In a `va_list`.
    List(u64),
}

impl From<'_> {
    fn format(self, machine: &mut Machine, fmt: u64, size: usize) -> Result<(Vec<u8>, usize), Fault> {
        match self {
            From::Call(frame, fixed) => {
                // The format itself is checked as the module's own read would be.
                machine.text(fmt)?;
                Ok(format(machine, fmt, &mut VarArgs::after(frame, fixed), size))
            }
            From::List(list) => format_list(machine, fmt, list, size),
        }
    }
}

/// `vsnprintf()`: stores at most `size` bytes with the end; the length of the whole text.
fn print(buf: u64, size: u64, fmt: u64, args: From<'_>) -> i32 {
    or_oops(enter(|machine, _| {
        if size > i32::MAX as u64 {
            machine.warn_kernel_once("lib/vsprintf.c", 2756, "vsnprintf");
            return Ok(0);
        }
        let (text, length) = args.format(machine, fmt, size as usize)?;
        if size > 0 {
            machine.store_cstr(buf, &text)?;
        }
        Ok(length as i32)
    }))
}

/// `scnprintf()`: what was stored.
fn print_stored(buf: u64, size: u64, fmt: u64, args: From<'_>) -> i32 {
    let length = print(buf, size, fmt, args);
    if size > i32::MAX as u64 { 0 } else { length.min((size as i32 - 1).max(0)) }
}

/// `sprintf()`: no bound of its own; what does not fit into the memory behind `buf` is the module's bug.
fn print_unbounded(buf: u64, fmt: u64, args: From<'_>) -> i32 {
    or_oops(enter(|machine, _| {
        let (text, length) = args.format(machine, fmt, i32::MAX as usize)?;
        machine.store_cstr(buf, &text)?;
        Ok(length as i32)
    }))
}

/// `kasprintf()`: NULL without memory.
fn print_allocated(gfp: u32, fmt: u64, args: From<'_>) -> u64 {
    may_block(gfp, "kasprintf");
    or_oops(enter(|machine, _| {
        let (text, _) = args.format(machine, fmt, i32::MAX as usize)?;
        machine.duplicate(&text, true, gfp)
    }))
}

/// `sprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sprintf(frame: &VaFrame) -> i32 {
    print_unbounded(frame.regs[0], frame.regs[1], From::Call(frame, 2))
}

/// `snprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn snprintf(frame: &VaFrame) -> i32 {
    print(frame.regs[0], frame.regs[1], frame.regs[2], From::Call(frame, 3))
}

/// `scnprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn scnprintf(frame: &VaFrame) -> i32 {
    print_stored(frame.regs[0], frame.regs[1], frame.regs[2], From::Call(frame, 3))
}

/// `vsprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vsprintf(buf: u64, fmt: u64, args: u64) -> i32 {
    print_unbounded(buf, fmt, From::List(args))
}

/// `vsnprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vsnprintf(buf: u64, size: u64, fmt: u64, args: u64) -> i32 {
    print(buf, size, fmt, From::List(args))
}

/// `vscnprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vscnprintf(buf: u64, size: u64, fmt: u64, args: u64) -> i32 {
    print_stored(buf, size, fmt, From::List(args))
}

/// `kasprintf()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kasprintf(frame: &VaFrame) -> u64 {
    print_allocated(frame.regs[0] as u32, frame.regs[1], From::Call(frame, 2))
}

/// `kvasprintf()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kvasprintf(gfp: u32, fmt: u64, args: u64) -> u64 {
    print_allocated(gfp, fmt, From::List(args))
}

/// Keeps what a scan finds; it is stored, and checked, in order afterwards.
struct Found<'a> {
    stores: &'a mut Vec<(u64, Vec<u8>)>,
}

impl Store for Found<'_> {
    fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), BadAddress> {
        self.stores.push((addr, bytes.to_vec()));
        Ok(())
    }
}

fn scan(buf: u64, fmt: u64, args: From<'_>) -> i32 {
    or_oops(enter(|machine, _| {
        let (buf, fmt) = (machine.text(buf)?, machine.text(fmt)?);
        let mut stores = Vec::new();
        let mut found = Found { stores: &mut stores };
        let count = match args {
            From::Call(frame, fixed) => vsscanf::vsscanf(&buf, &fmt, &mut VarArgs::after(frame, fixed), &mut found),
            From::List(list) => {
                machine.check_access(list, 24, false)?;
                vsscanf::vsscanf(&buf, &fmt, &mut VaList::at(machine, list), &mut found)
            }
        };
        for (addr, bytes) in stores {
            machine.store(addr, &bytes)?;
        }
        Ok(count.unwrap_or(0))
    }))
}

/// `sscanf()`: the number of values stored.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sscanf(frame: &VaFrame) -> i32 {
    scan(frame.regs[0], frame.regs[1], From::Call(frame, 2))
}

/// `vsscanf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vsscanf(buf: u64, fmt: u64, args: u64) -> i32 {
    scan(buf, fmt, From::List(args))
}

crate::exports![
    plain: vsprintf, vsnprintf, vscnprintf, kvasprintf, vsscanf;
    variadic: sprintf, snprintf, scnprintf, kasprintf, sscanf;
    named:
];
