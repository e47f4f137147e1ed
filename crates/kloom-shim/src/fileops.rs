//! Calls of a module's file operations: open, read, write, llseek, ioctl, poll, release.
//!
//! C headers: include/linux/fs.h, include/linux/proc_fs.h, include/linux/poll.h. Behaviour follows Linux 6.1
//! fs/read_write.c, fs/open.c, fs/proc/inode.c, fs/select.c: which error a missing operation gives, what happens to the
//! position, when `release()` runs. `struct file`, `struct dentry` and `struct inode` live in guest memory while a file
//! is open; the kernel's [`OpenFile`](kloom_kernel::fs::file::OpenFile) keeps the first one's address.
//!
//! These functions run on the calling task's own stack. A task that is killed inside module code leaves what it had
//! here behind: at most one buffer.

use std::cell::Cell;
use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_abi::sched::TASK_NORMAL;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::KernId;
use kloom_kernel::fs::procfs::proc_tree::{ProcId, ProcOpsKind};
use kloom_kernel::fs::{FileId, FileKind, ModuleNode, Node, PollFd, PollMask, flags};
use kloom_kernel::ops::{Op, Progress};
use kloom_kernel::task::TaskId;
use kloom_kernel::wait::{WaitEntry, WakeFunc};

use crate::Machine;
use crate::call::{self, blocking, call4, call6, enter};
use crate::include::seq_file;
use crate::object::Magic;
use crate::oops::{or_oops, or_oops_in};

/// Offsets in `struct file`.
pub(crate) mod file {
    pub(crate) const DENTRY: u64 = 8;
    pub(crate) const INODE: u64 = 16;
    pub(crate) const OPS: u64 = 24;
    pub(crate) const LOCK: u64 = 32;
    pub(crate) const COUNT: u64 = 40;
    pub(crate) const FLAGS: u64 = 48;
    pub(crate) const MODE: u64 = 52;
    pub(crate) const POS_LOCK: u64 = 56;
    pub(crate) const POS: u64 = 72;
    pub(crate) const PRIVATE: u64 = 120;
    pub(crate) const MAPPING: u64 = 128;
    pub(crate) const KLOOM: u64 = 136;
    pub(crate) const SIZE: u64 = 144;
}

/// Offsets in `struct inode`.
pub(crate) mod inode {
    pub(crate) const MODE: u64 = 0;
    pub(crate) const INO: u64 = 16;
    pub(crate) const NLINK: u64 = 24;
    pub(crate) const RDEV: u64 = 28;
    pub(crate) const FILE_SIZE: u64 = 32;
    pub(crate) const TIMES: [u64; 3] = [40, 56, 72];
    pub(crate) const LOCK: u64 = 88;
    pub(crate) const RWSEM: u64 = 96;
    pub(crate) const MAPPING: u64 = 112;
    pub(crate) const OPS: u64 = 120;
    pub(crate) const CDEV: u64 = 128;
    pub(crate) const PRIVATE: u64 = 136;
    pub(crate) const COUNT: u64 = 156;
    pub(crate) const KLOOM: u64 = 160;
    pub(crate) const SIZE: u64 = 168;
}

/// Offsets in `struct dentry`.
pub(crate) mod dentry {
    pub(crate) const PARENT: u64 = 8;
    pub(crate) const NAME_LEN: u64 = 20;
    pub(crate) const NAME: u64 = 24;
    pub(crate) const INODE: u64 = 32;
    /// `d_fsdata`: the path from the root of all, for `d_path()`.
    pub(crate) const PATH: u64 = 72;
    pub(crate) const KLOOM: u64 = 80;
    pub(crate) const SIZE: u64 = 88;
}

/// Offsets in `struct file_operations`.
mod fops {
    pub(super) const LLSEEK: u64 = 8;
    pub(super) const READ: u64 = 16;
    pub(super) const WRITE: u64 = 24;
    pub(super) const READ_ITER: u64 = 32;
    pub(super) const WRITE_ITER: u64 = 40;
    pub(super) const POLL: u64 = 72;
    pub(super) const UNLOCKED_IOCTL: u64 = 80;
    pub(super) const OPEN: u64 = 112;
    pub(super) const FLUSH: u64 = 120;
    pub(super) const RELEASE: u64 = 128;
    pub(super) const FASYNC: u64 = 144;
    pub(super) const IOCTL: u64 = 232;
}

/// Offsets in `struct proc_ops`.
mod proc_ops {
    pub(super) const OPEN: u64 = 8;
    pub(super) const READ: u64 = 16;
    pub(super) const READ_ITER: u64 = 24;
    pub(super) const WRITE: u64 = 32;
    pub(super) const LSEEK: u64 = 40;
    pub(super) const RELEASE: u64 = 48;
    pub(super) const POLL: u64 = 56;
    pub(super) const IOCTL: u64 = 64;
}

/// Offsets in `struct proc_dir_entry`, as modules before 3.10 see it.
pub(crate) mod pde {
    pub(crate) const NAME: u64 = 0;
    pub(crate) const MODE: u64 = 8;
    pub(crate) const NAME_LEN: u64 = 10;
    pub(crate) const FOPS: u64 = 32;
    pub(crate) const PARENT: u64 = 40;
    pub(crate) const DATA: u64 = 48;
    pub(crate) const READ_PROC: u64 = 56;
    pub(crate) const WRITE_PROC: u64 = 64;
    pub(crate) const KLOOM: u64 = 80;
    pub(crate) const SIZE: u64 = 88;
}

/// Bits of `f_mode`.
pub(crate) mod fmode {
    pub(crate) const READ: u32 = 1;
    pub(crate) const WRITE: u32 = 2;
    pub(crate) const LSEEK: u32 = 4;
    pub(crate) const PREAD: u32 = 8;
    pub(crate) const PWRITE: u32 = 0x10;
    pub(crate) const ATOMIC_POS: u32 = 0x8000;
    pub(crate) const STREAM: u32 = 0x20_0000;
}

const O_LARGEFILE: u32 = 0o100_000;
const PAGE: u64 = 4096;
/// Most bytes one call may move (`MAX_RW_COUNT`).
const MAX_RW: u64 = 0x7fff_f000;

/// Kinds of heap blocks made here, which are the kernel's own.
pub(crate) const FILE_KIND: &str = "struct file";
const INODE_KIND: &str = "struct inode";
const DENTRY_KIND: &str = "struct dentry";
const PAGE_KIND: &str = "file buffer";
const POLL_KIND: &str = "struct poll_table_entry";

