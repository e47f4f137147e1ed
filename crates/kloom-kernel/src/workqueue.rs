//! Work queues: works, the queues they are put on, the worker threads that run them.
//!
//! C header: include/linux/workqueue.h. Behaviour follows Linux 6.1 kernel/workqueue.c: a pool of workers per CPU and
//! priority and two unbound ones; a pool bound to a CPU runs one work at a time unless that work sleeps; a queue's
//! `max_active` bounds how many of its works a pool takes; a work never runs twice at once; PENDING is cleared before
//! the function is called. A work is known by its address and only while it is queued, running or being cancelled,
//! so its memory may go away whenever Linux allows it.
//!
//! Workers are made when one is needed; Linux keeps a spare one ready, which only shows in `ps`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use kloom_abi::sched::{PF_NO_SETAFFINITY, PF_WQ_WORKER, TASK_IDLE, TASK_UNINTERRUPTIBLE};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::fault::Fault;
use crate::lock::lockdep::DepKind;
use crate::ops::{Op, Progress};
use crate::order;
use crate::printk::Level;
use crate::signal::Signals;
use crate::site::RawEvent;
use crate::task::{BlockedOn, Service, TaskId, TaskKind};
use crate::{Kernel, NewTask};

/// `WQ_UNBOUND` and the other flags that change what a queue does.
pub mod flags {
    #![expect(missing_docs, reason = "the names are Linux's own")]
    pub const UNBOUND: u32 = 1 << 1;
    pub const MEM_RECLAIM: u32 = 1 << 3;
    pub const HIGHPRI: u32 = 1 << 4;
    pub const CPU_INTENSIVE: u32 = 1 << 5;
    pub const ORDERED: u32 = 1 << 17;
}

/// `WQ_DFL_ACTIVE` and `WQ_MAX_ACTIVE`.
const DEFAULT_ACTIVE: usize = 256;
const MAX_ACTIVE: usize = 512;
/// Longest name and description shown (`WQ_NAME_LEN` and `WORKER_DESC_LEN`, with the NUL).
const NAME_LEN: usize = 24;

/// Names and flags of the queues every machine has, in the order of their handles (1, 2, …).
pub const SYSTEM_QUEUES: [(&str, &str, u32); 7] = [
    ("system_wq", "events", 0),
    ("system_highpri_wq", "events_highpri", flags::HIGHPRI),
    ("system_long_wq", "events_long", 0),
    ("system_unbound_wq", "events_unbound", flags::UNBOUND),
    ("system_freezable_wq", "events_freezable", 0),
    ("system_power_efficient_wq", "events_power_efficient", 0),
    ("system_freezable_power_efficient_wq", "events_freezable_power_", 0),
];

/// A pool's list, as an object that a search knows.
fn pool_object(pool: usize) -> u64 {
    0x100 + pool as u64
}

/// What works of a queue release when they are over.
fn queue_object(handle: u32) -> u64 {
    0x1000 + u64::from(handle)
}

/// Where a work waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// Nowhere: it is only being cancelled.
    Nowhere,
    /// Its timer runs.
    Timer,
    /// On a pool's list.
    Active(usize),
    /// Beyond its queue's `max_active` in a pool.
    Inactive(usize),
}

/// A work that is pending or being cancelled.
#[derive(Clone, Copy, Debug)]
struct Work {
    waits: Waits,
    queue: u32,
    seq: u64,
    /// `cancel_work_sync()` calls in progress: it cannot be queued meanwhile.
    cancelling: u32,
    queued: RawEvent,
}

/// A pool's share of a queue.
#[derive(Clone, Debug, Default)]
struct Share {
    active: usize,
    /// Works in their turn with their numbers; those that were taken off since are passed over.
    inactive: VecDeque<(u64, u64)>,
    /// Those that were not.
    waiting: usize,
}

/// A `struct workqueue_struct`.
#[derive(Clone, Debug)]
struct Queue {
    name: String,
    flags: u32,
    max_active: usize,
    draining: u32,
    /// By pool.
    shares: Vec<Share>,
    /// Numbers of the works that are queued or run, ascending: they are given in that order.
    in_flight: VecDeque<u64>,
    /// Tasks that wait for works of it.
    waiters: Vec<TaskId>,
    rescuer: Option<TaskId>,
}

/// Workers that share a list of works.
#[derive(Clone, Debug)]
struct Pool {
    cpu: Option<u32>,
    nice: i32,
    /// Works in their turn with their numbers; those that were taken off since are passed over.
    works: VecDeque<(u64, u64)>,
    /// Those that were not.
    waiting: usize,
    idle: Vec<TaskId>,
    running: usize,
    next_worker: u32,
}

/// What a worker does.
#[derive(Clone, Copy, Debug)]
struct Job {
    work: u64,
    func: u64,
    queue: u32,
    seq: u64,
    /// Where it was queued.
    queued: RawEvent,
}

/// A worker thread.
#[derive(Clone, Debug)]
struct Worker {
    pool: usize,
    name: String,
    /// Its full name while it runs a work, and while it does not.
    names: [Rc<str>; 2],
    /// The queue after which it is named; 0: none.
    desc_of: u32,
    job: Option<Job>,
    /// Works that came up while this worker ran them already.
    scheduled: VecDeque<u64>,
    /// Counted in the pool's `running`.
    counted: bool,
    /// Waits for work, in the pool's `idle`.
    idle: bool,
}

/// What became of a request to queue a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It is queued.
    Yes,
    /// It was pending already, or is being cancelled.
    WasPending,
    /// The queue is being drained, and the caller is no work of it.
    Draining,
}

/// All queues, pools and works.
#[derive(Clone, Debug, Default)]
pub struct Workqueues {
    queues: Slab<Queue>,
    pools: Vec<Pool>,
    /// By address; nothing depends on the order.
    works: FxHashMap<u64, Work>,
    workers: BTreeMap<TaskId, Worker>,
    /// Which worker runs a work.
    runners: FxHashMap<u64, TaskId>,
    seq: u64,
}

