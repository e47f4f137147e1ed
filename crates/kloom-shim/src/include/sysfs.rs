//! C header: include/linux/sysfs.h. Behaviour follows Linux 6.1 fs/sysfs/.

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::fs::kernfs::{Attr, KernId, KernKind};

use super::kobject::KTYPE;
use super::printk::{VarArgs, format};
use crate::Machine;
use crate::call::{call3, call4, enter, might_sleep};
use crate::fileops::{AttrNode, word};
use crate::oops::or_oops;

const PAGE: u64 = 4096;

/// Offsets in `struct attribute_group`.
const GROUP_NAME: u64 = 0;
const IS_VISIBLE: u64 = 8;
const IS_BIN_VISIBLE: u64 = 16;
const ATTRS: u64 = 24;
const BIN_ATTRS: u64 = 32;
const SYSFS_PREALLOC: u32 = 0o10_000;

/// `kobj_sysfs_ops.show`: that of the `struct kobj_attribute`.
pub(crate) extern "C" fn kobj_show(kobj: u64, attr: u64, buf: u64) -> i64 {
    let show = word(attr + 16);
    if show == 0 { Errno::EIO.to_c() } else { call3(show, kobj, attr, buf) as i64 }
}

/// `kobj_sysfs_ops.store`.
pub(crate) extern "C" fn kobj_store(kobj: u64, attr: u64, buf: u64, count: u64) -> i64 {
    let store = word(attr + 24);
    if store == 0 { Errno::EIO.to_c() } else { call4(store, [kobj, attr, buf, count]) as i64 }
}

/// How an object's attributes are called: through its type, or (devices, classes) each by its own functions.
fn node_for(machine: &mut Machine, object: u64, attr: u64, typed: bool) -> Result<AttrNode, Fault> {
    if typed {
        let ktype = machine.get_u64(object + KTYPE)?;
        let ops = if ktype == 0 { 0 } else { machine.get_u64(ktype + 8)? };
        if ops != 0 && ops != machine.files.objects.sysfs_ops {
            return Ok(AttrNode::Ktype { ops, object, attr });
        }
    }
    Ok(AttrNode::Attribute { object, attr })
}

/// Adds the file of `attr` to a directory; 0 or a negative error.
fn add_file(machine: &mut Machine, dir: KernId, node: AttrNode, attr: u64, mode: Option<u32>) -> Result<i32, Fault> {
    let name = machine.get_u64(attr)?;
    let name = machine.name_at(name)?;
    let mode = match mode {
        Some(mode) => mode,
        None => machine.get_u32(attr + 8)? & 0xffff,
    };
    let (owner, created) = (machine.caller_module(), Some(machine.kernel.event_here()));
    let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
    match machine.kernel.vfs.kern.add(dir, &name, file, mode & 0o777, owner, created) {
        Ok(id) => {
            machine.files.attrs.insert(id, node);
            Ok(0)
        }
        Err(errno) => {
            if errno == Errno::EEXIST {
                machine.warn_duplicate(dir, &name);
            }
            Ok(-errno.0)
        }
    }
}

fn remove_file(machine: &mut Machine, dir: KernId, attr: u64) -> Result<(), Fault> {
    let name = machine.get_u64(attr)?;
    let name = machine.name_at(name)?;
    if let Some(id) = machine.kernel.vfs.kern.child(dir, &name) {
        machine.kernel.vfs.kern.remove(id);
        machine.files.attrs.remove(&id);
    }
    Ok(())
}

/// Removes the files of the list of attributes that the pointer at `list` names, if it names one.
fn remove_files(machine: &mut Machine, dir: KernId, list: u64) -> Result<(), Fault> {
    let mut at = machine.get_u64(list)?;
    while at != 0 {
        let attr = machine.get_u64(at)?;
        if attr == 0 {
            break;
        }
        remove_file(machine, dir, attr)?;
        at += 8;
    }
    Ok(())
}

/// Adds an attribute of an object; `typed` if it is a plain kobject.
pub(crate) fn create_file(object: u64, attr: u64, typed: bool) -> i32 {
    or_oops(enter(|machine, _| {
        let dir = if object == 0 || attr == 0 { None } else { machine.object_dir(object) };
        let Some(dir) = dir else {
            machine.warn_kernel("fs/sysfs/file.c", 348, "sysfs_create_file_ns");
            return Ok(-Errno::EINVAL.0);
        };
        let node = node_for(machine, object, attr, typed)?;
        add_file(machine, dir, node, attr, None)
    }))
}

