//! C header: include/linux/proc_fs.h.
//!
//! Entries live in the kernel's tree; each has a `struct proc_dir_entry` in guest memory whose last member is its
//! number there. Texts and conditions follow Linux 6.1 fs/proc/generic.c; the functions of before 3.10 that one of 3.9.

use kloom_kernel::fault::Fault;
use kloom_kernel::fs::Warning;
use kloom_kernel::fs::procfs::proc_tree::{Made, NewEntry, ProcId, ProcOpsKind, Removed};
use kloom_kernel::ops::Op;
use kloom_kernel::task::TaskId;

use crate::Machine;
use crate::call::{blocking, enter, might_sleep};
use crate::fileops::{self, Pde, inode, pde};
use crate::oops::or_oops;

const PDE_KIND: &str = "struct proc_dir_entry";
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

/// A call that makes an entry, as the module made it.
#[derive(Clone, Copy)]
struct Wanted {
    name: u64,
    mode: u32,
    parent: u64,
    data: u64,
}

impl Machine {
    /// Prints and reports a warning that the kernel's tree gave.
    pub(crate) fn warn_of(&mut self, warning: Warning) {
        let text = (!warning.message.is_empty()).then_some(warning.message.as_str());
        self.warn_block(text, warning.file, warning.line, warning.function);
        let Warning { file, line, function, message } = warning;
        self.kernel.report(Fault::Warn { file: file.to_string(), line, function: function.to_string(), message });
    }

    /// The number of an entry; None for NULL, which is /proc.
    fn proc_id(&mut self, addr: u64) -> Result<Option<ProcId>, Fault> {
        if addr == 0 {
            return Ok(None);
        }
        Ok(Some(ProcId(self.get_u64(addr + pde::KLOOM)? as u32)))
    }

    /// The guest side of a new entry; NULL when there is none.
    fn made(&mut self, made: Made, wanted: Wanted, state_size: u32) -> u64 {
        if let Some(warning) = made.warning {
            self.warn_of(warning);
        }
        let Some(id) = made.entry else { return 0 };
        let (name, mode) =
            self.kernel.vfs.proc.get(id).map_or((String::new(), 0), |entry| (entry.name.clone(), entry.mode));
        let Some(addr) = self.kernel_block(pde::SIZE + name.len() as u64 + 1, PDE_KIND) else { return 0 };
        let _ = self.arena.write(addr + pde::SIZE, name.as_bytes());
        self.poke_u64(addr + pde::NAME, addr + pde::SIZE);
        let _ = self.arena.write(addr + pde::MODE, &(mode as u16).to_le_bytes());
        let _ = self.arena.write(addr + pde::NAME_LEN, &(name.len() as u16).to_le_bytes());
        self.poke_u64(addr + pde::PARENT, wanted.parent);
        self.poke_u64(addr + pde::DATA, wanted.data);
        self.poke_u64(addr + pde::KLOOM, u64::from(id.0));
        self.files.pdes.insert(id, Pde { addr, state_size });
        addr
    }

    /// Runs `make` with what a new entry is made of.
    fn make_entry(
        &mut self,
        wanted: Wanted,
        state_size: u32,
        make: impl FnOnce(&mut Machine, &NewEntry<'_>) -> Made,
    ) -> Result<u64, Fault> {
        if self.fails("proc_create") {
            return Ok(0);
        }
        let name = self.name_at(wanted.name)?;
        let parent = self.proc_id(wanted.parent)?;
        let owner = self.caller_module();
        let created = Some(self.kernel.event_here());
        let new = NewEntry { name: &name, mode: wanted.mode, parent, data: wanted.data, owner, created };
        let made = make(self, &new);
        Ok(self.made(made, wanted, state_size))
    }

    /// Frees the guest side of entries that are gone, and keeps what has to be released for the caller.
    fn entries_removed(&mut self, caller: TaskId, removed: Removed) -> i32 {
        for warning in removed.warnings {
            self.warn_of(warning);
        }
        let gone: Vec<(ProcId, u64)> = {
            let tree = &self.kernel.vfs.proc;
            self.files.pdes.iter().filter(|(id, _)| tree.get(**id).is_none()).map(|(&id, pde)| (id, pde.addr)).collect()
        };
        for (id, addr) in gone {
            self.files.pdes.remove(&id);
            self.kernel_free(addr);
        }
        self.files.releases.entry(caller).or_default().extend(removed.releases);
        removed.ret
    }
}

fn create(wanted: Wanted, func: &'static str, ops: u64, kind: ProcOpsKind, state_size: u32) -> u64 {
    might_sleep(func);
    or_oops(enter(|machine, _| {
        machine.make_entry(wanted, state_size, |machine, new| machine.kernel.vfs.proc.proc_create(new, ops, kind))
    }))
}

/// `proc_create()` and `proc_create_data()` with `struct proc_ops`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_proc_create(name: u64, mode: u16, parent: u64, ops: u64, data: u64) -> u64 {
    create(Wanted { name, mode: u32::from(mode), parent, data }, "proc_create", ops, ProcOpsKind::ProcOps, 0)
}

