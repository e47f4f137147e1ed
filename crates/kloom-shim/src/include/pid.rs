//! C header: include/linux/pid.h, and the calls of include/linux/signal.h that take a `struct pid`.
//!
//! A `struct pid` is made when a module first asks for one; the task holds one reference as long as it has its number.

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;
use kloom_kernel::task::TaskId;

use crate::Machine;
use crate::call::enter;
use crate::memory::PidObject;
use crate::oops::or_oops;

/// Bytes of `struct pid` and the offset of its number.
const SIZE: u64 = 32;
const NR: u64 = 16;

impl Machine {
    /// Whether the task an object stands for still has its number.
    fn attached(&self, pid: &PidObject) -> bool {
        self.kernel.tasks.find(pid.nr) == Some(pid.task)
            && self.kernel.tasks[pid.task].created.time_ns == pid.created_ns
    }

    /// The `struct pid` of a task; 0 when it has no number any more, or without memory.
    fn pid_of(&mut self, task: TaskId) -> u64 {
        let (nr, created_ns) = (self.kernel.tasks[task].pid, self.kernel.tasks[task].created.time_ns);
        if self.kernel.tasks.find(nr) != Some(task) {
            return 0;
        }
        self.drop_detached();
        if let Some(known) =
            self.mem.pids.iter().find(|pid| pid.nr == nr && pid.task == task && pid.created_ns == created_ns)
        {
            return known.addr;
        }
        let at = self.kernel.event_here();
        let Some(addr) = self.arena.heap.alloc(SIZE, 16, true, "struct pid", at) else { return 0 };
        self.poke_u32(addr, 1);
        self.poke_u32(addr + NR, nr as u32);
        self.mem.pids.push(PidObject { addr, nr, task, created_ns, held: true });
        addr
    }

    /// Drops the tasks' own references to objects whose task is gone.
    fn drop_detached(&mut self) {
        for index in (0..self.mem.pids.len()).rev() {
            let pid = self.mem.pids[index];
            if pid.held && !self.attached(&pid) {
                self.mem.pids[index].held = false;
                self.unref_pid(index);
            }
        }
    }

    /// Drops a reference; the last one frees the object.
    fn unref_pid(&mut self, index: usize) {
        let pid = self.mem.pids[index];
        let left = (self.peek_u32(pid.addr) as i32).saturating_sub(1);
        self.poke_u32(pid.addr, left as u32);
        if left <= 0 {
            let at = self.kernel.event_here();
            let _ = self.arena.heap.free(pid.addr, at);
            self.mem.pids.remove(index);
        }
    }

    /// The object at `addr`; a freed one is reported by the check, and stands for no task.
    fn pid_object(&mut self, addr: u64) -> Result<Option<usize>, Fault> {
        self.check_access(addr, SIZE, false)?;
        Ok(self.mem.pids.iter().position(|pid| pid.addr == addr))
    }

    /// The task of a `struct pid`.
    fn task_of_pid(&mut self, addr: u64) -> Result<Option<TaskId>, Fault> {
        if addr == 0 {
            return Ok(None);
        }
        let Some(index) = self.pid_object(addr)? else { return Ok(None) };
        let pid = self.mem.pids[index];
        Ok(self.attached(&pid).then_some(pid.task))
    }

    /// Takes a reference if there is an object.
    fn get_pid(&mut self, addr: u64) -> u64 {
        if addr != 0 {
            let count = self.peek_u32(addr);
            self.poke_u32(addr, count.wrapping_add(1));
        }
        addr
    }
}

fn find(machine: &mut Machine, nr: i32) -> u64 {
    machine.kernel.tasks.find(nr).map_or(0, |task| machine.pid_of(task))
}

/// `find_vpid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_vpid(nr: i32) -> u64 {
    enter(|machine, _| find(machine, nr))
}

/// `find_get_pid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_get_pid(nr: i32) -> u64 {
    enter(|machine, _| {
        let pid = find(machine, nr);
        machine.get_pid(pid)
    })
}

/// `find_pid_ns()`: there is one namespace.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_pid_ns(nr: i32, _ns: u64) -> u64 {
    find_vpid(nr)
}

