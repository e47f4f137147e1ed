//! Character devices: who answers for a device number, and the nodes of /dev.
//!
//! C header: include/linux/cdev.h, include/linux/miscdevice.h, include/linux/device.h. Behaviour follows Linux 6.1
//! fs/char_dev.c, drivers/char/misc.c, drivers/base/core.c, devtmpfs.c. The majors and minors that a Debian kernel
//! hands out to its own drivers are taken, so a module gets the numbers it would get there (245 first).

use std::collections::BTreeMap;

use kloom_abi::Errno;

use super::kernfs::{Attr, KernKind, SYSFS};
use super::tmpfs::{Ino, InodeKind};
use super::{Dev, ModuleNode};
use crate::Kernel;
use crate::printk::Level;
use crate::site::RawEvent;

/// One past the largest major (`CHRDEV_MAJOR_MAX`).
const CHRDEV_MAJOR_MAX: u32 = 512;
/// One past the largest minor.
const MINORS: u64 = 1 << 20;
/// Minors given out for `MISC_DYNAMIC_MINOR`.
const DYNAMIC_MINORS: u32 = 128;
/// `MISC_DYNAMIC_MINOR`.
pub const MISC_DYNAMIC_MINOR: u32 = 255;
/// Major of the misc devices.
pub const MISC_MAJOR: u32 = 10;

/// A registered range of numbers.
#[derive(Clone, Debug)]
pub struct Region {
    /// How many minors.
    pub count: u32,
    /// Name shown in /proc/devices, at most 63 bytes.
    pub name: String,
    /// The module that registered it.
    pub owner: Option<u32>,
    /// Where it was registered.
    pub created: Option<RawEvent>,
}

/// A `struct cdev` that was added.
#[derive(Clone, Debug)]
pub struct CharDev {
    /// First number.
    pub dev: Dev,
    /// How many.
    pub count: u32,
    /// Address of the `struct cdev`; 0 for `register_chrdev()`.
    pub cdev: u64,
    /// Address of its `struct file_operations`.
    pub ops: u64,
    /// `cdev->owner`, address of a `struct module` or 0.
    pub owner: u64,
    /// `ops->owner`.
    pub ops_owner: u64,
    /// The module that added it.
    pub module: Option<u32>,
    /// Where.
    pub created: Option<RawEvent>,
}

/// A misc device.
#[derive(Clone, Debug)]
pub struct Misc {
    /// Minor number.
    pub minor: u32,
    /// Name.
    pub name: String,
    /// Address of the `struct miscdevice`; 0 for the kernel's own.
    pub addr: u64,
    /// Address of its `struct file_operations`.
    pub ops: u64,
    /// `ops->owner`.
    pub ops_owner: u64,
    /// The module that registered it.
    pub module: Option<u32>,
    /// Where.
    pub created: Option<RawEvent>,
}

/// The devices the kernel itself answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the devices")]
pub enum Builtin {
    Null,
    Zero,
    Full,
    Random,
    Kmsg,
    Console,
}

impl Builtin {
    /// By number.
    pub fn of(dev: Dev) -> Option<Builtin> {
        match (dev.major, dev.minor) {
            (1, 3) => Some(Builtin::Null),
            (1, 5) => Some(Builtin::Zero),
            (1, 7) => Some(Builtin::Full),
            (1, 8 | 9) => Some(Builtin::Random),
            (1, 11) => Some(Builtin::Kmsg),
            (5, 0 | 1) | (4, 0 | 1 | 64) => Some(Builtin::Console),
            _ => None,
        }
    }
}

/// All character devices.
#[derive(Clone, Debug, Default)]
pub struct CharDevs {
    /// Registered ranges by first number.
    pub regions: BTreeMap<(u32, u32), Region>,
    /// Added devices.
    pub cdevs: Vec<CharDev>,
    /// Misc devices, newest first.
    pub misc: Vec<Misc>,
    /// Root directory of devtmpfs.
    pub devtmpfs: Ino,
}

