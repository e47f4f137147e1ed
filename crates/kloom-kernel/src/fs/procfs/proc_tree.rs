//! The entries of /proc: those modules make with `proc_create()` and its family, and the kernel's own.
//!
//! C header: include/linux/proc_fs.h. Behaviour follows Linux 6.1 fs/proc/generic.c and inode.c: removing an entry
//! first waits for calls under way, then releases the files still open; a call on a file whose entry is removed is
//! refused. Linux does not take a reference on the module, so an entry left behind is a dangling pointer to its code:
//! [`Kernel::proc_left_by`] lists them.

use std::collections::BTreeMap;

use kloom_abi::sched::{TASK_NORMAL, TASK_UNINTERRUPTIBLE};

use super::kernel_files::KernelFile;
use super::name_to_int;
use crate::Kernel;
use crate::fs::{DirEntry, FileId, FileKind, ModuleNode, Warning};
use crate::numbered::Numbered;
use crate::ops::{Op, Progress};
use crate::site::RawEvent;
use crate::task::{BlockedOn, TaskId};

/// An entry's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcId(pub u32);

/// /proc itself.
pub const ROOT: ProcId = ProcId(1);
/// The link /proc/self.
pub const SELF: ProcId = ProcId(2);
/// The link /proc/thread-self.
pub const THREAD_SELF: ProcId = ProcId(3);

/// What the operations of a module's entry are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcOpsKind {
    /// `struct proc_ops`.
    ProcOps,
    /// `struct file_operations`, before 5.6.
    FileOperations,
    /// `struct seq_operations` (`proc_create_seq()`).
    SeqOperations,
    /// The `show` function of `proc_create_single()`.
    SeqShow,
    /// `read_proc` of `create_proc_read_entry()`, before 3.10.
    ReadProc,
}

/// What an entry is.
#[derive(Clone, Debug)]
pub enum EntryKind {
    /// A directory: its entries by length of the name, then by name, as Linux orders them.
    Dir(BTreeMap<(usize, String), ProcId>),
    /// A symbolic link.
    Link(String),
    /// A file that the kernel generates.
    Kernel(KernelFile),
    /// Module code answers.
    Module {
        /// Address of the operations.
        ops: u64,
        /// What `ops` points to.
        kind: ProcOpsKind,
    },
}

/// An entry.
#[derive(Clone, Debug)]
pub struct ProcEntry {
    /// Name.
    pub name: String,
    /// Path from the root of the machine.
    pub path: String,
    /// The directory it is in.
    pub parent: ProcId,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Size shown (`proc_set_size()`).
    pub size: u64,
    /// `pde_data()`.
    pub data: u64,
    /// The module that made it.
    pub owner: Option<u32>,
    /// Where it was made.
    pub created: Option<RawEvent>,
    /// Calls of module code under way.
    in_use: u32,
    /// It is being removed.
    removed: bool,
    /// Who waits for the calls to end.
    waiters: Vec<TaskId>,
}

/// What a new entry is made of.
#[derive(Clone, Debug)]
pub struct NewEntry<'a> {
    /// Name, may start with a path below `parent`.
    pub name: &'a str,
    /// Mode as given; 0 means the default.
    pub mode: u32,
    /// The directory; None for /proc.
    pub parent: Option<ProcId>,
    /// `pde_data()`.
    pub data: u64,
    /// The module.
    pub owner: Option<u32>,
    /// Where.
    pub created: Option<RawEvent>,
}

/// What came of making an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The entry; None is `NULL` on Linux.
    pub entry: Option<ProcId>,
    /// What Linux warns of.
    pub warning: Option<Warning>,
}

/// What came of removing entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// 0, or the error of `remove_proc_subtree()`.
    pub ret: i32,
    /// What Linux warns of.
    pub warnings: Vec<Warning>,
    /// Open files of the entries: call the module's `release()` for each, then [`Kernel::file_released`].
    pub releases: Vec<(FileId, ModuleNode)>,
}