impl Workqueues {
    /// Their part of [`Kernel::digest`]: works in the order they were queued in, and who runs which.
    pub(crate) fn digest(&self, hasher: &mut rustc_hash::FxHasher) {
        use std::hash::Hash;
        let mut works: Vec<_> = self.works.iter().map(|(addr, work)| (work.seq, *addr, work)).collect();
        works.sort_unstable_by_key(|&(seq, addr, _)| (seq, addr));
        for (_, addr, work) in works {
            let place = match work.waits {
                Waits::Nowhere => (0, 0),
                Waits::Timer => (1, 0),
                Waits::Active(pool) => (2, pool),
                Waits::Inactive(pool) => (3, pool),
            };
            (addr, place, work.queue, work.cancelling).hash(hasher);
        }
        for (id, worker) in &self.workers {
            let job = worker.job.map(|job| (job.work, job.func, job.queue));
            (id.0, job, worker.idle, worker.counted).hash(hasher);
            worker.scheduled.iter().for_each(|work| work.hash(hasher));
        }
        for (handle, queue) in &self.queues {
            (handle, queue.flags, queue.max_active, queue.draining, queue.in_flight.len()).hash(hasher);
            crate::state::ids(&queue.waiters, hasher);
        }
    }

    fn queue(&self, handle: u32) -> Option<&Queue> {
        self.queues.get((handle as usize).checked_sub(1)?)
    }

    fn queue_mut(&mut self, handle: u32) -> Option<&mut Queue> {
        self.queues.get_mut((handle as usize).checked_sub(1)?)
    }

    /// The worker that runs `work`, and its job.
    fn runner(&self, work: u64) -> Option<(TaskId, Job)> {
        let &id = self.runners.get(&work)?;
        self.workers.get(&id)?.job.map(|job| (id, job))
    }

    /// Number of the pool a queue's works go to from `cpu`.
    fn pool_of(&self, flags: u32, cpu: u32) -> usize {
        let high = usize::from(flags & flags::HIGHPRI != 0);
        let unbound = self.pools.len() - 2;
        if flags & flags::UNBOUND != 0 { unbound + high } else { cpu as usize * 2 + high }
    }

    /// Whether a pool has works nobody gets to.
    fn needs_worker(&self, pool: usize) -> bool {
        let pool = &self.pools[pool];
        pool.waiting > 0 && pool.running == 0
    }

    /// Works that are queued or have their timer running, with who queued them, by address.
    pub fn pending(&self) -> Vec<(u64, RawEvent)> {
        let pending = self.works.iter().filter(|(_, work)| work.waits != Waits::Nowhere);
        let mut pending: Vec<_> = pending.map(|(&addr, work)| (addr, work.queued)).collect();
        pending.sort_unstable_by_key(|(addr, _)| *addr);
        pending
    }

    /// Where the work at `addr` was queued, if it is queued or its timer runs.
    pub fn pending_at(&self, addr: u64) -> Option<RawEvent> {
        self.works.get(&addr).filter(|work| work.waits != Waits::Nowhere).map(|work| work.queued)
    }

    /// Whether the timer of the pending work at `addr` still runs.
    pub fn waits_for_timer(&self, addr: u64) -> bool {
        self.works.get(&addr).is_some_and(|work| work.waits == Waits::Timer)
    }

    /// Works that run: the worker, the work, its function.
    pub fn running(&self) -> impl Iterator<Item = (TaskId, u64, u64)> + '_ {
        self.workers.iter().filter_map(|(&id, worker)| worker.job.map(|job| (id, job.work, job.func)))
    }

    /// Workers without which the work at `work` will not be done: the one that runs it, or the one whose work must be done
    /// before this one's turn comes in a queue that runs one at a time.
    pub fn blockers_of(&self, work: u64) -> Vec<TaskId> {
        if let Some(worker) = self.worker_of(work) {
            return vec![worker];
        }
        match self.works.get(&work) {
            Some(Work { waits: Waits::Inactive(_), queue, .. })
                if self.queue(*queue).is_some_and(|queue| queue.max_active == 1) =>
            {
                self.workers_in(*queue)
            }
            _ => Vec::new(),
        }
    }

    /// Workers that run works of a queue.
    pub fn workers_in(&self, handle: u32) -> Vec<TaskId> {
        let mine = |worker: &Worker| worker.job.is_some_and(|job| job.queue == handle);
        self.workers.iter().filter(|(_, worker)| mine(worker)).map(|(&id, _)| id).collect()
    }

    /// Name of a queue.
    pub fn name_of(&self, handle: u32) -> Option<&str> {
        self.queue(handle).map(|queue| queue.name.as_str())
    }

    /// Whether somebody is about to destroy a queue.
    pub fn is_draining(&self, handle: u32) -> bool {
        self.queue(handle).is_some_and(|queue| queue.draining > 0)
    }

    /// What a worker runs: the work, its function, where it was queued, its queue.
    pub fn job_of(&self, worker: TaskId) -> Option<(u64, u64, RawEvent, u32)> {
        self.workers.get(&worker)?.job.map(|job| (job.work, job.func, job.queued, job.queue))
    }

    /// What a task that waits for the work at `work` waits for: its worker.
    pub fn worker_of(&self, work: u64) -> Option<TaskId> {
        self.runner(work).map(|(id, _)| id)
    }
}

impl Kernel {
    /// Sets up pools and queues, and makes the workers of the boot members of their pools.
    pub(crate) fn boot_workqueues(&mut self) {
        let pool = |cpu, nice| Pool {
            cpu,
            nice,
            works: VecDeque::new(),
            waiting: 0,
            idle: Vec::new(),
            running: 0,
            next_worker: 0,
        };
        for cpu in 0..self.config.cpus {
            self.workqueues.pools.push(pool(Some(cpu), 0));
            self.workqueues.pools.push(pool(Some(cpu), HIGHPRI_NICE));
        }
        self.workqueues.pools.push(pool(None, 0));
        self.workqueues.pools.push(pool(None, HIGHPRI_NICE));
        for (_, name, flags) in SYSTEM_QUEUES {
            self.new_queue(name.to_string(), flags, 0);
        }
        let names: Vec<(TaskId, String)> = self
            .tasks
            .iter()
            .filter(|task| task.c.comm_text().starts_with("kworker/"))
            .map(|task| (task.id, task.name()))
            .collect();
        for (id, name) in names {
            let (base, desc) = name.split_once('-').unwrap_or((&name, ""));
            let pool = match base.trim_start_matches("kworker/").split_once(':') {
                Some((cpu, id)) => cpu
                    .parse::<usize>()
                    .map_or(self.config.cpus as usize * 2, |cpu| cpu * 2 + usize::from(id.ends_with('H'))),
                None => continue,
            };
            self.adopt_worker(id, pool, base.to_string(), desc.to_string());
        }
    }

