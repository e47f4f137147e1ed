//! Wait queues.
//!
//! C header: include/linux/wait.h. Behaviour follows Linux 6.1 kernel/sched/wait.c: non-exclusive entries first, each
//! woken; exclusive ones (queued at the tail) until the asked number of them is woken.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use slab::Slab;

use kloom_abi::Errno;
use kloom_abi::sched::TASK_RUNNING;

use crate::Kernel;
use crate::site::RawEvent;
use crate::task::{BlockedOn, TaskId};

/// `WQ_FLAG_EXCLUSIVE`.
pub const WQ_FLAG_EXCLUSIVE: u32 = 1;
/// `WQ_FLAG_WOKEN`.
pub const WQ_FLAG_WOKEN: u32 = 2;
/// `WQ_FLAG_PRIORITY`.
pub const WQ_FLAG_PRIORITY: u32 = 0x20;

/// What a wake-up does with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeFunc {
    /// `default_wake_function()`: wakes the task.
    Default,
    /// `autoremove_wake_function()`: wakes the task and takes the entry out if that woke it.
    Autoremove,
    /// A function at this address, which the caller has to call.
    Other(u64),
}

/// One entry in a queue.
#[derive(Clone, Debug)]
pub struct WaitEntry {
    /// Address of the C object `struct wait_queue_entry`.
    pub addr: u64,
    /// The task to wake, if `private` names one.
    pub task: Option<TaskId>,
    /// `WQ_FLAG_EXCLUSIVE` and its kin.
    pub flags: u32,
    /// What a wake-up does with it.
    pub func: WakeFunc,
    /// Who queued it.
    pub queued: RawEvent,
}

/// Where a walk over a queue's entries stands. A walk is interrupted for each function the caller has to call.
#[derive(Clone, Copy, Debug)]
pub struct WakeWalk {
    /// The entry to look at next; None: the walk is over.
    next: Option<u64>,
    /// Exclusive entries still to be woken; 0 or less: all.
    left: i32,
    /// The entry whose function is being called is exclusive.
    exclusive: bool,
}

/// A wait queue head.
#[derive(Clone, Debug)]
pub struct WaitQueue {
    /// Address of the C object.
    pub addr: u64,
    /// Name, as `init_waitqueue_head(&name)` spells it.
    pub name: String,
    /// Entries, in wake order.
    pub entries: VecDeque<WaitEntry>,
    /// The last wake-up that found nobody; only kept while a search explores.
    pub unheeded: Option<RawEvent>,
}

impl WaitQueue {
    /// Where the entry at `addr` is, looked for from both ends: a crowd leaves in the order it came, or in the opposite one.
    pub fn position(&self, addr: u64) -> Option<usize> {
        let last = self.entries.len().checked_sub(1)?;
        (0..=last / 2).find_map(|at| {
            let is = |at: usize| (self.entries[at].addr == addr).then_some(at);
            is(at).or_else(|| is(last - at))
        })
    }
}

/// All wait queues; handle 0 is never used.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    table: Slab<WaitQueue>,
    /// In how many queues the entry at an address is.
    queued: FxHashMap<u64, u32>,
}

impl Waits {
    /// Registers a C wait queue head.
    pub fn register(&mut self, addr: u64, name: String) -> u32 {
        self.table.insert(WaitQueue { addr, name, entries: VecDeque::new(), unheeded: None }) as u32 + 1
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
    pub fn forget(&mut self, handle: u32) -> VecDeque<WaitEntry> {
        let Some(queue) = (handle as usize).checked_sub(1).and_then(|index| self.table.try_remove(index)) else {
            return VecDeque::new();
        };
        for entry in &queue.entries {
            self.left(entry.addr);
        }
        queue.entries
    }

    /// Whether the entry at `addr` is in any queue.
    pub fn is_queued(&self, addr: u64) -> bool {
        self.queued.contains_key(&addr)
    }

    /// An entry left a queue.
    fn left(&mut self, addr: u64) {
        if let Some(count) = self.queued.get_mut(&addr) {
            *count -= 1;
            if *count == 0 {
                self.queued.remove(&addr);
            }
        }
    }

    /// All queues with their handles.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &WaitQueue)> {
        self.table.iter().map(|(index, queue)| (index as u32 + 1, queue))
    }
}

