//! C header: include/linux/fs.h.
//!
//! Behaviour follows Linux 6.1 fs/libfs.c, fs/read_write.c, fs/open.c, fs/char_dev.c, fs/fcntl.c. Device numbers are the
//! kernel's ([`kloom_kernel::fs::devfs`]); what a module does with the machine's own files goes through the same
//! operations as a system call.

use kloom_abi::Errno;
use kloom_kernel::fs::{ClosePlan, Dev, FileId, Node, ReadPlan, WritePlan, devfs::CharDev};
use kloom_kernel::ops::Op;

use super::uaccess::{_copy_from_user, _copy_to_user};
use crate::Machine;
use crate::call::{blocking, enter, might_sleep};
use crate::fileops::{self, dentry, file, fmode, inode};
use crate::oops::or_oops;

const SEEK_SET: i32 = 0;
const SEEK_CUR: i32 = 1;
const SEEK_END: i32 = 2;

fn get(addr: u64) -> u64 {
    or_oops(enter(|machine, _| machine.get_u64(addr)))
}

fn put(addr: u64, value: u64) {
    or_oops(enter(|machine, _| machine.put_u64(addr, value)));
}

/// 0 or the negative error.
fn code(result: Result<(), Errno>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(errno) => -errno.0,
    }
}

/// `simple_read_from_buffer()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_read_from_buffer(to: u64, count: u64, ppos: u64, from: u64, available: u64) -> i64 {
    might_sleep("simple_read_from_buffer");
    let pos = get(ppos);
    if (pos as i64) < 0 {
        return Errno::EINVAL.to_c();
    }
    if pos >= available || count == 0 {
        return 0;
    }
    let count = count.min(available - pos);
    let left = _copy_to_user(to, from.wrapping_add(pos), count);
    if left == count {
        return Errno::EFAULT.to_c();
    }
    put(ppos, pos + count - left);
    (count - left) as i64
}

/// `simple_write_to_buffer()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn simple_write_to_buffer(to: u64, available: u64, ppos: u64, from: u64, count: u64) -> i64 {
    might_sleep("simple_write_to_buffer");
    let pos = get(ppos);
    if (pos as i64) < 0 {
        return Errno::EINVAL.to_c();
    }
    if pos >= available || count == 0 {
        return 0;
    }
    let count = count.min(available - pos);
    let left = _copy_from_user(to.wrapping_add(pos), from, count);
    if left == count {
        return Errno::EFAULT.to_c();
    }
    put(ppos, pos + count - left);
    (count - left) as i64
}

/// `memory_read_from_buffer()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memory_read_from_buffer(to: u64, count: u64, ppos: u64, from: u64, available: u64) -> i64 {
    or_oops(enter(|machine, _| {
        let pos = machine.get_u64(ppos)?;
        if (pos as i64) < 0 {
            return Ok(Errno::EINVAL.to_c());
        }
        if pos >= available {
            return Ok(0);
        }
        let count = count.min(available - pos);
        machine.copy(to, from.wrapping_add(pos), count)?;
        machine.put_u64(ppos, pos + count)?;
        Ok(count as i64)
    }))
}

/// `no_llseek()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn no_llseek(_file: u64, _offset: i64, _whence: i32) -> i64 {
    Errno::ESPIPE.to_c()
}

/// `noop_llseek()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn noop_llseek(file: u64, _offset: i64, _whence: i32) -> i64 {
    get(file + file::POS) as i64
}

fn seek(file: u64, offset: i64, whence: i32, size: i64, max: i64) -> i64 {
    let now = get(file + file::POS) as i64;
    let base = match whence {
        SEEK_SET => 0,
        SEEK_CUR if offset == 0 => return now,
        SEEK_CUR => now,
        SEEK_END => size,
        _ => return Errno::EINVAL.to_c(),
    };
    match base.checked_add(offset) {
        Some(pos) if (0..=max).contains(&pos) => {
            put(file + file::POS, pos as u64);
            pos
        }
        _ => Errno::EINVAL.to_c(),
    }
}

fn size_of(file: u64) -> i64 {
    let inode = get(file + file::INODE);
    get(inode + inode::FILE_SIZE) as i64
}

/// `default_llseek()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn default_llseek(file: u64, offset: i64, whence: i32) -> i64 {
    might_sleep("default_llseek");
    seek(file, offset, whence, size_of(file), i64::MAX)
}

