//! Everything a module can do wrong, as data.
//!
//! [`Fault`] is closed on purpose: a new variant needs a [`Code`], an explain text, wording and two ui cases. Each variant
//! holds all participants, so that the wording never has to ask anybody else. Events are named by their role in the story.

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::event::{Access, Blocked, Event, Held, Object, Who};
use crate::site::Site;

/// How sure a verdict about "never" is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Nothing that can still happen would change it: no task that could do so can ever run again.
    Proved,
    /// The machine came back to an earlier state while everyone who could run did.
    Lasso,
    /// It did not change within a limit of virtual time.
    Bounded {
        /// The limit.
        limit_ns: u64,
    },
}

/// A loop that a thread was seen to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopSeen {
    /// Where its head (or its first line seen) is.
    pub site: Site,
    /// Rounds since the thread was asked to stop, or since observation began.
    pub rounds: u64,
}

/// What still points into a module that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextUser {
    /// A kernel thread runs its code.
    Thread,
    /// A timer calls it.
    Timer,
    /// A work item calls it.
    Work,
    /// A tasklet or softirq calls it.
    Tasklet,
    /// A file operation (/proc, device, debugfs) calls it.
    FileOperation,
    /// An interrupt handler.
    IrqHandler,
    /// The pointer of a system call that modules provide.
    SystemCall,
    /// Any other registered callback.
    Callback,
}

/// What was wrong with the argument of a `kfree()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum InvalidFree {
    /// The address is no address of the heap (static data, a stack, a wild value).
    NotHeap {
        /// What is there, if anything.
        object: Option<Object>,
    },
    /// The address lies inside a block.
    Inside {
        /// The block.
        object: Object,
        /// Distance from its start, in bytes.
        offset: u64,
        /// Where it was allocated.
        created: Event,
    },
    /// The block came from an allocator that this function does not serve (`vfree()` of `kmalloc()` memory).
    WrongFunction {
        /// The block.
        object: Object,
        /// Where it was allocated; `created.call` names the allocator.
        created: Event,
    },
}

/// Processor faults that are not a wrong data address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OopsKind {
    /// Division by zero, or a quotient that does not fit.
    DivideError,
    /// An instruction that the processor does not know (`ud2` included).
    InvalidOpcode,
    /// A privileged instruction or a non-canonical address.
    GeneralProtection,
    /// A jump to an address that holds no code.
    JumpToNowhere,
    /// A breakpoint or debug trap.
    Trap,
}

/// Why a context must not sleep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum AtomicCause {
    /// Spinlocks are held.
    Spinlock {
        /// The locks, outermost first.
        held: Vec<Held>,
    },
    /// Preemption is off.
    PreemptDisabled {
        /// Where it was switched off.
        disabled: Option<Event>,
    },
    /// Interrupts are off.
    IrqsDisabled {
        /// Where they were switched off.
        disabled: Option<Event>,
    },
    /// Bottom halves are off.
    BhDisabled {
        /// Where they were switched off.
        disabled: Option<Event>,
    },
    /// Inside an RCU read-side critical section.
    RcuRead {
        /// Where it began.
        entered: Option<Event>,
    },
    /// Inside a timer callback, tasklet or other softirq.
    Softirq,
    /// Inside an interrupt handler.
    Hardirq,
}

/// Where code must hand back the context as it got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// A kernel thread ends.
    ThreadExit,
    /// The module's init function returns.
    InitReturn,
    /// The module's exit function returns.
    ExitReturn,
    /// A system call returns to user space.
    UserReturn,
    /// An interrupt handler returns.
    IrqReturn,
    /// A timer callback returns.
    TimerReturn,
    /// A work function returns.
    WorkReturn,
}

/// What was wrong with an unlock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum BadUnlock {
    /// Nobody holds it.
    NotLocked {
        /// Where it was released before, if it ever was.
        released: Option<Event>,
    },
    /// Somebody else holds it.
    NotOwner {
        /// Where the owner took it.
        acquired: Event,
    },
    /// It was taken in another way (`read_lock` released by `write_unlock`, irq-saving by plain).
    WrongForm {
        /// Where it was taken; `acquired.call` names how.
        acquired: Event,
    },
}