impl Kernel {
    /// Adds an entry: exclusive ones at the tail, others at the head behind those with priority (`add_wait_queue()` and
    /// its kin). An entry that is queued already stays where it is; false then.
    pub fn add_wait_entry(&mut self, queue: u32, entry: WaitEntry) -> bool {
        let known = self.waits.is_queued(entry.addr);
        let addr = entry.addr;
        let Some(queue) = self.waits.get_mut(queue) else { return false };
        if known && queue.position(addr).is_some() {
            return false;
        }
        let priority = |entry: &WaitEntry| entry.flags & WQ_FLAG_PRIORITY != 0;
        let at = if entry.flags & WQ_FLAG_EXCLUSIVE != 0 && !priority(&entry) {
            queue.entries.len()
        } else {
            queue.entries.iter().take_while(|other| priority(other)).count()
        };
        queue.entries.insert(at, entry);
        *self.waits.queued.entry(addr).or_default() += 1;
        true
    }

    /// The queue a task waits in, if the last wake-up of it found nobody: its address, and that wake-up.
    pub fn unheeded_queue(&self, task: TaskId) -> Option<(u64, RawEvent)> {
        let waits = |queue: &WaitQueue| queue.entries.iter().any(|entry| entry.task == Some(task));
        self.waits.table.iter().find_map(
            |(_, queue)| {
                if waits(queue) { queue.unheeded.map(|at| (queue.addr, at)) } else { None }
            },
        )
    }

    /// Takes an entry out (`remove_wait_queue()`); false if it was not queued.
    pub fn remove_wait_entry(&mut self, queue: u32, entry_addr: u64) -> bool {
        if !self.waits.is_queued(entry_addr) {
            return false;
        }
        let Some(queue) = self.waits.get_mut(queue) else { return false };
        let Some(at) = queue.position(entry_addr) else { return false };
        queue.entries.remove(at);
        self.waits.left(entry_addr);
        true
    }

