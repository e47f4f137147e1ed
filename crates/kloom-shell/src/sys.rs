//! The line between user space and the simulated kernel: syscalls as plain data.
//!
//! A user task is a [`Program`], an ordinary future. It never does anything itself: it posts one [`Syscall`] through its
//! [`Sys`] and is pending until the owner of the [`SysPort`] (the session) has put the [`SysResult`] there. The protocol of
//! one task, as the session drives it when the simulated scheduler picks the task:
//!
//! 1. poll the program (any waker will do, none is ever used);
//! 2. `Poll::Ready(code)`: the task has exited with `code`;
//! 3. `Poll::Pending`: [`SysPort::take_request`] gives the syscall (always `Some`); perform it, for as much virtual time as
//!    it takes;
//! 4. [`SysPort::reply`] with the result, then back to 1.
//!
//! A task that is killed is simply dropped. Numbers (open flags, signals, policies, ioctls) are Linux's x86-64 ones.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

pub use kloom_abi::Errno;

/// A user program; its value is the exit code (0..=255).
pub type Program = Pin<Box<dyn Future<Output = i32>>>;

/// What a forked child runs: called once by the session with the child's own [`Sys`].
pub type ProgramBuilder = Box<dyn FnOnce(Sys) -> Program>;

/// `open()` flags (asm-generic/fcntl.h).
pub mod flags {
    #![expect(missing_docs, reason = "the names are Linux's own")]
    pub const O_RDONLY: u32 = 0;
    pub const O_WRONLY: u32 = 1;
    pub const O_RDWR: u32 = 2;
    pub const O_ACCMODE: u32 = 3;
    pub const O_CREAT: u32 = 0o100;
    pub const O_EXCL: u32 = 0o200;
    pub const O_TRUNC: u32 = 0o1000;
    pub const O_APPEND: u32 = 0o2000;
    pub const O_NONBLOCK: u32 = 0o4000;
    pub const O_DIRECTORY: u32 = 0o200_000;

    pub const SEEK_SET: u32 = 0;
    pub const SEEK_CUR: u32 = 1;
    pub const SEEK_END: u32 = 2;

    pub const POLLIN: u16 = 1;
    pub const POLLOUT: u16 = 4;
    pub const POLLERR: u16 = 8;
    pub const POLLHUP: u16 = 0x10;
    pub const POLLNVAL: u16 = 0x20;
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file (the files of /proc and /sys are regular, too).
    File,
    /// A directory.
    Dir,
    /// A character device node.
    Chr,
    /// A block device node.
    Blk,
    /// A named pipe, or the end of a pipe.
    Fifo,
    /// A symbolic link (only from readdir; `stat` follows links).
    Link,
}

/// What `stat()` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Kind of file.
    pub kind: FileKind,
    /// Bytes; 0 for the files of /proc.
    pub size: u64,
    /// Permission bits only (0o7777).
    pub mode: u32,
    /// Major and minor number of a device node, (0, 0) otherwise.
    pub rdev: (u32, u32),
    /// Inode number.
    pub ino: u64,
    /// Number of links.
    pub nlink: u32,
    /// Last modification, nanoseconds since the epoch of the machine's wall clock.
    pub mtime_ns: u64,
}

/// One name of a directory; `.` and `..` are not listed. The order is the file system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name.
    pub name: String,
    /// What it names.
    pub kind: FileKind,
    /// Inode number.
    pub ino: u64,
}

/// Which child [`Syscall::Wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Any child.
    Any,
    /// This child.
    Pid(i32),
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitStatus {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
}

/// What a signal does when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigAction {
    /// The signal's default.
    Default,
    /// Nothing; survives exec.
    Ignore,
    /// It interrupts a blocking syscall (EINTR) and is reported by [`Syscall::TakeSignals`]; exec resets it.
    Catch,
}

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Wall clock, since 1970.
    Realtime,
    /// Since boot.
    Monotonic,
    /// CPU time of the calling task.
    ProcessCpu,
}

