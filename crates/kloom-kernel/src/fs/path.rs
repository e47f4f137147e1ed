//! From a path to a node.
//!
//! Behaviour follows Linux 6.1 fs/namei.c: components are at most 255 bytes, paths less than 4096, 40 symbolic links
//! at most; a trailing slash asks for a directory. The working directory is kept as a canonical path.

use kloom_abi::Errno;

use super::procfs::pid_files::PidEntry;
use super::tmpfs::InodeKind;
use super::{FileKind, Node};
use crate::Kernel;
use crate::fs::kernfs::KernKind;
use crate::task::TaskId;

const MAX_LINKS: u32 = 40;
const PATH_MAX: usize = 4096;
const NAME_MAX: usize = 255;

/// Where a walk has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The nodes from the root to here, each with its name.
    stack: Vec<(String, Node)>,
    /// A file reached through a link that bypasses the tree (`/proc/PID/fd/0`), with its own name.
    jumped: Option<(String, Node)>,
}

impl Place {
    /// The node.
    pub fn node(&self) -> Node {
        match &self.jumped {
            Some((_, node)) => *node,
            None => self.stack[self.stack.len() - 1].1,
        }
    }

    /// The canonical path.
    pub fn path(&self) -> String {
        if let Some((path, _)) = &self.jumped {
            return path.clone();
        }
        if self.stack.len() == 1 {
            return "/".to_string();
        }
        self.stack[1..].iter().map(|(name, _)| format!("/{name}")).collect()
    }

    /// Whether `node` is on the way from the root to here.
    pub fn passes(&self, node: Node) -> bool {
        self.stack.iter().any(|&(_, passed)| passed == node)
    }
}

/// The last component of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    /// A name.
    Name(String),
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// The path was `/`.
    Root,
}

/// What a symbolic link stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path.
    Path(String),
    /// Right there, whatever its name is.
    Jump(Node, String),
}

impl Kernel {
    fn root_place(&self) -> Place {
        Place { stack: vec![(String::new(), self.vfs.mounted(Node::Tmp(super::tmpfs::ROOT)))], jumped: None }
    }

    fn start_place(&self, caller: TaskId, path: &str, depth: &mut u32) -> Result<Place, Errno> {
        let root = self.root_place();
        if path.starts_with('/') {
            return Ok(root);
        }
        match self.tasks.get(caller).and_then(|task| task.user()) {
            Some(user) if user.cwd.len() > 1 => self.walk_from(root, caller, &user.cwd, true, depth),
            _ => Ok(root),
        }
    }

    /// Follows a path to its end; `follow` a symbolic link there, too.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `ELOOP`, `ENAMETOOLONG`, as Linux.
    pub fn walk(&self, caller: TaskId, path: &str, follow: bool) -> Result<Place, Errno> {
        check_path(path)?;
        let mut depth = 0;
        let start = self.start_place(caller, path, &mut depth)?;
        self.walk_from(start, caller, path, follow, &mut depth)
    }

    /// Follows a path to the directory of its last component. The flag says whether a slash trailed it.
    ///
    /// # Errors
    /// As [`Kernel::walk`].
    pub fn walk_parent(&self, caller: TaskId, path: &str) -> Result<(Place, Last, bool), Errno> {
        check_path(path)?;
        let mut depth = 0;
        let start = self.start_place(caller, path, &mut depth)?;
        self.walk_parent_from(start, caller, path, &mut depth)
    }

    pub(crate) fn walk_parent_from(
        &self,
        start: Place,
        caller: TaskId,
        path: &str,
        depth: &mut u32,
    ) -> Result<(Place, Last, bool), Errno> {
        let trimmed = path.trim_end_matches('/');
        let slash = trimmed.len() < path.len();
        let (dir, name) = match trimmed.rfind('/') {
            Some(at) => (&trimmed[..at + 1], &trimmed[at + 1..]),
            None => ("", trimmed),
        };
        let dir = self.walk_from(start, caller, dir, true, depth)?;
        if !self.is_dir(dir.node()) {
            return Err(Errno::ENOTDIR);
        }
        let last = match name {
            "" => Last::Root,
            "." => Last::Dot,
            ".." => Last::DotDot,
            name if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
            name => Last::Name(name.to_string()),
        };
        Ok((dir, last, slash))
    }

