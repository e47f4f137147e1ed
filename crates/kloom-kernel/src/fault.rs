//! What a module can do wrong, as the kernel sees it: raw participants, no words.
//!
//! `kloom-sim` resolves addresses to source lines and hands the result to `kloom-diag`, which words it.

use kloom_abi::Errno;

use crate::lock::lockdep::DepKind;
use crate::site::{RawEvent, Trace};
use crate::task::{HeldLock, LockClass, TaskId};

/// What Linux answers, or a bug of the module.
#[derive(Clone, Debug)]
pub enum GuestError {
    /// Linux has an answer for this.
    Errno(Errno),
    /// A bug of the module.
    Fault(Box<Fault>),
}

impl From<Errno> for GuestError {
    fn from(errno: Errno) -> Self {
        GuestError::Errno(errno)
    }
}

impl From<Fault> for GuestError {
    fn from(fault: Fault) -> Self {
        GuestError::Fault(Box::new(fault))
    }
}

/// How a memory access was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Load.
    Read,
    /// Store.
    Write,
    /// Instruction fetch.
    Execute,
}

/// A block of memory a fault is about.
#[derive(Clone, Debug)]
pub struct Block {
    /// First byte.
    pub addr: u64,
    /// Size asked for.
    pub size: u64,
    /// `kmalloc`, `vmalloc`, the name of a kmem_cache, …
    pub kind: String,
    /// Where it was allocated.
    pub allocated: RawEvent,
    /// Where it was freed.
    pub freed: Option<RawEvent>,
}

/// How far a work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkState {
    /// On a list of works.
    Queued,
    /// Its timer runs until this instant.
    Timer(u64),
    /// Its function runs in this worker.
    Running(TaskId),
}

/// What the kernel still does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    /// A timer that is armed.
    Armed,
    /// A timer, tasklet or the like whose function runs.
    Running,
    /// A work or tasklet that is queued.
    Queued,
    /// A wait queue, completion or semaphore with waiters.
    Waited,
    /// A lock that is held.
    Held,
}

/// Where a wait queue entry was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEntryPlace {
    /// In a frame of the stack whose function has returned.
    DeadFrame,
    /// In memory of a module that goes.
    Unload,
}

/// What can be registered with the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Linux's own")]
pub enum Registration {
    MiscDevice,
    CharDevice,
    CharDeviceRegion,
    Class,
    Device,
    Debugfs,
    Kobject,
    Notifier,
    Irq,
    Workqueue,
    Cache,
}

/// One side of a data race.
#[derive(Clone, Debug, PartialEq)]
pub struct RaceSide {
    /// Who, where, when; the innermost address is the return address of the access's hook.
    pub at: RawEvent,
    /// First byte.
    pub addr: u64,
    /// Bytes.
    pub size: u32,
    /// It changes the memory.
    pub write: bool,
    /// `READ_ONCE()`, `WRITE_ONCE()`, an atomic.
    pub marked: bool,
    /// It ends the life of the memory.
    pub frees: bool,
    /// Locks held, outermost first: kind and address.
    pub held: Vec<(LockClass, u64)>,
}

/// Two accesses of the same memory without order, one of them a write, one of them plain.
#[derive(Clone, Debug, PartialEq)]
pub struct DataRace {
    /// The earlier access in this execution.
    pub first: RaceSide,
    /// The later one.
    pub second: RaceSide,
    /// What last ordered the two threads.
    pub ordered_by: Option<RawEvent>,
}

/// A lock, or something that is waited for like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepLock {
    /// What it is.
    pub kind: DepKind,
    /// Address of the object.
    pub addr: u64,
}

/// While holding one, another was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderEdge {
    /// The one held.
    pub held: DepLock,
    /// Where it was taken.
    pub held_at: RawEvent,
    /// The one taken under it.
    pub wanted: DepLock,
    /// Where.
    pub wanted_at: RawEvent,
}

