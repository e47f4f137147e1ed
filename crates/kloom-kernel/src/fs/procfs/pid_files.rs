//! The directory of a task in /proc: comm, stat, status, …
//!
//! Formats are those of Linux 6.1 (fs/proc/array.c, base.c, fd.c, kernel/sched/debug.c), checked against a capture of a
//! Debian 6.1 kernel. A process of user space shows the sizes of a small static program.

use kloom_abi::Errno;
use kloom_abi::sched::{MAX_RT_PRIO, TASK_INTERRUPTIBLE, state_letter, state_word};
use kloom_abi::signal::SIGCHLD;

use super::kernel_files::USER_TICK_NS;
use super::name_to_int;
use crate::Kernel;
use crate::fs::path::Target;
use crate::fs::{DirEntry, FileId, Node};
use crate::task::{BlockedOn, Task, TaskId, TaskKind};

/// A place in a task's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PidNode {
    /// Whose.
    pub pid: i32,
    /// In `/proc/PID/task/PID`.
    pub thread: bool,
    /// What of it.
    pub entry: PidEntry,
}

/// What is in a task's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the files")]
pub enum PidEntry {
    Dir,
    Task,
    Fds,
    FdInfos,
    Fd(i32),
    FdInfo(i32),
    Cwd,
    Exe,
    Root,
    File(PidFile),
}

/// The generated files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the files")]
pub enum PidFile {
    Cgroup,
    Children,
    Cmdline,
    Comm,
    Cpuset,
    Environ,
    Io,
    Limits,
    Loginuid,
    Maps,
    Mountinfo,
    Mounts,
    OomAdj,
    OomScore,
    OomScoreAdj,
    Personality,
    Sched,
    Schedstat,
    Sessionid,
    Stack,
    Stat,
    Statm,
    Status,
    Syscall,
    TimerslackNs,
    Wchan,
}

/// Names of the directory in Linux's order, with their modes and whether threads and processes have them.
const ENTRIES: [(&str, u32, PidEntry, bool, bool); 32] = [
    ("task", 0o555, PidEntry::Task, true, false),
    ("fd", 0o500, PidEntry::Fds, true, true),
    ("fdinfo", 0o555, PidEntry::FdInfos, true, true),
    ("environ", 0o400, PidEntry::File(PidFile::Environ), true, true),
    ("status", 0o444, PidEntry::File(PidFile::Status), true, true),
    ("personality", 0o400, PidEntry::File(PidFile::Personality), true, true),
    ("limits", 0o444, PidEntry::File(PidFile::Limits), true, true),
    ("sched", 0o644, PidEntry::File(PidFile::Sched), true, true),
    ("comm", 0o644, PidEntry::File(PidFile::Comm), true, true),
    ("syscall", 0o400, PidEntry::File(PidFile::Syscall), true, true),
    ("cmdline", 0o444, PidEntry::File(PidFile::Cmdline), true, true),
    ("stat", 0o444, PidEntry::File(PidFile::Stat), true, true),
    ("statm", 0o444, PidEntry::File(PidFile::Statm), true, true),
    ("maps", 0o444, PidEntry::File(PidFile::Maps), true, true),
    ("children", 0o444, PidEntry::File(PidFile::Children), false, true),
    ("cwd", 0o777, PidEntry::Cwd, true, true),
    ("root", 0o777, PidEntry::Root, true, true),
    ("exe", 0o777, PidEntry::Exe, true, true),
    ("mounts", 0o444, PidEntry::File(PidFile::Mounts), true, true),
    ("mountinfo", 0o444, PidEntry::File(PidFile::Mountinfo), true, true),
    ("wchan", 0o444, PidEntry::File(PidFile::Wchan), true, true),
    ("stack", 0o400, PidEntry::File(PidFile::Stack), true, true),
    ("schedstat", 0o444, PidEntry::File(PidFile::Schedstat), true, true),
    ("cpuset", 0o444, PidEntry::File(PidFile::Cpuset), true, true),
    ("cgroup", 0o444, PidEntry::File(PidFile::Cgroup), true, true),
    ("oom_score", 0o444, PidEntry::File(PidFile::OomScore), true, true),
    ("oom_adj", 0o644, PidEntry::File(PidFile::OomAdj), true, true),
    ("oom_score_adj", 0o644, PidEntry::File(PidFile::OomScoreAdj), true, true),
    ("loginuid", 0o644, PidEntry::File(PidFile::Loginuid), true, true),
    ("sessionid", 0o444, PidEntry::File(PidFile::Sessionid), true, true),
    ("io", 0o400, PidEntry::File(PidFile::Io), true, true),
    ("timerslack_ns", 0o666, PidEntry::File(PidFile::TimerslackNs), true, false),
];