/// The same with `struct file_operations`, as before 5.6.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_proc_create_fops(name: u64, mode: u16, parent: u64, ops: u64, data: u64) -> u64 {
    enter(|machine, _| machine.note_removed("proc_create() with struct file_operations", "struct proc_ops"));
    create(Wanted { name, mode: u32::from(mode), parent, data }, "proc_create", ops, ProcOpsKind::FileOperations, 0)
}

/// `proc_create_single_data()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_create_single_data(name: u64, mode: u16, parent: u64, show: u64, data: u64) -> u64 {
    create(
        Wanted { name, mode: u32::from(mode), parent, data },
        "proc_create_single_data",
        show,
        ProcOpsKind::SeqShow,
        0,
    )
}

/// `proc_create_seq_private()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_create_seq_private(
    name: u64,
    mode: u16,
    parent: u64,
    ops: u64,
    state_size: u32,
    data: u64,
) -> u64 {
    create(
        Wanted { name, mode: u32::from(mode), parent, data },
        "proc_create_seq_private",
        ops,
        ProcOpsKind::SeqOperations,
        state_size,
    )
}

fn mkdir(wanted: Wanted, func: &'static str) -> u64 {
    might_sleep(func);
    or_oops(enter(|machine, _| machine.make_entry(wanted, 0, |machine, new| machine.kernel.vfs.proc.proc_mkdir(new))))
}

/// `proc_mkdir()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_mkdir(name: u64, parent: u64) -> u64 {
    mkdir(Wanted { name, mode: 0, parent, data: 0 }, "proc_mkdir")
}

/// `proc_mkdir_mode()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_mkdir_mode(name: u64, mode: u16, parent: u64) -> u64 {
    mkdir(Wanted { name, mode: u32::from(mode), parent, data: 0 }, "proc_mkdir_mode")
}

/// `proc_mkdir_data()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_mkdir_data(name: u64, mode: u16, parent: u64, data: u64) -> u64 {
    mkdir(Wanted { name, mode: u32::from(mode), parent, data }, "proc_mkdir_data")
}

/// `proc_symlink()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_symlink(name: u64, parent: u64, dest: u64) -> u64 {
    might_sleep("proc_symlink");
    or_oops(enter(|machine, _| {
        let dest = machine.name_at(dest)?;
        machine.make_entry(Wanted { name, mode: 0, parent, data: 0 }, 0, |machine, new| {
            machine.kernel.vfs.proc.proc_symlink(new, &dest)
        })
    }))
}

/// Releases the files that were open on removed entries.
fn release_files() {
    loop {
        let next = enter(|machine, current| {
            let list = machine.files.releases.get_mut(&current)?;
            let next = list.pop();
            if list.is_empty() {
                machine.files.releases.remove(&current);
            }
            next
        });
        let Some((file, node)) = next else { return };
        fileops::release(file, &node);
        enter(|machine, _| machine.kernel.file_released(file));
    }
}