/// What `uname()` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of struct utsname")]
pub struct Utsname {
    pub sysname: String,
    pub nodename: String,
    pub release: String,
    pub version: String,
    pub machine: String,
}

/// One record of the kernel log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Virtual time since boot.
    pub time_ns: u64,
    /// 0 (emergency) to 7 (debug).
    pub level: u8,
    /// Facility, 0 for the kernel.
    pub facility: u8,
    /// The text without its final newline; may have newlines inside.
    pub text: Vec<u8>,
}

/// What [`Syscall::Syslog`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyslogOp {
    /// All records since the last clear.
    ReadAll,
    /// Records from this index on (counted from boot); blocks until there is one. For `dmesg -w`.
    ReadFrom(u64),
    /// What ReadAll shows starts here from now on.
    Clear,
    /// Sets the console log level (1..=8).
    ConsoleLevel(u8),
}

/// What `reboot()` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebootOp {
    /// Power off.
    PowerOff,
    /// Restart.
    Restart,
    /// Halt.
    Halt,
}

/// One descriptor of a poll call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// The descriptor.
    pub fd: i32,
    /// What is asked for (in), what is there (out).
    pub events: u16,
}

/// What a shell tells the session about where in the scenario it is; no effect in the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Command `index` (from 1, counting the top-level commands that ran) starts.
    Start {
        /// Counts from 1.
        index: u64,
        /// Line of the scenario, from 1.
        line: usize,
        /// The source text of the command, one line or more.
        text: String,
    },
    /// The command just started has ended.
    End {
        /// The same number.
        index: u64,
        /// Its exit status (`$?`).
        status: i32,
    },
    /// `rmmod` gave up before asking the kernel, because the module has references.
    InUse {
        /// The module.
        module: String,
    },
}

/// An argument of [`Syscall::Custom`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A number.
    Number(u64),
    /// The address of this text in user memory.
    Text(Vec<u8>),
}