/// What a file of sysfs or debugfs made by a module is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttrNode {
    /// An attribute with `show` and `store` of its own behind the `struct attribute`: called with `object` and `attr`.
    Attribute { object: u64, attr: u64 },
    /// As above, but the functions take no attribute: those of drivers and buses.
    Short { object: u64, attr: u64 },
    /// As above, through the `struct sysfs_ops` at `ops`.
    Ktype { ops: u64, object: u64, attr: u64 },
    /// A `struct bin_attribute`.
    Binary { object: u64, attr: u64 },
    /// A file of debugfs with `struct file_operations`.
    Fops { ops: u64, data: u64 },
    /// A number of debugfs: its address, its size, printed in hex.
    Number { addr: u64, size: u64, hex: bool },
    /// A bool of debugfs.
    Bool { addr: u64 },
    /// A `char *` of debugfs.
    Text { addr: u64 },
    /// A `struct debugfs_blob_wrapper`.
    Blob { addr: u64 },
    /// A file of the kernel's own whose writing reaches module code.
    Control(crate::control::Control),
}

/// The guest side of an entry of /proc.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pde {
    /// Address of its `struct proc_dir_entry`.
    pub(crate) addr: u64,
    /// Bytes of private state of each open file (`proc_create_seq_private()`).
    pub(crate) state_size: u32,
}

/// One wait queue that a `poll()` in progress is on.
#[derive(Clone, Copy, Debug)]
struct PollEntry {
    task: TaskId,
    queue: u32,
    events: u32,
    triggered: bool,
}

/// What the shims of files keep.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) pdes: BTreeMap<ProcId, Pde>,
    /// Files to release after entries were removed, by who removes.
    pub(crate) releases: BTreeMap<TaskId, Vec<(FileId, ModuleNode)>>,
    pub(crate) attrs: BTreeMap<KernId, AttrNode>,
    pub(crate) devices: crate::include::device::State,
    /// Who gets SIGIO for an open file.
    pub(crate) sigio: BTreeMap<FileId, TaskId>,
    pub(crate) drivers: crate::include::driver::State,
    pub(crate) sysctls: crate::include::sysctl::State,
    pub(crate) objects: crate::include::kobject::State,
    /// Inodes of open files and how many files use them.
    inodes: BTreeMap<Node, (u64, u32)>,
    /// Free user buffers by size.
    user_free: BTreeMap<u64, Vec<u64>>,
    polls: BTreeMap<u64, PollEntry>,
    /// What `f_op` of a file of /proc points to.
    proc_fops: u64,
    /// The file operation a task is in, where it has no frame of its own.
    calling: BTreeMap<TaskId, u64>,
    /// Pointers of system calls, by the call's name: see [`crate::syscalls`].
    pub(crate) stubs: BTreeMap<String, u64>,
    /// The page they are in; 0 until it is needed.
    pub(crate) shared_page: u64,
}

impl State {
    /// The operation that the task's present call of a kernel function stands for, as a return address; 0 if none.
    pub(crate) fn called_as(&self, task: TaskId) -> u64 {
        self.calling.get(&task).map_or(0, |func| func + 1)
    }
}

impl Machine {
    /// Eight bytes of module memory.
    pub(crate) fn get_u64(&mut self, addr: u64) -> Result<u64, Fault> {
        self.mem_check(addr, 8, false)?;
        // SAFETY: the range passed the check: mapped guest memory.
        Ok(unsafe { std::ptr::read_unaligned(addr as *const u64) })
    }

    /// Four bytes of module memory.
    pub(crate) fn get_u32(&mut self, addr: u64) -> Result<u32, Fault> {
        self.mem_check(addr, 4, false)?;
        // SAFETY: as in `get_u64`.
        Ok(unsafe { std::ptr::read_unaligned(addr as *const u32) })
    }

    /// Writes eight bytes of module memory.
    pub(crate) fn put_u64(&mut self, addr: u64, value: u64) -> Result<(), Fault> {
        self.store(addr, &value.to_le_bytes())
    }

    /// Writes four bytes of module memory.
    pub(crate) fn put_u32(&mut self, addr: u64, value: u32) -> Result<(), Fault> {
        self.store(addr, &value.to_le_bytes())
    }

    /// A string of the module's as text.
    pub(crate) fn name_at(&mut self, addr: u64) -> Result<String, Fault> {
        Ok(String::from_utf8_lossy(&self.text(addr)?).into_owned())
    }

    /// The number of the module whose code called.
    pub(crate) fn caller_module(&self) -> Option<u32> {
        self.kernel.here.ips().find_map(|ip| self.module_of(ip).map(|(id, _)| id))
    }

    /// A zeroed block of the kernel's own.
    pub(crate) fn kernel_block(&mut self, size: u64, kind: &'static str) -> Option<u64> {
        let at = self.kernel.event_here();
        self.arena.heap.alloc(size, 16, true, kind, at)
    }

    /// A zeroed page of the kernel's own.
    fn page_block(&mut self) -> Option<u64> {
        let at = self.kernel.event_here();
        self.arena.heap.alloc(PAGE, PAGE, true, PAGE_KIND, at)
    }

    /// Frees a block made here.
    pub(crate) fn kernel_free(&mut self, addr: u64) {
        let at = self.kernel.event_here();
        if addr != 0 {
            // A block the module freed itself was reported then.
            let _ = self.arena.heap.free(addr, at);
        }
    }

    /// A user buffer of `size` bytes.
    fn user_buffer(&mut self, size: u64) -> Option<u64> {
        let size = size.max(1).next_multiple_of(PAGE).next_power_of_two();
        if let Some(addr) = self.files.user_free.get_mut(&size).and_then(Vec::pop) {
            return Some(addr);
        }
        self.arena.alloc_user(size)
    }

    pub(crate) fn free_user_buffer(&mut self, addr: u64, size: u64) {
        let size = size.max(1).next_multiple_of(PAGE).next_power_of_two();
        self.files.user_free.entry(size).or_default().push(addr);
    }

    /// Marks a lock in a structure of the kernel's own as initialised.
    fn init_lock(&mut self, addr: u64, magic: Magic) {
        self.poke_u32(addr, magic as u32);
    }

    /// Forgets the locks that module code used in a structure that is freed.
    pub(crate) fn forget_lock(&mut self, addr: u64, class: kloom_kernel::task::LockClass) {
        let handle = self.peek_u32(addr + 4);
        self.kernel.locks.forget(class, handle, addr);
    }