/// How a list was found broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListDamage {
    /// The entry to remove was removed before (`LIST_POISON`).
    AlreadyDeleted,
    /// The entry to remove was never added or its list was never initialised.
    NeverAdded,
    /// The entry to add is on a list already.
    AlreadyAdded,
    /// A neighbour does not point back.
    Neighbours,
}

/// How a reference counter was misused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefcountMisuse {
    /// Incremented from zero.
    AddOnZero,
    /// Decremented below zero.
    Underflow,
    /// Grown beyond its range, now stuck.
    Saturated,
}

/// What is wrong with an order of locks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum OrderKind {
    /// The edges form a circle.
    #[default]
    Circle,
    /// Two locks of one class are held at once; the edge says which.
    Recursive,
    /// A lock is taken in interrupts (`wanted` of the first edge), and elsewhere while they are enabled (`held`).
    Inconsistent {
        /// Hard interrupts, not softirqs.
        hard: bool,
    },
    /// The same between two locks, of which the one is taken while holding the other: the rest of the edges.
    Inversion {
        /// Hard interrupts, not softirqs.
        hard: bool,
    },
}

/// One step of a lock-order cycle: while holding `held`, `wanted` was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockEdge {
    /// The lock held, and where it was taken.
    pub held: Held,
    /// The lock taken under it, and where.
    pub wanted: Held,
}

/// One step of an interleaving, for the drawing under a race.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Column: index into the threads of the interleaving.
    pub thread: u32,
    /// What it does (`load  hits -> 0`).
    pub what: String,
    /// Remark on the right (`one increment is lost`).
    pub remark: String,
}

/// A block that was never freed (all of one allocation site together).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakedBlocks {
    /// One of the blocks.
    pub object: Object,
    /// Where it was allocated.
    pub created: Event,
    /// How many blocks.
    pub count: u64,
    /// Their bytes together.
    pub bytes: u64,
}

/// How far a work is that its module leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum WorkLeft {
    /// It waits for a worker.
    Queued,
    /// A delayed work whose timer runs.
    Delayed {
        /// When it goes off.
        expires_ns: u64,
    },
    /// A worker runs it.
    Running,
}

/// What the kernel still does with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseState {
    /// A timer that is armed.
    Armed,
    /// Its function runs.
    Running,
    /// It is on a list of things to do.
    Queued,
    /// Somebody waits on it.
    Waited,
    /// Somebody holds it.
    Held,
}

