//! C header: include/linux/debugfs.h. Behaviour follows Linux 6.1 fs/debugfs/ and fs/libfs.c.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::{Attr, DEBUGFS, KernId, KernKind};
use kloom_kernel::printk::Level;
use kloom_lib::vsprintf::SliceArgs;

use super::printk::format;
use super::uaccess::{_copy_from_user, _copy_to_user};
use crate::Machine;
use crate::call::{call3, enter, might_sleep};
use crate::fileops::{AttrNode, dentry, file, inode, word};
use crate::oops::or_oops;

/// Kind of a dentry's memory: the kernel's own.
const KIND: &str = "struct dentry";

/// Offsets in what `simple_attr_open()` keeps: get, set, data, format, text read so far.
const GET: u64 = 0;
const SET: u64 = 8;
const DATA: u64 = 16;
const FORMAT: u64 = 24;
const TEXT: u64 = 32;
const TEXT_SIZE: usize = 24;
const SIMPLE_SIZE: u64 = 56;

fn err_ptr(errno: Errno) -> u64 {
    -i64::from(errno.0) as u64
}

fn is_err(pointer: u64) -> bool {
    pointer > u64::MAX - 4096
}

/// Adds a node; its dentry or an error pointer.
fn add(
    name: u64,
    mode: u32,
    parent: u64,
    func: &'static str,
    kind: impl FnOnce(&mut Machine) -> Result<(KernKind, Option<AttrNode>), Fault>,
) -> u64 {
    might_sleep(func);
    if is_err(parent) {
        return parent;
    }
    or_oops(enter(|machine, _| {
        if machine.fails(func) {
            return Ok(err_ptr(Errno::ENOMEM));
        }
        let dir = if parent == 0 { Some(DEBUGFS) } else { node_of(machine, parent)? };
        let Some(dir) = dir else { return Ok(err_ptr(Errno::ENOENT)) };
        let text = machine.name_at(name)?;
        let (kind, attr) = kind(machine)?;
        let is_dir = matches!(kind, KernKind::Dir(_));
        let (owner, created) = (machine.caller_module(), Some(machine.kernel.event_here()));
        match machine.kernel.vfs.kern.add(dir, &text, kind, mode & 0o777, owner, created) {
            Ok(id) => {
                if let Some(attr) = attr {
                    machine.files.attrs.insert(id, attr);
                }
                Ok(make_dentry(machine, id, &text))
            }
            Err(errno) => {
                if errno == Errno::EEXIST {
                    let (what, place) = if is_dir { ("Directory", "with parent") } else { ("File", "in directory") };
                    let above = machine.kernel.vfs.kern.get(dir).map_or(String::new(), |node| node.name.clone());
                    let above = if above.is_empty() { "/".to_string() } else { above };
                    machine.print(Level::Err, format!("debugfs: {what} '{text}' {place} '{above}' already present!"));
                }
                Ok(err_ptr(errno))
            }
        }
    }))
}

fn make_dentry(machine: &mut Machine, id: KernId, name: &str) -> u64 {
    let Some(addr) = machine.kernel_block(dentry::SIZE + name.len() as u64 + 1, KIND) else {
        return err_ptr(Errno::ENOMEM);
    };
    let _ = machine.arena.write(addr + dentry::SIZE, name.as_bytes());
    machine.poke_u32(addr + dentry::NAME_LEN, name.len() as u32);
    machine.poke_u64(addr + dentry::NAME, addr + dentry::SIZE);
    machine.poke_u64(addr + dentry::KLOOM, u64::from(id.0));
    machine.files.objects.debug.insert(addr, id);
    addr
}

/// The node of a dentry.
fn node_of(machine: &mut Machine, dentry: u64) -> Result<Option<KernId>, Fault> {
    machine.get_u64(dentry + dentry::KLOOM)?;
    Ok(machine.files.objects.debug.get(&dentry).copied())
}

fn file_kind() -> KernKind {
    KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 })
}

