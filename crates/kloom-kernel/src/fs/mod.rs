//! File systems: tmpfs, devtmpfs, procfs, sysfs, pipes, the console, as one tree of plain state.
//!
//! C header: include/linux/fs.h. Behaviour follows Linux 6.1 (fs/namei.c, fs/pipe.c, fs/proc/, fs/kernfs/,
//! fs/char_dev.c), checked against captures of a real 6.1 kernel. Everybody is root, so permission bits are shown but
//! refuse nothing except where Linux refuses root, too (read-only sysfs and sysctl files).
//!
//! Nothing here calls module code. An operation on a file that a module provides answers with a *plan* that names the
//! file and its [`ModuleNode`]; the session makes the call and then tells the kernel how it ended:
//!
//! | syscall | function | a plan for the module | after the call |
//! | --- | --- | --- | --- |
//! | open | [`Kernel::sys_open`] (polled: fifos) | [`OpenPlan::Module`]: `open()` | [`Kernel::sys_open_finish`] |
//! | read | [`Kernel::sys_read`] (polled) | [`ReadPlan::Module`]: `read()`; for [`ModuleNode::Attr`] `show()` into a page | [`Kernel::module_call_done`]; attributes: [`Kernel::set_snapshot`], then poll again |
//! | write | [`Kernel::sys_write`] (polled) | [`WritePlan::Module`] | [`Kernel::module_call_done`] |
//! | ioctl | [`Kernel::sys_ioctl`] | [`IoctlPlan::Module`] | [`Kernel::module_call_done`] |
//! | lseek | [`Kernel::sys_lseek`] | [`SeekPlan::Module`]: `llseek()` or [`Kernel::default_llseek`] | [`Kernel::module_call_done`] |
//! | poll | [`Kernel::poll_mask`], [`Kernel::poll_sleep`] (polled) | [`PollMask::Module`] | [`Kernel::module_call_done`] |
//! | close, dup2, exit | [`Kernel::sys_close`], [`Kernel::sys_dup2`], [`Kernel::close_all`] | [`ClosePlan::Module`]: `release()` | [`Kernel::file_released`] |
//! | pipe, dup, fork | [`Kernel::sys_pipe`], [`Kernel::sys_dup_min`], [`Kernel::share_fds`] | | |
//! | stat, readdir, … | [`Kernel::sys_stat`], [`Kernel::sys_readdir`], [`Kernel::sys_mkdir`], … in [`dir`] | | |
//!
//! For a module's own calls: [`procfs::proc_tree`] (`proc_create()`, …), [`devfs`] (`cdev_add()`, `misc_register()`,
//! `device_create()`, …), [`kernfs`] (sysfs, debugfs, sysctl).
//!
//! # Invariants
//! * Numbers of inodes, entries, pipes and files are never reused, so a stale one is seen, not mistaken.
//! * Every descriptor of a task names a file of [`Vfs::files`], and a file's `refs` counts those descriptors.

pub mod boot;
pub mod devfs;
pub mod dir;
pub mod file;
pub mod kernfs;
pub mod loadavg;
pub mod path;
pub mod pipe;
pub mod procfs;
pub mod tmpfs;
pub mod tty;

use std::collections::BTreeMap;

use kloom_abi::time::NSEC_PER_SEC;

use crate::Kernel;
use crate::shared::Shared;
use kernfs::KernId;
use procfs::pid_files::PidNode;
use procfs::proc_tree::{ProcId, ProcOpsKind};
use tmpfs::Ino;

pub use file::{ClosePlan, IoctlPlan, OpenPlan, PollFd, PollMask, ReadPlan, SeekPlan, WritePlan};

/// An open file (`struct file`); descriptors of several tasks may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A device number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Dev {
    /// Major number, 12 bits.
    pub major: u32,
    /// Minor number, 20 bits.
    pub minor: u32,
}

impl Dev {
    /// From `dev_t` as modules see it (`MKDEV()`).
    pub fn from_raw(raw: u32) -> Dev {
        Dev { major: raw >> 20, minor: raw & 0xf_ffff }
    }