/// `generic_file_llseek()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn generic_file_llseek(file: u64, offset: i64, whence: i32) -> i64 {
    might_sleep("generic_file_llseek");
    seek(file, offset, whence, size_of(file), i64::MAX)
}

/// `fixed_size_llseek()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn fixed_size_llseek(file: u64, offset: i64, whence: i32, size: i64) -> i64 {
    might_sleep("fixed_size_llseek");
    seek(file, offset, whence, size, size)
}

fn set_mode(file: u64, clear: u32, set: u32) {
    or_oops(enter(|machine, _| {
        let mode = machine.get_u32(file + file::MODE)?;
        machine.put_u32(file + file::MODE, mode & !clear | set)
    }));
}

/// `nonseekable_open()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn nonseekable_open(_inode: u64, file: u64) -> i32 {
    set_mode(file, fmode::LSEEK | fmode::PREAD | fmode::PWRITE, 0);
    0
}

/// `stream_open()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn stream_open(_inode: u64, file: u64) -> i32 {
    set_mode(file, fmode::LSEEK | fmode::PREAD | fmode::PWRITE | fmode::ATOMIC_POS, fmode::STREAM);
    0
}

/// `simple_open()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn simple_open(inode: u64, file: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let private = machine.get_u64(inode + inode::PRIVATE)?;
        if private != 0 {
            machine.put_u64(file + file::PRIVATE, private)?;
        }
        Ok(0)
    }))
}

/// `struct timespec64`, returned in two registers.
#[repr(C)]
pub(crate) struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// `current_time()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn current_time(_inode: u64) -> Timespec {
    let wall_ns = enter(|machine, _| machine.kernel.wall_ns()) as i64;
    Timespec { seconds: wall_ns / 1_000_000_000, nanoseconds: wall_ns % 1_000_000_000 }
}

/// `file_path()`: the path at the end of the buffer, or an error pointer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn file_path(file: u64, buf: u64, buflen: i32) -> u64 {
    or_oops(enter(|machine, _| {
        let dentry = machine.get_u64(file + file::DENTRY)?;
        let path = machine.get_u64(dentry + dentry::PATH)?;
        let path = machine.text(path)?;
        let need = path.len() as u64 + 1;
        if need > buflen.max(0) as u64 {
            return Ok(-36_i64 as u64);
        }
        let at = buf + buflen as u64 - need;
        machine.store_cstr(at, &path)?;
        Ok(at)
    }))
}

/// `register_chrdev_region()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn register_chrdev_region(from: u32, count: u32, name: u64) -> i32 {
    might_sleep("register_chrdev_region");
    or_oops(enter(|machine, _| {
        let (name, owner) = (machine.name_at(name)?, machine.caller_module());
        if machine.fails("register_chrdev_region") {
            return Ok(-Errno::EBUSY.0);
        }
        Ok(code(machine.kernel.register_chrdev_region(Dev::from_raw(from), count, &name, owner)))
    }))
}

/// `alloc_chrdev_region()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn alloc_chrdev_region(dev: u64, base: u32, count: u32, name: u64) -> i32 {
    might_sleep("alloc_chrdev_region");
    or_oops(enter(|machine, _| {
        let (name, owner) = (machine.name_at(name)?, machine.caller_module());
        if machine.fails("alloc_chrdev_region") {
            return Ok(-Errno::EBUSY.0);
        }
        match machine.kernel.alloc_chrdev_region(base, count, &name, owner) {
            Ok(got) => machine.put_u32(dev, got.raw()).map(|()| 0),
            Err(errno) => Ok(-errno.0),
        }
    }))
}

/// `unregister_chrdev_region()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn unregister_chrdev_region(from: u32, count: u32) {
    might_sleep("unregister_chrdev_region");
    enter(|machine, _| machine.kernel.unregister_chrdev_region(Dev::from_raw(from), count));
}

/// `register_chrdev()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __register_chrdev(major: u32, base: u32, count: u32, name: u64, ops: u64) -> i32 {
    might_sleep("register_chrdev");
    or_oops(enter(|machine, _| {
        let (name, module) = (machine.name_at(name)?, machine.caller_module());
        let ops_owner = machine.get_u64(ops)?;
        if machine.fails("register_chrdev") {
            return Ok(-Errno::EBUSY.0);
        }
        if base == 0 && count == 256 {
            return Ok(match machine.kernel.register_chrdev(major, &name, ops, ops_owner, module) {
                Ok(major) => major as i32,
                Err(errno) => -errno.0,
            });
        }
        let got = if major == 0 {
            machine.kernel.alloc_chrdev_region(base, count, &name, module)
        } else {
            let dev = Dev { major, minor: base };
            machine.kernel.register_chrdev_region(dev, count, &name, module).map(|()| dev)
        };
        match got {
            Ok(dev) => {
                let created = Some(machine.kernel.event_here());
                machine.kernel.cdev_add(CharDev {
                    dev,
                    count,
                    cdev: 0,
                    ops,
                    owner: ops_owner,
                    ops_owner,
                    module,
                    created,
                });
                Ok(if major == 0 { dev.major as i32 } else { 0 })
            }
            Err(errno) => Ok(-errno.0),
        }
    }))
}

