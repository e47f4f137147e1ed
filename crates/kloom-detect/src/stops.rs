//! What threads do after they were asked to return: wake-ups, looks at the flag.
//!
//! Sound and complete for one execution: every `kthread_stop()` is seen, and every wake-up counts once. A wake-up that
//! comes before the thread really sleeps is no event of Linux's either, and is not counted.

use std::collections::BTreeMap;

use kloom_kernel::task::TaskId;
use kloom_kernel::trace::{TraceEvent, TraceKind};

use crate::Detector;

/// One thread since it was asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AfterStop {
    /// When it was asked.
    pub asked_ns: u64,
    /// Wake-ups since, that of the request included.
    pub wakeups: u64,
    /// Calls of `kthread_should_stop()` since.
    pub should_stop_calls: u64,
}

/// Threads that were asked to stop and have not exited.
#[derive(Clone, Debug, Default)]
pub struct Stops {
    threads: BTreeMap<TaskId, AfterStop>,
}

impl Stops {
    /// What `thread` did since it was asked to stop; `None` if nobody asked, or it has exited.
    pub fn of(&self, thread: TaskId) -> Option<AfterStop> {
        self.threads.get(&thread).copied()
    }
}

impl Detector for Stops {
    fn event(&mut self, event: &TraceEvent) {
        match event.kind {
            TraceKind::SchedKthreadStop { target } => {
                self.threads.entry(target).or_insert(AfterStop { asked_ns: event.time_ns, ..AfterStop::default() });
            }
            TraceKind::SchedWakeup { target, .. } => {
                if let Some(thread) = self.threads.get_mut(&target) {
                    thread.wakeups += 1;
                }
            }
            TraceKind::KthreadShouldStop { .. } => {
                if let Some(thread) = self.threads.get_mut(&event.task) {
                    thread.should_stop_calls += 1;
                }
            }
            TraceKind::SchedProcessExit { target, .. } => {
                self.threads.remove(&target);
            }
            _ => {}
        }
    }

    fn wants(&self) -> u32 {
        let task = TaskId(0);
        TraceKind::SchedKthreadStop { target: task }.bit()
            | TraceKind::SchedWakeup { target: task, cpu: 0 }.bit()
            | TraceKind::KthreadShouldStop { ret: false }.bit()
            | TraceKind::SchedProcessExit { target: task, code: 0 }.bit()
    }
}

#[cfg(test)]
mod tests {
    use kloom_kernel::site::Trace;

    use super::*;

    fn event(task: u32, kind: TraceKind) -> TraceEvent {
        TraceEvent { time_ns: 7, cpu: 0, task: TaskId(task), trace: Trace::default(), kind }
    }

    #[test]
    fn only_what_comes_after_the_request_counts() {
        let thread = TaskId(5);
        let wakeup = || TraceKind::SchedWakeup { target: thread, cpu: 0 };
        let mut stops = Stops::default();
        stops.event(&event(1, wakeup()));
        stops.event(&event(5, TraceKind::KthreadShouldStop { ret: false }));
        assert_eq!(stops.of(thread), None);
        stops.event(&event(1, TraceKind::SchedKthreadStop { target: thread }));
        stops.event(&event(1, wakeup()));
        stops.event(&event(1, wakeup()));
        stops.event(&event(5, TraceKind::KthreadShouldStop { ret: true }));
        stops.event(&event(6, TraceKind::KthreadShouldStop { ret: true }));
        assert_eq!(stops.of(thread), Some(AfterStop { asked_ns: 7, wakeups: 2, should_stop_calls: 1 }));
        stops.event(&event(5, TraceKind::SchedProcessExit { target: thread, code: 0 }));
        assert_eq!(stops.of(thread), None);
    }

    #[test]
    fn it_asks_for_what_it_looks_at() {
        let wants = Stops::default().wants();
        assert_ne!(wants & TraceKind::SchedWakeup { target: TaskId(1), cpu: 3 }.bit(), 0);
        assert_eq!(wants & TraceKind::SchedSwitch { prev: TaskId(0), prev_state: 0, next: TaskId(0) }.bit(), 0);
    }
}
