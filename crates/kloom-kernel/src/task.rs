//! Tasks: the state behind each `task_struct`, their table, their lifetime.
//!
//! C header: include/linux/sched.h, include/linux/sched/task.h. What modules read lies in guest memory
//! ([`TaskStruct`], cells shared with the module); what they cannot see is in [`Task`].

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use kloom_abi::TaskStruct;
use kloom_abi::sched::{PF_KTHREAD, TASK_COMM_LEN};
use rustc_hash::FxHashMap;

use crate::event::EventKey;
use crate::kthread::Kthread;
use crate::sched::SchedEntity;
use crate::shared::Shared;
use crate::signal::Signals;
use crate::site::{RawEvent, Trace};

/// A slot of the task table. The slot's number also fixes the address of its `task_struct`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

/// Where `task_struct`s live. Implemented by `kloom-guest`; slots are numbered so that an address and a
/// [`TaskId`] convert into each other by arithmetic.
pub trait TaskMemory {
    /// A zeroed `task_struct` in slot `id`, readable by modules, and its address.
    fn alloc(&mut self, id: TaskId) -> Option<(u64, &'static TaskStruct)>;
    /// Makes the slot unreadable: an access from now on is a use after free.
    fn free(&mut self, id: TaskId);
    /// The same memory, for a copy of the kernel.
    fn shared(&self) -> Box<dyn TaskMemory>;
}

impl Clone for Box<dyn TaskMemory> {
    fn clone(&self) -> Self {
        (**self).shared()
    }
}

/// A lock a task holds, for reports and for the checks at its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// Which table the lock is in.
    pub class: LockClass,
    /// Its handle there.
    pub handle: u32,
    /// Its lock class plus one; 0 for none.
    pub dep: u32,
    /// Where it was taken.
    pub taken: Trace,
    /// When.
    pub time_ns: u64,
}

/// Kinds of locks, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are Linux's own")]
pub enum LockClass {
    Spinlock,
    RwlockRead,
    RwlockWrite,
    Mutex,
    Semaphore,
    RwsemRead,
    RwsemWrite,
    Rcu,
    Srcu,
}

/// What a task waits for. A task never just "is blocked": it is blocked on something named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "fields are handles of the named object")]
pub enum BlockedOn {
    /// Not blocked.
    #[default]
    Nothing,
    /// A created kthread nobody has woken yet.
    NeverWoken,
    /// `schedule()` with a state other than running.
    Schedule,
    /// `msleep()` and its family.
    Sleep,
    /// `schedule_timeout()`.
    Timeout,
    /// A wait queue.
    WaitQueue(u32),
    Completion(u32),
    Mutex(u32),
    Semaphore(u32),
    RwsemRead(u32),
    RwsemWrite(u32),
    /// Spins on a lock held by another CPU.
    Spinlock(u32),
    Rwlock(u32),
    /// `kthread_stop()` waits for this kthread to return.
    KthreadStop(TaskId),
    /// `kthread_park()` waits for this kthread to park.
    KthreadPark(TaskId),
    /// Sits in `kthread_parkme()`.
    Parked,
    /// `del_timer_sync()` waits for the callback to end.
    TimerSync(u64),
    /// A pipe, read or write end.
    Pipe(u32),
    /// `wait4()`.
    Child,
    /// `nanosleep()` of a user task.
    Nanosleep,
    /// `flush_work()`, `cancel_work_sync()`, …
    Work(u64),
    /// `flush_workqueue()`, `destroy_workqueue()`, …
    Workqueue(u32),
    /// `tasklet_kill()`.
    Tasklet(u64),
    /// `synchronize_srcu()`.
    Srcu(u64),
    /// An RCU grace period.
    GracePeriod,
    /// Something else, told by name (as /proc/PID/wchan would show it).
    Other(&'static str),
}

impl BlockedOn {
    /// The kernel function the task sleeps in, as /proc/PID/wchan names it on Linux 6.1.
    pub fn wchan(self) -> &'static str {
        match self {
            BlockedOn::Nothing => "0",
            BlockedOn::NeverWoken => "kthread",
            BlockedOn::Schedule => "schedule",
            BlockedOn::Sleep => "msleep",
            BlockedOn::Timeout => "schedule_timeout",
            BlockedOn::WaitQueue(_) => "wait_woken",
            BlockedOn::Completion(_) => "wait_for_completion",
            BlockedOn::Mutex(_) => "__mutex_lock.constprop.0",
            BlockedOn::Semaphore(_) => "__down_common",
            BlockedOn::RwsemRead(_) => "rwsem_down_read_slowpath",
            BlockedOn::RwsemWrite(_) => "rwsem_down_write_slowpath",
            BlockedOn::Spinlock(_) | BlockedOn::Rwlock(_) => "0",
            BlockedOn::KthreadStop(_) => "kthread_stop",
            BlockedOn::KthreadPark(_) => "kthread_park",
            BlockedOn::Parked => "kthread_parkme",
            BlockedOn::TimerSync(_) => "del_timer_sync",
            BlockedOn::Pipe(_) => "pipe_read",
            BlockedOn::Child => "do_wait",
            BlockedOn::Nanosleep => "hrtimer_nanosleep",
            BlockedOn::Work(_) => "__flush_work",
            BlockedOn::Workqueue(_) => "__flush_workqueue",
            BlockedOn::Tasklet(_) => "tasklet_kill",
            BlockedOn::Srcu(_) => "__synchronize_srcu",
            BlockedOn::GracePeriod => "synchronize_rcu",
            BlockedOn::Other(name) => name,
        }
    }
}

