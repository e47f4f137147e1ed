//! System calls on descriptors and paths. What a module provides is called through `kloom_shim::fileops`.

use kloom_abi::Errno;
use kloom_kernel::fs::{self, ClosePlan, Dev, IoctlPlan, OpenPlan, ReadPlan, SeekPlan, WritePlan};
use kloom_kernel::ops::Op;
use kloom_shell::sys::{Argument, DirEntry, FileKind, PollFd, Stat, SysResult, SysValue, Syscall};
use kloom_shim::Machine;
use kloom_shim::call::{blocking, enter};
use kloom_shim::{fileops, syscalls};

use super::{Caller, unit};

/// Performs the system calls of this file.
pub(super) fn perform(_caller: &Caller, request: Syscall) -> SysResult {
    match request {
        Syscall::Open { path, flags, mode } => open(&path, flags, mode).map(SysValue::Fd),
        Syscall::Read { fd, max } => read(fd, max).map(SysValue::Bytes),
        Syscall::Write { fd, bytes } => write(fd, &bytes).map(SysValue::Count),
        Syscall::Close { fd } => {
            let plan = enter(|machine, current| machine.kernel.sys_close(current, fd))?;
            release(&plan);
            Ok(SysValue::Unit)
        }
        Syscall::Lseek { fd, offset, whence } => lseek(fd, offset, whence).map(SysValue::Offset),
        Syscall::Pipe => {
            let (read, write) = enter(|machine, current| machine.kernel.sys_pipe(current))?;
            Ok(SysValue::Pipe { read, write })
        }
        Syscall::Dup2 { from, to } => {
            let (fd, plan) = enter(|machine, current| machine.kernel.sys_dup2(current, from, to))?;
            release(&plan);
            Ok(SysValue::Fd(fd))
        }
        Syscall::DupMin { fd, min } => {
            enter(|machine, current| machine.kernel.sys_dup_min(current, fd, min)).map(SysValue::Fd)
        }
        Syscall::Ioctl { fd, cmd, arg } => ioctl(fd, cmd, arg),
        Syscall::Custom { name, args } => custom(&name, args),
        Syscall::Poll { fds, timeout_ns } => poll(&fds, timeout_ns),
        Syscall::Stat { path } => {
            kernel(|machine, current| machine.kernel.sys_stat(current, &path, true)).map(|s| SysValue::Stat(stat(&s)))
        }
        Syscall::Fstat { fd } => {
            kernel(|machine, current| machine.kernel.sys_fstat(current, fd)).map(|s| SysValue::Stat(stat(&s)))
        }
        Syscall::Readdir { path } => {
            let entries = kernel(|machine, current| machine.kernel.sys_readdir(current, &path))?;
            Ok(SysValue::Dir(
                entries.into_iter().map(|e| DirEntry { name: e.name, kind: kind(e.kind), ino: e.ino }).collect(),
            ))
        }
        Syscall::Readlink { path } => {
            kernel(|machine, current| machine.kernel.sys_readlink(current, &path)).map(SysValue::Text)
        }
        Syscall::Mkdir { path, mode } => {
            unit(kernel(|machine, current| machine.kernel.sys_mkdir(current, &path, mode)))
        }
        Syscall::Unlink { path } => unit(kernel(|machine, current| machine.kernel.sys_unlink(current, &path))),
        Syscall::Rmdir { path } => unit(kernel(|machine, current| machine.kernel.sys_rmdir(current, &path))),
        Syscall::Rename { from, to } => unit(kernel(|machine, current| machine.kernel.sys_rename(current, &from, &to))),
        Syscall::Chmod { path, mode } => {
            unit(kernel(|machine, current| machine.kernel.sys_chmod(current, &path, mode)))
        }
        Syscall::Mknod { path, kind, mode, rdev } => unit(kernel(|machine, current| {
            machine.kernel.sys_mknod(current, &path, kernel_kind(kind), mode, Dev { major: rdev.0, minor: rdev.1 })
        })),
        Syscall::Chdir { path } => unit(kernel(|machine, current| machine.kernel.sys_chdir(current, &path))),
        Syscall::Getcwd => kernel(|machine, current| machine.kernel.sys_getcwd(current)).map(SysValue::Text),
        Syscall::Mount { source, target, fstype } => {
            unit(kernel(|machine, current| machine.kernel.sys_mount(current, &source, &target, &fstype)))
        }
        Syscall::Umount { target } => unit(kernel(|machine, current| machine.kernel.sys_umount(current, &target))),
        _ => Err(Errno::ENOSYS),
    }
}

fn kernel<T>(f: impl FnOnce(&mut Machine, kloom_kernel::task::TaskId) -> Result<T, Errno>) -> Result<T, Errno> {
    enter(f)
}

/// Polls a kernel operation that may end with an error number.
fn wait<T>(
    mut poll: impl FnMut(&mut Machine, kloom_kernel::task::TaskId, &mut kloom_kernel::ops::Progress) -> Result<Op<T>, Errno>,
) -> Result<T, Errno> {
    let outcome = blocking(|machine, current, progress| {
        Ok(match poll(machine, current, progress) {
            Ok(Op::Done(value)) => Op::Done(Ok(value)),
            Ok(Op::Block) => Op::Block,
            Ok(Op::Spin) => Op::Spin,
            Err(errno) => Op::Done(Err(errno)),
        })
    });
    outcome.unwrap_or(Err(Errno::EINTR))
}

