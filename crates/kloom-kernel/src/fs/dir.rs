//! Names: stat, readdir, mkdir, unlink, rename, mknod, links, chdir, mount.
//!
//! Behaviour follows Linux 6.1 fs/namei.c, fs/stat.c. In /proc a name that is not there cannot be made (`ENOENT`) and
//! one that is there cannot be removed (`EPERM`); in sysfs both are `EPERM`.

use kloom_abi::Errno;

use super::file::PIPE_INO_BASE;
use super::kernfs::{DEBUGFS, KernKind, SYSCTL, SYSFS};
use super::path::{Last, Place, Target};
use super::procfs::pid_files::PidEntry;
use super::tmpfs::{Ino, InodeKind};
use super::{Dev, DirEntry, FileKind, Mount, Node, Stat};
use crate::Kernel;
use crate::task::TaskId;

/// First inode number of /proc entries (fs/proc/generic.c `PROC_DYNAMIC_FIRST`).
const PROC_INO_BASE: u64 = 0xf000_0000;

impl Kernel {
    /// What is at a path; `follow` a link there.
    ///
    /// # Errors
    /// Those of the path.
    pub fn sys_stat(&self, caller: TaskId, path: &str, follow: bool) -> Result<Stat, Errno> {
        let place = self.walk(caller, path, follow)?;
        self.stat_node(place.node())
    }

