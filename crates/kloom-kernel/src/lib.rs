//! Linux as a value: everything a kernel-thread module can see of a kernel, as plain data and decisions.
//!
//! [`Kernel`] does no I/O, starts no thread, calls no C and reads no clock but its own. Operations are methods in a
//! file per kernel concept, under the kernel's own names; those that may wait are polled ([`ops`]). The caller (a
//! shim) switches stacks; [`Kernel::next`](sched) says what the machine does next.
//!
//! # Invariants
//! * Every choice goes through [`chooser::Chooser`].
//! * Nothing iterates in an order that depends on addresses or hashes.
//! * What watches the kernel sees [`trace`] events only.
#![forbid(unsafe_code)]

pub mod chooser;
pub mod completion;
pub mod cpu;
pub mod event;
pub mod exit;
pub mod fault;
pub mod fs;
pub mod irq;
pub mod kthread;
pub mod lock;
pub mod module;
pub mod numbered;
pub mod ops;
pub mod order;
pub mod printk;
pub mod rcu;
pub mod sched;
pub mod shared;
pub mod signal;
pub mod site;
pub mod state;
pub mod task;
pub mod time;
pub mod touch;
pub mod trace;
pub mod wait;
pub mod watchdog;
pub mod workqueue;

use kloom_abi::Errno;
use kloom_abi::sched::{
    EXIT_DEAD, PF_FORKNOEXEC, PF_IDLE, PF_KTHREAD, PF_NO_SETAFFINITY, PF_NOFREEZE, PF_RANDOMIZE, PF_SUPERPRIV,
    TASK_INTERRUPTIBLE, TASK_RUNNING,
};

use chooser::{Chooser, Natural};
use event::EventQueue;
use fault::{Fault, Report};
use sched::cpu::Cpu;
use sched::{Preempt, SchedEntity};
use shared::Shared;
use signal::Signals;
use site::{RawEvent, Trace};
use task::{BlockedOn, Task, TaskId, TaskKind, TaskMemory, TaskTable, UserTask};
use trace::{TraceBuffer, TraceEvent, TraceKind};

/// What kind of machine to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Number of CPUs, 1 to 64.
    pub cpus: u32,
    /// Which kernel code is preemptible.
    pub preempt: Preempt,
    /// A task in state D for this long is a hung task.
    pub hang_after_ns: u64,
    /// The machine's memory in bytes.
    pub mem_bytes: u64,
    /// Most tasks at once.
    pub max_tasks: usize,
    /// `uname -r`.
    pub release: String,
    /// Taint flags the machine boots with: with those of foreign modules set, the first one is loaded without the messages
    /// that Linux prints once per boot.
    pub tainted: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cpus: 2,
            preempt: Preempt::default(),
            hang_after_ns: 120 * kloom_abi::time::NSEC_PER_SEC,
            mem_bytes: 512 << 20,
            max_tasks: 32_768,
            release: "6.1.0-kloom".to_string(),
            tainted: 0,
        }
    }
}