/// What the drivers of the kernel have registered: major, first minor, minors, name.
const REGIONS: [(u32, u32, u32, &str); 22] = [
    (1, 0, 256, "mem"),
    (4, 0, 1, "/dev/vc/0"),
    (4, 1, 63, "tty"),
    (4, 64, 32, "ttyS"),
    (5, 0, 1, "/dev/tty"),
    (5, 1, 1, "/dev/console"),
    (5, 2, 1, "/dev/ptmx"),
    (7, 0, 256, "vcs"),
    (10, 0, 256, "misc"),
    (13, 0, 1024, "input"),
    (29, 0, 256, "fb"),
    (128, 0, 65536, "ptm"),
    (136, 0, 65536, "pts"),
    (246, 0, 65536, "nvme-generic"),
    (247, 0, 65536, "nvme"),
    (248, 0, 65536, "cxl"),
    (249, 0, 65536, "bsg"),
    (250, 0, 65536, "ptp"),
    (251, 0, 65536, "pps"),
    (252, 0, 16, "rtc"),
    (253, 0, 65536, "dax"),
    (254, 0, 65536, "tpm"),
];

/// Misc devices of the kernel's own, oldest first.
const MISC: [(u32, &str); 5] =
    [(127, "vga_arbiter"), (183, "hw_random"), (231, "snapshot"), (126, "userfaultfd"), (125, "cpu_dma_latency")];

/// Nodes of /dev that every machine has: name, number, mode.
const NODES: [(&str, u32, u32, u32); 15] = [
    ("console", 5, 1, 0o600),
    ("full", 1, 7, 0o666),
    ("kmsg", 1, 11, 0o644),
    ("mem", 1, 1, 0o600),
    ("null", 1, 3, 0o666),
    ("ptmx", 5, 2, 0o666),
    ("random", 1, 8, 0o666),
    ("tty", 5, 0, 0o666),
    ("tty0", 4, 0, 0o600),
    ("tty1", 4, 1, 0o600),
    ("ttyS0", 4, 64, 0o600),
    ("urandom", 1, 9, 0o666),
    ("vga_arbiter", 10, 127, 0o600),
    ("cpu_dma_latency", 10, 125, 0o600),
    ("zero", 1, 5, 0o666),
];

impl super::Vfs {
    pub(crate) fn populate_dev(&mut self) {
        for (major, minor, count, name) in REGIONS {
            self.devs.regions.insert((major, minor), Region { count, name: name.into(), owner: None, created: None });
        }
        for (minor, name) in MISC {
            let misc = Misc { minor, name: name.into(), addr: 0, ops: 0, ops_owner: 0, module: None, created: None };
            self.devs.misc.insert(0, misc);
        }
        for (name, major, minor, mode) in NODES {
            self.devtmpfs_create(name, Dev { major, minor }, mode, super::BOOT_EPOCH_NS);
        }
        for (name, target) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
        ] {
            let link = self.tmp.make(InodeKind::Link(target.into()), 0o777, super::BOOT_EPOCH_NS);
            self.tmp.link(self.devs.devtmpfs, name, link);
        }
        for name in ["pts", "shm"] {
            let dir = self.tmp.make(InodeKind::Dir(Default::default()), 0o755, super::BOOT_EPOCH_NS);
            self.tmp.link(self.devs.devtmpfs, name, dir);
        }
    }

    /// Makes a node in /dev; `!` in the name stands for a slash, directories are made as needed.
    pub fn devtmpfs_create(&mut self, name: &str, dev: Dev, mode: u32, now_ns: u64) -> bool {
        let path = name.replace('!', "/");
        let mut dir = self.devs.devtmpfs;
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                if self.tmp.child(dir, part).is_some() {
                    return false;
                }
                let node = self.tmp.make(InodeKind::Chr(dev), mode & 0o7777, now_ns);
                return self.tmp.link(dir, part, node);
            }
            dir = match self.tmp.child(dir, part) {
                Some(child) => child,
                None => {
                    let child = self.tmp.make(InodeKind::Dir(Default::default()), 0o755, now_ns);
                    self.tmp.link(dir, part, child);
                    child
                }
            };
        }
        false
    }

    /// Removes a node of /dev if it is still the device's own, and directories that got empty.
    pub fn devtmpfs_delete(&mut self, name: &str, dev: Dev) {
        let path = name.replace('!', "/");
        let mut dirs = vec![self.devs.devtmpfs];
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let Some((last, above)) = parts.split_last() else {
            return;
        };
        for part in above {
            let Some(child) = dirs.last().and_then(|&dir| self.tmp.child(dir, part)) else {
                return;
            };
            dirs.push(child);
        }
        let Some(&dir) = dirs.last() else { return };
        let Some(node) = self.tmp.child(dir, last) else {
            return;
        };
        if !matches!(self.tmp.get(node).map(|inode| &inode.kind), Some(InodeKind::Chr(own)) if *own == dev) {
            return;
        }
        self.tmp.detach(dir, last);
        self.tmp.drop_link(node);
        for (depth, part) in above.iter().enumerate().rev() {
            if self.tmp.names(dirs[depth + 1]).is_some_and(|names| names.is_empty()) {
                self.tmp.detach(dirs[depth], part);
                self.tmp.drop_link(dirs[depth + 1]);
            }
        }
    }
}

