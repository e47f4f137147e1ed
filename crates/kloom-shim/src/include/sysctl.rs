//! C header: include/linux/sysctl.h: files under /proc/sys that modules make, and the functions that handle their values.
//!
//! Behaviour follows Linux 6.1 kernel/sysctl.c and fs/proc/proc_sysctl.c: numbers are separated by blanks and shown
//! separated by tabs; one that is out of bounds is `EINVAL`, and those before it have been taken.

use std::cell::Cell;
use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_abi::time::HZ;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::{Attr, KernId, KernKind, SYSCTL};
use kloom_kernel::printk::Level;

use crate::Machine;
use crate::call::{call6, enter, might_sleep};
use crate::control::Control;
use crate::fileops::AttrNode;
use crate::oops::or_oops;

/// Offsets in `struct ctl_table`, and its size.
const NAME: u64 = 0;
const DATA: u64 = 8;
const MAXLEN: u64 = 16;
const MODE: u64 = 20;
const CHILD: u64 = 24;
const HANDLER: u64 = 32;
const EXTRA1: u64 = 48;
const EXTRA2: u64 = 56;
const SIZE: u64 = 64;

/// Kind of a header's memory: the kernel's own.
const HEADER_KIND: &str = "struct ctl_table_header";
const HEADER_SIZE: u64 = 64;
/// Longest write that is looked at.
const PAGE: u64 = 4096;

/// The files of one registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    headers: BTreeMap<u64, Vec<KernId>>,
}

/// One entry as it is now.
struct Entry {
    name: String,
    data: u64,
    maxlen: u64,
    mode: u32,
    child: u64,
    handler: u64,
}

/// The entry at `addr`; None at the table's end.
fn entry_at(machine: &mut Machine, addr: u64) -> Result<Option<Entry>, Fault> {
    machine.mem_check(addr, SIZE, false)?;
    let name = machine.peek_u64(addr + NAME);
    if name == 0 {
        return Ok(None);
    }
    Ok(Some(Entry {
        name: machine.name_at(name)?,
        data: machine.peek_u64(addr + DATA),
        maxlen: u64::from(machine.peek_u32(addr + MAXLEN)),
        mode: machine.peek_u32(addr + MODE) & 0xffff,
        child: machine.peek_u64(addr + CHILD),
        handler: machine.peek_u64(addr + HANDLER),
    }))
}

/// What is wrong with an entry, in the words of `sysctl_check_table()`.
fn check(machine: &mut Machine, path: &str, entry: &Entry) -> bool {
    let handler = machine.symbolic(entry.handler);
    let mut wrong = Vec::new();
    if HANDLERS.iter().any(|name| handler.strip_prefix(name).is_some_and(|rest| rest.starts_with('+'))) {
        if entry.data == 0 {
            wrong.push("No data".to_string());
        }
        if entry.maxlen == 0 {
            wrong.push("No maxlen".to_string());
        }
    }
    if entry.handler == 0 {
        wrong.push("No proc_handler".to_string());
    }
    if entry.mode & 0o666 != entry.mode {
        wrong.push(format!("bogus .mode 0{:o}", entry.mode));
    }
    for text in &wrong {
        machine.print(Level::Err, format!("sysctl table check failed: {path}/{} {text}", entry.name));
    }
    wrong.is_empty()
}

/// Handlers that need data.
const HANDLERS: [&str; 9] = [
    "proc_dostring",
    "proc_dobool",
    "proc_dointvec",
    "proc_douintvec",
    "proc_douintvec_minmax",
    "proc_dointvec_minmax",
    "proc_dointvec_jiffies",
    "proc_dointvec_ms_jiffies",
    "proc_doulongvec_minmax",
];

