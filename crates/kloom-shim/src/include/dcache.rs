//! C headers: include/linux/dcache.h, include/linux/kallsyms.h: names of files and of functions, as text.
//!
//! Behaviour follows Linux 6.1 fs/d_path.c and kernel/kallsyms.c.

use kloom_abi::Errno;

use crate::call::enter;
use crate::fileops::dentry;
use crate::oops::or_oops;

/// Offset of the dentry in `struct path`.
const PATH_DENTRY: u64 = 8;

/// Puts the path of a dentry at the end of a buffer; where it begins there, or `-ENAMETOOLONG`.
fn put_path(entry: u64, buffer: u64, length: i32) -> u64 {
    or_oops(enter(|machine, _| {
        let path = machine.get_u64(entry + dentry::PATH)?;
        let mut text = if path == 0 { b"/".to_vec() } else { machine.text(path)? };
        text.push(0);
        let room = u64::try_from(length).unwrap_or(0);
        let size = text.len() as u64;
        if size > room {
            return Ok(Errno::ENAMETOOLONG.to_c() as u64);
        }
        let start = buffer + room - size;
        machine.store(start, &text)?;
        Ok(start)
    }))
}

/// `d_path()`: the text of a `struct path` of an open file.
///
/// # Context
/// Process context.
pub(crate) extern "C" fn d_path(path: u64, buffer: u64, length: i32) -> u64 {
    let entry = or_oops(enter(|machine, _| machine.get_u64(path + PATH_DENTRY)));
    put_path(entry, buffer, length)
}

/// `dentry_path_raw()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn dentry_path_raw(entry: u64, buffer: u64, length: i32) -> u64 {
    put_path(entry, buffer, length)
}

/// Writes a text and its end; its length.
fn put_text(buffer: u64, text: &str) -> i32 {
    or_oops(enter(|machine, _| machine.store_cstr(buffer, text.as_bytes())));
    text.len() as i32
}

/// `sprint_symbol()`: `name+0xoffset/0xsize [module]`, or the bare address.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sprint_symbol(buffer: u64, address: u64) -> i32 {
    put_text(buffer, &enter(|machine, _| machine.symbolic(address)))
}

/// `sprint_symbol_no_offset()`: the name, and ` [module]`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sprint_symbol_no_offset(buffer: u64, address: u64) -> i32 {
    let text = enter(|machine, _| machine.symbolic(address));
    let short = match (text.split_once('+'), text.split_once(' ')) {
        (Some((name, _)), Some((_, module))) => format!("{name} {module}"),
        (Some((name, _)), None) => name.to_string(),
        _ => text,
    };
    put_text(buffer, &short)
}

crate::exports![
    plain: d_path, dentry_path_raw, sprint_symbol, sprint_symbol_no_offset;
    variadic: ;
    named:
];
