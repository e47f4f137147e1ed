//! Open files and descriptors: open, read, write, lseek, ioctl, poll, close.
//!
//! Behaviour follows Linux 6.1 fs/open.c, fs/read_write.c, fs/file.c, fs/seq_file.c. Files that the kernel generates
//! are a snapshot taken at the first read and again after seeking to the start.

use kloom_abi::Errno;

use super::devfs::Builtin;
use super::flags::{
    O_ACCMODE, O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY, POLLIN,
    POLLNVAL, POLLOUT, SEEK_CUR, SEEK_END, SEEK_SET,
};
use super::kernfs::{Attr, KernId, KernKind, SYSCTL};
use super::path::{Last, Place, Target};
use super::procfs::proc_tree::EntryKind;
use super::tmpfs::InodeKind;
use super::{FileId, FileKind, ModuleNode, Node};
use crate::Kernel;
use crate::event::Event;
use crate::ops::{Op, Progress};
use crate::printk::Level;
use crate::sched::sleep::CLASS_HRTIMER;
use crate::site::RawEvent;
use crate::task::{BlockedOn, TaskId};

/// Descriptors a task may have (`RLIMIT_NOFILE`).
const MAX_FDS: i32 = 1024;
/// Longest write to a file that the kernel parses itself.
const PAGE_SIZE: usize = 4096;

/// An open file.
#[derive(Clone, Debug)]
pub struct OpenFile {
    /// What was opened.
    pub node: Node,
    /// Canonical path, as /proc/PID/fd shows it.
    pub path: String,
    /// Open flags.
    pub flags: u32,
    /// Position.
    pub pos: u64,
    /// Descriptors that name it.
    pub refs: u32,
    /// Text of a generated file.
    pub snapshot: Option<Vec<u8>>,
    /// The pipe behind it.
    pub pipe: Option<u32>,
    /// The module code behind it.
    pub module: Option<ModuleNode>,
    /// Modules that cannot go while it is open, by the address of their `struct module`.
    pub modules: Vec<u64>,
    /// Address of the `struct file` that the session made for the module; 0 before.
    pub c_file: u64,
    /// `release()` is not to be called any more.
    pub released: bool,
    /// The module's `open()` has succeeded.
    pub opened: bool,
    /// Who opened it.
    pub opened_at: RawEvent,
}

impl OpenFile {
    fn reads(&self) -> bool {
        self.flags & O_ACCMODE != O_WRONLY
    }

    fn writes(&self) -> bool {
        matches!(self.flags & O_ACCMODE, O_WRONLY | O_RDWR)
    }

    fn nonblock(&self) -> bool {
        self.flags & O_NONBLOCK != 0
    }
}

/// How an `open()` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenPlan {
    /// It is open under this descriptor.
    Done(i32),
    /// Call the module's `open()`, then [`Kernel::sys_open_finish`].
    Module {
        /// The new file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
    },
}

/// How a `read()` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadPlan {
    /// These bytes; none at the end.
    Data(Vec<u8>),
    /// Call the module's `read()`, set the file's position, then [`Kernel::module_call_done`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
        /// The position.
        pos: u64,
        /// Bytes wanted.
        max: usize,
    },
}

/// How a `write()` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WritePlan {
    /// So many bytes were written.
    Done(usize),
    /// Call the module's `write()`, set the file's position, then [`Kernel::module_call_done`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
        /// The position.
        pos: u64,
    },
}

/// How an `lseek()` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeekPlan {
    /// The new position.
    Done(u64),
    /// Call the module's `llseek()` (or [`Kernel::default_llseek`] without one), then [`Kernel::module_call_done`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
    },
}

/// How an `ioctl()` goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoctlPlan {
    /// The return value and the argument buffer afterwards.
    Done(i64, Vec<u8>),
    /// Call the module's `unlocked_ioctl()`, then [`Kernel::module_call_done`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
    },
}

/// What `poll()` says of one descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollMask {
    /// These events are there.
    Ready(u16),
    /// Call the module's `poll()`, then [`Kernel::module_call_done`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
    },
}

/// How a `close()` goes on.
#[must_use = "a module's release() has to be called"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClosePlan {
    /// Nothing is left to do.
    Done,
    /// The last descriptor is gone: call the module's `release()`, then [`Kernel::file_released`].
    Module {
        /// The file.
        file: FileId,
        /// Whose it is.
        node: ModuleNode,
    },
}

/// One descriptor of a poll call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// The descriptor.
    pub fd: i32,
    /// What is asked for.
    pub events: u16,
}

