//! `struct task_struct` as modules read it.
//!
//! The struct lies in the arena, so modules reach it by pointer; its members are cells, so the kernel reads and
//! writes the very same memory through a shared reference and there is only one truth about, say, a task's state.
#![expect(missing_docs, reason = "members carry Linux's own names")]

use std::cell::Cell;

/// `struct list_head`.
#[repr(C)]
#[derive(Debug, Default)]
pub struct ListHead {
    pub next: Cell<u64>,
    pub prev: Cell<u64>,
}

/// `struct thread_info` (x86-64).
#[repr(C)]
#[derive(Debug, Default)]
pub struct ThreadInfo {
    pub flags: Cell<u64>,
    pub status: Cell<u32>,
    pub cpu: Cell<u32>,
}

/// `struct task_struct`: the members that modules use, in kloom's own order (see `include/linux/sched.h`).
#[repr(C)]
#[derive(Debug, Default)]
pub struct TaskStruct {
    pub thread_info: ThreadInfo,
    /// `__state`; 8 bytes wide so that the older name `state` (a long) reads the same value.
    pub state: Cell<u64>,
    pub stack: Cell<u64>,
    pub flags: Cell<u32>,
    pub ptrace: Cell<u32>,
    pub on_cpu: Cell<i32>,
    pub recent_used_cpu: Cell<i32>,
    pub on_rq: Cell<i32>,
    pub prio: Cell<i32>,
    pub static_prio: Cell<i32>,
    pub normal_prio: Cell<i32>,
    pub rt_priority: Cell<u32>,
    pub policy: Cell<u32>,
    pub nr_cpus_allowed: Cell<i32>,
    pub cpus_ptr: Cell<u64>,
    pub cpus_mask: Cell<u64>,
    pub tasks: ListHead,
    pub mm: Cell<u64>,
    pub active_mm: Cell<u64>,
    pub exit_state: Cell<i32>,
    pub exit_code: Cell<i32>,
    pub exit_signal: Cell<i32>,
    pub pid: Cell<i32>,
    pub tgid: Cell<i32>,
    pub real_parent: Cell<u64>,
    pub parent: Cell<u64>,
    pub children: ListHead,
    pub sibling: ListHead,
    pub group_leader: Cell<u64>,
    pub thread_node: ListHead,
    pub utime: Cell<u64>,
    pub stime: Cell<u64>,
    pub gtime: Cell<u64>,
    pub nvcsw: Cell<u64>,
    pub nivcsw: Cell<u64>,
    pub start_time: Cell<u64>,
    pub start_boottime: Cell<u64>,
    pub min_flt: Cell<u64>,
    pub maj_flt: Cell<u64>,
    pub real_cred: Cell<u64>,
    pub cred: Cell<u64>,
    pub comm: [Cell<u8>; 16],
    pub signal: Cell<u64>,
    pub sighand: Cell<u64>,
    pub blocked: Cell<u64>,
    pub real_blocked: Cell<u64>,
    pub pending: SigPending,
    pub files: Cell<u64>,
    pub fs: Cell<u64>,
    pub nsproxy: Cell<u64>,
    pub journal_info: Cell<u64>,
    pub usage: Cell<u32>,
    pub kloom: Cell<u64>,
}

/// `struct sigpending`.
#[repr(C)]
#[derive(Debug, Default)]
pub struct SigPending {
    pub list: ListHead,
    pub signal: Cell<u64>,
}

impl TaskStruct {
    /// `__state`.
    pub fn task_state(&self) -> u32 {
        self.state.get() as u32
    }

    /// Sets `__state`.
    pub fn set_task_state(&self, state: u32) {
        self.state.set(u64::from(state));
    }

    /// All of `comm`.
    #[inline]
    pub fn comm_array(&self) -> [u8; 16] {
        std::array::from_fn(|i| self.comm[i].get())
    }

    /// `comm` as text, unprintable bytes replaced.
    pub fn comm_text(&self) -> String {
        comm_text(&self.comm_array())
    }

    /// Sets `comm`, cut to 15 bytes, and clears the rest.
    pub fn set_comm(&self, name: &[u8]) {
        for (i, cell) in self.comm.iter().enumerate() {
            cell.set(if i < 15 { name.get(i).copied().unwrap_or(0) } else { 0 });
        }
    }
}

/// `comm` as text: up to its NUL, unprintable bytes replaced.
pub fn comm_text(comm: &[u8; 16]) -> String {
    let len = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(&comm[..len]).into_owned()
}