    pub(crate) fn walk_from(
        &self,
        mut place: Place,
        caller: TaskId,
        path: &str,
        follow: bool,
        depth: &mut u32,
    ) -> Result<Place, Errno> {
        if path.starts_with('/') {
            place = self.root_place();
        }
        let mut rest = path.trim_start_matches('/');
        let wants_dir = path.ends_with('/');
        while !rest.is_empty() {
            let (name, tail) = rest.split_once('/').unwrap_or((rest, ""));
            let tail = tail.trim_start_matches('/');
            let last = tail.is_empty();
            if !self.is_dir(place.node()) {
                return Err(Errno::ENOTDIR);
            }
            match name {
                "." => {}
                ".." => {
                    if place.stack.len() > 1 {
                        place.stack.pop();
                    }
                }
                name if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
                name => {
                    let child = self.lookup(place.node(), name, caller)?;
                    place = if self.node_kind(child) == FileKind::Link && (!last || follow || wants_dir) {
                        *depth += 1;
                        if *depth > MAX_LINKS {
                            return Err(Errno::ELOOP);
                        }
                        match self.link_target(child, caller)? {
                            Target::Path(target) if target.is_empty() => return Err(Errno::ENOENT),
                            Target::Path(target) => self.walk_from(place, caller, &target, true, depth)?,
                            Target::Jump(node, path) => Place { stack: place.stack, jumped: Some((path, node)) },
                        }
                    } else {
                        place.stack.push((name.to_string(), self.vfs.mounted(child)));
                        place
                    };
                }
            }
            rest = tail;
            if let Some((path, node)) = &place.jumped
                && self.is_dir(*node)
            {
                // A directory has a place in the tree after all.
                let path = path.clone();
                place = self.walk_from(self.root_place(), caller, &path, true, depth)?;
            }
        }
        if wants_dir && !self.is_dir(place.node()) {
            return Err(Errno::ENOTDIR);
        }
        Ok(place)
    }

    /// What a name in a directory names; mounts are not looked at.
    ///
    /// # Errors
    /// `ENOTDIR`, `ENOENT`.
    pub fn lookup(&self, dir: Node, name: &str, caller: TaskId) -> Result<Node, Errno> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        match dir {
            Node::Tmp(ino) if self.vfs.tmp.is_dir(ino) => {
                self.vfs.tmp.child(ino, name).map(Node::Tmp).ok_or(Errno::ENOENT)
            }
            Node::Proc(id) => self.proc_lookup(id, name),
            Node::Pid(node) => self.pid_lookup(node, name, caller),
            Node::Kern(id) if self.vfs.kern.is_dir(id) => {
                self.vfs.kern.child(id, name).map(Node::Kern).ok_or(Errno::ENOENT)
            }
            Node::Tmp(_) | Node::Kern(_) | Node::Pipe(_) => Err(Errno::ENOTDIR),
        }
    }

    /// What a symbolic link stands for.
    ///
    /// # Errors
    /// `EINVAL` if it is none, `ENOENT` when there is nothing behind it.
    pub fn link_target(&self, node: Node, caller: TaskId) -> Result<Target, Errno> {
        match node {
            Node::Tmp(ino) => match self.vfs.tmp.get(ino).map(|inode| &inode.kind) {
                Some(InodeKind::Link(target)) => Ok(Target::Path(target.clone())),
                _ => Err(Errno::EINVAL),
            },
            Node::Proc(id) => self.proc_link(id, caller).map(Target::Path),
            Node::Pid(node) => self.pid_link(node),
            Node::Kern(id) => match self.vfs.kern.get(id).map(|node| &node.kind) {
                Some(KernKind::Link(target)) => Ok(Target::Path(target.clone())),
                _ => Err(Errno::EINVAL),
            },
            Node::Pipe(_) => Err(Errno::EINVAL),
        }
    }

    /// Whether a node is a directory.
    pub fn is_dir(&self, node: Node) -> bool {
        self.node_kind(node) == FileKind::Dir
    }

    /// What a node is.
    pub fn node_kind(&self, node: Node) -> FileKind {
        match node {
            Node::Tmp(ino) => self.vfs.tmp.kind(ino),
            Node::Proc(id) => self.vfs.proc.kind(id),
            Node::Pid(node) => match node.entry {
                PidEntry::Dir | PidEntry::Task | PidEntry::Fds | PidEntry::FdInfos => FileKind::Dir,
                PidEntry::Cwd | PidEntry::Exe | PidEntry::Root | PidEntry::Fd(_) => FileKind::Link,
                PidEntry::File(_) | PidEntry::FdInfo(_) => FileKind::File,
            },
            Node::Kern(id) => match self.vfs.kern.get(id).map(|node| &node.kind) {
                Some(KernKind::Dir(_)) => FileKind::Dir,
                Some(KernKind::Link(_)) => FileKind::Link,
                _ => FileKind::File,
            },
            Node::Pipe(_) => FileKind::Fifo,
        }
    }
}