/// Everything a module can do wrong, and the few things that are only worth a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fault")]
#[expect(
    clippy::large_enum_variant,
    reason = "built once per finding and never stored in bulk; plain fields read better than boxes"
)]
pub enum Fault {
    // --- stopping, waking and unloading threads ---
    /// `kthread_stop()` waits for a thread that never looks whether it should stop.
    KthreadStopHang {
        /// The waiting `kthread_stop()`.
        stopper: Event,
        /// The thread it waits for.
        thread: Who,
        /// Where the thread was created.
        created: Option<Event>,
        /// The loop it runs.
        looping: Option<LoopSeen>,
        /// Where it sleeps or runs now.
        now_at: Option<Event>,
        /// When it wakes up next.
        next_wake_ns: Option<u64>,
        /// How often it called `kthread_should_stop()` since it was asked to stop.
        should_stop_calls: u64,
        /// Time of the observation.
        seen_ns: u64,
        /// How sure.
        proof: Proof,
    },
    /// `kthread_stop()` waits for a thread that sleeps on a condition without `kthread_should_stop()` in it.
    KthreadStopLostWakeup {
        /// The waiting `kthread_stop()`.
        stopper: Event,
        /// The thread it waits for.
        thread: Who,
        /// Where the thread was created.
        created: Option<Event>,
        /// Where it sleeps.
        wait: Event,
        /// The wait queue or completion it sleeps on.
        on: Option<Object>,
        /// How often the stop request woke it only to sleep again.
        wakeups: u64,
        /// How sure.
        proof: Proof,
    },
    /// A module was unloaded while something still runs or calls its code.
    ModuleTextInUse {
        /// The module.
        module: String,
        /// What uses the code.
        user: TextUser,
        /// The thread, timer, file… by name.
        object: Object,
        /// Where the user was created, armed or registered.
        created: Option<Event>,
        /// The unload.
        unloaded: Event,
        /// The use afterwards: where the code would have gone on.
        used: Event,
    },
    /// A thread was created but nobody ever woke it.
    ThreadNeverWoken {
        /// The thread.
        thread: Who,
        /// Where it was created.
        created: Event,
        /// `kthread_stop()` on it, when there was one (it returned `-EINTR`).
        stopped: Option<Event>,
    },
    /// `kthread_stop()` on a thread that had already exited and was still referenced by luck.
    StopExitedThread {
        /// The thread.
        thread: Who,
        /// Where it was created.
        created: Event,
        /// Where it ended.
        exited: Event,
        /// The `kthread_stop()`.
        stopped: Event,
    },
    /// The sleeper set its state after it tested the condition; the wake-up fell in between.
    MissedWakeup {
        /// Where the condition was tested.
        tested: Option<Event>,
        /// The wake-up.
        waker: Event,
        /// `set_current_state()`, after the wake-up.
        state_set: Event,
        /// The `schedule()` that never returns.
        sleeper: Blocked,
        /// How sure.
        proof: Proof,
    },
    /// A wake-up came before the sleeper was on the queue, and nothing repeats it.
    LostWakeup {
        /// The wake-up that found nobody.
        waker: Event,
        /// Who sleeps for ever.
        sleeper: Blocked,
        /// How sure.
        proof: Proof,
    },
    /// A signal was sent to a thread that ignores it.
    SignalIgnored {
        /// The thread.
        thread: Who,
        /// Signal name (`SIGKILL`).
        signal: String,
        /// Where the signal was sent from.
        sent: Event,
        /// Where the thread was created.
        created: Option<Event>,
    },

    // --- memory ---
    /// Freed memory (or a finished object) was used.
    UseAfterFree {
        /// What was used.
        object: Object,
        /// Where it was made.
        created: Option<Event>,
        /// Where it was freed.
        freed: Event,
        /// The use.
        used: Access,
        /// Distance from the start of the object, in bytes.
        offset: u64,
        /// References the module itself had taken and not yet given back, for counted objects.
        references_taken: u64,
    },
    /// Memory beside a block was used.
    OutOfBounds {
        /// The block.
        object: Object,
        /// Where it was allocated.
        created: Option<Event>,
        /// The use.
        used: Access,
        /// Distance of the first byte from the start of the block; negative when before it.
        offset: i64,
    },
    /// A block was freed twice.
    DoubleFree {
        /// The block.
        object: Object,
        /// Where it was allocated.
        created: Option<Event>,
        /// The first free.
        freed: Event,
        /// The second one.
        again: Event,
    },
    /// Something was freed that cannot be.
    InvalidFree {
        /// The free.
        freed: Event,
        /// Its argument.
        address: u64,
        /// Why not.
        why: InvalidFree,
    },
    /// A lock, queue, timer or completion was used before it was initialised.
    UninitObject {
        /// The object.
        object: Object,
        /// The use.
        used: Event,
    },
    /// A `NULL` pointer was used.
    NullDeref {
        /// The use.
        used: Access,
        /// The expression that was `NULL`, when known.
        pointer: Option<String>,
        /// The call that returned the `NULL`, when known.
        returned: Option<Event>,
    },
    /// An address that belongs to nothing was used.
    WildAccess {
        /// The use.
        used: Access,
    },
    /// A user-space pointer was used directly.
    UserAccess {
        /// The use.
        used: Access,
        /// Name of the argument that holds the pointer (`buf`), when known.
        pointer: Option<String>,
    },
    /// An error pointer was taken for a good one.
    ErrPtrMisuse {
        /// The call that returned the error pointer.
        returned: Event,
        /// The error inside it, positive (`12` for `-ENOMEM`).
        errno: i32,
        /// The use.
        used: Event,
        /// Where it was compared with `NULL`, when seen.
        null_check: Option<Site>,
    },
    /// The kernel stack is full.
    KernelStackOverflow {
        /// Where.
        at: Event,
        /// Size of the stack.
        size_bytes: u64,
        /// Biggest frames, largest first: function and bytes.
        frames: Vec<(String, u64)>,
        /// Depth of the recursion, when there is one.
        recursion: Option<u64>,
    },
    /// Memory behind a local variable was overwritten.
    StackSmashed {
        /// Where it was noticed.
        at: Event,
        /// The write, when seen.
        written: Option<Access>,
    },
    /// A list is broken.
    BadList {
        /// Where it was noticed; `at.call` names the operation.
        at: Event,
        /// How.
        damage: ListDamage,
        /// The list or entry, when known.
        object: Option<Object>,
        /// The earlier operation that explains it.
        earlier: Option<Event>,
    },
    /// A reference counter was misused.
    RefcountMisuse {
        /// The counter.
        object: Object,
        /// How.
        misuse: RefcountMisuse,
        /// Where.
        at: Event,
        /// The last change before.
        earlier: Option<Event>,
    },