impl Kernel {
    /// The file behind a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn file_of(&self, caller: TaskId, fd: i32) -> Result<FileId, Errno> {
        let user = self.tasks.get(caller).and_then(|task| task.user()).ok_or(Errno::EBADF)?;
        user.fds.get(&fd).map(|&id| FileId(id)).ok_or(Errno::EBADF)
    }

    /// An open file.
    pub fn file(&self, id: FileId) -> Option<&OpenFile> {
        self.vfs.files.get(&id.0)
    }

    /// An open file.
    pub fn file_mut(&mut self, id: FileId) -> Option<&mut OpenFile> {
        self.vfs.files.get_mut(&id.0)
    }

    fn open_file(&self, id: FileId) -> Result<&OpenFile, Errno> {
        self.vfs.files.get(&id.0).ok_or(Errno::EBADF)
    }

    fn free_fd(&self, caller: TaskId, min: i32) -> Result<i32, Errno> {
        let user = self.tasks.get(caller).and_then(|task| task.user()).ok_or(Errno::EBADF)?;
        let mut fd = min;
        for &used in user.fds.range(min..).map(|(fd, _)| fd) {
            if used != fd {
                break;
            }
            fd += 1;
        }
        if fd >= MAX_FDS { Err(Errno::EMFILE) } else { Ok(fd) }
    }

    fn install(&mut self, caller: TaskId, fd: i32, file: FileId) {
        if let Some(user) = self.tasks[caller].user_mut() {
            user.fds.insert(fd, file.0);
        }
    }

    /// Opens a file, and makes it if that is asked for. Polled: a fifo waits for its other side.
    ///
    /// # Errors
    /// Those of the path; `EEXIST`, `EISDIR`, `ENXIO`, `EMFILE`, `EINTR`, … as Linux.
    pub fn sys_open(
        &mut self,
        caller: TaskId,
        path: &str,
        flags: u32,
        mode: u32,
        p: &mut Progress,
    ) -> Result<Op<OpenPlan>, Errno> {
        let fd = self.free_fd(caller, 0)?;
        let id = if p.note == 0 { self.open_path(caller, path, flags, mode)? } else { FileId(p.note as u32) };
        let file = self.open_file(id)?;
        if let Some(node) = file.module {
            return Ok(Op::Done(OpenPlan::Module { file: id, node }));
        }
        let (reads, writes) = (file.reads(), file.writes());
        if let Some(pipe) = file.pipe
            && reads != writes
            && (p.note != 0 || flags & O_NONBLOCK == 0)
        {
            p.note = u64::from(id.0);
            match self.fifo_wait_peer(caller, pipe, reads, p) {
                Ok(Op::Done(())) => {}
                Ok(_) => return Ok(Op::Block),
                Err(errno) => {
                    self.drop_file(id);
                    return Err(errno);
                }
            }
        }
        self.install(caller, fd, id);
        Ok(Op::Done(OpenPlan::Done(fd)))
    }

    /// The module's `open()` has returned `ret`: the descriptor, or the error and the file is gone.
    ///
    /// # Errors
    /// The one the module gave.
    pub fn sys_open_finish(&mut self, caller: TaskId, file: FileId, ret: i64) -> Result<i32, Errno> {
        self.module_call_done(file);
        let fd = if ret < 0 { Err(Errno(-ret as i32)) } else { self.free_fd(caller, 0) };
        match fd {
            Ok(fd) => {
                if let Some(file) = self.file_mut(file) {
                    file.opened = true;
                }
                self.install(caller, fd, file);
                Ok(fd)
            }
            Err(errno) => {
                self.drop_file(file);
                Err(errno)
            }
        }
    }

    /// Opens a file without a descriptor; the reference is the caller's.
    ///
    /// # Errors
    /// As [`Kernel::sys_open`].
    pub fn open_path(&mut self, caller: TaskId, path: &str, flags: u32, mode: u32) -> Result<FileId, Errno> {
        let place = self.open_place(caller, path, flags, mode)?;
        self.open_node(place.node(), place.path(), flags)
    }

    /// The place that an open names, after making a file there if need be.
    fn open_place(&mut self, caller: TaskId, path: &str, flags: u32, mode: u32) -> Result<Place, Errno> {
        if flags & O_CREAT == 0 {
            let place = self.walk(caller, path, flags & O_NOFOLLOW == 0)?;
            return if self.node_kind(place.node()) == FileKind::Link { Err(Errno::ELOOP) } else { Ok(place) };
        }
        let (mut dir, mut last, mut slash) = self.walk_parent(caller, path)?;
        let mut depth = 0;
        loop {
            let name = match last {
                Last::Name(name) if !slash => name,
                // A directory can be neither made nor written to by open().
                _ => return Err(Errno::EISDIR),
            };
            match self.lookup(dir.node(), &name, caller) {
                Ok(node) => {
                    if flags & O_EXCL != 0 {
                        return Err(Errno::EEXIST);
                    }
                    if self.node_kind(node) == FileKind::Link {
                        depth += 1;
                        if flags & O_NOFOLLOW != 0 || depth > 40 {
                            return Err(Errno::ELOOP);
                        }
                        match self.link_target(node, caller)? {
                            Target::Path(target) => {
                                (dir, last, slash) = self.walk_parent_from(dir, caller, &target, &mut depth)?
                            }
                            Target::Jump(..) => {
                                return self.walk_from(dir, caller, &name, true, &mut depth);
                            }
                        }
                        continue;
                    }
                }
                Err(Errno::ENOENT) => {
                    let umask = self.tasks.get(caller).and_then(|task| task.user()).map_or(0, |user| user.umask);
                    let now_ns = self.wall_ns();
                    match dir.node() {
                        Node::Tmp(parent) => {
                            if self.vfs.tmp.get(parent).is_none_or(|inode| inode.nlink == 0) {
                                return Err(Errno::ENOENT);
                            }
                            let ino =
                                self.vfs.tmp.make(InodeKind::File(Default::default()), mode & 0o7777 & !umask, now_ns);
                            self.vfs.tmp.link(parent, &name, ino);
                            self.touch(parent);
                        }
                        Node::Kern(id) if self.vfs.kern.root_of(id) != SYSCTL => {
                            return Err(Errno::EACCES);
                        }
                        _ => return Err(Errno::ENOENT),
                    }
                }
                Err(errno) => return Err(errno),
            }
            let mut depth = 0;
            return self.walk_from(dir, caller, &name, true, &mut depth);
        }
    }

    /// Opens what is there.
    fn open_node(&mut self, node: Node, path: String, flags: u32) -> Result<FileId, Errno> {
        let kind = self.node_kind(node);
        let reads = flags & O_ACCMODE != O_WRONLY;
        let writes = matches!(flags & O_ACCMODE, O_WRONLY | O_RDWR);
        if kind == FileKind::Dir && (writes || flags & (O_CREAT | O_TRUNC) != 0) {
            return Err(Errno::EISDIR);
        }
        if kind != FileKind::Dir && flags & O_DIRECTORY != 0 {
            return Err(Errno::ENOTDIR);
        }
        let (mut module, mut modules, mut pipe) = (None, Vec::new(), None);
        match node {
            Node::Tmp(ino) => match self.vfs.tmp.get(ino).map(|inode| &inode.kind) {
                Some(&InodeKind::Chr(dev)) if Builtin::of(dev).is_none() => {
                    let (node, held) = self.open_chrdev(dev)?;
                    module = Some(node);
                    modules = held;
                }
                Some(InodeKind::Blk(_)) => return Err(Errno::ENXIO),
                Some(&InodeKind::Fifo(id)) => {
                    let known = id.filter(|&id| self.vfs.pipes.get(id).is_some());
                    let no_reader = known.and_then(|id| self.vfs.pipes.get(id)).is_none_or(|pipe| pipe.readers == 0);
                    if writes && !reads && flags & O_NONBLOCK != 0 && no_reader {
                        return Err(Errno::ENXIO);
                    }
                    let id = known.unwrap_or_else(|| self.vfs.pipes.make(Some(ino)));
                    if let Some(inode) = self.vfs.tmp.get_mut(ino) {
                        inode.kind = InodeKind::Fifo(Some(id));
                    }
                    pipe = Some(id);
                }
                Some(InodeKind::File(_)) if flags & O_TRUNC != 0 && writes => {
                    let now_ns = self.wall_ns();
                    self.vfs.tmp.truncate(ino, now_ns);
                }
                _ => {}
            },
            Node::Proc(id) => module = self.vfs.proc.module_node(id),
            Node::Kern(id) if kind == FileKind::File => {
                let Some(node) = self.vfs.kern.get(id) else {
                    return Err(Errno::ENOENT);
                };
                if (writes && node.mode & 0o222 == 0) || (reads && node.mode & 0o444 == 0) {
                    return Err(Errno::EACCES);
                }
                if let KernKind::File(Attr::Ops { ops, object, data }) = node.kind {
                    module = Some(ModuleNode::Attr { node: id, ops, object, data });
                }
            }
            Node::Pipe(id) => {
                // A pipe whose ends are all closed cannot be had back through /proc.
                self.vfs.pipes.get(id).ok_or(Errno::ENOENT)?;
                pipe = Some(id);
            }
            Node::Kern(_) | Node::Pid(_) => {}
        }
        let id = self.add_file(node, path, flags, pipe);
        if let Some(file) = self.file_mut(id) {
            file.module = module;
            file.modules = modules;
        }
        if module.is_some()
            && let Err(errno) = self.module_call_begin(id, Errno::ENOENT)
        {
            self.drop_file(id);
            return Err(errno);
        }
        Ok(id)
    }

    fn add_file(&mut self, node: Node, path: String, flags: u32, pipe: Option<u32>) -> FileId {
        let id = self.vfs.next_file_id();
        let opened_at = self.event_here();
        let file = OpenFile {
            opened_at,
            node,
            path,
            flags: flags & !(O_CREAT | O_EXCL | O_TRUNC),
            pos: 0,
            refs: 1,
            snapshot: None,
            pipe,
            module: None,
            modules: Vec::new(),
            c_file: 0,
            released: false,
            opened: false,
        };
        let (reads, writes) = (file.reads(), file.writes());
        self.vfs.files.insert(id.0, file);
        if let Node::Tmp(ino) = node
            && let Some(inode) = self.vfs.tmp.get_mut(ino)
        {
            inode.opens += 1;
        }
        if let Some(pipe) = pipe {
            self.pipe_opened(pipe, reads, writes);
        }
        id
    }

    /// Frees an open file whose `release()` was called or is not to be.
    fn drop_file(&mut self, id: FileId) {
        let Some(file) = self.vfs.files.remove(&id.0) else {
            return;
        };
        for &module in &file.modules {
            self.module_put(module);
        }
        if let Some(pipe) = file.pipe {
            self.pipe_closed(pipe, file.reads(), file.writes());
        }
        if let Node::Tmp(ino) = file.node
            && let Some(inode) = self.vfs.tmp.get_mut(ino)
        {
            inode.opens -= 1;
            self.vfs.tmp.free_if_unused(ino);
        }
    }

    /// Begins a call of module code on a file; refused with `gone` when what the file was opened from is removed.
    pub(crate) fn module_call_begin(&mut self, id: FileId, gone: Errno) -> Result<(), Errno> {
        let module = self.open_file(id)?.module;
        match module {
            Some(ModuleNode::Proc { entry, .. }) if !self.vfs.proc.enter(entry) => {
                return Err(gone);
            }
            Some(ModuleNode::Attr { node, .. }) if self.vfs.kern.get(node).is_none() => {
                return Err(Errno::ENODEV);
            }
            _ => {}
        }
        Ok(())
    }

    /// A call of module code on a file has returned.
    pub fn module_call_done(&mut self, id: FileId) {
        if let Some(ModuleNode::Proc { entry, .. }) = self.file(id).and_then(|file| file.module) {
            self.proc_leave(entry);
        }
    }

    /// Keeps the text that an attribute's `show()` gave; the next poll of the read takes from it.
    pub fn set_snapshot(&mut self, id: FileId, text: Vec<u8>) {
        self.module_call_done(id);
        if let Some(file) = self.file_mut(id) {
            file.snapshot = Some(text);
        }
    }

    /// Reads at most `max` bytes. Polled.
    ///
    /// # Errors
    /// `EBADF`, `EISDIR`, `EAGAIN`, `EINTR`, `EIO`, … as Linux.
    pub fn sys_read(&mut self, caller: TaskId, fd: i32, max: usize, p: &mut Progress) -> Result<Op<ReadPlan>, Errno> {
        let file = self.file_of(caller, fd)?;
        self.file_read(caller, file, max, p)
    }

    /// [`Kernel::sys_read`] of a file. Polled.
    ///
    /// # Errors
    /// As there.
    pub fn file_read(
        &mut self,
        caller: TaskId,
        id: FileId,
        max: usize,
        _: &mut Progress,
    ) -> Result<Op<ReadPlan>, Errno> {
        let file = self.open_file(id)?;
        if !file.reads() {
            return Err(Errno::EBADF);
        }
        let (node, pos, nonblock, pipe, module) = (file.node, file.pos, file.nonblock(), file.pipe, file.module);
        let has_snapshot = file.snapshot.is_some();
        if let Some(pipe) = pipe {
            return Ok(map_op(self.pipe_read(caller, pipe, max, nonblock)?, ReadPlan::Data));
        }
        if let Some(node) = module
            && !(matches!(node, ModuleNode::Attr { .. }) && has_snapshot)
        {
            self.module_call_begin(id, Errno::EIO)?;
            return Ok(Op::Done(ReadPlan::Module { file: id, node, pos, max }));
        }
        if self.is_dir(node) {
            return Err(Errno::EISDIR);
        }
        if let Node::Tmp(ino) = node {
            let bytes = match self.vfs.tmp.get(ino).map(|inode| &inode.kind) {
                Some(InodeKind::File(content)) => slice(content, pos, max),
                Some(&InodeKind::Chr(dev)) => {
                    return self.device_read(caller, id, Builtin::of(dev), max, nonblock);
                }
                _ => return Err(Errno::EINVAL),
            };
            return Ok(Op::Done(self.advance(id, bytes)));
        }
        if !has_snapshot {
            let text = self.generate(node, caller)?;
            if let Some(file) = self.file_mut(id) {
                file.snapshot = Some(text);
            }
        }
        let bytes = self.open_file(id)?.snapshot.as_deref().map_or(Vec::new(), |text| slice(text, pos, max));
        Ok(Op::Done(self.advance(id, bytes)))
    }

    fn advance(&mut self, id: FileId, bytes: Vec<u8>) -> ReadPlan {
        if let Some(file) = self.file_mut(id) {
            file.pos += bytes.len() as u64;
        }
        ReadPlan::Data(bytes)
    }

    /// The text of a file that the kernel generates.
    fn generate(&mut self, node: Node, caller: TaskId) -> Result<Vec<u8>, Errno> {
        match node {
            Node::Proc(id) => match self.vfs.proc.get(id).map(|entry| &entry.kind) {
                Some(&EntryKind::Kernel(file)) => Ok(self.kernel_file(file).into_bytes()),
                _ => Err(Errno::EIO),
            },
            Node::Pid(node) => self.pid_file(node, caller),
            Node::Kern(id) => self.kern_text(id)?.ok_or(Errno::EIO),
            Node::Tmp(_) | Node::Pipe(_) => Err(Errno::EINVAL),
        }
    }

    fn device_read(
        &mut self,
        caller: TaskId,
        id: FileId,
        device: Option<Builtin>,
        max: usize,
        nonblock: bool,
    ) -> Result<Op<ReadPlan>, Errno> {
        // A read of endless devices gives what one syscall may (MAX_RW_COUNT would be 2 GiB).
        let most = max.min(16 << 20);
        let bytes = match device {
            Some(Builtin::Null) => Vec::new(),
            Some(Builtin::Zero | Builtin::Full) => vec![0; most],
            Some(Builtin::Random) => self.vfs.random_bytes(most),
            Some(Builtin::Console) => {
                return Ok(map_op(self.tty_read(caller, max, nonblock)?, ReadPlan::Data));
            }
            Some(Builtin::Kmsg) => return self.kmsg_read(caller, id, max, nonblock),
            None => return Err(Errno::ENXIO),
        };
        Ok(Op::Done(ReadPlan::Data(bytes)))
    }

    /// One record of the log: `level,sequence,microseconds,-;text`.
    fn kmsg_read(&mut self, caller: TaskId, id: FileId, max: usize, nonblock: bool) -> Result<Op<ReadPlan>, Errno> {
        let pos = self.open_file(id)?.pos;
        if let Some(record) = self.vfs_record(pos) {
            let (text, next) = record;
            if text.len() > max {
                return Err(Errno::EINVAL);
            }
            if let Some(file) = self.file_mut(id) {
                file.pos = next;
            }
            self.wait_over(caller);
            return Ok(Op::Done(ReadPlan::Data(text)));
        }
        if nonblock {
            return Err(Errno::EAGAIN);
        }
        if self.signal_pending(caller) {
            self.wait_over(caller);
            return Err(Errno::EINTR);
        }
        if !self.vfs.kmsg_waiters.contains(&caller) {
            self.vfs.kmsg_waiters.push(caller);
        }
        self.wait_begins(caller, BlockedOn::Other("devkmsg_read"));
        Ok(Op::Block)
    }

    fn vfs_record(&self, from: u64) -> Option<(Vec<u8>, u64)> {
        let record = self.printk.records.iter().find(|record| record.seq >= from)?;
        let mut text = format!("{},{},{},-;", record.level as u8, record.seq, record.time_ns / 1000).into_bytes();
        for &byte in &record.text {
            match byte {
                b'\n' | 0x20..0x7f if byte != b'\\' => text.push(byte),
                _ => text.extend(format!("\\x{byte:02x}").bytes()),
            }
        }
        text.push(b'\n');
        Some((text, record.seq + 1))
    }

    /// Wakes readers of /dev/kmsg; to be called when a message was printed.
    pub fn wake_kmsg(&mut self) {
        for waiter in std::mem::take(&mut self.vfs.kmsg_waiters) {
            self.try_to_wake_up(waiter, kloom_abi::sched::TASK_INTERRUPTIBLE);
        }
    }

    /// Writes. Polled; for pipes `p` remembers how much has gone.
    ///
    /// # Errors
    /// `EBADF`, `EPIPE`, `ENOSPC`, `EIO`, `EINVAL`, … as Linux.
    pub fn sys_write(
        &mut self,
        caller: TaskId,
        fd: i32,
        bytes: &[u8],
        p: &mut Progress,
    ) -> Result<Op<WritePlan>, Errno> {
        let file = self.file_of(caller, fd)?;
        self.file_write(caller, file, bytes, p)
    }

    /// [`Kernel::sys_write`] to a file. Polled.
    ///
    /// # Errors
    /// As there.
    pub fn file_write(
        &mut self,
        caller: TaskId,
        id: FileId,
        bytes: &[u8],
        p: &mut Progress,
    ) -> Result<Op<WritePlan>, Errno> {
        let file = self.open_file(id)?;
        if !file.writes() {
            return Err(Errno::EBADF);
        }
        let (node, mut pos, append) = (file.node, file.pos, file.flags & O_APPEND != 0);
        let (nonblock, pipe, module) = (file.nonblock(), file.pipe, file.module);
        if let Some(pipe) = pipe {
            return Ok(map_op(self.pipe_write(caller, pipe, bytes, nonblock, p)?, WritePlan::Done));
        }
        if let Some(node) = module {
            self.module_call_begin(id, Errno::EIO)?;
            return Ok(Op::Done(WritePlan::Module { file: id, node, pos }));
        }
        let parsed = &bytes[..bytes.len().min(PAGE_SIZE)];
        match node {
            Node::Tmp(ino) => match self.vfs.tmp.get(ino).map(|inode| &inode.kind) {
                Some(InodeKind::File(content)) => {
                    if append {
                        pos = content.len() as u64;
                    }
                    let (limit, now_ns) = (self.config.mem_bytes / 2, self.wall_ns());
                    let count = self.vfs.tmp.write(ino, pos, bytes, limit, now_ns)?;
                    if let Some(file) = self.file_mut(id) {
                        file.pos = pos + count as u64;
                    }
                }
                Some(&InodeKind::Chr(dev)) => match Builtin::of(dev) {
                    Some(Builtin::Null | Builtin::Zero | Builtin::Random) => {}
                    Some(Builtin::Full) => return Err(Errno::ENOSPC),
                    Some(Builtin::Kmsg) => self.kmsg_write(bytes)?,
                    Some(Builtin::Console) => drop(self.tty_write(caller, bytes)),
                    None => return Err(Errno::ENXIO),
                },
                _ => return Err(Errno::EINVAL),
            },
            Node::Proc(_) => return Err(Errno::EIO),
            Node::Pid(node) => self.pid_write(node, parsed, caller)?,
            Node::Kern(kern) => {
                let attr = match self.vfs.kern.get(kern).map(|node| &node.kind) {
                    Some(KernKind::File(Attr::Sysctl(sysctl))) => Some(sysctl.clone()),
                    Some(KernKind::File(Attr::Text(_))) => {
                        self.synth_uevent(kern, parsed)?;
                        None
                    }
                    Some(_) => return Err(Errno::EIO),
                    None => return Err(Errno::ENODEV),
                };
                if let Some(sysctl) = attr {
                    self.sysctl_write(&sysctl, parsed)?;
                }
            }
            Node::Pipe(_) => return Err(Errno::EBADF),
        }
        Ok(Op::Done(WritePlan::Done(bytes.len())))
    }

    /// A line written to the `uevent` file of an object: an action, which nobody here hears of
    /// (kobject_synth_uevent()).
    fn synth_uevent(&mut self, node: KernId, text: &[u8]) -> Result<(), Errno> {
        const ACTIONS: [&str; 8] = ["add", "remove", "change", "move", "online", "offline", "bind", "unbind"];
        let path = self.vfs.kern.path(node);
        let Some(object) = path.strip_suffix("/uevent") else { return Ok(()) };
        let text = String::from_utf8_lossy(text);
        let action = text.split(['\n', ' ']).next().unwrap_or_default();
        if ACTIONS.contains(&action) {
            return Ok(());
        }
        self.printk(Level::Warning, format!("synth uevent: {object}: unknown uevent action string"));
        if let Some((class, name)) = object.strip_prefix("/devices/virtual/").and_then(|rest| rest.split_once('/')) {
            let text = format!("{class} {name}: uevent: failed to send synthetic uevent: -22");
            self.printk(Level::Err, text);
        }
        Err(Errno::EINVAL)
    }

    /// A line that user space puts in the log, with an optional `<level>` in front.
    fn kmsg_write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        if bytes.len() > crate::printk::LINE_MAX {
            return Err(Errno::EINVAL);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut level = None;
        let mut rest = text.as_ref();
        if let Some((number, tail)) = text.strip_prefix('<').and_then(|tail| tail.split_once('>'))
            && let Ok(number) = number.parse::<u32>()
        {
            level = Level::from_digit((number & 7) as u8);
            rest = tail;
        }
        let rest = rest.strip_suffix('\n').unwrap_or(rest);
        self.printk_bytes(level, false, rest.as_bytes(), true);
        self.wake_kmsg();
        Ok(())
    }

    /// Moves the position.
    ///
    /// # Errors
    /// `EBADF`, `ESPIPE`, `EINVAL`.
    pub fn sys_lseek(&mut self, caller: TaskId, fd: i32, offset: i64, whence: u32) -> Result<SeekPlan, Errno> {
        let id = self.file_of(caller, fd)?;
        let file = self.open_file(id)?;
        if let Some(node) = file.module
            && !matches!(node, ModuleNode::Attr { .. })
        {
            self.module_call_begin(id, Errno::EINVAL)?;
            return Ok(SeekPlan::Module { file: id, node });
        }
        if file.pipe.is_some() {
            return Err(Errno::ESPIPE);
        }
        let size = match file.node {
            Node::Tmp(ino) => match self.vfs.tmp.get(ino).map(|inode| &inode.kind) {
                Some(InodeKind::File(content)) => Some(content.len() as u64),
                Some(&InodeKind::Chr(dev)) => {
                    return match Builtin::of(dev) {
                        Some(Builtin::Null | Builtin::Zero | Builtin::Full) => Ok(SeekPlan::Done(0)),
                        Some(Builtin::Kmsg) => self.kmsg_seek(id, whence),
                        _ => Err(Errno::ESPIPE),
                    };
                }
                _ => Some(0),
            },
            // seq_file knows no end.
            _ => None,
        };
        self.default_llseek(id, offset, whence, size).map(SeekPlan::Done)
    }

    fn kmsg_seek(&mut self, id: FileId, whence: u32) -> Result<SeekPlan, Errno> {
        let pos = if whence == SEEK_END { self.printk.next_seq } else { 0 };
        if let Some(file) = self.file_mut(id) {
            file.pos = pos;
        }
        Ok(SeekPlan::Done(0))
    }

    /// What `lseek()` does for a file of `size` bytes (None: it has no end) without a method of its own.
    ///
    /// # Errors
    /// `EINVAL` for an unknown `whence` or a position before the start.
    pub fn default_llseek(&mut self, id: FileId, offset: i64, whence: u32, size: Option<u64>) -> Result<u64, Errno> {
        let file = self.vfs.files.get_mut(&id.0).ok_or(Errno::EBADF)?;
        let base = match (whence, size) {
            (SEEK_SET, _) => 0,
            (SEEK_CUR, _) => file.pos as i64,
            (SEEK_END, Some(size)) => size as i64,
            _ => return Err(Errno::EINVAL),
        };
        let pos = base.checked_add(offset).filter(|&pos| pos >= 0).ok_or(Errno::EINVAL)? as u64;
        if pos == 0 {
            file.snapshot = None;
        }
        file.pos = pos;
        Ok(pos)
    }

    /// Device control. The kernel's own console answers what `isatty()` and window size need.
    ///
    /// # Errors
    /// `EBADF`, `ENOTTY`.
    pub fn sys_ioctl(&mut self, caller: TaskId, fd: i32, cmd: u64, arg: &[u8]) -> Result<IoctlPlan, Errno> {
        let id = self.file_of(caller, fd)?;
        let file = self.open_file(id)?;
        if let Some(node) = file.module
            && !matches!(node, ModuleNode::Attr { .. })
        {
            self.module_call_begin(id, Errno::ENOTTY)?;
            return Ok(IoctlPlan::Module { file: id, node });
        }
        let console = match file.node {
            Node::Tmp(ino) => {
                matches!(self.vfs.tmp.get(ino).map(|inode| &inode.kind), Some(&InodeKind::Chr(dev)) if Builtin::of(dev) == Some(Builtin::Console))
            }
            _ => false,
        };
        let tty = &self.vfs.tty;
        match cmd {
            TCGETS if console && tty.is_terminal => Ok(IoctlPlan::Done(0, arg.to_vec())),
            TIOCGWINSZ if console && tty.is_terminal => {
                let mut size = Vec::new();
                for number in [tty.size.1, tty.size.0, 0, 0] {
                    size.extend_from_slice(&number.to_le_bytes());
                }
                Ok(IoctlPlan::Done(0, size))
            }
            FIONREAD if file.pipe.is_some() => {
                let waiting = file.pipe.and_then(|id| self.vfs.pipes.get(id)).map_or(0, |pipe| pipe.buffered());
                Ok(IoctlPlan::Done(0, (waiting as i32).to_le_bytes().to_vec()))
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    /// What is ready on a descriptor.
    pub fn poll_mask(&mut self, caller: TaskId, fd: i32) -> PollMask {
        let Ok(id) = self.file_of(caller, fd) else {
            return PollMask::Ready(POLLNVAL);
        };
        let Ok(file) = self.open_file(id) else {
            return PollMask::Ready(POLLNVAL);
        };
        if let Some(pipe) = file.pipe {
            return PollMask::Ready(self.pipe_poll(pipe, file.reads(), file.writes()));
        }
        if let Some(node) = file.module
            && !matches!(node, ModuleNode::Attr { .. })
        {
            // A removed entry is always ready, as DEFAULT_POLLMASK says.
            return match self.module_call_begin(id, Errno::EIO) {
                Ok(()) => PollMask::Module { file: id, node },
                Err(_) => PollMask::Ready(POLLIN | POLLOUT),
            };
        }
        if let Node::Tmp(ino) = file.node
            && let Some(&InodeKind::Chr(dev)) = self.vfs.tmp.get(ino).map(|inode| &inode.kind)
        {
            let readable = match Builtin::of(dev) {
                Some(Builtin::Console) => self.vfs.tty.readable(),
                Some(Builtin::Kmsg) => self.printk.next_seq > file.pos,
                _ => true,
            };
            return PollMask::Ready(POLLOUT | if readable { POLLIN } else { 0 });
        }
        PollMask::Ready(POLLIN | POLLOUT)
    }

    /// Sleeps until something may have changed on the descriptors or the time is over. Polled; done with whether the
    /// time is over. Look at the masks again after it, and call it again with the same `p` if none is there.
    ///
    /// # Errors
    /// `EINTR` when a signal came first.
    pub fn poll_sleep(
        &mut self,
        caller: TaskId,
        fds: &[PollFd],
        timeout_ns: Option<u64>,
        p: &mut Progress,
    ) -> Result<Op<bool>, Errno> {
        let now_ns = self.now();
        if p.first() {
            p.until = timeout_ns.map_or(u64::MAX, |timeout_ns| now_ns.saturating_add(timeout_ns));
        }
        self.cancel_timeout(caller);
        let woken = std::mem::take(&mut p.note) == 1;
        let outcome = if now_ns >= p.until {
            Ok(Op::Done(true))
        } else if self.signal_pending(caller) {
            Err(Errno::EINTR)
        } else if woken {
            Ok(Op::Done(false))
        } else {
            for poll in fds {
                let Ok(id) = self.file_of(caller, poll.fd) else {
                    continue;
                };
                let Some(file) = self.file(id) else { continue };
                match (file.pipe, file.node) {
                    (Some(pipe), _) => self.pipe_add_waiter(pipe, caller),
                    (None, Node::Tmp(_)) => {
                        self.vfs.tty.waiters.push(caller);
                        self.vfs.kmsg_waiters.push(caller);
                    }
                    _ => {}
                }
            }
            if p.until != u64::MAX {
                self.tasks[caller].timed_out = false;
                let key = self.events.add(p.until, CLASS_HRTIMER, Event::Timeout(caller));
                self.tasks[caller].timeout = Some(key);
            }
            p.note = 1;
            self.wait_begins(caller, BlockedOn::Other("do_sys_poll"));
            return Ok(Op::Block);
        };
        self.wait_over(caller);
        outcome
    }

    /// Closes a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn sys_close(&mut self, caller: TaskId, fd: i32) -> Result<ClosePlan, Errno> {
        let id = self.file_of(caller, fd)?;
        if let Some(user) = self.tasks[caller].user_mut() {
            user.fds.remove(&fd);
        }
        Ok(self.put_file(id))
    }

    /// Drops a reference to a file (`fput()`).
    pub fn put_file(&mut self, id: FileId) -> ClosePlan {
        let Some(file) = self.file_mut(id) else {
            return ClosePlan::Done;
        };
        file.refs -= 1;
        if file.refs > 0 {
            return ClosePlan::Done;
        }
        if let Some(node) = file.module
            && file.opened
            && !file.released
        {
            file.released = true;
            // The call counts as running, so that removal of the entry waits for it; an entry that is being removed
            // has had its files released by the remover.
            match node {
                ModuleNode::Proc { entry, .. } if !self.vfs.proc.enter(entry) => {}
                _ => return ClosePlan::Module { file: id, node },
            }
        }
        self.drop_file(id);
        ClosePlan::Done
    }

    /// The module's `release()` has returned: the file is gone.
    pub fn file_released(&mut self, id: FileId) {
        if let Some(ModuleNode::Proc { entry, .. }) = self.file(id).and_then(|file| file.module) {
            self.proc_leave(entry);
        }
        if self.file(id).is_some_and(|file| file.refs == 0) {
            self.drop_file(id);
        }
    }

    /// Closes all descriptors of a task that exits; the plans that need module code.
    pub fn close_all(&mut self, task: TaskId) -> Vec<ClosePlan> {
        let Some(user) = self.tasks.get_mut(task).and_then(|task| task.user_mut()) else {
            return Vec::new();
        };
        let fds = std::mem::take(&mut user.fds);
        fds.into_values().map(|id| self.put_file(FileId(id))).filter(|plan| *plan != ClosePlan::Done).collect()
    }

    /// Gives a forked child the descriptors and the working directory of its parent.
    pub fn share_fds(&mut self, parent: TaskId, child: TaskId) {
        let Some(user) = self.tasks[parent].user() else {
            return;
        };
        let (fds, cwd, umask) = (user.fds.clone(), user.cwd.clone(), user.umask);
        for id in fds.values() {
            if let Some(file) = self.vfs.files.get_mut(id) {
                file.refs += 1;
            }
        }
        if let Some(user) = self.tasks[child].user_mut() {
            user.fds = fds;
            user.cwd = cwd;
            user.umask = umask;
        }
    }

    /// Makes `to` name the file of `from`; the plan is for what `to` named before.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn sys_dup2(&mut self, caller: TaskId, from: i32, to: i32) -> Result<(i32, ClosePlan), Errno> {
        let id = self.file_of(caller, from)?;
        if !(0..MAX_FDS).contains(&to) {
            return Err(Errno::EBADF);
        }
        if from == to {
            return Ok((to, ClosePlan::Done));
        }
        let old = self.file_of(caller, to).ok();
        if let Some(file) = self.file_mut(id) {
            file.refs += 1;
        }
        self.install(caller, to, id);
        Ok((to, old.map_or(ClosePlan::Done, |old| self.put_file(old))))
    }

    /// The lowest free descriptor not below `min` names the file of `fd`, too (`F_DUPFD`).
    ///
    /// # Errors
    /// `EBADF`, `EINVAL`, `EMFILE`.
    pub fn sys_dup_min(&mut self, caller: TaskId, fd: i32, min: i32) -> Result<i32, Errno> {
        let id = self.file_of(caller, fd)?;
        if !(0..MAX_FDS).contains(&min) {
            return Err(Errno::EINVAL);
        }
        let new = self.free_fd(caller, min)?;
        if let Some(file) = self.file_mut(id) {
            file.refs += 1;
        }
        self.install(caller, new, id);
        Ok(new)
    }

    /// Makes a pipe: descriptors to read from and to write to.
    ///
    /// # Errors
    /// `EMFILE`.
    pub fn sys_pipe(&mut self, caller: TaskId) -> Result<(i32, i32), Errno> {
        let read_fd = self.free_fd(caller, 0)?;
        let write_fd = self.free_fd(caller, read_fd + 1)?;
        let pipe = self.vfs.pipes.make(None);
        let name = format!("pipe:[{}]", PIPE_INO_BASE + u64::from(pipe));
        let reader = self.add_file(Node::Pipe(pipe), name.clone(), 0, Some(pipe));
        let writer = self.add_file(Node::Pipe(pipe), name, O_WRONLY, Some(pipe));
        self.install(caller, read_fd, reader);
        self.install(caller, write_fd, writer);
        Ok((read_fd, write_fd))
    }

    /// Opens a file and gives its whole text; for tools and tests, no descriptor is used.
    ///
    /// # Errors
    /// As open and read; `EIO` when module code would have to answer or it would block.
    pub fn read_text(&mut self, caller: TaskId, path: &str) -> Result<String, Errno> {
        let id = self.open_path(caller, path, 0, 0)?;
        let mut all = Vec::new();
        let outcome = loop {
            match self.file_read(caller, id, 65536, &mut Progress::default()) {
                Ok(Op::Done(ReadPlan::Data(bytes))) if bytes.is_empty() => break Ok(()),
                Ok(Op::Done(ReadPlan::Data(bytes))) => all.extend(bytes),
                Ok(Op::Done(ReadPlan::Module { file, .. })) => {
                    self.module_call_done(file);
                    break Err(Errno::EIO);
                }
                Ok(_) => break Err(Errno::EIO),
                Err(errno) => break Err(errno),
            }
        };
        if self.file(id).is_some_and(|file| file.module.is_some() && !file.opened) {
            self.module_call_done(id);
        }
        let _ = self.put_file(id);
        outcome.map(|()| String::from_utf8_lossy(&all).into_owned())
    }
}