/// `unregister_chrdev()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __unregister_chrdev(major: u32, base: u32, count: u32, name: u64) {
    might_sleep("unregister_chrdev");
    or_oops(enter(|machine, _| {
        let name = machine.name_at(name)?;
        if base == 0 && count == 256 {
            machine.kernel.unregister_chrdev(major, &name);
        } else {
            let dev = Dev { major, minor: base };
            machine.kernel.unregister_chrdev_region(dev, count);
            machine.kernel.vfs.devs.cdevs.retain(|cdev| cdev.cdev != 0 || cdev.dev != dev);
        }
        Ok(())
    }));
}

/// `filp_open()`: the file, or an error pointer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn filp_open(path: u64, flags: i32, mode: u16) -> u64 {
    might_sleep("filp_open");
    let opened = or_oops(enter(|machine, current| {
        let path = machine.name_at(path)?;
        // Only a path of user space must not be empty (getname_kernel()).
        let path = if path.is_empty() { ".".to_string() } else { path };
        Ok(machine
            .kernel
            .open_path(current, &path, flags as u32, u32::from(mode))
            .map(|id| (id, machine.kernel.file(id).and_then(|open| open.module))))
    }));
    let (id, node) = match opened {
        Ok(opened) => opened,
        Err(errno) => {
            enter(|machine, _| machine.note_err_ptr(errno, "filp_open"));
            return -i64::from(errno.0) as u64;
        }
    };
    let ret = match &node {
        Some(node) => {
            let ret = fileops::open(id, node);
            enter(|machine, _| machine.kernel.module_call_done(id));
            ret
        }
        None if enter(|machine, _| machine.make_file(id)).is_none() => Errno::ENOMEM.to_c(),
        None => 0,
    };
    enter(|machine, _| {
        if ret < 0 {
            // Never opened: nothing to release.
            let _ = machine.kernel.put_file(id);
            return ret as u64;
        }
        let Some(open) = machine.kernel.file_mut(id) else { return 0 };
        open.opened = true;
        open.c_file
    })
}

/// Drops a reference that a module has on a file.
fn put_file(addr: u64) {
    let (id, plan) = or_oops(enter(|machine, _| {
        let id = machine.file_id(addr)?;
        let last = machine.kernel.file(id).is_some_and(|open| open.refs == 1);
        if last && machine.kernel.file(id).is_some_and(|open| open.module.is_none()) {
            machine.free_file(id);
        }
        Ok((id, machine.kernel.put_file(id)))
    }));
    if let ClosePlan::Module { file, node } = plan {
        fileops::release(file, &node);
        enter(|machine, _| machine.kernel.file_released(id));
    }
}

/// `filp_close()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn filp_close(file: u64, _owner: u64) -> i32 {
    might_sleep("filp_close");
    put_file(file);
    0
}

/// `fput()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn fput(file: u64) {
    put_file(file);
}

/// `fget()`: NULL for no open descriptor.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn fget(fd: u32) -> u64 {
    enter(|machine, current| {
        let Ok(id) = machine.kernel.file_of(current, fd as i32) else { return 0 };
        let known = machine.kernel.file(id).map_or(0, |open| open.c_file);
        let addr = if known != 0 { known } else { machine.make_file(id).unwrap_or(0) };
        if addr != 0
            && let Some(open) = machine.kernel.file_mut(id)
        {
            open.refs += 1;
        }
        addr
    })
}

/// Where bytes of a file go to or come from.
#[derive(Clone, Copy)]
enum Memory {
    Kernel(u64),
    User(u64),
}

impl Memory {
    /// What an address given to `vfs_read()` is: after `set_fs(KERNEL_DS)` it may be a kernel address.
    fn given(machine: &Machine, addr: u64) -> Memory {
        let current = machine.kernel.current();
        if machine.mem.kernel_ds.contains(&current) && !machine.arena.is_user(addr, 1) {
            Memory::Kernel(addr)
        } else {
            Memory::User(addr)
        }
    }
}