    /// Makes `struct file`, `struct dentry` and `struct inode` of an open file; the first one's address.
    pub(crate) fn make_file(&mut self, id: FileId) -> Option<u64> {
        let open = self.kernel.file(id)?;
        let (node, path, open_flags, module) = (open.node, open.path.clone(), open.flags, open.module);
        let inode = self.make_inode(node, &path, module)?;
        let name = path.rsplit('/').next().unwrap_or("").to_string();
        let dentry = self.kernel_block(dentry::SIZE + name.len() as u64 + path.len() as u64 + 2, DENTRY_KIND)?;
        let addr = self.kernel_block(file::SIZE, FILE_KIND)?;
        let name_addr = dentry + dentry::SIZE;
        let path_addr = name_addr + name.len() as u64 + 1;
        let _ = self.arena.write(name_addr, name.as_bytes());
        let _ = self.arena.write(path_addr, path.as_bytes());
        self.poke_u64(dentry + dentry::PARENT, dentry);
        self.poke_u32(dentry + dentry::NAME_LEN, name.len() as u32);
        self.poke_u64(dentry + dentry::NAME, name_addr);
        self.poke_u64(dentry + dentry::INODE, inode);
        self.poke_u64(dentry + dentry::PATH, path_addr);
        let access = match open_flags & flags::O_ACCMODE {
            flags::O_WRONLY => fmode::WRITE,
            flags::O_RDWR => fmode::READ | fmode::WRITE,
            _ => fmode::READ,
        };
        let mut mode = access | fmode::LSEEK | fmode::PREAD | fmode::PWRITE;
        if !matches!(module, Some(ModuleNode::CharDev { .. })) {
            mode |= fmode::ATOMIC_POS;
        }
        let ops = self.peek_u64(inode + inode::OPS);
        self.poke_u64(addr + file::DENTRY, dentry);
        self.poke_u64(addr + file::INODE, inode);
        self.poke_u64(addr + file::OPS, ops);
        self.init_lock(addr + file::LOCK, Magic::Spinlock);
        self.init_lock(addr + file::POS_LOCK, Magic::Mutex);
        self.poke_u64(addr + file::COUNT, 1);
        self.poke_u32(addr + file::FLAGS, open_flags | O_LARGEFILE);
        self.poke_u32(addr + file::MODE, mode);
        self.poke_u64(addr + file::MAPPING, inode + inode::SIZE);
        self.poke_u64(addr + file::KLOOM, u64::from(id.0));
        if let Some(ModuleNode::CharDev { misc, .. }) = module {
            self.poke_u64(addr + file::PRIVATE, misc);
        }
        if let Some(open) = self.kernel.file_mut(id) {
            open.c_file = addr;
        }
        Some(addr)
    }

    fn make_inode(&mut self, node: Node, path: &str, module: Option<ModuleNode>) -> Option<u64> {
        if let Some((addr, users)) = self.files.inodes.get_mut(&node) {
            *users += 1;
            let addr = *addr;
            let count = self.peek_u32(addr + inode::COUNT) + 1;
            self.poke_u32(addr + inode::COUNT, count);
            return Some(addr);
        }
        // The address space stands right behind the inode, as `i_data` does.
        let addr = self.kernel_block(inode::SIZE + 16, INODE_KIND)?;
        let current = self.kernel.current();
        if let Ok(stat) = self.kernel.sys_stat(current, path, true) {
            let kind: u32 = match stat.kind {
                FileKind::File => 0o100_000,
                FileKind::Dir => 0o040_000,
                FileKind::Chr => 0o020_000,
                FileKind::Blk => 0o060_000,
                FileKind::Fifo => 0o010_000,
                FileKind::Link => 0o120_000,
            };
            let mode = (kind | stat.mode & 0o7777) as u16;
            let _ = self.arena.write(addr + inode::MODE, &mode.to_le_bytes());
            self.poke_u64(addr + inode::INO, stat.ino);
            self.poke_u32(addr + inode::NLINK, stat.nlink);
            self.poke_u32(addr + inode::RDEV, stat.rdev.raw());
            self.poke_u64(addr + inode::FILE_SIZE, stat.size);
            for time in inode::TIMES {
                self.poke_u64(addr + time, stat.mtime_ns / 1_000_000_000);
                self.poke_u64(addr + time + 8, stat.mtime_ns % 1_000_000_000);
            }
        }
        self.init_lock(addr + inode::LOCK, Magic::Spinlock);
        self.init_lock(addr + inode::RWSEM, Magic::Rwsem);
        self.poke_u64(addr + inode::MAPPING, addr + inode::SIZE);
        self.poke_u64(addr + inode::SIZE, addr);
        self.poke_u32(addr + inode::COUNT, 1);
        match module {
            Some(ModuleNode::Proc { entry, kind, data, .. }) => {
                if self.files.proc_fops == 0 {
                    self.files.proc_fops = self.arena.alloc_kdata(240);
                }
                self.poke_u64(addr + inode::OPS, self.files.proc_fops);
                let pde = self.files.pdes.get(&entry).map_or(0, |pde| pde.addr);
                // Modules before 3.10 set `data` after they made the entry.
                let data = if kind == ProcOpsKind::ReadProc { self.peek_u64(pde + pde::DATA) } else { data };
                self.poke_u64(addr + inode::PRIVATE, data);
                self.poke_u64(addr + inode::KLOOM, pde);
            }
            Some(ModuleNode::CharDev { ops, cdev, .. }) => {
                self.poke_u64(addr + inode::OPS, ops);
                self.poke_u64(addr + inode::CDEV, cdev);
            }
            Some(ModuleNode::Attr { node, .. }) => {
                if let Some(AttrNode::Fops { ops, data }) = self.files.attrs.get(&node).copied() {
                    self.poke_u64(addr + inode::OPS, ops);
                    self.poke_u64(addr + inode::PRIVATE, data);
                }
            }
            None => {}
        }
        self.files.inodes.insert(node, (addr, 1));
        Some(addr)
    }

    /// Frees what [`Machine::make_file`] made.
    pub(crate) fn free_file(&mut self, id: FileId) {
        let Some(open) = self.kernel.file_mut(id) else { return };
        let (addr, node) = (std::mem::take(&mut open.c_file), open.node);
        self.files.sigio.remove(&id);
        if addr == 0 {
            return;
        }
        let dentry = self.peek_u64(addr + file::DENTRY);
        self.forget_lock(addr + file::LOCK, kloom_kernel::task::LockClass::Spinlock);
        self.forget_lock(addr + file::POS_LOCK, kloom_kernel::task::LockClass::Mutex);
        self.kernel_free(addr);
        self.kernel_free(dentry);
        if let Some((inode, users)) = self.files.inodes.get_mut(&node) {
            *users -= 1;
            let (inode, users) = (*inode, *users);
            let count = self.peek_u32(inode + inode::COUNT).saturating_sub(1);
            self.poke_u32(inode + inode::COUNT, count);
            if users == 0 {
                self.files.inodes.remove(&node);
                self.forget_lock(inode + inode::LOCK, kloom_kernel::task::LockClass::Spinlock);
                self.forget_lock(inode + inode::RWSEM, kloom_kernel::task::LockClass::RwsemRead);
                self.kernel_free(inode);
            }
        }
    }