/// All entries.
#[derive(Clone, Debug)]
pub struct ProcTree {
    entries: Numbered<ProcEntry>,
}

const SOURCE: &str = "fs/proc/generic.c";

impl Default for ProcTree {
    fn default() -> Self {
        let mut tree = ProcTree { entries: Numbered::default() };
        tree.insert(ROOT, "/proc", EntryKind::Dir(BTreeMap::new()), 0o555, 0, None, None);
        for (name, id) in [("self", SELF), ("thread-self", THREAD_SELF)] {
            // Found by lookup, listed apart: no names of the root directory.
            let got = tree.insert(ROOT, name, EntryKind::Link(String::new()), 0o777, 0, None, None);
            debug_assert_eq!(got, id);
        }
        tree
    }
}

fn warning(line: u32, function: &'static str, message: String) -> Warning {
    Warning { file: SOURCE, line, function, message }
}

impl ProcTree {
    fn insert(
        &mut self,
        parent: ProcId,
        name: &str,
        kind: EntryKind,
        mode: u32,
        data: u64,
        owner: Option<u32>,
        created: Option<RawEvent>,
    ) -> ProcId {
        let path = self.get(parent).map_or("/proc".to_string(), |parent| format!("{}/{name}", parent.path));
        let entry = ProcEntry {
            name: name.into(),
            path,
            parent,
            kind,
            mode,
            size: 0,
            data,
            owner,
            created,
            in_use: 0,
            removed: false,
            waiters: Vec::new(),
        };
        ProcId(self.entries.push(entry))
    }

    /// Adds a directory of the kernel's own, or a file.
    pub(crate) fn add_own(&mut self, path: &str, kind: EntryKind, mode: u32) {
        let mut dir = ROOT;
        let mut parts = path.split('/').peekable();
        while let Some(name) = parts.next() {
            let known = self.child(dir, name);
            dir = match (known, parts.peek().is_some()) {
                (Some(id), _) => id,
                (None, true) => self.attach(dir, name, EntryKind::Dir(BTreeMap::new()), 0o555),
                (None, false) => self.attach(dir, name, kind.clone(), mode),
            };
        }
    }

    fn attach(&mut self, dir: ProcId, name: &str, kind: EntryKind, mode: u32) -> ProcId {
        let id = self.insert(dir, name, kind, mode, 0, None, None);
        if let Some(names) = self.names_mut(dir) {
            names.insert((name.len(), name.to_string()), id);
        }
        id
    }

    /// The directory that /proc/sys is mounted on.
    pub(crate) fn sysctl_dir(&self) -> ProcId {
        self.child(ROOT, "sys").unwrap_or(ROOT)
    }

    /// The entry of a number.
    pub fn get(&self, id: ProcId) -> Option<&ProcEntry> {
        self.entries.get(id.0)
    }

    fn names_mut(&mut self, dir: ProcId) -> Option<&mut BTreeMap<(usize, String), ProcId>> {
        match &mut self.entries.get_mut(dir.0)?.kind {
            EntryKind::Dir(names) => Some(names),
            _ => None,
        }
    }

    fn names(&self, dir: ProcId) -> Option<&BTreeMap<(usize, String), ProcId>> {
        match &self.get(dir)?.kind {
            EntryKind::Dir(names) => Some(names),
            _ => None,
        }
    }

    fn child(&self, dir: ProcId, name: &str) -> Option<ProcId> {
        self.names(dir)?.get(&(name.len(), name.to_string())).copied()
    }

    /// What an entry is.
    pub fn kind(&self, id: ProcId) -> FileKind {
        match self.get(id).map(|entry| &entry.kind) {
            Some(EntryKind::Dir(_)) => FileKind::Dir,
            Some(EntryKind::Link(_)) => FileKind::Link,
            _ => FileKind::File,
        }
    }

    /// Links of an entry as `stat()` shows them.
    pub fn nlink(&self, id: ProcId) -> u32 {
        match self.names(id) {
            Some(names) => 2 + names.values().filter(|&&id| self.kind(id) == FileKind::Dir).count() as u32,
            None => 1,
        }
    }