    fn adopt_worker(&mut self, id: TaskId, pool: usize, name: String, desc: String) {
        let (cpu, nice) = (self.workqueues.pools[pool].cpu, self.workqueues.pools[pool].nice);
        let task = &mut self.tasks[id];
        task.service = Some(Service::Worker);
        task.signals = Signals::all_ignored();
        task.c.set_comm(name.as_bytes());
        task.c.flags.set(task.c.flags.get() | PF_WQ_WORKER | PF_NO_SETAFFINITY);
        task.c.set_task_state(TASK_IDLE);
        task.blocked_on = BlockedOn::Schedule;
        task.se.nice = nice;
        if let Some(cpu) = cpu {
            task.se.allowed = 1 << cpu;
            task.se.cpu = cpu;
        }
        self.publish_sched(id);
        let names = [Rc::from(""), Rc::from("")];
        let worker =
            Worker { pool, name, names, desc_of: 0, job: None, scheduled: VecDeque::new(), counted: false, idle: true };
        self.workqueues.workers.insert(id, worker);
        let pool = &mut self.workqueues.pools[pool];
        pool.idle.push(id);
        pool.next_worker += 1;
        self.describe_worker(id, desc);
    }

    /// A worker's name in /proc and `ps`: what it runs (`+`) or ran last (`-`) follows its own.
    fn describe_worker(&mut self, id: TaskId, desc: String) {
        let workqueues = &mut *self.workqueues;
        let Some(worker) = workqueues.workers.get_mut(&id) else { return };
        let name = |sign: char| -> Rc<str> {
            if desc.is_empty() { worker.name.as_str().into() } else { format!("{}{sign}{desc}", worker.name).into() }
        };
        worker.names = [name('+'), name('-')];
        self.name_worker(id);
    }

    /// Shows the name that fits what a worker does. A worker that takes its next work at once keeps the name it has.
    #[inline]
    pub fn name_worker(&mut self, id: TaskId) {
        let Some(worker) = self.workqueues.workers.get(&id) else { return };
        let name = &worker.names[usize::from(worker.job.is_none())];
        let shown = &mut self.tasks[id].full_name;
        if !shown.as_ref().is_some_and(|shown| Rc::ptr_eq(shown, name)) {
            *shown = Some(Rc::clone(name));
        }
    }

    fn create_worker(&mut self, pool: usize) -> Option<TaskId> {
        let parent = self.kthreadd;
        let p = &self.workqueues.pools[pool];
        let number = p.next_worker;
        let name = match p.cpu {
            Some(cpu) => format!("kworker/{cpu}:{number}{}", if p.nice < 0 { "H" } else { "" }),
            None => format!("kworker/u{pool}:{number}"),
        };
        let id = self.new_task(NewTask { name: name.as_bytes(), parent, kind: TaskKind::System }).ok()?;
        self.adopt_worker(id, pool, name, String::new());
        Some(id)
    }

    /// Wakes an idle worker of a pool, a new one if there is none.
    fn wake_worker(&mut self, pool: usize) {
        let idle = self.workqueues.pools[pool].idle.last().copied();
        if let Some(id) = idle.or_else(|| self.create_worker(pool)) {
            self.try_to_wake_up(id, TASK_IDLE);
        }
    }

    fn new_queue(&mut self, name: String, flags: u32, max_active: i32) -> u32 {
        let max_active = match max_active {
            0 => DEFAULT_ACTIVE,
            some => (some.max(1) as usize).min(MAX_ACTIVE),
        };
        let name: String = name.chars().take(NAME_LEN - 1).collect();
        let queue = Queue {
            name,
            flags,
            max_active,
            draining: 0,
            shares: vec![Share::default(); self.workqueues.pools.len()],
            in_flight: VecDeque::new(),
            waiters: Vec::new(),
            rescuer: None,
        };
        self.workqueues.queues.insert(queue) as u32 + 1
    }

    /// Makes a queue (`alloc_workqueue()`); its handle. With `WQ_MEM_RECLAIM` it has a rescuer thread of its name.
    ///
    /// # Context
    /// Process context; sleeps on Linux.
    pub fn alloc_workqueue(&mut self, name: String, flags: u32, max_active: i32) -> Option<u32> {
        // An unbound queue limited to one has been an ordered one since 3.10 (kernel/workqueue.c, alloc_workqueue()).
        let flags = if flags & flags::UNBOUND != 0 && max_active == 1 { flags | flags::ORDERED } else { flags };
        if max_active != 0 && !(1..=MAX_ACTIVE as i32).contains(&max_active) {
            let short: String = name.chars().take(NAME_LEN - 1).collect();
            self.printk(Level::Warning, format!("workqueue: max_active {max_active} requested for {short} is out of range, clamping between 1 and {MAX_ACTIVE}"));
        }
        let handle = self.new_queue(name.clone(), flags, max_active);
        if flags & flags::MEM_RECLAIM != 0 {
            let parent = self.kthreadd;
            let rescuer = self.new_task(NewTask { name: name.as_bytes(), parent, kind: TaskKind::System });
            let Ok(id) = rescuer else {
                self.workqueues.queues.remove(handle as usize - 1);
                return None;
            };
            let task = &mut self.tasks[id];
            task.service = Some(Service::Rescuer);
            task.signals = Signals::all_ignored();
            task.c.flags.set(task.c.flags.get() | PF_NO_SETAFFINITY);
            task.c.set_task_state(TASK_IDLE);
            task.blocked_on = BlockedOn::Schedule;
            task.se.nice = kloom_abi::sched::MIN_NICE;
            self.publish_sched(id);
            if let Some(queue) = self.workqueues.queue_mut(handle) {
                queue.rescuer = Some(id);
            }
        }
        Some(handle)
    }