    /// The open file behind a `struct file *`.
    pub(crate) fn file_id(&mut self, addr: u64) -> Result<FileId, Fault> {
        Ok(FileId(self.get_u64(addr + file::KLOOM)? as u32))
    }

    /// Copies the position that module code left in `struct file` to the kernel's open file.
    fn sync_pos(&mut self, id: FileId, addr: u64) {
        let pos = self.peek_u64(addr + file::POS);
        if let Some(open) = self.kernel.file_mut(id) {
            open.pos = pos;
        }
    }
}

/// Calls an operation. When it is a function of the kernel's own (`seq_read()`), there is no call site in the module to
/// show: the operation itself is remembered for that.
fn run(func: u64, args: [u64; 4]) -> u64 {
    enter(|machine, current| machine.files.calling.insert(current, func));
    let result = call4(func, args);
    if call::ctx().exploring.get() {
        enter(|machine, _| machine.kernel.release(kloom_kernel::order::FILE_CALLS));
    }
    enter(|machine, current| machine.files.calling.remove(&current));
    result
}

/// A pointer out of a table of operations; the caller dies when the table is gone.
pub(crate) fn word(addr: u64) -> u64 {
    or_oops(enter(|machine, _| machine.get_u64(addr)))
}

/// The `struct file` of an open file; 0 if it has none.
fn c_file(id: FileId) -> u64 {
    enter(|machine, _| machine.kernel.file(id).map_or(0, |open| open.c_file))
}

fn inode_of(addr: u64) -> u64 {
    enter(|machine, _| machine.peek_u64(addr + file::INODE))
}

/// How to reach a file's operations.
#[derive(Clone, Copy)]
enum Table {
    Proc(u64),
    Fops(u64),
    Seq,
    /// `read_proc` and `write_proc` in the `struct proc_dir_entry`.
    Old(u64),
    Attr(AttrNode),
    /// `struct kernel_param_ops` and the parameter.
    Param(u64, u64),
}

/// The operations of a file now: a driver may have replaced `f_op`.
fn table(addr: u64, node: &ModuleNode) -> Table {
    match *node {
        ModuleNode::Proc { entry, ops, kind, .. } => match kind {
            ProcOpsKind::ProcOps => Table::Proc(ops),
            ProcOpsKind::FileOperations => Table::Fops(ops),
            ProcOpsKind::SeqOperations | ProcOpsKind::SeqShow => Table::Seq,
            ProcOpsKind::ReadProc => {
                let entry = enter(|machine, _| machine.files.pdes.get(&entry).map_or(0, |pde| pde.addr));
                match word(entry + pde::FOPS) {
                    0 => Table::Old(entry),
                    fops => Table::Fops(fops),
                }
            }
        },
        ModuleNode::CharDev { ops, .. } => {
            Table::Fops(if addr == 0 { ops } else { enter(|machine, _| machine.peek_u64(addr + file::OPS)) })
        }
        ModuleNode::Attr { node, ops, object, .. } => match enter(|machine, _| machine.files.attrs.get(&node).copied())
        {
            Some(AttrNode::Fops { ops, .. }) => Table::Fops(ops),
            Some(attr) => Table::Attr(attr),
            None => Table::Param(ops, object),
        },
    }
}

/// An operation out of a `struct proc_ops`, as the kernel's function that looks for it does (fs/proc/inode.c, 6.1).
fn proc_word(ops: u64, offset: u64) -> u64 {
    let reader = match offset {
        proc_ops::OPEN => "proc_reg_open",
        proc_ops::READ => "proc_reg_read",
        proc_ops::READ_ITER => "proc_reg_read_iter",
        proc_ops::WRITE => "proc_reg_write",
        proc_ops::LSEEK => "proc_reg_llseek",
        proc_ops::RELEASE => "close_pdeo",
        proc_ops::POLL => "proc_reg_poll",
        _ => "proc_reg_unlocked_ioctl",
    };
    or_oops_in(reader, enter(|machine, _| machine.get_u64(ops + offset)))
}

/// As [`proc_word`], out of a `struct file_operations` (fs/read_write.c, fs/open.c, fs/file_table.c, 6.1).
fn fops_word(ops: u64, offset: u64) -> u64 {
    let reader = match offset {
        fops::READ | fops::READ_ITER => "vfs_read",
        fops::WRITE => "vfs_write",
        fops::OPEN => "do_dentry_open",
        fops::RELEASE => "__fput",
        fops::UNLOCKED_IOCTL => "__x64_sys_ioctl",
        _ => return word(ops + offset),
    };
    or_oops_in(reader, enter(|machine, _| machine.get_u64(ops + offset)))
}

/// An operation of a table: of `struct proc_ops`, of `struct file_operations`; None if such files have none.
fn operation(table: Table, proc: u64, other: u64) -> u64 {
    match table {
        Table::Proc(ops) => proc_word(ops, proc),
        Table::Fops(ops) => fops_word(ops, other),
        Table::Seq | Table::Old(_) | Table::Attr(_) | Table::Param(..) => 0,
    }
}

/// What is wrong when module code comes back to user space: preemption or interrupts still off.
fn returned() {
    enter(|machine, current| {
        if machine.kernel.is_atomic() {
            machine.kernel.check_exit_balance(current, "return to user space");
        }
    });
}

/// What user space gets for a value that module code returned.
fn outcome(ret: i64) -> Result<u64, Errno> {
    if ret >= 0 {
        return Ok(ret as u64);
    }
    // -ERESTARTSYS and its kin never reach user space when a signal is there to be handled.
    if (-516..=-512).contains(&ret) && enter(|machine, current| machine.kernel.signal_pending(current)) {
        return Err(Errno::EINTR);
    }
    Err(Errno(i32::try_from(-ret).unwrap_or(Errno::EINVAL.0)))
}

/// `open()`; 0 or a negative error number.
pub fn open(id: FileId, node: &ModuleNode) -> i64 {
    let Some(addr) = enter(|machine, _| machine.make_file(id)) else { return Errno::ENOMEM.to_c() };
    let ret = match *node {
        ModuleNode::Proc { entry, ops, kind: ProcOpsKind::SeqOperations, .. } => {
            let state_size = enter(|machine, _| machine.files.pdes.get(&entry).map_or(0, |pde| pde.state_size));
            if state_size == 0 {
                seq_file::seq_open(addr, ops)
            } else {
                seq_file::seq_open_private(addr, ops, state_size as i32)
            }
        }
        ModuleNode::Proc { ops, data, kind: ProcOpsKind::SeqShow, .. } => seq_file::single_open(addr, ops, data),
        _ => {
            let open = operation(table(addr, node), proc_ops::OPEN, fops::OPEN);
            if open == 0 { 0 } else { run(open, [inode_of(addr), addr, 0, 0]) as i32 }
        }
    };
    returned();
    let ret = if ret > 0 {
        enter(|machine, _| machine.warn_kernel_once("fs/open.c", 916, "do_dentry_open"));
        -Errno::EINVAL.0
    } else {
        ret
    };
    enter(|machine, _| {
        if ret < 0 {
            machine.free_file(id);
        } else {
            machine.sync_pos(id, addr);
        }
    });
    i64::from(ret)
}