/// A request to the kernel.
///
/// The type of the answer stands at each; every call may also fail with any [`Errno`]. Paths are relative to the task's
/// working directory unless they start with `/`.
#[expect(missing_docs, reason = "fields carry the names of the manual pages")]
pub enum Syscall {
    /// → `Fd`. Lowest free descriptor; `mode` counts when a file is created.
    Open { path: String, flags: u32, mode: u32 },
    /// → `Bytes`, empty at the end of the file.
    Read { fd: i32, max: usize },
    /// → `Count`. EPIPE comes with SIGPIPE (which kills unless ignored).
    Write { fd: i32, bytes: Vec<u8> },
    /// → `Unit`.
    Close { fd: i32 },
    /// → `Offset`.
    Lseek { fd: i32, offset: i64, whence: u32 },
    /// → `Pipe`.
    Pipe,
    /// → `Fd`; `to` is closed first if it is open. The same number twice just checks it.
    Dup2 { from: i32, to: i32 },
    /// → `Fd`: the lowest free descriptor not below `min` (fcntl F_DUPFD).
    DupMin { fd: i32, min: i32 },
    /// → `Ioctl`: the return value and the argument buffer afterwards.
    Ioctl { fd: i32, cmd: u64, arg: Vec<u8> },
    /// → `Poll`; empty when the time is over. `None` waits for ever.
    Poll { fds: Vec<PollFd>, timeout_ns: Option<u64> },
    /// → `Stat`; follows symbolic links.
    Stat { path: String },
    /// → `Stat` of an open descriptor.
    Fstat { fd: i32 },
    /// → `Dir`.
    Readdir { path: String },
    /// → `Text`.
    Readlink { path: String },
    /// → `Unit`.
    Mkdir { path: String, mode: u32 },
    /// → `Unit`.
    Unlink { path: String },
    /// → `Unit`.
    Rmdir { path: String },
    /// → `Unit`.
    Rename { from: String, to: String },
    /// → `Unit`.
    Chmod { path: String, mode: u32 },
    /// → `Unit`. `rdev` counts for device nodes.
    Mknod { path: String, kind: FileKind, mode: u32, rdev: (u32, u32) },
    /// → `Unit`.
    Chdir { path: String },
    /// → `Text`.
    Getcwd,
    /// → `Unit`. Mounting what is already there (proc, sysfs, debugfs, …) succeeds.
    Mount { source: String, target: String, fstype: String },
    /// → `Unit`.
    Umount { target: String },
    /// → `Unit`, or `Remaining` when a signal interrupted it.
    Nanosleep { ns: u64 },
    /// → `Pid` of the child. The child has copies of the descriptors, the working directory and the ignored signals.
    Fork { child: ProgramBuilder },
    /// → `Unit`. Names the task as the command: `comm` (cut to 15 bytes by the kernel) and `/proc/PID/cmdline`.
    Exec { comm: String, argv: Vec<String> },
    /// → `Wait`: `None` if nothing ended (with `nohang`, or the time is over). ECHILD without such a child, EINTR by a
    /// caught signal.
    Wait { which: WaitFor, nohang: bool, timeout_ns: Option<u64> },
    /// → `Unit`. `pid` 0 is the caller's process group, -1 everything but init, below -1 the group `-pid`; signal 0 only checks.
    Kill { pid: i32, signal: i32 },
    /// → `Pid`.
    Getpid,
    /// → `Pid`.
    Getppid,
    /// → `Unit`. 0 means the caller, the pid itself.
    Setpgid { pid: i32, pgid: i32 },
    /// → `Unit`.
    Sigaction { signal: i32, action: SigAction },
    /// → `Signals`: caught signals that came since the last call, in order.
    TakeSignals,
    /// → `Uname`.
    Uname,
    /// → `Unit`.
    Sethostname { name: String },
    /// → `Time`.
    ClockGettime { clock: Clock },
    /// → `Unit`; to be called at every turn of a loop, so that virtual time goes on.
    Yield,
    /// → `Mask`. `pid` 0 is the caller.
    SchedGetaffinity { pid: i32 },
    /// → `Unit`.
    SchedSetaffinity { pid: i32, mask: u64 },
    /// → `Sched`.
    SchedGetscheduler { pid: i32 },
    /// → `Unit`.
    SchedSetscheduler { pid: i32, policy: u32, priority: u32 },
    /// → `Nice`.
    Getpriority { pid: i32 },
    /// → `Unit`.
    Setpriority { pid: i32, nice: i32 },
    /// → `Unit`. Loads the module file open at `fd`.
    FinitModule { fd: i32, params: String },
    /// → `Unit`. `flags`: O_NONBLOCK, and O_TRUNC to force.
    DeleteModule { name: String, flags: u32 },
    /// → `Log` for the read operations, `Unit` for the rest.
    Syslog { op: SyslogOp },
    /// → `Unit`.
    Sync,
    /// → `Unit`, but the machine ends.
    Reboot { op: RebootOp },
    /// → `Ret`. A system call that a module has provided under this name (ENOSYS if none has).
    Custom { name: String, args: Vec<Argument> },
    /// → `Unit`.
    Mark(Mark),
}

/// The answer to a [`Syscall`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the answer named at the syscall")]
pub enum SysValue {
    Unit,
    Fd(i32),
    Bytes(Vec<u8>),
    Count(usize),
    Offset(u64),
    Pipe {
        read: i32,
        write: i32,
    },
    Ioctl {
        ret: i64,
        arg: Vec<u8>,
    },
    Poll(Vec<PollFd>),
    Stat(Stat),
    Dir(Vec<DirEntry>),
    Text(String),
    Remaining(u64),
    Pid(i32),
    Wait(Option<(i32, WaitStatus)>),
    Signals(Vec<i32>),
    Uname(Utsname),
    Time(u64),
    Mask(u64),
    Sched {
        policy: u32,
        priority: u32,
    },
    Nice(i32),
    /// `next` is the index to read from next.
    Log {
        records: Vec<LogRecord>,
        next: u64,
    },
    Ret(i64),
}

