//! Signals sent to threads that ignore them: nothing happens, and the sender is not told.

use kloom_kernel::site::Trace;
use kloom_kernel::task::TaskId;
use kloom_kernel::trace::{TraceEvent, TraceKind};

use crate::Detector;

/// Most that are kept: a scenario that sends more repeats itself.
const KEPT_MAX: usize = 64;

/// A signal that had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Whom it was sent to.
    pub target: TaskId,
    /// Its number.
    pub signal: i32,
    /// Who sent it first.
    pub sender: TaskId,
    /// Where, if a module did.
    pub trace: Trace,
    /// On which CPU.
    pub cpu: u32,
    /// When.
    pub time_ns: u64,
    /// How often it was sent in all.
    pub count: u32,
}

/// All of them, the first of each kind with a count.
#[derive(Clone, Debug, Default)]
pub struct IgnoredSignals {
    /// In order of the first sending.
    pub list: Vec<Ignored>,
}

impl Detector for IgnoredSignals {
    fn event(&mut self, event: &TraceEvent) {
        let TraceKind::SignalGenerate { target, signal, ignored: true } = event.kind else { return };
        if let Some(known) = self.list.iter_mut().find(|known| known.target == target && known.signal == signal) {
            known.count += 1;
        } else if self.list.len() < KEPT_MAX {
            let (sender, trace, cpu, time_ns) = (event.task, event.trace, event.cpu, event.time_ns);
            self.list.push(Ignored { target, signal, sender, trace, cpu, time_ns, count: 1 });
        }
    }

    fn wants(&self) -> u32 {
        TraceKind::SignalGenerate { target: TaskId(0), signal: 0, ignored: true }.bit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_is_kept_with_a_count() {
        let mut signals = IgnoredSignals::default();
        for (signal, ignored, time_ns) in [(9, true, 1), (9, true, 2), (15, false, 3), (2, true, 4)] {
            let kind = TraceKind::SignalGenerate { target: TaskId(4), signal, ignored };
            signals.event(&TraceEvent { time_ns, cpu: 0, task: TaskId(1), trace: Trace::default(), kind });
        }
        let told: Vec<_> = signals.list.iter().map(|one| (one.signal, one.time_ns, one.count)).collect();
        assert_eq!(told, [(9, 1, 2), (2, 4, 1)]);
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut signals = IgnoredSignals::default();
        for target in 0..1000 {
            let kind = TraceKind::SignalGenerate { target: TaskId(target), signal: 9, ignored: true };
            signals.event(&TraceEvent { time_ns: 0, cpu: 0, task: TaskId(1), trace: Trace::default(), kind });
        }
        assert_eq!(signals.list.len(), KEPT_MAX);
    }
}