    /// `MKDEV(major, minor)`.
    pub fn raw(self) -> u32 {
        self.major << 20 | (self.minor & 0xf_ffff)
    }
}

/// `open()` flags and what goes with them (asm-generic/fcntl.h, poll.h).
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
    pub const O_NOFOLLOW: u32 = 0o400_000;

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
    /// A regular file (the files of /proc and /sys, too).
    File,
    /// A directory.
    Dir,
    /// A character device node.
    Chr,
    /// A block device node.
    Blk,
    /// A named pipe, or the end of a pipe.
    Fifo,
    /// A symbolic link.
    Link,
}

/// What `stat()` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Kind of file.
    pub kind: FileKind,
    /// Bytes; 0 for the files of /proc, a page for those of sysfs.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Number of a device node, zero otherwise.
    pub rdev: Dev,
    /// Inode number.
    pub ino: u64,
    /// Links.
    pub nlink: u32,
    /// Last modification by the wall clock, nanoseconds since 1970.
    pub mtime_ns: u64,
}

/// One name of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name.
    pub name: String,
    /// What it names.
    pub kind: FileKind,
    /// Inode number.
    pub ino: u64,
}

/// Any place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Of tmpfs or devtmpfs.
    Tmp(Ino),
    /// Of /proc, but for the directories of tasks.
    Proc(ProcId),
    /// Of a task's directory in /proc.
    Pid(PidNode),
    /// Of sysfs, debugfs or /proc/sys.
    Kern(KernId),
    /// A nameless pipe.
    Pipe(u32),
}

/// A file whose operations are module code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleNode {
    /// An entry of /proc.
    Proc {
        /// The entry.
        entry: ProcId,
        /// Address of its operations (what kind: `kind`).
        ops: u64,
        /// What `ops` points to.
        kind: ProcOpsKind,
        /// `pde_data()`.
        data: u64,
    },
    /// A character device.
    CharDev {
        /// Its number.
        dev: Dev,
        /// Address of its `struct file_operations`.
        ops: u64,
        /// Address of its `struct cdev` (`inode->i_cdev`); 0 if it has none of its own.
        cdev: u64,
        /// Address of its `struct miscdevice` (`file->private_data` at open), else 0.
        misc: u64,
    },
    /// An attribute of sysfs, or a file of debugfs or /proc/sys made by a module.
    Attr {
        /// The node.
        node: KernId,
        /// What it is made of; the shim that added the node knows what these three mean.
        ops: u64,
        /// See `ops`.
        object: u64,
        /// See `ops`.
        data: u64,
    },
}

/// A mounted file system.
#[derive(Clone, Debug)]
pub struct Mount {
    /// What `mount` names as the device.
    pub source: String,
    /// Canonical path it is mounted on.
    pub target: String,
    /// Type of file system.
    pub fstype: String,
    /// Options as /proc/mounts shows them.
    pub options: String,
    /// Its root.
    pub root: Node,
    /// The directory it covers; None for the root of all.
    pub on: Option<Node>,
    /// What /proc/self/mountinfo numbers it.
    pub id: u32,
}

/// A warning that Linux gives with a backtrace (`WARN()`): the caller's shim turns it into
/// [`crate::fault::Fault::Warn`] and prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// File of the kernel source.
    pub file: &'static str,
    /// Line in it, Linux 6.1.
    pub line: u32,
    /// The function.
    pub function: &'static str,
    /// The message, without newline; empty for a bare `WARN_ON()`.
    pub message: String,
}

/// Lines of /proc/interrupts that module code asked for.
#[derive(Clone, Debug)]
pub struct IrqLine {
    /// Interrupt number.
    pub irq: u32,
    /// Name of the interrupt controller (`IO-APIC`).
    pub chip: String,
    /// `edge` or `fasteoi`.
    pub flow: String,
    /// Names of the handlers, joined by `, `.
    pub action: String,
    /// Count on each CPU.
    pub counts: Vec<u64>,
}