/// What is wrong with an order of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// The edges form a circle; the last one closes it.
    Circle,
    /// Two locks of one class are held at once.
    Recursive,
    /// A lock is taken in interrupts (or softirqs), and elsewhere with them enabled: the first edge's `wanted` and `held`.
    Inconsistent {
        /// Hard interrupts.
        hard: bool,
    },
    /// As before, for two locks of which one is taken under the other: the way is in the rest of the edges.
    Inversion {
        /// Hard interrupts.
        hard: bool,
    },
}

/// Locks are taken in orders that can deadlock.
#[derive(Clone, Debug, PartialEq)]
pub struct LockOrder {
    /// How.
    pub kind: OrderKind,
    /// Where.
    pub edges: Vec<OrderEdge>,
}

/// Everything a module can do wrong. Closed on purpose: a new variant needs a code, an explain text and two ui cases.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are the participants the variant's comment names")]
pub enum Fault {
    /// An access to freed or out-of-bounds heap memory.
    HeapUseAfterFree {
        addr: u64,
        size: u64,
        access: AccessKind,
        block: Block,
    },
    HeapOutOfBounds {
        addr: u64,
        size: u64,
        access: AccessKind,
        block: Block,
    },
    /// `kfree()` of a block that is free already, or of something that is no block.
    DoubleFree {
        block: Block,
    },
    InvalidFree {
        addr: u64,
        block: Option<Block>,
    },
    /// A pointer to a released task.
    TaskUseAfterFree {
        target: TaskId,
        func: &'static str,
    },
    /// The stack of a thread that has ended.
    StackUseAfterFree {
        addr: u64,
        access: AccessKind,
    },
    /// Memory of an unloaded module (data, or freed `.init` memory).
    ModuleDataUseAfterFree {
        addr: u64,
        access: AccessKind,
        module: String,
        init: bool,
    },
    /// The code of an unloaded module was about to run.
    ModuleTextGone {
        ip: u64,
        module: String,
        unloaded: RawEvent,
    },
    NullDeref {
        addr: u64,
        size: u64,
        access: AccessKind,
        ip: u64,
    },
    /// An `ERR_PTR()` value was used as a pointer.
    ErrPtrDeref {
        value: i64,
        func: Option<&'static str>,
        ip: u64,
    },
    WildAccess {
        addr: u64,
        size: u64,
        access: AccessKind,
        ip: u64,
    },
    ReadOnlyWrite {
        addr: u64,
        ip: u64,
    },
    UserAccess {
        addr: u64,
        access: AccessKind,
        ip: u64,
    },
    DivideError {
        ip: u64,
    },
    InvalidOpcode {
        ip: u64,
    },
    GeneralProtection {
        ip: u64,
    },
    StackOverflow {
        ip: u64,
        used: u64,
    },
    StackSmashed {
        ip: u64,
    },
    /// Assertions of the module's own.
    Bug {
        file: String,
        line: u32,
        function: String,
        condition: String,
    },
    Warn {
        file: String,
        line: u32,
        function: String,
        message: String,
    },
    Panic {
        message: String,
    },
    /// Waiting that cannot or did not end.
    HungTask {
        victim: TaskId,
        since_ns: u64,
        proved: bool,
    },
    SoftLockup {
        victim: TaskId,
        since_ns: u64,
        hookless: bool,
    },
    Deadlock {
        cycle: Vec<TaskId>,
    },
    DataRace(Box<DataRace>),
    LockOrder(Box<LockOrder>),
    /// A task goes round and round, and nothing else can change what it waits for.
    Livelock {
        victim: TaskId,
        since_ns: u64,
    },
    SpinDeadlock {
        lock: u32,
        owner: RawEvent,
    },
    /// A task waits for the end of a timer's function, which waits for a spinlock of the task's.
    CallbackDeadlock {
        addr: u64,
        lock: u32,
        taken: RawEvent,
        spins: RawEvent,
    },
    /// Context rules.
    SleepInAtomic {
        func: &'static str,
        preempt_count: u32,
        irqs_off: bool,
        since: Trace,
        held: Vec<HeldLock>,
        scheduling: bool,
    },
    UnbalancedPreempt {
        place: &'static str,
        preempt_count: u32,
        irqs_off: bool,
        since: Trace,
    },
    LockHeldAtExit {
        class: LockClass,
        name: String,
        taken: Trace,
        since_ns: u64,
        place: &'static str,
    },
    BadUnlock {
        class: LockClass,
        name: String,
        why: &'static str,
        owner: Option<RawEvent>,
    },
    UninitObject {
        kind: &'static str,
        addr: u64,
        func: &'static str,
    },
    /// Things left behind.
    LeakThread {
        target: TaskId,
    },
    LeakMemory {
        blocks: Vec<Block>,
        total: u64,
    },
    LeakProcEntry {
        path: String,
        created: RawEvent,
    },
    LeakTimer {
        addr: u64,
        armed: RawEvent,
        expires_ns: u64,
    },
    LeakReference {
        what: String,
    },
    /// A work that is queued, waits for its timer or runs while its module goes.
    LeakWork {
        addr: u64,
        func: u64,
        queued: RawEvent,
        state: WorkState,
    },
    /// A function that the kernel was asked to call later: a tasklet, an RCU callback.
    LeakCallback {
        kind: &'static str,
        addr: u64,
        func: u64,
        queued: RawEvent,
    },
    /// Something registered with the kernel that was not unregistered.
    LeakRegistration {
        kind: Registration,
        name: String,
        created: RawEvent,
    },
    /// A wait queue entry that is still in its queue when its memory is not its own any more.
    WaitEntryLeft {
        queue: u64,
        entry: u64,
        queued: RawEvent,
        place: WaitEntryPlace,
    },
    /// A kmem_cache was destroyed with live objects.
    CacheObjectsLeft {
        cache: String,
        objects: Vec<Block>,
    },
    /// A semaphore's count is not what it was initialised to when its module goes.
    SemaphoreImbalance {
        addr: u64,
        name: String,
        initial: i64,
        count: i64,
        last: Option<RawEvent>,
    },
    /// Something was registered that is registered already.
    DoubleRegistration {
        kind: Registration,
        name: String,
        addr: u64,
        first: Option<RawEvent>,
    },
    /// Memory was freed, or an object in it initialised anew, while the kernel still used the object.
    FreedInUse {
        kind: &'static str,
        addr: u64,
        state: InUse,
        since: RawEvent,
        block: Block,
    },
    ReinitInUse {
        kind: &'static str,
        addr: u64,
        state: InUse,
        since: RawEvent,
    },
    /// An object in a stack frame whose function has returned.
    DeadFrameObject {
        kind: &'static str,
        addr: u64,
        func: &'static str,
    },
    /// References to a finished thread's `task_struct` that were never put back.
    LeakTaskReference {
        target: TaskId,
        taken: Vec<RawEvent>,
    },
    ThreadNeverWoken {
        target: TaskId,
    },
    /// Misuse of the API that Linux answers with a warning or not at all.
    NotAKthread {
        target: TaskId,
    },
    StopExited {
        target: TaskId,
    },
    BadList {
        why: String,
    },
    RefcountMisuse {
        why: &'static str,
        addr: u64,
    },
    BadFormat {
        text: String,
        format: String,
    },
    RemovedApi {
        name: String,
        replacement: String,
    },
    UserCopyInAtomic {
        func: &'static str,
    },
    ModuleStuck {
        module: String,
    },
    /// `rmmod` was refused.
    ModuleInUse {
        module: String,
        references: u64,
        holders: Vec<RawEvent>,
    },
    /// The module went while a file of its was open.
    OpenFileLeft {
        module: String,
        path: String,
        opened: RawEvent,
    },
    InitFailed {
        module: String,
        ret: i64,
    },
}

/// A fault, with where it showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// What.
    pub fault: Fault,
    /// Where.
    pub at: RawEvent,
    /// How often the same fault at the same place was seen.
    pub repeats: u32,
}