    // --- the module's own assertions, and crashes ---
    /// A processor fault.
    Oops {
        /// Which.
        kind: OopsKind,
        /// Where.
        at: Event,
        /// Address jumped to or operand, when it matters.
        address: Option<u64>,
    },
    /// `BUG()` or `BUG_ON()`.
    BugOn {
        /// Where.
        at: Event,
        /// The condition, as written.
        condition: Option<String>,
    },
    /// `WARN()` or `WARN_ON()`.
    WarnOn {
        /// Where.
        at: Event,
        /// The condition, as written.
        condition: Option<String>,
        /// The text of a `WARN()`.
        message: Option<String>,
    },
    /// `panic()`.
    Panic {
        /// Where.
        at: Event,
        /// Its text.
        message: String,
    },

    // --- time and locks ---
    /// A task kept a CPU without ever giving it up.
    SoftLockup {
        /// Where it is.
        at: Event,
        /// For how long.
        busy_ns: u64,
        /// The loop it runs.
        looping: Option<LoopSeen>,
        /// Whether preemption was off.
        preempt_disabled: bool,
    },
    /// A task sleeps uninterruptibly for too long.
    HungTask {
        /// The task.
        task: Blocked,
        /// For how long.
        blocked_ns: u64,
        /// How sure that it never wakes.
        proof: Proof,
    },
    /// Tasks wait for each other in a circle.
    Deadlock {
        /// The circle: each waits for something the next one holds.
        tasks: Vec<Blocked>,
        /// How sure.
        proof: Proof,
    },
    /// A task waits for a lock it holds itself.
    SelfDeadlock {
        /// The lock.
        object: Object,
        /// Where it was taken.
        acquired: Event,
        /// Where it is wanted again.
        again: Event,
        /// Whether the second attempt comes from an interrupt on the same CPU.
        from_interrupt: bool,
    },
    /// Two locks were taken in both orders.
    LockOrder {
        /// What is wrong.
        order: OrderKind,
        /// The cycle; the last edge closes it.
        edges: Vec<LockEdge>,
    },
    /// Something that may sleep was called where sleeping is forbidden.
    SleepInAtomic {
        /// The call; `slept.call` names it.
        slept: Event,
        /// Why it is forbidden.
        why: AtomicCause,
        /// Whether it really would have slept this time.
        really: bool,
    },
    /// User memory was copied where sleeping is forbidden.
    UserCopyInAtomic {
        /// The copy.
        copied: Event,
        /// Why it is forbidden.
        why: AtomicCause,
    },
    /// Preemption, interrupts or bottom halves were not put back.
    UnbalancedPreempt {
        /// Where the imbalance was noticed.
        at: Event,
        /// At which boundary.
        boundary: Boundary,
        /// What is off: `preemption`, `interrupts` or `bottom halves`, by the call that puts it back.
        missing: String,
        /// How often the call is missing; negative when there was one too many.
        depth: i32,
        /// Where it was switched off.
        disabled: Option<Event>,
    },
    /// A lock is still held where it must not be.
    LockHeldAtExit {
        /// Where it was noticed.
        at: Event,
        /// At which boundary.
        boundary: Boundary,
        /// The locks.
        held: Vec<Held>,
    },
    /// A lock was released by the wrong task, or was not locked.
    BadUnlock {
        /// The lock.
        object: Object,
        /// The unlock.
        at: Event,
        /// Why it is wrong.
        why: BadUnlock,
    },
    /// Two unordered accesses, one of them a write, one of them plain.
    DataRace {
        /// The variable.
        object: Object,
        /// The earlier access in this execution.
        first: Access,
        /// The later one.
        second: Access,
        /// The last event that ordered the two threads.
        ordered_by: Option<Event>,
        /// Names of the columns of `steps`.
        threads: Vec<String>,
        /// A shortest interleaving that shows the effect.
        steps: Vec<Step>,
    },
    /// Tasks run, but none gets anywhere.
    Livelock {
        /// The tasks.
        tasks: Vec<Blocked>,
        /// For how long.
        busy_ns: u64,
        /// Nothing can ever change: one task comes back to the same state of the machine again and again.
        #[serde(default)]
        lasso: bool,
        /// Who sleeps meanwhile, and will not be woken.
        #[serde(default)]
        asleep: Vec<Blocked>,
        /// Others run as well, or it does not sleep: the whole machine comes back to an earlier state.
        #[serde(default)]
        whole: bool,
    },