/// A line of /proc/kallsyms.
#[derive(Clone, Debug)]
pub struct KernelSymbol {
    /// Address.
    pub addr: u64,
    /// `T`, `t`, `d`, …
    pub kind: char,
    /// Name.
    pub name: String,
    /// The module, if it is one's.
    pub module: Option<String>,
}

/// Names a code address as backtraces do: `th+0x11/0x30 [mod]`.
pub type Symbolizer = std::rc::Rc<dyn Fn(u64) -> Option<String>>;

/// Everything about files.
#[derive(Clone)]
pub struct Vfs {
    /// Inodes of tmpfs and devtmpfs.
    pub tmp: tmpfs::Tmpfs,
    /// Entries of /proc.
    pub proc: procfs::proc_tree::ProcTree,
    /// Nodes of sysfs, debugfs and /proc/sys.
    pub kern: kernfs::Kernfs,
    /// Pipes and fifos.
    pub pipes: pipe::Pipes,
    /// Open files by number.
    pub files: BTreeMap<u32, file::OpenFile>,
    next_file: u32,
    /// What is mounted, in order of mounting.
    pub mounts: Shared<Vec<Mount>>,
    /// Character devices.
    pub devs: Shared<devfs::CharDevs>,
    /// The console.
    pub tty: tty::Console,
    /// Load averages.
    pub load: loadavg::LoadAvg,
    /// Memory in use as the guest counts it, beyond the kernel's own.
    pub mem_used_bytes: u64,
    /// `uname -n`.
    pub hostname: String,
    /// `uname -v`.
    pub uts_version: String,
    /// Kernel command line.
    pub cmdline: String,
    /// State of /dev/random.
    pub random_state: u64,
    /// Interrupts that were requested, ascending.
    pub irqs: Shared<Vec<IrqLine>>,
    /// /proc/kallsyms.
    pub kallsyms: Vec<KernelSymbol>,
    /// For backtraces and wchan; set by the session.
    pub symbolizer: Option<Symbolizer>,
    /// Tasks that wait for a message in /dev/kmsg.
    pub kmsg_waiters: Vec<crate::task::TaskId>,
}

/// Midnight of 1 January 2024, UTC.
pub(crate) const BOOT_EPOCH_NS: u64 = crate::time::BOOT_EPOCH_S * NSEC_PER_SEC;

impl Default for Vfs {
    fn default() -> Self {
        let tmp = tmpfs::Tmpfs::default();
        let mut vfs = Vfs {
            tmp,
            proc: Default::default(),
            kern: Default::default(),
            pipes: Default::default(),
            files: BTreeMap::new(),
            next_file: 0,
            mounts: Shared::default(),
            devs: Default::default(),
            tty: Default::default(),
            load: Default::default(),
            mem_used_bytes: 0,
            hostname: "kloom".to_string(),
            uts_version: "#1 SMP PREEMPT_DYNAMIC".to_string(),
            cmdline: "console=ttyS0 panic=-1 quiet".to_string(),
            random_state: 0x006b_6c6f_6f6d,
            irqs: Shared::default(),
            kallsyms: Vec::new(),
            symbolizer: None,
            kmsg_waiters: Vec::new(),
        };
        vfs.populate();
        vfs
    }
}