fn open(path: &str, flags: u32, mode: u32) -> Result<i32, Errno> {
    let plan = wait(|machine, current, progress| {
        if path.ends_with("modules") {
            // /proc/modules shows what stands on the list at this moment.
            crate::insmod::look_at_list(machine);
        }
        machine.kernel.sys_open(current, path, flags, mode, progress)
    });
    match plan? {
        OpenPlan::Done(fd) => Ok(fd),
        OpenPlan::Module { file, node } => {
            let ret = fileops::open(file, &node);
            enter(|machine, current| machine.kernel.sys_open_finish(current, file, ret))
        }
    }
}

fn read(fd: i32, max: usize) -> Result<Vec<u8>, Errno> {
    loop {
        match wait(|machine, current, progress| machine.kernel.sys_read(current, fd, max, progress))? {
            ReadPlan::Data(bytes) => return Ok(bytes),
            ReadPlan::Module { file, node, pos, max } => {
                let outcome = fileops::read(file, &node, pos, max);
                enter(|machine, _| machine.kernel.module_call_done(file));
                // An attribute's text is now a snapshot that the next poll reads from.
                if let Some(bytes) = outcome? {
                    return Ok(bytes);
                }
            }
        }
    }
}

fn write(fd: i32, bytes: &[u8]) -> Result<usize, Errno> {
    match wait(|machine, current, progress| machine.kernel.sys_write(current, fd, bytes, progress))? {
        WritePlan::Done(count) => Ok(count),
        WritePlan::Module { file, node, pos } => {
            let outcome = fileops::write(file, &node, pos, bytes);
            enter(|machine, _| machine.kernel.module_call_done(file));
            outcome
        }
    }
}

fn lseek(fd: i32, offset: i64, whence: u32) -> Result<u64, Errno> {
    match kernel(|machine, current| machine.kernel.sys_lseek(current, fd, offset, whence))? {
        SeekPlan::Done(pos) => Ok(pos),
        SeekPlan::Module { file, node } => {
            let outcome = fileops::llseek(file, &node, offset, whence);
            enter(|machine, _| machine.kernel.module_call_done(file));
            outcome
        }
    }
}

fn ioctl(fd: i32, cmd: u64, arg: Vec<u8>) -> SysResult {
    match kernel(|machine, current| machine.kernel.sys_ioctl(current, fd, cmd, &arg))? {
        IoctlPlan::Done(ret, arg) => Ok(SysValue::Ioctl { ret, arg }),
        IoctlPlan::Module { file, node } => {
            let outcome = fileops::ioctl(file, fd, &node, cmd, arg);
            enter(|machine, _| machine.kernel.module_call_done(file));
            outcome.map(|(ret, arg)| SysValue::Ioctl { ret, arg })
        }
    }
}

fn poll(fds: &[PollFd], timeout_ns: Option<u64>) -> SysResult {
    let wanted: Vec<fs::PollFd> = fds.iter().map(|fd| fs::PollFd { fd: fd.fd, events: fd.events }).collect();
    let ready = fileops::poll(&wanted, timeout_ns)?;
    Ok(SysValue::Poll(ready.into_iter().map(|fd| PollFd { fd: fd.fd, events: fd.events }).collect()))
}

fn release(plan: &ClosePlan) {
    if let ClosePlan::Module { file, node } = plan {
        fileops::release(*file, node);
        enter(|machine, _| machine.kernel.file_released(*file));
    }
}

/// Closes every descriptor of the current task.
pub(super) fn close_all() {
    let plans = enter(|machine, current| machine.kernel.close_all(current));
    for plan in &plans {
        release(plan);
    }
}

fn kind(kind: fs::FileKind) -> FileKind {
    match kind {
        fs::FileKind::File => FileKind::File,
        fs::FileKind::Dir => FileKind::Dir,
        fs::FileKind::Chr => FileKind::Chr,
        fs::FileKind::Blk => FileKind::Blk,
        fs::FileKind::Fifo => FileKind::Fifo,
        fs::FileKind::Link => FileKind::Link,
    }
}

/// A system call of a module's.
fn custom(name: &str, args: Vec<Argument>) -> SysResult {
    let args: Vec<_> = args
        .into_iter()
        .map(|arg| match arg {
            Argument::Number(number) => syscalls::Argument::Number(number),
            Argument::Text(text) => syscalls::Argument::Text(text),
        })
        .collect();
    syscalls::call(name, &args).map(SysValue::Ret)
}

fn kernel_kind(kind: FileKind) -> fs::FileKind {
    match kind {
        FileKind::File => fs::FileKind::File,
        FileKind::Dir => fs::FileKind::Dir,
        FileKind::Chr => fs::FileKind::Chr,
        FileKind::Blk => fs::FileKind::Blk,
        FileKind::Fifo => fs::FileKind::Fifo,
        FileKind::Link => fs::FileKind::Link,
    }
}

fn stat(stat: &fs::Stat) -> Stat {
    Stat {
        kind: kind(stat.kind),
        size: stat.size,
        mode: stat.mode,
        rdev: (stat.rdev.major, stat.rdev.minor),
        ino: stat.ino,
        nlink: stat.nlink,
        mtime_ns: stat.mtime_ns,
    }
}