    /// Queues the entry and sets the caller's state; `-ERESTARTSYS` (and not queued) if a signal forbids the sleep
    /// (`prepare_to_wait_event()`).
    pub fn prepare_to_wait(
        &mut self,
        caller: TaskId,
        queue: u32,
        entry: WaitEntry,
        state: u32,
        check_signals: bool,
    ) -> i64 {
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

    /// Remembers a wake-up that finds nobody, while a search explores.
    pub fn note_unheeded(&mut self, queue: u32) {
        if !self.order.on {
            return;
        }
        let at = self.event_here();
        if let Some(queue) = self.waits.get_mut(queue) {
            queue.unheeded = queue.entries.is_empty().then_some(at);
        }
    }

    /// Begins to wake a queue's tasks, at most `nr_exclusive` exclusive ones (0 or less: all).
    pub fn wake_begin(&mut self, queue: u32, nr_exclusive: i32) -> WakeWalk {
        self.note_unheeded(queue);
        let next = self.waits.get(queue).and_then(|queue| queue.entries.front()).map(|entry| entry.addr);
        WakeWalk { next, left: nr_exclusive, exclusive: false }
    }

    /// Goes on waking tasks whose state is in `mask`, in queue order, until a function has to be called: its address and
    /// its entry's. Its result goes to [`WakeWalk::called`]. None at the end of the walk. Entries that a wake-up took out
    /// of the queue are appended to `removed`.
    pub fn wake_next(
        &mut self,
        queue: u32,
        mask: u32,
        walk: &mut WakeWalk,
        removed: &mut Vec<u64>,
    ) -> Option<(u64, u64)> {
        let start = walk.next?;
        let mut index = self.waits.get(queue)?.position(start)?;
        loop {
            let entries = &self.waits.get(queue)?.entries;
            let Some(entry) = entries.get(index) else {
                walk.next = None;
                return None;
            };
            walk.next = entries.get(index + 1).map(|next| next.addr);
            let (addr, task, func) = (entry.addr, entry.task, entry.func);
            walk.exclusive = entry.flags & WQ_FLAG_EXCLUSIVE != 0;
            if let WakeFunc::Other(func) = func {
                return Some((func, addr));
            }
            let woken = task.is_some_and(|task| self.try_to_wake_up(task, mask));
            if woken && func == WakeFunc::Autoremove {
                self.waits.get_mut(queue)?.entries.remove(index);
                self.waits.left(addr);
                removed.push(addr);
            } else {
                index += 1;
            }
            walk.called(i32::from(woken));
            walk.next?;
        }
    }

    /// Wakes tasks in a queue whose state is in `mask`, at most `nr_exclusive` exclusive ones (0: all); entries with a
    /// function of the module's own are passed over. For wake-ups by the kernel's own code.
    pub fn wake_up(&mut self, queue: u32, mask: u32, nr_exclusive: i32) {
        let mut walk = self.wake_begin(queue, nr_exclusive);
        let mut removed = Vec::new();
        while self.wake_next(queue, mask, &mut walk, &mut removed).is_some() {}
    }
}

impl WakeWalk {
    /// Takes the result of an entry's function: 0 woke nobody, negative ends the walk.
    pub fn called(&mut self, result: i32) {
        if result < 0 {
            self.next = None;
        } else if result != 0 && self.exclusive {
            self.left -= 1;
            if self.left == 0 {
                self.next = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE};

    use super::{WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WaitEntry, WakeFunc};
    use crate::task::{BlockedOn, TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn sleeper(kernel: &mut Kernel) -> TaskId {
        let parent = kernel.kthreadd;
        let id =
            kernel.new_task(NewTask { name: b"sleeper", parent, kind: TaskKind::System }).expect("room for a task");
        kernel.tasks[id].c.set_task_state(TASK_UNINTERRUPTIBLE);
        id
    }

    fn entry(kernel: &Kernel, task: TaskId, flags: u32, func: WakeFunc) -> WaitEntry {
        WaitEntry { addr: 0x1000 + u64::from(task.0) * 64, task: Some(task), flags, func, queued: kernel.event_here() }
    }

    fn queue_of(kernel: &mut Kernel, flags: &[u32], func: WakeFunc) -> (u32, Vec<TaskId>) {
        let queue = kernel.waits.register(0x100, "q".into());
        let tasks: Vec<TaskId> = flags
            .iter()
            .map(|&flags| {
                let task = sleeper(kernel);
                let entry = entry(kernel, task, flags, func);
                assert!(kernel.add_wait_entry(queue, entry));
                task
            })
            .collect();
        (queue, tasks)
    }

    fn awake(kernel: &Kernel, tasks: &[TaskId]) -> Vec<bool> {
        tasks.iter().map(|&task| kernel.tasks[task].state() == 0).collect()
    }

    #[test]
    fn all_non_exclusive_entries_wake_and_one_exclusive() {
        let mut kernel = machine(2);
        let x = WQ_FLAG_EXCLUSIVE;
        let (queue, tasks) = queue_of(&mut kernel, &[x, 0, x, 0], WakeFunc::Autoremove);
        kernel.wake_up(queue, TASK_NORMAL, 1);
        assert_eq!(awake(&kernel, &tasks), [true, true, false, true]);
        kernel.wake_up(queue, TASK_NORMAL, 1);
        assert_eq!(awake(&kernel, &tasks), [true; 4]);
        assert!(kernel.waits.get(queue).expect("the queue").entries.is_empty());
    }

    #[test]
    fn zero_wakes_every_exclusive_entry() {
        let mut kernel = machine(1);
        let (queue, tasks) = queue_of(&mut kernel, &[WQ_FLAG_EXCLUSIVE; 5], WakeFunc::Default);
        kernel.wake_up(queue, TASK_NORMAL, 0);
        assert_eq!(awake(&kernel, &tasks), [true; 5]);
        assert_eq!(
            kernel.waits.get(queue).expect("the queue").entries.len(),
            5,
            "default_wake_function() leaves entries"
        );
    }

    #[test]
    fn exclusive_entries_wake_in_the_order_they_came() {
        let mut kernel = machine(1);
        let (queue, tasks) = queue_of(&mut kernel, &[WQ_FLAG_EXCLUSIVE; 4], WakeFunc::Autoremove);
        for woken in 1..=4 {
            kernel.wake_up(queue, TASK_NORMAL, 1);
            let expect: Vec<bool> = (0..4).map(|i| i < woken).collect();
            assert_eq!(awake(&kernel, &tasks), expect);
        }
    }

    #[test]
    fn an_entry_whose_state_does_not_match_does_not_use_up_the_exclusive_wake() {
        let mut kernel = machine(1);
        let (queue, tasks) = queue_of(&mut kernel, &[WQ_FLAG_EXCLUSIVE; 2], WakeFunc::Autoremove);
        kernel.tasks[tasks[1]].c.set_task_state(TASK_INTERRUPTIBLE);
        kernel.wake_up(queue, TASK_INTERRUPTIBLE, 1);
        assert_eq!(awake(&kernel, &tasks), [false, true]);
    }

    #[test]
    fn priority_entries_stay_in_front_of_later_ones() {
        let mut kernel = machine(1);
        let flags = [0, WQ_FLAG_PRIORITY | WQ_FLAG_EXCLUSIVE, 0];
        let (queue, tasks) = queue_of(&mut kernel, &flags, WakeFunc::Default);
        let order: Vec<Option<TaskId>> =
            kernel.waits.get(queue).expect("the queue").entries.iter().map(|entry| entry.task).collect();
        assert_eq!(order, [Some(tasks[1]), Some(tasks[2]), Some(tasks[0])]);
    }

    #[test]
    fn a_walk_stops_for_functions_of_the_module_and_heeds_their_result() {
        let mut kernel = machine(1);
        let queue = kernel.waits.register(0x100, "q".into());
        let funcs = [WakeFunc::Other(0xf00), WakeFunc::Default, WakeFunc::Other(0xf01), WakeFunc::Default];
        let tasks: Vec<TaskId> = funcs.iter().map(|_| sleeper(&mut kernel)).collect();
        for (&task, &func) in tasks.iter().zip(&funcs) {
            let entry = entry(&kernel, task, WQ_FLAG_EXCLUSIVE, func);
            kernel.add_wait_entry(queue, entry);
        }
        let mut removed = Vec::new();
        let mut walk = kernel.wake_begin(queue, 2);
        assert_eq!(kernel.wake_next(queue, TASK_NORMAL, &mut walk, &mut removed).map(|call| call.0), Some(0xf00));
        walk.called(0);
        assert_eq!(kernel.wake_next(queue, TASK_NORMAL, &mut walk, &mut removed).map(|call| call.0), Some(0xf01));
        walk.called(1);
        assert_eq!(kernel.wake_next(queue, TASK_NORMAL, &mut walk, &mut removed), None);
        assert_eq!(awake(&kernel, &tasks), [false, true, false, false]);
        let mut walk = kernel.wake_begin(queue, 0);
        assert!(kernel.wake_next(queue, TASK_NORMAL, &mut walk, &mut removed).is_some());
        walk.called(-1);
        assert_eq!(
            kernel.wake_next(queue, TASK_NORMAL, &mut walk, &mut removed),
            None,
            "a negative result ends the walk"
        );
    }

    #[test]
    fn preparing_twice_queues_once_and_a_signal_takes_the_entry_out() {
        let mut kernel = machine(1);
        let queue = kernel.waits.register(0x100, "q".into());
        let task = sleeper(&mut kernel);
        for _ in 0..2 {
            let entry = entry(&kernel, task, 0, WakeFunc::Autoremove);
            assert_eq!(kernel.prepare_to_wait(task, queue, entry, TASK_INTERRUPTIBLE, true), 0);
        }
        assert_eq!(kernel.waits.get(queue).expect("the queue").entries.len(), 1);
        assert_eq!(kernel.tasks[task].blocked_on, BlockedOn::WaitQueue(queue));
        kernel.allow_signal(task, 9);
        kernel.send_signal(task, 9).expect("the task exists");
        let entry = entry(&kernel, task, 0, WakeFunc::Autoremove);
        assert_eq!(kernel.prepare_to_wait(task, queue, entry, TASK_INTERRUPTIBLE, true), -512);
        assert!(kernel.waits.get(queue).expect("the queue").entries.is_empty());
    }
}