/// Moves the position for one call: the file's own is put back.
fn at_pos<T>(machine: &mut Machine, id: FileId, pos: u64, f: impl FnOnce(&mut Machine) -> T) -> (T, u64) {
    let own = machine.kernel.file_mut(id).map_or(0, |open| std::mem::replace(&mut open.pos, pos));
    let result = f(machine);
    let after = machine.kernel.file_mut(id).map_or(0, |open| std::mem::replace(&mut open.pos, own));
    (result, after)
}

fn read_file(file: u64, to: impl Fn(&Machine) -> Memory, count: u64, ppos: u64, name: &'static str) -> i64 {
    might_sleep(name);
    or_oops(blocking(|machine, current, progress| {
        let id = machine.file_id(file)?;
        let pos = if ppos == 0 { machine.get_u64(file + file::POS)? } else { machine.get_u64(ppos)? };
        if (pos as i64) < 0 {
            return Ok(Op::Done(Errno::EINVAL.to_c()));
        }
        let (outcome, after) =
            at_pos(machine, id, pos, |machine| machine.kernel.file_read(current, id, count as usize, progress));
        let bytes = match outcome {
            Ok(Op::Done(ReadPlan::Data(bytes))) => bytes,
            Ok(Op::Done(ReadPlan::Module { file, .. })) => {
                // Files without read_iter cannot be read from the kernel (warn_unsupported()).
                machine.kernel.module_call_done(file);
                return Ok(Op::Done(Errno::EINVAL.to_c()));
            }
            Ok(Op::Block) => return Ok(Op::Block),
            Ok(Op::Spin) => return Ok(Op::Spin),
            Err(errno) => return Ok(Op::Done(-i64::from(errno.0))),
        };
        match to(machine) {
            Memory::Kernel(addr) => machine.store(addr, &bytes)?,
            Memory::User(addr) if !machine.arena.write_user(addr, &bytes) => return Ok(Op::Done(Errno::EFAULT.to_c())),
            Memory::User(_) => {}
        }
        machine.put_u64(if ppos == 0 { file + file::POS } else { ppos }, after)?;
        Ok(Op::Done(bytes.len() as i64))
    }))
}

fn write_file(file: u64, from: impl Fn(&Machine) -> Memory, count: u64, ppos: u64, name: &'static str) -> i64 {
    might_sleep(name);
    or_oops(blocking(|machine, current, progress| {
        let id = machine.file_id(file)?;
        let pos = if ppos == 0 { machine.get_u64(file + file::POS)? } else { machine.get_u64(ppos)? };
        if (pos as i64) < 0 {
            return Ok(Op::Done(Errno::EINVAL.to_c()));
        }
        let bytes = match from(machine) {
            Memory::Kernel(addr) => machine.load(addr, count)?,
            Memory::User(addr) => {
                let mut bytes = vec![0; count as usize];
                if !machine.arena.read_user(addr, &mut bytes) {
                    return Ok(Op::Done(Errno::EFAULT.to_c()));
                }
                bytes
            }
        };
        let (outcome, after) =
            at_pos(machine, id, pos, |machine| machine.kernel.file_write(current, id, &bytes, progress));
        let done = match outcome {
            Ok(Op::Done(WritePlan::Done(done))) => done as i64,
            Ok(Op::Done(WritePlan::Module { file, .. })) => {
                machine.kernel.module_call_done(file);
                return Ok(Op::Done(Errno::EINVAL.to_c()));
            }
            Ok(Op::Block) => return Ok(Op::Block),
            Ok(Op::Spin) => return Ok(Op::Spin),
            Err(errno) => return Ok(Op::Done(-i64::from(errno.0))),
        };
        machine.put_u64(if ppos == 0 { file + file::POS } else { ppos }, after)?;
        Ok(Op::Done(done))
    }))
}

/// `kernel_read()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kernel_read(file: u64, buf: u64, count: u64, ppos: u64) -> i64 {
    read_file(file, |_| Memory::Kernel(buf), count, ppos, "kernel_read")
}

/// `kernel_write()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kernel_write(file: u64, buf: u64, count: u64, ppos: u64) -> i64 {
    write_file(file, |_| Memory::Kernel(buf), count, ppos, "kernel_write")
}

/// `vfs_read()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vfs_read(file: u64, buf: u64, count: u64, ppos: u64) -> i64 {
    enter(|machine, _| machine.note_removed("vfs_read", "kernel_read()"));
    read_file(file, |machine| Memory::given(machine, buf), count, ppos, "vfs_read")
}

