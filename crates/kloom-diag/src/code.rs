//! The registry of diagnostic codes: one table, from which documentation, `kloom explain` and the tests are made.
//!
//! A code is stable: it may be retired, never reused. Its long text is `explain/<code>.md` next to this file. Its failing ui
//! case is `tests/ui/<area>/<code>`, the near-miss that passes `tests/ui/<area>/<code>-fixed`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::Severity;

macro_rules! codes {
    ($($variant:ident $text:literal $severity:ident $area:literal $summary:literal;)*) => {
        /// Stable name of a kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(
                #[doc = $summary]
                #[serde(rename = $text)]
                $variant,
            )*
        }

        const ROWS: &[Row] = &[$(
            Row {
                code: Code::$variant,
                name: $text,
                severity: Severity::$severity,
                summary: $summary,
                area: $area,
                fail_case: concat!($area, "/", $text),
                pass_case: concat!($area, "/", $text, "-fixed"),
                text: include_str!(concat!("explain/", $text, ".md")),
            },
        )*];
    };
}

/// One row of the registry.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Row {
    /// The code.
    pub code: Code,
    /// Its name, in kebab case.
    pub name: &'static str,
    /// Severity unless the finder knows better.
    pub severity: Severity,
    /// One line, lowercase, no full stop.
    pub summary: &'static str,
    /// Folder of its ui cases.
    pub area: &'static str,
    /// Ui case that shows it.
    pub fail_case: &'static str,
    /// Ui case of the repaired module, which passes.
    pub pass_case: &'static str,
    /// The long text, in Markdown.
    pub text: &'static str,
}