impl CharDevs {
    fn overlaps(&self, major: u32, base: u32, count: u32) -> bool {
        self.regions.range((major, 0)..=(major, u32::MAX)).any(|(&(_, minor), region)| {
            minor < base.saturating_add(count) && base < minor.saturating_add(region.count)
        })
    }

    /// The first free major in the order Linux tries: 254 down to 234, then 511 down to 384.
    fn dynamic_major(&self) -> Option<u32> {
        (234..=254)
            .rev()
            .chain((384..=511).rev())
            .find(|&major| self.regions.range((major, 0)..=(major, u32::MAX)).next().is_none())
    }

    /// Who answers for a number: the device with the smallest range around it.
    pub fn find(&self, dev: Dev) -> Option<&CharDev> {
        let raw = u64::from(dev.raw());
        self.cdevs
            .iter()
            .filter(|cdev| {
                (u64::from(cdev.dev.raw())..u64::from(cdev.dev.raw()) + u64::from(cdev.count)).contains(&raw)
            })
            .min_by_key(|cdev| cdev.count)
    }

    /// Text of the character part of /proc/devices.
    pub(crate) fn proc_devices(&self) -> String {
        let mut text = String::from("Character devices:\n");
        for ((major, _), region) in &self.regions {
            text.push_str(&format!("{major:3} {}\n", region.name));
        }
        text.push_str("\nBlock devices:\n259 blkext\n");
        text
    }
}

impl Kernel {
    fn register_region(
        &mut self,
        major: u32,
        base: u32,
        count: u32,
        name: &str,
        owner: Option<u32>,
    ) -> Result<u32, Errno> {
        let major = match major {
            0 => match self.vfs.devs.dynamic_major() {
                Some(major) => major,
                None => {
                    self.printk(Level::Err, format!("CHRDEV \"{name}\" dynamic allocation region is full"));
                    return Err(Errno::EBUSY);
                }
            },
            major => major,
        };
        if major >= CHRDEV_MAJOR_MAX {
            self.printk(
                Level::Err,
                format!(
                    "CHRDEV \"{name}\" major requested ({major}) is greater than the maximum ({})",
                    CHRDEV_MAJOR_MAX - 1
                ),
            );
            return Err(Errno::EINVAL);
        }
        if u64::from(base) + u64::from(count) > MINORS {
            let last = u64::from(base) + u64::from(count) - 1;
            self.printk(Level::Err, format!("CHRDEV \"{name}\" minor range requested ({base}-{last}) is out of range of maximum range (0-{}) for a single major", MINORS - 1));
            return Err(Errno::EINVAL);
        }
        if self.vfs.devs.overlaps(major, base, count) {
            return Err(Errno::EBUSY);
        }
        let mut end = name.len().min(63);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let created = Some(self.event_here());
        self.vfs.devs.regions.insert((major, base), Region { count, name: name[..end].to_string(), owner, created });
        Ok(major)
    }

    /// Registers `count` numbers from `from` on; a range may go over several majors (`register_chrdev_region()`).
    ///
    /// # Errors
    /// `EBUSY` when any is taken, `EINVAL` for a major that cannot be; then none is registered.
    pub fn register_chrdev_region(
        &mut self,
        from: Dev,
        count: u32,
        name: &str,
        owner: Option<u32>,
    ) -> Result<(), Errno> {
        let (mut raw, end) = (u64::from(from.raw()), u64::from(from.raw()) + u64::from(count));
        let mut done = Vec::new();
        while raw < end {
            let major = (raw >> 20) as u32;
            let next = end.min((raw | (MINORS - 1)) + 1);
            let base = (raw & (MINORS - 1)) as u32;
            match self.register_region(major, base, (next - raw) as u32, name, owner) {
                Ok(major) => done.push((major, base)),
                Err(errno) => {
                    for key in done {
                        self.vfs.devs.regions.remove(&key);
                    }
                    return Err(errno);
                }
            }
            raw = next;
        }
        Ok(())
    }