    /// The names of a directory; the inode numbers are the entries' own.
    pub(crate) fn readdir(&self, dir: ProcId) -> Vec<DirEntry> {
        let Some(names) = self.names(dir) else {
            return Vec::new();
        };
        names
            .iter()
            .map(|((_, name), &id)| DirEntry { name: name.clone(), kind: self.kind(id), ino: u64::from(id.0) })
            .collect()
    }

    /// The module code behind an entry.
    pub fn module_node(&self, id: ProcId) -> Option<ModuleNode> {
        let entry = self.get(id)?;
        match entry.kind {
            EntryKind::Module { ops, kind } => Some(ModuleNode::Proc { entry: id, ops, kind, data: entry.data }),
            _ => None,
        }
    }

    /// Sets the permission bits of an entry.
    pub fn set_mode(&mut self, id: ProcId, mode: u32) {
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.mode = mode;
        }
    }

    /// `proc_set_size()`.
    pub fn set_size(&mut self, id: ProcId, size: u64) {
        if let Some(entry) = self.entries.get_mut(id.0) {
            entry.size = size;
        }
    }

    /// A call of module code begins (`use_pde()`); false when the entry is removed.
    pub(crate) fn enter(&mut self, id: ProcId) -> bool {
        match self.entries.get_mut(id.0) {
            Some(entry) if !entry.removed => {
                entry.in_use += 1;
                true
            }
            _ => false,
        }
    }

    /// Walks the path in a name down to the directory of its last component (`__xlate_proc_name()`).
    fn translate<'n>(&self, name: &'n str, parent: Option<ProcId>) -> Result<(ProcId, &'n str), Warning> {
        let mut dir = parent.unwrap_or(ROOT);
        let mut rest = name;
        while let Some((part, tail)) = rest.split_once('/') {
            dir = self.child(dir, part).ok_or_else(|| warning(175, "__xlate_proc_name", format!("name '{name}'")))?;
            rest = tail;
        }
        Ok((dir, rest))
    }

    /// Makes an entry (`__proc_create()` and `proc_register()`).
    fn create(&mut self, new: &NewEntry<'_>, kind: EntryKind, mode: u32) -> Made {
        let failed = |warning| Made { entry: None, warning: Some(warning) };
        let (dir, name) = match self.translate(new.name, new.parent) {
            Ok(found) => found,
            Err(warning) => return failed(warning),
        };
        let function = "__proc_create";
        if name.is_empty() || name.len() >= 256 {
            return failed(warning(429, function, format!("name len {}", name.len())));
        }
        if name == "." || name == ".." {
            return failed(warning(if name == "." { 433 } else { 437 }, function, format!("name '{name}'")));
        }
        if dir == ROOT && name_to_int(name).is_some() {
            return failed(warning(441, function, format!("create '/proc/{name}' by hand")));
        }
        match self.names(dir) {
            Some(names) if !names.contains_key(&(name.len(), name.to_string())) => {}
            Some(_) => {
                let parent = self.shown_name(dir);
                return failed(warning(
                    400,
                    "proc_register",
                    format!("proc_dir_entry '{parent}/{name}' already registered"),
                ));
            }
            // Below a file: Linux would take its empty tree; nothing can be found there.
            None => {
                return failed(warning(175, "__xlate_proc_name", format!("name '{}'", new.name)));
            }
        }
        let id = self.insert(dir, name, kind, mode, new.data, new.owner, new.created);
        if let Some(names) = self.names_mut(dir) {
            names.insert((name.len(), name.to_string()), id);
        }
        Made { entry: Some(id), warning: None }
    }

    /// Name of a directory as Linux's messages have it.
    fn shown_name(&self, dir: ProcId) -> String {
        if dir == ROOT { "/proc".to_string() } else { self.get(dir).map_or(String::new(), |entry| entry.name.clone()) }
    }

    /// `proc_create_data()`, `proc_create_seq_data()`, … with operations of any kind.
    pub fn proc_create(&mut self, new: &NewEntry<'_>, ops: u64, kind: ProcOpsKind) -> Made {
        let kind_bits = new.mode & 0o170_000;
        if kind_bits != 0 && kind_bits != 0o100_000 {
            return Made { entry: None, warning: Some(warning(573, "proc_create_reg", String::new())) };
        }
        let mode = if new.mode & 0o7777 == 0 { 0o444 } else { new.mode & 0o7777 };
        self.create(new, EntryKind::Module { ops, kind }, mode)
    }

    /// `proc_mkdir_data()`.
    pub fn proc_mkdir(&mut self, new: &NewEntry<'_>) -> Made {
        let mode = if new.mode == 0 { 0o555 } else { new.mode & 0o7777 };
        self.create(new, EntryKind::Dir(BTreeMap::new()), mode)
    }

    /// `proc_symlink()`.
    pub fn proc_symlink(&mut self, new: &NewEntry<'_>, target: &str) -> Made {
        self.create(new, EntryKind::Link(target.to_string()), 0o777)
    }

    /// The entry and all below it, the deepest first.
    fn leaves_first(&self, id: ProcId, out: &mut Vec<ProcId>) {
        for &child in self.names(id).into_iter().flat_map(BTreeMap::values) {
            self.leaves_first(child, out);
        }
        out.push(id);
    }
}