/// What a kernel thread of kloom's own does when it has work; its code is in the shims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `kworker/…`: runs works.
    Worker,
    /// The rescuer of a queue: waits for the queue's end.
    Rescuer,
    /// `ksoftirqd/N`: runs the softirqs that were raised in process context.
    Softirq,
    /// `migration/N`: runs functions of the stopper.
    Stopper,
    /// `cpuhp/N`: calls the callbacks for CPUs that come and go.
    Hotplug,
}

/// What kind of task this is.
#[derive(Clone, Debug)]
pub enum TaskKind {
    /// swapper/N.
    Idle,
    /// A kernel thread of kloom's own (kthreadd, ksoftirqd/N, kworker/…): present, and asleep unless it has work.
    System,
    /// A kernel thread of a module.
    Kthread(Box<Kthread>),
    /// A process of user space.
    User(Box<UserTask>),
}

/// What only user tasks have.
#[derive(Clone, Debug, Default)]
pub struct UserTask {
    /// `/proc/PID/cmdline`, NUL-separated.
    pub cmdline: Vec<u8>,
    /// Open files: descriptor to open-file number.
    pub fds: BTreeMap<i32, u32>,
    /// Working directory.
    pub cwd: String,
    /// Process group, for signals from the terminal.
    pub pgid: i32,
    /// Whether the task is inside a system call.
    pub in_kernel: bool,
    /// Exited children not yet waited for: pid and wait status.
    pub zombies: Vec<(i32, i32)>,
    /// File mode creation mask.
    pub umask: u32,
}