/// The kernel of one machine.
///
/// A copy is a machine in the same state, but what modules see of tasks lies in guest memory, which both have in common:
/// whoever goes back to a copy puts back that memory, too.
#[derive(Clone)]
pub struct Kernel {
    /// What machine this is.
    pub config: Config,
    /// All tasks.
    pub tasks: TaskTable,
    /// All CPUs.
    pub cpus: Vec<Cpu>,
    /// The CPU that is stepping.
    pub this_cpu: u32,
    /// Mask of CPUs that were taken down.
    pub(crate) offline: u64,
    /// What will happen when.
    pub events: EventQueue,
    /// The log.
    pub printk: printk::Printk,
    /// Module timers.
    pub timers: time::timer::Timers,
    /// Module high-resolution timers.
    pub hrtimers: time::hrtimer::HrTimers,
    /// The wall clock.
    pub clock: time::Clock,
    /// Wait queues.
    pub waits: wait::Waits,
    /// Completions.
    pub completions: completion::Completions,
    /// Spinlocks, mutexes, semaphores.
    pub locks: lock::Locks,
    /// In which order locks are taken.
    pub lockdep: lock::lockdep::Lockdep,
    /// Work queues.
    pub workqueues: Shared<workqueue::Workqueues>,
    /// Read-copy update.
    pub rcu: rcu::Rcu,
    /// Loaded modules.
    pub modules: module::Modules,
    /// File systems.
    pub vfs: fs::Vfs,
    /// Answers every choice.
    pub chooser: Box<dyn Chooser>,
    /// The chooser always answers 0.
    pub natural: bool,
    /// What the present step touched, while a search explores.
    pub touched: touch::Touched,
    /// Accesses and synchronisation, for whoever looks for data races.
    pub order: order::Order,
    /// A task that sleeps again and again at one place while nothing else can happen. Whoever sees the guest's memory
    /// finds out whether its rounds are all the same, and then takes this away.
    pub poller: Option<TaskId>,
    /// Time has passed to a look at sleeping tasks: the machine may be going round.
    pub may_go_round: bool,
    /// The task whose rounds were found to be all the same, for ever.
    pub lasso: Option<TaskId>,
    /// While somebody wants to know: return addresses of the calls that were made.
    pub calls: Option<Calls>,
    /// A search explores: scheduling follows [`sched::stepwise`].
    pub stepwise: bool,
    /// The task the next context switch puts on its CPU, whatever the queue says.
    pub(crate) forced_next: Option<TaskId>,
    /// Trace events for the subscribers.
    pub trace: TraceBuffer,
    /// Bugs seen so far, oldest first; drained by the session.
    pub reports: Vec<Report>,
    /// The module code that made the present call.
    pub here: Trace,
    /// kthreadd.
    pub kthreadd: TaskId,
    /// init.
    pub init: TaskId,
    /// Virtual time must not pass this.
    pub time_limit_ns: u64,
    /// Taint flags (`/proc/sys/kernel/tainted`).
    pub tainted: u32,
    /// The machine has panicked.
    pub panicked: bool,
    /// A soft lockup has lasted as long as a hung task may.
    pub locked_up: bool,
    /// Tasks that spin in code which calls no hook: they keep their CPU and never run again.
    pub hookless: Vec<TaskId>,
    queue_seq: u64,
    /// Tasks that exited and whose stack the guest can take back, with their wait status.
    pub dead_tasks: Vec<(TaskId, i32)>,
    /// Task slots whose memory was freed since the guest last looked.
    pub forks: u64,
}

/// Calls of module code into the kernel.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// The first of them: who, and where the call returns to.
    pub first: Vec<(TaskId, u64)>,
    /// All places, each once.
    pub sites: Vec<u64>,
}

impl Calls {
    /// How many are kept in order.
    const FIRST: usize = 256;

    /// Notes one.
    pub fn note(&mut self, task: TaskId, site: u64) {
        if self.first.len() < Calls::FIRST {
            self.first.push((task, site));
        }
        if !self.sites.contains(&site) {
            self.sites.push(site);
        }
    }
}

/// What a new task starts with.
pub struct NewTask<'a> {
    /// Its name; `comm` takes 15 bytes of it.
    pub name: &'a [u8],
    /// Its parent.
    pub parent: TaskId,
    /// What kind of task.
    pub kind: TaskKind,
}

impl Kernel {
    /// Boots a machine: swapper/N, init, kthreadd and the kernel threads every Linux has.
    pub fn new(config: Config, memory: Box<dyn TaskMemory>, chooser: Box<dyn Chooser>) -> Kernel {
        let natural = chooser.is_natural();
        let mut kernel = Kernel {
            tasks: TaskTable::new(memory, config.max_tasks),
            cpus: Vec::new(),
            this_cpu: 0,
            offline: 0,
            events: EventQueue::default(),
            printk: printk::Printk::default(),
            timers: Default::default(),
            hrtimers: Default::default(),
            clock: Default::default(),
            waits: Default::default(),
            completions: Default::default(),
            locks: Default::default(),
            lockdep: Default::default(),
            workqueues: Default::default(),
            rcu: Default::default(),
            modules: Default::default(),
            vfs: Default::default(),
            chooser,
            natural,
            touched: touch::Touched::default(),
            order: order::Order::default(),
            poller: None,
            may_go_round: false,
            lasso: None,
            calls: None,
            stepwise: false,
            forced_next: None,
            trace: TraceBuffer::default(),
            reports: Vec::new(),
            here: Trace::default(),
            kthreadd: TaskId(0),
            init: TaskId(0),
            time_limit_ns: u64::MAX / 2,
            tainted: config.tainted,
            panicked: false,
            locked_up: false,
            hookless: Vec::new(),
            queue_seq: 0,
            dead_tasks: Vec::new(),
            forks: 0,
            config,
        };
        kernel.boot();
        kernel
    }