    /// Ends a drained queue; its rescuer exits when it next runs.
    pub fn free_workqueue(&mut self, handle: u32) {
        let Some(queue) = self.workqueues.queues.try_remove((handle as usize).wrapping_sub(1)) else { return };
        if let Some(rescuer) = queue.rescuer {
            self.try_to_wake_up(rescuer, TASK_IDLE);
        }
    }

    /// Whether a rescuer's queue is gone, so that the thread must end. It sleeps otherwise.
    pub fn rescuer_should_exit(&mut self, caller: TaskId) -> bool {
        if !self.workqueues.queues.iter().any(|(_, queue)| queue.rescuer == Some(caller)) {
            return true;
        }
        self.tasks[caller].c.set_task_state(TASK_IDLE);
        self.block_on(caller, BlockedOn::Schedule);
        self.schedule(caller);
        false
    }

    /// `workqueue_set_max_active()`.
    pub fn workqueue_set_max_active(&mut self, handle: u32, max_active: i32) {
        if let Some(queue) = self.workqueues.queue_mut(handle) {
            queue.max_active = (max_active.max(1) as usize).min(MAX_ACTIVE);
        }
        for pool in 0..self.workqueues.pools.len() {
            self.activate_works(handle, pool);
        }
    }

    /// Whether works of the queue wait for others of it (`workqueue_congested()`).
    pub fn workqueue_congested(&self, handle: u32, cpu: Option<u32>) -> bool {
        let cpu = cpu.unwrap_or(self.this_cpu);
        self.workqueues.queue(handle).is_some_and(|queue| {
            let pool = self.workqueues.pool_of(queue.flags, cpu);
            queue.shares.get(pool).is_some_and(|share| share.waiting > 0)
        })
    }

    /// Queues a work (`queue_work_on()`); no CPU means this one.
    ///
    /// # Context
    /// Any; no scheduling point.
    pub fn queue_work(&mut self, cpu: Option<u32>, handle: u32, work: u64) -> Queued {
        if self.work_pending(work) {
            return Queued::WasPending;
        }
        self.insert_work(cpu, handle, work)
    }

    /// Puts a work that is not on any list on one, whatever its timer did: the second half of [`Kernel::queue_work`], for
    /// callers that know that it is not pending.
    pub fn insert_work(&mut self, cpu: Option<u32>, handle: u32, work: u64) -> Queued {
        let current = self.current();
        let cpu = cpu.filter(|&cpu| (cpu as usize) < self.cpus.len()).unwrap_or(self.this_cpu);
        let queued = self.event_here();
        let wq = &mut *self.workqueues;
        let chained = wq.workers.get(&current).and_then(|worker| worker.job).is_some_and(|job| job.queue == handle);
        let Some(queue) = wq.queue(handle) else { return Queued::Draining };
        if queue.draining > 0 && !chained {
            return Queued::Draining;
        }
        let mut pool = wq.pool_of(queue.flags, cpu);
        // It must not run twice at once: it goes where it still runs.
        if !wq.runners.is_empty()
            && let Some((runner, job)) = wq.runner(work)
            && job.queue == handle
        {
            pool = wq.workers[&runner].pool;
        }
        self.touched.note_changed(work);
        self.touched.note_changed(pool_object(pool));
        wq.seq += 1;
        let seq = wq.seq;
        let Some(queue) = wq.queue_mut(handle) else { return Queued::Draining };
        queue.in_flight.push_back(seq);
        let max_active = queue.max_active;
        let share = &mut queue.shares[pool];
        let waits = if share.active < max_active && share.waiting == 0 {
            share.active += 1;
            Waits::Active(pool)
        } else {
            share.inactive.push_back((work, seq));
            share.waiting += 1;
            Waits::Inactive(pool)
        };
        match wq.works.entry(work) {
            Entry::Occupied(mut entry) => {
                let cancelling = entry.get().cancelling;
                // Of a delayed work whose time has come, the one who asked for it counts.
                let queued = if entry.get().waits == Waits::Timer { entry.get().queued } else { queued };
                entry.insert(Work { waits, queue: handle, seq, cancelling, queued });
            }
            Entry::Vacant(entry) => {
                entry.insert(Work { waits, queue: handle, seq, cancelling: 0, queued });
            }
        }
        if waits == Waits::Active(pool) {
            wq.pools[pool].works.push_back((work, seq));
            wq.pools[pool].waiting += 1;
            if wq.needs_worker(pool) {
                self.wake_worker(pool);
            }
        }
        Queued::Yes
    }

    /// Moves works of a queue that were held back to the pool's list, as far as `max_active` allows.
    fn activate_works(&mut self, handle: u32, pool: usize) {
        loop {
            let Workqueues { queues, works, pools, .. } = &mut *self.workqueues;
            let Some(queue) = queues.get_mut((handle as usize).wrapping_sub(1)) else { return };
            let max_active = queue.max_active;
            let Some(share) = queue.shares.get_mut(pool) else { return };
            if share.active >= max_active || share.waiting == 0 {
                return;
            }
            let Some((work, seq)) = share.inactive.pop_front() else { return };
            let still = |entry: &&mut Work| entry.seq == seq && entry.waits == Waits::Inactive(pool);
            let Some(entry) = works.get_mut(&work).filter(still) else { continue };
            entry.waits = Waits::Active(pool);
            share.active += 1;
            share.waiting -= 1;
            pools[pool].works.push_back((work, seq));
            pools[pool].waiting += 1;
            if self.workqueues.needs_worker(pool) {
                self.wake_worker(pool);
            }
        }
    }