codes! {
    KthreadStopHang "kthread-stop-hang" Error "kthread" "`kthread_stop()` waits for a thread that never looks at `kthread_should_stop()`";
    KthreadStopLostWakeup "kthread-stop-lost-wakeup" Error "kthread" "`kthread_stop()` waits for a thread that sleeps on a condition without `kthread_should_stop()`";
    ModuleTextInUse "module-text-in-use" Error "kthread" "a module was unloaded while something still ran its code";
    ThreadNeverWoken "thread-never-woken" Warning "kthread" "a kernel thread was created but never woken, so its function never ran";
    StopExitedThread "stop-exited-thread" Warning "kthread" "`kthread_stop()` on a thread that may already have exited";
    MissedWakeup "missed-wakeup" Error "wait" "the task state was set after the condition was tested, and the wake-up fell in between";
    LostWakeup "lost-wakeup" Error "wait" "a wake-up found nobody asleep, and nothing repeats it";
    SignalIgnored "signal-ignored" Note "signal" "a signal was sent to a kernel thread that ignores it";
    UseAfterFree "use-after-free" Error "memory" "an object was used after it was freed";
    OutOfBounds "out-of-bounds" Error "memory" "memory beside an object was read or written";
    DoubleFree "double-free" Error "memory" "a block was freed twice";
    InvalidFree "invalid-free" Error "memory" "something was freed that did not come from that allocator";
    UninitObject "uninit-object" Error "memory" "a lock, queue, timer or completion was used without being initialised";
    NullDeref "null-deref" Error "memory" "a `NULL` pointer was dereferenced or called";
    WildAccess "wild-access" Error "memory" "an address that belongs to nothing was used";
    UserAccess "user-access" Error "memory" "a user-space pointer was dereferenced directly";
    ErrPtrMisuse "err-ptr-misuse" Error "kthread" "an error pointer was used as if it were a good one";
    KernelStackOverflow "kernel-stack-overflow" Error "memory" "a task used more kernel stack than there is";
    StackSmashed "stack-smashed" Error "memory" "memory behind a local variable was overwritten";
    BadList "bad-list" Error "memory" "a linked list was found corrupted";
    RefcountMisuse "refcount-misuse" Error "memory" "a reference counter left its valid range";
    Oops "oops" Error "module" "the processor refused an instruction of the module";
    BugOn "bug-on" Error "module" "the module's own `BUG()` or `BUG_ON()` fired";
    WarnOn "warn-on" Error "module" "the module's own `WARN()` or `WARN_ON()` fired";
    Panic "panic" Error "module" "the module called `panic()`";
    SoftLockup "soft-lockup" Error "sched" "a task kept its CPU busy and never let others run";
    HungTask "hung-task" Error "sched" "a task has been in uninterruptible sleep for too long";
    Deadlock "deadlock" Error "locking" "tasks wait for each other in a circle";
    SelfDeadlock "self-deadlock" Error "locking" "a task waits for a lock that it holds itself";
    LockOrder "lock-order" Error "locking" "locks are taken in contradictory orders, which can deadlock";
    SleepInAtomic "sleep-in-atomic" Error "locking" "something that may sleep was called where sleeping is forbidden";
    UserCopyInAtomic "user-copy-in-atomic" Error "locking" "user memory was copied where sleeping is forbidden";
    UnbalancedPreempt "unbalanced-preempt" Error "locking" "preemption, interrupts or bottom halves were not put back as they were";
    LockHeldAtExit "lock-held-at-exit" Error "locking" "a lock was still held where its holder went away";
    BadUnlock "bad-unlock" Error "locking" "a lock was released that was not locked, or by somebody else";
    DataRace "data-race" Error "locking" "two tasks access the same memory without order, and one of them writes";
    Livelock "livelock" Error "sched" "tasks keep running but none of them makes progress";
    LeakThread "leak-thread" Error "module" "a kernel thread outlives its module";
    LeakMemory "leak-memory" Warning "module" "memory allocated by a module was not freed when it was unloaded";
    LeakProcEntry "leak-proc-entry" Error "procfs" "a /proc entry outlives its module";
    LeakTimer "leak-timer" Error "timer" "a pending timer outlives its module";
    LeakWork "leak-work" Error "workqueue" "a work is queued or runs when its module goes";
    LeakCallback "leak-callback" Error "softirq" "a tasklet or RCU callback is still to be called when its module goes";
    LeakRegistration "leak-registration" Error "module" "a device, class, notifier, interrupt handler or the like stays registered when its module goes";
    WaitEntryLeft "wait-entry-left" Error "wait" "a wait queue entry stays in its queue when its memory goes";
    FreedInUse "freed-in-use" Error "memory" "memory was freed while a timer, work, tasklet or waiter in it was still in use";
    ReinitInUse "reinit-in-use" Error "memory" "an object was initialised anew while it was in use";
    UseAfterReturn "use-after-return" Error "memory" "an object in the stack frame of a function that has returned was used";
    CacheObjectsLeft "cache-objects-left" Error "memory" "a kmem_cache was destroyed while objects of it were live";
    DoubleRegistration "double-registration" Error "module" "something was registered that is registered already";
    SemaphoreImbalance "semaphore-imbalance" Warning "locking" "a semaphore was not given back as often as it was taken";
    SleepsForever "sleeps-forever" Error "sched" "a task waits for what nobody can bring about any more";
    LeakReference "leak-reference" Warning "module" "references taken by a module were never given back";
    ModuleInUse "module-in-use" Warning "module" "a module could not be unloaded because it is in use";
    ModuleStuck "module-stuck" Error "module" "a module can neither be used nor unloaded any more";
    ModuleUnloadWithOpenFile "module-unload-with-open-file" Error "procfs" "a module went away while one of its files was open";
    InitFailed "init-failed" Warning "module" "the module's init function returned an error";
    BadFormat "bad-format" Warning "printk" "a printk format string has a conversion the kernel does not know";
    RemovedApi "removed-api" Note "module" "a call that Linux no longer has";
    Nbsp "nbsp" Note "module" "non-breaking spaces in the source were read as spaces";
    CompileError "compile-error" Error "module" "the compiler rejects the module's source";
    MissingLicense "missing-license" Warning "module" "the module has no GPL-compatible licence, which taints the kernel";
}

impl Code {
    /// Returns the row of this code.
    #[must_use]
    pub fn row(self) -> &'static Row {
        let row = &ROWS[self as usize];
        assert_eq!(row.code, self, "rows stand in the order of the codes");
        row
    }

    /// Returns the name, in kebab case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns the severity of findings with this code, unless the finder knows better.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.row().severity
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The long explanation of a code.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Explain {
    /// The code.
    pub code: Code,
    /// One line.
    pub summary: &'static str,
    /// The whole text, in Markdown.
    pub text: &'static str,
}

/// Looks up the explanation of `code` (`kthread-stop-hang`).
#[must_use]
pub fn explain(code: &str) -> Option<Explain> {
    let row = ROWS.iter().find(|row| row.name == code)?;
    Some(Explain { code: row.code, summary: row.summary, text: row.text })
}

/// Returns all codes, in the order of the documentation.
#[must_use]
pub fn codes() -> &'static [Row] {
    ROWS
}
