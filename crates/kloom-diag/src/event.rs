//! Participants of a finding: who did something ([`Who`], [`Event`]), to what ([`Object`]), who is stuck ([`Blocked`]).

use serde::{Deserialize, Serialize};

use crate::site::{Backtrace, Site};

/// In what context code ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// A kernel thread, or a user task inside a system call.
    #[default]
    Task,
    /// A softirq: timer callbacks, tasklets.
    Softirq,
    /// A hardware interrupt handler.
    Hardirq,
    /// Early start-up of the machine.
    Init,
    /// User space, outside of any system call.
    User,
}

/// The task (or interrupted task) that did something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Name as `ps` shows it, without brackets.
    pub comm: String,
    /// Process id.
    pub pid: i32,
    /// CPU it ran on.
    pub cpu: u32,
    /// Context it ran in.
    pub context: Context,
}

impl Who {
    /// Returns a task in task context.
    #[must_use]
    pub fn task(comm: impl Into<String>, pid: i32, cpu: u32) -> Self {
        Self { comm: comm.into(), pid, cpu, context: Context::Task }
    }
}

/// Something that happened: who, when, where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Who did it.
    pub who: Who,
    /// Virtual time since boot, in nanoseconds.
    pub time_ns: u64,
    /// Innermost place in a module's source; `None` when no module code was involved.
    pub site: Option<Site>,
    /// Name of the function called there (`kthread_stop`), or the expression; empty when it was a plain access. Where the
    /// caret goes is found with it.
    pub call: String,
    /// Call chain, innermost first.
    pub backtrace: Backtrace,
}

impl Event {
    /// Returns an event without a call chain.
    #[must_use]
    pub fn new(who: Who, time_ns: u64, site: Option<Site>, call: impl Into<String>) -> Self {
        Self { who, time_ns, site, call: call.into(), backtrace: Backtrace::default() }
    }
}

/// What kind of thing an [`Object`] is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A `struct task_struct`.
    Task,
    /// The kernel stack of a thread.
    Stack,
    /// A `kmalloc()` block.
    #[default]
    HeapBlock,
    /// An object of a `kmem_cache`.
    SlabObject,
    /// A `vmalloc()` area.
    Vmalloc,
    /// Pages of `alloc_pages()`.
    Pages,
    /// A static or global variable of a module.
    ModuleData,
    /// Code of a module.
    ModuleText,
    /// A `struct module`.
    Module,
    /// A `struct mutex`.
    Mutex,
    /// A `spinlock_t` or `raw_spinlock_t`.
    Spinlock,
    /// A `rwlock_t`.
    Rwlock,
    /// A `struct semaphore`.
    Semaphore,
    /// A `struct rw_semaphore`.
    RwSemaphore,
    /// A `seqlock_t` or `seqcount_t`.
    Seqlock,
    /// A `wait_queue_head_t`.
    WaitQueue,
    /// A `struct completion`.
    Completion,
    /// A `struct timer_list`.
    Timer,
    /// A `struct hrtimer`.
    Hrtimer,
    /// A `struct work_struct` or `struct delayed_work`.
    Work,
    /// A `struct workqueue_struct`.
    Workqueue,
    /// A `struct tasklet_struct`.
    Tasklet,
    /// A `struct kthread_worker`.
    KthreadWorker,
    /// A file or directory of `/proc`.
    ProcEntry,
    /// A file or directory of sysfs.
    Kobject,
    /// A file or directory of debugfs.
    DebugfsEntry,
    /// A character device.
    CharDevice,
    /// An open `struct file`.
    File,
    /// A requested interrupt line.
    Irq,
    /// A registered range of device numbers.
    DeviceNumbers,
    /// A `struct miscdevice`.
    MiscDevice,
    /// A `struct class`.
    Class,
    /// A `struct device`.
    Device,
    /// A `struct notifier_block`.
    Notifier,
    /// A `struct kmem_cache`.
    KmemCache,
    /// A callback of `call_rcu()`.
    RcuCallback,
    /// A read-side critical section of RCU.
    RcuReader,
    /// A read-side critical section of an SRCU structure.
    SrcuReader,
    /// A grace period of RCU or of an SRCU structure.
    GracePeriod,
    /// A `struct wait_queue_entry`.
    WaitEntry,
    /// A `struct list_head`.
    List,
    /// A `refcount_t`, `struct kref` or reference-counting `atomic_t`.
    Refcount,
    /// Memory of a user process.
    UserMemory,
    /// A per-CPU variable.
    PerCpu,
    /// Anything else.
    Other,
}

/// A thing of the kernel or of a module that takes part in a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// How its author calls it: variable name, thread name, path in /proc. Empty for anonymous heap blocks.
    pub name: String,
    /// Size in bytes; 0 when it does not matter.
    pub size: u64,
    /// Where it is declared, for static objects.
    pub declared: Option<Site>,
}

impl Object {
    /// Returns an object without a declaration site.
    #[must_use]
    pub fn new(kind: ObjectKind, name: impl Into<String>, size: u64) -> Self {
        Self { kind, name: name.into(), size, declared: None }
    }

    /// Returns the same object with the place of its declaration.
    #[must_use]
    pub fn declared_at(mut self, site: Site) -> Self {
        self.declared = Some(site);
        self
    }
}

/// How memory was touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// A load.
    #[default]
    Read,
    /// A store.
    Write,
    /// An atomic read-modify-write.
    Atomic,
    /// An instruction fetch: a call or jump to the address.
    Execute,
    /// The kernel used it on behalf of a call (`kthread_stop(task)`).
    Call,
}

/// One access to memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Who, when, where.
    pub event: Event,
    /// How.
    pub kind: AccessKind,
    /// Number of bytes; 0 when not known.
    pub size: u64,
    /// First address touched, as the module sees it.
    pub address: u64,
    /// Whether it was marked (`READ_ONCE()`, `WRITE_ONCE()`, `atomic_*`).
    pub marked: bool,
    /// Locks held at that moment.
    pub locks: Vec<Object>,
}

impl Access {
    /// Returns a plain access with no locks held.
    #[must_use]
    pub fn new(event: Event, kind: AccessKind, size: u64, address: u64) -> Self {
        Self { event, kind, size, address, marked: false, locks: Vec::new() }
    }
}

/// A lock that somebody holds, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The lock.
    pub object: Object,
    /// Where it was taken.
    pub acquired: Event,
}

/// A task that cannot go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// Who sleeps (or spins), since when, in which call.
    pub since: Event,
    /// State letter as `ps` shows it (`D`, `S`, `R` for a spinning task).
    pub state: char,
    /// What it waits for, when that is one object.
    pub on: Option<Object>,
    /// Who holds that object, and where it was taken.
    pub owner: Option<Event>,
    /// What it holds itself.
    pub holds: Vec<Held>,
}
