//! /proc: the entries modules make, the files the kernel generates, a directory for each task, the settings.
//!
//! C header: include/linux/proc_fs.h. Behaviour follows Linux 6.1 fs/proc/: names are listed by length and then by
//! bytes, tasks after everything else.

pub mod kernel_files;
pub mod pid_files;
pub mod proc_tree;
pub mod sysctl;

use kloom_abi::Errno;

use super::{DirEntry, FileKind, Node};
use crate::Kernel;
use crate::task::TaskId;
use pid_files::{PidEntry, PidNode};
use proc_tree::{EntryKind, ProcId, ROOT};

/// The number in a name, if it is one as Linux writes it: no sign, no leading zero.
pub(crate) fn name_to_int(name: &str) -> Option<u32> {
    if name.is_empty() || (name.len() > 1 && name.starts_with('0')) || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    name.parse().ok().filter(|&number: &u32| number < u32::MAX)
}

impl Kernel {
    pub(crate) fn proc_lookup(&self, dir: ProcId, name: &str) -> Result<Node, Errno> {
        let Some(entry) = self.vfs.proc.get(dir) else {
            return Err(Errno::ENOENT);
        };
        let EntryKind::Dir(names) = &entry.kind else {
            return Err(Errno::ENOTDIR);
        };
        if dir == ROOT {
            match name {
                "self" => return Ok(Node::Proc(proc_tree::SELF)),
                "thread-self" => return Ok(Node::Proc(proc_tree::THREAD_SELF)),
                _ => {}
            }
            if let Some(pid) = name_to_int(name).and_then(|pid| i32::try_from(pid).ok())
                && self.tasks.find(pid).is_some()
            {
                return Ok(Node::Pid(PidNode { pid, thread: false, entry: PidEntry::Dir }));
            }
        }
        names.get(&(name.len(), name.to_string())).map(|&id| Node::Proc(id)).ok_or(Errno::ENOENT)
    }

    pub(crate) fn proc_link(&self, id: ProcId, caller: TaskId) -> Result<String, Errno> {
        let pid = || self.tasks.get(caller).map(|task| task.pid).ok_or(Errno::ENOENT);
        match id {
            proc_tree::SELF => Ok(pid()?.to_string()),
            proc_tree::THREAD_SELF => pid().map(|pid| format!("{pid}/task/{pid}")),
            id => match self.vfs.proc.get(id).map(|entry| &entry.kind) {
                Some(EntryKind::Link(target)) => Ok(target.clone()),
                _ => Err(Errno::EINVAL),
            },
        }
    }

    pub(crate) fn proc_readdir(&self, dir: ProcId, _: TaskId) -> Vec<DirEntry> {
        let mut list = self.vfs.proc.readdir(dir);
        for entry in &mut list {
            entry.ino = self.ino(Node::Proc(ProcId(entry.ino as u32)));
        }
        if dir == ROOT {
            for (name, id) in [("self", proc_tree::SELF), ("thread-self", proc_tree::THREAD_SELF)] {
                list.push(DirEntry { name: name.to_string(), kind: FileKind::Link, ino: self.ino(Node::Proc(id)) });
            }
            for (pid, _) in self.tasks.by_pid() {
                let node = Node::Pid(PidNode { pid, thread: false, entry: PidEntry::Dir });
                list.push(DirEntry { name: pid.to_string(), kind: FileKind::Dir, ino: self.ino(node) });
            }
        }
        list
    }
}