    /// Registers `count` minors from `base` on of a free major (`alloc_chrdev_region()`).
    ///
    /// # Errors
    /// As [`Kernel::register_chrdev_region`].
    pub fn alloc_chrdev_region(&mut self, base: u32, count: u32, name: &str, owner: Option<u32>) -> Result<Dev, Errno> {
        let major = self.register_region(0, base, count, name, owner)?;
        Ok(Dev { major, minor: base })
    }

    /// Gives numbers back (`unregister_chrdev_region()`).
    pub fn unregister_chrdev_region(&mut self, from: Dev, count: u32) {
        let end = u64::from(from.raw()) + u64::from(count);
        self.vfs.devs.regions.retain(|&(major, minor), region| {
            let raw = u64::from(Dev { major, minor }.raw());
            !(raw >= u64::from(from.raw()) && raw + u64::from(region.count) <= end)
        });
    }

    /// `register_chrdev()`: 256 minors with one set of operations. The major it got, 0 if `major` was given.
    ///
    /// # Errors
    /// As [`Kernel::register_chrdev_region`].
    pub fn register_chrdev(
        &mut self,
        major: u32,
        name: &str,
        ops: u64,
        ops_owner: u64,
        module: Option<u32>,
    ) -> Result<u32, Errno> {
        let got = self.register_region(major, 0, 256, name, module)?;
        let created = Some(self.event_here());
        let dev = Dev { major: got, minor: 0 };
        self.vfs.devs.cdevs.push(CharDev {
            dev,
            count: 256,
            cdev: 0,
            ops,
            owner: ops_owner,
            ops_owner,
            module,
            created,
        });
        Ok(if major == 0 { got } else { 0 })
    }

    /// `unregister_chrdev()`.
    pub fn unregister_chrdev(&mut self, major: u32, name: &str) {
        let known = self.vfs.devs.regions.get(&(major, 0)).is_some_and(|region| region.name == name || name.is_empty());
        if known {
            self.vfs.devs.regions.remove(&(major, 0));
            self.vfs.devs.cdevs.retain(|cdev| cdev.cdev != 0 || cdev.dev != Dev { major, minor: 0 });
        }
    }

    /// Makes a device answer for its numbers (`cdev_add()`).
    pub fn cdev_add(&mut self, device: CharDev) {
        self.vfs.devs.cdevs.push(device);
    }

    /// Stops a device from answering (`cdev_del()`); open files go on. False if it was not added.
    pub fn cdev_del(&mut self, cdev: u64) -> bool {
        let before = self.vfs.devs.cdevs.len();
        self.vfs.devs.cdevs.retain(|device| device.cdev != cdev || cdev == 0);
        self.vfs.devs.cdevs.len() < before
    }

    /// Registers a misc device and makes its node, named `nodename` if that is given (`misc_register()`). Its minor.
    ///
    /// # Errors
    /// `EBUSY` when the minor is taken or none is free.
    pub fn misc_register(&mut self, mut misc: Misc, nodename: Option<&str>, mode: u32) -> Result<u32, Errno> {
        if misc.minor == MISC_DYNAMIC_MINOR {
            let taken = |minor: &u32| self.vfs.devs.misc.iter().any(|misc| misc.minor == *minor);
            misc.minor = (0..DYNAMIC_MINORS).rev().find(|minor| !taken(minor)).ok_or(Errno::EBUSY)?;
        } else if self.vfs.devs.misc.iter().any(|other| other.minor == misc.minor) {
            return Err(Errno::EBUSY);
        }
        let minor = misc.minor;
        let dev = Dev { major: MISC_MAJOR, minor };
        self.device_add("misc", &misc.name, dev, nodename, if mode == 0 { 0o600 } else { mode }, misc.module)?;
        misc.created = Some(self.event_here());
        self.vfs.devs.misc.insert(0, misc);
        Ok(minor)
    }

