//! A kernel for tests: the syscalls over an in-memory tree, pipes, processes and virtual time, round robin, no modules but
//! names.
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test binary uses its part")]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use kloom_shell::sys::{
    Clock, DirEntry, Errno, FileKind, LogRecord, Mark, Program, SigAction, Stat, Sys, SysPort, SysResult, SysValue,
    Syscall, SyslogOp, Utsname, WaitFor, WaitStatus, flags,
};
use kloom_shell::{ScenarioError, parse, sh};

type Bytes = Rc<RefCell<Vec<u8>>>;

#[derive(Clone)]
enum Node {
    Dir,
    File(Bytes, u32),
    Null,
}

#[derive(Clone)]
enum Kind {
    File(Bytes),
    Null,
    PipeRead(usize),
    PipeWrite(usize),
    Out,
    Err,
}

struct Open {
    kind: Kind,
    offset: usize,
    flags: u32,
}

type OpenFile = Rc<RefCell<Open>>;

struct Process {
    program: Option<Program>,
    port: SysPort,
    fds: BTreeMap<i32, OpenFile>,
    cwd: String,
    parent: i32,
    comm: String,
    argv: Vec<String>,
    pending: Option<Syscall>,
    wake_at: Option<u64>,
    ended: Option<WaitStatus>,
    actions: BTreeMap<i32, SigAction>,
    caught: Vec<i32>,
    nice: i32,
}

/// The machine.
pub struct Kernel {
    tree: BTreeMap<String, Node>,
    processes: BTreeMap<i32, Process>,
    pipes: Vec<VecDeque<u8>>,
    next_pid: i32,
    pub now: u64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub marks: Vec<Mark>,
    pub log: Vec<LogRecord>,
    modules: Vec<String>,
    pub syscalls: u64,
}

/// What a script did.
#[derive(Debug)]
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    /// `None`: it never ended (deadlock or too many syscalls).
    pub status: Option<i32>,
    pub now: u64,
    pub marks: Vec<Mark>,
    pub syscalls: u64,
}

const LIMIT: u64 = 3_000_000;