    fn boot(&mut self) {
        for cpu in 0..self.config.cpus {
            let name = format!("swapper/{cpu}");
            let idle = self.boot_task(Some(0), name.as_bytes(), TaskKind::Idle, TaskId(0));
            self.tasks[idle].se.cpu = cpu;
            self.tasks[idle].c.flags.set(PF_KTHREAD | PF_IDLE | PF_NO_SETAFFINITY);
            self.tasks[idle].c.set_task_state(TASK_RUNNING);
            self.tasks[idle].c.thread_info.cpu.set(cpu);
            self.cpus.push(Cpu::new(cpu, idle));
        }
        let swapper = self.cpus[0].idle;
        let user =
            UserTask { cmdline: b"/sbin/init\0".to_vec(), cwd: "/".to_string(), umask: 0o022, ..UserTask::default() };
        self.init = self.boot_task(Some(1), b"init", TaskKind::User(Box::new(user)), swapper);
        self.kthreadd = self.boot_task(Some(2), b"kthreadd", TaskKind::System, swapper);
        let mut names: Vec<(String, Option<u32>)> =
            vec![("rcu_gp".into(), None), ("rcu_par_gp".into(), None), ("mm_percpu_wq".into(), None)];
        for cpu in 0..self.config.cpus {
            if cpu > 0 {
                names.push((format!("cpuhp/{cpu}"), Some(cpu)));
            }
            names.push((format!("migration/{cpu}"), Some(cpu)));
            names.push((format!("ksoftirqd/{cpu}"), Some(cpu)));
            names.push((format!("kworker/{cpu}:0-events"), Some(cpu)));
            names.push((format!("kworker/{cpu}:0H-events_highpri"), Some(cpu)));
        }
        for name in [
            "kworker/u4:0-events_unbound",
            "rcu_preempt",
            "kdevtmpfs",
            "khungtaskd",
            "oom_reaper",
            "kcompactd0",
            "kswapd0",
        ] {
            names.push((name.to_string(), None));
        }
        let mut highpri = Vec::new();
        names.push(("cpuhp/0".into(), Some(0)));
        for (pid, (name, cpu)) in (3..).zip(names) {
            let id = self.boot_task(Some(pid), name.as_bytes(), TaskKind::System, self.kthreadd);
            let task = &mut self.tasks[id];
            let worker = name.starts_with("kworker") || name.starts_with("rcu_") || name.starts_with("mm_");
            task.c.set_task_state(if worker { kloom_abi::sched::TASK_IDLE } else { TASK_INTERRUPTIBLE });
            if name.starts_with("rcu_g")
                || name.starts_with("rcu_par")
                || name.starts_with("mm_")
                || name.contains("highpri")
            {
                // Rescuers and the workers of the highpri pools (kernel/workqueue.c: HIGHPRI_NICE_LEVEL, rescuer_thread()).
                highpri.push(id);
            }
            if name.starts_with("ksoftirqd/") {
                task.service = Some(task::Service::Softirq);
            } else if name.starts_with("migration/") {
                task.service = Some(task::Service::Stopper);
                task.se.policy = kloom_abi::sched::SCHED_FIFO;
                task.se.rt_priority = 99;
            } else if name.starts_with("cpuhp/") {
                task.service = Some(task::Service::Hotplug);
            }
            if let Some(cpu) = cpu {
                if name.starts_with("ksoftirqd/") {
                    self.cpus[cpu as usize].ksoftirqd = id;
                }
                task.se.allowed = 1 << cpu;
                task.se.cpu = cpu;
                task.c.flags.set(task.c.flags.get() | PF_NO_SETAFFINITY);
            }
            self.publish_sched(id);
            self.tasks.set_next_pid(pid + 1);
        }
        for id in highpri {
            self.set_user_nice(id, -20);
        }
        self.tasks.set_next_pid(self.tasks.last_pid().max(99) + 1);
        self.boot_workqueues();
        self.start_watchdogs();
    }

    fn boot_task(&mut self, pid: Option<i32>, name: &[u8], kind: TaskKind, parent: TaskId) -> TaskId {
        let system = !matches!(kind, TaskKind::User(_));
        let id = self.insert_task(pid, NewTask { name, parent, kind }).unwrap_or_else(|_| panic!("no memory to boot"));
        let task = &mut self.tasks[id];
        task.c.set_task_state(TASK_INTERRUPTIBLE);
        task.blocked_on = BlockedOn::Schedule;
        if system {
            task.signals = Signals::all_ignored();
        }
        id
    }

    /// Adds a task, asleep and in no run queue.
    ///
    /// # Errors
    /// `EAGAIN` at the limit of tasks, `ENOMEM` when there is no memory for it.
    pub fn new_task(&mut self, new: NewTask<'_>) -> Result<TaskId, Errno> {
        self.insert_task(None, new)
    }