    // --- left behind ---
    /// A thread outlives its module.
    LeakThread {
        /// The thread.
        thread: Who,
        /// Where it was created.
        created: Event,
        /// The unload.
        unloaded: Event,
    },
    /// Memory was never freed.
    LeakMemory {
        /// The blocks, by allocation site.
        blocks: Vec<LeakedBlocks>,
        /// The unload.
        unloaded: Event,
    },
    /// A /proc entry outlives its module.
    LeakProcEntry {
        /// Its path.
        path: String,
        /// Where it was created.
        created: Event,
        /// The unload.
        unloaded: Event,
    },
    /// A timer outlives its module.
    LeakTimer {
        /// The timer.
        object: Object,
        /// Where it was armed.
        armed: Event,
        /// When it will fire.
        expires_ns: u64,
        /// The unload.
        unloaded: Event,
    },
    /// A work is queued, waits for its timer or runs while its module goes.
    LeakWork {
        /// The work.
        object: Object,
        /// Its function.
        function: String,
        /// Where it was queued.
        queued: Event,
        /// How far it is.
        state: WorkLeft,
        /// The unload.
        unloaded: Event,
    },
    /// A function of the module is still to be called by the kernel.
    LeakCallback {
        /// The tasklet, RCU callback, ….
        object: Object,
        /// Its function.
        function: String,
        /// Where the call was asked for.
        queued: Event,
        /// The unload.
        unloaded: Event,
    },
    /// Something of the module stays registered with the kernel.
    LeakRegistration {
        /// What.
        object: Object,
        /// Where it was registered.
        created: Event,
        /// The unload.
        unloaded: Event,
    },
    /// A wait queue entry stays in its queue.
    WaitEntryLeft {
        /// The queue.
        queue: Object,
        /// Where the entry was put there.
        queued: Event,
        /// Where it was found.
        at: Event,
        /// The function whose frame it was in has returned; else the module goes.
        frame_gone: bool,
    },
    /// Memory was freed while an object in it was in use.
    FreedInUse {
        /// The block.
        block: Object,
        /// Where it was allocated.
        created: Event,
        /// The object in it.
        object: Object,
        /// What is still done with it.
        state: UseState,
        /// Since when.
        since: Event,
        /// The free.
        freed: Event,
    },
    /// An object was initialised anew while it was in use.
    ReinitInUse {
        /// The object.
        object: Object,
        /// What is still done with it.
        state: UseState,
        /// Since when.
        since: Event,
        /// The initialisation.
        again: Event,
    },
    /// An object in a stack frame that is gone was used.
    UseAfterReturn {
        /// The object.
        object: Object,
        /// The use.
        used: Event,
    },
    /// A kmem_cache was destroyed with live objects.
    CacheObjectsLeft {
        /// The cache.
        cache: Object,
        /// Its live objects, by allocation site.
        blocks: Vec<LeakedBlocks>,
        /// The `kmem_cache_destroy()`.
        destroyed: Event,
    },
    /// Something was registered twice.
    DoubleRegistration {
        /// What.
        object: Object,
        /// Where it was registered first.
        first: Option<Event>,
        /// Where again.
        again: Event,
    },
    /// A semaphore used as a lock has another count than at first.
    SemaphoreImbalance {
        /// The semaphore.
        object: Object,
        /// The count it was initialised with.
        initial: i64,
        /// The count it has.
        count: i64,
        /// The `down()` without `up()`, or the last `up()`.
        last: Option<Event>,
        /// The unload.
        unloaded: Event,
    },
    /// A task waits, and everything else has come to rest.
    SleepsForever {
        /// The task.
        task: Blocked,
    },
    /// References were not given back.
    LeakReference {
        /// To what.
        object: Object,
        /// Where the last of them was taken.
        taken: Event,
        /// How many.
        count: u64,
        /// The unload.
        unloaded: Event,
    },
    /// `rmmod` was refused because the module is in use.
    ModuleInUse {
        /// The module.
        module: String,
        /// The refused unload.
        tried: Event,
        /// Its reference count.
        references: u64,
        /// Who took the references.
        holders: Vec<Event>,
    },
    /// The module can neither be used nor unloaded any more.
    ModuleStuck {
        /// The module.
        module: String,
        /// State shown by `lsmod` (`going` / `coming`).
        state: String,
        /// The event that left it so.
        cause: Event,
    },
    /// A module was forced out while a file of its was open.
    ModuleUnloadWithOpenFile {
        /// The module.
        module: String,
        /// Path of the file.
        path: String,
        /// Where it was opened.
        opened: Event,
        /// The unload.
        unloaded: Event,
    },