impl Kernel {
    pub fn new() -> Kernel {
        let mut kernel = Kernel {
            tree: BTreeMap::new(),
            processes: BTreeMap::new(),
            pipes: Vec::new(),
            next_pid: 100,
            now: 1_000_000_000,
            stdout: Vec::new(),
            stderr: Vec::new(),
            marks: Vec::new(),
            log: Vec::new(),
            modules: Vec::new(),
            syscalls: 0,
        };
        for dir in ["/", "/tmp", "/dev", "/proc", "/root", "/etc"] {
            kernel.tree.insert(dir.into(), Node::Dir);
        }
        kernel.tree.insert("/dev/null".into(), Node::Null);
        kernel
    }

    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        self.tree.insert(path.into(), Node::File(Rc::new(RefCell::new(bytes.to_vec())), 0o644));
    }

    /// A kernel thread as ps would see it; nothing runs.
    pub fn kthread(&mut self, pid: i32, comm: &str) {
        let (_, port) = Sys::new();
        self.processes.insert(
            pid,
            Process {
                program: None,
                port,
                fds: BTreeMap::new(),
                cwd: "/".into(),
                parent: 2,
                comm: comm.into(),
                argv: Vec::new(),
                pending: None,
                wake_at: None,
                ended: None,
                actions: BTreeMap::new(),
                caught: Vec::new(),
                nice: 0,
            },
        );
    }

    fn spawn(&mut self, build: Box<dyn FnOnce(Sys) -> Program>, parent: i32) -> i32 {
        let pid = self.next_pid;
        self.next_pid += 1;
        let (sys, port) = Sys::new();
        let program = Some(build(sys));
        let (mut fds, mut cwd, mut actions, mut comm, mut argv) =
            (BTreeMap::new(), "/tmp".to_string(), BTreeMap::new(), "sh".to_string(), vec!["sh".to_string()]);
        if let Some(p) = self.processes.get(&parent) {
            fds = p.fds.clone();
            cwd.clone_from(&p.cwd);
            actions = p.actions.clone();
            comm.clone_from(&p.comm);
            argv.clone_from(&p.argv);
        } else {
            for (fd, kind) in [(0, Kind::Null), (1, Kind::Out), (2, Kind::Err)] {
                fds.insert(fd, Rc::new(RefCell::new(Open { kind, offset: 0, flags: flags::O_RDWR })));
            }
        }
        self.processes.insert(
            pid,
            Process {
                program,
                port,
                fds,
                cwd,
                parent,
                comm,
                argv,
                pending: None,
                wake_at: None,
                ended: None,
                actions,
                caught: Vec::new(),
                nice: 0,
            },
        );
        pid
    }

    /// Runs a script to its end.
    pub fn run(mut self, source: &str, args: &[&str]) -> Result<Outcome, ScenarioError> {
        let script = parse::parse(source.as_bytes())?;
        let args = args.iter().map(|a| (*a).to_string()).collect();
        let main = self.spawn(Box::new(sh(script, args)), 1);
        let status = self.drive(main);
        Ok(Outcome {
            stdout: String::from_utf8_lossy(&self.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&self.stderr).into_owned(),
            status,
            now: self.now,
            marks: std::mem::take(&mut self.marks),
            syscalls: self.syscalls,
        })
    }

    fn drive(&mut self, main: i32) -> Option<i32> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut progress = false;
            let pids: Vec<i32> = self.processes.keys().copied().collect();
            for pid in pids {
                let Some(p) = self.processes.get_mut(&pid) else {
                    continue;
                };
                let Some(mut program) = p.program.take() else {
                    continue;
                };
                // What it asked for last time has to be done first.
                if let Some(call) = p.pending.take() {
                    self.syscalls += 1;
                    match self.attempt(pid, call) {
                        Ok(result) => {
                            if let Some(p) = self.processes.get_mut(&pid) {
                                p.wake_at = None;
                                p.port.reply(result);
                            }
                        }
                        Err(call) => {
                            if let Some(p) = self.processes.get_mut(&pid)
                                && p.ended.is_none()
                            {
                                p.pending = Some(call);
                                p.program = Some(program);
                            }
                            continue;
                        }
                    }
                    if self.processes.get(&pid).is_none_or(|p| p.ended.is_some()) {
                        progress = true;
                        continue;
                    }
                }
                progress = true;
                match program.as_mut().poll(&mut context) {
                    Poll::Ready(code) => self.end(pid, WaitStatus::Exited(code & 0xff)),
                    Poll::Pending => {
                        let p = self.processes.get_mut(&pid).expect("it was just polled");
                        p.pending = p.port.take_request();
                        assert!(p.pending.is_some(), "pending without a syscall");
                        p.program = Some(program);
                    }
                }
                if let Some(status) = self.processes.get(&main).and_then(|p| p.ended) {
                    return Some(match status {
                        WaitStatus::Exited(code) => code,
                        WaitStatus::Signaled(signal) => 128 + signal,
                    });
                }
            }
            if self.syscalls > LIMIT {
                return None;
            }
            if !progress {
                self.now = self.processes.values().filter_map(|p| p.wake_at).min()?.max(self.now);
            }
        }
    }

    fn end(&mut self, pid: i32, status: WaitStatus) {
        if let Some(p) = self.processes.get_mut(&pid) {
            p.ended = Some(status);
            p.program = None;
            p.fds.clear();
            p.pending = None;
            p.wake_at = None;
        }
        for p in self.processes.values_mut().filter(|p| p.parent == pid) {
            p.parent = 1;
        }
        self.processes.retain(|_, p| !(p.ended.is_some() && p.parent == 1 && p.comm != "sh"));
    }

    fn signal(&mut self, pid: i32, signal: i32) -> Result<(), Errno> {
        let p = self.processes.get_mut(&pid).filter(|p| p.ended.is_none()).ok_or(Errno::ESRCH)?;
        if signal == 0 {
            return Ok(());
        }
        match p.actions.get(&signal) {
            Some(SigAction::Ignore) if signal != 9 => {}
            Some(SigAction::Catch) if signal != 9 => p.caught.push(signal),
            // Kernel threads mind no signal; CHLD, CONT, URG and WINCH end nobody.
            _ if p.argv.is_empty() || matches!(signal, 17 | 18 | 23 | 28) => {}
            _ => self.end(pid, WaitStatus::Signaled(signal)),
        }
        Ok(())
    }

    fn resolve(&self, pid: i32, path: &str) -> String {
        let full =
            if path.starts_with('/') { path.to_string() } else { format!("{}/{path}", self.processes[&pid].cwd) };
        let mut parts: Vec<&str> = Vec::new();
        for part in full.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// Files of /proc, made when they are looked at.
    fn proc_file(&self, path: &str) -> Option<Vec<u8>> {
        if path == "/proc/modules" {
            return Some(self.modules.iter().map(|m| format!("{m} 16384 0 - Live 0x0\n")).collect::<String>().into());
        }
        let (pid, name) = path.strip_prefix("/proc/")?.split_once('/')?;
        let pid: i32 = pid.parse().ok()?;
        let p = self.processes.get(&pid)?;
        match name {
            "stat" => {
                let state = if p.ended.is_some() { "Z" } else { "S" };
                let fields: Vec<String> = (0..45).map(|_| "0".to_string()).collect();
                Some(format!("{pid} ({}) {state} {} {}\n", p.comm, p.parent, fields.join(" ")).into())
            }
            "cmdline" => Some(p.argv.iter().map(|a| format!("{a}\0")).collect::<String>().into()),
            "comm" => Some(format!("{}\n", p.comm).into()),
            _ => None,
        }
    }

    fn node(&self, path: &str) -> Result<Node, Errno> {
        if let Some(bytes) = self.proc_file(path) {
            return Ok(Node::File(Rc::new(RefCell::new(bytes)), 0o444));
        }
        match self.tree.get(path) {
            Some(node) => Ok(node.clone()),
            None => {
                let mut parent = path;
                while let Some((up, _)) = parent.rsplit_once('/') {
                    if matches!(self.tree.get(up), Some(Node::File(..))) {
                        return Err(Errno::ENOTDIR);
                    }
                    parent = up;
                }
                Err(Errno::ENOENT)
            }
        }
    }

    fn parent_is_dir(&self, path: &str) -> Result<(), Errno> {
        let up = path.rsplit_once('/').map_or("/", |(up, _)| if up.is_empty() { "/" } else { up });
        match self.tree.get(up) {
            Some(Node::Dir) => Ok(()),
            Some(_) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn add_fd(&mut self, pid: i32, kind: Kind, flags: u32, min: i32) -> i32 {
        let p = self.processes.get_mut(&pid).expect("the caller exists");
        let fd = (min..).find(|fd| !p.fds.contains_key(fd)).expect("there are enough numbers");
        p.fds.insert(fd, Rc::new(RefCell::new(Open { kind, offset: 0, flags })));
        fd
    }

    fn fd(&self, pid: i32, fd: i32) -> Result<OpenFile, Errno> {
        self.processes[&pid].fds.get(&fd).cloned().ok_or(Errno::EBADF)
    }

    fn ends(&self, pipe: usize, writing: bool) -> bool {
        self.processes.values().flat_map(|p| p.fds.values()).any(|f| match f.borrow().kind {
            Kind::PipeRead(id) => id == pipe && !writing,
            Kind::PipeWrite(id) => id == pipe && writing,
            _ => false,
        })
    }

    fn stat_of(node: &Node, path: &str) -> Stat {
        let (kind, size, mode) = match node {
            Node::Dir => (FileKind::Dir, 0, 0o755),
            Node::File(bytes, mode) => (FileKind::File, bytes.borrow().len() as u64, *mode),
            Node::Null => (FileKind::Chr, 0, 0o666),
        };
        Stat { kind, size, mode, rdev: (0, 0), ino: path.len() as u64, nlink: 1, mtime_ns: 0 }
    }

    /// `Err` gives the call back: it blocks.
    fn attempt(&mut self, pid: i32, call: Syscall) -> Result<SysResult, Syscall> {
        let caught = !self.processes[&pid].caught.is_empty();
        let result = match call {
            Syscall::Read { fd, max } => {
                let file = match self.fd(pid, fd) {
                    Ok(file) => file,
                    Err(e) => return Ok(Err(e)),
                };
                let mut file = file.borrow_mut();
                match file.kind.clone() {
                    Kind::File(bytes) => {
                        let bytes = bytes.borrow();
                        let start = file.offset.min(bytes.len());
                        let end = (start + max).min(bytes.len());
                        file.offset = end;
                        Ok(SysValue::Bytes(bytes[start..end].to_vec()))
                    }
                    Kind::PipeRead(id) => {
                        if self.pipes[id].is_empty() {
                            drop(file);
                            if self.ends(id, true) {
                                return if caught { Ok(Err(Errno::EINTR)) } else { Err(Syscall::Read { fd, max }) };
                            }
                            return Ok(Ok(SysValue::Bytes(Vec::new())));
                        }
                        let n = max.min(self.pipes[id].len());
                        Ok(SysValue::Bytes(self.pipes[id].drain(..n).collect()))
                    }
                    Kind::Null => Ok(SysValue::Bytes(Vec::new())),
                    _ => Err(Errno::EBADF),
                }
            }
            Syscall::Write { fd, bytes } => {
                let file = match self.fd(pid, fd) {
                    Ok(file) => file,
                    Err(e) => return Ok(Err(e)),
                };
                let mut file = file.borrow_mut();
                let n = bytes.len();
                match file.kind.clone() {
                    Kind::Out => self.stdout.extend(bytes),
                    Kind::Err => self.stderr.extend(bytes),
                    Kind::Null => {}
                    Kind::File(content) => {
                        if file.flags & flags::O_ACCMODE == flags::O_RDONLY {
                            return Ok(Err(Errno::EBADF));
                        }
                        let mut content = content.borrow_mut();
                        if file.flags & flags::O_APPEND != 0 {
                            file.offset = content.len();
                        }
                        let end = file.offset + n;
                        if content.len() < end {
                            content.resize(end, 0);
                        }
                        let start = file.offset;
                        content[start..end].copy_from_slice(&bytes);
                        file.offset = end;
                    }
                    Kind::PipeWrite(id) => {
                        drop(file);
                        if !self.ends(id, false) {
                            let ignored = self.processes[&pid].actions.get(&13) == Some(&SigAction::Ignore);
                            if !ignored {
                                self.end(pid, WaitStatus::Signaled(13));
                            }
                            return Ok(Err(Errno::EPIPE));
                        }
                        let room = 65536 - self.pipes[id].len().min(65536);
                        if room == 0 {
                            return Err(Syscall::Write { fd, bytes });
                        }
                        let n = n.min(room);
                        self.pipes[id].extend(&bytes[..n]);
                        return Ok(Ok(SysValue::Count(n)));
                    }
                    Kind::PipeRead(_) => return Ok(Err(Errno::EBADF)),
                }
                Ok(SysValue::Count(n))
            }
            Syscall::Nanosleep { ns } => {
                let now = self.now;
                let p = self.processes.get_mut(&pid).expect("the caller exists");
                let at = *p.wake_at.get_or_insert(now.saturating_add(ns));
                if now < at {
                    if caught {
                        return Ok(Ok(SysValue::Remaining(at - now)));
                    }
                    return Err(Syscall::Nanosleep { ns });
                }
                Ok(SysValue::Unit)
            }
            Syscall::Wait { which, nohang, timeout_ns } => {
                let fits = |child: i32| which == WaitFor::Any || which == WaitFor::Pid(child);
                let children: Vec<i32> =
                    self.processes.iter().filter(|(c, p)| p.parent == pid && fits(**c)).map(|(c, _)| *c).collect();
                let ended = children.iter().find_map(|c| self.processes[c].ended.map(|s| (*c, s)));
                if let Some((child, status)) = ended {
                    self.processes.remove(&child);
                    return Ok(Ok(SysValue::Wait(Some((child, status)))));
                }
                if children.is_empty() {
                    return Ok(Err(Errno::ECHILD));
                }
                if nohang {
                    return Ok(Ok(SysValue::Wait(None)));
                }
                if caught {
                    return Ok(Err(Errno::EINTR));
                }
                if let Some(ns) = timeout_ns {
                    let now = self.now;
                    let p = self.processes.get_mut(&pid).expect("the caller exists");
                    let at = *p.wake_at.get_or_insert(now + ns);
                    if now >= at {
                        return Ok(Ok(SysValue::Wait(None)));
                    }
                }
                return Err(Syscall::Wait { which, nohang, timeout_ns });
            }
            Syscall::Fork { child } => {
                let child = self.spawn(child, pid);
                Ok(SysValue::Pid(child))
            }
            Syscall::Yield => {
                self.now += 1000;
                Ok(SysValue::Unit)
            }
            other => self.simple(pid, other),
        };
        Ok(result)
    }

    /// The syscalls that never block.
    fn simple(&mut self, pid: i32, call: Syscall) -> SysResult {
        Ok(match call {
            Syscall::Open { path, flags: how, .. } => {
                let path = self.resolve(pid, &path);
                let writing = how & flags::O_ACCMODE != flags::O_RDONLY;
                let kind = match self.node(&path) {
                    Ok(_) if how & flags::O_EXCL != 0 => return Err(Errno::EEXIST),
                    Ok(Node::Dir) if writing => return Err(Errno::EISDIR),
                    Ok(Node::Dir) => return Err(Errno::EISDIR),
                    Ok(Node::Null) => Kind::Null,
                    Ok(Node::File(bytes, _)) => {
                        if how & flags::O_TRUNC != 0 {
                            bytes.borrow_mut().clear();
                        }
                        Kind::File(bytes)
                    }
                    Err(Errno::ENOENT) if how & flags::O_CREAT != 0 => {
                        self.parent_is_dir(&path)?;
                        let bytes = Bytes::default();
                        self.tree.insert(path, Node::File(bytes.clone(), 0o644));
                        Kind::File(bytes)
                    }
                    Err(e) => return Err(e),
                };
                SysValue::Fd(self.add_fd(pid, kind, how, 0))
            }
            Syscall::Close { fd } => {
                let p = self.processes.get_mut(&pid).expect("the caller exists");
                p.fds.remove(&fd).ok_or(Errno::EBADF)?;
                SysValue::Unit
            }
            Syscall::Lseek { fd, offset, whence } => {
                let file = self.fd(pid, fd)?;
                let mut file = file.borrow_mut();
                let Kind::File(bytes) = file.kind.clone() else {
                    return Err(Errno::ESPIPE);
                };
                let base = match whence {
                    flags::SEEK_SET => 0,
                    flags::SEEK_CUR => file.offset as i64,
                    _ => bytes.borrow().len() as i64,
                };
                file.offset = usize::try_from(base + offset).map_err(|_| Errno::EINVAL)?;
                SysValue::Offset(file.offset as u64)
            }
            Syscall::Pipe => {
                let id = self.pipes.len();
                self.pipes.push(VecDeque::new());
                let read = self.add_fd(pid, Kind::PipeRead(id), flags::O_RDONLY, 0);
                let write = self.add_fd(pid, Kind::PipeWrite(id), flags::O_WRONLY, 0);
                SysValue::Pipe { read, write }
            }
            Syscall::Dup2 { from, to } => {
                let file = self.fd(pid, from)?;
                self.processes.get_mut(&pid).expect("the caller exists").fds.insert(to, file);
                SysValue::Fd(to)
            }
            Syscall::DupMin { fd, min } => {
                let file = self.fd(pid, fd)?;
                let p = self.processes.get_mut(&pid).expect("the caller exists");
                let new = (min..).find(|n| !p.fds.contains_key(n)).expect("there are enough numbers");
                p.fds.insert(new, file);
                SysValue::Fd(new)
            }
            Syscall::Stat { path } => {
                let path = self.resolve(pid, &path);
                SysValue::Stat(Self::stat_of(&self.node(&path)?, &path))
            }
            Syscall::Readdir { path } => {
                let path = self.resolve(pid, &path);
                let Node::Dir = self.node(&path)? else {
                    return Err(Errno::ENOTDIR);
                };
                let prefix = if path == "/" { "/".to_string() } else { format!("{path}/") };
                let below = self.tree.iter().filter_map(|(p, n)| Some((p.strip_prefix(&prefix)?, p, n)));
                let mut entries: Vec<DirEntry> = below
                    .filter(|(name, ..)| !name.is_empty() && !name.contains('/'))
                    .map(|(name, path, node)| {
                        let stat = Self::stat_of(node, path);
                        DirEntry { name: name.into(), kind: stat.kind, ino: stat.ino }
                    })
                    .collect();
                if path == "/proc" {
                    for pid in self.processes.keys() {
                        entries.push(DirEntry { name: pid.to_string(), kind: FileKind::Dir, ino: 1 });
                    }
                }
                SysValue::Dir(entries)
            }
            Syscall::Mkdir { path, .. } => {
                let path = self.resolve(pid, &path);
                if self.node(&path).is_ok() {
                    return Err(Errno::EEXIST);
                }
                self.parent_is_dir(&path)?;
                self.tree.insert(path, Node::Dir);
                SysValue::Unit
            }
            Syscall::Unlink { path } => {
                let path = self.resolve(pid, &path);
                if let Node::Dir = self.node(&path)? {
                    return Err(Errno::EISDIR);
                }
                self.tree.remove(&path);
                SysValue::Unit
            }
            Syscall::Rmdir { path } => {
                let path = self.resolve(pid, &path);
                let Node::Dir = self.node(&path)? else {
                    return Err(Errno::ENOTDIR);
                };
                if self.tree.keys().any(|p| p.starts_with(&format!("{path}/"))) {
                    return Err(Errno::ENOTEMPTY);
                }
                self.tree.remove(&path);
                SysValue::Unit
            }
            Syscall::Rename { from, to } => {
                let (from, to) = (self.resolve(pid, &from), self.resolve(pid, &to));
                let node = self.node(&from)?;
                self.parent_is_dir(&to)?;
                self.tree.remove(&from);
                self.tree.insert(to, node);
                SysValue::Unit
            }
            Syscall::Chmod { path, mode } => {
                let path = self.resolve(pid, &path);
                if let Some(Node::File(_, old)) = self.tree.get_mut(&path) {
                    *old = mode;
                }
                SysValue::Unit
            }
            Syscall::Chdir { path } => {
                let path = self.resolve(pid, &path);
                let Node::Dir = self.node(&path)? else {
                    return Err(Errno::ENOTDIR);
                };
                self.processes.get_mut(&pid).expect("the caller exists").cwd = path;
                SysValue::Unit
            }
            Syscall::Getcwd => SysValue::Text(self.processes[&pid].cwd.clone()),
            Syscall::Exec { comm, argv } => {
                let p = self.processes.get_mut(&pid).expect("the caller exists");
                p.comm = comm.chars().take(15).collect();
                p.argv = argv;
                p.actions.retain(|_, a| *a == SigAction::Ignore);
                SysValue::Unit
            }
            Syscall::Kill { pid: target, signal } => {
                let target = if target == 0 { pid } else { target };
                self.signal(target, signal)?;
                SysValue::Unit
            }
            Syscall::Getpid => SysValue::Pid(pid),
            Syscall::Getppid => SysValue::Pid(self.processes[&pid].parent),
            Syscall::Sigaction { signal, action } => {
                self.processes.get_mut(&pid).expect("the caller exists").actions.insert(signal, action);
                SysValue::Unit
            }
            Syscall::TakeSignals => {
                SysValue::Signals(std::mem::take(&mut self.processes.get_mut(&pid).expect("the caller exists").caught))
            }
            Syscall::Uname => SysValue::Uname(Utsname {
                sysname: "Linux".into(),
                nodename: "kloom".into(),
                release: "6.1.0".into(),
                version: "#1 SMP".into(),
                machine: "x86_64".into(),
            }),
            Syscall::ClockGettime { clock } => SysValue::Time(match clock {
                Clock::Realtime => 1_700_000_000_000_000_000 + self.now,
                Clock::Monotonic => self.now,
                Clock::ProcessCpu => 0,
            }),
            Syscall::SchedGetaffinity { .. } => SysValue::Mask(3),
            Syscall::SchedGetscheduler { .. } => SysValue::Sched { policy: 0, priority: 0 },
            Syscall::Getpriority { .. } => SysValue::Nice(self.processes[&pid].nice),
            Syscall::Setpriority { nice, .. } => {
                self.processes.get_mut(&pid).expect("the caller exists").nice = nice;
                SysValue::Unit
            }
            Syscall::FinitModule { fd, .. } => {
                let file = self.fd(pid, fd)?;
                let file = file.borrow();
                let Kind::File(bytes) = &file.kind else {
                    return Err(Errno::EINVAL);
                };
                let name = String::from_utf8(bytes.borrow().clone()).map_err(|_| Errno::ENOEXEC)?;
                let Some(name) = name.strip_prefix("module ") else {
                    return Err(Errno::ENOEXEC);
                };
                if self.modules.iter().any(|m| m == name) {
                    return Err(Errno::EEXIST);
                }
                self.modules.push(name.to_string());
                SysValue::Unit
            }
            Syscall::DeleteModule { name, .. } => {
                let index = self.modules.iter().position(|m| *m == name).ok_or(Errno::ENOENT)?;
                self.modules.remove(index);
                SysValue::Unit
            }
            Syscall::Syslog { op } => match op {
                SyslogOp::ReadAll => SysValue::Log { records: self.log.clone(), next: self.log.len() as u64 },
                SyslogOp::Clear => {
                    self.log.clear();
                    SysValue::Unit
                }
                _ => SysValue::Unit,
            },
            Syscall::Mark(mark) => {
                self.marks.push(mark);
                SysValue::Unit
            }
            Syscall::Sync | Syscall::Mount { .. } | Syscall::Umount { .. } | Syscall::SchedSetaffinity { .. } => {
                SysValue::Unit
            }
            Syscall::Custom { .. } => return Err(Errno::ENOSYS),
            _ => return Err(Errno::ENOSYS),
        })
    }
}

/// Runs a script on a fresh machine.
#[track_caller]
pub fn run(source: &str) -> Outcome {
    match Kernel::new().run(source, &[]) {
        Ok(outcome) => outcome,
        Err(e) => panic!("{e}: {}\n{source}", e.snippet),
    }
}