/// Value or error number.
pub type SysResult = Result<SysValue, Errno>;

#[derive(Default)]
struct Mailbox {
    request: Option<Syscall>,
    reply: Option<SysResult>,
}

/// The program's end of the mailbox: one per process, given to the program when it is built.
#[derive(Clone)]
pub struct Sys {
    mailbox: Rc<RefCell<Mailbox>>,
}

/// The session's end of the mailbox.
pub struct SysPort {
    mailbox: Rc<RefCell<Mailbox>>,
}

impl SysPort {
    /// The syscall that the program posted in the last poll, if it did.
    pub fn take_request(&self) -> Option<Syscall> {
        self.mailbox.borrow_mut().request.take()
    }

    /// Puts the answer where the next poll finds it.
    pub fn reply(&self, result: SysResult) {
        self.mailbox.borrow_mut().reply = Some(result);
    }
}

/// A syscall under way.
struct Call {
    mailbox: Rc<RefCell<Mailbox>>,
    request: Option<Syscall>,
}

impl Future for Call {
    type Output = SysResult;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<SysResult> {
        let request = self.request.take();
        let mut mailbox = self.mailbox.borrow_mut();
        if request.is_some() {
            mailbox.request = request;
            return Poll::Pending;
        }
        match mailbox.reply.take() {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

/// A kernel that answers with the wrong kind of value is broken; the program sees an I/O error.
macro_rules! expect {
    ($call:expr, $pattern:pat => $value:expr) => {
        match $call.await? {
            $pattern => Ok($value),
            _ => Err(Errno::EIO),
        }
    };
}

impl Sys {
    /// A fresh pair for one process.
    pub fn new() -> (Sys, SysPort) {
        let mailbox = Rc::new(RefCell::new(Mailbox::default()));
        (Sys { mailbox: mailbox.clone() }, SysPort { mailbox })
    }

    /// Posts any syscall; the methods below are this with types.
    pub fn call(&self, request: Syscall) -> impl Future<Output = SysResult> + use<> {
        Call { mailbox: self.mailbox.clone(), request: Some(request) }
    }

    /// See [`Syscall::Open`].
    pub async fn open(&self, path: &str, flags: u32, mode: u32) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Open { path: path.into(), flags, mode }), SysValue::Fd(fd) => fd)
    }

    /// See [`Syscall::Read`].
    pub async fn read(&self, fd: i32, max: usize) -> Result<Vec<u8>, Errno> {
        expect!(self.call(Syscall::Read { fd, max }), SysValue::Bytes(bytes) => bytes)
    }

    /// See [`Syscall::Write`]: may write less than all.
    pub async fn write(&self, fd: i32, bytes: Vec<u8>) -> Result<usize, Errno> {
        expect!(self.call(Syscall::Write { fd, bytes }), SysValue::Count(n) => n)
    }