/// A user buffer that holds `bytes`, or zeros; None without memory.
pub(crate) fn user_with(bytes: Option<&[u8]>, count: u64) -> Option<u64> {
    enter(|machine, _| {
        let buffer = machine.user_buffer(count)?;
        let written = match bytes {
            Some(bytes) => machine.arena.write_user(buffer, bytes),
            None => machine.arena.write_user(buffer, &vec![0; count as usize]),
        };
        written.then_some(buffer)
    })
}

/// Calls `read()` or `write()` with the file's position, or its `_iter` form.
fn transfer(id: FileId, addr: u64, op: u64, iter: bool, buffer: u64, count: u64, write: bool) -> i64 {
    let (pos, mode) = enter(|machine, _| (machine.peek_u64(addr + file::POS), machine.peek_u32(addr + file::MODE)));
    let pos = Cell::new(pos);
    let ret = if iter {
        // struct iovec, struct iov_iter and struct kiocb as include/linux/uio.h and fs.h have them.
        let vector = Cell::new([buffer, count]);
        let iov_iter = Cell::new([u64::from(write) << 8, 0, count, vector.as_ptr() as u64, 1]);
        let kiocb = Cell::new([addr, pos.get(), 0, 0]);
        let ret = run(op, [kiocb.as_ptr() as u64, iov_iter.as_ptr() as u64, 0, 0]) as i64;
        pos.set(kiocb.get()[1]);
        ret
    } else {
        let pos_addr = if mode & fmode::STREAM != 0 { 0 } else { pos.as_ptr() as u64 };
        run(op, [addr, buffer, count, pos_addr]) as i64
    };
    returned();
    if ret >= 0 && mode & fmode::STREAM == 0 {
        enter(|machine, _| {
            machine.poke_u64(addr + file::POS, pos.get());
            machine.sync_pos(id, addr);
        });
    }
    ret
}

/// `read()` at `pos`; None when the text became the file's snapshot.
///
/// # Errors
/// What the module returns.
pub fn read(id: FileId, node: &ModuleNode, pos: u64, max: usize) -> Result<Option<Vec<u8>>, Errno> {
    let addr = c_file(id);
    let table = table(addr, node);
    // The kernel itself moves the position of attributes.
    if matches!(node, ModuleNode::Attr { .. }) && addr != 0 {
        enter(|machine, _| machine.poke_u64(addr + file::POS, pos));
    }
    let count = (max as u64).min(MAX_RW);
    let (op, iter) = match table {
        Table::Proc(ops) => match proc_word(ops, proc_ops::READ_ITER) {
            0 => (word(ops + proc_ops::READ), false),
            op => (op, true),
        },
        Table::Fops(ops) => match fops_word(ops, fops::READ) {
            0 => (word(ops + fops::READ_ITER), true),
            op => (op, false),
        },
        Table::Seq => (seq_file::seq_read as *const () as u64, false),
        Table::Old(pde) => return old_read(id, addr, pde, count).map(Some),
        Table::Attr(attr) => return attr_read(id, attr),
        Table::Param(ops, object) => {
            if let Some(text) = enter(|machine, _| kernel_param(machine, object)) {
                let text = or_oops(text);
                enter(|machine, _| machine.kernel.set_snapshot(id, text));
                return Ok(None);
            }
            let get = word(ops + 16);
            return if get == 0 { Err(Errno::EPERM) } else { page_read(id, [get, object, 0, 0], true) };
        }
    };
    if op == 0 {
        return Err(if matches!(node, ModuleNode::Proc { .. }) { Errno::EIO } else { Errno::EINVAL });
    }
    let buffer = user_with(None, count).ok_or(Errno::ENOMEM)?;
    let ret = transfer(id, addr, op, iter, buffer, count, false);
    let bytes = enter(|machine, _| {
        let mut bytes = vec![0; ret.clamp(0, count as i64) as usize];
        let _ = machine.arena.read_user(buffer, &mut bytes);
        machine.free_user_buffer(buffer, count);
        bytes
    });
    outcome(ret).map(|_| Some(bytes))
}

/// `write()` at `pos`; bytes taken.
///
/// # Errors
/// What the module returns.
pub fn write(id: FileId, node: &ModuleNode, pos: u64, bytes: &[u8]) -> Result<usize, Errno> {
    let addr = c_file(id);
    let table = table(addr, node);
    if matches!(node, ModuleNode::Attr { .. }) && addr != 0 {
        enter(|machine, _| machine.poke_u64(addr + file::POS, pos));
    }
    let count = (bytes.len() as u64).min(MAX_RW);
    let bytes = &bytes[..count as usize];
    let (op, iter) = match table {
        Table::Proc(ops) => (proc_word(ops, proc_ops::WRITE), false),
        Table::Fops(ops) => match fops_word(ops, fops::WRITE) {
            0 => (word(ops + fops::WRITE_ITER), true),
            op => (op, false),
        },
        Table::Seq => (0, false),
        Table::Old(pde) => {
            let op = word(pde + pde::WRITE_PROC);
            if op == 0 {
                return Err(Errno::EIO);
            }
            let data = word(pde + pde::DATA);
            let buffer = user_with(Some(bytes), count).ok_or(Errno::ENOMEM)?;
            let ret = run(op, [addr, buffer, count, data]) as i32;
            returned();
            enter(|machine, _| machine.free_user_buffer(buffer, count));
            return outcome(i64::from(ret)).map(|ret| ret as usize);
        }
        Table::Attr(attr) => return attr_write(attr, bytes, pos).map(|ret| ret as usize),
        Table::Param(ops, object) => {
            let stored = enter(|machine, _| {
                let param = machine.param_at(object).ok()?;
                param.kind.map(|kind| machine.param_set(kind, &param.name, Some(bytes), param.arg))
            });
            if let Some(stored) = stored {
                return outcome(i64::from(or_oops(stored))).map(|_| count as usize);
            }
            let set = word(ops + 8);
            if set == 0 {
                return Err(Errno::EPERM);
            }
            let ret = with_page(Some(bytes), |page| i64::from(run(set, [page, object, 0, 0]) as i32))?;
            return outcome(ret).map(|_| count as usize);
        }
    };
    if op == 0 {
        return Err(if matches!(node, ModuleNode::Proc { .. }) { Errno::EIO } else { Errno::EINVAL });
    }
    let buffer = user_with(Some(bytes), count).ok_or(Errno::ENOMEM)?;
    let ret = transfer(id, addr, op, iter, buffer, count, true);
    enter(|machine, _| machine.free_user_buffer(buffer, count));
    outcome(ret).map(|ret| ret as usize)
}