impl Kernel {
    /// A call of module code on an entry has ended (`unuse_pde()`).
    pub(crate) fn proc_leave(&mut self, id: ProcId) {
        let Some(entry) = self.vfs.proc.entries.get_mut(id.0) else {
            return;
        };
        entry.in_use = entry.in_use.saturating_sub(1);
        if entry.in_use == 0 {
            for waiter in std::mem::take(&mut entry.waiters) {
                self.try_to_wake_up(waiter, TASK_NORMAL);
            }
        }
        // Whoever removes the entry sees what the call has done (pde_unload_lock, fs/proc/inode.c, 6.1).
        self.release(crate::order::FILE_CALLS);
    }

    /// Removes an entry (`remove_proc_entry()`). Polled: waits for calls under way. A directory goes even if it has
    /// entries, which are lost for good.
    ///
    /// # Context
    /// Process context; sleeps.
    pub fn remove_proc_entry(
        &mut self,
        caller: TaskId,
        name: &str,
        parent: Option<ProcId>,
        p: &mut Progress,
    ) -> Op<Removed> {
        if p.first() {
            let found = self.vfs.proc.translate(name, parent);
            let id = match found {
                Err(warning) => {
                    return Op::Done(Removed { warnings: vec![warning], ..Removed::default() });
                }
                Ok((dir, last)) => self.proc_detach(dir, last),
            };
            let Some(id) = id else {
                let warnings = vec![warning(734, "remove_proc_entry", format!("name '{name}'"))];
                return Op::Done(Removed { warnings, ..Removed::default() });
            };
            p.note = u64::from(id.0);
        }
        let id = ProcId(p.note as u32);
        if self.proc_wait_unused(caller, &[id]) {
            return Op::Block;
        }
        let mut removed = Removed::default();
        if let Some(entry) = self.vfs.proc.get(id)
            && let Some(leaked) = self.vfs.proc.names(id).and_then(|names| names.keys().next())
        {
            let parent = self.vfs.proc.shown_name(entry.parent);
            let message = format!(
                "remove_proc_entry: removing non-empty directory '{parent}/{}', leaking at least '{}'",
                entry.name, leaked.1
            );
            removed.warnings.push(warning(740, "remove_proc_entry", message));
        }
        self.proc_finish(id, &mut removed);
        Op::Done(removed)
    }