    /// Whether a work is queued, has its timer running or is being cancelled (`work_pending()`).
    #[inline]
    pub fn work_pending(&self, work: u64) -> bool {
        self.workqueues.works.contains_key(&work)
    }

    /// `WORK_BUSY_PENDING` (1) and `WORK_BUSY_RUNNING` (2).
    pub fn work_busy(&self, work: u64) -> u32 {
        u32::from(self.work_pending(work)) | u32::from(self.workqueues.runner(work).is_some()) << 1
    }

    /// A delayed work's timer was armed: it is pending from now on.
    pub fn work_timer_armed(&mut self, handle: u32, work: u64) {
        let queued = self.event_here();
        let cancelling = self.workqueues.works.get(&work).map_or(0, |work| work.cancelling);
        self.workqueues.works.insert(work, Work { waits: Waits::Timer, queue: handle, seq: 0, cancelling, queued });
    }

    /// A delayed work's timer went off.
    pub fn work_timer_due(&mut self, cpu: Option<u32>, handle: u32, work: u64) -> Queued {
        self.insert_work(cpu, handle, work)
    }

    /// Takes a pending work off (the timer of a delayed one is the caller's to stop); whether it was pending.
    pub fn unqueue_work(&mut self, work: u64) -> bool {
        let wq = &mut *self.workqueues;
        let Some(entry) = wq.works.get_mut(&work) else { return false };
        let (waits, handle, seq) = (entry.waits, entry.queue, entry.seq);
        entry.waits = Waits::Nowhere;
        if entry.cancelling == 0 {
            wq.works.remove(&work);
        }
        match waits {
            Waits::Nowhere => return false,
            Waits::Timer => return true,
            Waits::Active(pool) => {
                // Either on the pool's list or on that of the worker which runs it already.
                let mut on_worker = false;
                if let Some(worker) = wq.runners.get(&work).copied().and_then(|id| wq.workers.get_mut(&id)) {
                    let before = worker.scheduled.len();
                    worker.scheduled.retain(|&other| other != work);
                    on_worker = worker.scheduled.len() != before;
                }
                if !on_worker {
                    wq.pools[pool].waiting -= 1;
                }
                self.work_left(handle, pool, seq, true);
            }
            Waits::Inactive(pool) => {
                if let Some(share) = wq.queue_mut(handle).and_then(|queue| queue.shares.get_mut(pool)) {
                    share.waiting -= 1;
                }
                self.work_left(handle, pool, seq, false);
            }
        }
        true
    }

    /// A work of a queue is done or was taken off: what waited for it goes on.
    fn work_left(&mut self, handle: u32, pool: usize, seq: u64, was_active: bool) {
        let Some(queue) = self.workqueues.queue_mut(handle) else { return };
        if queue.in_flight.front() == Some(&seq) {
            queue.in_flight.pop_front();
        } else if let Ok(at) = queue.in_flight.binary_search(&seq) {
            queue.in_flight.remove(at);
        }
        let mut held_back = false;
        if let Some(share) = queue.shares.get_mut(pool) {
            share.active -= usize::from(was_active);
            held_back = share.waiting > 0;
        }
        let waiters = std::mem::take(&mut queue.waiters);
        if held_back {
            self.activate_works(handle, pool);
        }
        for waiter in waiters {
            self.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
        }
    }

    /// Sleeps until the next work of a queue is done.
    fn wait_for_works(&mut self, caller: TaskId, handle: u32, on: BlockedOn) {
        if let Some(queue) = self.workqueues.queue_mut(handle)
            && !queue.waiters.contains(&caller)
        {
            queue.waiters.push(caller);
        }
        self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
        self.block_on(caller, on);
    }

    /// Waits for the last queued run of a work (`flush_work()`): false if it was idle. Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    ///
    /// # Errors
    /// A deadlock, told once: the work waits for itself, or for who holds what it needs.
    pub fn flush_work(&mut self, caller: TaskId, work: u64, p: &mut Progress) -> Result<Op<bool>, Fault> {
        let newly = p.first();
        if newly {
            self.lockdep_waits_for(DepKind::Work, work);
            let wq = &self.workqueues;
            let queued =
                wq.works.get(&work).filter(|entry| matches!(entry.waits, Waits::Active(_) | Waits::Inactive(_)));
            let target = queued
                .map(|entry| (entry.queue, entry.seq))
                .or_else(|| wq.runner(work).map(|(_, job)| (job.queue, job.seq)));
            let Some((handle, seq)) = target else {
                self.acquire(order::side(work));
                return Ok(Op::Done(false));
            };
            p.note = u64::from(handle);
            p.until = seq;
        }
        self.wait_for_seq(caller, work, newly, p)
    }

    fn wait_for_seq(&mut self, caller: TaskId, work: u64, newly: bool, p: &Progress) -> Result<Op<bool>, Fault> {
        let handle = p.note as u32;
        if self.workqueues.queue(handle).is_none_or(|queue| queue.in_flight.binary_search(&p.until).is_err()) {
            self.acquire(order::side(work));
            return Ok(Op::Done(true));
        }
        self.wait_for_works(caller, handle, BlockedOn::Work(work));
        if newly && let Some(cycle) = self.deadlock_from(caller) {
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Block)
    }

    /// Takes a work off and waits for a running one (`cancel_work_sync()`): whether it was pending, `stopped_timer`
    /// included. It cannot be queued meanwhile. Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    ///
    /// # Errors
    /// A deadlock, told once.
    pub fn cancel_work_sync(&mut self, caller: TaskId, work: u64, p: &mut Progress) -> Result<Op<bool>, Fault> {
        const WAS_PENDING: u64 = 1 << 32;
        let newly = p.first();
        if newly {
            self.lockdep_waits_for(DepKind::Work, work);
            let was_pending = self.unqueue_work(work);
            p.note = if was_pending { WAS_PENDING } else { 0 };
            let Some((_, job)) = self.workqueues.runner(work) else {
                self.acquire(order::side(work));
                return Ok(Op::Done(was_pending));
            };
            p.note |= u64::from(job.queue);
            p.until = job.seq;
            let queued = self.event_here();
            let entry = Work { waits: Waits::Nowhere, queue: job.queue, seq: 0, cancelling: 0, queued };
            self.workqueues.works.entry(work).or_insert(entry).cancelling += 1;
        }
        let was_pending = p.note & WAS_PENDING != 0;
        let outcome = self.wait_for_seq(caller, work, newly, p)?;
        if outcome == Op::Done(true) {
            if let Some(entry) = self.workqueues.works.get_mut(&work) {
                entry.cancelling -= 1;
                if entry.cancelling == 0 && entry.waits == Waits::Nowhere {
                    self.workqueues.works.remove(&work);
                }
            }
            return Ok(Op::Done(was_pending));
        }
        Ok(Op::Block)
    }