impl PidNode {
    /// Inode number.
    pub(crate) fn ino(self) -> u64 {
        let at = match self.entry {
            PidEntry::Dir => 0,
            PidEntry::Fd(fd) => 256 + 2 * fd as u64,
            PidEntry::FdInfo(fd) => 257 + 2 * fd as u64,
            entry => 2 + ENTRIES.iter().position(|row| row.2 == entry).unwrap_or(0) as u64,
        };
        100_000 + self.pid as u64 * 8192 + u64::from(self.thread) * 4096 + at
    }

    /// Permission bits.
    pub(crate) fn mode(self, kernel: &Kernel) -> u32 {
        match self.entry {
            PidEntry::Dir => 0o555,
            PidEntry::FdInfo(_) => 0o444,
            PidEntry::Fd(fd) => {
                let file = kernel
                    .tasks
                    .find(self.pid)
                    .and_then(|task| kernel.file_of(task, fd).ok())
                    .and_then(|id| kernel.file(id));
                let access = file.map_or(0, |file| file.flags & 3);
                match access {
                    0 => 0o500,
                    1 => 0o300,
                    _ => 0o700,
                }
            }
            entry => ENTRIES.iter().find(|row| row.2 == entry).map_or(0o444, |row| row.1),
        }
    }
}

impl Kernel {
    pub(crate) fn pid_lookup(&self, node: PidNode, name: &str, _: TaskId) -> Result<Node, Errno> {
        let id = self.tasks.find(node.pid).ok_or(Errno::ENOENT)?;
        let entry = match node.entry {
            PidEntry::Dir => {
                let row = ENTRIES.iter().find(|row| row.0 == name && if node.thread { row.4 } else { row.3 });
                row.map(|row| row.2).ok_or(Errno::ENOENT)?
            }
            PidEntry::Task if name_to_int(name) == u32::try_from(node.pid).ok() => {
                return Ok(Node::Pid(PidNode { pid: node.pid, thread: true, entry: PidEntry::Dir }));
            }
            PidEntry::Fds | PidEntry::FdInfos => {
                let fd = name_to_int(name).and_then(|fd| i32::try_from(fd).ok()).ok_or(Errno::ENOENT)?;
                self.file_of(id, fd).map_err(|_| Errno::ENOENT)?;
                if node.entry == PidEntry::Fds { PidEntry::Fd(fd) } else { PidEntry::FdInfo(fd) }
            }
            PidEntry::Task => return Err(Errno::ENOENT),
            _ => return Err(Errno::ENOTDIR),
        };
        Ok(Node::Pid(PidNode { entry, ..node }))
    }

    pub(crate) fn pid_readdir(&self, node: PidNode) -> Result<Vec<DirEntry>, Errno> {
        let id = self.tasks.find(node.pid).ok_or(Errno::ENOENT)?;
        let item = |name: String, node: PidNode| {
            let node = Node::Pid(node);
            DirEntry { name, kind: self.node_kind(node), ino: self.ino(node) }
        };
        Ok(match node.entry {
            PidEntry::Dir => {
                let rows = ENTRIES.iter().filter(|row| if node.thread { row.4 } else { row.3 });
                rows.map(|row| item(row.0.to_string(), PidNode { entry: row.2, ..node })).collect()
            }
            PidEntry::Task => {
                vec![item(node.pid.to_string(), PidNode { pid: node.pid, thread: true, entry: PidEntry::Dir })]
            }
            PidEntry::Fds | PidEntry::FdInfos => {
                let fds: Vec<i32> =
                    self.tasks[id].user().map(|user| user.fds.keys().copied().collect()).unwrap_or_default();
                let make = if node.entry == PidEntry::Fds { PidEntry::Fd } else { PidEntry::FdInfo };
                fds.into_iter().map(|fd| item(fd.to_string(), PidNode { entry: make(fd), ..node })).collect()
            }
            _ => return Err(Errno::ENOTDIR),
        })
    }