    fn insert_task(&mut self, pid: Option<i32>, new: NewTask<'_>) -> Result<TaskId, Errno> {
        let NewTask { name, parent, kind } = new;
        let kernel_thread = !matches!(kind, TaskKind::User(_));
        let created = if self.cpus.is_empty() { BOOT_EVENT } else { self.event_here() };
        let full_name =
            (kernel_thread && name.len() > 15).then(|| std::rc::Rc::from(String::from_utf8_lossy(name).into_owned()));
        let full = self.tasks.len() >= self.tasks.limit;
        let cpus = u64::MAX >> 64_u32.saturating_sub(self.config.cpus).min(63);
        let serial = self.forks;
        let id = self.tasks.insert(pid, |id, pid, addr, c| {
            c.set_comm(name);
            c.pid.set(pid);
            c.tgid.set(pid);
            c.flags.set(if kernel_thread {
                PF_KTHREAD | PF_NOFREEZE | PF_FORKNOEXEC
            } else {
                PF_RANDOMIZE | PF_SUPERPRIV
            });
            c.usage.set(1);
            c.start_time.set(created.time_ns);
            c.start_boottime.set(created.time_ns);
            c.group_leader.set(addr);
            c.cpus_mask.set(cpus);
            c.nr_cpus_allowed.set(cpus.count_ones() as i32);
            c.exit_signal.set(if kernel_thread { 0 } else { kloom_abi::signal::SIGCHLD });
            Task {
                id,
                pid,
                addr,
                c,
                kind,
                service: None,
                se: SchedEntity::default(),
                blocked_on: BlockedOn::Nothing,
                slept_at: created,
                same_sleep: (0, created.time_ns),
                unheeded: None,
                state_set: None,
                signals: Signals::default(),
                timeout: None,
                timed_out: false,
                preempt_count: 0,
                preempt_site: Trace::default(),
                irqs_off: false,
                held: Vec::new(),
                created,
                exited: None,
                parent,
                full_name,
                hang_reported: false,
                seen_at: 0,
                refs_taken: Vec::new(),
                switch_count: 0,
                serial,
                freed: None,
            }
        });
        let Some(id) = id else { return Err(if full { Errno::EAGAIN } else { Errno::ENOMEM }) };
        // What an earlier thread at this address took says nothing of this one.
        self.lockdep.forget(self.tasks[id].addr, 1);
        self.forks += 1;
        let parent_addr = self.tasks.get(parent).map_or(0, |task| task.addr);
        let task = &self.tasks[id];
        task.c.parent.set(parent_addr);
        task.c.real_parent.set(parent_addr);
        self.publish_sched(id);
        if !self.cpus.is_empty() {
            self.release(self.tasks[id].addr);
        }
        Ok(id)
    }

    /// Something that happens now, done by the current task with the present call chain.
    #[inline]
    pub fn event_here(&self) -> RawEvent {
        let current = self.current();
        let task = &self.tasks[current];
        RawEvent {
            task: current,
            pid: task.pid,
            comm: task.comm(),
            cpu: self.this_cpu,
            context: self.context_kind(),
            time_ns: self.now(),
            trace: self.here,
        }
    }

    /// Takes a reference on a task (`get_task_struct()`).
    pub fn get_task(&mut self, id: TaskId) {
        let usage = &self.tasks[id].c.usage;
        usage.set(usage.get() + 1);
    }

    /// Drops a reference; the last one frees the `task_struct`.
    pub fn put_task(&mut self, id: TaskId) {
        let usage = &self.tasks[id].c.usage;
        let left = usage.get().saturating_sub(1);
        usage.set(left);
        if left == 0 {
            let at = self.event_here();
            self.emit(TraceKind::SchedProcessFree { target: id });
            self.tasks.release(id, at);
        }
    }

    /// Reports a bug seen now.
    pub fn report(&mut self, fault: Fault) {
        let at = self.event_here();
        self.report_at(fault, at);
    }

    /// Reports a bug with the event that shows it.
    pub fn report_at(&mut self, fault: Fault, at: RawEvent) {
        self.reports.push(Report { fault, at, repeats: 1 });
    }

    /// Appends a trace event, if anyone listens.
    pub fn emit(&mut self, kind: TraceKind) {
        if !self.trace.enabled || self.trace.skip & kind.bit() != 0 {
            return;
        }
        let event =
            TraceEvent { time_ns: self.now(), cpu: self.this_cpu, task: self.current(), trace: self.here, kind };
        self.trace.events.push(event);
    }