/// Adds an attribute whose functions take the object and a buffer only.
pub(crate) fn create_short_file(object: u64, attr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let Some(dir) = machine.object_dir(object) else { return Ok(-Errno::EINVAL.0) };
        add_file(machine, dir, AttrNode::Short { object, attr }, attr, None)
    }))
}

/// Removes an attribute of an object.
pub(crate) fn delete_file(object: u64, attr: u64) {
    or_oops(enter(|machine, _| match machine.object_dir(object) {
        Some(dir) => remove_file(machine, dir, attr),
        None => Ok(()),
    }));
}

/// Whether an object is one of the driver model, whose attributes have functions of their own.
fn typed(object: u64) -> bool {
    enter(|machine, _| !machine.files.devices.knows(object))
}

/// `sysfs_create_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_create_file_ns(kobj: u64, attr: u64, _ns: u64) -> i32 {
    might_sleep("sysfs_create_file");
    create_file(kobj, attr, typed(kobj))
}

/// `sysfs_remove_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_file_ns(kobj: u64, attr: u64, _ns: u64) {
    might_sleep("sysfs_remove_file");
    delete_file(kobj, attr);
}

/// `sysfs_create_files()`: all or none.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_create_files(kobj: u64, attrs: u64) -> i32 {
    might_sleep("sysfs_create_files");
    let typed = typed(kobj);
    let mut at = attrs;
    loop {
        let attr = word(at);
        if attr == 0 {
            return 0;
        }
        let ret = create_file(kobj, attr, typed);
        if ret != 0 {
            while at > attrs {
                at -= 8;
                delete_file(kobj, word(at));
            }
            return ret;
        }
        at += 8;
    }
}

/// `sysfs_remove_files()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_files(kobj: u64, attrs: u64) {
    let mut at = attrs;
    loop {
        let attr = word(at);
        if attr == 0 {
            return;
        }
        delete_file(kobj, attr);
        at += 8;
    }
}

/// The directory that a group's files go to: the object's own, or one of the group's name, which must not be there yet if
/// it is to be `made`, and must be there if not.
fn group_dir(machine: &mut Machine, object: u64, group: u64, made: bool) -> Result<Result<KernId, Errno>, Fault> {
    let Some(dir) = machine.object_dir(object) else { return Ok(Err(Errno::EINVAL)) };
    let name = machine.get_u64(group + GROUP_NAME)?;
    if name == 0 {
        return Ok(Ok(dir));
    }
    let name = machine.name_at(name)?;
    match machine.kernel.vfs.kern.child(dir, &name) {
        Some(_) if made => {
            machine.warn_duplicate(dir, &name);
            Ok(Err(Errno::EEXIST))
        }
        Some(sub) => Ok(Ok(sub)),
        None if made => Ok(Ok(machine.kernel.vfs.kern.make_dirs(dir, &name, 0o755))),
        None => Ok(Err(Errno::ENOENT)),
    }
}

/// Adds the files of a group below `dir`; 0 or a negative error, after which some may be there.
fn add_group(kobj: u64, group: u64, dir: KernId) -> i32 {
    let typed = typed(kobj);
    for (list, visible, binary) in [(ATTRS, IS_VISIBLE, false), (BIN_ATTRS, IS_BIN_VISIBLE, true)] {
        let (list, visible) = (word(group + list), word(group + visible));
        let mut index = 0;
        if list == 0 {
            continue;
        }
        loop {
            let attr = word(list + index * 8);
            if attr == 0 {
                break;
            }
            let mut mode = None;
            if visible != 0 {
                let got = call3(visible, kobj, attr, index) as u32 & 0xffff;
                index += 1;
                if got == 0 {
                    continue;
                }
                mode = Some(got & !SYSFS_PREALLOC);
            } else {
                index += 1;
            }
            let ret = or_oops(enter(|machine, _| {
                let node = if binary {
                    AttrNode::Binary { object: kobj, attr }
                } else {
                    node_for(machine, kobj, attr, typed)?
                };
                add_file(machine, dir, node, attr, mode)
            }));
            if ret != 0 {
                return ret;
            }
        }
    }
    0
}