/// `read_proc`, as kernels before 3.10 called it (fs/proc/generic.c of 3.9): page by page until the end.
fn old_read(id: FileId, addr: u64, pde: u64, count: u64) -> Result<Vec<u8>, Errno> {
    const BLOCK: u64 = PAGE - 1024;
    let (op, data) = (word(pde + pde::READ_PROC), word(pde + pde::DATA));
    if op == 0 {
        return Err(Errno::EIO);
    }
    let page = enter(|machine, _| machine.page_block()).ok_or(Errno::ENOMEM)?;
    let (mut out, mut error) = (Vec::new(), 0);
    let mut pos = enter(|machine, _| machine.peek_u64(addr + file::POS));
    let eof = Cell::new(0_u32);
    while (out.len() as u64) < count && eof.get() == 0 {
        let want = (count - out.len() as u64).min(BLOCK);
        let start = Cell::new(0_u64);
        let ret = call6(op, [page, start.as_ptr() as u64, pos, want, eof.as_ptr() as u64, data]) as i32;
        if ret <= 0 {
            error = i64::from(ret);
            break;
        }
        let length = ret as u64;
        let (from, take, step) = match start.get() {
            0 if length > pos => {
                let take = (length.min(PAGE).saturating_sub(pos)).min(want);
                (page + pos, take, take)
            }
            0 => break,
            start if start < page => (page, length.min(PAGE), start),
            start => (start, length.min((page + PAGE).saturating_sub(start)), length),
        };
        if take == 0 {
            break;
        }
        out.extend(or_oops(enter(|machine, _| machine.load(from, take))));
        pos += step;
    }
    returned();
    enter(|machine, _| {
        machine.kernel_free(page);
        machine.poke_u64(addr + file::POS, pos);
        machine.sync_pos(id, addr);
    });
    if out.is_empty() { outcome(error).map(|_| out) } else { Ok(out) }
}

/// Lends a page of kernel memory, filled with a zero-terminated text, to module code.
fn with_page(text: Option<&[u8]>, call: impl FnOnce(u64) -> i64) -> Result<i64, Errno> {
    let page = enter(|machine, _| {
        let page = machine.page_block()?;
        if let Some(text) = text {
            let _ = machine.arena.write(page, &text[..text.len().min(PAGE as usize - 1)]);
        }
        Some(page)
    });
    let page = page.ok_or(Errno::ENOMEM)?;
    let ret = call(page);
    returned();
    enter(|machine, _| machine.kernel_free(page));
    Ok(ret)
}

/// What a parameter of a kernel type reads as; None for a type of the module's own.
fn kernel_param(machine: &mut Machine, object: u64) -> Option<Result<Vec<u8>, Fault>> {
    let param = machine.param_at(object).ok()?;
    machine.param_text(&param).transpose()
}

/// Calls a `show()`: its text becomes the file's snapshot. `call` is the function and its arguments; the page is the
/// first argument if `page_first`, the last but one otherwise.
fn page_read(id: FileId, call: [u64; 4], page_first: bool) -> Result<Option<Vec<u8>>, Errno> {
    let [func, a, b, _] = call;
    let ret = with_page(None, |page| {
        let ret = if page_first { run(func, [page, a, b, 0]) as i32 as i64 } else { run(func, [a, b, page, 0]) as i64 };
        keep_page(id, page, ret);
        ret
    })?;
    outcome(ret).map(|_| None)
}

/// The text of `length` bytes at `page` becomes the file's snapshot, unless that is an error.
fn keep_page(id: FileId, page: u64, length: i64) {
    if length >= 0 {
        enter(|machine, _| {
            let mut text = vec![0; length.min(PAGE as i64 - 1) as usize];
            let _ = machine.arena.read(page, &mut text);
            machine.kernel.set_snapshot(id, text);
        });
    }
}

/// Reads an attribute: None when its text became the snapshot.
fn attr_read(id: FileId, attr: AttrNode) -> Result<Option<Vec<u8>>, Errno> {
    let snapshot = |text: Vec<u8>| {
        enter(|machine, _| machine.kernel.set_snapshot(id, text));
        Ok(None)
    };
    match attr {
        AttrNode::Attribute { object, attr } => {
            let show = word(attr + 16);
            if show == 0 { Err(Errno::EIO) } else { page_read(id, [show, object, attr, 0], false) }
        }
        AttrNode::Short { object, attr } => {
            let show = word(attr + 16);
            if show == 0 {
                return Err(Errno::EIO);
            }
            let ret = with_page(None, |page| {
                let ret = run(show, [object, page, 0, 0]) as i64;
                keep_page(id, page, ret);
                ret
            })?;
            outcome(ret).map(|_| None)
        }
        AttrNode::Ktype { ops, object, attr } => {
            let show = word(ops);
            if show == 0 { Err(Errno::EIO) } else { page_read(id, [show, object, attr, 0], false) }
        }
        AttrNode::Binary { object, attr } => {
            let read = word(attr + 32);
            if read == 0 {
                return Err(Errno::EIO);
            }
            let file = c_file(id);
            let ret = with_page(None, |page| {
                let ret = call6(read, [file, object, attr, page, 0, PAGE]) as i64;
                enter(|machine, _| {
                    let mut text = vec![0; ret.clamp(0, PAGE as i64) as usize];
                    let _ = machine.arena.read(page, &mut text);
                    machine.kernel.set_snapshot(id, text);
                });
                ret
            })?;
            outcome(ret).map(|_| None)
        }
        AttrNode::Number { addr, size, hex } => {
            let bytes = or_oops(enter(|machine, _| machine.load(addr, size)));
            let value = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            snapshot(
                if hex { format!("0x{value:0width$x}\n", width = size as usize * 2) } else { format!("{value}\n") }
                    .into_bytes(),
            )
        }
        AttrNode::Bool { addr } => {
            let bytes = or_oops(enter(|machine, _| machine.load(addr, 1)));
            snapshot(if bytes[0] != 0 { b"Y\n".to_vec() } else { b"N\n".to_vec() })
        }
        AttrNode::Text { addr } => {
            let mut text = or_oops(enter(|machine, _| {
                let text = machine.get_u64(addr)?;
                if text == 0 { Ok(Vec::new()) } else { machine.text(text) }
            }));
            text.push(b'\n');
            snapshot(text)
        }
        AttrNode::Blob { addr } => {
            let bytes = or_oops(enter(|machine, _| {
                let (data, size) = (machine.get_u64(addr)?, machine.get_u64(addr + 8)?);
                machine.load(data, size)
            }));
            snapshot(bytes)
        }
        AttrNode::Fops { .. } => Err(Errno::EINVAL),
        AttrNode::Control(control) => crate::control::read(control).and_then(snapshot),
    }
}