    /// Removes an entry and all below it (`remove_proc_subtree()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps.
    pub fn remove_proc_subtree(
        &mut self,
        caller: TaskId,
        name: &str,
        parent: Option<ProcId>,
        p: &mut Progress,
    ) -> Op<Removed> {
        if p.first() {
            let enoent = -kloom_abi::Errno::ENOENT.0;
            let id = match self.vfs.proc.translate(name, parent) {
                Err(warning) => {
                    return Op::Done(Removed { ret: enoent, warnings: vec![warning], ..Removed::default() });
                }
                Ok((dir, last)) => self.proc_detach(dir, last),
            };
            let Some(id) = id else {
                return Op::Done(Removed { ret: enoent, ..Removed::default() });
            };
            p.note = u64::from(id.0);
        }
        self.proc_rundown(caller, ProcId(p.note as u32))
    }

    /// Removes an entry given by its handle, and all below it (`proc_remove()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps.
    pub fn proc_remove(&mut self, caller: TaskId, id: ProcId, p: &mut Progress) -> Op<Removed> {
        if p.first() {
            let Some(entry) = self.vfs.proc.get(id) else {
                return Op::Done(Removed::default());
            };
            let (dir, name) = (entry.parent, entry.name.clone());
            let Some(id) = self.proc_detach(dir, &name) else {
                return Op::Done(Removed::default());
            };
            p.note = u64::from(id.0);
        }
        if p.note == 0 {
            return Op::Done(Removed::default());
        }
        self.proc_rundown(caller, ProcId(p.note as u32))
    }

    /// Takes a name out of a directory and refuses new calls to it and all below.
    fn proc_detach(&mut self, dir: ProcId, name: &str) -> Option<ProcId> {
        let id = self.vfs.proc.child(dir, name)?;
        if let Some(names) = self.vfs.proc.names_mut(dir) {
            names.remove(&(name.len(), name.to_string()));
        }
        if let Some(entry) = self.vfs.proc.entries.get_mut(id.0) {
            entry.removed = true;
        }
        Some(id)
    }

    fn proc_rundown(&mut self, caller: TaskId, top: ProcId) -> Op<Removed> {
        let mut all = Vec::new();
        self.vfs.proc.leaves_first(top, &mut all);
        for id in &all {
            if let Some(entry) = self.vfs.proc.entries.get_mut(id.0) {
                entry.removed = true;
            }
        }
        if self.proc_wait_unused(caller, &all) {
            return Op::Block;
        }
        let mut removed = Removed::default();
        for id in all {
            self.proc_finish(id, &mut removed);
        }
        Op::Done(removed)
    }

    /// Puts the caller to sleep if module code of one of the entries runs.
    fn proc_wait_unused(&mut self, caller: TaskId, ids: &[ProcId]) -> bool {
        for id in ids {
            if let Some(entry) = self.vfs.proc.entries.get_mut(id.0)
                && entry.in_use > 0
            {
                if !entry.waiters.contains(&caller) {
                    entry.waiters.push(caller);
                }
                self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
                self.block_on(caller, BlockedOn::Other("proc_entry_rundown"));
                return true;
            }
        }
        self.tasks[caller].c.set_task_state(kloom_abi::sched::TASK_RUNNING);
        self.tasks[caller].blocked_on = BlockedOn::Nothing;
        false
    }

    /// Forgets an unused entry and collects the files that are open on it.
    fn proc_finish(&mut self, id: ProcId, removed: &mut Removed) {
        self.vfs.proc.entries.remove(id.0);
        for (&file_id, file) in &mut self.vfs.files {
            if let Some(node @ ModuleNode::Proc { entry, .. }) = file.module
                && entry == id
                && file.opened
                && !file.released
            {
                file.released = true;
                removed.releases.push((FileId(file_id), node));
            }
        }
    }