/// `debugfs_create_dir()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_dir(name: u64, parent: u64) -> u64 {
    add(name, 0o755, parent, "debugfs_create_dir", |_| Ok((KernKind::Dir(BTreeMap::new()), None)))
}

/// `debugfs_create_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_file(name: u64, mode: u16, parent: u64, data: u64, ops: u64) -> u64 {
    add(name, u32::from(mode), parent, "debugfs_create_file", |_| Ok((file_kind(), Some(AttrNode::Fops { ops, data }))))
}

/// `debugfs_create_symlink()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_symlink(name: u64, parent: u64, dest: u64) -> u64 {
    add(name, 0o777, parent, "debugfs_create_symlink", |machine| Ok((KernKind::Link(machine.name_at(dest)?), None)))
}

fn number(name: u64, mode: u16, parent: u64, attr: AttrNode) {
    add(name, u32::from(mode), parent, "debugfs_create_file", |_| Ok((file_kind(), Some(attr))));
}

macro_rules! numbers {
    ($($name:ident $size:literal $hex:literal;)*) => {$(
        /// A number as a file.
        pub(crate) extern "C" fn $name(name: u64, mode: u16, parent: u64, value: u64) {
            number(name, mode, parent, AttrNode::Number { addr: value, size: $size, hex: $hex });
        }
    )*};
}

numbers! {
    debugfs_create_u8 1 false;
    debugfs_create_u16 2 false;
    kloom_debugfs_create_u32 4 false;
    debugfs_create_u64 8 false;
    debugfs_create_ulong 8 false;
    debugfs_create_size_t 8 false;
    debugfs_create_atomic_t 4 false;
    debugfs_create_x8 1 true;
    debugfs_create_x16 2 true;
    debugfs_create_x32 4 true;
    debugfs_create_x64 8 true;
}

/// `debugfs_create_bool()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_bool(name: u64, mode: u16, parent: u64, value: u64) {
    number(name, mode, parent, AttrNode::Bool { addr: value });
}

/// `debugfs_create_str()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_str(name: u64, mode: u16, parent: u64, value: u64) {
    number(name, mode, parent, AttrNode::Text { addr: value });
}

/// `debugfs_create_blob()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_create_blob(name: u64, mode: u16, parent: u64, blob: u64) -> u64 {
    add(name, u32::from(mode), parent, "debugfs_create_blob", |_| {
        Ok((file_kind(), Some(AttrNode::Blob { addr: blob })))
    })
}

/// `debugfs_remove()`: the node and all below it.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_remove(entry: u64) {
    if entry == 0 || is_err(entry) {
        return;
    }
    might_sleep("debugfs_remove");
    or_oops(enter(|machine, _| {
        if let Some(id) = node_of(machine, entry)? {
            machine.kernel.vfs.kern.remove(id);
        }
        let kern = &machine.kernel.vfs.kern;
        let gone: Vec<u64> = machine
            .files
            .objects
            .debug
            .iter()
            .filter(|(_, id)| kern.get(**id).is_none())
            .map(|(&addr, _)| addr)
            .collect();
        machine.files.attrs.retain(|id, _| kern.get(*id).is_some());
        for addr in gone {
            machine.files.objects.debug.remove(&addr);
            machine.kernel_free(addr);
        }
        Ok(())
    }));
}

/// `debugfs_lookup()`: NULL when there is none.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn debugfs_lookup(name: u64, parent: u64) -> u64 {
    if is_err(parent) {
        return 0;
    }
    or_oops(enter(|machine, _| {
        let dir = if parent == 0 { Some(DEBUGFS) } else { node_of(machine, parent)? };
        let text = machine.name_at(name)?;
        let id = dir.and_then(|dir| machine.kernel.vfs.kern.child(dir, &text));
        Ok(id
            .and_then(|id| machine.files.objects.debug.iter().find(|(_, other)| **other == id).map(|(&addr, _)| addr))
            .unwrap_or(0))
    }))
}

/// `debugfs_initialized()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn debugfs_initialized() -> bool {
    true
}