    /// Writes everything, in as many calls as it takes.
    pub async fn write_all(&self, fd: i32, bytes: &[u8]) -> Result<(), Errno> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = self.write(fd, rest.to_vec()).await?;
            if n == 0 {
                return Err(Errno::EIO);
            }
            rest = &rest[n.min(rest.len())..];
        }
        Ok(())
    }

    /// Reads to the end.
    pub async fn read_to_end(&self, fd: i32) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        loop {
            let bytes = self.read(fd, 65536).await?;
            if bytes.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&bytes);
        }
    }

    /// Opens, reads to the end, closes.
    pub async fn read_file(&self, path: &str) -> Result<Vec<u8>, Errno> {
        let fd = self.open(path, flags::O_RDONLY, 0).await?;
        let all = self.read_to_end(fd).await;
        self.close(fd).await?;
        all
    }

    /// See [`Syscall::Close`].
    pub async fn close(&self, fd: i32) -> Result<(), Errno> {
        self.unit(Syscall::Close { fd }).await
    }

    /// A syscall that answers `Unit`.
    pub async fn unit(&self, request: Syscall) -> Result<(), Errno> {
        self.call(request).await.map(|_| ())
    }

    /// See [`Syscall::Lseek`].
    pub async fn lseek(&self, fd: i32, offset: i64, whence: u32) -> Result<u64, Errno> {
        expect!(self.call(Syscall::Lseek { fd, offset, whence }), SysValue::Offset(n) => n)
    }

    /// See [`Syscall::Pipe`]: (read, write).
    pub async fn pipe(&self) -> Result<(i32, i32), Errno> {
        expect!(self.call(Syscall::Pipe), SysValue::Pipe { read, write } => (read, write))
    }

    /// See [`Syscall::Dup2`].
    pub async fn dup2(&self, from: i32, to: i32) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Dup2 { from, to }), SysValue::Fd(fd) => fd)
    }

    /// See [`Syscall::DupMin`].
    pub async fn dup_min(&self, fd: i32, min: i32) -> Result<i32, Errno> {
        expect!(self.call(Syscall::DupMin { fd, min }), SysValue::Fd(fd) => fd)
    }

    /// See [`Syscall::Ioctl`].
    pub async fn ioctl(&self, fd: i32, cmd: u64, arg: Vec<u8>) -> Result<(i64, Vec<u8>), Errno> {
        expect!(self.call(Syscall::Ioctl { fd, cmd, arg }), SysValue::Ioctl { ret, arg } => (ret, arg))
    }

    /// See [`Syscall::Poll`].
    pub async fn poll(&self, fds: Vec<PollFd>, timeout_ns: Option<u64>) -> Result<Vec<PollFd>, Errno> {
        expect!(self.call(Syscall::Poll { fds, timeout_ns }), SysValue::Poll(ready) => ready)
    }

    /// See [`Syscall::Stat`].
    pub async fn stat(&self, path: &str) -> Result<Stat, Errno> {
        expect!(self.call(Syscall::Stat { path: path.into() }), SysValue::Stat(stat) => stat)
    }

    /// See [`Syscall::Fstat`].
    pub async fn fstat(&self, fd: i32) -> Result<Stat, Errno> {
        expect!(self.call(Syscall::Fstat { fd }), SysValue::Stat(stat) => stat)
    }

    /// See [`Syscall::Readdir`].
    pub async fn readdir(&self, path: &str) -> Result<Vec<DirEntry>, Errno> {
        expect!(self.call(Syscall::Readdir { path: path.into() }), SysValue::Dir(entries) => entries)
    }

    /// See [`Syscall::Readlink`].
    pub async fn readlink(&self, path: &str) -> Result<String, Errno> {
        expect!(self.call(Syscall::Readlink { path: path.into() }), SysValue::Text(text) => text)
    }

    /// See [`Syscall::Chdir`].
    pub async fn chdir(&self, path: &str) -> Result<(), Errno> {
        self.unit(Syscall::Chdir { path: path.into() }).await
    }

    /// See [`Syscall::Getcwd`].
    pub async fn getcwd(&self) -> Result<String, Errno> {
        expect!(self.call(Syscall::Getcwd), SysValue::Text(text) => text)
    }

    /// See [`Syscall::Nanosleep`]: what is left when a signal cut it short, 0 otherwise.
    pub async fn nanosleep(&self, ns: u64) -> Result<u64, Errno> {
        match self.call(Syscall::Nanosleep { ns }).await? {
            SysValue::Remaining(left) => Ok(left),
            _ => Ok(0),
        }
    }

    /// See [`Syscall::Fork`].
    pub async fn fork(&self, child: ProgramBuilder) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Fork { child }), SysValue::Pid(pid) => pid)
    }

    /// See [`Syscall::Exec`].
    pub async fn exec(&self, comm: &str, argv: &[String]) -> Result<(), Errno> {
        self.unit(Syscall::Exec { comm: comm.into(), argv: argv.to_vec() }).await
    }

    /// See [`Syscall::Wait`].
    pub async fn wait(
        &self,
        which: WaitFor,
        nohang: bool,
        timeout_ns: Option<u64>,
    ) -> Result<Option<(i32, WaitStatus)>, Errno> {
        expect!(self.call(Syscall::Wait { which, nohang, timeout_ns }), SysValue::Wait(ended) => ended)
    }

    /// See [`Syscall::Kill`].
    pub async fn kill(&self, pid: i32, signal: i32) -> Result<(), Errno> {
        self.unit(Syscall::Kill { pid, signal }).await
    }

    /// See [`Syscall::Getpid`].
    pub async fn getpid(&self) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Getpid), SysValue::Pid(pid) => pid)
    }

    /// See [`Syscall::Getppid`].
    pub async fn getppid(&self) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Getppid), SysValue::Pid(pid) => pid)
    }

    /// See [`Syscall::Sigaction`].
    pub async fn sigaction(&self, signal: i32, action: SigAction) -> Result<(), Errno> {
        self.unit(Syscall::Sigaction { signal, action }).await
    }

    /// See [`Syscall::TakeSignals`].
    pub async fn take_signals(&self) -> Result<Vec<i32>, Errno> {
        expect!(self.call(Syscall::TakeSignals), SysValue::Signals(signals) => signals)
    }

    /// See [`Syscall::Uname`].
    pub async fn uname(&self) -> Result<Utsname, Errno> {
        expect!(self.call(Syscall::Uname), SysValue::Uname(name) => name)
    }

    /// See [`Syscall::ClockGettime`].
    pub async fn clock(&self, clock: Clock) -> Result<u64, Errno> {
        expect!(self.call(Syscall::ClockGettime { clock }), SysValue::Time(ns) => ns)
    }

    /// See [`Syscall::Yield`].
    pub async fn yield_now(&self) {
        // A kernel that cannot even yield has nothing to tell the program.
        let _ = self.call(Syscall::Yield).await;
    }

    /// See [`Syscall::SchedGetaffinity`].
    pub async fn getaffinity(&self, pid: i32) -> Result<u64, Errno> {
        expect!(self.call(Syscall::SchedGetaffinity { pid }), SysValue::Mask(mask) => mask)
    }

    /// See [`Syscall::SchedGetscheduler`]: (policy, priority).
    pub async fn getscheduler(&self, pid: i32) -> Result<(u32, u32), Errno> {
        expect!(self.call(Syscall::SchedGetscheduler { pid }), SysValue::Sched { policy, priority } => (policy, priority))
    }

    /// See [`Syscall::Getpriority`].
    pub async fn getpriority(&self, pid: i32) -> Result<i32, Errno> {
        expect!(self.call(Syscall::Getpriority { pid }), SysValue::Nice(nice) => nice)
    }

    /// See [`Syscall::Syslog`]: the records and where to go on reading.
    pub async fn syslog(&self, op: SyslogOp) -> Result<(Vec<LogRecord>, u64), Errno> {
        match self.call(Syscall::Syslog { op }).await? {
            SysValue::Log { records, next } => Ok((records, next)),
            _ => Ok((Vec::new(), 0)),
        }
    }

    /// See [`Syscall::Custom`].
    pub async fn custom(&self, name: &str, args: Vec<Argument>) -> Result<i64, Errno> {
        expect!(self.call(Syscall::Custom { name: name.into(), args }), SysValue::Ret(ret) => ret)
    }
}