/// `find_ge_pid()`: the first used number at or above `nr`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_ge_pid(nr: i32, _ns: u64) -> u64 {
    enter(|machine, _| {
        let tasks = &machine.kernel.tasks;
        let next = tasks.iter().map(|task| task.pid).filter(|&pid| pid >= nr.max(1) && tasks.find(pid).is_some()).min();
        next.map_or(0, |nr| find(machine, nr))
    })
}

/// `get_task_pid()`: with a reference.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_task_pid(task: u64, _kind: u32) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "get_task_pid")?;
        let pid = machine.pid_of(id);
        Ok(machine.get_pid(pid))
    }))
}

/// `pid_task()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn pid_task(pid: u64, _kind: u32) -> u64 {
    or_oops(enter(|machine, _| Ok(machine.task_of_pid(pid)?.map_or(0, |id| machine.kernel.tasks[id].addr))))
}

/// `get_pid_task()`: with a reference to the task.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_pid_task(pid: u64, _kind: u32) -> u64 {
    or_oops(enter(|machine, _| {
        let Some(id) = machine.task_of_pid(pid)? else { return Ok(0) };
        machine.kernel.get_task(id);
        Ok(machine.kernel.tasks[id].addr)
    }))
}

/// `put_pid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn put_pid(pid: u64) {
    if pid == 0 {
        return;
    }
    or_oops(enter(|machine, _| {
        if let Some(index) = machine.pid_object(pid)? {
            machine.unref_pid(index);
        }
        machine.drop_detached();
        Ok(())
    }));
}

/// `pid_vnr()`, `pid_nr_ns()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn pid_vnr(pid: u64) -> i32 {
    if pid == 0 {
        return 0;
    }
    or_oops(enter(|machine, _| {
        machine.check_access(pid, SIZE, false)?;
        Ok(machine.peek_u32(pid + NR) as i32)
    }))
}

/// `kill_pid()`: `-ESRCH` without a task, `-EINVAL` for no signal.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kill_pid(pid: u64, signal: i32, _privileged: i32) -> i32 {
    or_oops(enter(|machine, _| {
        let Some(id) = machine.task_of_pid(pid)? else { return Ok(-Errno::ESRCH.0) };
        Ok(machine.kernel.send_signal(id, signal).map_or_else(|errno| -errno.0, |()| 0))
    }))
}

/// `kill_pid_info()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kill_pid_info(signal: i32, _info: u64, pid: u64) -> i32 {
    kill_pid(pid, signal, 1)
}

/// `kill_proc()`, removed in 2.6.31: by number.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kill_proc(nr: i32, signal: i32, _privileged: i32) -> i32 {
    enter(|machine, _| {
        machine.note_removed("kill_proc", "kill_pid()");
        let Some(id) = machine.kernel.tasks.find(nr) else { return -Errno::ESRCH.0 };
        machine.kernel.send_signal(id, signal).map_or_else(|errno| -errno.0, |()| 0)
    })
}

/// `kill_proc_info()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kill_proc_info(signal: i32, _info: u64, nr: i32) -> i32 {
    enter(|machine, _| {
        let Some(id) = machine.kernel.tasks.find(nr) else { return -Errno::ESRCH.0 };
        machine.kernel.send_signal(id, signal).map_or_else(|errno| -errno.0, |()| 0)
    })
}

/// `task_pid_nr_ns()` and its kin: the number, 0 when the task has lost it.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __task_pid_nr_ns(task: u64, kind: u32, _ns: u64) -> i32 {
    const PIDTYPE_TGID: u32 = 1;
    or_oops(enter(|machine, current| {
        let id = if task == 0 { current } else { machine.task_from(task, "task_pid_nr_ns")? };
        let task = &machine.kernel.tasks[id];
        let nr = if kind == PIDTYPE_TGID { task.c.tgid.get() } else { task.pid };
        Ok(if machine.kernel.tasks.find(nr).is_some() { nr } else { 0 })
    }))
}

crate::exports![
    plain: __task_pid_nr_ns, find_vpid, find_get_pid, find_pid_ns, find_ge_pid, get_task_pid, pid_task, get_pid_task, put_pid, pid_vnr,
        kill_pid, kill_pid_info, kill_proc, kill_proc_info;
    variadic: ;
    named: "kill_pgrp" => kill_pid, "pid_nr_ns" => pid_vnr
];