    /// Waits for every work queued so far (`flush_workqueue()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    ///
    /// # Errors
    /// A deadlock, told once: a work of the queue waits for the queue.
    pub fn flush_workqueue(&mut self, caller: TaskId, handle: u32, p: &mut Progress) -> Result<Op<()>, Fault> {
        let newly = p.first();
        if newly {
            p.until = self.workqueues.seq;
        }
        let until = p.until;
        let left =
            self.workqueues.queue(handle).is_some_and(|queue| queue.in_flight.front().is_some_and(|&seq| seq <= until));
        self.flush_wait(caller, handle, left, newly)
    }

    /// Waits until nothing of a queue is left; only its own works may queue more (`drain_workqueue()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    ///
    /// # Errors
    /// A deadlock, told once.
    pub fn drain_workqueue(&mut self, caller: TaskId, handle: u32, p: &mut Progress) -> Result<Op<()>, Fault> {
        let newly = p.first();
        let Some(queue) = self.workqueues.queue_mut(handle) else { return Ok(Op::Done(())) };
        if newly {
            queue.draining += 1;
        }
        let left = !queue.in_flight.is_empty();
        if !left {
            queue.draining -= 1;
        }
        self.flush_wait(caller, handle, left, newly)
    }

    fn flush_wait(&mut self, caller: TaskId, handle: u32, left: bool, newly: bool) -> Result<Op<()>, Fault> {
        if !left {
            self.acquire(queue_object(handle));
            return Ok(Op::Done(()));
        }
        self.wait_for_works(caller, handle, BlockedOn::Workqueue(handle));
        if newly && let Some(cycle) = self.deadlock_from(caller) {
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Block)
    }

    /// The next work of the calling worker, whose function is read by `func` from its memory; None when there is none and
    /// the worker was put to sleep.
    ///
    /// # Errors
    /// What `func` answers: the work's memory is gone.
    pub fn worker_next(&mut self, caller: TaskId) -> Option<u64> {
        let pool = self.workqueues.workers.get(&caller)?.pool;
        self.worker_leaves_idle(caller);
        loop {
            let wq = &mut *self.workqueues;
            let worker = wq.workers.get_mut(&caller)?;
            let work = match worker.scheduled.pop_front() {
                Some(work) => work,
                None if wq.pools[pool].running <= 1 => {
                    let Some((work, seq)) = wq.pools[pool].works.pop_front() else { break };
                    let still = |entry: &&Work| entry.seq == seq && entry.waits == Waits::Active(pool);
                    if wq.works.get(&work).filter(still).is_none() {
                        continue;
                    }
                    wq.pools[pool].waiting -= 1;
                    work
                }
                None => break,
            };
            if !wq.runners.is_empty()
                && let Some(&other) = wq.runners.get(&work)
                && other != caller
                && let Some(other) = wq.workers.get_mut(&other).filter(|other| other.pool == pool)
            {
                other.scheduled.push_back(work);
                continue;
            }
            // From here on it may be queued again.
            let Entry::Occupied(mut entry) = wq.works.entry(work) else { return None };
            let Work { queue, seq, queued, cancelling, .. } = *entry.get();
            if cancelling == 0 {
                entry.remove();
            } else {
                entry.get_mut().waits = Waits::Nowhere;
            }
            let intensive = wq.queue(queue).is_some_and(|queue| queue.flags & flags::CPU_INTENSIVE != 0);
            wq.runners.insert(work, caller);
            let worker = wq.workers.get_mut(&caller)?;
            worker.job = Some(Job { work, func: 0, queue, seq, queued });
            if worker.desc_of != queue {
                worker.desc_of = queue;
                let desc = wq.queue(queue).map_or(String::new(), |queue| queue.name.clone());
                self.describe_worker(caller, desc);
            }
            if intensive {
                self.worker_uncounted(caller);
            }
            if self.workqueues.needs_worker(pool) {
                self.wake_worker(pool);
            }
            self.name_worker(caller);
            self.order_work_starts(caller, work);
            self.touched.note_changed(work);
            self.touched.note_changed(pool_object(pool));
            return Some(work);
        }
        self.worker_uncounted(caller);
        let wq = &mut *self.workqueues;
        let worker = wq.workers.get_mut(&caller)?;
        if !worker.idle {
            worker.idle = true;
            wq.pools[pool].idle.push(caller);
        }
        self.name_worker(caller);
        self.tasks[caller].c.set_task_state(TASK_IDLE);
        self.block_on(caller, BlockedOn::Schedule);
        self.schedule(caller);
        None
    }

    /// Notes which function the calling worker is about to call.
    #[inline]
    pub fn worker_calls(&mut self, caller: TaskId, func: u64) {
        if let Some(job) = self.workqueues.workers.get_mut(&caller).and_then(|worker| worker.job.as_mut()) {
            job.func = func;
        }
    }

    /// The calling worker's work returned.
    pub fn worker_done(&mut self, caller: TaskId) {
        let Some(worker) = self.workqueues.workers.get_mut(&caller) else { return };
        let pool = worker.pool;
        let Some(job) = worker.job else { return };
        self.order_work_ends(job);
        if let Some(worker) = self.workqueues.workers.get_mut(&caller) {
            worker.job = None;
        }
        if let Entry::Occupied(runner) = self.workqueues.runners.entry(job.work)
            && *runner.get() == caller
        {
            runner.remove();
        }
        self.touched.note_changed(job.work);
        self.worker_counted(caller);
        self.work_left(job.queue, pool, job.seq, true);
    }