    /// `misc_deregister()`; false if it was not registered.
    pub fn misc_deregister(&mut self, addr: u64) -> bool {
        let Some(at) = self.vfs.devs.misc.iter().position(|misc| misc.addr == addr && addr != 0) else {
            return false;
        };
        let misc = self.vfs.devs.misc.remove(at);
        self.device_del("misc", &misc.name);
        true
    }

    /// Makes `/sys/class/NAME` (`class_create()`).
    ///
    /// # Errors
    /// `EEXIST` when there is such a class; what Linux says of it is the caller's.
    pub fn class_create(&mut self, name: &str, module: Option<u32>) -> Result<(), Errno> {
        let top = self.vfs.kern.make_dirs(SYSFS, "class", 0o755);
        if self.vfs.kern.child(top, name).is_some() {
            return Err(Errno::EEXIST);
        }
        let created = Some(self.event_here());
        self.vfs.kern.add(top, name, KernKind::Dir(BTreeMap::new()), 0o755, module, created).map(|_| ())
    }

    /// Removes `/sys/class/NAME` (`class_destroy()`).
    pub fn class_destroy(&mut self, name: &str) {
        if let Some(dir) = self.vfs.kern.find(SYSFS, "class").and_then(|top| self.vfs.kern.child(top, name)) {
            self.vfs.kern.remove(dir);
        }
    }

    /// Adds a device of a class: `/sys/devices/virtual/CLASS/NAME`, the link in the class, and with a number also the
    /// node in /dev (`device_create()`).
    ///
    /// # Errors
    /// `EEXIST` when the class has a device of this name.
    pub fn device_add(
        &mut self,
        class: &str,
        name: &str,
        dev: Dev,
        nodename: Option<&str>,
        mode: u32,
        module: Option<u32>,
    ) -> Result<(), Errno> {
        // In sysfs a name has `!` where the node has `/`.
        let sys_name = name.replace('/', "!");
        let created = Some(self.event_here());
        let top = self.vfs.kern.make_dirs(SYSFS, &format!("devices/virtual/{class}"), 0o755);
        if self.vfs.kern.child(top, &sys_name).is_some() {
            return Err(Errno::EEXIST);
        }
        let kern = &mut self.vfs.kern;
        let dir = kern.add(top, &sys_name, KernKind::Dir(BTreeMap::new()), 0o755, module, created)?;
        let node = nodename.unwrap_or(name).replace('!', "/");
        let has_node = dev != Dev::default();
        if has_node {
            kern.add(
                dir,
                "dev",
                KernKind::File(Attr::Text(format!("{}:{}\n", dev.major, dev.minor).into_bytes())),
                0o444,
                None,
                None,
            )?;
        }
        let uevent = if has_node {
            format!("MAJOR={}\nMINOR={}\nDEVNAME={node}\n", dev.major, dev.minor)
        } else {
            String::new()
        };
        kern.add(dir, "uevent", KernKind::File(Attr::Text(uevent.into_bytes())), 0o644, None, None)?;
        kern.make_dirs(dir, "power", 0o755);
        kern.add(dir, "subsystem", KernKind::Link(format!("../../../../class/{class}")), 0o777, None, None)?;
        let class_dir = kern.make_dirs(SYSFS, &format!("class/{class}"), 0o755);
        kern.add(
            class_dir,
            &sys_name,
            KernKind::Link(format!("../../devices/virtual/{class}/{sys_name}")),
            0o777,
            module,
            created,
        )?;
        if has_node {
            let chars = kern.make_dirs(SYSFS, "dev/char", 0o755);
            let number = format!("{}:{}", dev.major, dev.minor);
            // A second device of the same number gets no link, as on Linux.
            let _ = kern.add(
                chars,
                &number,
                KernKind::Link(format!("../../devices/virtual/{class}/{sys_name}")),
                0o777,
                None,
                None,
            );
            let now_ns = self.wall_ns();
            self.vfs.devtmpfs_create(&node, dev, if mode == 0 { 0o600 } else { mode }, now_ns);
        }
        Ok(())
    }