fn attr_write(attr: AttrNode, bytes: &[u8], pos: u64) -> Result<u64, Errno> {
    let count = bytes.len().min(PAGE as usize - 1) as u64;
    match attr {
        AttrNode::Attribute { object, attr } => {
            let store = word(attr + 24);
            if store == 0 {
                return Err(Errno::EIO);
            }
            outcome(with_page(Some(bytes), |page| run(store, [object, attr, page, count]) as i64)?)
        }
        AttrNode::Short { object, attr } => {
            let store = word(attr + 24);
            if store == 0 {
                return Err(Errno::EIO);
            }
            outcome(with_page(Some(bytes), |page| run(store, [object, page, count, 0]) as i64)?)
        }
        AttrNode::Ktype { ops, object, attr } => {
            let store = word(ops + 8);
            if store == 0 {
                return Err(Errno::EIO);
            }
            outcome(with_page(Some(bytes), |page| run(store, [object, attr, page, count]) as i64)?)
        }
        AttrNode::Binary { object, attr } => {
            let write = word(attr + 40);
            if write == 0 {
                return Err(Errno::EIO);
            }
            outcome(with_page(Some(bytes), |page| call6(write, [0, object, attr, page, pos, count]) as i64)?)
        }
        AttrNode::Number { addr, size, .. } => {
            let (value, _) = kloom_lib::kstrtox::simple_strtoull(bytes.trim_ascii(), 0);
            kloom_lib::kstrtox::kstrtoull(bytes.trim_ascii(), 0).map_err(|error| Errno(error.errno().abs()))?;
            or_oops(enter(|machine, _| machine.store(addr, &value.to_le_bytes()[..size as usize])));
            Ok(bytes.len() as u64)
        }
        AttrNode::Bool { addr } => {
            // What is no truth value changes nothing and is no error (debugfs_write_file_bool()).
            if let Ok(value) = kloom_lib::kstrtox::kstrtobool(bytes) {
                or_oops(enter(|machine, _| machine.store(addr, &[u8::from(value)])));
            }
            Ok(bytes.len() as u64)
        }
        AttrNode::Control(control) => crate::control::write(control, bytes).map(|()| bytes.len() as u64),
        AttrNode::Text { .. } | AttrNode::Blob { .. } | AttrNode::Fops { .. } => Err(Errno::EINVAL),
    }
}

/// `llseek()`.
///
/// # Errors
/// What the module returns.
pub fn llseek(id: FileId, node: &ModuleNode, offset: i64, whence: u32) -> Result<u64, Errno> {
    let addr = c_file(id);
    let table = table(addr, node);
    let op = match table {
        Table::Seq => seq_file::seq_lseek as *const () as u64,
        Table::Old(_) => 0,
        _ => operation(table, proc_ops::LSEEK, fops::LLSEEK),
    };
    let seekable = enter(|machine, _| machine.peek_u32(addr + file::MODE)) & fmode::LSEEK != 0;
    // Files of /proc of the years before 5.6 had a default of their own.
    let default = matches!((table, node), (Table::Fops(_) | Table::Old(_), ModuleNode::Proc { .. }));
    if !seekable || (op == 0 && !default) {
        return Err(Errno::ESPIPE);
    }
    if op == 0 {
        let pos = enter(|machine, _| machine.kernel.default_llseek(id, offset, whence, Some(0)))?;
        enter(|machine, _| machine.poke_u64(addr + file::POS, pos));
        return Ok(pos);
    }
    let ret = run(op, [addr, offset as u64, u64::from(whence), 0]) as i64;
    returned();
    enter(|machine, _| machine.sync_pos(id, addr));
    outcome(ret)
}

/// `unlocked_ioctl()`; its return value and the argument buffer afterwards.
///
/// # Errors
/// What the module returns.
pub fn ioctl(id: FileId, fd: i32, node: &ModuleNode, cmd: u64, mut arg: Vec<u8>) -> Result<(i64, Vec<u8>), Errno> {
    const ENOIOCTLCMD: i64 = 515;
    let addr = c_file(id);
    let table = table(addr, node);
    if cmd == FIOASYNC {
        let on = arg.iter().take(4).any(|&byte| byte != 0);
        return set_async(id, fd, addr, table, on).map(|()| (0, arg));
    }
    let op = operation(table, proc_ops::IOCTL, fops::UNLOCKED_IOCTL);
    let old = match table {
        Table::Fops(ops) if op == 0 => word(ops + fops::IOCTL),
        _ => 0,
    };
    if op == 0 && old == 0 {
        return Err(Errno::ENOTTY);
    }
    let count = arg.len() as u64;
    let buffer = if arg.is_empty() { 0 } else { user_with(Some(&arg), count).ok_or(Errno::ENOMEM)? };
    let cmd = cmd & 0xffff_ffff;
    let ret = if op != 0 {
        run(op, [addr, cmd, buffer, 0]) as i64
    } else {
        enter(|machine, _| machine.note_removed_in_file("file_operations.ioctl", ".unlocked_ioctl", old));
        i64::from(run(old, [inode_of(addr), addr, cmd, buffer]) as i32)
    };
    returned();
    if buffer != 0 {
        enter(|machine, _| {
            let _ = machine.arena.read_user(buffer, &mut arg);
            machine.free_user_buffer(buffer, count);
        });
    }
    if ret == -ENOIOCTLCMD {
        return Err(Errno::ENOTTY);
    }
    outcome(ret).map(|ret| (ret as i64, arg))
}

/// `ioctl(FIOASYNC)`, which the kernel answers itself.
const FIOASYNC: u64 = 0x5452;
/// `O_ASYNC` in a file's flags.
const FASYNC: u32 = 0o20_000;

/// Sets or takes `O_ASYNC` (fs/ioctl.c, `ioctl_fioasync()`): the driver is told, and the caller gets SIGIO from now on, as
/// after `fcntl(F_SETOWN)`.
fn set_async(id: FileId, fd: i32, addr: u64, table: Table, on: bool) -> Result<(), Errno> {
    if on == (enter(|machine, _| machine.peek_u32(addr + file::FLAGS)) & FASYNC != 0) {
        return Ok(());
    }
    let op = match table {
        Table::Fops(ops) => word(ops + fops::FASYNC),
        _ => 0,
    };
    if op == 0 {
        return Err(Errno::ENOTTY);
    }
    enter(|machine, current| {
        if on {
            machine.files.sigio.insert(id, current);
        } else {
            machine.files.sigio.remove(&id);
        }
    });
    let ret = i64::from(run(op, [fd as u64, addr, u64::from(on), 0]) as i32);
    returned();
    outcome(ret).map(|_| ())
}