    /// A work begins: after whoever queued it, after its own earlier runs, in an ordered queue after the work before.
    fn order_work_starts(&mut self, caller: TaskId, work: u64) {
        if !self.order.on {
            return;
        }
        self.acquire(work);
        let queue = self.workqueues.workers.get(&caller).and_then(|worker| worker.job).map(|job| job.queue);
        if let Some(handle) = queue
            && self.workqueues.queue(handle).is_some_and(|queue| queue.flags & flags::ORDERED != 0)
        {
            self.acquire(queue_object(handle));
        }
    }

    /// A work is over: before whoever flushes it or its queue.
    fn order_work_ends(&mut self, job: Job) {
        self.release(order::side(job.work));
        self.release(queue_object(job.queue));
    }

    /// The work the calling task runs as a worker (`current_work()`).
    pub fn current_work(&self, caller: TaskId) -> Option<u64> {
        self.workqueues.workers.get(&caller)?.job.map(|job| job.work)
    }

    /// `set_worker_desc()` of the running worker.
    pub fn set_worker_desc(&mut self, caller: TaskId, desc: &str) {
        if let Some(worker) = self.workqueues.workers.get_mut(&caller) {
            worker.desc_of = 0;
            self.describe_worker(caller, desc.chars().take(NAME_LEN - 1).collect());
        }
    }

    fn worker_leaves_idle(&mut self, id: TaskId) {
        let workqueues = &mut *self.workqueues;
        let Some(worker) = workqueues.workers.get_mut(&id) else { return };
        if worker.idle {
            worker.idle = false;
            workqueues.pools[worker.pool].idle.retain(|&other| other != id);
        }
        self.worker_counted(id);
    }

    /// A bound worker counts towards its pool's concurrency while it runs.
    fn worker_counted(&mut self, id: TaskId) {
        let workqueues = &mut *self.workqueues;
        let Some(worker) = workqueues.workers.get_mut(&id) else { return };
        let pool = &mut workqueues.pools[worker.pool];
        if pool.cpu.is_some() && !std::mem::replace(&mut worker.counted, true) {
            pool.running += 1;
        }
    }

    fn worker_uncounted(&mut self, id: TaskId) -> bool {
        let workqueues = &mut *self.workqueues;
        let Some(worker) = workqueues.workers.get_mut(&id) else { return false };
        let counted = std::mem::replace(&mut worker.counted, false);
        workqueues.pools[worker.pool].running -= usize::from(counted);
        counted
    }

    /// A worker sleeps in its work: another one takes the next (`wq_worker_sleeping()`).
    pub(crate) fn wq_worker_sleeping(&mut self, id: TaskId) {
        if !self.workqueues.workers.contains_key(&id) || !self.worker_uncounted(id) {
            return;
        }
        let pool = self.workqueues.workers[&id].pool;
        if self.workqueues.needs_worker(pool) {
            self.wake_worker(pool);
        }
    }

    /// A worker is on a CPU again (`wq_worker_running()`).
    pub(crate) fn wq_worker_running(&mut self, id: TaskId) {
        let in_work = |wq: &Workqueues| {
            let job = wq.workers.get(&id)?.job?;
            Some(wq.queue(job.queue)?.flags & flags::CPU_INTENSIVE == 0)
        };
        if in_work(&self.workqueues) == Some(true) {
            self.worker_counted(id);
        }
    }
}