    /// Removes a device of a class (`device_destroy()`); false if there is none of this name.
    pub fn device_del(&mut self, class: &str, name: &str) -> bool {
        let sys_name = name.replace('/', "!");
        let kern = &mut self.vfs.kern;
        let Some(dir) =
            kern.find(SYSFS, &format!("devices/virtual/{class}")).and_then(|top| kern.child(top, &sys_name))
        else {
            return false;
        };
        let uevent = kern.child(dir, "uevent").and_then(|id| kern.get(id)).and_then(|node| match &node.kind {
            KernKind::File(Attr::Text(text)) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        });
        kern.remove(dir);
        if let Some(link) = kern.find(SYSFS, &format!("class/{class}")).and_then(|class| kern.child(class, &sys_name)) {
            kern.remove(link);
        }
        let uevent = uevent.unwrap_or_default();
        let field = |key: &str| uevent.lines().find_map(|line| line.strip_prefix(key));
        if let (Some(Ok(major)), Some(Ok(minor)), Some(node)) =
            (field("MAJOR=").map(str::parse), field("MINOR=").map(str::parse), field("DEVNAME="))
        {
            if let Some(link) = kern.find(SYSFS, &format!("dev/char/{major}:{minor}")) {
                kern.remove(link);
            }
            self.vfs.devtmpfs_delete(node, Dev { major, minor });
        }
        true
    }

    /// Who answers for a device number when its node is opened, and the modules it keeps from being removed.
    ///
    /// # Errors
    /// `ENXIO` when nobody does or its module is going, `ENODEV` for an unknown misc device.
    pub(crate) fn open_chrdev(&mut self, dev: Dev) -> Result<(ModuleNode, Vec<u64>), Errno> {
        if dev.major == MISC_MAJOR {
            let misc =
                self.vfs.devs.misc.iter().find(|misc| misc.minor == dev.minor && misc.ops != 0).ok_or(Errno::ENODEV)?;
            let (ops, misc_addr, ops_owner) = (misc.ops, misc.addr, misc.ops_owner);
            if !self.try_module_get(ops_owner) {
                return Err(Errno::ENODEV);
            }
            return Ok((ModuleNode::CharDev { dev, ops, cdev: 0, misc: misc_addr }, vec![ops_owner]));
        }
        let device = self.vfs.devs.find(dev).ok_or(Errno::ENXIO)?;
        let (ops, cdev, owner, ops_owner) = (device.ops, device.cdev, device.owner, device.ops_owner);
        // A file holds its cdev's owner and its operations' owner: two references when they are one module.
        if !self.try_module_get(owner) {
            return Err(Errno::ENXIO);
        }
        if ops == 0 || !self.try_module_get(ops_owner) {
            self.module_put(owner);
            return Err(Errno::ENXIO);
        }
        Ok((ModuleNode::CharDev { dev, ops, cdev, misc: 0 }, vec![owner, ops_owner]))
    }

    /// What a module has left registered: number ranges and misc devices, as text for a report.
    pub fn devices_left_by(&self, module: u32) -> Vec<(String, Option<RawEvent>)> {
        let regions = self.vfs.devs.regions.iter().filter(|(_, region)| region.owner == Some(module));
        let mut left: Vec<_> = regions
            .map(|((major, minor), region)| (format!("{major}:{minor} {}", region.name), region.created))
            .collect();
        left.extend(
            self.vfs
                .devs
                .misc
                .iter()
                .filter(|misc| misc.module == Some(module))
                .map(|misc| (misc.name.clone(), misc.created)),
        );
        left
    }
}

#[cfg(test)]
mod tests {
    use super::{CharDev, MISC_DYNAMIC_MINOR, Misc};
    use crate::Errno;
    use crate::fs::testing::with_user;
    use crate::fs::{Dev, FileKind};

