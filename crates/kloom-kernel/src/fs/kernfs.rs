//! kernfs: the trees of sysfs, debugfs and /proc/sys.
//!
//! C header: include/linux/kernfs.h, include/linux/sysfs.h, include/linux/debugfs.h. Behaviour follows Linux 6.1
//! fs/kernfs/: a file can be opened for writing only if its mode has a write bit and for reading only with a read bit,
//! even by root; no name can be made or removed from user space.

use std::collections::BTreeMap;

use kloom_abi::Errno;

use super::procfs::sysctl::Sysctl;
use super::{DirEntry, FileKind};
use crate::Kernel;
use crate::module::ModuleState;
use crate::numbered::Numbered;
use crate::site::RawEvent;

/// A node's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernId(pub u32);

/// Root of sysfs.
pub const SYSFS: KernId = KernId(1);
/// Root of debugfs.
pub const DEBUGFS: KernId = KernId(2);
/// /proc/sys.
pub const SYSCTL: KernId = KernId(3);

/// What a node is.
#[derive(Clone, Debug)]
pub enum KernKind {
    /// A directory.
    Dir(BTreeMap<String, KernId>),
    /// A symbolic link.
    Link(String),
    /// A file.
    File(Attr),
}

/// What is in a file.
#[derive(Clone, Debug)]
pub enum Attr {
    /// A fixed text.
    Text(Vec<u8>),
    /// A kernel setting.
    Sysctl(Sysctl),
    /// Something about a loaded module.
    Module(u32, ModuleAttr),
    /// Module code answers; what the numbers mean is the business of the shim that added it.
    Ops {
        /// Address of the operations.
        ops: u64,
        /// Address of the object.
        object: u64,
        /// Anything.
        data: u64,
    },
}

/// The files of `/sys/module/NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the files")]
pub enum ModuleAttr {
    Coresize,
    Initsize,
    Initstate,
    Refcnt,
    Taint,
    /// One of `sections`: where it lies.
    Section(u64),
}

/// A node.
#[derive(Clone, Debug)]
pub struct KernNode {
    /// The directory it is in; a root is in itself.
    pub parent: KernId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: KernKind,
    /// Permission bits.
    pub mode: u32,
    /// The module that made it.
    pub owner: Option<u32>,
    /// Where it was made.
    pub created: Option<RawEvent>,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub struct Kernfs {
    nodes: Numbered<KernNode>,
    /// Values of the numbers in /proc/sys that live nowhere else.
    pub(crate) sysctl_values: BTreeMap<&'static str, i64>,
}

impl Kernfs {
    /// The roots and the directories every machine has.
    pub(crate) fn populate(&mut self) {
        for (root, mode) in [(SYSFS, 0o555), (DEBUGFS, 0o700), (SYSCTL, 0o555)] {
            let node = KernNode {
                parent: root,
                name: String::new(),
                kind: KernKind::Dir(BTreeMap::new()),
                mode,
                owner: None,
                created: None,
            };
            let number = self.nodes.push(node);
            debug_assert_eq!(root.0, number);
        }
        for path in [
            "block",
            "bus",
            "class/mem",
            "class/misc",
            "class/tty",
            "dev/char",
            "dev/block",
            "devices/virtual",
            "firmware",
            "fs",
            "kernel/debug",
            "module",
            "power",
        ] {
            self.make_dirs(SYSFS, path, 0o755);
        }
        super::procfs::sysctl::register(self);
    }

    /// The node of a number.
    pub fn get(&self, id: KernId) -> Option<&KernNode> {
        self.nodes.get(id.0)
    }

    /// The node of a number.
    pub fn get_mut(&mut self, id: KernId) -> Option<&mut KernNode> {
        self.nodes.get_mut(id.0)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self, id: KernId) -> bool {
        matches!(self.get(id), Some(KernNode { kind: KernKind::Dir(_), .. }))
    }