/// Nice value of high-priority workers (`HIGHPRI_NICE_LEVEL`).
const HIGHPRI_NICE: i32 = kloom_abi::sched::MIN_NICE;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Queued, flags};
    use crate::fault::Fault;
    use crate::ops::{Op, Progress};
    use crate::sched::{Context, Step};
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    const SYSTEM: u32 = 1;

    fn task(kernel: &mut Kernel) -> TaskId {
        let parent = kernel.init;
        kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task")
    }

    /// Lets workers take their works until nothing moves, in the way of `worker_thread()`; works in `sleeps` go to sleep
    /// for ever after they began. Which work began where, in order.
    fn run(kernel: &mut Kernel, sleeps: &[u64]) -> Vec<(u64, String)> {
        let mut began = Vec::new();
        let mut asleep: BTreeMap<TaskId, u64> = BTreeMap::new();
        for _ in 0..1000 {
            let Step::Run { context: Context::Task(id), .. } = kernel.next() else { break };
            if !kernel.workqueues.workers.contains_key(&id) {
                kernel.tasks[id].c.set_task_state(kloom_abi::sched::TASK_INTERRUPTIBLE);
                kernel.schedule(id);
                continue;
            }
            assert!(!asleep.contains_key(&id), "a sleeping worker runs");
            let Some(work) = kernel.worker_next(id) else { continue };
            began.push((work, kernel.tasks[id].c.comm_text()));
            if sleeps.contains(&work) {
                asleep.insert(id, work);
                kernel.tasks[id].c.set_task_state(kloom_abi::sched::TASK_UNINTERRUPTIBLE);
                kernel.schedule(id);
            } else {
                kernel.worker_done(id);
            }
        }
        began
    }

    fn order(began: &[(u64, String)]) -> Vec<u64> {
        began.iter().map(|(work, _)| *work).collect()
    }

    #[test]
    fn works_run_once_in_order_on_the_worker_of_their_cpu() {
        let mut kernel = machine(2);
        for work in [0x10, 0x20, 0x30] {
            assert_eq!(kernel.queue_work(None, SYSTEM, work), Queued::Yes);
            assert_eq!(kernel.queue_work(None, SYSTEM, work), Queued::WasPending);
        }
        assert_eq!(kernel.queue_work(Some(1), SYSTEM, 0x40), Queued::Yes);
        let began = run(&mut kernel, &[]);
        let on = |cpu: &str| order(&began.iter().filter(|(_, worker)| worker == cpu).cloned().collect::<Vec<_>>());
        assert_eq!(on("kworker/0:0"), [0x10, 0x20, 0x30]);
        assert_eq!(on("kworker/1:0"), [0x40]);
        assert_eq!(kernel.queue_work(None, SYSTEM, 0x10), Queued::Yes, "it can be queued again");
    }

    #[test]
    fn a_worker_that_sleeps_lets_another_take_the_next_work() {
        let mut kernel = machine(1);
        for work in [0x10, 0x20] {
            kernel.queue_work(None, SYSTEM, work);
        }
        let began = run(&mut kernel, &[0x10]);
        assert_eq!(began, [(0x10, "kworker/0:0".to_string()), (0x20, "kworker/0:1".to_string())]);
    }

    #[test]
    fn max_active_holds_works_back_and_an_ordered_queue_runs_one_at_a_time() {
        let mut kernel = machine(2);
        let ordered = kernel.alloc_workqueue("ordered".into(), flags::UNBOUND | flags::ORDERED, 1).expect("a queue");
        for work in [0x10, 0x20, 0x30] {
            kernel.queue_work(None, ordered, work);
        }
        assert!(kernel.workqueue_congested(ordered, None));
        assert_eq!(order(&run(&mut kernel, &[0x20])), [0x10, 0x20], "the third waits for the second");
        assert_eq!(kernel.work_busy(0x30), 1);
        assert_eq!(kernel.work_busy(0x20), 2);
        assert!(kernel.unqueue_work(0x30));
        assert_eq!(kernel.work_busy(0x30), 0);
    }

    #[test]
    fn a_work_that_runs_is_not_run_by_a_second_worker() {
        let mut kernel = machine(2);
        kernel.queue_work(Some(0), SYSTEM, 0x10);
        assert_eq!(order(&run(&mut kernel, &[0x10])), [0x10]);
        assert_eq!(kernel.queue_work(Some(1), SYSTEM, 0x10), Queued::Yes);
        assert_eq!(order(&run(&mut kernel, &[])), [] as [u64; 0], "it waits for its own worker");
    }

    #[test]
    fn flush_waits_for_what_was_queued_and_cancel_takes_off_what_did_not_begin() {
        let mut kernel = machine(1);
        let waiter = task(&mut kernel);
        let mut p = Progress::default();
        assert_eq!(kernel.flush_work(waiter, 0x10, &mut p).unwrap(), Op::Done(false), "idle");
        kernel.queue_work(None, SYSTEM, 0x10);
        kernel.queue_work(None, SYSTEM, 0x20);
        let (mut flush, mut all) = (Progress::default(), Progress::default());
        assert_eq!(kernel.flush_work(waiter, 0x10, &mut flush).unwrap(), Op::Block);
        assert_eq!(kernel.flush_workqueue(waiter, SYSTEM, &mut all).unwrap(), Op::Block);
        assert_eq!(kernel.cancel_work_sync(waiter, 0x20, &mut Progress::default()).unwrap(), Op::Done(true));
        assert_eq!(order(&run(&mut kernel, &[])), [0x10]);
        assert_eq!(kernel.flush_work(waiter, 0x10, &mut flush).unwrap(), Op::Done(true));
        assert_eq!(kernel.flush_workqueue(waiter, SYSTEM, &mut all).unwrap(), Op::Done(()));
        assert_eq!(kernel.cancel_work_sync(waiter, 0x20, &mut Progress::default()).unwrap(), Op::Done(false));
    }

    #[test]
    fn a_work_cannot_be_queued_while_it_is_being_cancelled() {
        let mut kernel = machine(1);
        let waiter = task(&mut kernel);
        kernel.queue_work(None, SYSTEM, 0x10);
        assert_eq!(order(&run(&mut kernel, &[0x10])), [0x10]);
        let mut cancel = Progress::default();
        assert_eq!(kernel.cancel_work_sync(waiter, 0x10, &mut cancel).unwrap(), Op::Block);
        assert_eq!(kernel.queue_work(None, SYSTEM, 0x10), Queued::WasPending);
        let worker = kernel.workqueues.worker_of(0x10).expect("it runs");
        kernel.worker_done(worker);
        assert_eq!(kernel.cancel_work_sync(waiter, 0x10, &mut cancel).unwrap(), Op::Done(false));
        assert!(!kernel.work_pending(0x10));
    }

    #[test]
    fn a_work_that_waits_for_itself_or_its_queue_is_a_deadlock_told_once() {
        let mut kernel = machine(1);
        let queue = kernel.alloc_workqueue("q".into(), 0, 0).expect("a queue");
        kernel.queue_work(None, queue, 0x10);
        run(&mut kernel, &[0x10]);
        let worker = kernel.workqueues.worker_of(0x10).expect("it runs");
        let mut p = Progress::default();
        match kernel.flush_work(worker, 0x10, &mut p) {
            Err(Fault::Deadlock { cycle }) => assert_eq!(cycle, [worker]),
            other => panic!("{other:?}"),
        }
        assert_eq!(kernel.flush_work(worker, 0x10, &mut p).unwrap(), Op::Block);
        assert!(matches!(kernel.flush_workqueue(worker, queue, &mut Progress::default()), Err(Fault::Deadlock { .. })));
    }

    #[test]
    fn a_queue_that_drains_takes_no_more_works_and_a_rescuer_ends_with_it() {
        let mut kernel = machine(1);
        let queue = kernel.alloc_workqueue("mine".into(), flags::MEM_RECLAIM, 1).expect("a queue");
        let rescuer = kernel.tasks.iter().find(|task| task.name() == "mine").expect("a rescuer").id;
        let waiter = task(&mut kernel);
        kernel.queue_work(None, queue, 0x10);
        let mut drain = Progress::default();
        assert_eq!(kernel.drain_workqueue(waiter, queue, &mut drain).unwrap(), Op::Block);
        assert_eq!(kernel.queue_work(None, queue, 0x20), Queued::Draining);
        run(&mut kernel, &[]);
        assert_eq!(kernel.drain_workqueue(waiter, queue, &mut drain).unwrap(), Op::Done(()));
        kernel.free_workqueue(queue);
        assert!(kernel.rescuer_should_exit(rescuer));
    }
}