    /// Entries that a module made and has not removed, oldest first.
    pub fn proc_left_by(&self, module: u32) -> Vec<(ProcId, &ProcEntry)> {
        self.vfs
            .proc
            .entries
            .iter()
            .filter(|(_, entry)| entry.owner == Some(module))
            .map(|(number, entry)| (ProcId(number), entry))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Made, NewEntry, ProcId, ProcOpsKind, ProcTree, Removed};
    use crate::fs::testing::{user, with_user};
    use crate::fs::{OpenPlan, ReadPlan};
    use crate::ops::{Op, Progress};
    use crate::{Errno, Kernel};

    fn new(name: &str, mode: u32) -> NewEntry<'_> {
        NewEntry { name, mode, parent: None, data: 5, owner: Some(1), created: None }
    }

    fn create(tree: &mut ProcTree, name: &str, mode: u32) -> Result<ProcId, String> {
        let made = tree.proc_create(&new(name, mode), 0x1000, ProcOpsKind::ProcOps);
        text(made)
    }

    fn text(made: Made) -> Result<ProcId, String> {
        assert_eq!(made.entry.is_some(), made.warning.is_none());
        made.entry
            .ok_or_else(|| made.warning.map_or(String::new(), |w| format!("{}:{} {}", w.line, w.function, w.message)))
    }

    fn remove(kernel: &mut Kernel, name: &str) -> Removed {
        let caller = kernel.init;
        match kernel.remove_proc_entry(caller, name, None, &mut Progress::default()) {
            Op::Done(removed) => removed,
            other => panic!("{other:?}"),
        }
    }

    /// Expectations are what a real 6.1 kernel printed for the same calls.
    #[test]
    fn names_are_checked_and_warned_of_as_linux_does() {
        let (mut kernel, _) = with_user();
        let tree = &mut kernel.vfs.proc;
        let xs = "b".repeat(256);
        let cases: &[(&str, Result<(), &str>)] = &[
            ("one", Ok(())),
            ("one", Err("400:proc_register proc_dir_entry '/proc/one' already registered")),
            ("nn/x", Err("175:__xlate_proc_name name 'nn/x'")),
            ("", Err("429:__proc_create name len 0")),
            (".", Err("433:__proc_create name '.'")),
            ("..", Err("437:__proc_create name '..'")),
            ("self", Ok(())),
            ("version", Err("400:proc_register proc_dir_entry '/proc/version' already registered")),
            ("1", Err("441:__proc_create create '/proc/1' by hand")),
            ("01", Ok(())),
            ("/abs", Err("175:__xlate_proc_name name '/abs'")),
            (&xs[1..], Ok(())),
            (&xs, Err("429:__proc_create name len 256")),
        ];
        for (name, expected) in cases {
            assert_eq!(
                create(tree, name, 0).map(|_| ()).map_err(|e| e.clone()),
                expected.map_err(str::to_string),
                "{name}"
            );
        }
        text(tree.proc_mkdir(&new("dd", 0))).unwrap();
        assert_eq!(
            text(tree.proc_mkdir(&new("dd", 0))),
            Err("400:proc_register proc_dir_entry '/proc/dd' already registered".into())
        );
        create(tree, "dd/x", 0o666).unwrap();
        assert_eq!(create(tree, "dd/x", 0), Err("400:proc_register proc_dir_entry 'dd/x' already registered".into()));
        assert_eq!(create(tree, "weird", 0o040_644), Err("573:proc_create_reg ".into()));
        let warn = |removed: Removed| {
            removed.warnings.into_iter().map(|w| format!("{}: {}", w.line, w.message)).collect::<Vec<_>>()
        };
        assert_eq!(warn(remove(&mut kernel, "missing")), ["734: name 'missing'"]);
        assert_eq!(warn(remove(&mut kernel, "dd/missing")), ["734: name 'dd/missing'"]);
        assert_eq!(warn(remove(&mut kernel, "nn/missing")), ["175: name 'nn/missing'"]);
        let left: Vec<String> = kernel.proc_left_by(1).iter().map(|(_, entry)| entry.path.clone()).collect();
        assert_eq!(left[..4], ["/proc/one", "/proc/self", "/proc/01", &format!("/proc/{}", &xs[1..])]);
        assert_eq!(
            warn(remove(&mut kernel, "dd")),
            ["740: remove_proc_entry: removing non-empty directory '/proc/dd', leaking at least 'x'"]
        );
        assert!(kernel.proc_left_by(1).iter().any(|(_, entry)| entry.path == "/proc/dd/x"), "lost for good");
        let caller = kernel.init;
        let Op::Done(removed) = kernel.remove_proc_subtree(caller, "perm", None, &mut Progress::default()) else {
            panic!()
        };
        assert_eq!((removed.ret, removed.warnings.len()), (-2, 0));
    }

    #[test]
    fn directories_list_short_names_first() {
        let (mut kernel, a) = with_user();
        text(kernel.vfs.proc.proc_mkdir(&new("d", 0))).unwrap();
        for name in ["d/zz", "d/b", "d/aaa", "d/a", "d/ab"] {
            create(&mut kernel.vfs.proc, name, 0).unwrap();
        }
        let names: Vec<String> =
            kernel.sys_readdir(a, "/proc/d").unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a", "b", "ab", "zz", "aaa"]);
        let Op::Done(removed) = kernel.remove_proc_subtree(a, "d", None, &mut Progress::default()) else { panic!() };
        assert_eq!(removed, Removed::default());
        assert!(kernel.proc_left_by(1).is_empty());
    }

    #[test]
    fn removal_waits_for_calls_and_releases_open_files() {
        let (mut kernel, a) = with_user();
        let b = user(&mut kernel, "rmmod");
        let id = create(&mut kernel.vfs.proc, "busy", 0o644).unwrap();
        let Ok(Op::Done(OpenPlan::Module { file, .. })) =
            kernel.sys_open(a, "/proc/busy", 0, 0, &mut Progress::default())
        else {
            panic!()
        };
        let fd = kernel.sys_open_finish(a, file, 0).unwrap();
        let Ok(Op::Done(ReadPlan::Module { pos: 0, max: 9, .. })) = kernel.sys_read(a, fd, 9, &mut Progress::default())
        else {
            panic!()
        };
        let mut p = Progress::default();
        assert_eq!(kernel.proc_remove(b, id, &mut p), Op::Block, "read() runs");
        assert_eq!(kernel.tasks[b].state(), 2);
        assert_eq!(kernel.sys_stat(a, "/proc/busy", true).map(|_| ()), Err(Errno::ENOENT));
        assert_eq!(kernel.sys_read(a, fd, 9, &mut Progress::default()), Err(Errno::EIO), "no new call");
        kernel.module_call_done(file);
        assert_eq!(kernel.tasks[b].state(), 0, "woken by the end of read()");
        let Op::Done(removed) = kernel.proc_remove(b, id, &mut p) else { panic!() };
        assert_eq!(removed.releases.iter().map(|(file, _)| *file).collect::<Vec<_>>(), [file]);
        kernel.file_released(file);
        assert_eq!(kernel.sys_read(a, fd, 9, &mut Progress::default()), Err(Errno::EIO));
        assert_eq!(kernel.sys_ioctl(a, fd, 1, &[]), Err(Errno::ENOTTY));
        assert_eq!(kernel.sys_close(a, fd), Ok(crate::fs::ClosePlan::Done), "release() was called already");
        assert!(kernel.vfs.files.is_empty());
    }

    #[test]
    fn a_failed_open_leaves_nothing_behind() {
        let (mut kernel, a) = with_user();
        let id = create(&mut kernel.vfs.proc, "no", 0).unwrap();
        let Ok(Op::Done(OpenPlan::Module { file, .. })) =
            kernel.sys_open(a, "/proc/no", 0, 0, &mut Progress::default())
        else {
            panic!()
        };
        assert_eq!(kernel.sys_open_finish(a, file, -16), Err(Errno::EBUSY));
        assert!(kernel.vfs.files.is_empty());
        assert!(matches!(kernel.proc_remove(a, id, &mut Progress::default()), Op::Done(_)));
    }
}