    /// What is open under a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn sys_fstat(&self, caller: TaskId, fd: i32) -> Result<Stat, Errno> {
        let id = self.file_of(caller, fd)?;
        let file = self.file(id).ok_or(Errno::EBADF)?;
        self.stat_node(file.node)
    }

    /// What a node is.
    ///
    /// # Errors
    /// `ENOENT` when it has gone.
    pub fn stat_node(&self, node: Node) -> Result<Stat, Errno> {
        let mut stat = Stat {
            kind: self.node_kind(node),
            size: 0,
            mode: 0,
            rdev: Dev::default(),
            ino: self.ino(node),
            nlink: 1,
            mtime_ns: self.wall_ns(),
        };
        match node {
            Node::Tmp(ino) => {
                let inode = self.vfs.tmp.get(ino).ok_or(Errno::ENOENT)?;
                stat.mode = inode.mode;
                stat.nlink = inode.nlink;
                stat.mtime_ns = inode.mtime_ns;
                match &inode.kind {
                    InodeKind::Dir(names) => stat.size = 40 + 20 * names.len() as u64,
                    InodeKind::File(content) => stat.size = content.len() as u64,
                    InodeKind::Link(target) => stat.size = target.len() as u64,
                    InodeKind::Chr(dev) | InodeKind::Blk(dev) => stat.rdev = *dev,
                    InodeKind::Fifo(_) => {}
                }
            }
            Node::Proc(id) => {
                let entry = self.vfs.proc.get(id).ok_or(Errno::ENOENT)?;
                stat.mode = entry.mode;
                stat.size = entry.size;
                stat.nlink = self.vfs.proc.nlink(id);
                if id == super::procfs::proc_tree::ROOT {
                    stat.nlink += self.tasks.len() as u32;
                }
            }
            Node::Pid(node) => {
                self.tasks.find(node.pid).ok_or(Errno::ENOENT)?;
                stat.mode = node.mode(self);
                stat.nlink = match node.entry {
                    PidEntry::Dir => 9,
                    PidEntry::Task => 3,
                    PidEntry::Fds | PidEntry::FdInfos => 2,
                    _ => 1,
                };
                stat.size = if matches!(node.entry, PidEntry::Fd(_)) { 64 } else { 0 };
            }
            Node::Kern(id) => {
                let node = self.vfs.kern.get(id).ok_or(Errno::ENOENT)?;
                stat.mode = node.mode;
                match &node.kind {
                    KernKind::Dir(names) => {
                        stat.nlink = 2 + names.values().filter(|id| self.vfs.kern.is_dir(**id)).count() as u32
                    }
                    KernKind::File(_) if self.vfs.kern.root_of(id) == SYSFS => stat.size = 4096,
                    _ => {}
                }
            }
            Node::Pipe(_) => stat.mode = 0o600,
        }
        Ok(stat)
    }

    /// Inode number of a node.
    pub fn ino(&self, node: Node) -> u64 {
        match node {
            Node::Tmp(ino) => u64::from(ino.0),
            Node::Proc(id) if id == super::procfs::proc_tree::ROOT => 1,
            Node::Proc(id) => PROC_INO_BASE + u64::from(id.0),
            Node::Pid(node) => node.ino(),
            Node::Kern(id) => u64::from(id.0),
            Node::Pipe(id) => PIPE_INO_BASE + u64::from(id),
        }
    }

    /// The names of a directory, `.` and `..` left out, in the file system's order.
    ///
    /// # Errors
    /// `ENOTDIR` and those of the path.
    pub fn sys_readdir(&self, caller: TaskId, path: &str) -> Result<Vec<DirEntry>, Errno> {
        let node = self.walk(caller, path, true)?.node();
        if !self.is_dir(node) {
            return Err(Errno::ENOTDIR);
        }
        Ok(match node {
            Node::Tmp(ino) => self.vfs.tmp.readdir(ino),
            Node::Proc(id) => self.proc_readdir(id, caller),
            Node::Pid(node) => self.pid_readdir(node)?,
            Node::Kern(id) => self.vfs.kern.readdir(id),
            Node::Pipe(_) => Vec::new(),
        })
    }

    /// The text of a symbolic link.
    ///
    /// # Errors
    /// `EINVAL` if it is none.
    pub fn sys_readlink(&self, caller: TaskId, path: &str) -> Result<String, Errno> {
        let node = self.walk(caller, path, false)?.node();
        match self.link_target(node, caller)? {
            Target::Path(path) | Target::Jump(_, path) => Ok(path),
        }
    }

    /// Notes that a directory has changed.
    pub(crate) fn touch(&mut self, dir: Ino) {
        let now_ns = self.wall_ns();
        if let Some(inode) = self.vfs.tmp.get_mut(dir) {
            inode.mtime_ns = now_ns;
        }
    }

    /// Makes a name for something new.
    fn make(&mut self, caller: TaskId, path: &str, is_dir: bool, kind: InodeKind, mode: u32) -> Result<(), Errno> {
        let (dir, last, slash) = self.walk_parent(caller, path)?;
        let Last::Name(name) = last else {
            return Err(Errno::EEXIST);
        };
        let node = dir.node();
        if self.lookup(node, &name, caller).is_ok() {
            return Err(Errno::EEXIST);
        }
        let parent = match node {
            Node::Tmp(parent) if self.vfs.tmp.get(parent).is_some_and(|inode| inode.nlink > 0) => parent,
            Node::Kern(id) if self.vfs.kern.root_of(id) != SYSCTL => return Err(Errno::EPERM),
            _ => return Err(Errno::ENOENT),
        };
        if slash && !is_dir {
            return Err(Errno::ENOENT);
        }
        let umask = self.tasks.get(caller).and_then(|task| task.user()).map_or(0, |user| user.umask);
        let mode = if matches!(kind, InodeKind::Link(_)) { 0o777 } else { mode & 0o7777 & !umask };
        let now_ns = self.wall_ns();
        let ino = self.vfs.tmp.make(kind, mode, now_ns);
        self.vfs.tmp.link(parent, &name, ino);
        self.touch(parent);
        Ok(())
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// `EEXIST`, `ENOENT`, `EPERM`, …
    pub fn sys_mkdir(&mut self, caller: TaskId, path: &str, mode: u32) -> Result<(), Errno> {
        self.make(caller, path, true, InodeKind::Dir(Default::default()), mode & 0o1777)
    }

    /// Makes a file, a device node or a fifo.
    ///
    /// # Errors
    /// As mkdir; `EPERM` for a directory.
    pub fn sys_mknod(&mut self, caller: TaskId, path: &str, kind: FileKind, mode: u32, rdev: Dev) -> Result<(), Errno> {
        let kind = match kind {
            FileKind::File => InodeKind::File(Default::default()),
            FileKind::Chr => InodeKind::Chr(rdev),
            FileKind::Blk => InodeKind::Blk(rdev),
            FileKind::Fifo => InodeKind::Fifo(None),
            FileKind::Dir => return Err(Errno::EPERM),
            FileKind::Link => return Err(Errno::EINVAL),
        };
        self.make(caller, path, false, kind, mode)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// As mkdir.
    pub fn sys_symlink(&mut self, caller: TaskId, target: &str, path: &str) -> Result<(), Errno> {
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        self.make(caller, path, false, InodeKind::Link(target.to_string()), 0o777)
    }

    /// The tmpfs directory and inode of a name that is to go, or the errno of file systems where none can.
    fn removable(&self, caller: TaskId, dir: &Place, name: &str) -> Result<(Ino, Ino), Errno> {
        let node = self.lookup(dir.node(), name, caller)?;
        match (dir.node(), node) {
            (Node::Tmp(parent), Node::Tmp(ino)) => Ok((parent, ino)),
            _ => Err(Errno::EPERM),
        }
    }

    fn is_mount_point(&self, node: Node) -> bool {
        self.vfs.mounts.iter().any(|mount| mount.on == Some(node))
    }

    /// Removes a name of something that is no directory.
    ///
    /// # Errors
    /// `EISDIR`, `EPERM`, `ENOENT`, …
    pub fn sys_unlink(&mut self, caller: TaskId, path: &str) -> Result<(), Errno> {
        let (dir, last, slash) = self.walk_parent(caller, path)?;
        let Last::Name(name) = last else {
            return Err(Errno::EISDIR);
        };
        let node = self.lookup(dir.node(), &name, caller)?;
        if slash {
            return Err(if self.is_dir(node) { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        let (parent, ino) = self.removable(caller, &dir, &name)?;
        if self.vfs.tmp.is_dir(ino) {
            return Err(Errno::EISDIR);
        }
        self.vfs.tmp.detach(parent, &name);
        self.vfs.tmp.drop_link(ino);
        self.touch(parent);
        Ok(())
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `ENOTDIR`, `ENOTEMPTY`, `EBUSY`, `EINVAL`, `EPERM`, …
    pub fn sys_rmdir(&mut self, caller: TaskId, path: &str) -> Result<(), Errno> {
        let (dir, last, _) = self.walk_parent(caller, path)?;
        let name = match last {
            Last::Name(name) => name,
            Last::Dot => return Err(Errno::EINVAL),
            Last::DotDot => return Err(Errno::ENOTEMPTY),
            Last::Root => return Err(Errno::EBUSY),
        };
        let (parent, ino) = self.removable(caller, &dir, &name)?;
        if !self.vfs.tmp.is_dir(ino) {
            return Err(Errno::ENOTDIR);
        }
        if self.is_mount_point(Node::Tmp(ino)) {
            return Err(Errno::EBUSY);
        }
        if self.vfs.tmp.names(ino).is_some_and(|names| !names.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.vfs.tmp.detach(parent, &name);
        self.vfs.tmp.drop_link(ino);
        self.touch(parent);
        Ok(())
    }

    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// `EXDEV`, `EINVAL`, `EISDIR`, `ENOTDIR`, `ENOTEMPTY`, `EBUSY`, `EPERM`, `ENOENT`, …
    pub fn sys_rename(&mut self, caller: TaskId, from: &str, to: &str) -> Result<(), Errno> {
        let (from_dir, from_last, from_slash) = self.walk_parent(caller, from)?;
        let (to_dir, to_last, to_slash) = self.walk_parent(caller, to)?;
        let (Last::Name(from_name), Last::Name(to_name)) = (from_last, to_last) else {
            return Err(Errno::EBUSY);
        };
        let node = self.lookup(from_dir.node(), &from_name, caller)?;
        let (from_parent, to_parent) = match (from_dir.node(), to_dir.node()) {
            (Node::Tmp(from), Node::Tmp(to)) => (from, to),
            (Node::Proc(_) | Node::Pid(_), Node::Proc(_) | Node::Pid(_)) => {
                // A lookup of the new name comes first and finds nothing.
                self.lookup(to_dir.node(), &to_name, caller)?;
                return Err(Errno::EPERM);
            }
            (Node::Kern(_), Node::Kern(_)) => return Err(Errno::EPERM),
            _ => return Err(Errno::EXDEV),
        };
        let Node::Tmp(ino) = node else {
            return Err(Errno::EPERM);
        };
        let is_dir = self.vfs.tmp.is_dir(ino);
        if !is_dir && (from_slash || to_slash) {
            return Err(Errno::ENOTDIR);
        }
        if to_dir.passes(node) {
            return Err(Errno::EINVAL);
        }
        let old = self.vfs.tmp.child(to_parent, &to_name);
        if let Some(old) = old {
            if old == ino {
                return Ok(());
            }
            if from_dir.passes(Node::Tmp(old)) {
                return Err(Errno::ENOTEMPTY);
            }
            match (is_dir, self.vfs.tmp.is_dir(old)) {
                (false, true) => return Err(Errno::EISDIR),
                (true, false) => return Err(Errno::ENOTDIR),
                _ => {}
            }
        }
        if self.is_mount_point(node) || old.is_some_and(|old| self.is_mount_point(Node::Tmp(old))) {
            return Err(Errno::EBUSY);
        }
        if let Some(old) = old {
            if self.vfs.tmp.names(old).is_some_and(|names| !names.is_empty()) {
                return Err(Errno::ENOTEMPTY);
            }
            self.vfs.tmp.detach(to_parent, &to_name);
            self.vfs.tmp.drop_link(old);
        }
        self.vfs.tmp.detach(from_parent, &from_name);
        self.vfs.tmp.link(to_parent, &to_name, ino);
        self.touch(from_parent);
        self.touch(to_parent);
        Ok(())
    }

    /// Changes permission bits.
    ///
    /// # Errors
    /// `EPERM` in /proc/sys, and those of the path.
    pub fn sys_chmod(&mut self, caller: TaskId, path: &str, mode: u32) -> Result<(), Errno> {
        let mode = mode & 0o7777;
        match self.walk(caller, path, true)?.node() {
            Node::Tmp(ino) => {
                if let Some(inode) = self.vfs.tmp.get_mut(ino) {
                    inode.mode = mode;
                }
            }
            Node::Proc(id) => self.vfs.proc.set_mode(id, mode),
            Node::Kern(id) => {
                if self.vfs.kern.root_of(id) == SYSCTL {
                    return Err(Errno::EPERM);
                }
                if let Some(node) = self.vfs.kern.get_mut(id) {
                    node.mode = mode;
                }
            }
            Node::Pid(_) | Node::Pipe(_) => return Err(Errno::EPERM),
        }
        Ok(())
    }

    /// Changes the working directory.
    ///
    /// # Errors
    /// `ENOTDIR` and those of the path.
    pub fn sys_chdir(&mut self, caller: TaskId, path: &str) -> Result<(), Errno> {
        let place = self.walk(caller, path, true)?;
        if !self.is_dir(place.node()) {
            return Err(Errno::ENOTDIR);
        }
        let cwd = place.path();
        match self.tasks.get_mut(caller).and_then(|task| task.user_mut()) {
            Some(user) => user.cwd = cwd,
            None => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// The working directory.
    ///
    /// # Errors
    /// `ENOENT` when it has been removed.
    pub fn sys_getcwd(&self, caller: TaskId) -> Result<String, Errno> {
        self.walk(caller, ".", true).map(|place| place.path())
    }

    /// Mounts a file system. One that is there already stays and the call succeeds.
    ///
    /// # Errors
    /// `ENODEV` for an unknown type, `ENOTDIR`, `ENOENT`.
    pub fn sys_mount(&mut self, caller: TaskId, source: &str, target: &str, fstype: &str) -> Result<(), Errno> {
        let place = self.walk(caller, target, true)?;
        let on = place.node();
        if !self.is_dir(on) {
            return Err(Errno::ENOTDIR);
        }
        let (root, options) = match fstype {
            "proc" => (Node::Proc(super::procfs::proc_tree::ROOT), "rw,relatime"),
            "sysfs" => (Node::Kern(SYSFS), "rw,relatime"),
            "debugfs" => (Node::Kern(DEBUGFS), "rw,relatime"),
            "devtmpfs" => (Node::Tmp(self.vfs.devs.devtmpfs), "rw,relatime,mode=755,inode64"),
            "tmpfs" | "ramfs" => {
                let now_ns = self.wall_ns();
                (
                    Node::Tmp(self.vfs.tmp.make(InodeKind::Dir(Default::default()), 0o1777, now_ns)),
                    "rw,relatime,inode64",
                )
            }
            "devpts" | "cgroup" | "cgroup2" | "tracefs" | "securityfs" | "configfs" | "bpf" | "pstore" | "mqueue" => {
                return Ok(());
            }
            _ => return Err(Errno::ENODEV),
        };
        if on == root {
            return Ok(());
        }
        let id = self.vfs.mounts.iter().map(|mount| mount.id).max().unwrap_or(0) + 1;
        let mount = Mount {
            source: source.into(),
            target: place.path(),
            fstype: fstype.into(),
            options: options.into(),
            root,
            on: Some(on),
            id,
        };
        self.vfs.mounts.push(mount);
        Ok(())
    }

    /// Takes away what was mounted on a directory last.
    ///
    /// # Errors
    /// `EINVAL` when nothing is mounted there, `EBUSY` while files or working directories are in it.
    pub fn sys_umount(&mut self, caller: TaskId, target: &str) -> Result<(), Errno> {
        let place = self.walk(caller, target, true)?;
        let path = place.path();
        let at = self.vfs.mounts.iter().rposition(|mount| {
            mount.root == place.node() && mount.target == path && mount.on.is_some() && mount.id != 0
        });
        let Some(at) = at else {
            return Err(Errno::EINVAL);
        };
        let inside = |other: &str| other == path || other.starts_with(&format!("{path}/"));
        let busy = self.vfs.files.values().any(|file| inside(&file.path))
            || self.tasks.iter().filter_map(|task| task.user()).any(|user| inside(&user.cwd))
            || self
                .vfs
                .mounts
                .iter()
                .enumerate()
                .any(|(other, mount)| other != at && mount.id != 0 && inside(&mount.target));
        if busy {
            return Err(Errno::EBUSY);
        }
        self.vfs.mounts.remove(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Errno;
    use crate::fs::FileKind;
    use crate::fs::testing::with_user;

    /// Expectations are those of a real 6.1 kernel.
    #[test]
    fn names_are_made_and_removed_as_on_linux() {
        let (mut kernel, a) = with_user();
        let long = "x".repeat(256);
        let steps: &[(&str, &str, &str, Result<(), Errno>)] = &[
            ("mkdir", "/tmp", "", Err(Errno::EEXIST)),
            ("mkdir", "/", "", Err(Errno::EEXIST)),
            ("mkdir", "/tmp/d/", "", Ok(())),
            ("mkdir", "/tmp/d/e", "", Ok(())),
            ("mkdir", "/nope/x", "", Err(Errno::ENOENT)),
            ("mkdir", "/dev/null/x", "", Err(Errno::ENOTDIR)),
            ("mkdir", &long, "", Err(Errno::ENAMETOOLONG)),
            ("mkdir", "/proc/foo", "", Err(Errno::ENOENT)),
            ("mkdir", "/proc/version", "", Err(Errno::EEXIST)),
            ("mkdir", "/sys/foo", "", Err(Errno::EPERM)),
            ("unlink", "/proc/version", "", Err(Errno::EPERM)),
            ("unlink", "/sys/module", "", Err(Errno::EPERM)),
            ("unlink", "/tmp/d", "", Err(Errno::EISDIR)),
            ("unlink", "/tmp/none", "", Err(Errno::ENOENT)),
            ("rmdir", "/sys/module", "", Err(Errno::EPERM)),
            ("rmdir", "/", "", Err(Errno::EBUSY)),
            ("rmdir", "/dev", "", Err(Errno::EBUSY)),
            ("rmdir", "/tmp/d/.", "", Err(Errno::EINVAL)),
            ("rmdir", "/tmp/d/e/..", "", Err(Errno::ENOTEMPTY)),
            ("rmdir", "/tmp/d", "", Err(Errno::ENOTEMPTY)),
            ("rename", "/proc/version", "/proc/two", Err(Errno::ENOENT)),
            ("rename", "/proc/version", "/tmp/two", Err(Errno::EXDEV)),
            ("rename", "/tmp", "/tmp/x", Err(Errno::EINVAL)),
            ("rename", "/tmp/d", "/tmp/d/e/f", Err(Errno::EINVAL)),
            ("rename", "/tmp/d/e", "/tmp/d", Err(Errno::ENOTEMPTY)),
            ("touch", "/tmp/f", "", Ok(())),
            ("rename", "/tmp/f", "/tmp/d", Err(Errno::EISDIR)),
            ("rename", "/tmp/d", "/tmp/f", Err(Errno::ENOTDIR)),
            ("rename", "/tmp/f", "/tmp/f", Ok(())),
            ("rename", "/tmp/f", "/tmp/d/f", Ok(())),
            ("rmdir", "/tmp/d/f", "", Err(Errno::ENOTDIR)),
            ("unlink", "/tmp/d/f/", "", Err(Errno::ENOTDIR)),
            ("rename", "/tmp/d", "/tmp/g", Ok(())),
            ("unlink", "/tmp/g/f", "", Ok(())),
            ("rmdir", "/tmp/g/e", "", Ok(())),
            ("rmdir", "/tmp/g", "", Ok(())),
            ("rmdir", "/tmp/g", "", Err(Errno::ENOENT)),
        ];
        for (what, path, to, expected) in steps {
            let got = match *what {
                "mkdir" => kernel.sys_mkdir(a, path, 0o777),
                "unlink" => kernel.sys_unlink(a, path),
                "rmdir" => kernel.sys_rmdir(a, path),
                "rename" => kernel.sys_rename(a, path, to),
                _ => kernel.sys_mknod(a, path, FileKind::File, 0o666, Default::default()),
            };
            assert_eq!(got, *expected, "{what} {path} {to}");
        }
        assert!(kernel.sys_readdir(a, "/tmp").unwrap().is_empty());
        assert_eq!(kernel.sys_stat(a, "/tmp", true).unwrap().nlink, 2);
    }

    #[test]
    fn the_root_looks_as_usual() {
        let (mut kernel, a) = with_user();
        let mut names: Vec<String> = kernel.sys_readdir(a, "/").unwrap().into_iter().map(|entry| entry.name).collect();
        names.sort();
        assert_eq!(names, ["bin", "dev", "etc", "proc", "root", "sbin", "sys", "tmp"]);
        assert_eq!(kernel.sys_stat(a, "/", true).unwrap().size, 40 + 20 * 8);
        assert_eq!(kernel.sys_readdir(a, "/dev/null").map(|_| ()), Err(Errno::ENOTDIR));
        assert_eq!(kernel.read_text(a, "/proc/mounts").unwrap().lines().next(), Some("rootfs / rootfs rw 0 0"));
        // Mounting what is there succeeds; something new can be mounted and taken away.
        assert_eq!(kernel.sys_mount(a, "proc", "/proc", "proc"), Ok(()));
        assert_eq!(kernel.sys_mount(a, "x", "/tmp", "nosuchfs"), Err(Errno::ENODEV));
        kernel.sys_mknod(a, "/tmp/below", FileKind::File, 0o644, Default::default()).unwrap();
        assert_eq!(kernel.sys_mount(a, "t", "/tmp", "tmpfs"), Ok(()));
        assert!(kernel.sys_readdir(a, "/tmp").unwrap().is_empty());
        kernel.sys_chdir(a, "/tmp").unwrap();
        assert_eq!(kernel.sys_umount(a, "/tmp"), Err(Errno::EBUSY));
        kernel.sys_chdir(a, "..").unwrap();
        assert_eq!(kernel.sys_umount(a, "/tmp"), Ok(()));
        assert_eq!(kernel.sys_umount(a, "/tmp"), Err(Errno::EINVAL));
        assert_eq!(kernel.sys_readdir(a, "/tmp").unwrap().len(), 1);
    }

    #[test]
    fn a_removed_working_directory_is_not_found() {
        let (mut kernel, a) = with_user();
        kernel.sys_mkdir(a, "/tmp/d", 0o755).unwrap();
        kernel.sys_chdir(a, "/tmp/d").unwrap();
        assert_eq!(kernel.sys_getcwd(a), Ok("/tmp/d".into()));
        kernel.sys_rmdir(a, "/tmp/d").unwrap();
        assert_eq!(kernel.sys_getcwd(a), Err(Errno::ENOENT));
        assert_eq!(kernel.sys_stat(a, "x", true).map(|_| ()), Err(Errno::ENOENT));
        assert_eq!(kernel.sys_chdir(a, "/"), Ok(()));
        assert_eq!(kernel.sys_chdir(a, "/dev/null"), Err(Errno::ENOTDIR));
    }
}
