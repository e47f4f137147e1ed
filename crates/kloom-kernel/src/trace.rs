//! Tracepoints: the one seam between the kernel and whatever watches it.
//!
//! Names are Linux's (`sched_switch`, `sched_wakeup`, `sched_kthread_stop`, …). The kernel appends to a buffer
//! that the session drains into the subscribers; with tracing off an emit is one branch.

use crate::site::Trace;
use crate::task::TaskId;

/// One event, with where and when it happened.
#[derive(Clone, Debug)]
pub struct TraceEvent {
    /// Virtual time.
    pub time_ns: u64,
    /// The CPU it happened on.
    pub cpu: u32,
    /// The task that was current there.
    pub task: TaskId,
    /// The module's code that called, innermost first; empty for events of the kernel's own.
    pub trace: Trace,
    /// What happened.
    pub kind: TraceKind,
}

/// What happened; the variants are Linux's tracepoints in Rust casing.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are what the tracepoint of that name records")]
pub enum TraceKind {
    SchedSwitch { prev: TaskId, prev_state: u32, next: TaskId },
    SchedWakeup { target: TaskId, cpu: u32 },
    SchedProcessFork { child: TaskId },
    SchedProcessExit { target: TaskId, code: i64 },
    SchedProcessFree { target: TaskId },
    SchedKthreadStop { target: TaskId },
    SchedKthreadStopRet { ret: i64 },
    KthreadShouldStop { ret: bool },
    SignalGenerate { target: TaskId, signal: i32, ignored: bool },
    ModuleLoad { module: u32 },
    ModuleFree { module: u32 },
    LockAcquire { lock: u64, name: String },
    LockRelease { lock: u64 },
    TimerStart { timer: u64, expires: u64 },
    TimerExpire { timer: u64 },
    TimerCancel { timer: u64 },
}

impl TraceKind {
    /// A bit of its own for each kind, for [`TraceBuffer::skip`].
    pub fn bit(&self) -> u32 {
        match self {
            TraceKind::SchedSwitch { .. } => 1 << 0,
            TraceKind::SchedWakeup { .. } => 1 << 1,
            TraceKind::SchedProcessFork { .. } => 1 << 2,
            TraceKind::SchedProcessExit { .. } => 1 << 3,
            TraceKind::SchedProcessFree { .. } => 1 << 4,
            TraceKind::SchedKthreadStop { .. } => 1 << 5,
            TraceKind::SchedKthreadStopRet { .. } => 1 << 6,
            TraceKind::KthreadShouldStop { .. } => 1 << 7,
            TraceKind::SignalGenerate { .. } => 1 << 8,
            TraceKind::ModuleLoad { .. } => 1 << 9,
            TraceKind::ModuleFree { .. } => 1 << 10,
            TraceKind::LockAcquire { .. } => 1 << 11,
            TraceKind::LockRelease { .. } => 1 << 12,
            TraceKind::TimerStart { .. } => 1 << 13,
            TraceKind::TimerExpire { .. } => 1 << 14,
            TraceKind::TimerCancel { .. } => 1 << 15,
        }
    }
}

/// The buffer the kernel writes into.
#[derive(Clone, Debug, Default)]
pub struct TraceBuffer {
    /// Whether anyone listens.
    pub enabled: bool,
    /// Kinds nobody listens to, as [`TraceKind::bit`]s.
    pub skip: u32,
    /// Events since the last drain.
    pub events: Vec<TraceEvent>,
}