fn finish(caller: TaskId, machine: &mut Machine, op: Op<Removed>) -> Op<i32> {
    match op {
        Op::Done(removed) => {
            // The calls that were waited for are over (proc_entry_rundown(), fs/proc/inode.c, 6.1).
            machine.kernel.acquire(kloom_kernel::order::FILE_CALLS);
            Op::Done(machine.entries_removed(caller, removed))
        }
        Op::Block => Op::Block,
        Op::Spin => Op::Spin,
    }
}

/// `remove_proc_entry()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn remove_proc_entry(name: u64, parent: u64) {
    might_sleep("remove_proc_entry");
    or_oops(blocking(|machine, current, progress| {
        let text = machine.name_at(name)?;
        let parent = machine.proc_id(parent)?;
        let op = machine.kernel.remove_proc_entry(current, &text, parent, progress);
        Ok(finish(current, machine, op))
    }));
    release_files();
}

/// `remove_proc_subtree()`: 0 or `-ENOENT`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn remove_proc_subtree(name: u64, parent: u64) -> i32 {
    might_sleep("remove_proc_subtree");
    let ret = or_oops(blocking(|machine, current, progress| {
        let text = machine.name_at(name)?;
        let parent = machine.proc_id(parent)?;
        let op = machine.kernel.remove_proc_subtree(current, &text, parent, progress);
        Ok(finish(current, machine, op))
    }));
    release_files();
    ret
}

/// `proc_remove()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn proc_remove(entry: u64) {
    if entry == 0 {
        return;
    }
    might_sleep("proc_remove");
    let id = or_oops(enter(|machine, _| machine.proc_id(entry)));
    let Some(id) = id else { return };
    or_oops(blocking(|machine, current, progress| {
        let op = machine.kernel.proc_remove(current, id, progress);
        Ok(finish(current, machine, op))
    }));
    release_files();
}

/// `pde_data()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn pde_data(inode: u64) -> u64 {
    or_oops(enter(|machine, _| machine.get_u64(inode + inode::PRIVATE)))
}

/// `proc_set_size()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn proc_set_size(entry: u64, size: u64) {
    or_oops(enter(|machine, _| {
        if let Some(id) = machine.proc_id(entry)? {
            machine.kernel.vfs.proc.set_size(id, size);
        }
        Ok(())
    }));
}

/// `proc_set_user()`: everybody is root here.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn proc_set_user(entry: u64, _uid: u32, _gid: u32) {
    or_oops(enter(|machine, _| machine.proc_id(entry).map(|_| ())));
}

/// An entry of before 3.10: its `struct proc_dir_entry` is its table of operations.
fn old_entry(wanted: Wanted, func: &'static str, read_proc: u64) -> u64 {
    might_sleep(func);
    or_oops(enter(|machine, _| {
        machine.note_removed(func, "proc_create()");
        if wanted.mode & S_IFMT == S_IFDIR {
            return machine.make_entry(wanted, 0, |machine, new| machine.kernel.vfs.proc.proc_mkdir(new));
        }
        let addr = machine
            .make_entry(wanted, 0, |machine, new| machine.kernel.vfs.proc.proc_create(new, 0, ProcOpsKind::ReadProc))?;
        if addr != 0 {
            machine.poke_u64(addr + pde::READ_PROC, read_proc);
        }
        Ok(addr)
    }))
}

/// `create_proc_entry()`, before 3.10.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn create_proc_entry(name: u64, mode: u16, parent: u64) -> u64 {
    old_entry(Wanted { name, mode: u32::from(mode), parent, data: 0 }, "create_proc_entry", 0)
}

/// `create_proc_read_entry()`, before 3.10.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn create_proc_read_entry(name: u64, mode: u16, parent: u64, read_proc: u64, data: u64) -> u64 {
    old_entry(Wanted { name, mode: u32::from(mode), parent, data }, "create_proc_read_entry", read_proc)
}

crate::exports![
    plain: kloom_proc_create, kloom_proc_create_fops, proc_create_single_data, proc_create_seq_private, proc_mkdir,
        proc_mkdir_mode, proc_mkdir_data, proc_symlink, proc_remove, remove_proc_entry, remove_proc_subtree, pde_data,
        proc_set_size, proc_set_user, create_proc_entry, create_proc_read_entry;
    variadic: ;
    named:
];