    /// What a name in a directory names.
    pub fn child(&self, dir: KernId, name: &str) -> Option<KernId> {
        match &self.get(dir)?.kind {
            KernKind::Dir(names) => names.get(name).copied(),
            _ => None,
        }
    }

    /// Follows a path of names downwards.
    pub fn find(&self, from: KernId, path: &str) -> Option<KernId> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(from, |dir, name| self.child(dir, name))
    }

    /// Adds a node.
    ///
    /// # Errors
    /// `EEXIST` when the name is taken, `ENOENT` when `dir` is no directory, `EINVAL` for an impossible name.
    pub fn add(
        &mut self,
        dir: KernId,
        name: &str,
        kind: KernKind,
        mode: u32,
        owner: Option<u32>,
        created: Option<RawEvent>,
    ) -> Result<KernId, Errno> {
        if name.is_empty() || name.contains('/') || name == "." || name == ".." {
            return Err(Errno::EINVAL);
        }
        let id = KernId(self.nodes.next());
        let Some(KernNode { kind: KernKind::Dir(names), .. }) = self.nodes.get_mut(dir.0) else {
            return Err(Errno::ENOENT);
        };
        if names.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        names.insert(name.to_string(), id);
        self.nodes.push(KernNode { parent: dir, name: name.to_string(), kind, mode, owner, created });
        Ok(id)
    }

    /// The directory at a path, made with all above it if need be.
    pub fn make_dirs(&mut self, from: KernId, path: &str, mode: u32) -> KernId {
        let mut dir = from;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            dir = match self.child(dir, name) {
                Some(child) => child,
                None => self.add(dir, name, KernKind::Dir(BTreeMap::new()), mode, None, None).unwrap_or(dir),
            };
        }
        dir
    }

    /// Removes a node and all below it.
    pub fn remove(&mut self, id: KernId) {
        let Some(node) = self.nodes.remove(id.0) else {
            return;
        };
        if let Some(KernNode { kind: KernKind::Dir(names), .. }) = self.nodes.get_mut(node.parent.0) {
            names.remove(&node.name);
        }
        if let KernKind::Dir(names) = node.kind {
            for child in names.into_values() {
                self.remove(child);
            }
        }
    }

    /// Path of a node below its root.
    pub fn path(&self, mut id: KernId) -> String {
        let mut names = Vec::new();
        while let Some(node) = self.get(id)
            && node.parent != id
        {
            names.push(node.name.as_str());
            id = node.parent;
        }
        names.iter().rev().map(|name| format!("/{name}")).collect()
    }

    /// The root above a node.
    pub fn root_of(&self, mut id: KernId) -> KernId {
        while let Some(node) = self.get(id)
            && node.parent != id
        {
            id = node.parent;
        }
        id
    }

    /// The names of a directory.
    pub fn readdir(&self, dir: KernId) -> Vec<DirEntry> {
        let Some(KernNode { kind: KernKind::Dir(names), .. }) = self.get(dir) else {
            return Vec::new();
        };
        let kind = |id: &KernId| match self.get(*id).map(|node| &node.kind) {
            Some(KernKind::Dir(_)) => FileKind::Dir,
            Some(KernKind::Link(_)) => FileKind::Link,
            _ => FileKind::File,
        };
        names.iter().map(|(name, id)| DirEntry { name: name.clone(), kind: kind(id), ino: u64::from(id.0) }).collect()
    }

    /// Nodes a module made and left behind, oldest first.
    pub fn made_by(&self, module: u32) -> Vec<KernId> {
        self.nodes.iter().filter(|(_, node)| node.owner == Some(module)).map(|(number, _)| KernId(number)).collect()
    }
}

/// A parameter shown in `/sys/module/NAME/parameters`.
#[derive(Clone, Debug)]
pub struct ParamFile {
    /// Name of the parameter.
    pub name: String,
    /// Permission bits; 0 parameters are not shown.
    pub mode: u32,
    /// For [`Attr::Ops`]: `struct kernel_param_ops`.
    pub ops: u64,
    /// For [`Attr::Ops`]: `struct kernel_param`.
    pub object: u64,
}