/// `sysfs_create_group()`: 0, `-EINVAL` for an object without directory or a group without attributes, `-EEXIST`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn sysfs_create_group(kobj: u64, group: u64) -> i32 {
    might_sleep("sysfs_create_group");
    let dir = or_oops(enter(|machine, _| {
        if kobj == 0 || machine.object_dir(kobj).is_none() {
            machine.warn_kernel("fs/sysfs/group.c", 115, "internal_create_group");
            return Ok(Err(Errno::EINVAL));
        }
        if machine.get_u64(group + ATTRS)? == 0 && machine.get_u64(group + BIN_ATTRS)? == 0 {
            let object = machine.get_u64(kobj)?;
            let object = machine.name_at(object)?;
            let name = machine.get_u64(group + GROUP_NAME)?;
            let name = if name == 0 { String::new() } else { machine.name_at(name)? };
            let message = format!("sysfs: (bin_)attrs not set by subsystem for group: {object}/{name}");
            let (file, function) = ("fs/sysfs/group.c", "internal_create_group");
            machine.warn_kernel_text(&message, file, 121, function);
            machine.report_once(Fault::Warn { file: file.into(), line: 121, function: function.into(), message });
            return Ok(Err(Errno::EINVAL));
        }
        group_dir(machine, kobj, group, true)
    }));
    let dir = match dir {
        Ok(dir) => dir,
        Err(errno) => return -errno.0,
    };
    let ret = add_group(kobj, group, dir);
    if ret != 0 {
        sysfs_remove_group(kobj, group);
    }
    ret
}

/// `sysfs_merge_group()`: adds files to the directory of a group that is there; 0, `-ENOENT`, `-EEXIST`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn sysfs_merge_group(kobj: u64, group: u64) -> i32 {
    might_sleep("sysfs_merge_group");
    match or_oops(enter(|machine, _| group_dir(machine, kobj, group, false))) {
        Ok(dir) => add_group(kobj, group, dir),
        Err(errno) => -errno.0,
    }
}

/// `sysfs_unmerge_group()`: takes the files of a group out of the directory of its name, which stays.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn sysfs_unmerge_group(kobj: u64, group: u64) {
    might_sleep("sysfs_unmerge_group");
    or_oops(enter(|machine, _| {
        let Ok(dir) = group_dir(machine, kobj, group, false)? else { return Ok(()) };
        remove_files(machine, dir, group + ATTRS)
    }));
}

/// `sysfs_remove_group()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_group(kobj: u64, group: u64) {
    or_oops(enter(|machine, _| {
        let Some(dir) = machine.object_dir(kobj) else { return Ok(()) };
        let name = machine.get_u64(group + GROUP_NAME)?;
        if name != 0 {
            let name = machine.name_at(name)?;
            if let Some(id) = machine.kernel.vfs.kern.child(dir, &name) {
                machine.kernel.vfs.kern.remove(id);
                let kern = &machine.kernel.vfs.kern;
                machine.files.attrs.retain(|id, _| kern.get(*id).is_some());
            } else {
                let object = machine.get_u64(kobj)?;
                let message = format!("sysfs group '{name}' not found for kobject '{}'", machine.name_at(object)?);
                let (file, function) = ("fs/sysfs/group.c", "sysfs_remove_group");
                machine.warn_kernel_text(&message, file, 278, function);
                machine.report_once(Fault::Warn { file: file.into(), line: 278, function: function.into(), message });
            }
            return Ok(());
        }
        remove_files(machine, dir, group + ATTRS)?;
        remove_files(machine, dir, group + BIN_ATTRS)
    }));
}

/// `sysfs_create_groups()`: all or none.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_create_groups(kobj: u64, groups: u64) -> i32 {
    if groups == 0 {
        return 0;
    }
    let mut at = groups;
    loop {
        let group = word(at);
        if group == 0 {
            return 0;
        }
        let ret = sysfs_create_group(kobj, group);
        if ret != 0 {
            while at > groups {
                at -= 8;
                sysfs_remove_group(kobj, word(at));
            }
            return ret;
        }
        at += 8;
    }
}

/// `sysfs_remove_groups()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_groups(kobj: u64, groups: u64) {
    let mut at = groups;
    while at != 0 {
        let group = word(at);
        if group == 0 {
            return;
        }
        sysfs_remove_group(kobj, group);
        at += 8;
    }
}

/// `sysfs_create_bin_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_create_bin_file(kobj: u64, attr: u64) -> i32 {
    might_sleep("sysfs_create_bin_file");
    or_oops(enter(|machine, _| match machine.object_dir(kobj) {
        Some(dir) => add_file(machine, dir, AttrNode::Binary { object: kobj, attr }, attr, None),
        None => Ok(-Errno::EINVAL.0),
    }))
}