/// Inode numbers of pipes start here.
pub(crate) const PIPE_INO_BASE: u64 = 10_000;
const TCGETS: u64 = 0x5401;
const TIOCGWINSZ: u64 = 0x5413;
const FIONREAD: u64 = 0x541b;

fn slice(content: &[u8], pos: u64, max: usize) -> Vec<u8> {
    let start = usize::try_from(pos).unwrap_or(usize::MAX).min(content.len());
    let end = start.saturating_add(max).min(content.len());
    content[start..end].to_vec()
}

fn map_op<T, U>(op: Op<T>, done: impl FnOnce(T) -> U) -> Op<U> {
    match op {
        Op::Done(value) => Op::Done(done(value)),
        Op::Block => Op::Block,
        Op::Spin => Op::Spin,
    }
}

#[cfg(test)]
mod tests {
    use super::{ClosePlan, OpenPlan, PollFd, PollMask, ReadPlan, SeekPlan, WritePlan};
    use crate::fs::devfs::CharDev;
    use crate::fs::flags::{
        O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY, POLLHUP, POLLIN, POLLNVAL,
        POLLOUT, SEEK_CUR, SEEK_END, SEEK_SET,
    };
    use crate::fs::testing::{user, with_user};
    use crate::fs::{Dev, FileKind, ModuleNode};
    use crate::module::{Module, ModuleState};
    use crate::ops::{Op, Progress};
    use crate::task::TaskId;
    use crate::{Errno, Kernel};

