//! tmpfs: files in memory. Also what devtmpfs is made of.
//!
//! Behaviour follows Linux 6.1 mm/shmem.c: directories list the newest name first, a directory's size is 20 bytes a
//! name, all files together may take half of the machine's memory.

use std::collections::BTreeMap;
use std::rc::Rc;

use kloom_abi::Errno;

use super::{Dev, DirEntry, FileKind};
use crate::numbered::Numbered;

/// An inode's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ino(pub u32);

/// The root directory of the machine.
pub const ROOT: Ino = Ino(1);

/// Names of a directory: to each when it was made and what it names.
pub type Names = BTreeMap<String, (u64, Ino)>;

/// What an inode is.
#[derive(Clone, Debug)]
pub enum InodeKind {
    /// A directory.
    Dir(Names),
    /// A regular file.
    File(Rc<Vec<u8>>),
    /// A character device node.
    Chr(Dev),
    /// A block device node.
    Blk(Dev),
    /// A named pipe; the pipe exists while it is open.
    Fifo(Option<u32>),
    /// A symbolic link.
    Link(String),
}

/// An inode.
#[derive(Clone, Debug)]
pub struct Inode {
    /// What it is.
    pub kind: InodeKind,
    /// Permission bits.
    pub mode: u32,
    /// Names it has (a directory: 2 and one for each subdirectory).
    pub nlink: u32,
    /// Last modification.
    pub mtime_ns: u64,
    /// Open files.
    pub opens: u32,
}

/// All inodes.
#[derive(Clone, Debug)]
pub struct Tmpfs {
    inodes: Numbered<Inode>,
    names_made: u64,
    /// Bytes in files.
    pub bytes: u64,
}

impl Default for Tmpfs {
    fn default() -> Self {
        let mut tmp = Tmpfs { inodes: Numbered::default(), names_made: 0, bytes: 0 };
        let root = tmp.make(InodeKind::Dir(Names::new()), 0o755, 0);
        debug_assert_eq!(root, ROOT);
        tmp
    }
}

impl Tmpfs {
    /// A new inode without a name.
    pub fn make(&mut self, kind: InodeKind, mode: u32, now_ns: u64) -> Ino {
        let nlink = if matches!(kind, InodeKind::Dir(_)) { 2 } else { 1 };
        Ino(self.inodes.push(Inode { kind, mode, nlink, mtime_ns: now_ns, opens: 0 }))
    }

    /// The inode of a number.
    pub fn get(&self, ino: Ino) -> Option<&Inode> {
        self.inodes.get(ino.0)
    }

    /// The inode of a number.
    pub fn get_mut(&mut self, ino: Ino) -> Option<&mut Inode> {
        self.inodes.get_mut(ino.0)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self, ino: Ino) -> bool {
        matches!(self.get(ino), Some(Inode { kind: InodeKind::Dir(_), .. }))
    }

    /// The names in a directory.
    pub fn names(&self, dir: Ino) -> Option<&Names> {
        match &self.get(dir)?.kind {
            InodeKind::Dir(names) => Some(names),
            _ => None,
        }
    }

    /// What a name in a directory names.
    pub fn child(&self, dir: Ino, name: &str) -> Option<Ino> {
        self.names(dir)?.get(name).map(|&(_, ino)| ino)
    }

    /// Gives an inode a name; false if `dir` is no directory or has the name.
    pub fn link(&mut self, dir: Ino, name: &str, ino: Ino) -> bool {
        self.names_made += 1;
        let order = self.names_made;
        let child_is_dir = self.is_dir(ino);
        let Some(inode) = self.inodes.get_mut(dir.0) else {
            return false;
        };
        let InodeKind::Dir(names) = &mut inode.kind else {
            return false;
        };
        if names.contains_key(name) {
            return false;
        }
        names.insert(name.to_string(), (order, ino));
        if child_is_dir {
            inode.nlink += 1;
        }
        true
    }