impl Kernel {
    /// Makes `/sys/module/NAME` for a module.
    ///
    /// # Errors
    /// `EEXIST` when it is there.
    pub fn sysfs_add_module(
        &mut self,
        module: u32,
        params: &[ParamFile],
        sections: &[(&str, u64)],
    ) -> Result<(), Errno> {
        let Some(name) = self.modules.get(module).map(|module| module.name.clone()) else {
            return Err(Errno::ENOENT);
        };
        let kern = &mut self.vfs.kern;
        let top = kern.make_dirs(SYSFS, "module", 0o755);
        let dir = kern.add(top, &name, KernKind::Dir(BTreeMap::new()), 0o755, None, None)?;
        let files = [
            ("coresize", ModuleAttr::Coresize),
            ("initsize", ModuleAttr::Initsize),
            ("initstate", ModuleAttr::Initstate),
            ("refcnt", ModuleAttr::Refcnt),
            ("taint", ModuleAttr::Taint),
        ];
        for (file, attr) in files {
            kern.add(dir, file, KernKind::File(Attr::Module(module, attr)), 0o444, None, None)?;
        }
        kern.add(dir, "uevent", KernKind::File(Attr::Text(Vec::new())), 0o200, None, None)?;
        for sub in ["holders", "notes", "sections"] {
            kern.make_dirs(dir, sub, 0o755);
        }
        if let Some(place) = kern.child(dir, "sections") {
            for &(name, addr) in sections {
                let attr = Attr::Module(module, ModuleAttr::Section(addr));
                kern.add(place, name, KernKind::File(attr), 0o400, None, None)?;
            }
        }
        for param in params.iter().filter(|param| param.mode != 0) {
            let parameters = kern.make_dirs(dir, "parameters", 0o755);
            let attr = Attr::Ops { ops: param.ops, object: param.object, data: 0 };
            kern.add(parameters, &param.name, KernKind::File(attr), param.mode & 0o7777, None, None)?;
        }
        Ok(())
    }

    /// Removes `/sys/module/NAME`.
    pub fn sysfs_remove_module(&mut self, name: &str) {
        if let Some(dir) = self.vfs.kern.find(SYSFS, "module").and_then(|top| self.vfs.kern.child(top, name)) {
            self.vfs.kern.remove(dir);
        }
    }

    /// The text of a file that the kernel itself answers; None when a module does.
    pub(crate) fn kern_text(&mut self, id: KernId) -> Result<Option<Vec<u8>>, Errno> {
        let Some(KernNode { kind: KernKind::File(attr), .. }) = self.vfs.kern.get(id) else {
            return Err(Errno::ENODEV);
        };
        let text = match attr {
            Attr::Text(text) => text.clone(),
            Attr::Sysctl(sysctl) => {
                let sysctl = sysctl.clone();
                self.sysctl_read(&sysctl)
            }
            Attr::Module(module, attr) => self.module_attr(*module, *attr).into_bytes(),
            Attr::Ops { .. } => return Ok(None),
        };
        Ok(Some(text))
    }

    fn module_attr(&self, module: u32, attr: ModuleAttr) -> String {
        let Some(module) = self.modules.get(module) else {
            return String::new();
        };
        match attr {
            ModuleAttr::Coresize => format!("{}\n", module.size),
            ModuleAttr::Initsize => "0\n".to_string(),
            ModuleAttr::Initstate => match module.state {
                ModuleState::Live => "live\n".to_string(),
                ModuleState::Coming => "coming\n".to_string(),
                ModuleState::Going => "going\n".to_string(),
            },
            ModuleAttr::Refcnt => format!("{}\n", module.refcount()),
            ModuleAttr::Taint => format!("{}\n", module.taints),
            ModuleAttr::Section(addr) => format!("0x{addr:016x}\n"),
        }
    }
}