/// Everything kloom knows about a task.
#[derive(Clone, Debug)]
pub struct Task {
    /// The slot.
    pub id: TaskId,
    /// Process id; stays after the task is released, for reports.
    pub pid: i32,
    /// Address of the `task_struct`.
    pub addr: u64,
    /// The `task_struct` itself.
    pub c: &'static TaskStruct,
    /// What kind of task.
    pub kind: TaskKind,
    /// What a thread of kloom's own does; None: it only sleeps.
    pub service: Option<Service>,
    /// The scheduler's part.
    pub se: SchedEntity,
    /// What it waits for.
    pub blocked_on: BlockedOn,
    /// Since when it has been in its present sleep, and where it went to sleep.
    pub slept_at: RawEvent,
    /// How often in a row it slept at that place, and since when.
    pub same_sleep: (u64, u64),
    /// The last wake-up that found it awake, unless another one woke it since.
    pub unheeded: Option<RawEvent>,
    /// Where it last set its state to a sleeping one by itself; only kept while a search explores.
    pub state_set: Option<RawEvent>,
    /// Signal state.
    pub signals: Signals,
    /// The pending timeout of its sleep.
    pub timeout: Option<EventKey>,
    /// Whether the last sleep ended by its timeout.
    pub timed_out: bool,
    /// `preempt_count()` of this task, in Linux's bit layout (preempt 0..8, softirq 8..16).
    pub preempt_count: u32,
    /// Where preemption was disabled last (0 to 1).
    pub preempt_site: Trace,
    /// Interrupts are off while this task runs.
    pub irqs_off: bool,
    /// Locks held, in the order taken.
    pub held: Vec<HeldLock>,
    /// Where, when and by whom it was created.
    pub created: RawEvent,
    /// Where and when it exited.
    pub exited: Option<RawEvent>,
    /// Parent's slot.
    pub parent: TaskId,
    /// Full name of a kthread (`comm` holds 15 characters; /proc/PID/comm shows a kthread's name whole).
    pub full_name: Option<Rc<str>>,
    /// Whether the watchdog has already reported this sleep.
    pub hang_reported: bool,
    /// Where its code was last seen when it lost the CPU without a call.
    pub seen_at: u64,
    /// References modules took with `get_task_struct()` and have not put back.
    pub refs_taken: Vec<RawEvent>,
    /// Sleeps so far; an unchanged value tells the watchdog nothing happened.
    pub switch_count: u64,
    /// Tells the tenants of a slot apart.
    pub serial: u64,
    /// Its `task_struct` is gone.
    pub freed: Option<Freed>,
}

impl Task {
    /// `__state`.
    pub fn state(&self) -> u32 {
        self.c.task_state()
    }

    /// Whether this is a kernel thread (of a module or the kernel's own).
    pub fn is_kthread(&self) -> bool {
        self.c.flags.get() & PF_KTHREAD != 0
    }

    /// The kthread part.
    pub fn kthread(&self) -> Option<&Kthread> {
        match &self.kind {
            TaskKind::Kthread(kthread) => Some(kthread),
            _ => None,
        }
    }

    /// The kthread part.
    pub fn kthread_mut(&mut self) -> Option<&mut Kthread> {
        match &mut self.kind {
            TaskKind::Kthread(kthread) => Some(kthread),
            _ => None,
        }
    }

    /// The user part.
    pub fn user(&self) -> Option<&UserTask> {
        match &self.kind {
            TaskKind::User(user) => Some(user),
            _ => None,
        }
    }

    /// The user part.
    pub fn user_mut(&mut self) -> Option<&mut UserTask> {
        match &mut self.kind {
            TaskKind::User(user) => Some(user),
            _ => None,
        }
    }

    /// The name: a kthread's whole, else `comm`.
    pub fn name(&self) -> String {
        match (&self.full_name, &self.freed) {
            (Some(name), _) => name.to_string(),
            (None, Some(freed)) => kloom_abi::task::comm_text(&freed.comm),
            (None, None) => self.c.comm_text(),
        }
    }

    /// `comm` as bytes.
    pub fn comm(&self) -> [u8; TASK_COMM_LEN] {
        self.c.comm_array()
    }

    /// Whether the thread function has returned or the process has exited.
    pub fn has_exited(&self) -> bool {
        self.exited.is_some()
    }
}

/// The end of a task's memory.
#[derive(Clone, Debug)]
pub struct Freed {
    /// When, and by whom.
    pub at: RawEvent,
    /// `comm`, which can no longer be read where it was.
    comm: [u8; TASK_COMM_LEN],
}

/// A released task: its story, for when a stale pointer is used. Its `task_struct` cannot be read any more.
#[derive(Clone, Copy, Debug)]
pub struct Tombstone<'t>(&'t Task);

impl Tombstone<'_> {
    /// Its pid.
    pub fn pid(&self) -> i32 {
        self.0.pid
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Whether it was a kernel thread of a module.
    pub fn is_module_thread(&self) -> bool {
        self.0.kthread().is_some()
    }

    /// Where it was created.
    pub fn created(&self) -> RawEvent {
        self.0.created
    }

    /// Where it exited.
    pub fn exited(&self) -> Option<RawEvent> {
        self.0.exited
    }

    /// When the memory was freed, and by whom.
    pub fn freed(&self) -> Option<RawEvent> {
        self.0.freed.as_ref().map(|freed| freed.at)
    }
}