/// Looks at all entries of a table and tells what is wrong with each; whether nothing is.
fn check_table(machine: &mut Machine, path: &str, table: u64) -> Result<bool, Fault> {
    let (mut at, mut good) = (table, true);
    while let Some(entry) = entry_at(machine, at)? {
        at += SIZE;
        good &= if entry.child == 0 {
            check(machine, path, &entry)
        } else {
            check_table(machine, &format!("{path}/{}", entry.name), entry.child)?
        };
    }
    Ok(good)
}

/// Adds the files of a table below `dir`; false when an entry is wrong or its name taken. What was added stands in `made`.
fn add_table(
    machine: &mut Machine,
    dir: KernId,
    path: &str,
    table: u64,
    made: &mut Vec<KernId>,
) -> Result<bool, Fault> {
    let mut at = table;
    while let Some(entry) = entry_at(machine, at)? {
        let addr = at;
        at += SIZE;
        let (owner, created) = (machine.caller_module(), Some(machine.kernel.event_here()));
        if entry.child != 0 {
            let below = format!("{path}/{}", entry.name);
            let sub = match machine.kernel.vfs.kern.child(dir, &entry.name) {
                Some(sub) => sub,
                None => {
                    let kind = KernKind::Dir(BTreeMap::new());
                    let Ok(sub) = machine.kernel.vfs.kern.add(dir, &entry.name, kind, 0o555, owner, created) else {
                        return Ok(false);
                    };
                    made.push(sub);
                    sub
                }
            };
            if !add_table(machine, sub, &below, entry.child, made)? {
                return Ok(false);
            }
            continue;
        }
        let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
        match machine.kernel.vfs.kern.add(dir, &entry.name, file, entry.mode & 0o777, owner, created) {
            Ok(id) => {
                machine.files.attrs.insert(id, AttrNode::Control(Control::Sysctl(addr)));
                made.push(id);
            }
            Err(_) => {
                machine.print(Level::Err, format!("sysctl duplicate entry: /{path}/{}", entry.name));
                machine.print_stack();
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn undo(machine: &mut Machine, made: &[KernId]) {
    for &id in made.iter().rev() {
        // A directory that others use stays.
        if machine.kernel.vfs.kern.is_dir(id) && !machine.kernel.vfs.kern.readdir(id).is_empty() {
            continue;
        }
        machine.kernel.vfs.kern.remove(id);
        machine.files.attrs.remove(&id);
    }
}

fn register(machine: &mut Machine, path: &str, table: u64) -> Result<u64, Fault> {
    if !check_table(machine, path, table)? {
        machine.print_stack();
        return Ok(0);
    }
    let mut made = Vec::new();
    let mut dir = SYSCTL;
    let (owner, created) = (machine.caller_module(), machine.kernel.event_here());
    for name in path.split('/').filter(|name| !name.is_empty()) {
        dir = match machine.kernel.vfs.kern.child(dir, name) {
            Some(dir) => dir,
            None => {
                let kind = KernKind::Dir(BTreeMap::new());
                let Ok(id) = machine.kernel.vfs.kern.add(dir, name, kind, 0o555, owner, Some(created)) else {
                    undo(machine, &made);
                    return Ok(0);
                };
                made.push(id);
                id
            }
        };
    }
    if !add_table(machine, dir, path, table, &mut made)? {
        undo(machine, &made);
        return Ok(0);
    }
    let Some(header) = machine.kernel_block(HEADER_SIZE, HEADER_KIND) else {
        undo(machine, &made);
        return Ok(0);
    };
    machine.files.sysctls.headers.insert(header, made);
    Ok(header)
}

/// `register_sysctl()`: the handle to take the files back with; NULL when an entry is wrong or a name is taken.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn register_sysctl(path: u64, table: u64) -> u64 {
    might_sleep("register_sysctl");
    or_oops(enter(|machine, _| {
        let path = machine.name_at(path)?;
        register(machine, &path, table)
    }))
}

/// `register_sysctl_table()`, gone since 6.6: the directories are entries with a `child`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn register_sysctl_table(table: u64) -> u64 {
    might_sleep("register_sysctl_table");
    or_oops(enter(|machine, _| register(machine, "", table)))
}

/// `unregister_sysctl_table()`: NULL allowed.
///
/// # Context
/// Process context; waits for those who use the files.
pub(crate) extern "C" fn unregister_sysctl_table(header: u64) {
    might_sleep("unregister_sysctl_table");
    enter(|machine, _| {
        if let Some(made) = machine.files.sysctls.headers.remove(&header) {
            undo(machine, &made);
            machine.kernel_free(header);
        }
    });
}

/// Calls an entry's handler with a buffer; what it returned, what it left in the buffer, and the bytes it counted.
fn call_handler(table: u64, write: bool, text: &[u8]) -> Result<Vec<u8>, Errno> {
    let (handler, buffer) = or_oops(enter(|machine, _| {
        let handler = machine.get_u64(table + HANDLER)?;
        let buffer = machine.kernel_block(PAGE, "file buffer");
        if let Some(buffer) = buffer {
            let _ = machine.arena.write(buffer, &text[..text.len().min(PAGE as usize - 1)]);
        }
        Ok((handler, buffer))
    }));
    let buffer = buffer.ok_or(Errno::ENOMEM)?;
    if handler == 0 {
        return Err(Errno::EINVAL);
    }
    let length = Cell::new(if write { (text.len() as u64).min(PAGE - 1) } else { PAGE - 1 });
    let pos = Cell::new(0_u64);
    let args = [table, u64::from(write), buffer, length.as_ptr() as u64, pos.as_ptr() as u64, 0];
    let ret = call6(handler, args) as i32;
    let bytes = enter(|machine, _| {
        let mut bytes = vec![0; length.get().min(PAGE) as usize];
        let _ = machine.arena.read(buffer, &mut bytes);
        machine.kernel_free(buffer);
        bytes
    });
    if ret < 0 { Err(Errno(-ret)) } else { Ok(bytes) }
}

/// The text of an entry.
pub(crate) fn read(table: u64) -> Result<Vec<u8>, Errno> {
    call_handler(table, false, b"")
}

/// Gives an entry a new value.
pub(crate) fn write(table: u64, text: &[u8]) -> Result<(), Errno> {
    call_handler(table, true, text).map(|_| ())
}

/// What a handler is called with.
struct Call {
    table: u64,
    write: bool,
    buffer: u64,
    length: u64,
    pos: u64,
}

/// Ends a handler: `count` bytes were used.
fn done(machine: &mut Machine, call: &Call, count: u64) -> Result<(), Fault> {
    machine.put_u64(call.length, count)?;
    let pos = machine.get_u64(call.pos)?;
    machine.put_u64(call.pos, pos + count)
}

/// Shows what there is, or takes numbers; 0 or a negative error. `size` is that of a number; `get` and `set` translate, `set`
/// answering None for a value that does not do.
fn vector(
    call: &Call,
    size: u64,
    get: impl Fn(i128) -> i128,
    set: impl Fn(&mut Machine, usize, i128) -> Result<Option<i128>, Fault>,
    signed: bool,
) -> i32 {
    or_oops(enter(|machine, _| {
        let data = machine.get_u64(call.table + DATA)?;
        // A bool stands alone, however large its entry says it is.
        let count = if size == 1 { 1 } else { u64::from(machine.get_u32(call.table + MAXLEN)?) / size };
        let (length, pos) = (machine.get_u64(call.length)?, machine.get_u64(call.pos)?);
        if data == 0 || count == 0 || length == 0 || (pos != 0 && !call.write) {
            machine.put_u64(call.length, 0)?;
            return Ok(0);
        }
        if !call.write {
            let mut shown = Vec::new();
            for index in 0..count {
                let bytes = machine.load(data + index * size, size)?;
                let raw = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
                let value = match (signed, size) {
                    (true, 4) => i128::from(raw as u32 as i32),
                    (true, _) => i128::from(raw as i64),
                    (false, _) => i128::from(raw),
                };
                shown.push(get(value).to_string());
            }
            let mut text = shown.join("\t") + "\n";
            text.truncate(length as usize);
            machine.store(call.buffer, text.as_bytes())?;
            done(machine, call, text.len() as u64)?;
            return Ok(0);
        }
        let bytes = machine.load(call.buffer, length.min(PAGE - 1))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = text.trim_end_matches('\0');
        let mut any = false;
        for (index, word) in text.split_ascii_whitespace().take(count as usize).enumerate() {
            let Some(value) = number(word, signed) else { return Ok(-Errno::EINVAL.0) };
            let Some(value) = set(machine, index, value)? else { return Ok(-Errno::EINVAL.0) };
            machine.store(data + index as u64 * size, &value.to_le_bytes()[..size as usize])?;
            any = true;
        }
        if !any {
            return Ok(-Errno::EINVAL.0);
        }
        done(machine, call, length)?;
        Ok(0)
    }))
}

/// A number of any base C knows, with a sign where one is allowed.
fn number(word: &str, signed: bool) -> Option<i128> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    if sign < 0 && !signed {
        return None;
    }
    let value = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => u64::from_str_radix(&digits[2..], 16),
        [b'0', _, ..] => u64::from_str_radix(&digits[1..], 8),
        [b'0'..=b'9', ..] => digits.parse(),
        _ => return None,
    };
    value.ok().map(|value| sign * i128::from(value))
}