    // --- worth knowing ---
    /// The init function failed.
    InitFailed {
        /// The module.
        module: String,
        /// The error, positive.
        errno: i32,
        /// The return.
        at: Event,
        /// Whether the value is no errno (positive, or out of range).
        strange: bool,
    },
    /// A printk format cannot be printed as meant.
    BadFormat {
        /// The call.
        at: Event,
        /// The format.
        format: String,
        /// The conversion (`%y`).
        conversion: String,
    },
    /// A call that Linux no longer has.
    RemovedApi {
        /// The call.
        call: String,
        /// Kernel version that dropped it.
        removed_in: String,
        /// What replaces it.
        replacement: String,
        /// Where it is used.
        site: Site,
    },
    /// Non-breaking spaces were read as spaces.
    Nbsp {
        /// First place.
        site: Site,
        /// How many.
        count: u64,
        /// On how many lines.
        lines: u64,
    },
    /// The compiler rejects the source.
    CompileError {
        /// The compiler's message, without position.
        message: String,
        /// Where.
        site: Option<Site>,
        /// What helps.
        hint: Option<String>,
    },
    /// No usable `MODULE_LICENSE()`: the kernel is tainted.
    MissingLicense {
        /// The module.
        module: String,
        /// The licence given, when there is one.
        license: Option<String>,
        /// Where it is given.
        site: Option<Site>,
    },
}