    pub(crate) fn pid_link(&self, node: PidNode) -> Result<Target, Errno> {
        let id = self.tasks.find(node.pid).ok_or(Errno::ENOENT)?;
        let user = self.tasks[id].user();
        match node.entry {
            PidEntry::Root => Ok(Target::Path("/".to_string())),
            PidEntry::Cwd => Ok(Target::Path(user.map_or("/", |user| &user.cwd).to_string())),
            // A kernel thread has no program.
            PidEntry::Exe => {
                let user = user.ok_or(Errno::ENOENT)?;
                let first = user.cmdline.split(|&byte| byte == 0).next().unwrap_or_default();
                let name = String::from_utf8_lossy(first);
                let name = name
                    .rsplit('/')
                    .next()
                    .filter(|name| !name.is_empty())
                    .map_or_else(|| self.tasks[id].c.comm_text(), str::to_string);
                Ok(Target::Path(format!("/bin/{name}")))
            }
            PidEntry::Fd(fd) => {
                let file = self.file_of(id, fd).ok().and_then(|file| self.file(file)).ok_or(Errno::ENOENT)?;
                Ok(Target::Jump(file.node, file.path.clone()))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// Text of a generated file.
    pub(crate) fn pid_file(&mut self, node: PidNode, _: TaskId) -> Result<Vec<u8>, Errno> {
        let id = self.tasks.find(node.pid).ok_or(Errno::ESRCH)?;
        let task = &self.tasks[id];
        let user = task.user();
        let file = match node.entry {
            PidEntry::File(file) => file,
            PidEntry::FdInfo(fd) => {
                let file = self.file_of(id, fd).ok().and_then(|file| self.file(file)).ok_or(Errno::ENOENT)?;
                return Ok(format!(
                    "pos:\t{}\nflags:\t0{:o}\nmnt_id:\t1\nino:\t{}\n",
                    file.pos,
                    file.flags,
                    self.ino(file.node)
                )
                .into_bytes());
            }
            _ => return Err(Errno::EISDIR),
        };
        let text = match file {
            PidFile::Cgroup => "0::/\n".to_string(),
            PidFile::Children => self
                .tasks
                .iter()
                .filter(|child| child.parent == id && child.pid > 0 && child.id != id)
                .map(|child| format!("{} ", child.pid))
                .collect(),
            PidFile::Cmdline => return Ok(user.map_or(Vec::new(), |user| user.cmdline.clone())),
            PidFile::Comm => format!("{}\n", task.name()),
            PidFile::Cpuset => "/\n".to_string(),
            PidFile::Environ => return Ok(user.map_or(Vec::new(), |_| b"HOME=/\0TERM=linux\0".to_vec())),
            PidFile::Io => {
                "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n"
                    .to_string()
            }
            PidFile::Limits => self.limits(),
            PidFile::Loginuid | PidFile::Sessionid => "4294967295".to_string(),
            PidFile::Maps if user.is_none() => String::new(),
            PidFile::Maps => MAPS.to_string(),
            PidFile::Mounts => {
                let mounts = self.vfs.mounts.iter().filter(|mount| mount.id != 0);
                mounts
                    .map(|mount| format!("{} {} {} {} 0 0\n", mount.source, mount.target, mount.fstype, mount.options))
                    .collect()
            }
            PidFile::Mountinfo => self.mountinfo(),
            PidFile::OomAdj | PidFile::OomScore | PidFile::OomScoreAdj => "0\n".to_string(),
            PidFile::Personality => "00000000\n".to_string(),
            PidFile::Sched => self.task_sched(task),
            PidFile::Schedstat => format!("{} 0 {}\n", task.se.sum_exec_ns, task.c.nvcsw.get() + task.c.nivcsw.get()),
            PidFile::Stack => self.task_stack(task),
            PidFile::Stat => self.task_stat(task, node.thread),
            PidFile::Statm if user.is_none() || task.has_exited() => "0 0 0 0 0 0 0\n".to_string(),
            PidFile::Statm => "565 432 417 388 0 77 0\n".to_string(),
            PidFile::Status => self.task_status(task),
            PidFile::Syscall if task.se.on_rq => "running\n".to_string(),
            PidFile::Syscall => "0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n".to_string(),
            PidFile::TimerslackNs => "50000\n".to_string(),
            PidFile::Wchan => self.task_wchan(task),
        };
        Ok(text.into_bytes())
    }

    /// Takes what user space writes to a generated file.
    pub(crate) fn pid_write(&mut self, node: PidNode, bytes: &[u8], caller: TaskId) -> Result<(), Errno> {
        let id = self.tasks.find(node.pid).ok_or(Errno::ESRCH)?;
        match node.entry {
            // A task's name can be changed by itself only.
            PidEntry::File(PidFile::Comm) if id == caller => {
                self.tasks[id].c.set_comm(&bytes[..bytes.len().min(15)]);
                Ok(())
            }
            PidEntry::File(
                PidFile::OomScoreAdj | PidFile::OomAdj | PidFile::Sched | PidFile::TimerslackNs | PidFile::Loginuid,
            ) => Ok(()),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The function a task sleeps in, `0` if it runs.
    pub(crate) fn task_wchan(&self, task: &Task) -> String {
        if task.state() == 0 || task.has_exited() {
            return "0".to_string();
        }
        // Functions of the scheduler and of locks are passed over, so the module's own shows.
        let passed_over = matches!(
            task.blocked_on,
            BlockedOn::Schedule
                | BlockedOn::Timeout
                | BlockedOn::WaitQueue(_)
                | BlockedOn::Completion(_)
                | BlockedOn::Mutex(_)
                | BlockedOn::Semaphore(_)
                | BlockedOn::RwsemRead(_)
                | BlockedOn::RwsemWrite(_)
        );
        match (&task.kind, task.blocked_on) {
            (TaskKind::System, BlockedOn::Schedule) => system_function(&task.name()).to_string(),
            (_, BlockedOn::Sleep) if task.state() == TASK_INTERRUPTIBLE => "msleep_interruptible".to_string(),
            (_, BlockedOn::Pipe(_)) => "pipe_read".to_string(),
            (_, what) => {
                let own =
                    if passed_over { task.slept_at.trace.ips().next().and_then(|ip| self.symbol(ip)) } else { None };
                own.map_or_else(
                    || what.wchan().to_string(),
                    |symbol| symbol.split('+').next().unwrap_or_default().to_string(),
                )
            }
        }
    }

    fn symbol(&self, ip: u64) -> Option<String> {
        self.vfs.symbolizer.as_ref().and_then(|symbolize| symbolize(ip))
    }

    fn task_stack(&self, task: &Task) -> String {
        if task.state() == 0 || task.has_exited() {
            return String::new();
        }
        self.task_frames(task).iter().map(|frame| format!("[<0>] {frame}\n")).collect()
    }

    /// Where a sleeping task is, innermost first: the functions of modules, and those of the kernel around them.
    pub(crate) fn task_frames(&self, task: &Task) -> Vec<String> {
        // A thread that has never run has no frames; where it was made is its creator's place.
        let ran = task.blocked_on != BlockedOn::NeverWoken;
        let own: Vec<String> = task.slept_at.trace.ips().filter(|_| ran).filter_map(|ip| self.symbol(ip)).collect();
        let wchan = self.task_wchan(task);
        let mut frames = Vec::new();
        if !own.first().is_some_and(|symbol| symbol.starts_with(&format!("{wchan}+"))) {
            frames.push(frame(&wchan));
        }
        frames.extend(own);
        let below: &[&str] = match &task.kind {
            TaskKind::System if wchan == "kthreadd" => &["ret_from_fork"],
            TaskKind::Idle => &[],
            TaskKind::Kthread(_) if wchan == "kthread" => &["ret_from_fork"],
            TaskKind::System | TaskKind::Kthread(_) => &["kthread", "ret_from_fork"],
            TaskKind::User(_) if wchan == "do_wait" => {
                &["kernel_wait4", "__do_sys_wait4", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"]
            }
            TaskKind::User(_) => &["do_syscall_64", "entry_SYSCALL_64_after_hwframe"],
        };
        frames.extend(below.iter().map(|name| frame(name)));
        frames
    }

    fn parent_pid(&self, task: &Task) -> i32 {
        self.tasks.get(task.parent).map_or(0, |parent| parent.pid)
    }

    /// The 52 fields.
    fn task_stat(&self, task: &Task, _: bool) -> String {
        let c = task.c;
        let letter = state_letter(task.state(), c.exit_state.get() as u32);
        // A program's addresses and sizes are those of a small static one.
        let user = task.user().filter(|_| !task.has_exited());
        let (vsize, rss) = if user.is_some() { (2_314_240, 432) } else { (0, 0) };
        let code: [u64; 3] = if user.is_some() { [4_198_400, 5_785_993, 140_721_969_108_144] } else { [0; 3] };
        let data: [u64; 7] = match user {
            Some(_) => [
                6_141_704,
                6_178_576,
                904_880_128,
                140_721_969_110_986,
                140_721_969_111_008,
                140_721_969_111_008,
                140_721_969_111_026,
            ],
            None => [0; 7],
        };
        let pgrp = task.user().map_or(0, |user| user.pgid);
        let ticks = |ns: u64| ns / USER_TICK_NS;
        let signals = &task.signals;
        let low = |set: u64| set & 0x7fff_ffff;
        let wchan = u8::from(task.state() != 0);
        let exit_signal = if task.pid > 2 || task.pid == 1 { SIGCHLD } else { 0 };
        let (prio, nice) = (task.se.prio() - MAX_RT_PRIO, task.se.nice);
        let fields = [
            format!(
                "{} ({}) {letter} {} {pgrp} 0 0 -1 {}",
                task.pid,
                escaped(&task.name()),
                self.parent_pid(task),
                c.flags.get()
            ),
            format!(
                "{} 0 {} 0 {} {} 0 0 {prio} {nice} 1 0",
                c.min_flt.get(),
                c.maj_flt.get(),
                ticks(c.utime.get()),
                ticks(c.stime.get())
            ),
            format!(
                "{} {vsize} {rss} {} {} {} {} 0 0",
                ticks(c.start_boottime.get()),
                u64::MAX,
                code[0],
                code[1],
                code[2]
            ),
            format!(
                "0 {} {} {} {wchan} 0 0 {exit_signal} {}",
                low(signals.blocked),
                low(signals.ignored),
                low(signals.handled),
                task.se.cpu
            ),
            format!("{} {} 0 0 0", task.se.rt_priority, task.se.policy),
            data.map(|number| number.to_string()).join(" "),
            c.exit_code.get().to_string(),
        ];
        fields.join(" ") + "\n"
    }

    /// Most processes of a user, and pending signals.
    fn process_limit(&self) -> u64 {
        self.memory_kib().0 / 262
    }

    fn task_status(&self, task: &Task) -> String {
        let c = task.c;
        let letter = state_letter(task.state(), c.exit_state.get() as u32);
        let (pid, umask) = (task.pid, task.user().map_or(0o022, |user| user.umask));
        let pgid = task.user().map_or(0, |user| user.pgid);
        let mut text = format!(
            "Name:\t{}\nUmask:\t{umask:04o}\nState:\t{letter} ({})\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\nPPid:\t{}\nTracerPid:\t0\n",
            escaped(&task.name()),
            state_word(letter),
            self.parent_pid(task),
        );
        text.push_str(&format!("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t \nNStgid:\t{pid}\nNSpid:\t{pid}\nNSpgid:\t{pgid}\nNSsid:\t0\n"));
        if task.user().is_some() && !task.has_exited() {
            text.push_str(VM_LINES);
        }
        let signals = &task.signals;
        text.push_str(&format!(
            "Threads:\t1\nSigQ:\t0/{}\nSigPnd:\t{:016x}\nShdPnd:\t{:016x}\n",
            self.process_limit(),
            0,
            signals.pending
        ));
        text.push_str(&format!(
            "SigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\n",
            signals.blocked, signals.ignored, signals.handled
        ));
        text.push_str(STATUS_TAIL);
        let mask = task.se.allowed & self.online_mask();
        text.push_str(&format!(
            "Cpus_allowed:\t{}\nCpus_allowed_list:\t{}\n",
            mask_text(mask, self.cpus.len()),
            list_text(mask)
        ));
        text.push_str(&format!("Mems_allowed:\t{}00000001\nMems_allowed_list:\t0\n", "00000000,".repeat(31)));
        text.push_str(&format!(
            "voluntary_ctxt_switches:\t{}\nnonvoluntary_ctxt_switches:\t{}\n",
            c.nvcsw.get(),
            c.nivcsw.get()
        ));
        text
    }

    fn task_sched(&self, task: &Task) -> String {
        let c = task.c;
        let mut text = format!("{} ({}, #threads: 1)\n{}\n", c.comm_text(), task.pid, "-".repeat(67));
        let times = [
            ("se.exec_start", task.se.exec_start_ns),
            ("se.vruntime", task.se.vruntime),
            ("se.sum_exec_runtime", task.se.sum_exec_ns),
        ];
        for (name, ns) in times {
            text.push_str(&format!("{name:<45}:{:14}.{:06}\n", ns / 1_000_000, ns % 1_000_000));
        }
        let rows = [
            ("se.nr_migrations", 0),
            ("nr_switches", c.nvcsw.get() + c.nivcsw.get()),
            ("nr_voluntary_switches", c.nvcsw.get()),
            ("nr_involuntary_switches", c.nivcsw.get()),
            ("se.load.weight", task.se.weight() * 1024),
            ("policy", u64::from(task.se.policy)),
            ("prio", task.se.prio() as u64),
        ];
        for (name, number) in rows {
            text.push_str(&format!("{name:<45}:{number:21}\n"));
        }
        text
    }

    fn limits(&self) -> String {
        let processes = self.process_limit().to_string();
        let u = "unlimited";
        let rows: [(&str, &str, &str, &str); 16] = [
            ("Max cpu time", u, u, "seconds"),
            ("Max file size", u, u, "bytes"),
            ("Max data size", u, u, "bytes"),
            ("Max stack size", "8388608", u, "bytes"),
            ("Max core file size", "0", u, "bytes"),
            ("Max resident set", u, u, "bytes"),
            ("Max processes", &processes, &processes, "processes"),
            ("Max open files", "1024", "4096", "files"),
            ("Max locked memory", "8388608", "8388608", "bytes"),
            ("Max address space", u, u, "bytes"),
            ("Max file locks", u, u, "locks"),
            ("Max pending signals", &processes, &processes, "signals"),
            ("Max msgqueue size", "819200", "819200", "bytes"),
            ("Max nice priority", "0", "0", ""),
            ("Max realtime priority", "0", "0", ""),
            ("Max realtime timeout", u, u, "us"),
        ];
        let mut text = format!("{:<25} {:<20} {:<20} {:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
        for (name, soft, hard, unit) in rows {
            text.push_str(&format!("{name:<25} {soft:<20} {hard:<20} "));
            text.push_str(&if unit.is_empty() { "\n".to_string() } else { format!("{unit:<10}\n") });
        }
        text
    }

    fn mountinfo(&self) -> String {
        let mut text = String::new();
        for mount in self.vfs.mounts.iter().filter(|mount| mount.id != 0) {
            let parent = if mount.target.matches('/').count() > 1 {
                self.vfs
                    .mounts
                    .iter()
                    .find(|above| above.id > 1 && mount.target.starts_with(&format!("{}/", above.target)))
                    .map_or(1, |above| above.id)
            } else {
                1
            };
            let (access, options) = mount
                .options
                .split_once(",relatime")
                .map_or((mount.options.as_str(), ""), |(access, rest)| (access, rest));
            let relatime = if mount.id == 1 { "" } else { ",relatime" };
            text.push_str(&format!(
                "{} {parent} 0:{} / {} {access}{relatime} - {} {} {access}{options}\n",
                mount.id,
                mount.id + 1,
                mount.target,
                mount.fstype,
                mount.source
            ));
        }
        text
    }

    /// Path of an open file of a task, as /proc/PID/fd shows it.
    pub fn fd_path(&self, task: TaskId, fd: i32) -> Option<&str> {
        let FileId(id) = self.file_of(task, fd).ok()?;
        self.vfs.files.get(&id).map(|file| file.path.as_str())
    }
}

/// A name in stat and status: newline and backslash escaped (`ESCAPE_SPACE | ESCAPE_SPECIAL` of just these two).
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('\n', "\\n")
}

/// The function that a kernel thread of the kernel's own sleeps in.
fn system_function(name: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 11] = [
        ("kworker/", "worker_thread"),
        ("kthreadd", "kthreadd"),
        ("rcu_preempt", "rcu_gp_kthread"),
        ("ksoftirqd/", "smpboot_thread_fn"),
        ("migration/", "smpboot_thread_fn"),
        ("cpuhp/", "smpboot_thread_fn"),
        ("kdevtmpfs", "devtmpfsd"),
        ("khungtaskd", "watchdog"),
        ("oom_reaper", "oom_reaper"),
        ("kcompactd", "kcompactd"),
        ("kswapd", "kswapd"),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| name.starts_with(prefix)).map_or("rescuer_thread", |&(_, function)| function)
}

/// A function with where in it the call returns to, in the kernel of the capture; others get a made-up place.
fn frame(function: &str) -> String {
    let place = match function {
        "msleep" => "0x29/0x40",
        "msleep_interruptible" => "0x32/0x70",
        "kthreadd" => "0x2bc/0x2d0",
        "worker_thread" => "0xaf/0x380",
        "kthread" => "0xda/0x100",
        "ret_from_fork" => "0x22/0x30",
        "do_wait" => "0x114/0x320",
        "kernel_wait4" => "0xb4/0x160",
        "__do_sys_wait4" => "0xa2/0xb0",
        "do_syscall_64" => "0x5d/0x90",
        "entry_SYSCALL_64_after_hwframe" => "0x6e/0xd8",
        _ => "0x5a/0xd0",
    };
    format!("{function}+{place}")
}

/// A CPU mask as `%*pb` prints it: hexadecimal digits for all CPUs of the machine, a comma after each 32 bits.
fn mask_text(mask: u64, cpus: usize) -> String {
    if cpus <= 32 {
        return format!("{mask:0width$x}", width = cpus.div_ceil(4));
    }
    format!("{:0width$x},{:08x}", mask >> 32, mask & 0xffff_ffff, width = (cpus - 32).div_ceil(4))
}

/// A CPU mask as `%*pbl` prints it: `0-1,3`.
fn list_text(mask: u64) -> String {
    let mut ranges = Vec::new();
    let mut cpu = 0;
    while cpu < 64 {
        if mask >> cpu & 1 == 0 {
            cpu += 1;
            continue;
        }
        let first = cpu;
        while cpu < 64 && mask >> cpu & 1 == 1 {
            cpu += 1;
        }
        ranges.push(if cpu - 1 == first { first.to_string() } else { format!("{first}-{}", cpu - 1) });
    }
    ranges.join(",")
}

const VM_LINES: &str = "VmPeak:\t    2260 kB\nVmSize:\t    2260 kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t    1728 kB\nVmRSS:\t    1728 kB\n\
    RssAnon:\t      60 kB\nRssFile:\t       4 kB\nRssShmem:\t    1664 kB\nVmData:\t     176 kB\nVmStk:\t     132 kB\nVmExe:\t    1552 kB\nVmLib:\t       8 kB\n\
    VmPTE:\t      28 kB\nVmSwap:\t       0 kB\nHugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n";

const STATUS_TAIL: &str = "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n\
    NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot vulnerable\nSpeculationIndirectBranch:\talways enabled\n";

const MAPS: &str = "00400000-00401000 r--p 00000000 00:02 12                                 /bin/busybox\n\
    00401000-00585000 r-xp 00001000 00:02 12                                 /bin/busybox\n\
    00585000-005db000 r--p 00185000 00:02 12                                 /bin/busybox\n\
    005db000-005e2000 r--p 001da000 00:02 12                                 /bin/busybox\n\
    005e2000-005e5000 rw-p 001e1000 00:02 12                                 /bin/busybox\n\
    7ffc62f91000-7ffc62fb2000 rw-p 00000000 00:00 0                          [stack]\n";

#[cfg(test)]
mod tests {
    use super::{list_text, mask_text};
    use crate::fs::testing::{user, with_user};
    use crate::task::TaskKind;
    use crate::{Errno, NewTask};

    #[test]
    fn cpu_masks_look_as_linux_prints_them() {
        for (mask, cpus, hex, list) in [
            (3, 2, "3", "0-1"),
            (0xff, 8, "ff", "0-7"),
            (0b1011, 4, "b", "0-1,3"),
            (1, 5, "01", "0"),
            (u64::MAX, 64, "ffffffff,ffffffff", "0-63"),
            (1 << 32, 33, "1,00000000", "32"),
            (0, 2, "0", ""),
        ] {
            assert_eq!(mask_text(mask, cpus), hex);
            assert_eq!(list_text(mask), list);
        }
    }

    #[test]
    fn stat_has_the_fields_of_linux_6_1() {
        let (mut kernel, a) = with_user();
        // As a 6.1 kernel shows kthreadd, but for the flags, the times and the start.
        let stat = kernel.read_text(a, "/proc/2/stat").unwrap();
        let flags = kernel.tasks[kernel.kthreadd].c.flags.get();
        assert_eq!(
            stat,
            format!(
                "2 (kthreadd) S 0 0 0 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
            )
        );
        let parent = kernel.kthreadd;
        let id =
            kernel.new_task(NewTask { name: b"we ird)n\\ame_that_is_long", parent, kind: TaskKind::System }).unwrap();
        kernel.tasks[id].se.policy = 1;
        kernel.tasks[id].se.rt_priority = 50;
        let pid = kernel.tasks[id].pid;
        for path in [format!("/proc/{pid}/stat"), "/proc/self/stat".to_string(), format!("/proc/{pid}/task/{pid}/stat")]
        {
            let stat = kernel.read_text(a, &path).unwrap();
            let tail = stat.rsplit_once(") ").unwrap().1;
            assert_eq!(tail.trim_end().split(' ').count(), 50, "{path}: {stat}");
            assert!(tail.trim_end().split(' ').skip(1).all(|field| field.parse::<i128>().is_ok()), "{stat}");
        }
        let stat = kernel.read_text(a, &format!("/proc/{pid}/stat")).unwrap();
        assert!(stat.starts_with(&format!("{pid} (we ird)n\\\\ame_that_is_long) R 2 0 0 0 -1 ")), "{stat}");
        assert!(stat.contains(" -51 0 1 0 "), "{stat}");
        assert_eq!(kernel.read_text(a, &format!("/proc/{pid}/comm")).unwrap(), "we ird)n\\ame_that_is_long\n");
        assert_eq!(kernel.read_text(a, "/proc/99999/stat"), Err(Errno::ENOENT));
    }

    #[test]
    fn kernel_threads_and_programs_have_their_files() {
        let (mut kernel, a) = with_user();
        let kworker =
            kernel.tasks.iter().find(|task| task.name().starts_with("kworker/0:0-")).map(|task| task.pid).unwrap();
        assert_eq!(kernel.read_text(a, &format!("/proc/{kworker}/comm")).unwrap(), "kworker/0:0-events\n");
        assert_eq!(kernel.read_text(a, &format!("/proc/{kworker}/wchan")).unwrap(), "worker_thread");
        assert_eq!(
            kernel.read_text(a, &format!("/proc/{kworker}/stack")).unwrap(),
            "[<0>] worker_thread+0xaf/0x380\n[<0>] kthread+0xda/0x100\n[<0>] ret_from_fork+0x22/0x30\n"
        );
        assert_eq!(
            kernel.read_text(a, "/proc/2/stack").unwrap(),
            "[<0>] kthreadd+0x2bc/0x2d0\n[<0>] ret_from_fork+0x22/0x30\n"
        );
        assert_eq!(kernel.read_text(a, "/proc/2/maps").unwrap(), "");
        assert_eq!(kernel.read_text(a, "/proc/2/cmdline").unwrap(), "");
        assert_eq!(kernel.sys_readlink(a, "/proc/2/exe"), Err(Errno::ENOENT));
        assert_eq!(kernel.sys_readlink(a, "/proc/2/cwd").as_deref(), Ok("/"));
        let status = kernel.read_text(a, "/proc/2/status").unwrap();
        assert!(
            status.starts_with(
                "Name:\tkthreadd\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t2\nNgid:\t0\nPid:\t2\nPPid:\t0\n"
            ),
            "{status}"
        );
        assert!(status.contains("Threads:\t1\nSigQ:\t0/1836\nSigPnd:\t0000000000000000\n"), "{status}");
        assert!(
            status.contains("SigIgn:\tffffffffffffffff\n")
                && status.contains("Cpus_allowed:\t3\nCpus_allowed_list:\t0-1\nMems_allowed:\t00000000,"),
            "{status}"
        );
        assert!(!status.contains("VmSize"));
        assert!(kernel.read_text(a, "/proc/self/status").unwrap().contains("\nVmRSS:\t    1728 kB\n"));
        // Every file that is listed can be read by somebody.
        for dir in
            ["/proc/1", "/proc/2", "/proc/self", "/proc/self/task/self", "/proc", "/proc/sys/kernel", "/proc/sys"]
        {
            let dir = dir.replace("task/self", &format!("task/{}", kernel.tasks[a].pid));
            // A directory shows what it has below a mount, as on Linux.
            for entry in kernel.sys_readdir(a, &dir).unwrap().into_iter().filter(|entry| entry.name != "sys") {
                let path = format!("{dir}/{}", entry.name);
                if entry.kind == crate::fs::FileKind::File {
                    assert!(kernel.read_text(a, &path).is_ok(), "{path}");
                }
                assert_eq!(
                    kernel.sys_stat(a, &path, false).map(|stat| (stat.kind, stat.ino)),
                    Ok((entry.kind, entry.ino)),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn a_name_is_changed_by_its_owner_only() {
        let (mut kernel, a) = with_user();
        let b = user(&mut kernel, "other");
        let mut write = |task, path: &str| {
            let id = kernel.open_path(task, path, 1, 0)?;
            let wrote = kernel.file_write(task, id, b"newname_is_too_long", &mut Default::default());
            let _ = kernel.put_file(id);
            wrote.map(|_| ())
        };
        assert_eq!(write(a, "/proc/2/comm"), Err(Errno::EINVAL));
        assert_eq!(write(a, "/proc/1/stat"), Err(Errno::EINVAL));
        assert_eq!(write(a, "/proc/version"), Err(Errno::EIO));
        assert_eq!(write(b, "/proc/self/comm"), Ok(()));
        let pid = kernel.tasks[b].pid;
        assert_eq!(kernel.read_text(a, &format!("/proc/{pid}/comm")).unwrap(), "newname_is_too_\n");
    }
}