fn call(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> Call {
    Call { table, write: write != 0, buffer, length, pos }
}

/// Whether a value fits an `int`.
fn int(value: i128) -> Option<i128> {
    i32::try_from(value).ok().map(i128::from)
}

/// The bounds `extra1` and `extra2` of numbers of `size` bytes; those of index `index` where there are arrays.
fn bounds(machine: &mut Machine, table: u64, size: u64, signed: bool) -> Result<(i128, i128), Fault> {
    let mut bound = |offset: u64, none: i128| {
        let addr = machine.get_u64(table + offset)?;
        if addr == 0 {
            return Ok(none);
        }
        Ok(match (size, signed) {
            (4, true) => i128::from(machine.get_u32(addr)? as i32),
            (4, false) => i128::from(machine.get_u32(addr)?),
            _ => i128::from(machine.get_u64(addr)?),
        })
    };
    Ok((bound(EXTRA1, i128::MIN)?, bound(EXTRA2, i128::MAX)?))
}

/// `proc_dointvec()`: `maxlen / sizeof(int)` ints.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dointvec(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    vector(&call(table, write, buffer, length, pos), 4, |value| value, |_, _, value| Ok(int(value)), true)
}

/// `proc_douintvec()`: one unsigned int; a sign is `EINVAL`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_douintvec(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let fits = |value: i128| u32::try_from(value).ok().map(i128::from);
    vector(&call(table, write, buffer, length, pos), 4, |value| value, move |_, _, value| Ok(fits(value)), false)
}