impl Fault {
    /// Returns the stable code of this kind of fault.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::KthreadStopHang { .. } => Code::KthreadStopHang,
            Self::KthreadStopLostWakeup { .. } => Code::KthreadStopLostWakeup,
            Self::ModuleTextInUse { .. } => Code::ModuleTextInUse,
            Self::ThreadNeverWoken { .. } => Code::ThreadNeverWoken,
            Self::StopExitedThread { .. } => Code::StopExitedThread,
            Self::MissedWakeup { .. } => Code::MissedWakeup,
            Self::LostWakeup { .. } => Code::LostWakeup,
            Self::SignalIgnored { .. } => Code::SignalIgnored,
            Self::UseAfterFree { .. } => Code::UseAfterFree,
            Self::OutOfBounds { .. } => Code::OutOfBounds,
            Self::DoubleFree { .. } => Code::DoubleFree,
            Self::InvalidFree { .. } => Code::InvalidFree,
            Self::UninitObject { .. } => Code::UninitObject,
            Self::NullDeref { .. } => Code::NullDeref,
            Self::WildAccess { .. } => Code::WildAccess,
            Self::UserAccess { .. } => Code::UserAccess,
            Self::ErrPtrMisuse { .. } => Code::ErrPtrMisuse,
            Self::KernelStackOverflow { .. } => Code::KernelStackOverflow,
            Self::StackSmashed { .. } => Code::StackSmashed,
            Self::BadList { .. } => Code::BadList,
            Self::RefcountMisuse { .. } => Code::RefcountMisuse,
            Self::Oops { .. } => Code::Oops,
            Self::BugOn { .. } => Code::BugOn,
            Self::WarnOn { .. } => Code::WarnOn,
            Self::Panic { .. } => Code::Panic,
            Self::SoftLockup { .. } => Code::SoftLockup,
            Self::HungTask { .. } => Code::HungTask,
            Self::Deadlock { .. } => Code::Deadlock,
            Self::SelfDeadlock { .. } => Code::SelfDeadlock,
            Self::LockOrder { .. } => Code::LockOrder,
            Self::SleepInAtomic { .. } => Code::SleepInAtomic,
            Self::UserCopyInAtomic { .. } => Code::UserCopyInAtomic,
            Self::UnbalancedPreempt { .. } => Code::UnbalancedPreempt,
            Self::LockHeldAtExit { .. } => Code::LockHeldAtExit,
            Self::BadUnlock { .. } => Code::BadUnlock,
            Self::DataRace { .. } => Code::DataRace,
            Self::Livelock { .. } => Code::Livelock,
            Self::LeakThread { .. } => Code::LeakThread,
            Self::LeakMemory { .. } => Code::LeakMemory,
            Self::LeakProcEntry { .. } => Code::LeakProcEntry,
            Self::LeakTimer { .. } => Code::LeakTimer,
            Self::LeakWork { .. } => Code::LeakWork,
            Self::LeakCallback { .. } => Code::LeakCallback,
            Self::LeakRegistration { .. } => Code::LeakRegistration,
            Self::WaitEntryLeft { .. } => Code::WaitEntryLeft,
            Self::FreedInUse { .. } => Code::FreedInUse,
            Self::ReinitInUse { .. } => Code::ReinitInUse,
            Self::UseAfterReturn { .. } => Code::UseAfterReturn,
            Self::CacheObjectsLeft { .. } => Code::CacheObjectsLeft,
            Self::DoubleRegistration { .. } => Code::DoubleRegistration,
            Self::SemaphoreImbalance { .. } => Code::SemaphoreImbalance,
            Self::SleepsForever { .. } => Code::SleepsForever,
            Self::LeakReference { .. } => Code::LeakReference,
            Self::ModuleInUse { .. } => Code::ModuleInUse,
            Self::ModuleStuck { .. } => Code::ModuleStuck,
            Self::ModuleUnloadWithOpenFile { .. } => Code::ModuleUnloadWithOpenFile,
            Self::InitFailed { .. } => Code::InitFailed,
            Self::BadFormat { .. } => Code::BadFormat,
            Self::RemovedApi { .. } => Code::RemovedApi,
            Self::Nbsp { .. } => Code::Nbsp,
            Self::CompileError { .. } => Code::CompileError,
            Self::MissingLicense { .. } => Code::MissingLicense,
        }
    }
}