/// `vfs_write()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vfs_write(file: u64, buf: u64, count: u64, ppos: u64) -> i64 {
    enter(|machine, _| machine.note_removed("vfs_write", "kernel_write()"));
    write_file(file, |machine| Memory::given(machine, buf), count, ppos, "vfs_write")
}

/// `vfs_fsync()`: everything is in memory.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vfs_fsync(_file: u64, _datasync: i32) -> i32 {
    might_sleep("vfs_fsync");
    0
}

/// `vfs_llseek()` on a file of the machine's own.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vfs_llseek(file: u64, offset: i64, whence: i32) -> i64 {
    might_sleep("vfs_llseek");
    let size = or_oops(enter(|machine, _| {
        let id = machine.file_id(file)?;
        let node = machine.kernel.file(id).map(|open| open.node);
        Ok(match node {
            Some(Node::Tmp(ino)) => machine.kernel.vfs.tmp.get(ino).map_or(0, |inode| match &inode.kind {
                kloom_kernel::fs::tmpfs::InodeKind::File(content) => content.len() as i64,
                _ => 0,
            }),
            _ => 0,
        })
    }));
    // generic_file_llseek_size() takes what it does not know for SEEK_SET.
    let whence = if matches!(whence, SEEK_CUR | SEEK_END) { whence } else { SEEK_SET };
    seek(file, offset, whence, size, i64::MAX)
}

/// Offsets in `struct fasync_struct`.
const FA_FD: u64 = 12;
const FA_NEXT: u64 = 16;
const FA_FILE: u64 = 24;
const FASYNC: u32 = 0o20_000;

/// `fasync_helper()`: 1 when the list changed, 0 when not.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn fasync_helper(fd: i32, file: u64, on: i32, list: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let mut link = list;
        let mut entry = machine.get_u64(link)?;
        while entry != 0 && machine.get_u64(entry + FA_FILE)? != file {
            link = entry + FA_NEXT;
            entry = machine.get_u64(link)?;
        }
        let flags = machine.get_u32(file + file::FLAGS)?;
        machine.put_u32(file + file::FLAGS, if on != 0 { flags | FASYNC } else { flags & !FASYNC })?;
        match (entry, on != 0) {
            (0, false) => Ok(0),
            (0, true) => {
                let Some(new) = machine.kernel_block(32, "struct fasync_struct") else { return Ok(-Errno::ENOMEM.0) };
                let head = machine.get_u64(list)?;
                machine.poke_u32(new + FA_FD, fd as u32);
                machine.poke_u64(new + FA_NEXT, head);
                machine.poke_u64(new + FA_FILE, file);
                machine.put_u64(list, new)?;
                Ok(1)
            }
            (entry, true) => machine.put_u32(entry + FA_FD, fd as u32).map(|()| 0),
            (entry, false) => {
                let next = machine.get_u64(entry + FA_NEXT)?;
                machine.put_u64(link, next)?;
                machine.kernel_free(entry);
                Ok(1)
            }
        }
    }))
}

/// `kill_fasync()`: those who asked for it get the signal, `SIGIO` as a rule.
///
/// # Context
/// Any.
pub(crate) extern "C" fn kill_fasync(list: u64, signal: i32, _band: i32) {
    or_oops(enter(|machine, _| {
        let mut entry = machine.get_u64(list)?;
        while entry != 0 {
            let file = machine.get_u64(entry + FA_FILE)?;
            let id = machine.file_id(file)?;
            if let Some(&owner) = machine.files.sigio.get(&id)
                && machine.kernel.tasks.get(owner).is_some()
            {
                let _ = machine.kernel.send_signal(owner, signal);
            }
            entry = machine.get_u64(entry + FA_NEXT)?;
        }
        Ok(())
    }));
}

crate::exports![
    plain: simple_read_from_buffer, simple_write_to_buffer, memory_read_from_buffer, no_llseek, noop_llseek, default_llseek,
        generic_file_llseek, fixed_size_llseek, nonseekable_open, stream_open, simple_open, current_time, file_path,
        register_chrdev_region, alloc_chrdev_region, unregister_chrdev_region, __register_chrdev, __unregister_chrdev,
        filp_open, filp_close, fput, fget, kernel_read, kernel_write, vfs_read, vfs_write, vfs_fsync, vfs_llseek,
        fasync_helper, kill_fasync;
    variadic: ;
    named:
];