/// `simple_attr_open()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_attr_open(inode: u64, file: u64, get: u64, set: u64, fmt: u64) -> i32 {
    might_sleep("simple_attr_open");
    or_oops(enter(|machine, _| {
        let at = machine.kernel.event_here();
        let Some(attr) = machine.arena.heap.alloc(SIMPLE_SIZE, 16, true, "struct simple_attr", at) else {
            return Ok(-Errno::ENOMEM.0);
        };
        let data = machine.get_u64(inode + inode::PRIVATE)?;
        for (offset, value) in [(GET, get), (SET, set), (DATA, data), (FORMAT, fmt)] {
            machine.poke_u64(attr + offset, value);
        }
        machine.put_u64(file + file::PRIVATE, attr)?;
        Ok(0)
    }))
}

/// `simple_attr_release()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_attr_release(_inode: u64, file: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let attr = machine.get_u64(file + file::PRIVATE)?;
        machine.release(attr, "simple_attr_release", |_| true);
        Ok(0)
    }))
}

/// `simple_attr_read()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_attr_read(file: u64, buf: u64, len: u64, ppos: u64) -> i64 {
    might_sleep("simple_attr_read");
    let attr = word(file + file::PRIVATE);
    let get = word(attr + GET);
    if get == 0 {
        return Errno::EACCES.to_c();
    }
    let pos = word(ppos);
    if pos == 0 || word(attr + TEXT) == 0 {
        let value = std::cell::Cell::new(0_u64);
        let ret = call3(get, word(attr + DATA), value.as_ptr() as u64, 0) as i32;
        if ret != 0 {
            return i64::from(ret);
        }
        or_oops(enter(|machine, _| {
            let fmt = machine.get_u64(attr + FORMAT)?;
            let (text, _) = format(machine, fmt, &mut SliceArgs::new(&[value.get()]), TEXT_SIZE);
            machine.store_cstr(attr + TEXT, &text)
        }));
    }
    let size = or_oops(enter(|machine, _| machine.cstr(attr + TEXT, TEXT_SIZE as u64).map(|text| text.len() as u64)));
    if pos >= size {
        return 0;
    }
    let count = len.min(size - pos);
    if _copy_to_user(buf, attr + TEXT + pos, count) != 0 {
        return Errno::EFAULT.to_c();
    }
    or_oops(enter(|machine, _| machine.put_u64(ppos, pos + count)));
    count as i64
}

/// `simple_attr_write()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_attr_write(file: u64, buf: u64, len: u64, _ppos: u64) -> i64 {
    might_sleep("simple_attr_write");
    let attr = word(file + file::PRIVATE);
    let set = word(attr + SET);
    if set == 0 {
        return Errno::EACCES.to_c();
    }
    let count = len.min(TEXT_SIZE as u64 - 1);
    let text = std::cell::Cell::new([0_u8; TEXT_SIZE]);
    if _copy_from_user(text.as_ptr() as u64, buf, count) != 0 {
        return Errno::EFAULT.to_c();
    }
    let text = text.get();
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(TEXT_SIZE);
    let value = match kloom_lib::kstrtox::kstrtoull(text[..end].trim_ascii(), 0) {
        Ok(value) => value,
        Err(error) => return -i64::from(error.errno().abs()),
    };
    let ret = call3(set, word(attr + DATA), value, 0) as i32;
    if ret == 0 { len as i64 } else { i64::from(ret) }
}

crate::exports![
    plain: debugfs_create_dir, debugfs_create_file, debugfs_create_symlink, debugfs_remove, debugfs_lookup, debugfs_create_u8,
        debugfs_create_u16, kloom_debugfs_create_u32, debugfs_create_u64, debugfs_create_ulong, debugfs_create_size_t,
        debugfs_create_atomic_t, debugfs_create_x8, debugfs_create_x16, debugfs_create_x32, debugfs_create_x64,
        debugfs_create_bool, debugfs_create_str, debugfs_create_blob, debugfs_initialized, simple_attr_open,
        simple_attr_release, simple_attr_read, simple_attr_write;
    variadic: ;
    named: "debugfs_create_file_unsafe" => debugfs_create_file
];