/// `proc_dointvec_minmax()`: ints between `*extra1` and `*extra2`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dointvec_minmax(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let set = move |machine: &mut Machine, _: usize, value: i128| {
        let (min, max) = bounds(machine, table, 4, true)?;
        Ok(int(value).filter(|value| (min..=max).contains(value)))
    };
    vector(&call(table, write, buffer, length, pos), 4, |value| value, set, true)
}

/// `proc_douintvec_minmax()`: an unsigned int between bounds; out of them is `ERANGE`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_douintvec_minmax(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let beyond = Cell::new(false);
    let set = |machine: &mut Machine, _: usize, value: i128| {
        let (min, max) = bounds(machine, table, 4, false)?;
        let fits = u32::try_from(value).ok().map(i128::from);
        beyond.set(fits.is_some_and(|value| !(min..=max).contains(&value)));
        Ok(fits.filter(|value| (min..=max).contains(value)))
    };
    let ret = vector(&call(table, write, buffer, length, pos), 4, |value| value, set, false);
    if beyond.get() { -Errno::ERANGE.0 } else { ret }
}

/// `proc_doulongvec_minmax()`: unsigned longs between bounds.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_doulongvec_minmax(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let set = move |machine: &mut Machine, _: usize, value: i128| {
        let (min, max) = bounds(machine, table, 8, false)?;
        Ok(Some(value).filter(|value| (min..=max).contains(value)))
    };
    vector(&call(table, write, buffer, length, pos), 8, |value| value, set, false)
}