fn check_path(path: &str) -> Result<(), Errno> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    if path.len() >= PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.contains('\0') {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Errno;
    use crate::fs::testing::with_user;

    #[test]
    fn walks_as_linux_does() {
        let (mut kernel, a) = with_user();
        kernel.sys_mkdir(a, "/tmp/d", 0o755).unwrap();
        kernel.sys_mkdir(a, "/tmp/d/e", 0o755).unwrap();
        kernel.sys_symlink(a, "d/e", "/tmp/rel").unwrap();
        kernel.sys_symlink(a, "/tmp/d", "/tmp/abs").unwrap();
        kernel.sys_symlink(a, "b", "/tmp/a").unwrap();
        kernel.sys_symlink(a, "a", "/tmp/b").unwrap();
        kernel.sys_symlink(a, "/nowhere", "/tmp/dangling").unwrap();
        let long = "x".repeat(256);
        let deep = "/tmp/".repeat(900);
        let cases: &[(&str, Result<&str, Errno>)] = &[
            ("/", Ok("/")),
            ("//tmp///d//", Ok("/tmp/d")),
            ("/tmp/./d/../d/e/..", Ok("/tmp/d")),
            ("/../../tmp", Ok("/tmp")),
            ("/tmp/rel", Ok("/tmp/d/e")),
            ("/tmp/rel/..", Ok("/tmp/d")),
            ("/tmp/abs/e", Ok("/tmp/d/e")),
            ("tmp", Ok("/tmp")),
            ("", Err(Errno::ENOENT)),
            ("/nope", Err(Errno::ENOENT)),
            ("/nope/..", Err(Errno::ENOENT)),
            ("/tmp/a", Err(Errno::ELOOP)),
            ("/tmp/dangling", Err(Errno::ENOENT)),
            ("/dev/null", Ok("/dev/null")),
            ("/dev/null/", Err(Errno::ENOTDIR)),
            ("/dev/null/x", Err(Errno::ENOTDIR)),
            ("/dev/null/..", Err(Errno::ENOTDIR)),
            ("/proc/version/x", Err(Errno::ENOTDIR)),
            ("/proc/sys/kernel/../../version", Ok("/proc/version")),
            ("/sys/kernel/debug/..", Ok("/sys/kernel")),
            ("/proc/1/task/1/comm", Ok("/proc/1/task/1/comm")),
            ("/proc/1/task/2", Err(Errno::ENOENT)),
            ("/proc/01", Err(Errno::ENOENT)),
            ("/proc/99999", Err(Errno::ENOENT)),
            (&format!("/tmp/{long}"), Err(Errno::ENAMETOOLONG)),
            (&deep, Err(Errno::ENAMETOOLONG)),
        ];
        for (path, expected) in cases {
            let found = kernel.walk(a, path, true).map(|place| place.path());
            assert_eq!(found, expected.map(str::to_string), "{path}");
        }
        let pid = kernel.tasks[a].pid;
        assert_eq!(kernel.walk(a, "/proc/self/comm", true).unwrap().path(), format!("/proc/{pid}/comm"));
        assert_eq!(kernel.walk(a, "/proc/self", false).unwrap().path(), "/proc/self");
    }

    #[test]
    fn a_canonical_path_leads_to_the_same_node() {
        let (mut kernel, a) = with_user();
        kernel.sys_mkdir(a, "/tmp/d", 0o755).unwrap();
        kernel.sys_symlink(a, "../tmp/d", "/tmp/l").unwrap();
        let parts = ["tmp", "d", "l", "..", ".", "", "proc", "self", "1", "sys", "kernel", "dev"];
        let mut seed = 1u64;
        let mut hits = 0;
        for _ in 0..20_000 {
            let mut path = String::new();
            for _ in 0..5 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                path.push('/');
                path.push_str(parts[(seed >> 33) as usize % parts.len()]);
            }
            if let Ok(place) = kernel.walk(a, &path, true) {
                hits += 1;
                let canonical = place.path();
                assert!(!canonical.contains("//") && !canonical.contains("/."), "{path} -> {canonical}");
                assert_eq!(kernel.walk(a, &canonical, false).map(|again| again.node()), Ok(place.node()), "{path}");
                // From another working directory by a relative path, too.
                kernel.sys_chdir(a, "/tmp/l").unwrap();
                assert_eq!(kernel.sys_getcwd(a), Ok("/tmp/d".to_string()));
                let relative = format!("../../{}", path.trim_start_matches('/'));
                assert_eq!(kernel.walk(a, &relative, true).map(|again| again.node()), Ok(place.node()), "{relative}");
                kernel.sys_chdir(a, "/").unwrap();
            }
        }
        assert!(hits > 100, "{hits}");
    }
}