/// `sysfs_remove_bin_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_bin_file(kobj: u64, attr: u64) {
    delete_file(kobj, attr);
}

/// `sysfs_create_link()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_create_link(kobj: u64, target: u64, name: u64) -> i32 {
    might_sleep("sysfs_create_link");
    or_oops(enter(|machine, _| {
        let name = machine.name_at(name)?;
        let dir = if kobj == 0 { Some(kloom_kernel::fs::kernfs::SYSFS) } else { machine.object_dir(kobj) };
        let Some(dir) = dir else { return Ok(-Errno::EFAULT.0) };
        let Some(target) = machine.object_dir(target) else { return Ok(-Errno::ENOENT.0) };
        let kern = &mut machine.kernel.vfs.kern;
        let depth = kern.path(dir).matches('/').count();
        let to = format!("{}{}", "../".repeat(depth), kern.path(target).trim_start_matches('/'));
        let owner = machine.caller_module();
        match machine.kernel.vfs.kern.add(dir, &name, KernKind::Link(to), 0o777, owner, None) {
            Ok(_) => Ok(0),
            Err(errno) => {
                if errno == Errno::EEXIST {
                    machine.warn_duplicate(dir, &name);
                }
                Ok(-errno.0)
            }
        }
    }))
}

/// `sysfs_remove_link()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_remove_link(kobj: u64, name: u64) {
    or_oops(enter(|machine, _| {
        let name = machine.name_at(name)?;
        if let Some(dir) = machine.object_dir(kobj)
            && let Some(id) = machine.kernel.vfs.kern.child(dir, &name)
        {
            machine.kernel.vfs.kern.remove(id);
        }
        Ok(())
    }));
}

/// `sysfs_chmod_file()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_chmod_file(kobj: u64, attr: u64, mode: u16) -> i32 {
    or_oops(enter(|machine, _| {
        let name = machine.get_u64(attr)?;
        let name = machine.name_at(name)?;
        let id = machine.object_dir(kobj).and_then(|dir| machine.kernel.vfs.kern.child(dir, &name));
        match id.and_then(|id| machine.kernel.vfs.kern.get_mut(id)) {
            Some(node) => {
                node.mode = u32::from(mode) & 0o777;
                Ok(0)
            }
            None => Ok(-Errno::ENOENT.0),
        }
    }))
}

/// `sysfs_notify()`: nobody can poll an attribute here.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sysfs_notify(_kobj: u64, _dir: u64, _attr: u64) {
    might_sleep("sysfs_notify");
}

fn emit(buf: u64, at: i32, fmt: u64, args: &mut VarArgs<'_>, line: u32, function: &'static str) -> i32 {
    or_oops(enter(|machine, _| {
        if buf == 0 || !buf.is_multiple_of(PAGE) || !(0..PAGE as i32).contains(&at) {
            let text = format!("invalid {function}: buf:{buf:016x}");
            machine.warn_kernel_text(&text, "fs/sysfs/file.c", line, function);
            let message = text;
            machine.report_once(Fault::Warn {
                file: "fs/sysfs/file.c".into(),
                line,
                function: function.into(),
                message,
            });
            return Ok(0);
        }
        let (text, _) = format(machine, fmt, args, (PAGE - at as u64) as usize);
        machine.store_cstr(buf + at as u64, &text)?;
        Ok(text.len() as i32)
    }))
}

/// `sysfs_emit()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sysfs_emit(frame: &VaFrame) -> i32 {
    emit(frame.regs[0], 0, frame.regs[1], &mut VarArgs::after(frame, 2), 734, "sysfs_emit")
}

/// `sysfs_emit_at()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sysfs_emit_at(frame: &VaFrame) -> i32 {
    emit(frame.regs[0], frame.regs[1] as i32, frame.regs[2], &mut VarArgs::after(frame, 3), 763, "sysfs_emit_at")
}

crate::exports![
    plain: sysfs_create_file_ns, sysfs_remove_file_ns, sysfs_create_files, sysfs_remove_files, sysfs_create_group,
        sysfs_merge_group, sysfs_unmerge_group, sysfs_remove_group, sysfs_create_groups, sysfs_remove_groups, sysfs_create_bin_file, sysfs_remove_bin_file,
        sysfs_create_link, sysfs_remove_link, sysfs_chmod_file, sysfs_notify;
    variadic: sysfs_emit, sysfs_emit_at;
    named:
];