    #[test]
    fn majors_are_those_linux_gives() {
        let (mut kernel, _) = with_user();
        assert_eq!(kernel.register_chrdev(0, "dyn", 1, 0, None), Ok(245));
        assert_eq!(kernel.alloc_chrdev_region(0, 2, "reg", None), Ok(Dev { major: 244, minor: 0 }));
        assert_eq!(kernel.register_chrdev_region(Dev { major: 240, minor: 0 }, 1, "fixed", None), Ok(()));
        assert_eq!(kernel.register_chrdev_region(Dev { major: 240, minor: 0 }, 1, "fixed", None), Err(Errno::EBUSY));
        let long = "a_name_that_is_longer_than_64_bytes_so_that_it_must_be_cut_somewhere_else";
        assert_eq!(kernel.register_chrdev_region(Dev { major: 240, minor: 5 }, 1, long, None), Ok(()));
        assert_eq!(kernel.register_chrdev_region(Dev { major: 600, minor: 0 }, 1, "big", None), Err(Errno::EINVAL));
        assert_eq!(
            kernel.printk.records.back().unwrap().text,
            b"CHRDEV \"big\" major requested (600) is greater than the maximum (511)"
        );
        assert_eq!(kernel.register_chrdev_region(Dev { major: 300, minor: 0 }, 0x10_0001, "bigc", None), Ok(()));
        let got: Vec<u32> = (0..12).map(|_| kernel.register_chrdev(0, "loop", 1, 0, None).unwrap()).collect();
        assert_eq!(got, [243, 242, 241, 239, 238, 237, 236, 235, 234, 511, 510, 509]);
        let text = kernel.vfs.devs.proc_devices();
        assert!(
            text.contains(
                "\n240 fixed\n240 a_name_that_is_longer_than_64_bytes_so_that_it_must_be_cut_some\n241 loop\n"
            ),
            "{text}"
        );
        assert!(
            text.starts_with("Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n  4 ttyS\n  5 /dev/tty\n"),
            "{text}"
        );
        assert!(text.contains("300 bigc\n301 bigc\n"));
        kernel.unregister_chrdev(245, "dyn");
        assert_eq!(kernel.register_chrdev(0, "again", 1, 0, None), Ok(245));
    }

    #[test]
    fn the_smallest_range_answers() {
        let (mut kernel, _) = with_user();
        let dev = |minor, count, cdev| CharDev {
            dev: Dev { major: 240, minor },
            count,
            cdev,
            ops: cdev,
            owner: 0,
            ops_owner: 0,
            module: None,
            created: None,
        };
        kernel.cdev_add(dev(0, 256, 1));
        kernel.cdev_add(dev(5, 1, 2));
        let find = |kernel: &crate::Kernel, minor| kernel.vfs.devs.find(Dev { major: 240, minor }).map(|d| d.cdev);
        assert_eq!(find(&kernel, 4), Some(1));
        assert_eq!(find(&kernel, 5), Some(2));
        assert_eq!(find(&kernel, 256), None);
        assert!(kernel.cdev_del(2));
        assert!(!kernel.cdev_del(2));
        assert_eq!(find(&kernel, 5), Some(1));
    }

    #[test]
    fn misc_and_class_devices_have_nodes_and_sysfs() {
        let (mut kernel, a) = with_user();
        let misc = Misc {
            minor: MISC_DYNAMIC_MINOR,
            name: "mymisc".into(),
            addr: 7,
            ops: 9,
            ops_owner: 0,
            module: None,
            created: None,
        };
        assert_eq!(kernel.misc_register(misc.clone(), None, 0), Ok(124));
        assert_eq!(kernel.sys_stat(a, "/dev/mymisc", true).unwrap().rdev, Dev { major: 10, minor: 124 });
        assert!(kernel.misc_deregister(7));
        assert_eq!(kernel.sys_stat(a, "/dev/mymisc", true).map(|_| ()), Err(Errno::ENOENT));
        let dev = Dev { major: 244, minor: 1 };
        kernel.class_create("kcls", None).unwrap();
        kernel.device_add("kcls", "kdir!kd", dev, None, 0, None).unwrap();
        assert_eq!(kernel.device_add("kcls", "kdir!kd", dev, None, 0, None), Err(Errno::EEXIST));
        let stat = kernel.sys_stat(a, "/dev/kdir/kd", true).unwrap();
        assert_eq!((stat.kind, stat.mode, stat.rdev), (FileKind::Chr, 0o600, dev));
        assert_eq!(kernel.read_text(a, "/sys/class/kcls/kdir!kd/dev").unwrap(), "244:1\n");
        assert_eq!(
            kernel.read_text(a, "/sys/class/kcls/kdir!kd/uevent").unwrap(),
            "MAJOR=244\nMINOR=1\nDEVNAME=kdir/kd\n"
        );
        assert!(kernel.device_del("kcls", "kdir!kd"));
        assert!(!kernel.device_del("kcls", "kdir!kd"));
        assert_eq!(kernel.sys_stat(a, "/dev/kdir", true).map(|_| ()), Err(Errno::ENOENT));
        kernel.class_destroy("kcls");
        assert_eq!(kernel.sys_stat(a, "/sys/class/kcls", true).map(|_| ()), Err(Errno::ENOENT));
    }
}