impl Vfs {
    /// Mounts what every machine has and fills it.
    fn populate(&mut self) {
        let root = tmpfs::ROOT;
        let mount = |source: &str, target: &str, fstype: &str, options: &str, root, on, id| Mount {
            source: source.into(),
            target: target.into(),
            fstype: fstype.into(),
            options: options.into(),
            root,
            on,
            id,
        };
        self.mounts.push(mount("rootfs", "/", "rootfs", "rw", Node::Tmp(root), None, 1));
        for (name, mode) in [
            ("bin", 0o755),
            ("dev", 0o755),
            ("etc", 0o755),
            ("proc", 0o555),
            ("root", 0o700),
            ("sbin", 0o755),
            ("sys", 0o555),
            ("tmp", 0o1777),
        ] {
            let dir = self.tmp.make(tmpfs::InodeKind::Dir(Default::default()), mode, BOOT_EPOCH_NS);
            self.tmp.link(root, name, dir);
        }
        let at = |vfs: &Vfs, name| Node::Tmp(vfs.tmp.child(root, name).unwrap_or(root));
        let (on_proc, on_sys, on_dev) = (at(self, "proc"), at(self, "sys"), at(self, "dev"));
        let dev = self.tmp.make(tmpfs::InodeKind::Dir(Default::default()), 0o755, BOOT_EPOCH_NS);
        self.mounts.push(mount(
            "proc",
            "/proc",
            "proc",
            "rw,relatime",
            Node::Proc(procfs::proc_tree::ROOT),
            Some(on_proc),
            21,
        ));
        self.mounts.push(mount("sysfs", "/sys", "sysfs", "rw,relatime", Node::Kern(kernfs::SYSFS), Some(on_sys), 22));
        self.mounts.push(mount(
            "dev",
            "/dev",
            "devtmpfs",
            "rw,relatime,mode=755,inode64",
            Node::Tmp(dev),
            Some(on_dev),
            23,
        ));
        self.devs.devtmpfs = dev;
        procfs::kernel_files::register(&mut self.proc);
        self.kern.populate();
        if let Some(debug) = self.kern.find(kernfs::SYSFS, "kernel/debug") {
            self.mounts.push(mount(
                "debugfs",
                "/sys/kernel/debug",
                "debugfs",
                "rw,relatime",
                Node::Kern(kernfs::DEBUGFS),
                Some(Node::Kern(debug)),
                24,
            ));
        }
        let sysctl = self.proc.sysctl_dir();
        self.mounts.push(mount("", "/proc/sys", "", "", Node::Kern(kernfs::SYSCTL), Some(Node::Proc(sysctl)), 0));
        self.populate_dev();
    }

    /// Follows mounts from a directory that may be covered to what covers it.
    pub(crate) fn mounted(&self, mut node: Node) -> Node {
        while let Some(mount) = self.mounts.iter().rev().find(|mount| mount.on == Some(node)) {
            node = mount.root;
        }
        node
    }

    /// A number for a new open file.
    fn next_file_id(&mut self) -> FileId {
        self.next_file += 1;
        FileId(self.next_file)
    }

    /// Random bytes, the same in every execution.
    pub fn random_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            // SplitMix64 (Steele, Lea, Flood 2014).
            self.random_state = self.random_state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.random_state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

impl Kernel {
    /// The wall clock, nanoseconds since 1970.
    pub fn wall_ns(&self) -> u64 {
        u64::try_from(self.clock_ns(crate::time::ClockId::Real)).unwrap_or(0)
    }
}

impl std::fmt::Debug for Vfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vfs")
            .field("files", &self.files.len())
            .field("mounts", &self.mounts.len())
            .finish_non_exhaustive()
    }
}

/// Tasks for the unit tests.
#[cfg(test)]
pub(crate) mod testing {
    use crate::task::{TaskId, TaskKind, UserTask};
    use crate::{Kernel, NewTask};

    /// A process of user space in `/`.
    pub(crate) fn user(kernel: &mut Kernel, name: &str) -> TaskId {
        let user = UserTask {
            cwd: "/".to_string(),
            umask: 0o022,
            cmdline: format!("{name}\0").into_bytes(),
            ..UserTask::default()
        };
        let parent = kernel.init;
        kernel
            .new_task(NewTask { name: name.as_bytes(), parent, kind: TaskKind::User(Box::new(user)) })
            .expect("room for a task")
    }

    /// A machine with two CPUs and a process.
    pub(crate) fn with_user() -> (Kernel, TaskId) {
        let mut kernel = crate::testing::machine(2);
        let task = user(&mut kernel, "a");
        (kernel, task)
    }
}