    fn open(kernel: &mut Kernel, task: TaskId, path: &str, flags: u32) -> Result<i32, Errno> {
        match kernel.sys_open(task, path, flags, 0o666, &mut Progress::default())? {
            Op::Done(OpenPlan::Done(fd)) => Ok(fd),
            other => panic!("{path}: {other:?}"),
        }
    }

    fn read(kernel: &mut Kernel, task: TaskId, fd: i32, max: usize) -> Result<String, Errno> {
        match kernel.sys_read(task, fd, max, &mut Progress::default())? {
            Op::Done(ReadPlan::Data(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            other => panic!("{other:?}"),
        }
    }

    fn write(kernel: &mut Kernel, task: TaskId, fd: i32, text: &str) -> Result<usize, Errno> {
        match kernel.sys_write(task, fd, text.as_bytes(), &mut Progress::default())? {
            Op::Done(WritePlan::Done(count)) => Ok(count),
            other => panic!("{other:?}"),
        }
    }

    /// Expectations are those of a real 6.1 kernel.
    #[test]
    fn open_answers_as_linux_does() {
        let (mut kernel, a) = with_user();
        kernel.sys_mknod(a, "/dev/nodev", FileKind::Chr, 0o600, Dev { major: 299, minor: 0 }).unwrap();
        kernel.sys_symlink(a, "target", "/tmp/link").unwrap();
        let w = O_WRONLY | O_CREAT | O_TRUNC;
        let cases: &[(&str, u32, Result<(), Errno>)] = &[
            ("/proc", w, Err(Errno::EISDIR)),
            ("/proc", 0, Ok(())),
            ("/etc/", w, Err(Errno::EISDIR)),
            ("/", O_CREAT, Err(Errno::EISDIR)),
            ("/tmp/new/", w, Err(Errno::EISDIR)),
            ("/proc/xx", w, Err(Errno::ENOENT)),
            ("/proc/1/xx", w, Err(Errno::ENOENT)),
            ("/sys/kernel/xx", w, Err(Errno::EACCES)),
            ("/proc/sys/kernel/osrelease", w, Err(Errno::EACCES)),
            ("/proc/sys/kernel/xx", w, Err(Errno::ENOENT)),
            ("/proc/version", w, Ok(())),
            ("/dev/nodev", 0, Err(Errno::ENXIO)),
            ("/dev/null/x", w, Err(Errno::ENOTDIR)),
            ("/tmp/link", 0, Err(Errno::ENOENT)),
            ("/tmp/link", w, Ok(())),
            ("/tmp/target", 0, Ok(())),
            ("/tmp/link", w | O_EXCL, Err(Errno::EEXIST)),
            ("/tmp/target", O_DIRECTORY, Err(Errno::ENOTDIR)),
            ("/no/file", w, Err(Errno::ENOENT)),
        ];
        for &(path, flags, expected) in cases {
            let got = open(&mut kernel, a, path, flags).map(|fd| drop(kernel.sys_close(a, fd)));
            assert_eq!(got, expected, "{path} {flags:o}");
        }
        assert_eq!(kernel.sys_stat(a, "/tmp/target", true).unwrap().mode, 0o644, "umask");
        let fd = open(&mut kernel, a, "/proc/version", w).unwrap();
        assert_eq!(write(&mut kernel, a, fd, "x"), Err(Errno::EIO));
        assert_eq!(kernel.sys_read(a, fd, 1, &mut Progress::default()), Err(Errno::EBADF));
        let fd = open(&mut kernel, a, "/proc/1/task", 0).unwrap();
        assert_eq!(kernel.sys_read(a, fd, 1, &mut Progress::default()), Err(Errno::EISDIR));
        for n in 2..1024 {
            assert_eq!(open(&mut kernel, a, "/dev/null", 0), Ok(n));
        }
        assert_eq!(kernel.sys_open(a, "/dev/null", 0, 0, &mut Progress::default()), Err(Errno::EMFILE));
        assert!(kernel.close_all(a).is_empty());
        assert!(kernel.vfs.files.is_empty());
    }

    #[test]
    fn files_keep_what_is_written_and_positions_are_shared() {
        let (mut kernel, a) = with_user();
        let fd = open(&mut kernel, a, "/tmp/f", O_RDWR | O_CREAT).unwrap();
        assert_eq!(write(&mut kernel, a, fd, "hello world"), Ok(11));
        assert_eq!(kernel.sys_lseek(a, fd, -5, SEEK_CUR), Ok(SeekPlan::Done(6)));
        let b = user(&mut kernel, "child");
        kernel.share_fds(a, b);
        assert_eq!(read(&mut kernel, b, fd, 3), Ok("wor".into()));
        assert_eq!(read(&mut kernel, a, fd, 99), Ok("ld".into()));
        assert_eq!(read(&mut kernel, a, fd, 99), Ok(String::new()));
        assert_eq!(kernel.sys_lseek(a, fd, 0, SEEK_END), Ok(SeekPlan::Done(11)));
        assert_eq!(kernel.sys_lseek(a, fd, -12, SEEK_END), Err(Errno::EINVAL));
        assert_eq!(kernel.sys_lseek(a, fd, 13, SEEK_SET), Ok(SeekPlan::Done(13)));
        assert_eq!(write(&mut kernel, a, fd, "!"), Ok(1));
        assert_eq!(kernel.read_text(a, "/tmp/f").unwrap(), "hello world\0\0!");
        let append = open(&mut kernel, a, "/tmp/f", O_WRONLY | O_APPEND).unwrap();
        assert_eq!(write(&mut kernel, a, append, "+"), Ok(1));
        // The file lives while it is open.
        kernel.sys_unlink(a, "/tmp/f").unwrap();
        assert_eq!(kernel.sys_lseek(a, fd, 0, SEEK_SET), Ok(SeekPlan::Done(0)));
        assert_eq!(read(&mut kernel, a, fd, 99), Ok("hello world\0\0!+".into()));
        assert_eq!(kernel.sys_dup2(a, fd, 7), Ok((7, ClosePlan::Done)));
        assert_eq!(kernel.sys_dup_min(a, 7, 5), Ok(5));
        assert_eq!(kernel.sys_dup2(a, 99, 1), Err(Errno::EBADF));
        assert_eq!(kernel.vfs.tmp.bytes, 15);
        assert!(kernel.close_all(a).is_empty());
        assert!(kernel.close_all(b).is_empty());
        assert_eq!(kernel.vfs.tmp.bytes, 0);
        assert!(kernel.vfs.files.is_empty());
    }

    #[test]
    fn tmpfs_is_full_at_half_of_memory() {
        let (mut kernel, a) = with_user();
        kernel.config.mem_bytes = 2000;
        let fd = open(&mut kernel, a, "/tmp/f", O_WRONLY | O_CREAT).unwrap();
        assert_eq!(write(&mut kernel, a, fd, &"x".repeat(1000)), Ok(1000));
        assert_eq!(kernel.sys_write(a, fd, b"y", &mut Progress::default()), Err(Errno::ENOSPC));
        assert_eq!(kernel.sys_lseek(a, fd, i64::MAX, SEEK_SET), Ok(SeekPlan::Done(i64::MAX as u64)));
        assert_eq!(kernel.sys_write(a, fd, b"y", &mut Progress::default()), Err(Errno::ENOSPC));
    }

    #[test]
    fn builtin_devices_do_what_they_are_for() {
        let (mut kernel, a) = with_user();
        let mut get = |path: &str, max| {
            let fd = open(&mut kernel, a, path, O_RDWR | O_NONBLOCK).unwrap();
            let wrote = kernel.sys_write(a, fd, b"<3>abc\n", &mut Progress::default()).map(|_| ());
            let got = kernel.sys_read(a, fd, max, &mut Progress::default());
            (wrote, got.map(|op| if let Op::Done(ReadPlan::Data(bytes)) = op { bytes } else { panic!() }))
        };
        assert_eq!(get("/dev/null", 9), (Ok(()), Ok(vec![])));
        assert_eq!(get("/dev/zero", 3), (Ok(()), Ok(vec![0; 3])));
        assert_eq!(get("/dev/full", 3), (Err(Errno::ENOSPC), Ok(vec![0; 3])));
        assert_eq!(get("/dev/console", 3), (Ok(()), Ok(vec![])));
        let random = get("/dev/urandom", 32).1.unwrap();
        assert_ne!(random, get("/dev/random", 32).1.unwrap());
        assert_eq!(
            get("/dev/kmsg", 999).1.map(|bytes| String::from_utf8(bytes).unwrap()),
            Ok("3,0,4,-;abc\n".to_string())
        );
        let out = kernel.take_console_output();
        assert_eq!(out.len(), 1);
        assert_eq!((out[0].task, &out[0].bytes[..]), (a, &b"<3>abc\n"[..]));
        // Fed input comes line by line, then the end.
        let fd = open(&mut kernel, a, "/dev/console", 0).unwrap();
        kernel.feed_console(b"one\ntwo", false);
        assert_eq!(read(&mut kernel, a, fd, 99), Ok("one\n".into()));
        assert_eq!(read(&mut kernel, a, fd, 99), Ok("two".into()));
        assert_eq!(kernel.sys_read(a, fd, 99, &mut Progress::default()), Ok(Op::Block));
        kernel.feed_console(b"", true);
        assert_eq!(kernel.tasks[a].state(), 0);
        assert_eq!(read(&mut kernel, a, fd, 99), Ok(String::new()));
    }

    #[test]
    fn an_open_device_holds_its_module() {
        let (mut kernel, a) = with_user();
        let loaded = kernel.event_here();
        let id = kernel.modules.next_id();
        let module = Module {
            id,
            name: "pq".into(),
            state: ModuleState::Live,
            addr: 0x500,
            refs: 0,
            holders: vec![],
            used_by: vec![],
            has_init: true,
            exit: 1,
            size: 16384,
            base: 0x4000,
            taints: "OE".into(),
            loaded,
        };
        kernel.modules.list.push(module);
        let dev = Dev { major: 244, minor: 0 };
        kernel.cdev_add(CharDev {
            dev,
            count: 2,
            cdev: 0x700,
            ops: 0x600,
            owner: 0x500,
            ops_owner: 0x500,
            module: Some(id),
            created: None,
        });
        kernel.sys_mknod(a, "/dev/reg", FileKind::Chr, 0o600, Dev { major: 244, minor: 1 }).unwrap();
        let Ok(Op::Done(OpenPlan::Module { file, node })) =
            kernel.sys_open(a, "/dev/reg", 0, 0, &mut Progress::default())
        else {
            panic!()
        };
        assert_eq!(node, ModuleNode::CharDev { dev: Dev { major: 244, minor: 1 }, ops: 0x600, cdev: 0x700, misc: 0 });
        let fd = kernel.sys_open_finish(a, file, 0).unwrap();
        kernel.sysfs_add_module(id, &[], &[]).unwrap();
        assert_eq!(kernel.read_text(a, "/sys/module/pq/refcnt").unwrap(), "2\n", "as on a real 6.1 kernel");
        assert_eq!(kernel.read_text(a, "/proc/modules").unwrap(), "pq 16384 2 - Live 0x0000000000004000 (OE)\n");
        assert_eq!(kernel.delete_module_begin("pq", false), Err(Errno::EAGAIN));
        assert_eq!(kernel.poll_mask(a, fd), PollMask::Module { file, node });
        kernel.module_call_done(file);
        assert!(kernel.cdev_del(0x700), "an open file goes on");
        assert!(matches!(
            kernel.sys_read(a, fd, 9, &mut Progress::default()),
            Ok(Op::Done(ReadPlan::Module { pos: 0, max: 9, .. }))
        ));
        assert_eq!(kernel.sys_open(a, "/dev/reg", 0, 0, &mut Progress::default()), Err(Errno::ENXIO));
        assert_eq!(kernel.close_all(a), [ClosePlan::Module { file, node }]);
        kernel.file_released(file);
        assert_eq!(kernel.modules.list[0].refs, 0);
        assert!(kernel.vfs.files.is_empty());
    }

    #[test]
    fn poll_sees_pipes_and_times_out() {
        let (mut kernel, a) = with_user();
        let (r, w) = kernel.sys_pipe(a).unwrap();
        assert_eq!(kernel.poll_mask(a, 99), PollMask::Ready(POLLNVAL));
        assert_eq!(kernel.poll_mask(a, r), PollMask::Ready(0));
        assert_eq!(kernel.poll_mask(a, w), PollMask::Ready(POLLOUT));
        let fds = [PollFd { fd: r, events: POLLIN }];
        let mut p = Progress::default();
        assert_eq!(kernel.poll_sleep(a, &fds, Some(1_000_000), &mut p), Ok(Op::Block));
        assert_eq!(write(&mut kernel, a, w, "x"), Ok(1));
        assert_eq!(kernel.tasks[a].state(), 0, "woken by the write");
        assert_eq!(kernel.poll_sleep(a, &fds, Some(1_000_000), &mut p), Ok(Op::Done(false)));
        assert_eq!(kernel.poll_mask(a, r), PollMask::Ready(POLLIN));
        assert_eq!(kernel.sys_close(a, w), Ok(ClosePlan::Done));
        assert_eq!(kernel.poll_mask(a, r), PollMask::Ready(POLLIN | POLLHUP));
        assert_eq!(kernel.poll_sleep(a, &fds, Some(0), &mut Progress::default()), Ok(Op::Done(true)));
        assert_eq!(kernel.sys_lseek(a, r, 0, SEEK_SET), Err(Errno::ESPIPE));
        assert_eq!(kernel.sys_readlink(a, &format!("/proc/self/fd/{r}")), Ok("pipe:[10001]".into()));
    }
}