    /// Takes a name away and returns what it named; the inode stays.
    pub fn detach(&mut self, dir: Ino, name: &str) -> Option<Ino> {
        let InodeKind::Dir(names) = &mut self.inodes.get_mut(dir.0)?.kind else {
            return None;
        };
        let (_, ino) = names.remove(name)?;
        if self.is_dir(ino)
            && let Some(inode) = self.inodes.get_mut(dir.0)
        {
            inode.nlink -= 1;
        }
        Some(ino)
    }

    /// An inode has lost a name: it goes when it has no other and nobody has it open.
    pub fn drop_link(&mut self, ino: Ino) {
        if let Some(inode) = self.inodes.get_mut(ino.0) {
            inode.nlink = if matches!(inode.kind, InodeKind::Dir(_)) { 0 } else { inode.nlink.saturating_sub(1) };
        }
        self.free_if_unused(ino);
    }

    /// Frees an inode without names and open files.
    pub fn free_if_unused(&mut self, ino: Ino) {
        if self.get(ino).is_some_and(|inode| inode.nlink == 0 && inode.opens == 0)
            && let Some(inode) = self.inodes.remove(ino.0)
            && let InodeKind::File(bytes) = inode.kind
        {
            self.bytes -= bytes.len() as u64;
        }
    }

    /// Writes into a file at `pos`; a gap is filled with zeros.
    ///
    /// # Errors
    /// `ENOSPC` when all files would take more than `limit` bytes, `EINVAL` if it is no regular file.
    pub fn write(&mut self, ino: Ino, pos: u64, bytes: &[u8], limit: u64, now_ns: u64) -> Result<usize, Errno> {
        let used = self.bytes;
        let Some(Inode { kind: InodeKind::File(content), mtime_ns, .. }) = self.inodes.get_mut(ino.0) else {
            return Err(Errno::EINVAL);
        };
        let end = pos.saturating_add(bytes.len() as u64);
        let growth = end.saturating_sub(content.len() as u64);
        if used.saturating_add(growth) > limit {
            return Err(Errno::ENOSPC);
        }
        let content = Rc::make_mut(content);
        if growth > 0 {
            content.resize(end as usize, 0);
        }
        content[pos as usize..end as usize].copy_from_slice(bytes);
        *mtime_ns = now_ns;
        self.bytes += growth;
        Ok(bytes.len())
    }

    /// Empties a file.
    pub fn truncate(&mut self, ino: Ino, now_ns: u64) {
        if let Some(Inode { kind: InodeKind::File(content), mtime_ns, .. }) = self.inodes.get_mut(ino.0) {
            self.bytes -= content.len() as u64;
            *content = Rc::default();
            *mtime_ns = now_ns;
        }
    }

    /// Kind of an inode.
    pub fn kind(&self, ino: Ino) -> FileKind {
        match self.get(ino).map(|inode| &inode.kind) {
            Some(InodeKind::Dir(_)) => FileKind::Dir,
            Some(InodeKind::Chr(_)) => FileKind::Chr,
            Some(InodeKind::Blk(_)) => FileKind::Blk,
            Some(InodeKind::Fifo(_)) => FileKind::Fifo,
            Some(InodeKind::Link(_)) => FileKind::Link,
            Some(InodeKind::File(_)) | None => FileKind::File,
        }
    }

    /// The names of a directory, newest first.
    pub fn readdir(&self, dir: Ino) -> Vec<DirEntry> {
        let Some(names) = self.names(dir) else {
            return Vec::new();
        };
        let mut list: Vec<_> = names.iter().collect();
        list.sort_by_key(|(_, (order, _))| std::cmp::Reverse(*order));
        list.into_iter()
            .map(|(name, &(_, ino))| DirEntry { name: name.clone(), kind: self.kind(ino), ino: u64::from(ino.0) })
            .collect()
    }
}
