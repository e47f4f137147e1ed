//! Wait queues.
//!
//! C header: include/linux/wait.h. Behaviour follows Linux 6.1 kernel/sched/wait.c: non-exclusive entries first, each
//! woken; exclusive ones (queued at the tail) until the asked number of them is woken.

use slab::Slab;

use kloom_abi::Errno;
use kloom_abi::sched::TASK_RUNNING;

use crate::Kernel;
use crate::site::RawEvent;
use crate::task::{BlockedOn, TaskId};

/// `WQ_FLAG_EXCLUSIVE`.
pub const WQ_FLAG_EXCLUSIVE: u32 = 1;

/// One entry in a queue.
#[derive(Clone, Debug)]
pub struct WaitEntry {
    /// Address of the C object `struct wait_queue_entry`.
    pub addr: u64,
    /// The task to wake.
    pub task: TaskId,
    /// `WQ_FLAG_EXCLUSIVE`.
    pub flags: u32,
    /// A wake function of the module's own, 0 for the default.
    pub func: u64,
    /// Whether a wake-up takes the entry out (`autoremove_wake_function`).
    pub autoremove: bool,
    /// Who queued it.
    pub queued: RawEvent,
}

/// A wait queue head.
#[derive(Clone, Debug)]
pub struct WaitQueue {
    /// Address of the C object.
    pub addr: u64,
    /// Name, as `init_waitqueue_head(&name)` spells it.
    pub name: String,
    /// Entries, in wake order.
    pub entries: Vec<WaitEntry>,
}

/// All wait queues; handle 0 is never used.
#[derive(Debug, Default)]
pub struct Waits {
    table: Slab<WaitQueue>,
}

impl Waits {
    /// Registers a C wait queue head.
    pub fn register(&mut self, addr: u64, name: String) -> u32 {
        self.table.insert(WaitQueue { addr, name, entries: Vec::new() }) as u32 + 1
    }

    /// The queue behind a handle.
    pub fn get(&self, handle: u32) -> Option<&WaitQueue> {
        self.table.get((handle as usize).checked_sub(1)?)
    }

    /// The queue behind a handle.
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut WaitQueue> {
        self.table.get_mut((handle as usize).checked_sub(1)?)
    }

    /// Forgets a queue whose memory is going away; the tasks that still waited in it.
    pub fn forget(&mut self, handle: u32) -> Vec<WaitEntry> {
        match (handle as usize).checked_sub(1).and_then(|index| self.table.try_remove(index)) {
            Some(queue) => queue.entries,
            None => Vec::new(),
        }
    }

    /// All queues with their handles.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &WaitQueue)> {
        self.table.iter().map(|(index, queue)| (index as u32 + 1, queue))
    }
}

impl Kernel {
    /// Adds an entry: exclusive ones at the tail, others at the head (`add_wait_queue()` and its kin). An entry that
    /// is queued already stays where it is.
    pub fn add_wait_entry(&mut self, queue: u32, entry: WaitEntry) {
        let Some(queue) = self.waits.get_mut(queue) else { return };
        if queue.entries.iter().any(|other| other.addr == entry.addr) {
            return;
        }
        if entry.flags & WQ_FLAG_EXCLUSIVE != 0 {
            queue.entries.push(entry);
        } else {
            queue.entries.insert(0, entry);
        }
    }

    /// Takes an entry out (`remove_wait_queue()`).
    pub fn remove_wait_entry(&mut self, queue: u32, entry_addr: u64) {
        if let Some(queue) = self.waits.get_mut(queue) {
            queue.entries.retain(|entry| entry.addr != entry_addr);
        }
    }

    /// Queues the entry and sets the caller's state; `-ERESTARTSYS` (and not queued) if a signal forbids the sleep
    /// (`prepare_to_wait_event()`).
    pub fn prepare_to_wait(&mut self, caller: TaskId, queue: u32, entry: WaitEntry, state: u32, check_signals: bool) -> i64 {
        if check_signals && self.signal_pending_state(caller, state) {
            self.remove_wait_entry(queue, entry.addr);
            return Errno::ERESTARTSYS.to_c();
        }
        self.add_wait_entry(queue, entry);
        self.tasks[caller].c.set_task_state(state);
        self.block_on(caller, BlockedOn::WaitQueue(queue));
        0
    }

    /// Undoes [`Kernel::prepare_to_wait`] (`finish_wait()`).
    pub fn finish_wait(&mut self, caller: TaskId, queue: u32, entry_addr: u64) {
        self.tasks[caller].c.set_task_state(TASK_RUNNING);
        self.tasks[caller].blocked_on = BlockedOn::Nothing;
        self.remove_wait_entry(queue, entry_addr);
    }

    /// Wakes tasks in a queue whose state is in `mask`, at most `nr_exclusive` exclusive ones (0: all). Entries with
    /// a wake function of the module's own are returned for the caller to invoke, in order.
    pub fn wake_up(&mut self, queue: u32, mask: u32, nr_exclusive: i32) -> Vec<WaitEntry> {
        let Some(head) = self.waits.get(queue) else { return Vec::new() };
        if head.entries.is_empty() {
            return Vec::new();
        }
        let mut left = nr_exclusive;
        let mut custom = Vec::new();
        for entry in head.entries.clone() {
            if entry.func != 0 {
                custom.push(entry);
                continue;
            }
            let woken = self.try_to_wake_up(entry.task, mask);
            if woken && entry.autoremove {
                self.remove_wait_entry(queue, entry.addr);
            }
            if woken && entry.flags & WQ_FLAG_EXCLUSIVE != 0 {
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        custom
    }
}