    /// Sets a taint flag that makes what lockdep says unreliable; the first such one is told (`add_taint()`, 6.1).
    pub fn taint_unreliable(&mut self, flag: u32) {
        const UNRELIABLE: u32 = 1 << taint::PROPRIETARY_MODULE | 1 << taint::FORCED_MODULE | 1 << taint::FORCED_RMMOD;
        if self.tainted & (UNRELIABLE | 1 << taint::DIE) == 0 {
            self.printk(printk::Level::Warning, "Disabling lock debugging due to kernel taint".to_string());
        }
        self.tainted |= 1 << flag;
    }

    /// `Not tainted` or `Tainted: G …`, as oops headers print it (kernel/panic.c `print_tainted`, 6.1).
    pub fn taint_text(&self) -> String {
        if self.tainted == 0 {
            return "Not tainted".to_string();
        }
        let mut letters = String::new();
        for (bit, (set, clear)) in TAINT_LETTERS.iter().enumerate() {
            letters.push(if self.tainted & (1 << bit) != 0 { *set } else { *clear });
        }
        format!("Tainted: {letters}")
    }

    /// Prints `message` as `panic()` does and stops the machine; why it came to that is for the caller to report.
    pub fn panic(&mut self, message: &str) {
        self.printk(printk::Level::Emerg, format!("Kernel panic - not syncing: {message}"));
        self.panicked = true;
    }

    /// Loads the average is computed from: tasks that run or sleep uninterruptibly.
    pub fn nr_active(&self) -> u64 {
        self.tasks
            .iter()
            .filter(|task| {
                let state = task.state();
                !task.has_exited()
                    && task.pid != 0
                    && (task.se.on_rq || (state & 2 != 0 && state & kloom_abi::sched::TASK_NOLOAD == 0))
            })
            .count() as u64
    }

    /// Whether a task is a zombie or gone.
    pub fn is_gone(&self, id: TaskId) -> bool {
        self.tasks.get(id).is_none_or(|task| task.has_exited() || task.c.exit_state.get() as u32 & EXIT_DEAD != 0)
    }
}

/// Letters of the taint flags: set and clear (kernel/panic.c `taint_flags`, 6.1).
const TAINT_LETTERS: [(char, char); 19] = [
    ('P', 'G'),
    ('F', ' '),
    ('S', ' '),
    ('R', ' '),
    ('M', ' '),
    ('B', ' '),
    ('U', ' '),
    ('D', ' '),
    ('A', ' '),
    ('W', ' '),
    ('C', ' '),
    ('I', ' '),
    ('O', ' '),
    ('E', ' '),
    ('L', ' '),
    ('K', ' '),
    ('X', ' '),
    ('T', ' '),
    ('N', ' '),
];

/// `TAINT_PROPRIETARY_MODULE` and the other flags modules set, as bit numbers.
pub mod taint {
    #![expect(missing_docs, reason = "the names are Linux's own")]
    pub const PROPRIETARY_MODULE: u32 = 0;
    pub const FORCED_MODULE: u32 = 1;
    pub const FORCED_RMMOD: u32 = 3;
    pub const DIE: u32 = 7;
    pub const WARN: u32 = 9;
    pub const OOT_MODULE: u32 = 12;
    pub const UNSIGNED_MODULE: u32 = 13;
    pub const SOFTLOCKUP: u32 = 14;
}

const BOOT_EVENT: RawEvent = RawEvent {
    task: TaskId(0),
    pid: 0,
    comm: *b"swapper/0\0\0\0\0\0\0\0",
    cpu: 0,
    context: site::ContextKind::Task,
    time_ns: 0,
    trace: Trace([0; 8]),
};

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel").field("tasks", &self.tasks).field("cpus", &self.cpus.len()).finish_non_exhaustive()
    }
}

/// A machine without guest memory, for the unit tests of this crate and of others.
pub mod testing {
    use super::{Config, Kernel, Natural};
    use crate::task::{TaskId, TaskMemory};
    use kloom_abi::TaskStruct;

    /// Task structs on the host heap; never freed, for they are few.
    #[derive(Clone, Debug, Default)]
    pub struct HeapTasks;

    impl TaskMemory for HeapTasks {
        fn alloc(&mut self, id: TaskId) -> Option<(u64, &'static TaskStruct)> {
            Some((0x1_0000 + u64::from(id.0) * 0x1000, Box::leak(Box::default())))
        }

        fn free(&mut self, _: TaskId) {}

        fn shared(&self) -> Box<dyn TaskMemory> {
            Box::new(HeapTasks)
        }
    }

    /// A machine with `cpus` CPUs and natural choices.
    pub fn machine(cpus: u32) -> Kernel {
        let config = Config { cpus, ..Config::default() };
        Kernel::new(config, Box::new(HeapTasks), Box::new(Natural))
    }
}