/// A slot is live, or holds its last task until reused.
#[derive(Clone, Debug)]
enum Slot {
    Live(Shared<Task>),
    Dead(Shared<Task>),
    Empty,
}

/// All tasks.
#[derive(Clone)]
pub struct TaskTable {
    slots: Vec<Slot>,
    /// Freed slots, oldest first; reused only when more than [`TaskTable::quarantine`] wait.
    free: std::collections::VecDeque<TaskId>,
    by_pid: FxHashMap<i32, TaskId>,
    memory: Box<dyn TaskMemory>,
    next_pid: i32,
    /// Most tasks that may live at once.
    pub limit: usize,
    /// Freed slots that are kept unreadable before the oldest is used again: enough that stale pointers are seen.
    pub quarantine: usize,
}

/// [`TaskTable::quarantine`], unless told otherwise.
const QUARANTINE: usize = 1024;

/// Offset of `tasks` in `task_struct`.
const TASKS_OFFSET: u64 = std::mem::offset_of!(TaskStruct, tasks) as u64;

/// What the backward pointer of an entry taken off a list holds.
const LIST_POISON2: u64 = 0xdead_0000_0000_0122;

/// Largest pid + 1 (`kernel.pid_max` on a 64-bit machine).
const PID_MAX: i32 = 4_194_304;

impl TaskTable {
    /// An empty table over `memory`.
    pub fn new(memory: Box<dyn TaskMemory>, limit: usize) -> TaskTable {
        TaskTable {
            slots: Vec::new(),
            free: Default::default(),
            by_pid: FxHashMap::default(),
            memory,
            next_pid: 1,
            limit,
            quarantine: QUARANTINE,
        }
    }

    /// Takes a slot and a `task_struct`; `build` makes the task from them.
    pub fn insert(
        &mut self,
        pid: Option<i32>,
        build: impl FnOnce(TaskId, i32, u64, &'static TaskStruct) -> Task,
    ) -> Option<TaskId> {
        if self.by_pid.len() >= self.limit {
            return None;
        }
        let id = if self.free.len() > self.quarantine {
            self.free.pop_front()?
        } else {
            let id = TaskId(u32::try_from(self.slots.len()).ok()?);
            self.slots.push(Slot::Empty);
            id
        };
        let pid = match pid {
            Some(pid) => pid,
            None => self.alloc_pid(),
        };
        let (addr, c) = self.memory.alloc(id)?;
        let task = build(id, pid, addr, c);
        let slot = &mut self.slots[id.0 as usize];
        *slot = Slot::Live(match std::mem::replace(slot, Slot::Empty) {
            Slot::Dead(last) => last.refilled(task),
            Slot::Live(_) | Slot::Empty => Shared::new(task),
        });
        if pid != 0 {
            self.by_pid.insert(pid, id);
        }
        self.link(id, pid == 0);
        Some(id)
    }

    /// Puts a task at the end of the list that `for_each_process()` walks; swapper/0 is its head, other idle tasks are
    /// not on it.
    fn link(&self, id: TaskId, idle: bool) {
        let head = TaskId(0);
        let task = &self[id];
        let me = task.addr + TASKS_OFFSET;
        if id == head || idle {
            task.c.tasks.next.set(me);
            task.c.tasks.prev.set(me);
            return;
        }
        let head = &self[head];
        let head_list = head.addr + TASKS_OFFSET;
        let last = head.c.tasks.prev.get();
        task.c.tasks.next.set(head_list);
        task.c.tasks.prev.set(last);
        head.c.tasks.prev.set(me);
        if let Some(last) = self.by_list_addr(last) {
            last.c.tasks.next.set(me);
        }
    }

    fn unlink(&self, id: TaskId) {
        let task = &self[id];
        let (next, prev) = (task.c.tasks.next.get(), task.c.tasks.prev.get());
        if let (Some(next_task), Some(prev_task)) = (self.by_list_addr(next), self.by_list_addr(prev)) {
            next_task.c.tasks.prev.set(prev);
            prev_task.c.tasks.next.set(next);
        }
        // As list_del_rcu(): who stands on it finds the way on.
        task.c.tasks.prev.set(LIST_POISON2);
    }

    /// The live task whose `tasks` member is at `addr`. Addresses are evenly spaced by slot.
    fn by_list_addr(&self, addr: u64) -> Option<&Task> {
        let first = self.get(TaskId(0))?.addr;
        let stride = self.get(TaskId(1)).map_or(u64::MAX, |second| second.addr - first);
        let slot = addr.checked_sub(first + TASKS_OFFSET)? / stride;
        self.get(TaskId(u32::try_from(slot).ok()?))
    }

    fn alloc_pid(&mut self) -> i32 {
        loop {
            let pid = self.next_pid;
            self.next_pid = if pid + 1 >= PID_MAX { 300 } else { pid + 1 };
            if !self.by_pid.contains_key(&pid) {
                return pid;
            }
        }
    }

    /// Sets where pids go on from (user space starts higher than the kernel's own threads).
    pub fn set_next_pid(&mut self, pid: i32) {
        self.next_pid = pid;
    }

    /// The pid the last new task got.
    pub fn last_pid(&self) -> i32 {
        self.next_pid - 1
    }

    /// Unhashes the pid of an exited task: it no longer shows in ps or /proc.
    pub fn unhash(&mut self, id: TaskId) {
        let Some(pid) = self.get(id).map(|task| task.pid) else { return };
        if let Entry::Occupied(entry) = self.by_pid.entry(pid)
            && *entry.get() == id
        {
            entry.remove();
            self.unlink(id);
        }
    }

    /// Frees the `task_struct` and keeps the story.
    pub fn release(&mut self, id: TaskId, freed: RawEvent) {
        self.unhash(id);
        let slot = &mut self.slots[id.0 as usize];
        let Slot::Live(mut task) = std::mem::replace(slot, Slot::Empty) else {
            panic!("task slot {id:?} released twice")
        };
        let comm = task.comm();
        task.freed = Some(Freed { at: freed, comm });
        *slot = Slot::Dead(task);
        self.memory.free(id);
        self.free.push_back(id);
    }

    /// The live task in a slot.
    pub fn get(&self, id: TaskId) -> Option<&Task> {
        match self.slots.get(id.0 as usize) {
            Some(Slot::Live(task)) => Some(task),
            _ => None,
        }
    }

    /// The live task in a slot.
    pub fn get_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        match self.slots.get_mut(id.0 as usize) {
            Some(Slot::Live(task)) => Some(task),
            _ => None,
        }
    }