/// Bits that are always reported (`EPOLLERR`, `EPOLLHUP`).
const ALWAYS: u16 = flags::POLLERR | flags::POLLHUP;

/// `poll()`: the descriptors that are ready; empty when the time is over.
///
/// # Errors
/// `EINTR` on a signal.
pub fn poll(fds: &[PollFd], timeout_ns: Option<u64>) -> Result<Vec<PollFd>, Errno> {
    let mut progress = Progress::default();
    let mut ready = Vec::new();
    let mut first = timeout_ns != Some(0);
    loop {
        for fd in fds {
            let mask = match enter(|machine, current| machine.kernel.poll_mask(current, fd.fd)) {
                PollMask::Ready(mask) => mask,
                PollMask::Module { file, node } => {
                    let mask = module_poll(file, &node, fd.events | ALWAYS, first && ready.is_empty());
                    enter(|machine, _| machine.kernel.module_call_done(file));
                    mask
                }
            };
            let mask = mask & (fd.events | ALWAYS | flags::POLLNVAL);
            if mask != 0 {
                ready.push(PollFd { fd: fd.fd, events: mask });
            }
        }
        first = false;
        if !ready.is_empty() || timeout_ns == Some(0) {
            break;
        }
        let slept = blocking(|machine, current, _| {
            if machine.take_triggered(current) {
                return Ok(Op::Done(Ok(false)));
            }
            Ok(match machine.kernel.poll_sleep(current, fds, timeout_ns, &mut progress) {
                Ok(Op::Done(over)) => Op::Done(Ok(over)),
                Ok(Op::Block) => Op::Block,
                Ok(Op::Spin) => Op::Spin,
                Err(errno) => Op::Done(Err(errno)),
            })
        });
        match slept.unwrap_or(Err(Errno::EINTR)) {
            Ok(false) => {}
            Ok(true) => break,
            Err(errno) => {
                enter(|machine, current| machine.leave_polls(current));
                return Err(errno);
            }
        }
    }
    enter(|machine, current| machine.leave_polls(current));
    Ok(ready)
}

/// Calls a module's `poll()`, which names its wait queues if `queue`.
fn module_poll(id: FileId, node: &ModuleNode, events: u16, queue: bool) -> u16 {
    let addr = c_file(id);
    let op = operation(table(addr, node), proc_ops::POLL, fops::POLL);
    if op == 0 {
        // DEFAULT_POLLMASK
        return flags::POLLIN | flags::POLLOUT | 0x40 | 0x100;
    }
    // struct poll_table_struct: the function that queues (never called by address), the events asked for.
    let poll_table = Cell::new([u64::from(queue), u64::from(events)]);
    let mask = run(op, [addr, poll_table.as_ptr() as u64, 0, 0]) as u32;
    returned();
    mask as u16
}

/// `pollwake()`: an entry's wake-up function.
extern "C" fn poll_wake(entry: u64, _mode: u64, _flags: u64, key: u64) -> u64 {
    enter(|machine, _| {
        let Some(poll) = machine.files.polls.get_mut(&entry) else { return 0 };
        if key != 0 && key as u32 & poll.events == 0 {
            return 0;
        }
        poll.triggered = true;
        let task = poll.task;
        u64::from(machine.kernel.try_to_wake_up(task, TASK_NORMAL))
    })
}

impl Machine {
    /// `poll_wait()`: the poll in progress waits on the queue at `queue`, too.
    pub(crate) fn poll_wait(&mut self, queue: u64, poll_table: u64) -> Result<(), Fault> {
        if poll_table == 0 || queue == 0 || self.get_u64(poll_table)? == 0 {
            return Ok(());
        }
        let events = self.get_u32(poll_table + 8)?;
        let handle = self.handle(queue, Magic::WaitQueueHead, "poll_wait", |machine, name| {
            machine.kernel.waits.register(queue, name)
        })?;
        let Some(addr) = self.kernel_block(48, POLL_KIND) else { return Ok(()) };
        let task = self.kernel.current();
        self.files.polls.insert(addr, PollEntry { task, queue: handle, events, triggered: false });
        let entry = WaitEntry {
            addr,
            task: Some(task),
            flags: 0,
            func: WakeFunc::Other(poll_wake as *const () as u64),
            queued: self.kernel.event_here(),
        };
        self.kernel.add_wait_entry(handle, entry);
        Ok(())
    }

    /// Whether a queue of the task's poll was woken since the last look.
    fn take_triggered(&mut self, task: TaskId) -> bool {
        let mut any = false;
        for poll in self.files.polls.values_mut().filter(|poll| poll.task == task) {
            any |= std::mem::take(&mut poll.triggered);
        }
        any
    }

    fn leave_polls(&mut self, task: TaskId) {
        let mine: Vec<(u64, u32)> = self
            .files
            .polls
            .iter()
            .filter(|(_, poll)| poll.task == task)
            .map(|(&addr, poll)| (addr, poll.queue))
            .collect();
        for (addr, queue) in mine {
            self.files.polls.remove(&addr);
            self.kernel.remove_wait_entry(queue, addr);
            self.kernel_free(addr);
        }
    }
}

/// `release()`.
pub fn release(id: FileId, node: &ModuleNode) {
    let addr = c_file(id);
    if addr == 0 {
        return;
    }
    match *node {
        ModuleNode::Proc { entry, kind: ProcOpsKind::SeqOperations, .. } => {
            let state_size = enter(|machine, _| machine.files.pdes.get(&entry).map_or(0, |pde| pde.state_size));
            if state_size == 0 {
                seq_file::seq_release(0, addr);
            } else {
                seq_file::seq_release_private(0, addr);
            }
        }
        ModuleNode::Proc { kind: ProcOpsKind::SeqShow, .. } => {
            seq_file::single_release(0, addr);
        }
        _ => {
            let table = table(addr, node);
            if let (Table::Fops(ops), ModuleNode::CharDev { .. }) = (table, node) {
                let flush = word(ops + fops::FLUSH);
                if flush != 0 {
                    run(flush, [addr, 0, 0, 0]);
                }
                // __fput(): whoever still wants signals does not any more.
                let fasync = word(ops + fops::FASYNC);
                if fasync != 0 && enter(|machine, _| machine.peek_u32(addr + file::FLAGS)) & FASYNC != 0 {
                    run(fasync, [u64::MAX, addr, 0, 0]);
                }
            }
            let release = operation(table, proc_ops::RELEASE, fops::RELEASE);
            if release != 0 {
                run(release, [inode_of(addr), addr, 0, 0]);
            }
        }
    }
    returned();
    enter(|machine, _| machine.free_file(id));
}