/// `proc_dointvec_jiffies()`: seconds outside, jiffies inside.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dointvec_jiffies(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let hz = i128::from(HZ);
    let set = move |_: &mut Machine, _: usize, value: i128| Ok(int(value * hz));
    vector(&call(table, write, buffer, length, pos), 4, move |value| value / hz, set, true)
}

/// `proc_dointvec_ms_jiffies()`: milliseconds outside, jiffies inside.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dointvec_ms_jiffies(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let ms = 1000 / i128::from(HZ);
    let set = move |_: &mut Machine, _: usize, value: i128| {
        Ok(if value < 0 { int(i128::from(i32::MAX)) } else { int((value + ms - 1) / ms) })
    };
    vector(&call(table, write, buffer, length, pos), 4, move |value| value * ms, set, true)
}

/// `proc_dobool()`: a `bool` as 0 or 1; every number but 0 is true.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dobool(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let set = |_: &mut Machine, _: usize, value: i128| Ok(int(value).map(|value| i128::from(value != 0)));
    vector(&call(table, write, buffer, length, pos), 1, |value| value, set, true)
}

/// `proc_dostring()`: a text of at most `maxlen - 1` bytes; what is longer is cut.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_dostring(table: u64, write: i32, buffer: u64, length: u64, pos: u64) -> i32 {
    let call = call(table, write, buffer, length, pos);
    or_oops(enter(|machine, _| {
        let data = machine.get_u64(table + DATA)?;
        let maxlen = u64::from(machine.get_u32(table + MAXLEN)?);
        let (length, pos) = (machine.get_u64(call.length)?, machine.get_u64(call.pos)?);
        if data == 0 || maxlen == 0 || length == 0 || (pos != 0 && !call.write) {
            machine.put_u64(call.length, 0)?;
            return Ok(0);
        }
        if call.write {
            let bytes = machine.load(call.buffer, length)?;
            let end = bytes.iter().position(|&byte| byte == 0 || byte == b'\n').unwrap_or(bytes.len());
            let text = &bytes[..end.min(maxlen as usize - 1)];
            machine.store_cstr(data, text)?;
            done(machine, &call, length)?;
        } else {
            let mut text = machine.cstr(data, maxlen)?;
            text.truncate(length as usize);
            if (text.len() as u64) < length {
                text.push(b'\n');
            }
            machine.store(call.buffer, &text)?;
            done(machine, &call, text.len() as u64)?;
        }
        Ok(0)
    }))
}

/// Makes `sysctl_vals`.
pub(crate) fn boot(machine: &mut Machine) {
    let values: [i32; 12] = [0, 1, 2, 3, 4, 100, 200, 1000, 3000, i32::MAX, 65535, -1];
    let Machine { kdata, arena, .. } = machine;
    kdata.add(arena, "sysctl_vals", &values.map(i32::to_le_bytes).concat());
}

crate::exports![
    plain: register_sysctl, register_sysctl_table, unregister_sysctl_table, proc_dostring, proc_dobool, proc_dointvec,
        proc_douintvec, proc_dointvec_minmax, proc_douintvec_minmax, proc_dointvec_jiffies, proc_dointvec_ms_jiffies,
        proc_doulongvec_minmax;
    variadic: ;
    named:
];