    /// The story of the released task that last lived in a slot.
    pub fn tombstone(&self, id: TaskId) -> Option<Tombstone<'_>> {
        match self.slots.get(id.0 as usize) {
            Some(Slot::Dead(task)) => Some(Tombstone(task)),
            _ => None,
        }
    }

    /// The live task with a pid.
    pub fn find(&self, pid: i32) -> Option<TaskId> {
        self.by_pid.get(&pid).copied()
    }

    /// All live tasks in slot order.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Live(task) => Some(&**task),
            _ => None,
        })
    }

    /// Live tasks with a pid, by pid, ascending.
    pub fn by_pid(&self) -> Vec<(i32, TaskId)> {
        let mut all: Vec<(i32, TaskId)> = self.by_pid.iter().map(|(&pid, &id)| (pid, id)).collect();
        all.sort_unstable();
        all
    }

    /// Number of live tasks with a pid.
    pub fn len(&self) -> usize {
        self.by_pid.len()
    }

    /// Whether no task has a pid.
    pub fn is_empty(&self) -> bool {
        self.by_pid.is_empty()
    }
}

impl std::ops::Index<TaskId> for TaskTable {
    type Output = Task;

    #[inline]
    fn index(&self, id: TaskId) -> &Task {
        match &self.slots[id.0 as usize] {
            Slot::Live(task) => task,
            _ => panic!("task slot {id:?} is not live"),
        }
    }
}

impl std::ops::IndexMut<TaskId> for TaskTable {
    #[inline]
    fn index_mut(&mut self, id: TaskId) -> &mut Task {
        match &mut self.slots[id.0 as usize] {
            Slot::Live(task) => task,
            _ => panic!("task slot {id:?} is not live"),
        }
    }
}

impl std::fmt::Debug for TaskTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskTable").field("by_pid", &self.by_pid()).finish_non_exhaustive()
    }
}
